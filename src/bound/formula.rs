//! A bound as a formula with the floats at which it was evaluated.
//!
//! [`Bound::value`](super::Bound::value) is at least the real number that the formula has at these floats; a
//! certificate states that inequality for Coq. The functions are those of proofs/certificate/bounds_definitions.v.

/// `A2 = E[w^2 |f|^2]`, or an upper bound of it.
#[derive(Debug, Clone, PartialEq)]
pub enum SecondMoment {
    /// `e^{x}`; `-inf` is zero.
    Exponential(f64),
    /// `e^{2 y} (8 y + D_lam(c)) / lam` of T6, with `y = sigma^2 |a|^2` and `|c|^2 = 4 y sigma^2 |V|^2`.
    SubGaussian(SubGaussianClass),
}

/// The class of laws that T6 knows, at one tilt and one `lam`.
#[derive(Debug, Clone, PartialEq)]
pub struct SubGaussianClass {
    /// `y = sigma^2 |a|^2`.
    pub energy: f64,
    /// `sigma^2`.
    pub sigma_squared: f64,
    /// The eigenvalues of `V V^T`; zeros may be left out.
    pub eigenvalues: Vec<f64>,
    /// The largest of them, `|V|^2`.
    pub largest: f64,
    /// `lam`.
    pub lambda: f64,
}

/// A bound of an inverse moment `I_k(n)`: `th`, and whether the Laplace integral is split once or twice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InverseMomentForm {
    /// `th`.
    pub theta: f64,
    /// True for two splits.
    pub two_splits: bool,
}

/// A bound as a formula at floats. `L` is an integer of at most 2^53, hence a float.
#[derive(Debug, Clone, PartialEq)]
#[allow(
    missing_docs,
    reason = "the fields are the symbols of the theory pages"
)]
pub enum Formula {
    /// A number.
    Constant(f64),
    /// The trivial bound `L F0`.
    Jensen { length: f64, f0: f64 },
    /// The trivial bound `tau_V + eta` of Gaussian tokens.
    Variance { tau_v: f64, eta: f64 },
    /// T4.
    Chernoff {
        a2: SecondMoment,
        f0: f64,
        ln_rho: f64,
        length: f64,
        delta: f64,
    },
    /// T4 for Gaussian tokens.
    GaussianChernoff {
        score_variance: f64,
        tau_v: f64,
        eta: f64,
        length: f64,
        delta: f64,
    },
    /// T4, tail form.
    ChernoffTail {
        ln_a2: f64,
        ln_rho: f64,
        length: f64,
        delta: f64,
        deviation: f64,
    },
    /// T5.
    Laplace {
        a2: SecondMoment,
        ln_rho: f64,
        ln_kappa: f64,
        length: f64,
        second: InverseMomentForm,
        fourth: InverseMomentForm,
    },
    /// T5 for Gaussian tokens.
    GaussianLaplace {
        score_variance: f64,
        tau_v: f64,
        eta: f64,
        length: f64,
        second: InverseMomentForm,
    },
    /// T5, participation form.
    Participation {
        ln_rho: f64,
        ln_kappa: f64,
        length: f64,
        second: InverseMomentForm,
    },
    /// T6, any length.
    Crude {
        class: SubGaussianClass,
        length: f64,
    },
    /// An average of bounds, divided by the sum of the weights.
    Average(Vec<Part>),
}

/// A bound in an average.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Its weight.
    pub weight: f64,
    /// Its value, at least that of the formula.
    pub value: f64,
    /// The formula.
    pub formula: Formula,
}
