//! The constants of Gaussian tokens at one tilt: `s^2`, `tau_V` and `eta`, from matrices and rounded up.

use nalgebra::{DMatrix, DVector};

use crate::bound::moments::check_exponent;
use crate::error::{Error, Result};
use crate::interval::Interval;
use crate::parameter::refused;

/// Gaussian tokens seen through one head and one tilt: all that T3 and T5 need of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GaussianOutput {
    score_variance: f64,
    tau_v: f64,
    eta: f64,
}

impl GaussianOutput {
    /// From `s^2 = a^T Gamma a`, `tau_V = tr(V Gamma V^T)` and `eta = |V Gamma a|^2`: finite, at least 0.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless `0 <= s^2 <= 1e100` and the others are at least 0 and at most a quarter of the
    /// largest float.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::bound::{GaussianOutput, KnownMoments};
    ///
    /// // ln rho = s^2, F0 = tau_V + eta.
    /// let known = KnownMoments::gaussian(GaussianOutput::new(0.5, 2.0, 1.0)?);
    /// assert_eq!((known.ln_rho(), known.f0()), (0.5, 3.0));
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn new(score_variance: f64, tau_v: f64, eta: f64) -> Result<Self> {
        check_exponent("s^2", score_variance)?;
        for (name, value) in [("tau_V", tau_v), ("eta", eta)] {
            if !(0.0..=f64::MAX / 4.0).contains(&value) {
                return refused(name, value, "a finite number, at least 0");
            }
        }
        Ok(Self {
            score_variance,
            tau_v,
            eta,
        })
    }

    /// From the covariance `Gamma` (`d x d`), the value matrix `V` (`m x d`) and the tilt `a` (`d`), all taken as
    /// the floats they are: the least floats known to be at least `s^2`, `tau_V` and `eta`.
    ///
    /// `s^2` and `eta` are upper ends of interval dot products, `tau_V` is [`output_variance`].
    ///
    /// # Errors
    /// [`Error::Shape`] if the shapes do not fit; [`Error::Parameter`] if `a^T Gamma a` is below
    /// `-8 d epsilon |Gamma|_F |a|^2`, the
    /// rounding of a covariance that was computed, and as [`GaussianOutput::new`].
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::bound::GaussianOutput;
    /// use attention_bounds::nalgebra::{self, dmatrix, dvector};
    ///
    /// let output = GaussianOutput::of(&dmatrix![2.0], &dmatrix![3.0], &dvector![0.5])?;
    /// let (s2, tau, eta) = (output.score_variance(), output.tau_v(), output.eta());
    /// assert!(s2 >= 0.5 && tau >= 18.0 && eta >= 9.0 && s2 + tau + eta < 27.5 + 1e-12);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn of(
        covariance: &DMatrix<f64>,
        value: &DMatrix<f64>,
        tilt: &DVector<f64>,
    ) -> Result<Self> {
        let d = tilt.len();
        if covariance.shape() != (d, d) || value.ncols() != d {
            return Err(Error::shape(
                "the Gaussian output",
                format!(
                    "covariance {:?}, value {:?}, tilt {d}",
                    covariance.shape(),
                    value.shape()
                ),
                "covariance (d, d), value (m, d), tilt d",
            ));
        }
        let image: Vec<Interval> = covariance
            .row_iter()
            .map(|row| Interval::dot(row.iter(), tilt.iter()))
            .collect();
        let score_variance = Interval::dot_with(tilt.iter(), &image);
        let eta: Interval = value
            .row_iter()
            .map(|row| Interval::dot_with(row.iter(), &image).square())
            .sum();
        // Of a covariance it is not negative; of one that is so up to rounding it may be, by as much. Anything below shows
        // that the matrix is no covariance.
        let size = Interval::point(covariance.norm()) * Interval::norm_squared(tilt.iter());
        let rounding = 8.0 * d as f64 * f64::EPSILON * size.upper();
        let score_variance = if score_variance.upper() >= -rounding {
            score_variance.known_non_negative()
        } else {
            score_variance
        };
        Self::new(
            score_variance.upper(),
            output_variance(covariance, value),
            eta.upper(),
        )
    }

    /// Variance of the score, `s^2` (an upper bound, if it was made of matrices).
    pub fn score_variance(&self) -> f64 {
        self.score_variance
    }

    /// Variance of the output, `tau_V`.
    pub fn tau_v(&self) -> f64 {
        self.tau_v
    }

    /// `eta = |V Gamma a|^2`, the squared norm of the centred attention output.
    pub fn eta(&self) -> f64 {
        self.eta
    }
}

/// A float that is at least `tau_V = tr(V Gamma V^T)`, for `Gamma` (`d x d`) and `V` (`m x d`) taken as the floats they
/// are; `NaN` if
/// it is negative beyond rounding.
///
/// The trace is computed in plain floats, `md` products of sums of `d`. By the standard error analysis, for
/// any order of summation and `u = 2^-53`, it is off by at most `(d + m d + 2) u / (1 - (d + m d + 2) u)` times
/// `sum |V_kj| |Gamma_ji| |V_ki|`, which is computed in the same way and widened by its own error.
pub fn output_variance(covariance: &DMatrix<f64>, value: &DMatrix<f64>) -> f64 {
    let computed = (value * covariance).dot(value);
    let sizes = value.abs();
    let scale = (&sizes * covariance.abs()).dot(&sizes);
    let terms = value.ncols() as f64 * (1.0 + value.nrows() as f64) + 2.0;
    let gamma = 0.5 * f64::EPSILON * terms * (1.0 + 2.0 * f64::EPSILON * terms);
    // What underflows in a product is at most the least positive float each, times an entry of V.
    let underflow = if value.amax() == 0.0 || covariance.amax() == 0.0 {
        0.0
    } else {
        terms * value.ncols() as f64 * f64::from_bits(1) * (1.0 + value.amax())
    };
    let error = Interval::point(gamma)
        * (Interval::point(scale) * Interval::point(1.0 + 4.0 * gamma))
        + Interval::point(underflow);
    let upper = (Interval::point(computed) + error).upper();
    if upper < 0.0 { f64::NAN } else { upper }
}
