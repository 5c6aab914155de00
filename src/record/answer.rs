//! Answers of one value: the smallest prompt length, and the rate.

use serde::Serialize;

use crate::bound::Theorem;
use crate::exact::Exact;
use crate::record::{Cell, QueryLabel};

/// The smallest prompt length at which an error is at most `epsilon`.
#[derive(Debug, Clone, PartialEq)]
pub struct LengthAnswer {
    /// One line that describes law, query and head.
    pub description: String,
    /// For which query.
    pub query: QueryLabel,
    /// The threshold of the squared error `E |That - T|^2`.
    pub epsilon: f64,
    /// `|T|^2`, if the threshold was given relative to it (`epsilon` is then the product).
    pub relative_to: Option<f64>,
    /// Smallest length from which on the exact error is at most `epsilon`, or why there is none.
    pub exact: Cell<ReachedLength>,
    /// Smallest length from which on the best bounds prove it, or why there is none.
    pub bound: Cell<ReachedLength>,
    /// Remarks.
    pub notes: Vec<String>,
}

/// A prompt length and what is reached there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReachedLength {
    /// The prompt length `L`.
    pub length: u64,
    /// The exact value or the bound at this length.
    pub value: f64,
    /// The theorem of the bound; `None` for an exact value.
    pub theorem: Option<Theorem>,
    /// A shorter length at which it is at most `epsilon` too, but not at every longer one.
    pub earlier: Option<u64>,
}

/// How fast the error falls with the prompt length.
#[derive(Debug, Clone, PartialEq)]
pub struct RateAnswer {
    /// One line that describes law, query and head.
    pub description: String,
    /// `lam = |Gamma^{1/2} U Sig_z^{1/2}|_op^2` (T8), or why there is none.
    pub lambda: Cell<f64>,
    /// The exponent `kappa(lam)` of T8.
    pub kappa: Cell<f64>,
    /// `lim L E |That - T|^2` (T8, a theorem), or why there is none.
    pub limiting_constant: Cell<f64>,
    /// Slopes `-d ln(error) / d ln(L)` between neighbouring lengths.
    pub slopes: Vec<LocalSlope>,
    /// The same of the bounds that prove the exponent of T8 (T15 and T19), for Gaussian tokens.
    pub bound_slopes: Vec<(Theorem, Vec<LocalSlope>)>,
    /// What larger and smaller scores do, if that was asked for.
    pub temperatures: Vec<TemperatureLine>,
    /// Remarks.
    pub notes: Vec<String>,
}

/// `-(ln error(to) - ln error(from)) / (ln to - ln from)`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LocalSlope {
    /// The shorter prompt.
    pub from: u64,
    /// The longer prompt.
    pub to: u64,
    /// The slope; 1 is the rate `1 / L`.
    pub slope: f64,
}

/// Attention with every score multiplied by a factor (an inverse temperature), averaged over the query law.
#[derive(Debug, Clone, PartialEq)]
pub struct TemperatureLine {
    /// The factor `beta`: the tilt is `beta a`.
    pub factor: f64,
    /// The prompt length `L`.
    pub length: u64,
    /// `E H` in nats (T18): `ln L` for uniform weights, 0 where one token has all the weight.
    pub entropy: Cell<Exact>,
    /// `E P_2`: `1/L` and 1 there.
    pub participation: Cell<Exact>,
    /// `E|That - T|^2`, `T` of the same factor.
    pub error: Cell<Exact>,
}
