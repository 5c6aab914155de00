//! Upper bounds of the error of sampled attention and of the probability that it is large (T13; theory, section 24).

mod bernstein;
mod draws;
mod norm;
mod spectrum;
mod ways;

use crate::bound::{Bound, Theorem};
use crate::error::Result;
use crate::exact::Exact;
use crate::interval::Interval;
use crate::parameter::{ErrorProbability, Positive};
use crate::sampling::design::Design;
use crate::sampling::sampled::SampledAttention;
use draws::Draws;
use spectrum::Spectrum;

/// What is proved of the error of sampled attention at any budget: constants of the context, kept set and design, enclosed once.
///
/// Every bound holds for the real numbers that scores and values stand for: weights, `T` and all sums are enclosed
/// ([`crate::interval`]), and each bound is the upper end at the proof parameters that it reports.
///
/// # Examples
/// ```
/// use attention_bounds::nalgebra::DMatrix;
/// use attention_bounds::parameter::{ErrorProbability, Positive};
/// use attention_bounds::sampling::{SampledAttention, SampledBounds};
///
/// // Values +1 and -1 in turn with equal scores: T = 0, and That is the mean of the values that are drawn.
/// let values = DMatrix::from_fn(10_000, 1, |key, _| if key % 2 == 0 { 1.0 } else { -1.0 });
/// let attention = SampledAttention::new(&[0.0; 10_000], &values)?;
/// let bounds = SampledBounds::new(&attention);
///
/// // By Bennett's inequality about 2 exp(-400 (1.2 ln 1.2 - 0.2)) = 1.1e-3.
/// let epsilon = Positive::new("eps", 0.2)?;
/// let best = bounds.failure_probability(epsilon, 400)?;
/// assert!(best.value().unwrap() < 2e-3);
/// let delta = ErrorProbability::new("delta", 2e-3)?;
/// let (budget, bound) = bounds.smallest_budget(epsilon, delta)?.unwrap();
/// assert!(budget <= 400 && bound.value().unwrap() <= 2e-3);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
#[derive(Debug)]
pub struct SampledBounds<'a> {
    attention: &'a SampledAttention,
    draws: Draws,
    spectrum: Option<Spectrum>,
}

impl<'a> SampledBounds<'a> {
    /// Encloses the constants, at the cost of one pass over the keys (`N m`, and `n m^2` for `m` up to 128).
    pub fn new(attention: &'a SampledAttention) -> Self {
        let draws = Draws::new(attention);
        let spectrum = Spectrum::new(&draws);
        Self {
            attention,
            draws,
            spectrum,
        }
    }

    /// Bounds `E|That - T|^2` at a budget (T13.mean):
    ///
    /// `E|That - T|^2 <= r' E|Y|^2 / ((1-th)^2 b^2) + M^2 e^{-b J}`, minimised over `th`; `J(th)` is the rate at which small denominators are rare.
    ///
    /// The trivial bound is `M^2`, the largest `|v_i - T|^2`.
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter) for a budget of 0 or beyond the tail.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::nalgebra::DMatrix;
    /// use attention_bounds::sampling::{SampledAttention, SampledBounds};
    ///
    /// // The mean of 50 of 100 values +1 and -1: its variance is (1 - 50/100) / 50 * 100/99.
    /// let values = DMatrix::from_fn(100, 1, |key, _| if key % 2 == 0 { 1.0 } else { -1.0 });
    /// let attention = SampledAttention::new(&[0.0; 100], &values)?;
    /// let bound = SampledBounds::new(&attention).mean_error(50)?.value().unwrap();
    /// assert!(bound >= 1.0 / 99.0 && bound < 0.1);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn mean_error(&self, budget: u64) -> Result<Bound> {
        self.attention.check_budget(budget)?;
        let variance = self.numerator_variance(budget);
        Ok(bernstein::mean_bound(&self.draws, variance, budget))
    }

    /// `E|num|^2 / D^2` given that there is a draw, enclosed; none if every key is read.
    fn numerator_variance(&self, budget: u64) -> Option<Interval> {
        // The first way has the plain covariance, but without replacement it is known better.
        let way = *ways::ways(self.attention, budget).first()?;
        let (b, one) = (Interval::point(budget as f64), Interval::ONE);
        let tail = self.draws.tail;
        let count = match self.attention.drawn_by() {
            Design::WithoutReplacement => {
                let out = Interval::point(tail.saturating_sub(budget) as f64);
                out * b / (Interval::point(tail as f64) - one)
            }
            _ => way.count,
        };
        Some(way.ln_factor.exp() * count * self.draws.reach_square / b.square())
    }

    /// Bounds of `P(|That - T| >= eps)` at a budget: T13.bernstein, T13.norm, T13.spectrum and T13.markov by [`SampledBounds::mean_error`], each at
    /// its best proof parameters. The trivial bound is 1.
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter) for a budget of 0 or beyond the tail.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::nalgebra::{self, dmatrix};
    /// use attention_bounds::parameter::Positive;
    /// use attention_bounds::sampling::{SampledAttention, SampledBounds};
    ///
    /// // Every key is read: no error.
    /// let attention = SampledAttention::new(&[0.0, 1.0, 3.0], &dmatrix![0.0; 1.0; 3.0])?;
    /// let all = SampledBounds::new(&attention).failure_probabilities(Positive::new("eps", 0.1)?, 3)?;
    /// assert!(all.iter().all(|bound| bound.value() == Some(0.0)));
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn failure_probabilities(&self, epsilon: Positive, budget: u64) -> Result<Vec<Bound>> {
        let mean = self.mean_error(budget)?;
        let ways = ways::ways(self.attention, budget);
        let (draws, eps) = (&self.draws, epsilon.get());
        let spectrum = self.spectrum.as_ref().map_or_else(
            || {
                let why = format!(
                    "it is computed for at most {} outputs",
                    Draws::MAX_COVARIANCE
                );
                Bound::not_applicable(Theorem::SAMPLED_SPECTRUM, why)
            },
            |spectrum| spectrum.bound(draws, &ways, eps, budget),
        );
        Ok(vec![
            markov(mean.value().unwrap_or(f64::INFINITY), epsilon),
            bernstein::bound(draws, &ways, eps, budget),
            norm::bound(draws, &ways, eps, budget),
            spectrum,
        ])
    }

    /// The least of [`SampledBounds::failure_probabilities`].
    ///
    /// # Errors
    /// As there.
    pub fn failure_probability(&self, epsilon: Positive, budget: u64) -> Result<Bound> {
        let all = self.failure_probabilities(epsilon, budget)?;
        let value = |bound: &Bound| bound.value().unwrap_or(f64::INFINITY);
        let best = all.into_iter().min_by(|x, y| value(x).total_cmp(&value(y)));
        let none = || Bound::not_applicable(Theorem::SAMPLED_BERNSTEIN, "there is no bound");
        Ok(best.unwrap_or_else(none))
    }

    /// A budget at which `P(|That - T| >= eps) <= delta` is proved, with the bound that proves it, found by bisection: the smallest one if
    /// the best bound falls with the budget. None if it is not proved where the budget is the whole tail (possible with replacement only).
    ///
    /// # Errors
    /// None at present; the budgets that are tried are admissible.
    pub fn smallest_budget(
        &self,
        epsilon: Positive,
        delta: ErrorProbability,
    ) -> Result<Option<(u64, Bound)>> {
        let fits = |bound: &Bound| bound.value().is_some_and(|p| p <= delta.get());
        // Proved at `enough`, not at `few`.
        let (mut few, mut enough) = (0, self.draws.tail);
        let mut proof = self.failure_probability(epsilon, enough)?;
        if !fits(&proof) {
            return Ok(None);
        }
        while enough - few > 1 {
            let middle = few + (enough - few) / 2;
            let bound = self.failure_probability(epsilon, middle)?;
            if fits(&bound) {
                (enough, proof) = (middle, bound);
            } else {
                few = middle;
            }
        }
        Ok(Some((enough, proof)))
    }
}

/// Bounds `P(|That - T| >= eps)` by the exact `E|That - T|^2` (T13.markov); needs a proved value.
///
/// # Examples
/// ```
/// use attention_bounds::exact::Exact;
/// use attention_bounds::parameter::Positive;
/// use attention_bounds::sampling::markov_bound;
///
/// let bound = markov_bound(&Exact::proved(0.01, 1e-15), Positive::new("eps", 1.0)?);
/// assert!((bound.value().unwrap() - 0.01).abs() < 1e-14);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn markov_bound(error: &Exact, epsilon: Positive) -> Bound {
    match error.unproved {
        None => markov(error.upper(), epsilon),
        Some(why) => {
            let why = format!("the exact error is an estimate: {why}");
            Bound::not_applicable(Theorem::SAMPLED_MARKOV, why)
        }
    }
}

/// From an upper bound of the mean error.
fn markov(error: f64, epsilon: Positive) -> Bound {
    let value = Interval::point(error) / Interval::point(epsilon.get()).square();
    Bound::proved(
        Theorem::SAMPLED_MARKOV,
        value.upper(),
        1.0,
        "the mean error",
    )
    .with_hypothesis("E|That - T|^2", error)
    .with_hypothesis("eps", epsilon.get())
}
