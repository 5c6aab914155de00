//! T17 `lattice-sums`: exact values of many tokens.

use crate::bound::theorem::{ProofStatus, Statement, Theorem};
use crate::bound::vocabulary::{constant, location};

impl Theorem {
    /// T17 `lattice-sums`: Sums over many atoms as sums over a lattice in `ln w`.
    pub const LATTICE_SUMS: Theorem = Theorem::new(&Statement {
        id: "T17",
        name: "lattice-sums",
        title: "Sums over many atoms as sums over a lattice in ln w",
        statement: "|sum_i c_i x_i^k e^{-x_i} - sum_j C_j x_j^k e^{-x_j}| <= eps e^{k (R + h/2)} sum_i |c_i| x_i^k e^{-x_i/4}, k = 0, 1, 2, \
        C_j = sum_i c_i l_j(ln w_i)",
        hypotheses: &["finitely many atoms of weights w_i; x_i = t w_i"],
        constants: &[
            constant("h", "the step of the lattice, 1/32"),
            constant("l_j", "Lagrange's weights of the 14 points around an atom"),
            constant(
                "R, eps",
                "1.2, the radius of the circle of Cauchy's formula, and 3.0e-16",
            ),
        ],
        proof_idea: "The kernels are entire functions of ln w; Hermite's remainder of interpolation on a circle on which Re x >= 0.",
        source: "this project, docs/theory.md section 21",
        location: location("exact::output_error", "src/exact/output/errors.rs"),
        status: ProofStatus::ProvedOnPaper,
        lemmas: &[],
    });
}
