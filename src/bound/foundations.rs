//! Theorems that are computed outside this room: T0 to T3.

use crate::bound::theorem::{ProofStatus, Statement, Theorem};
use crate::bound::vocabulary::{LENGTH, PAPER, PAPER_LEMMA_2_1, TILT, constant, location};

impl Theorem {
    /// T0 `cgf-attention`: Population attention is the gradient of the cumulant generating function.
    pub const CGF_ATTENTION: Theorem = Theorem::new(&Statement {
        id: "T0",
        name: "cgf-attention",
        title: "Population attention is the gradient of the cumulant generating function",
        statement: "T[mu](z) = V grad Lam(a), a = U z + b",
        hypotheses: &["Lam(a) = ln E e^{<a,X>} is finite for every a"],
        constants: &[
            TILT,
            constant("V", "value matrix"),
            constant("Lam", "cumulant generating function of the token law"),
        ],
        proof_idea: "Differentiate ln E e^{<a,X>} under the expectation: the gradient is \
        E[X e^{<a,X>}] / E e^{<a,X>}, the mean of the tilted law, which is what softmax attention with \
        infinitely many tokens returns.",
        source: PAPER,
        location: location(
            "attention::population_attention",
            "src/attention/population.rs",
        ),
        status: ProofStatus::MachineChecked,
        lemmas: &[
            "proofs/known_law/cumulant.v::cgf_attention",
            "proofs/known_law/cumulant.v::cgf_gradient",
        ],
    });

    /// T1 `gaussian-linearity`: With Gaussian tokens population attention is linear in the query.
    pub const GAUSSIAN_LINEARITY: Theorem = Theorem::new(&Statement {
        id: "T1",
        name: "gaussian-linearity",
        title: "With Gaussian tokens population attention is linear in the query",
        statement: "T[N(m0, Gamma)](z) = V (m0 + Gamma a)",
        hypotheses: &["tokens N(m0, Gamma), Gamma positive semi-definite (singular allowed)"],
        constants: &[
            TILT,
            constant("m0, Gamma", "mean and covariance of a token"),
            constant("V", "value matrix"),
        ],
        proof_idea: "Lam(a) = <a,m0> + a^T Gamma a / 2 is quadratic, so by T0 its gradient is affine.",
        source: PAPER_LEMMA_2_1,
        location: location("law::Gaussian::tilted_mean", "src/law/gaussian.rs"),
        status: ProofStatus::MachineChecked,
        lemmas: &["proofs/gaussian/population_attention.v::population_attention_affine"],
    });

    /// T2 `laplace-identity`: The finite-prompt error of any law is a one-dimensional integral.
    pub const LAPLACE_IDENTITY: Theorem = Theorem::new(&Statement {
        id: "T2",
        name: "laplace-identity",
        title: "The finite-prompt error of any law is a one-dimensional integral",
        statement: "E|That - T|^2 = INT_0^inf t [ L h(t) phi(t)^{L-1} + L(L-1) |g(t)|^2 phi(t)^{L-2} ] dt, \
        phi = E e^{-tw}, g = E[w f e^{-tw}], h = E[w^2 |f|^2 e^{-tw}]",
        hypotheses: &["f(X) = V(X - m(a)), so that E[w f] = 0", "L >= 1"],
        constants: &[
            LENGTH,
            constant("w", "normalised weight exp(<a,X> - Lam(a))"),
            constant("m(a)", "mean of the tilted law"),
        ],
        proof_idea: "Write 1/W^2 = INT t e^{-tW} dt for the sum W of the weights, exchange integral and \
        expectation, and use that the tokens are independent. Only expectations over a single token \
        are left.",
        source: "this project, docs/theory.md section 3",
        location: location("exact::output_error", "src/exact/output/errors.rs"),
        status: ProofStatus::MachineChecked,
        lemmas: &[
            "proofs/laplace/laplace_identity.v::laplace_error",
            "proofs/laplace/laplace_identity.v::laplace_bias",
        ],
    });

    /// T2.fixed `fixed-tokens`: The same for prompts that hold tokens which are always there.
    pub const FIXED_TOKENS: Theorem = Theorem::new(&Statement {
        id: "T2.fixed",
        name: "fixed-tokens",
        title: "The error of prompts with fixed tokens is a one-dimensional integral too",
        statement: "E|That - T|^2 = INT_0^inf t e^{-t W0} [ |F|^2 phi^L + 2 L <F, g> phi^{L-1} + L h phi^{L-1} + L(L-1) |g|^2 phi^{L-2} ] dt, \
        E That - T = INT_0^inf e^{-t W0} [ F phi^L + L g phi^{L-1} ] dt, E[W0 / (W0 + W)] = W0 INT_0^inf e^{-t W0} phi^L dt",
        hypotheses: &[
            "f(X) = V(X - m(a)), so that E[w f] = 0",
            "the prompt is L >= 1 i.i.d. tokens and the fixed tokens x0_j",
        ],
        constants: &[
            LENGTH,
            constant("phi, g, h", "as in T2"),
            constant("W0", "sum_j w0_j, w0_j = exp(<a,x0_j> - Lam(a))"),
            constant("F", "sum_j w0_j (V x0_j - T), T = V m(a)"),
        ],
        proof_idea: "That - T = (F + sum w_i f_i) / (W0 + W): as in T2, with e^{-t W0} taken out of the expectation.",
        source: "this project, docs/theory.md section 20",
        location: location("exact::fixed_output_error", "src/exact/output/fixed.rs"),
        status: ProofStatus::ProvedOnPaper,
        lemmas: &[],
    });

    /// T14 `two-heads`: Heads that read the same prompt, and the error of a whole layer.
    pub const TWO_HEADS: Theorem = Theorem::new(&Statement {
        id: "T14",
        name: "two-heads",
        title: "Heads that read the same prompt: the error of a whole layer",
        statement: "E<D_1, D_2> = INT INT [ L E[w_1 w_2 <f_1, f_2> e] phi^{L-1} + L(L-1) <E[w_1 f_1 e], E[w_2 f_2 e]> phi^{L-2} ] dt du, \
        e = e^{-t w_1 - u w_2}, phi = E e; E|sum_h D_h|^2 = sum_{h,h'} E<D_h, D_h'>",
        hypotheses: &[
            "D_h = sum_i w_h(X_i) f_h(X_i) / sum_i w_h(X_i), f_h = O_h V_h (X - m(a_h)), all heads on the same L >= 1 i.i.d. tokens",
            "E|f_h|^2 finite",
        ],
        constants: &[
            LENGTH,
            constant(
                "w_h",
                "exp(<a_h,X> - Lam(a_h)), the normalised weight of head h",
            ),
            constant(
                "O_h",
                "the columns of the output projection that belong to head h",
            ),
        ],
        proof_idea: "1/(W_1 W_2) = INT INT e^{-t W_1 - u W_2} dt du; the tokens are independent, so that only expectations of one token are left.",
        source: "this project, docs/theory.md section 22",
        location: location("exact::LayerErrors", "src/exact/layer/errors.rs"),
        status: ProofStatus::ProvedOnPaper,
        lemmas: &[],
    });

    /// T3 `gaussian-exact`: Gaussian tokens: the error in closed form in the participation sums.
    pub const GAUSSIAN_EXACT: Theorem = Theorem::new(&Statement {
        id: "T3",
        name: "gaussian-exact",
        title: "Gaussian tokens: the error in closed form in the participation sums",
        statement: "E|That - T|^2 = r_2 tau_V + (r_2 - 6 r_3 + 6 E22) eta; E That - T = -r_2 V Gamma a",
        hypotheses: &["tokens N(m0, Gamma)", "L >= 1"],
        constants: &[
            constant("r_k", "E P_k, P_k = sum_i p_i^k"),
            constant("E22", "E P_2^2"),
            constant("tau_V", "tr(V Gamma V^T)"),
            constant("eta", "|V Gamma a|^2"),
        ],
        proof_idea: "Split a token into the part along Gamma a, which is linear in its score, and an \
        independent remainder. The remainder contributes r_2 times its variance; Stein's identity for \
        the scores turns the moments of sum p_i S_i into participation sums.",
        source: "this project, docs/theory.md section 4",
        location: location(
            "exact::gaussian_output_error",
            "src/exact/output/gaussian.rs",
        ),
        status: ProofStatus::MachineChecked,
        lemmas: &[
            "proofs/gaussian/gaussian_exact.v::gaussian_error",
            "proofs/gaussian/gaussian_exact.v::attention_bias",
        ],
    });
}
