//! What an exact value is.

use serde::{Serialize, Serializer};

/// A value computed without simulation, with its absolute numerical error.
///
/// If it is proved (T16 `exact-enclosure`) the truth lies between [`Exact::lower`] and [`Exact::upper`]: the error is a bound of
/// everything that separates the number from the truth (the lattice in `ln t`, its ends, what represents the law,
/// and every rounding; theory, section 3). Otherwise [`Exact::unproved`] says why, and the error is an estimate: twice the disagreement
/// of two resolutions ([`Resolution`](crate::law::Resolution)), bounds of the rounding where there are some, and `1e-13` of the value.
/// A squared error is never negative. An [`Exact`] is no estimate of a random quantity, and only a proved one is a bound.
///
/// In JSON: `{"value", "error", "lower", "upper", "proved"}`, and `"reason"` where `proved` is false.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exact {
    /// The value.
    pub value: f64,
    /// Absolute error: a bound if the value is proved, an estimate otherwise.
    pub error: f64,
    /// Why the error is no bound; `None` if it is one.
    pub unproved: Option<&'static str>,
}

/// Relative allowance for rounding in the sums of one evaluation that is not proved.
///
/// The largest single contribution is the exponent `(L - 1) ln phi`, of size up to about 50 where the
/// integrand matters and known to about `1e-15` relative; the allowance is twice what that gives.
pub(crate) const ROUNDING: f64 = 1e-13;

/// Half the distance of 1 and the next float: the relative error of one rounding.
pub(crate) const UNIT: f64 = 0.5 * f64::EPSILON;
/// A margin of error bounds for their own rounding and for products of two errors.
pub(in crate::exact) const MARGIN: f64 = 1.001;

impl Exact {
    /// 0, exactly.
    pub const ZERO: Self = Self::proved(0.0, 0.0);
    /// 1, exactly.
    pub const ONE: Self = Self::proved(1.0, 0.0);

    /// A value whose error is bounded.
    pub const fn proved(value: f64, error: f64) -> Self {
        Self {
            value,
            error,
            unproved: None,
        }
    }

    /// A value whose error is an estimate, for this reason.
    pub const fn estimated(value: f64, error: f64, why: &'static str) -> Self {
        Self {
            value,
            error,
            unproved: Some(why),
        }
    }

    /// Lower end of the enclosure, rounded down; a lower bound if the value is proved.
    pub fn lower(&self) -> f64 {
        if self.error == 0.0 {
            self.value
        } else {
            (self.value - self.error).next_down()
        }
    }

    /// Upper end of the enclosure, rounded up; an upper bound (T16) if the value is proved.
    pub fn upper(&self) -> f64 {
        if self.error == 0.0 {
            self.value
        } else {
            (self.value + self.error).next_up()
        }
    }

    /// The finer of two resolutions; their difference, doubled, and the rounding allowance are the error.
    pub(in crate::exact) fn from_resolutions(fine: f64, coarse: f64, why: &'static str) -> Self {
        Self::estimated(
            fine,
            2.0 * (fine - coarse).abs() + ROUNDING * fine.abs(),
            why,
        )
    }

    /// For a quantity that is not negative: the interval of value and error, cut off at 0.
    ///
    /// Where terms cancel to all digits a sum may come out below 0. The value then is 0, and the error reaches as far as
    /// the interval did, or as far as the sum is off for certain.
    pub(crate) fn non_negative(self) -> Self {
        if self.value < 0.0 {
            Self {
                value: 0.0,
                error: (self.value + self.error).max(-self.value),
                ..self
            }
        } else {
            self
        }
    }

    /// The same with more error.
    pub(in crate::exact) fn widened(self, by: f64) -> Self {
        Self {
            error: self.error + by,
            ..self
        }
    }

    /// The value times a number that is taken as exact.
    pub(crate) fn scaled(self, factor: f64) -> Self {
        let value = factor * self.value;
        Self {
            value,
            error: (factor.abs() * self.error + 2.0 * UNIT * value.abs()) * (1.0 + 8.0 * UNIT)
                + underflow(factor, self.value),
            ..self
        }
    }

    /// A product. It is proved if both factors are.
    pub(in crate::exact) fn times(self, other: Self) -> Self {
        let value = self.value * other.value;
        let error = self.error * (other.value.abs() + other.error) + self.value.abs() * other.error;
        Self {
            value,
            error: (error + UNIT * value.abs()) * (1.0 + 8.0 * UNIT)
                + underflow(self.value, other.value),
            unproved: self.unproved.or(other.unproved),
        }
    }

    /// A sum; the errors add up. It is proved if both terms are.
    pub(crate) fn plus(self, other: Self) -> Self {
        let value = self.value + other.value;
        Self {
            value,
            error: (self.error + other.error + UNIT * value.abs()) * (1.0 + 8.0 * UNIT),
            unproved: self.unproved.or(other.unproved),
        }
    }
}

impl Exact {
    /// The average with these weights, divided by their sum (weights that are floats need not add up to 1); proved if every value is.
    pub(crate) fn average(terms: impl IntoIterator<Item = (Self, f64)>) -> Self {
        let (mut sum, mut total, mut size, mut count) = (Self::ZERO, 0.0, 0.0, 0.0);
        for (term, weight) in terms {
            sum = sum.plus(term.scaled(weight));
            total += weight;
            size += weight * term.value.abs();
            count += 1.0;
        }
        // The sum of the weights and its reciprocal.
        let share = 1.0 / total;
        sum.scaled(share)
            .widened((count + 2.0) * UNIT * size * share)
    }
}

/// What a product may lose at the least floats, its error included.
fn underflow(x: f64, y: f64) -> f64 {
    if x == 0.0 || y == 0.0 || (x * y).abs() > 1e-290 {
        0.0
    } else {
        4.0 * f64::from_bits(1)
    }
}

/// An [`Exact`] as JSON has it.
#[derive(Serialize)]
pub(crate) struct ExactRecord {
    value: f64,
    error: f64,
    lower: f64,
    upper: f64,
    proved: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

impl Exact {
    /// The record; of a quantity that is known to be at least `least`.
    pub(crate) fn record(&self, least: f64) -> ExactRecord {
        ExactRecord {
            value: self.value,
            error: self.error,
            lower: self.lower().max(least),
            upper: self.upper(),
            proved: self.unproved.is_none(),
            reason: self.unproved,
        }
    }
}

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.record(f64::NEG_INFINITY).serialize(serializer)
    }
}
