//! T7, T8 and T12: averages over the query.

use super::super::theorem::{ProofStatus, Statement};
use super::{LENGTH, PAPER_PROPOSITION_3_1, SIGMA, constant, location};

pub(crate) const UNIFORM_RATE: Statement = Statement {
    id: "T7",
    name: "uniform-rate",
    title: "The error averaged over a sub-Gaussian query, with explicit constants",
    statement: "E_z E|That - T|^2 <= (1-2th)^{-d/2} sup_{y >= 0} F(y) e^{-th y}, F(y) the smallest of T6.chernoff, \
        T6.laplace and T6.crude at sigma^2 |a|^2 = (q sqrt(y) + s)^2",
    hypotheses: &[
        "X - E X has variance proxy sigma^2",
        "the query is m_z + z, z centred with variance proxy varsigma^2",
        "L >= 2",
        "0 < th < 1/2 (a proof parameter)",
    ],
    constants: &[
        LENGTH,
        SIGMA,
        constant("q", "sigma |U| varsigma"),
        constant(
            "s",
            "sigma |U m_z + b|, 0 for a centred query without query bias",
        ),
        constant("d", "dimension of the query"),
        constant("y", "|z|^2 / varsigma^2"),
    ],
    proof_idea: "For a fixed query the error is at most F(y), and F(y) <= e^{th y} sup F e^{-th .}. The moment \
        generating function of |z|^2 is at most (1-2th)^{-d/2} by T6.norm-mgf. The supremum is bounded cell by \
        cell, as F increases.",
    source: PAPER_PROPOSITION_3_1,
    location: location("bound::UniformRate", "src/bound/uniform_rate.rs"),
    status: ProofStatus::ProvedOnPaper,
    lemmas: &[],
};

pub(crate) const UNIFORM_RATE_GAUSSIAN_QUERY: Statement = Statement {
    id: "T7.gaussian",
    name: "gaussian-query-rate",
    title: "T7 for a Gaussian query: an integral in the place of a supremum",
    statement: "E_z E|That - T|^2 <= F(y_1) + sum_{i=1}^{n-1} (F(y_{i+1}) - F(y_i)) S(y_i) + (alpha + beta Y - F(Y))_+ S(Y) \
        + 2 beta S(Y) / (1 - d/Y), S(y) = P(chi^2_d > y), F(y) the smallest of L F0, T6.chernoff-entropy, T6.laplace with the A2 of \
        T6.chernoff-entropy, and T6.crude at sigma^2 |a|^2 = (q sqrt(y) + s)^2, alpha + beta y at least the last one at a fixed lam",
    hypotheses: &[
        "X - E X has variance proxy sigma^2",
        "the query is m_z + z, z normal, centred, with covariance at most varsigma^2 I",
        "L >= 2",
        "0 = y_0 < y_1 < .. < y_n = Y, Y > d (proof parameters)",
    ],
    constants: &[
        LENGTH,
        SIGMA,
        constant("q", "sigma |U| varsigma"),
        constant(
            "s",
            "sigma |U m_z + b|, 0 for a centred query without query bias",
        ),
        constant("d", "dimension of the query"),
        constant("y", "|z|^2 / varsigma^2"),
    ],
    proof_idea: "For a fixed query the error is at most F(y), which increases, and |z|^2 / varsigma^2 is stochastically below a \
        chi-square variable. A step function above F is integrated by parts. The hazard rate of chi-square is at least (1 - d/y) / 2.",
    source: PAPER_PROPOSITION_3_1,
    location: location(
        "bound::UniformRate::gaussian_query_bound",
        "src/bound/uniform_rate_gaussian.rs",
    ),
    status: ProofStatus::ProvedOnPaper,
    lemmas: &[],
};

pub(crate) const LIMITING_CONSTANT: Statement = Statement {
    id: "T8.limit",
    name: "limiting-constant",
    title: "Gaussian tokens and query: the limit of L times the average error",
    statement: "L E|That - T|^2 -> e^{b0^T Gamma b0 + 2 beta^T M beta} det(I-2B)^{-1/2} \
        [ tau_V + |V Gamma a0|^2 + tr(V Gamma W M W^T Gamma V^T) ], W = U Sig_z^{1/2}, B = W^T Gamma W, \
        M = (I-2B)^{-1}, b0 = U m_z + b, beta = W^T Gamma b0, a0 = b0 + 2 W M beta",
    hypotheses: &[
        "tokens N(m0, Gamma)",
        "query N(m_z, Sig_z)",
        "lam = |Gamma^{1/2} U Sig_z^{1/2}|^2 < 1/2",
    ],
    constants: &[
        constant("lam", "largest eigenvalue of B"),
        constant("tau_V", "tr(V Gamma V^T)"),
        constant("b", "tilt bias K^T b_Q, zero without a query bias"),
    ],
    proof_idea: "For each query L times the error tends to e^{s^2} (tau_V + eta) by T3. L r_2 <= \
        20 (1 + s^2) e^{s^2} for every L, which is integrable when lam < 1/2, so the average converges to E[e^{s^2} (tau_V + eta)], a Gaussian integral.",
    source: "this project, docs/theory.md section 9",
    location: location("bound::GaussianSpectrum", "src/bound/sharp_rate.rs"),
    status: ProofStatus::ProvedOnPaper,
    lemmas: &[],
};

pub(crate) const SHARP_RATE: Statement = Statement {
    id: "T8.rate",
    name: "sharp-rate",
    title: "Gaussian tokens and query: the exponent of the average error (conjecture)",
    statement: "E|That - T|^2 = L^{-kappa(lam) + o(1)}, kappa(lam) = min(1, sqrt(1/lam + 1/4) - 1/2)",
    hypotheses: &[
        "tokens N(m0, Gamma)",
        "query N(m_z, Sig_z)",
        "the statement is a conjecture for lam > 1/2",
    ],
    constants: &[LENGTH, constant("lam", "|Gamma^{1/2} U Sig_z^{1/2}|^2")],
    proof_idea: "Heuristic, not a proof: for scores of standard deviation t sqrt(2 ln L) one untypical token \
        decides the error, as in the random energy model; weigh that with the probability of such a query. \
        Exact values up to L = 1e14 have local slopes close to kappa.",
    source: "this project, docs/theory.md section 9",
    location: location("bound::sharp_exponent", "src/bound/sharp_rate.rs"),
    status: ProofStatus::Conjecture,
    lemmas: &[],
};

pub(crate) const MINIMAX_RATE: Statement = Statement {
    id: "T12",
    name: "minimax-rate",
    title: "The exponent of T7 is the best that norms and variance proxies allow",
    statement: "sup E_z E|That - T|^2 >= (4/25) sigma^2 |V|^2 ln(2L/3) P(|Z| >= ln(2L) / (q sqrt(2 ln(2L/3)))) over the class of \
        T7, which is L^{-1/(4 q^2)} up to powers of ln L",
    hypotheses: &[
        "the class: X - E X has variance proxy sigma^2, a centred query of variance proxy 1, no query bias, U and V of \
         these operator norms",
        "L >= 8",
        "sigma, |U| and |V| greater than 0",
    ],
    constants: &[
        LENGTH,
        SIGMA,
        constant("q", "sigma |U|"),
        constant("Z", "a standard normal number"),
    ],
    proof_idea: "Rare atoms: P(X = +-h) = 1/(2L), X = 0 otherwise. Their variance proxy allows h^2 >= 2 sigma^2 ln(2L/3). With \
        constant probability the prompt holds none, so That = 0, while T is of size h once |a| h >= ln(2L).",
    source: "this project, docs/theory.md section 12",
    location: location("bound::minimax_lower_bound", "src/bound/minimax_rate.rs"),
    status: ProofStatus::ProvedOnPaper,
    lemmas: &[],
};
