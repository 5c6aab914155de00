//! What T10 knows of a regression task and of a set of heads.

use crate::error::{Error, Result};

/// Relative room for the rounding of norms and products in plain floats: thousands of times what they lose.
const ROUNDING: f64 = 1e-10;

/// The constants of `x ~ N(0, Sig)`, `w ~ N(0, tau^2 I)`, noise variance `v` that T10 uses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RegressionConstants {
    /// `d`.
    pub dimension: usize,
    /// `|Sig|_op`.
    pub largest: f64,
    /// `tr Sig`.
    pub trace: f64,
    /// `tr Sig^2`.
    pub square_trace: f64,
    /// `v`.
    pub noise_variance: f64,
    /// `tau^2`.
    pub weight_variance: f64,
}

impl RegressionConstants {
    /// From the eigenvalues of `Sig`, `v` and `tau^2`; the first three are raised by a relative `1e-10` for rounding.
    ///
    /// # Errors
    /// Unless the eigenvalues are positive and finite, there is one at least, `v >= 0` and `tau^2 > 0`.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::bound::regression::gaussian::RegressionConstants;
    ///
    /// let constants = RegressionConstants::new(&[1.0, 2.0], 0.5, 0.1)?;
    /// assert!((constants.label_variance() - 0.8).abs() < 1e-9);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn new(eigenvalues: &[f64], noise_variance: f64, weight_variance: f64) -> Result<Self> {
        let accepted = !eigenvalues.is_empty()
            && eigenvalues.iter().all(|l| *l > 0.0 && *l < f64::INFINITY)
            && noise_variance >= 0.0
            && noise_variance < f64::INFINITY
            && weight_variance > 0.0
            && weight_variance < f64::INFINITY;
        if !accepted {
            return Err(Error::Parameter {
                parameter: "the eigenvalues of Sig, v, tau^2",
                value: format!("{eigenvalues:?}, {noise_variance}, {weight_variance}"),
                required: "positive eigenvalues, v at least 0 and tau^2 greater than 0, all finite",
                theorem: Some("T10"),
            });
        }
        let up = 1.0 + ROUNDING;
        Ok(Self {
            dimension: eigenvalues.len(),
            largest: eigenvalues.iter().copied().fold(0.0, f64::max) * up,
            trace: eigenvalues.iter().sum::<f64>() * up,
            square_trace: eigenvalues.iter().map(|l| l * l).sum::<f64>() * up,
            noise_variance,
            weight_variance,
        })
    }

    /// `c_0 = E y^2`.
    pub fn label_variance(&self) -> f64 {
        self.weight_variance * self.trace + self.noise_variance
    }
}

/// A set of heads `(A, b)`, by upper bounds of four norms on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeadSet {
    /// `k >= |Sig^{1/2} A Sig^{1/2}|_op`.
    pub alignment: f64,
    /// At least `|b|`.
    pub value: f64,
    /// `S >= |Sig A Sig^{1/2}|_F`.
    pub response: f64,
    /// At least `tau |(b Sig A - I) Sig^{1/2}|_F`, the root of twice the excess of `R_inf`.
    pub residual: f64,
}

impl HeadSet {
    /// The set that belongs to these norms, raised by a relative `1e-10` for their rounding.
    ///
    /// # Errors
    /// If one is not a finite number, at least 0.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::bound::regression::gaussian::{HeadSet, RegressionConstants};
    ///
    /// // tau = |Sig| = 1: |grad R_inf| <= residual sqrt(b^2 + S^2).
    /// let constants = RegressionConstants::new(&[1.0], 0.0, 1.0)?;
    /// let set = HeadSet::new(1.0, 3.0, 4.0, 0.5)?;
    /// assert!((set.gradient(&constants) - 2.5).abs() < 1e-8);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn new(alignment: f64, value: f64, response: f64, residual: f64) -> Result<Self> {
        let all = [alignment, value, response, residual];
        if let Some(bad) = all.iter().find(|x| !(**x >= 0.0 && **x < f64::INFINITY)) {
            return Err(Error::Parameter {
                parameter: "a norm of the heads",
                value: bad.to_string(),
                required: "a finite number, at least 0",
                theorem: Some("T10"),
            });
        }
        let up = 1.0 + ROUNDING;
        Ok(Self {
            alignment: alignment * up,
            value: value * up,
            response: response * up,
            residual: residual * up,
        })
    }

    /// Every head within distance `r` of the set (Frobenius norm of `A` and `b` together).
    #[must_use]
    pub fn widened(&self, constants: &RegressionConstants, r: f64) -> Self {
        let step = constants.largest * constants.largest.sqrt();
        let slope = self.slope(constants);
        Self {
            alignment: self.alignment + constants.largest * r,
            value: self.value + r,
            response: self.response + step * r,
            residual: self.residual
                + constants.weight_variance.sqrt() * r * (slope + 0.5 * step * r),
        }
    }

    /// The smallest set of this form that holds both.
    #[must_use]
    pub fn joined(&self, other: &Self) -> Self {
        Self {
            alignment: self.alignment.max(other.alignment),
            value: self.value.max(other.value),
            response: self.response.max(other.response),
            residual: self.residual.max(other.residual),
        }
    }

    /// `sqrt(b^2 |Sig|^3 + S^2)`, a bound of `|(b Sig D + e Sig A) Sig^{1/2}|_F` for `|D|_F^2 + e^2 = 1`.
    fn slope(&self, constants: &RegressionConstants) -> f64 {
        (self.value * constants.largest * constants.largest.sqrt()).hypot(self.response)
    }

    /// At least `|grad R_inf|` on the set: `tau residual sqrt(b^2 |Sig|^3 + S^2)`.
    pub fn gradient(&self, constants: &RegressionConstants) -> f64 {
        constants.weight_variance.sqrt() * self.residual * self.slope(constants)
    }

    /// `beta`, at least the operator norm of the Hessian of `R_inf` on the set: `tau^2 (b^2 |Sig|^3 + S^2) + tau |Sig|^{3/2} residual`.
    pub fn curvature(&self, constants: &RegressionConstants) -> f64 {
        let step = constants.largest * constants.largest.sqrt();
        let slope = self.slope(constants);
        constants.weight_variance * slope * slope
            + constants.weight_variance.sqrt() * step * self.residual
    }

    /// At least the Lipschitz constant of the Hessian of `R_inf` on a convex part of the set: `3 tau^2 |Sig|^{3/2} sqrt(b^2 |Sig|^3 + S^2)`.
    pub fn curvature_slope(&self, constants: &RegressionConstants) -> f64 {
        let step = constants.largest * constants.largest.sqrt();
        3.0 * constants.weight_variance * step * self.slope(constants)
    }
}

/// At least the fourth derivative of `R_inf` along a line, at every head: `3 tau^2 |Sig|^3`.
pub fn fourth_derivative(constants: &RegressionConstants) -> f64 {
    3.0 * constants.weight_variance * constants.largest.powi(3)
}
