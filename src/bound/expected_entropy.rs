//! T18 `expected-entropy`: how diffuse the attention weights are.

use crate::bound::theorem::{ProofStatus, Statement, Theorem};
use crate::bound::vocabulary::{LENGTH, constant, location};

impl Theorem {
    /// T18 `expected-entropy`: The expected entropy of the attention weights as one integral.
    pub const EXPECTED_ENTROPY: Theorem = Theorem::new(&Statement {
        id: "T18",
        name: "expected-entropy",
        title: "The expected entropy of the attention weights as one integral",
        statement: "E sum p_i ln p_i = L INT_0^inf E[ w (ln w + ln t + gamma) e^{-tw} ] phi(t)^{L-1} dt; ln L - E H -> KL(mu_a | mu)",
        hypotheses: &["any law with a finite cumulant generating function near a; L >= 1"],
        constants: &[
            LENGTH,
            constant("w", "exp(<a,X> - Lam(a)), E w = 1"),
            constant("phi(t)", "E e^{-tw}"),
            constant("gamma", "Euler's constant, 0.5772156649.."),
        ],
        proof_idea: "p_i ln p_i = w_i (ln w_i - ln W) / W, and INT_0^inf ln t e^{-tW} dt = -(gamma + ln W) / W; the other tokens are independent.",
        source: "this project, docs/theory.md section 19",
        location: location("exact::expected_entropy", "src/exact/output/entropy.rs"),
        status: ProofStatus::ProvedOnPaper,
        lemmas: &[],
    });
}
