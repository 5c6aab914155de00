//! The registry of theorems: identifiers, names and where each statement is kept.

use std::fmt;

use serde::{Serialize, Serializer};

use super::statements::{
    foundations, gradients, pointwise, rates, regression, sub_gaussian, transfer,
};
use crate::error::{Error, Result};
use crate::text::shortened;

/// A theorem of the theory pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Theorem {
    /// T0.
    CgfAttention,
    /// T1, the paper's Lemma 2.1.
    GaussianLinearity,
    /// T2.
    LaplaceIdentity,
    /// T3.
    GaussianExact,
    /// T3, order: `P_2^2 <= P_3`.
    ParticipationOrder,
    /// The bound that every other is compared with.
    TrivialBound,
    /// T4.
    ChernoffBound,
    /// T4, tail form.
    ChernoffTail,
    /// T4, fourth moment.
    ChernoffFourthMoment,
    /// T5.
    LaplaceBound,
    /// T5, participation form.
    LaplaceParticipation,
    /// T6, known law and sub-Gaussian constants.
    OutputConcentration,
    /// T6, tilted mean of a sub-Gaussian law.
    TiltedMean,
    /// T6, moment generating function of the squared output norm.
    NormMgf,
    /// T6 with T4: sub-Gaussian tokens, law otherwise unknown.
    SubGaussianChernoff,
    /// T6 with T5: sub-Gaussian tokens, law otherwise unknown.
    SubGaussianLaplace,
    /// T6, any length.
    CrudeBound,
    /// T6, T4 and the crude bound joined.
    ChernoffEntropy,
    /// T7, the paper's Proposition 3.1.
    UniformRate,
    /// T7 as an integral, Gaussian query.
    UniformRateGaussianQuery,
    /// T8, the limit of L times the error.
    LimitingConstant,
    /// T8, the exponent.
    SharpRate,
    /// T9, gradient in `V`, known law.
    ValueGradient,
    /// T9, gradient in `U`, known law.
    KeyQueryGradient,
    /// T9, gradient in `V`: sub-Gaussian tokens, law otherwise unknown.
    SubGaussianValueGradient,
    /// T9, gradient in `U`: sub-Gaussian tokens, law otherwise unknown.
    SubGaussianKeyQueryGradient,
    /// T9, gradient in `U`, powers of the weights traded for powers of `1/L`.
    CappedKeyQueryGradient,
    /// T9, gradient in `U`, any length.
    CrudeKeyQueryGradient,
    /// T9, gradient in `V`, averaged over the query: the paper's Proposition 3.4.
    UniformValueGradient,
    /// T9, gradient in `U`, averaged over the query: the paper's Proposition 3.4.
    UniformKeyQueryGradient,
    /// T9, gradient in `V`, averaged over a Gaussian query.
    ValueGradientGaussianQuery,
    /// T9, gradient in `U`, averaged over a Gaussian query.
    KeyQueryGradientGaussianQuery,
    /// T10 with one Lipschitz constant.
    RiskTransfer,
    /// T10 with the curvature along the flow.
    RiskTransferTube,
    /// T10 with the errors of Gaussian tokens.
    GaussianTransfer,
    /// T11: the risk of in-context linear regression.
    IclRegression,
    /// T12, the exponent of T7 is optimal.
    MinimaxRate,
}

/// How far a statement is established.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProofStatus {
    /// A proof is written out in docs/theory.md.
    ProvedOnPaper,
    /// A Coq lemma states and proves it.
    MachineChecked,
    /// Supported by numbers only.
    Conjecture,
}

impl fmt::Display for ProofStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            ProofStatus::ProvedOnPaper => "proved on paper",
            ProofStatus::MachineChecked => "machine-checked",
            ProofStatus::Conjecture => "conjecture",
        })
    }
}

/// A constant of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Constant {
    /// As the formula writes it.
    pub symbol: &'static str,
    /// What it is.
    pub meaning: &'static str,
}

/// Where a theorem is in the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Location {
    /// Path of the function or type, from the crate root.
    pub path: &'static str,
    /// Its file, from the root of the source tree.
    pub file: &'static str,
}

/// Everything there is to say about a theorem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// Identifier of the theory pages, such as `T4.tail`.
    pub id: &'static str,
    /// Short name, such as `chernoff-tail`.
    pub name: &'static str,
    /// What it says, in words.
    pub title: &'static str,
    /// What it says, as a formula.
    pub statement: &'static str,
    /// What it needs.
    pub hypotheses: &'static [&'static str],
    /// The constants of the formula.
    pub constants: &'static [Constant],
    /// The idea of its proof.
    pub proof_idea: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// Where it is in the code.
    pub location: Location,
    /// How far it is established.
    pub status: ProofStatus,
    /// The Coq lemmas that state it, as `file::lemma`; there are some exactly if it is machine-checked.
    pub lemmas: &'static [&'static str],
}

impl Theorem {
    /// Every theorem, in the order of the theory pages.
    pub const ALL: [Theorem; 37] = [
        Theorem::CgfAttention,
        Theorem::GaussianLinearity,
        Theorem::LaplaceIdentity,
        Theorem::GaussianExact,
        Theorem::ParticipationOrder,
        Theorem::TrivialBound,
        Theorem::ChernoffBound,
        Theorem::ChernoffTail,
        Theorem::ChernoffFourthMoment,
        Theorem::LaplaceBound,
        Theorem::LaplaceParticipation,
        Theorem::OutputConcentration,
        Theorem::TiltedMean,
        Theorem::NormMgf,
        Theorem::SubGaussianChernoff,
        Theorem::SubGaussianLaplace,
        Theorem::CrudeBound,
        Theorem::ChernoffEntropy,
        Theorem::UniformRate,
        Theorem::UniformRateGaussianQuery,
        Theorem::LimitingConstant,
        Theorem::SharpRate,
        Theorem::ValueGradient,
        Theorem::KeyQueryGradient,
        Theorem::SubGaussianValueGradient,
        Theorem::SubGaussianKeyQueryGradient,
        Theorem::CappedKeyQueryGradient,
        Theorem::CrudeKeyQueryGradient,
        Theorem::UniformValueGradient,
        Theorem::UniformKeyQueryGradient,
        Theorem::ValueGradientGaussianQuery,
        Theorem::KeyQueryGradientGaussianQuery,
        Theorem::RiskTransfer,
        Theorem::RiskTransferTube,
        Theorem::GaussianTransfer,
        Theorem::IclRegression,
        Theorem::MinimaxRate,
    ];

    /// The full statement.
    pub fn statement(self) -> &'static Statement {
        match self {
            Theorem::CgfAttention => &foundations::CGF_ATTENTION,
            Theorem::GaussianLinearity => &foundations::GAUSSIAN_LINEARITY,
            Theorem::LaplaceIdentity => &foundations::LAPLACE_IDENTITY,
            Theorem::GaussianExact => &foundations::GAUSSIAN_EXACT,
            Theorem::ParticipationOrder => &foundations::PARTICIPATION_ORDER,
            Theorem::TrivialBound => &pointwise::TRIVIAL_BOUND,
            Theorem::ChernoffBound => &pointwise::CHERNOFF_BOUND,
            Theorem::ChernoffTail => &pointwise::CHERNOFF_TAIL,
            Theorem::ChernoffFourthMoment => &pointwise::CHERNOFF_FOURTH_MOMENT,
            Theorem::LaplaceBound => &pointwise::LAPLACE_BOUND,
            Theorem::LaplaceParticipation => &pointwise::LAPLACE_PARTICIPATION,
            Theorem::OutputConcentration => &sub_gaussian::OUTPUT_CONCENTRATION,
            Theorem::TiltedMean => &sub_gaussian::TILTED_MEAN,
            Theorem::NormMgf => &sub_gaussian::NORM_MGF,
            Theorem::SubGaussianChernoff => &sub_gaussian::SUB_GAUSSIAN_CHERNOFF,
            Theorem::SubGaussianLaplace => &sub_gaussian::SUB_GAUSSIAN_LAPLACE,
            Theorem::CrudeBound => &sub_gaussian::CRUDE_BOUND,
            Theorem::ChernoffEntropy => &sub_gaussian::CHERNOFF_ENTROPY,
            Theorem::UniformRate => &rates::UNIFORM_RATE,
            Theorem::UniformRateGaussianQuery => &rates::UNIFORM_RATE_GAUSSIAN_QUERY,
            Theorem::LimitingConstant => &rates::LIMITING_CONSTANT,
            Theorem::SharpRate => &rates::SHARP_RATE,
            Theorem::ValueGradient => &gradients::VALUE_GRADIENT,
            Theorem::KeyQueryGradient => &gradients::KEY_QUERY_GRADIENT,
            Theorem::SubGaussianValueGradient => &gradients::SUB_GAUSSIAN_VALUE_GRADIENT,
            Theorem::SubGaussianKeyQueryGradient => &gradients::SUB_GAUSSIAN_KEY_QUERY_GRADIENT,
            Theorem::CappedKeyQueryGradient => &gradients::CAPPED_KEY_QUERY_GRADIENT,
            Theorem::CrudeKeyQueryGradient => &gradients::CRUDE_KEY_QUERY_GRADIENT,
            Theorem::UniformValueGradient => &gradients::UNIFORM_VALUE_GRADIENT,
            Theorem::UniformKeyQueryGradient => &gradients::UNIFORM_KEY_QUERY_GRADIENT,
            Theorem::ValueGradientGaussianQuery => &gradients::VALUE_GRADIENT_GAUSSIAN_QUERY,
            Theorem::KeyQueryGradientGaussianQuery => &gradients::KEY_QUERY_GRADIENT_GAUSSIAN_QUERY,
            Theorem::RiskTransfer => &regression::RISK_TRANSFER,
            Theorem::RiskTransferTube => &regression::RISK_TRANSFER_TUBE,
            Theorem::GaussianTransfer => &transfer::GAUSSIAN_TRANSFER,
            Theorem::IclRegression => &regression::ICL_REGRESSION,
            Theorem::MinimaxRate => &rates::MINIMAX_RATE,
        }
    }

    /// Identifier, such as `T4.tail`.
    pub fn id(self) -> &'static str {
        self.statement().id
    }

    /// Short name, such as `chernoff-tail`.
    pub fn name(self) -> &'static str {
        self.statement().name
    }

    /// How far the statement is established.
    pub fn status(self) -> ProofStatus {
        self.statement().status
    }

    /// The theorem with this identifier or name, upper and lower case alike.
    ///
    /// The error lists the identifiers and names that resemble it most.
    pub fn from_name(name: &str) -> Result<Self> {
        let wanted = name.trim().to_lowercase();
        let found = Self::ALL
            .into_iter()
            .find(|t| wanted.eq_ignore_ascii_case(t.id()) || wanted.eq_ignore_ascii_case(t.name()));
        found.ok_or_else(|| {
            let mut near = Self::ALL;
            near.sort_by_key(|t| differences(&wanted, t.id()).min(differences(&wanted, t.name())));
            let near = near.iter().take(NEAR).map(|t| {
                // An identifier that is also the name is listed once.
                if t.id() == t.name() {
                    t.id().to_string()
                } else {
                    format!("{} ({})", t.id(), t.name())
                }
            });
            Error::Unavailable {
                what: "the theorem",
                why: format!(
                    "there is no `{}`; the closest are {}; the command theorems lists all {}",
                    shortened(name.trim()),
                    near.collect::<Vec<_>>().join(", "),
                    Self::ALL.len()
                ),
            }
        })
    }
}

/// How many theorems are named where one is asked for that does not exist.
const NEAR: usize = 5;
/// Characters of a name that are compared; none is longer.
const COMPARED: usize = 40;

/// Characters to change, insert or leave out until `wanted` is a beginning of `name`; 0 where `name` contains it.
fn differences(wanted: &str, name: &str) -> usize {
    let name = name.to_lowercase();
    if name.contains(wanted) {
        return 0;
    }
    // One row of the table of edit distances, for every beginning of the name.
    let mut row: Vec<usize> = (0..=name.chars().count()).collect();
    for (i, one) in wanted.chars().take(COMPARED).enumerate() {
        let mut left = i + 1;
        let mut next = vec![left];
        for (other, above) in name.chars().zip(row.windows(2)) {
            if let [diagonal, above] = above {
                let changed = diagonal + usize::from(one != other);
                left = changed.min(above + 1).min(left + 1);
                next.push(left);
            }
        }
        row = next;
    }
    row.into_iter().min().unwrap_or(COMPARED)
}

impl fmt::Display for Theorem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

impl Serialize for Theorem {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn identifiers_and_names_are_unique() {
        let mut seen = BTreeSet::new();
        for theorem in Theorem::ALL {
            let statement = theorem.statement();
            assert!(seen.insert(statement.id.to_lowercase()), "{theorem}");
            if statement.name != statement.id {
                assert!(seen.insert(statement.name.to_lowercase()), "{theorem}");
            }
        }
        let distinct: BTreeSet<_> = Theorem::ALL.into_iter().collect();
        assert_eq!(distinct.len(), Theorem::ALL.len());
    }

    #[test]
    fn machine_checked_theorems_have_their_lemmas() {
        for theorem in Theorem::ALL {
            let statement = theorem.statement();
            let checked = statement.status == ProofStatus::MachineChecked;
            assert_eq!(checked, !statement.lemmas.is_empty(), "{theorem}");
        }
    }

    #[test]
    fn the_identifiers_are_those_of_the_theory_pages() {
        assert_eq!(
            Theorem::ALL.map(Theorem::id),
            [
                "T0",
                "T1",
                "T2",
                "T3",
                "T3.order",
                "trivial",
                "T4",
                "T4.tail",
                "T4.fourth",
                "T5",
                "T5.participation",
                "T6",
                "T6.tilted-mean",
                "T6.norm-mgf",
                "T6.chernoff",
                "T6.laplace",
                "T6.crude",
                "T6.chernoff-entropy",
                "T7",
                "T7.gaussian",
                "T8.limit",
                "T8.rate",
                "T9.value",
                "T9.key-query",
                "T9.value.sub-gaussian",
                "T9.key-query.sub-gaussian",
                "T9.key-query.capped",
                "T9.key-query.crude",
                "T9.value.uniform",
                "T9.key-query.uniform",
                "T9.value.gaussian-query",
                "T9.key-query.gaussian-query",
                "T10",
                "T10.tube",
                "T10.gaussian",
                "T11",
                "T12"
            ]
        );
    }

    #[test]
    fn every_theorem_is_found_by_identifier_and_by_name() {
        for theorem in Theorem::ALL {
            assert_eq!(Theorem::from_name(theorem.id()).unwrap(), theorem);
            assert_eq!(Theorem::from_name(theorem.name()).unwrap(), theorem);
            let shouted = theorem.name().to_uppercase();
            assert_eq!(Theorem::from_name(&shouted).unwrap(), theorem);
            assert_eq!(theorem.to_string(), theorem.id());
        }
        assert!(Theorem::from_name("").is_err());
    }

    #[test]
    fn an_unknown_name_is_answered_with_those_that_resemble_it() {
        for (wanted, near) in [
            ("T99", "T9.value (value-gradient)"),
            ("laplace", "T5 (laplace-bound)"),
            ("Chernof-bound", "T4 (chernoff-bound)"),
            (
                "T5.partcipation",
                "T5.participation (laplace-participation)",
            ),
            ("minmax", "T12 (minimax-rate)"),
        ] {
            let message = Theorem::from_name(wanted).unwrap_err().to_string();
            assert!(
                message.contains(near) && message.contains(wanted),
                "{message}"
            );
        }
        let long = "x".repeat(100_000);
        let message = Theorem::from_name(&long).unwrap_err().to_string();
        assert!(message.chars().count() < 400, "{message}");
        assert_eq!(differences("t5", "T5.participation"), 0);
        assert_eq!(differences("kitten", "sitting"), 2);
        assert_eq!(differences("abc", ""), 3);
    }

    #[test]
    fn only_the_rate_is_a_conjecture() {
        for theorem in Theorem::ALL {
            let conjecture = theorem.status() == ProofStatus::Conjecture;
            assert_eq!(conjecture, theorem == Theorem::SharpRate);
        }
    }

    #[test]
    fn statements_are_complete_and_point_into_the_source_tree() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        for theorem in Theorem::ALL {
            let s = theorem.statement();
            for text in [s.id, s.name, s.title, s.statement, s.proof_idea, s.source] {
                assert!(!text.is_empty() && text.is_ascii(), "{theorem}: {text}");
            }
            assert!(
                !s.hypotheses.is_empty() && !s.constants.is_empty(),
                "{theorem}"
            );
            let source = std::fs::read_to_string(root.join(s.location.file)).unwrap();
            let item = s.location.path.rsplit("::").next().unwrap();
            let defined = ["fn ", "struct ", "trait "]
                .iter()
                .any(|kind| source.contains(&format!("{kind}{item}")));
            assert!(defined, "{theorem}: {item} is not in {}", s.location.file);
        }
    }
}
