//! T10 `risk-transfer`: the ingredients of the paper's Theorem 4.3 for in-context regression, with numbers.

use nalgebra::DMatrix;

use crate::bound::gradient::gaussian::GaussianGradient;
use crate::bound::theorem::{ProofStatus, Statement, Theorem};
use crate::bound::vocabulary::{LENGTH, constant, location};
use crate::bound::{UniformKeyQueryGradient, UniformRate, ValueSpectrum};
use crate::error::{Error, Result};
use crate::parameter::{Dimension, VarianceProxy};

impl Theorem {
    /// T10 `risk-transfer`: The finite-prompt flow ends as well as the infinite one, up to explicit gaps.
    pub const RISK_TRANSFER: Theorem = Theorem::new(&Statement {
        id: "T10",
        name: "risk-transfer",
        title: "The finite-prompt flow ends as well as the infinite one, up to explicit gaps",
        statement: "lim R_L(theta_L(t)) <= R_inf(theta_inf(T)) + |grad R_inf| r + (|Hess| + H r) r^2/2 + g1, \
        if g2 (e^{beta T} - 1)/beta <= r; g1 = sqrt(E|l'(T)|^2 MSE) + MSE/2, \
        g2 = sqrt(E|J_L - J|^2 E|l'(T)|^2) + sqrt(E|J_L|^2 MSE)",
        hypotheses: &[
            "loss 1-smooth in the output; both flows from one start",
            "g1, g2 hold within r of theta_inf(t) for t <= T; beta is a Lipschitz constant of grad R_inf there",
            "the numbers: T11's task, |Sig^{1/2} A Sig^{1/2}| <= alpha, MSE by T7.gaussian, E|J_L - J|^2 by T9.key-query.gaussian-query",
        ],
        constants: &[
            LENGTH,
            constant("MSE", "E|That - T|^2"),
            constant("J_L, J", "derivatives of That and T in the parameters"),
            constant(
                "H",
                "(4/sqrt 3) tau^2 |Sig|^3 (|b| + |A|_F), a Lipschitz constant of the Hessian of R_inf",
            ),
        ],
        proof_idea: "Smoothness and Cauchy-Schwarz give g1 and g2; Gronwall's inequality keeps the flows together up to T; \
        R_L decreases along its own flow.",
        source: "this project, docs/theory.md section 13; makes explicit Theorem 4.3 of E. Boursier, C. Boyer, \"Softmax as Linear \
        Attention in the Large-Prompt Regime: a Measure-based Perspective\", arXiv 2512.11784, ICML 2026",
        location: location(
            "bound::RegressionClass",
            "src/bound/regression/risk_transfer.rs",
        ),
        status: ProofStatus::ProvedOnPaper,
        lemmas: &[],
    });
}

/// The heads with `|Sig^{1/2} A Sig^{1/2}| <= alpha`, for a task of T11.
///
/// In the coordinates `x = Sig^{1/2} xi` the tokens are `(xi, noise / sqrt v)`, standard normal in dimension `d + 1` whatever `w`; the query is a
/// standard normal `g` in dimension `d`, the key-query matrix has the norm `alpha`, and averaging over `w ~ N(0, tau^2 I)` turns the label
/// `<w, x> + noise` into the value matrix `V = diag(tau Sig^{1/2}, sqrt v)`. Hence, with `M` the bound of T7.gaussian and `K` that of
/// T9.key-query.gaussian-query for this `V` and `sigma = varsigma = 1`, `|U| = alpha`,
///
/// `E (That - T)^2 <= b^2 M(L)`,   `E |J_L - J|^2 <= b^2 |Sig|^2 K(L) + M(L)`,
///
/// for the output and its derivative `J` in `(A, b)`.
#[derive(Debug, Clone)]
pub struct RegressionClass {
    output: UniformRate,
    covariance: UniformKeyQueryGradient,
    largest: f64,
}

/// `M(L)` and `|Sig|^2 K(L)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RegressionErrors {
    /// `M(L)`: squared output error at `b = 1`.
    pub output: f64,
    /// `|Sig|^2 K(L)`: squared error of the derivative in `A`, at `b = 1`.
    pub derivative: f64,
}

/// What else the gaps of T10 depend on, at one head or over a set of heads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeadSizes {
    /// At least `|b|`.
    pub value: f64,
    /// At least `R_inf`.
    pub risk: f64,
    /// At least `sqrt(E |J|^2)`, `|J|^2 = b^2 |Sig w|^2 |x|^2 + (w^T Sig A x)^2`.
    pub derivative: f64,
}

impl RegressionClass {
    /// From the eigenvalues of `Sig`, the noise variance, `tau^2` and `alpha`.
    ///
    /// # Errors
    /// If there are no eigenvalues, one is not positive, or `alpha` is not a number, at least 0 and below `1e50`.
    pub fn new(
        eigenvalues: &[f64],
        noise_variance: f64,
        weight_variance: f64,
        alpha: f64,
    ) -> Result<Self> {
        let dimension = Dimension::new(eigenvalues.len())?;
        let tokens = Dimension::new(eigenvalues.len() + 1)?;
        let one = VarianceProxy::new(1.0)?;
        let mut squares: Vec<f64> = eigenvalues.iter().map(|l| weight_variance * l).collect();
        squares.push(noise_variance);
        if !(squares.iter().all(|s| *s >= 0.0) && noise_variance < f64::INFINITY) {
            return Err(Error::Parameter {
                parameter: "an eigenvalue of Sig or a variance",
                value: format!("{squares:?}"),
                required: "a finite number, at least 0",
                theorem: Some("T10"),
            });
        }
        let values = ValueSpectrum::from_eigenvalues(squares.clone())?;
        let value = DMatrix::from_diagonal(&nalgebra::DVector::from_vec(squares).map(f64::sqrt));
        let identity = DMatrix::identity(tokens.get(), tokens.get());
        let gaussian = GaussianGradient::new(&identity, &value)?;
        Ok(Self {
            output: UniformRate::new(one, one, alpha, dimension, values.clone())?,
            covariance: UniformKeyQueryGradient::new(
                (one, one),
                alpha,
                (dimension, tokens),
                values,
                Some(gaussian),
            )?,
            largest: eigenvalues.iter().copied().fold(0.0, f64::max),
        })
    }

    /// `M(L)` and `|Sig|^2 K(L)` for a whole number `L >= 2` of any size.
    ///
    /// # Errors
    /// If `length` is not a whole number from 2 to `1e200`.
    pub fn errors(&self, length: f64) -> Result<RegressionErrors> {
        if !(length >= 2.0 && length <= 1e200 && length.fract() == 0.0) {
            return Err(Error::Parameter {
                parameter: "L",
                value: length.to_string(),
                required: "a whole number from 2 to 1e200",
                theorem: Some("T10"),
            });
        }
        Ok(RegressionErrors {
            output: self.output.gaussian_query_value(length),
            derivative: self.largest * self.largest * self.covariance.gaussian_query_value(length),
        })
    }
}

impl RegressionErrors {
    /// `g1`: a bound of `|R_L - R_inf|`, `sqrt(2 R_inf MSE) + MSE / 2` with `MSE = b^2 M`.
    pub fn risk_gap(&self, sizes: &HeadSizes) -> f64 {
        let squared = sizes.value * sizes.value * self.output;
        (2.0 * sizes.risk * squared).sqrt() + 0.5 * squared
    }

    /// `g2`: a bound of `|grad R_L - grad R_inf|`, `sqrt(E|J_L - J|^2 2 R_inf) + sqrt(E|J_L|^2 MSE)`.
    pub fn gradient_gap(&self, sizes: &HeadSizes) -> f64 {
        let square = sizes.value * sizes.value;
        let derivative = (square * self.derivative + self.output).sqrt();
        // sqrt(E|J_L|^2) by the triangle inequality.
        let size = sizes.derivative + derivative;
        derivative * (2.0 * sizes.risk).sqrt() + size * (square * self.output).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use crate::bound::regression::risk_transfer::*;

    #[test]
    fn the_gaps_are_their_formulas() {
        let errors = RegressionErrors {
            output: 4.0,
            derivative: 9.0,
        };
        let sizes = HeadSizes {
            value: 2.0,
            risk: 8.0,
            derivative: 3.0,
        };
        // MSE = 16: sqrt(2 * 8 * 16) + 16/2.
        approx::assert_relative_eq!(errors.risk_gap(&sizes), 24.0, max_relative = 1e-15);
        // E|J_L - J|^2 = 40: sqrt(40) sqrt(16) + (3 + sqrt(40)) sqrt(16).
        let wanted = 12.0 + 8.0 * 40f64.sqrt();
        approx::assert_relative_eq!(errors.gradient_gap(&sizes), wanted, max_relative = 1e-15);
    }
}
