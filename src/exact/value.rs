//! What an exact value is.

use serde::Serialize;

/// A value computed without simulation, with an estimate of its absolute numerical error.
///
/// The estimate is twice the disagreement of two resolutions plus an allowance for rounding, `1e-13` of the value. For
/// finitely supported laws the second has twice the step in `ln t`; for continuous laws it has a step about a
/// quarter larger in `ln t` and in the score and a narrower score window
/// ([`Resolution`](crate::law::Resolution)). Values that are sums over atoms (finite laws, mixtures, spheres, cubes) add
/// bounds of the rounding of scores, outputs, sums and powers, node by node, and of what the ends of the lattice
/// leave out (theory, section 3). Averages over a Gaussian query add the disagreement of two
/// lattices in the score variance. A squared error is never negative. An [`Exact`] is not a bound and not an estimate of a random quantity:
/// there is no conversion between the three.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Exact {
    /// The value.
    pub value: f64,
    /// Absolute error estimate.
    pub error: f64,
}

/// Relative allowance for rounding in the sums of one evaluation.
///
/// The largest single contribution is the exponent `(L - 1) ln phi`, of size up to about 50 where the
/// integrand matters and known to about `1e-15` relative; the allowance is twice what that gives.
pub(crate) const ROUNDING: f64 = 1e-13;

/// Half the distance of 1 and the next float: the relative error of one rounding.
pub(in crate::exact) const UNIT: f64 = 0.5 * f64::EPSILON;

impl Exact {
    /// The finer of two resolutions; their difference, doubled, and the rounding allowance are the error.
    pub(in crate::exact) fn from_resolutions(fine: f64, coarse: f64) -> Self {
        Self {
            value: fine,
            error: 2.0 * (fine - coarse).abs() + ROUNDING * fine.abs(),
        }
    }

    /// For a quantity that is not negative: the interval of value and error, cut off at 0.
    ///
    /// Where terms cancel to all digits a sum may come out below 0. The value then is 0, and the error reaches as far as
    /// the interval did, or as far as the sum is off for certain.
    pub(in crate::exact) fn non_negative(self) -> Self {
        if self.value < 0.0 {
            Self {
                value: 0.0,
                error: (self.value + self.error).max(-self.value),
            }
        } else {
            self
        }
    }

    /// The value times a number that is taken as exact.
    pub(in crate::exact) fn scaled(self, factor: f64) -> Self {
        Self {
            value: factor * self.value,
            error: factor.abs() * self.error,
        }
    }

    /// A sum; the errors add up.
    pub(in crate::exact) fn plus(self, other: Self) -> Self {
        Self {
            value: self.value + other.value,
            error: self.error + other.error,
        }
    }
}
