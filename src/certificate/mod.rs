//! Certificates: for every printed bound a Coq lemma that it is at least the theorem's formula.
//!
//! A lemma states that a function of proofs/certificate/bounds_definitions.v, at the exact rationals of the floats
//! that the record of the bound reports, is at most the printed decimal. It is proved by interval arithmetic computed
//! inside Coq on binary integers, so it rests on the axioms of Coq's real numbers and on nothing of this program: not
//! its rounding, not its elementary functions, not its decimal conversion.
//!
//! What a certificate does not say: that the floats are upper bounds of the constants of the law (see
//! docs/rounding.md), that the arguments lie in the ranges of the theorem, and that the function bounds the error,
//! which is the theorem (proofs/README.md).
//!
//! | bound | certificate |
//! |---|---|
//! | trivial, T4, T4.tail, T5, T5.participation, T6.chernoff, T6.laplace, T6.crude at one query | the formula |
//! | their averages over a list of queries, and T6 of a list | the average of the formulas, each with its own lemma |
//! | averages over a Gaussian query, T7 | none: an integral and a supremum, which are left out with that reason |

mod lemma;
mod library;
mod rational;
mod run;
mod term;

pub use lemma::{Certificates, LeftOut, Lemma};
pub use rational::{decimal, exact};
pub use run::{Proved, find_coq, run};
