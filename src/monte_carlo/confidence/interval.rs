//! Confidence limits and p-values of estimates.
//!
//! * **Means** ([`Estimate`]): Student's t with Hall's correction for skewness. With `t = (mean - theta) / se`,
//!   skewness `gamma` and `b = gamma / (3 sqrt(n))`, the number `g(t) = t + b t^2 + b^2 t^3 / 3 + b / 2` is normal up to
//!   `O(1/n)` (P. Hall, J. R. Stat. Soc. B 54, 1992, 221-228), while `t` itself is so up to `O(1/sqrt(n))`, and errs on
//!   the wrong side for upper limits of squared errors, which are skewed to the right. `g` is increasing, and
//!   is inverted in closed form. Levels are approximate: see [`Reliability`] for when not to trust them.
//! * **Probabilities** ([`Deviation`]): the exact binomial limits of Clopper and Pearson. Coverage is at least
//!   what is asked for, at any number of prompts.
//! * **Quantiles** ([`Histogram`]): order statistics whose ranks come from the binomial law. Coverage is at least
//!   what is asked for, for any distribution.
//!
//! Tails and their inverses are those of [`super::tails`], at any level that is a float.

use std::f64::consts::LN_2;

use serde::Serialize;

use super::tails::{
    Odds, binomial_lower_quantile, binomial_quantile, degrees, last_rank, ln_binomial_upper,
    ln_student_quantile, student_upper,
};
use crate::monte_carlo::estimator::estimate::{Deviation, Estimate};
use crate::monte_carlo::estimator::histogram::Histogram;
use crate::parameter::ErrorProbability;

/// An estimate whose largest 1% of prompts carry more than this share of the sum is [`Reliability::HeavyTail`].
pub const HEAVY_SHARE: f64 = 0.15;

/// Lower and upper confidence limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ConfidenceInterval {
    /// Lower limit.
    pub lower: f64,
    /// Upper limit; infinite where the data give none.
    pub upper: f64,
}

/// Can the interval of a mean be trusted?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reliability {
    /// Yes: nothing speaks against it.
    Reliable,
    /// The largest 1% of the prompts carry more than [`HEAVY_SHARE`] of the sum: the variance of the sample
    /// says too little about that of the law, and the mean is too small more often than not. An upper limit
    /// then means nothing; a lower limit keeps its meaning, for such a mean errs downwards.
    ///
    /// The threshold is measured: docs/validation.md has the coverage of 95% intervals by share.
    HeavyTail,
    /// What so many prompts may all have missed can move the mean by more than the interval is wide: rare tokens
    /// or queries that carry much. Known from the laws, not from the sample.
    Unseen,
}

impl Estimate {
    /// Limits such that the interval covers the true mean with probability about `1 - error`, half of the
    /// error on each side.
    pub fn interval(&self, error: ErrorProbability) -> ConfidenceInterval {
        let quantile = ln_student_quantile(ln_half(error), degrees(self.prompts));
        ConfidenceInterval {
            lower: self.mean - self.standard_error * self.inverse(quantile),
            upper: self.mean - self.standard_error * self.inverse(-quantile),
        }
    }

    /// The p-value of the hypothesis that the true mean is at most `value`: how probable a mean as large as
    /// this one would be, if the true mean were `value`. About 1/2 where the two are equal up to rounding.
    pub fn p_above(&self, value: f64) -> f64 {
        student_upper(
            self.transform(self.standardised(value)),
            degrees(self.prompts),
        )
    }

    /// The p-value of the hypothesis that the true mean is at least `value`.
    pub fn p_below(&self, value: f64) -> f64 {
        student_upper(
            -self.transform(self.standardised(value)),
            degrees(self.prompts),
        )
    }

    /// `(mean - value) / standard error`; a difference of a few roundings counts as none.
    pub fn standardised(&self, value: f64) -> f64 {
        let difference = self.mean - value;
        if value.is_finite() && difference.abs() <= ROUNDING * self.mean.abs().max(value.abs()) {
            return 0.0;
        }
        difference / self.standard_error
    }

    /// What the sample says, see [`Reliability`]. `share` is the share of the largest prompts, [`Estimate::largest_share`]; for a quantity
    /// without one, that of the squared error it belongs to.
    pub fn reliability(share: Option<f64>) -> Reliability {
        match share {
            Some(share) if !(share <= HEAVY_SHARE) => Reliability::HeavyTail,
            _ => Reliability::Reliable,
        }
    }

    /// `b = gamma / (3 sqrt(n))`.
    fn bend(&self) -> f64 {
        self.skewness / (3.0 * (self.prompts as f64).sqrt())
    }

    /// Hall's `g`.
    fn transform(&self, t: f64) -> f64 {
        let b = self.bend();
        if t.is_infinite() {
            // Equal numbers have no skewness.
            return t;
        }
        t * (1.0 + b * t * (1.0 + b * t / 3.0)) + 0.5 * b
    }

    /// The `t` with `g(t) = u`: `(1 + b t)^3 = 1 + 3 b (u - b/2)`.
    fn inverse(&self, u: f64) -> f64 {
        let b = self.bend();
        let shifted = u - 0.5 * b;
        let cube = 3.0 * b * shifted;
        if b == 0.0 {
            shifted
        } else if cube > -0.5 {
            (cube.ln_1p() / 3.0).exp_m1() / b
        } else {
            ((1.0 + cube).cbrt() - 1.0) / b
        }
    }
}

/// Relative rounding of a mean over many prompts, and of the number it is compared with.
const ROUNDING: f64 = 1e-12;

/// Half of an error probability, one side of an interval, by its logarithm.
fn ln_half(error: ErrorProbability) -> f64 {
    error.get().ln() - LN_2
}

impl Deviation {
    /// Clopper and Pearson's limits: the true probability lies between them with probability at least
    /// `1 - error`.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::monte_carlo::Deviation;
    /// use attention_bounds::parameter::ErrorProbability;
    ///
    /// // Never in n prompts: (1 - upper)^n = error / 2.
    /// let limits = Deviation { threshold: 1.0, count: 0, prompts: 100 }.interval(ErrorProbability::new("error", 0.05)?);
    /// assert!(limits.lower == 0.0 && (limits.upper - (1.0 - 0.025f64.powf(0.01))).abs() < 1e-12);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn interval(&self, error: ErrorProbability) -> ConfidenceInterval {
        let (count, prompts) = (self.count, self.prompts);
        ConfidenceInterval {
            lower: if count == 0 {
                0.0
            } else {
                binomial_quantile(prompts, count, ln_half(error))
            },
            upper: if count >= prompts {
                1.0
            } else {
                binomial_lower_quantile(prompts, count, ln_half(error))
            },
        }
    }

    /// The p-value of the hypothesis that the probability is at most `value`; exact.
    pub fn p_above(&self, value: f64) -> f64 {
        ln_binomial_upper(self.prompts, Odds::of(value), self.count).exp()
    }

    /// The p-value of the hypothesis that the probability is at least `value`; exact.
    pub fn p_below(&self, value: f64) -> f64 {
        // P(Bin(n, p) <= k) = P(Bin(n, 1 - p) >= n - k).
        ln_binomial_upper(
            self.prompts,
            Odds::of(value).complement(),
            self.prompts.saturating_sub(self.count),
        )
        .exp()
    }

    /// The smallest probability that a test at this level, of the hypothesis that it is at most `value`,
    /// rejects with probability `power`; `None` if even the probability 1 would not be noticed.
    pub fn detectable(&self, value: f64, level: f64, power: f64) -> Option<f64> {
        // The tail falls as the count grows; a NaN rejects nothing.
        let tail = |count| ln_binomial_upper(self.prompts, Odds::of(value), count);
        let kept = |count| !(tail(count) <= level.ln());
        let rejected = last_rank(self.prompts, kept) + 1;
        (rejected <= self.prompts).then(|| binomial_quantile(self.prompts, rejected, power.ln()))
    }
}

impl Histogram {
    /// Limits of the quantile of order `probability`: it lies between them with probability at least
    /// `1 - error`, for any distribution. The upper limit is infinite (the lower one zero) if there are too
    /// few numbers to bound it.
    ///
    /// The limits are ends of bins, so they are wider than the order statistics by a relative `2^-bits`.
    pub fn quantile_interval(
        &self,
        probability: f64,
        error: ErrorProbability,
    ) -> ConfidenceInterval {
        let (count, half) = (self.count(), ln_half(error));
        // X_(r) exceeds the quantile only if at most r - 1 numbers do not, which has probability at most
        // P(Bin(n, q) <= r - 1); it grows with r.
        let order = Odds::of(probability);
        let below = |rank: u64| ln_binomial_upper(count, order.complement(), count - (rank - 1));
        // X_(r) is below the quantile only if at least r numbers are: P(Bin(n, q) >= r) at most; it falls.
        let above = |rank: u64| ln_binomial_upper(count, order, rank);
        let lower = last_rank(count, |rank| below(rank) <= half);
        let upper = last_rank(count, |rank| above(rank) > half) + 1;
        ConfidenceInterval {
            lower: self.order_statistic(lower).map_or(0.0, |bin| bin.lower),
            upper: self
                .order_statistic(upper)
                .map_or(f64::INFINITY, |bin| bin.upper),
        }
    }

    /// The sample quantile of order `probability`: the middle of the bin of the order statistic of rank
    /// `ceil(probability n)`. `None` without numbers.
    pub fn quantile(&self, probability: f64) -> Option<f64> {
        let rank = (probability * self.count() as f64).ceil().max(1.0) as u64;
        let bin = self.order_statistic(rank.min(self.count()))?;
        Some(0.5 * bin.lower + 0.5 * bin.upper.min(f64::MAX))
    }
}
