//! The statements of the registry, one table a group.

pub(super) mod foundations;
pub(super) mod gradients;
pub(super) mod pointwise;
pub(super) mod rates;
pub(super) mod regression;
pub(super) mod sub_gaussian;
pub(super) mod transfer;

use super::theorem::{Constant, Location};

const PAPER: &str = "E. Boursier, C. Boyer, \"Softmax as Linear Attention in the Large-Prompt Regime: a \
    Measure-based Perspective\", arXiv 2512.11784, ICML 2026, section 2";
const PAPER_LEMMA_2_1: &str = "E. Boursier, C. Boyer, \"Softmax as Linear Attention in the Large-Prompt Regime: \
    a Measure-based Perspective\", arXiv 2512.11784, ICML 2026, Lemma 2.1";
const PAPER_PROPOSITION_3_1: &str = "this project, docs/theory.md section 8; makes explicit Proposition 3.1 of \
    E. Boursier, C. Boyer, \"Softmax as Linear Attention in the Large-Prompt Regime: a Measure-based \
    Perspective\", arXiv 2512.11784, ICML 2026";

const fn constant(symbol: &'static str, meaning: &'static str) -> Constant {
    Constant { symbol, meaning }
}

const fn location(path: &'static str, file: &'static str) -> Location {
    Location { path, file }
}

const LENGTH: Constant = constant("L", "prompt length");
const RHO: Constant = constant(
    "rho",
    "E w^2 = exp(Lam(2a) - 2 Lam(a)), w = exp(<a,X> - Lam(a))",
);
const KAPPA: Constant = constant("kap", "E w^-1 = exp(Lam(a) + Lam(-a))");
const A2: Constant = constant("A2", "E[w^2 |f|^2]");
const F0: Constant = constant("F0", "E|f|^2");
const SIGMA: Constant = constant(
    "sigma^2",
    "variance proxy: E e^{<v,X>} <= e^{sigma^2 |v|^2 / 2} for all v, X centred",
);
const TILT: Constant = constant("a", "tilt vector U z + b of the query z");
