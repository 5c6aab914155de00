//! T16 `exact-enclosure`: what makes an exact value a bound.

use crate::bound::theorem::{ProofStatus, Statement, Theorem};
use crate::bound::vocabulary::{LENGTH, constant, location};

impl Theorem {
    /// T16 `exact-enclosure`: The exact value between two proved numbers.
    pub const EXACT_ENCLOSURE: Theorem = Theorem::new(&Statement {
        id: "T16",
        name: "exact-enclosure",
        title: "The exact value between two proved numbers",
        statement: "value - error <= truth <= value + error, error = lattice in ln t + its ends + score lattice and window + rounding",
        hypotheses: &[
            "tokens of finite support, or Gaussian tokens (the gradient in U: of finite support), at a query or averaged over a list",
            "laws, heads and tilts are the floats that were read or formed; exponentials and logarithms are within 1 unit in the last place",
        ],
        constants: &[
            LENGTH,
            constant("value, error", "what the exact engine computes"),
        ],
        proof_idea: "The integrals of T2 as trapezoidal sums in ln t: the lattice errs by at most 2 cos(c)^{-k} / (e^{2 pi c/h} - 1), whatever the law; what lies \
        beyond the ends is at most 3/2 of an integral in closed form; every rounding is followed through phi^{L-1}, node by node.",
        source: "this project, docs/theory.md section 18",
        location: location("exact::Exact", "src/exact/value.rs"),
        status: ProofStatus::ProvedOnPaper,
        lemmas: &[],
    });
}
