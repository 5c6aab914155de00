//! Words that several statements of the registry share: constants of the formulas, hypotheses and sources.

use super::theorem::{Constant, Location};

pub(in crate::bound) const PAPER: &str = "E. Boursier, C. Boyer, \"Softmax as Linear Attention in the Large-Prompt Regime: a \
    Measure-based Perspective\", arXiv 2512.11784, ICML 2026, section 2";
pub(in crate::bound) const PAPER_LEMMA_2_1: &str = "E. Boursier, C. Boyer, \"Softmax as Linear Attention in the Large-Prompt Regime: \
    a Measure-based Perspective\", arXiv 2512.11784, ICML 2026, Lemma 2.1";
pub(in crate::bound) const PAPER_PROPOSITION_3_1: &str = "this project, docs/theory.md section 8; makes explicit Proposition 3.1 of \
    E. Boursier, C. Boyer, \"Softmax as Linear Attention in the Large-Prompt Regime: a Measure-based \
    Perspective\", arXiv 2512.11784, ICML 2026";

pub(in crate::bound) const fn constant(symbol: &'static str, meaning: &'static str) -> Constant {
    Constant { symbol, meaning }
}

pub(in crate::bound) const fn location(path: &'static str, file: &'static str) -> Location {
    Location { path, file }
}

pub(in crate::bound) const LENGTH: Constant = constant("L", "prompt length");
pub(in crate::bound) const RHO: Constant = constant(
    "rho",
    "E w^2 = exp(Lam(2a) - 2 Lam(a)), w = exp(<a,X> - Lam(a))",
);
pub(in crate::bound) const KAPPA: Constant = constant("kap", "E w^-1 = exp(Lam(a) + Lam(-a))");
pub(in crate::bound) const A2: Constant = constant("A2", "E[w^2 |f|^2]");
pub(in crate::bound) const F0: Constant = constant("F0", "E|f|^2");
pub(in crate::bound) const SIGMA: Constant = constant(
    "sigma^2",
    "variance proxy: E e^{<v,X>} <= e^{sigma^2 |v|^2 / 2} for all v, X centred",
);
pub(in crate::bound) const TILT: Constant = constant("a", "tilt vector U z + b of the query z");
pub(in crate::bound) const TILT_FACTOR: Constant = constant("q", "sigma |U| varsigma");
pub(in crate::bound) const TILT_OFFSET: Constant = constant(
    "s",
    "sigma |U m_z + b|, 0 for a centred query without query bias",
);
pub(in crate::bound) const QUERY_DIMENSION: Constant = constant("d", "dimension of the query");
pub(in crate::bound) const QUERY_SIZE: Constant = constant("y", "|z|^2 / varsigma^2");
/// What averages over a query depend on.
pub(in crate::bound) const OVER_THE_QUERY: &[Constant] = &[
    LENGTH,
    SIGMA,
    TILT_FACTOR,
    TILT_OFFSET,
    QUERY_DIMENSION,
    QUERY_SIZE,
];
pub(in crate::bound) const SOURCE: &str = "this project, docs/theory.md section 11; makes explicit Proposition 3.4 of E. Boursier, C. Boyer, \
    \"Softmax as Linear Attention in the Large-Prompt Regime: a Measure-based Perspective\", arXiv 2512.11784, ICML 2026";
pub(in crate::bound) const GRADIENT_PROXY: &str =
    "X - E X has variance proxy sigma^2 (the error does not change if all tokens are translated)";
pub(in crate::bound) const QUERY: &str =
    "the query is m_z + z, z centred with variance proxy varsigma^2";
pub(in crate::bound) const GRADIENT_LAMBDA: &str = "0 < lam < 1/(2 sigma^2 |V|^2), and 0 < lam < 1/(2 sigma^2) for V = I (a proof parameter of each N)";
pub(in crate::bound) const ROWS: Constant = constant("m", "rows of V");
pub(in crate::bound) const DEVIATION: Constant = constant(
    "Y, F",
    "X - m(a), and Y Y^T - C(a), with m(a) and C(a) mean and covariance of the law tilted by a",
);
pub(in crate::bound) const CHAT: Constant = constant(
    "Chat, mhat",
    "sum p_i (X_i - mhat)(X_i - mhat)^T and sum p_i X_i",
);
pub(in crate::bound) const GAUSSIAN_QUERY: &str =
    "the query is m_z + z, z normal, centred, with covariance at most varsigma^2 I";
pub(in crate::bound) const OWN_4: &str = "this project, docs/theory.md section 5";
pub(in crate::bound) const OWN_5: &str = "this project, docs/theory.md section 6";
pub(in crate::bound) const CENTRED: &str = "f(X) = V(X - m(a)) or any other f with E[w f] = 0";
pub(in crate::bound) const OWN_6: &str = "this project, docs/theory.md section 7";
pub(in crate::bound) const OUTPUT_PROXY: &str =
    "X - E X has variance proxy sigma^2 (the error does not change if all tokens are translated)";
pub(in crate::bound) const OUTPUT_LAMBDA: &str =
    "0 < lam < 1/(2 sigma^2 |V|^2) (a proof parameter)";
