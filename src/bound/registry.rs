//! The registry: every theorem, in the order of the theory pages. Each is written where it is computed.

use super::Theorem;
use crate::error::{Error, Result};
use crate::text::shortened;

impl Theorem {
    /// Every theorem, in the order of the theory pages.
    pub const ALL: [Theorem; 53] = [
        Theorem::CGF_ATTENTION,
        Theorem::GAUSSIAN_LINEARITY,
        Theorem::LAPLACE_IDENTITY,
        Theorem::FIXED_TOKENS,
        Theorem::GAUSSIAN_EXACT,
        Theorem::PARTICIPATION_ORDER,
        Theorem::TRIVIAL_BOUND,
        Theorem::CHERNOFF_BOUND,
        Theorem::CHERNOFF_TAIL,
        Theorem::CHERNOFF_FOURTH_MOMENT,
        Theorem::CHERNOFF_FIXED_TOKENS,
        Theorem::LAPLACE_BOUND,
        Theorem::LAPLACE_PARTICIPATION,
        Theorem::FRACTIONAL_MOMENTS,
        Theorem::TWO_CHORD_FRACTIONAL_MOMENTS,
        Theorem::OUTPUT_CONCENTRATION,
        Theorem::TILTED_MEAN,
        Theorem::NORM_MGF,
        Theorem::SUB_GAUSSIAN_CHERNOFF,
        Theorem::SUB_GAUSSIAN_LAPLACE,
        Theorem::CRUDE_BOUND,
        Theorem::CHERNOFF_ENTROPY,
        Theorem::UNIFORM_RATE,
        Theorem::UNIFORM_RATE_GAUSSIAN_QUERY,
        Theorem::LIMITING_CONSTANT,
        Theorem::SHARP_RATE,
        Theorem::VALUE_GRADIENT,
        Theorem::KEY_QUERY_GRADIENT,
        Theorem::SUB_GAUSSIAN_VALUE_GRADIENT,
        Theorem::SUB_GAUSSIAN_KEY_QUERY_GRADIENT,
        Theorem::CAPPED_KEY_QUERY_GRADIENT,
        Theorem::CRUDE_KEY_QUERY_GRADIENT,
        Theorem::UNIFORM_VALUE_GRADIENT,
        Theorem::UNIFORM_KEY_QUERY_GRADIENT,
        Theorem::VALUE_GRADIENT_GAUSSIAN_QUERY,
        Theorem::KEY_QUERY_GRADIENT_GAUSSIAN_QUERY,
        Theorem::RISK_TRANSFER,
        Theorem::RISK_TRANSFER_TUBE,
        Theorem::GAUSSIAN_TRANSFER,
        Theorem::ICL_REGRESSION,
        Theorem::MINIMAX_RATE,
        Theorem::EXACT_ENCLOSURE,
        Theorem::LATTICE_SUMS,
        Theorem::EXPECTED_ENTROPY,
        Theorem::LOWER_BOUND,
        Theorem::SLOW_GROWTH,
        Theorem::TWO_HEADS,
        Theorem::SAMPLED_ATTENTION,
        Theorem::SAMPLED_MEAN,
        Theorem::SAMPLED_MARKOV,
        Theorem::SAMPLED_BERNSTEIN,
        Theorem::SAMPLED_NORM,
        Theorem::SAMPLED_SPECTRUM,
    ];

    /// The theorem with this identifier or name, upper and lower case alike.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if there is none; it lists the identifiers and names that resemble it most.
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

    /// Sorts theorems into the order of the registry, each once.
    pub fn sort(theorems: &mut Vec<Theorem>) {
        let place = |theorem: &Theorem| Theorem::ALL.iter().position(|other| other == theorem);
        theorems.sort_by_key(place);
        theorems.dedup();
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
        let distinct: BTreeSet<_> = Theorem::ALL.into_iter().map(Theorem::id).collect();
        assert_eq!(distinct.len(), Theorem::ALL.len());
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
    fn statements_are_complete() {
        for theorem in Theorem::ALL {
            let s = theorem.statement();
            for text in [s.id, s.name, s.title, s.statement, s.proof_idea, s.source] {
                assert!(!text.is_empty() && text.is_ascii(), "{theorem}: {text}");
            }
            assert!(
                !s.hypotheses.is_empty() && !s.constants.is_empty(),
                "{theorem}"
            );
        }
    }

    #[test]
    fn every_theorem_of_the_sources_is_listed() {
        fn count(folder: &std::path::Path) -> usize {
            let entries = std::fs::read_dir(folder).unwrap();
            entries
                .map(|entry| entry.unwrap().path())
                .map(|path| match path.is_dir() {
                    true => count(&path),
                    false => std::fs::read_to_string(&path)
                        .unwrap()
                        .lines()
                        .filter(|line| {
                            line.trim_start().starts_with("pub const ")
                                && line.contains(": Theorem =")
                        })
                        .count(),
                })
                .sum()
        }
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bound");
        assert_eq!(count(&root), Theorem::ALL.len());
    }

    #[test]
    fn sorting_follows_the_registry() {
        let mut theorems = vec![
            Theorem::UNIFORM_RATE,
            Theorem::CHERNOFF_BOUND,
            Theorem::UNIFORM_RATE,
        ];
        Theorem::sort(&mut theorems);
        assert_eq!(theorems, [Theorem::CHERNOFF_BOUND, Theorem::UNIFORM_RATE]);
    }
}
