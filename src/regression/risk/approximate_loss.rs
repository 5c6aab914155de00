//! The approximate loss of multi-head softmax attention for isotropic tokens, and where it breaks.
//!
//! J. He, X. Pan, S. Chen, Z. Yang, "In-context linear regression demystified: training dynamics and mechanistic interpretability of multi-head softmax
//! attention" (2025), replace the risk of `H` heads with key-query blocks `om_h I` and values `mu_h` on inputs `x ~ N(0, I_d)`, tasks `w ~ N(0, I/d)` and noise variance `s^2` by a closed form.

use nalgebra::{DMatrix, DVector};

use crate::error::{Error, Result};
use crate::parameter::PromptLength;
use crate::regression::numerics::rosenbrock::integrate;

/// `d`, the noise variance `s^2` and the number of examples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ApproximateLoss {
    dimension: f64,
    noise_variance: f64,
    length: f64,
}

/// The heads, or a gradient at them: `mu` and `om`, of one length.
#[derive(Debug, Clone, PartialEq)]
pub struct IsotropicHeads {
    /// `mu`.
    pub values: DVector<f64>,
    /// `om`.
    pub key_queries: DVector<f64>,
}

impl ApproximateLoss {
    /// For inputs in `R^d`.
    ///
    /// # Errors
    /// If the dimension is 0 or the noise variance is not a finite number, at least 0.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::PromptLength;
    /// use attention_bounds::regression::risk::approximate_loss::ApproximateLoss;
    ///
    /// // One head: om^2 = 1/d, whatever L.
    /// let loss = ApproximateLoss::new(4, 0.5, PromptLength::new(100)?)?;
    /// let (heads, least) = loss.one_head_minimum();
    /// assert!((heads.key_queries[0].powi(2) - 0.25).abs() < 1e-14 && (loss.value(&heads) - least).abs() < 1e-13);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn new(dimension: usize, noise_variance: f64, length: PromptLength) -> Result<Self> {
        if dimension == 0 || !(noise_variance >= 0.0 && noise_variance < f64::INFINITY) {
            return Err(Error::Parameter {
                parameter: "the dimension or the noise variance",
                value: format!("{dimension}, {noise_variance}"),
                required: "a dimension of at least 1 and a finite noise variance, at least 0",
                theorem: None,
            });
        }
        Ok(Self {
            dimension: dimension as f64,
            noise_variance,
            length: length.as_f64(),
        })
    }

    /// `1 + s^2 - 2 mu.om + mu^T ( om om^T + (1 + s^2)/L exp(d om om^T) ) mu`, `exp` entry by entry: about `E (y - prediction)^2`, twice the risk.
    ///
    /// It differs from the exact value in that `|x|^2` is replaced by `d`, the participation `P` by `e^{s^2}/L` without a limit at 1, and the
    /// shrinkage of the output (`1 - P`, T3) is left out.
    pub fn value(&self, heads: &IsotropicHeads) -> f64 {
        let (mu, om) = (&heads.values, &heads.key_queries);
        let signal = mu.dot(om);
        let label = 1.0 + self.noise_variance;
        label - 2.0 * signal
            + signal * signal
            + label / self.length * mu.dot(&(self.overlaps(om) * mu))
    }

    /// The gradient in `mu` and `om`.
    pub fn gradient(&self, heads: &IsotropicHeads) -> IsotropicHeads {
        let (mu, om) = (&heads.values, &heads.key_queries);
        let overlaps = self.overlaps(om);
        let miss = 2.0 * (mu.dot(om) - 1.0);
        let scale = 2.0 * (1.0 + self.noise_variance) / self.length;
        // d/d om_h of sum mu_h mu_k e^{d om_h om_k}: 2 d mu_h sum_k mu_k om_k e^{d om_h om_k}.
        let pulled = &overlaps * mu.component_mul(om);
        IsotropicHeads {
            values: om * miss + (&overlaps * mu) * scale,
            key_queries: mu * miss + mu.component_mul(&pulled) * (scale * self.dimension),
        }
    }

    /// `exp(d om om^T)`.
    fn overlaps(&self, om: &DVector<f64>) -> DMatrix<f64> {
        (om * om.transpose() * self.dimension).map(f64::exp)
    }

    /// The minimum over one head, in closed form.
    ///
    /// With `v = om^2`, the best `mu` is `om / (v + c e^{dv})`, `c = (1 + s^2)/L`, and the loss `1 + s^2 - v / (v + c e^{dv})`, least where
    /// `e^{dv}/v` is: `v = 1/d`, whatever `L`.
    pub fn one_head_minimum(&self) -> (IsotropicHeads, f64) {
        let om = (1.0 / self.dimension).sqrt();
        let label = 1.0 + self.noise_variance;
        let denominator = om * om + label / self.length * 1f64.exp();
        let heads = IsotropicHeads {
            values: DVector::from_element(1, om / denominator),
            key_queries: DVector::from_element(1, om),
        };
        let value = self.value(&heads);
        (heads, value)
    }
}

/// The gradient flow of the loss from `start`, until the gradient is below `tolerance` or the time `horizon` is reached; the heads at its end
/// and the time.
///
/// # Errors
/// If the two lists have different lengths, a number is not finite, or the integrator gives up.
pub fn flow(
    loss: &ApproximateLoss,
    start: &IsotropicHeads,
    tolerance: f64,
    horizon: f64,
) -> Result<(IsotropicHeads, f64)> {
    let heads = start.values.len();
    if heads == 0 || heads != start.key_queries.len() {
        return Err(Error::shape(
            "the heads",
            format!(
                "{heads} values and {} key-query scales",
                start.key_queries.len()
            ),
            "as many of each, at least one",
        ));
    }
    let joined = join(start);
    if !(joined.iter().all(|x| x.is_finite()) && tolerance > 0.0 && horizon > 0.0) {
        return Err(Error::Parameter {
            parameter: "the start, the tolerance or the horizon",
            value: format!("{joined:?}, {tolerance}, {horizon}"),
            required: "finite numbers, tolerance and horizon greater than 0",
            theorem: None,
        });
    }
    let mut end = (start.clone(), 0.0);
    integrate(
        &|state| Ok(-join(&loss.gradient(&split(state)))),
        joined,
        &[horizon],
        1e-8,
        &mut |time, state, slope| {
            end = (split(state), time);
            Ok(slope.norm() < tolerance)
        },
    )?;
    Ok(end)
}

fn join(heads: &IsotropicHeads) -> DVector<f64> {
    let both = heads.values.iter().chain(heads.key_queries.iter());
    DVector::from_vec(both.copied().collect())
}

fn split(state: &DVector<f64>) -> IsotropicHeads {
    let half = state.len() / 2;
    IsotropicHeads {
        values: state.rows(0, half).into_owned(),
        key_queries: state.rows(half, half).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regression::risk::FinitePromptRisk;
    use crate::regression::{RegressionHead, RegressionTask};

    fn loss(d: usize, l: u64) -> ApproximateLoss {
        ApproximateLoss::new(d, 0.1, PromptLength::new(l).unwrap()).unwrap()
    }

    fn heads(values: &[f64], key_queries: &[f64]) -> IsotropicHeads {
        IsotropicHeads {
            values: DVector::from_column_slice(values),
            key_queries: DVector::from_column_slice(key_queries),
        }
    }

    #[test]
    fn the_gradient_agrees_with_differences() {
        let loss = loss(7, 30);
        let at = heads(&[0.7, -0.4, 1.1], &[0.3, -0.2, 0.15]);
        let gradient = join(&loss.gradient(&at));
        for i in 0..6 {
            let moved = |step: f64| {
                let mut state = join(&at);
                state[i] += step;
                loss.value(&split(&state))
            };
            let difference = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            approx::assert_relative_eq!(difference, gradient[i], max_relative = 1e-7);
        }
    }

    #[test]
    fn the_flow_of_one_head_ends_at_the_closed_form() {
        let loss = loss(10, 50);
        let (best, least) = loss.one_head_minimum();
        let (end, time) = flow(&loss, &heads(&[0.1], &[0.05]), 1e-9, 1e6).unwrap();
        assert!(time < 1e6);
        approx::assert_relative_eq!(loss.value(&end), least, max_relative = 1e-10);
        approx::assert_relative_eq!(end.key_queries[0], best.key_queries[0], max_relative = 1e-5);
        // Two heads of opposite sign do better than one.
        let (pair, _) = flow(&loss, &heads(&[0.1, -0.1], &[0.05, -0.05]), 1e-9, 1e6).unwrap();
        assert!(loss.value(&pair) < least);
        approx::assert_relative_eq!(pair.values[0], -pair.values[1], max_relative = 1e-5);
    }

    #[test]
    fn it_is_exact_in_the_limit_of_high_dimension_and_light_scores_and_breaks_beyond() {
        let relative = |d: usize, om: f64, l: u64| {
            let task = RegressionTask::new(DMatrix::identity(d, d), 0.1, 1.0 / d as f64).unwrap();
            let head = RegressionHead::new(DMatrix::identity(d, d) * om, 0.9 / om).unwrap();
            let exact = FinitePromptRisk::new(&task, PromptLength::new(l).unwrap())
                .unwrap()
                .risk(&head)
                .unwrap();
            let value = loss(d, l).value(&heads(&[0.9 / om], &[om]));
            value / (2.0 * exact.value) - 1.0
        };
        // d om^2 = 0.25.
        assert!(relative(24, 0.5 / 24f64.sqrt(), 100_000).abs() < 2e-3);
        assert!(relative(5, 0.5 / 5f64.sqrt(), 100_000).abs() < 0.05);
        // Heavy scores, d om^2 = 9, L = 100: P is at most 1, e^{9}/100 is 81.
        assert!(relative(20, 3.0 / 20f64.sqrt(), 100) > 5.0);
    }

    #[test]
    fn bad_input_is_refused() {
        let length = PromptLength::new(3).unwrap();
        assert!(ApproximateLoss::new(0, 0.1, length).is_err());
        assert!(ApproximateLoss::new(2, f64::NAN, length).is_err());
        assert!(flow(&loss(2, 3), &heads(&[1.0], &[1.0, 2.0]), 1e-6, 1.0).is_err());
        assert!(flow(&loss(2, 3), &heads(&[f64::NAN], &[1.0]), 1e-6, 1.0).is_err());
    }
}
