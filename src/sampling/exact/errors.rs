//! T13 `sampled-attention`: error and bias at given budgets.

use nalgebra::DVector;
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::exact::{Exact, UNIT};
use crate::law::Sum;
use crate::sampling::design::Design;
use crate::sampling::exact::bernoulli::BernoulliTail;
use crate::sampling::exact::independent;
use crate::sampling::exact::integral::Integrals;
use crate::sampling::exact::points::TailPoints;
use crate::sampling::exact::subset::Subsets;
use crate::sampling::exact::tail::{Tail, ln_add};
use crate::sampling::sampled::SampledAttention;

/// The exact error of sampled attention at one budget.
#[derive(Debug, Clone, PartialEq)]
pub struct SampledError {
    /// The budget `b`: draws from the tail, or their expected number under [`Design::Bernoulli`].
    pub budget: u64,
    /// Keys that are read, kept ones included: `|K| + b`.
    pub read: u64,
    /// `E|That - T|^2`.
    pub error: Exact,
    /// `E That - T`, in `R^m`.
    pub bias: DVector<f64>,
    /// `|E That - T|`.
    pub bias_norm: Exact,
}

/// Weights below `e^` of this beside the largest are too small where nothing else is in a denominator.
const LEAST: f64 = -300.0;
const ESTIMATED: &str =
    "its error adds up the rounding of sums and exponents, which no theorem bounds";

impl SampledAttention {
    /// The exact `E|That - T|^2` and bias, one result a budget (T13 `sampled-attention`).
    ///
    /// With `W0 = sum_K w`, `f_i = w_i (v_i - T)` and `F = sum_K f`, `|That - T|^2 = |N|^2 / D^2` with `D` the denominator of `That` and
    /// `N = F + sum_draws f / e`, and `1/D^2 = INT t e^{-tD} dt`. Under the integral the keys separate: for `b` independent draws
    /// (`phi`, `g`, `h` the means of `e^{-u w}`, `f e^{-u w}`, `|f|^2 e^{-u w}` over the tail, `u = c t`, `c = n/b`)
    ///
    /// ```text
    /// E|That - T|^2 = INT t e^{-tW0} [ |F|^2 phi^b + 2 c b <F,g> phi^{b-1} + c^2 (b h phi^{b-1} + b (b-1) |g|^2 phi^{b-2}) ] dt
    /// ```
    ///
    /// and likewise for the other designs (docs/theory.md, T13). Budgets and nodes in `t` are shared among threads; the numbers do not depend on how
    /// many there are.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a budget of 0 or beyond the tail, before anything is computed; [`Error::Unavailable`] if a draw may hold nothing but
    /// keys with weights below `e^{-300}` of the largest.
    ///
    /// # Accuracy
    /// Relative `1e-10` or better, unless differences of the values from `T` cancel. With replacement and by importance the error is proved (T16);
    /// otherwise it adds up the same roundings, without a theorem for all of them. A tail of many keys is represented on a lattice in `ln w` (T17), so that
    /// the cost does not grow with it but for one pass.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::nalgebra::{self, dmatrix};
    /// use attention_bounds::sampling::{Design, Kept, SampledAttention};
    ///
    /// let context = SampledAttention::new(&[0.0, 1.0, 3.0], &dmatrix![0.0; 1.0; 3.0])?;
    /// let found = context.clone().design(Design::WithReplacement)?.budgets(&[2, 3])?;
    /// assert!((found[0].error.value - 1.920038).abs() < 1e-6);
    /// assert!((found[1].error.value - 1.216299).abs() < 1e-6);
    /// // Keeping the heaviest key is worth more than a third draw.
    /// let found = context.keep(&Kept::new().top(1))?.budgets(&[1])?;
    /// assert!((found[0].error.value - 0.00598755).abs() < 1e-8);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn budgets(&self, budgets: &[u64]) -> Result<Vec<SampledError>> {
        budgets.iter().try_for_each(|b| self.check_budget(*b))?;
        let Some(tail) = Tail::new(self) else {
            return Ok(budgets.iter().map(|b| self.nothing(*b)).collect());
        };
        let (least, _) = tail.range();
        let alone = match self.drawn_by() {
            Design::Bernoulli if !self.kept_indices().is_empty() => tail.ln_kept,
            Design::WithReplacement | Design::ImportanceSampling(_) => {
                ln_add(tail.ln_kept, least - tail.ln_count())
            }
            _ => ln_add(tail.ln_kept, least),
        };
        if !(alone > LEAST) {
            return Err(Error::Unavailable {
                what: "the exact error of sampled attention",
                why: "a draw may hold nothing but keys with weights below e^-300 of the largest"
                    .to_owned(),
            });
        }
        let points = TailPoints::new(&tail);
        let found = budgets.par_iter().map(|budget| {
            let whole = *budget == self.tail_size() as u64;
            let all_read = match self.drawn_by() {
                Design::WithoutReplacement | Design::Bernoulli => whole,
                Design::WithReplacement | Design::ImportanceSampling(_) => self.tail_size() == 1,
            };
            match all_read {
                true => self.nothing(*budget),
                false => self.at(&tail, &points, *budget),
            }
        });
        Ok(found.collect())
    }

    pub(super) fn at(&self, tail: &Tail, points: &TailPoints, budget: u64) -> SampledError {
        let count = tail.len() as f64;
        let draws = budget as f64;
        let integrals = match self.drawn_by() {
            Design::WithReplacement | Design::ImportanceSampling(_) => {
                independent::integrals(tail, points, draws)
            }
            Design::Bernoulli => BernoulliTail {
                tail,
                points,
                kept: tail.kept_sum(),
                probability: draws / count,
            }
            .integrals(),
            Design::WithoutReplacement => Subsets {
                tail,
                points,
                budget: draws,
            }
            .integrals(),
        };
        self.result(tail, budget, integrals)
    }

    /// An estimate that is always `T`.
    fn nothing(&self, budget: u64) -> SampledError {
        SampledError {
            budget,
            read: self.kept_indices().len() as u64 + budget,
            error: Exact::ZERO,
            bias: DVector::zeros(self.limit().len()),
            bias_norm: Exact::ZERO,
        }
    }

    fn result(&self, tail: &Tail, budget: u64, found: Integrals) -> SampledError {
        // The distance is taken from a `T` that errs.
        let centre = tail.of_limit();
        let (square, error) = found.square;
        let error = error + (2.0 * (square + error).max(0.0).sqrt() + centre) * centre;
        let unit = tail.unit;
        let bias = unit * DVector::from_vec(found.first.0);
        let of_bias = unit * (found.first.1 + centre);
        let squared_error = unit * (unit * square);
        // Beside the largest distance, and no further from the least floats.
        let unproved = match self.drawn_by() {
            Design::WithReplacement | Design::ImportanceSampling(_) => {
                let fine = square >= 1e-100 && unit > 1e-50;
                (!fine).then_some("it is too small beside the differences of the values")
            }
            Design::Bernoulli | Design::WithoutReplacement => Some(ESTIMATED),
        };
        let of = |value: f64, error: f64| Exact {
            value,
            error: 1.01 * error + 8.0 * UNIT * value.abs(),
            unproved,
        };
        SampledError {
            budget,
            read: self.kept_indices().len() as u64 + budget,
            error: of(squared_error, unit * (unit * error)).non_negative(),
            bias_norm: of(bias.norm(), of_bias),
            bias,
        }
    }

    /// `|T_K - T|^2`, the error of attention over the kept keys alone; none if nothing is kept.
    ///
    /// # Accuracy
    /// The error is a bound of the rounding: of the weights, of `T` and of the sums.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::nalgebra::{self, dmatrix};
    /// use attention_bounds::sampling::{Kept, SampledAttention};
    ///
    /// let context = SampledAttention::new(&[0.0, 1.0, 3.0], &dmatrix![0.0; 1.0; 3.0])?;
    /// assert!(context.kept_alone().is_none());
    /// let kept = context.keep(&Kept::new().top(1))?;
    /// let alone = kept.kept_alone().map(|error| error.value);
    /// assert!((alone.unwrap() - (3.0 - 2.64557940_f64).powi(2)).abs() < 1e-7);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn kept_alone(&self) -> Option<Exact> {
        let context = self.context();
        // Relative to their own heaviest, whose weight may be less than the least float.
        let ln_weights = || {
            let kept = self.kept_indices().iter();
            kept.filter_map(|key| Some((*key, *context.ln_weights.get(*key)?)))
        };
        let largest = ln_weights().fold(f64::NEG_INFINITY, |most, (_, x)| most.max(x));
        if largest == f64::NEG_INFINITY {
            return None;
        }
        let mut column = vec![0.0; context.coordinates()];
        let mut sums = vec![Sum::default(); column.len()];
        let (mut total, mut size) = (Sum::default(), 0.0);
        for (key, ln_weight) in ln_weights() {
            context.centred(key, &mut column);
            let weight = libm::exp(ln_weight - largest);
            total.add(weight);
            // `x e^x` is at most `1/e`: the error of a small weight is small.
            let of_weight = UNIT * (8.0 + 2.0 * ln_weight.abs().min(1e3));
            let norm = DVector::from_column_slice(&column).norm();
            size += weight * norm * of_weight;
            for (sum, x) in sums.iter_mut().zip(&column) {
                sum.add(weight * x);
            }
        }
        let total = total.value();
        let sums = DVector::from_iterator(column.len(), sums.into_iter().map(Sum::value));
        let distance = (sums / total).norm();
        let error = 3.0 * size / total + context.of_limit + 8.0 * UNIT * distance;
        let square = distance * distance;
        Some(Exact::estimated(
            square,
            (2.0 * distance + error) * error + 4.0 * UNIT * square,
            ESTIMATED,
        ))
    }
}
