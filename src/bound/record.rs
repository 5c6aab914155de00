//! The record of one evaluated bound.

use serde::Serialize;

use super::{Formula, Theorem};

/// One theorem evaluated on one cell: its upper bound, or why it does not apply.
///
/// A bound is never clamped and never `NaN`: it is a number with its hypotheses, or a reason.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    theorem: Theorem,
    status: Status,
    value: Option<f64>,
    hypotheses: Vec<Hypothesis>,
    parameters: Vec<ProofParameter>,
    dominant: &'static str,
    formula: Option<Formula>,
}

/// What a bound is worth on its cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Status {
    /// The hypotheses hold and the bound is at most the trivial one.
    Valid,
    /// The hypotheses hold, and the trivial bound is smaller or the value infinite: true, and of no use.
    Vacuous {
        /// The trivial bound that beats it.
        trivial: f64,
    },
    /// A hypothesis fails; there is no value.
    NotApplicable {
        /// The hypothesis that fails, in words.
        hypothesis: String,
    },
}

/// A hypothesis of a theorem or a constant it uses, with its value on this cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hypothesis {
    /// The symbol of the theory pages, spelled out.
    pub name: &'static str,
    /// Its value.
    pub value: f64,
}

/// A proof parameter: every admissible value gives a valid bound, this one was found to be the best.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProofParameter {
    /// The symbol of the theory pages.
    pub name: &'static str,
    /// The value used.
    pub value: f64,
}

impl Bound {
    /// A bound whose hypotheses hold. `value` must be non-negative and not `NaN` (it may be infinite:
    /// an overflow is an upper bound); it is vacuous if it is infinite or `trivial` is smaller.
    pub(crate) fn proved(
        theorem: Theorem,
        value: f64,
        trivial: f64,
        dominant: &'static str,
    ) -> Self {
        if !(value >= 0.0) {
            return Self::not_applicable(theorem, format!("its evaluation gave {value}"));
        }
        // An overflow is vacuous even where no trivial bound is known.
        let status = if value <= trivial && value < f64::INFINITY {
            Status::Valid
        } else {
            Status::Vacuous { trivial }
        };
        Self {
            theorem,
            status,
            value: Some(value),
            hypotheses: Vec::new(),
            parameters: Vec::new(),
            dominant,
            formula: None,
        }
    }

    /// A bound one of whose hypotheses fails.
    pub(crate) fn not_applicable(theorem: Theorem, hypothesis: impl Into<String>) -> Self {
        Self {
            theorem,
            status: Status::NotApplicable {
                hypothesis: hypothesis.into(),
            },
            value: None,
            hypotheses: Vec::new(),
            parameters: Vec::new(),
            dominant: "none",
            formula: None,
        }
    }

    /// Adds a hypothesis or constant with its value.
    pub(crate) fn with_hypothesis(mut self, name: &'static str, value: f64) -> Self {
        self.hypotheses.push(Hypothesis { name, value });
        self
    }

    /// Adds a proof parameter with the value used.
    pub(crate) fn with_parameter(mut self, name: &'static str, value: f64) -> Self {
        self.parameters.push(ProofParameter { name, value });
        self
    }

    /// The same record as a case of another theorem.
    pub(crate) fn under(mut self, theorem: Theorem) -> Self {
        self.theorem = theorem;
        self
    }

    /// Says at which floats the value was computed, see [`Formula`].
    pub(crate) fn with_formula(mut self, formula: Option<Formula>) -> Self {
        self.formula = formula.filter(|_| self.value.is_some());
        self
    }

    /// The formula and the floats whose real value the bound is at least; `None` for an integral, a supremum, and
    /// where the theorem does not apply.
    pub fn formula(&self) -> Option<&Formula> {
        self.formula.as_ref()
    }

    /// The theorem that proves the bound.
    pub fn theorem(&self) -> Theorem {
        self.theorem
    }

    /// Valid, vacuous, or not applicable.
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// The upper bound; `None` exactly if the theorem does not apply.
    pub fn value(&self) -> Option<f64> {
        self.value
    }

    /// The value if the bound is valid, `None` if it is vacuous or does not apply.
    pub fn useful_value(&self) -> Option<f64> {
        self.value.filter(|_| self.status == Status::Valid)
    }

    /// Hypotheses and constants with their values.
    pub fn hypotheses(&self) -> &[Hypothesis] {
        &self.hypotheses
    }

    /// The proof parameters used.
    pub fn parameters(&self) -> &[ProofParameter] {
        &self.parameters
    }

    /// Which term of the bound is the largest, in words.
    pub fn dominant(&self) -> &'static str {
        self.dominant
    }
}
