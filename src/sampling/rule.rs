//! The budget rule of verified sparse attention: what a central limit approximation asks for.

use rand::RngExt;

use crate::error::Result;
use crate::monte_carlo::keyed_stream;
use crate::parameter::{ErrorProbability, Positive, refused};
use crate::sampling::sampled::SampledAttention;

/// Where the rule takes means and variances of the tail from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variances {
    /// From the whole tail, as if they were known.
    True,
    /// From that many keys, drawn with replacement in the stream of a seed, at least 2.
    Pilot {
        /// Keys of the pilot sample.
        keys: u64,
        /// Seed of its stream.
        seed: u64,
    },
}

/// Budgets that the rule asks for, rounded up; they may be larger than the tail, and are at most `2^53`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublishedRule {
    /// For the numerator `sum w v` alone, to a relative error.
    pub numerator: u64,
    /// For the denominator `sum w` alone, to a relative error: what the published program computes.
    pub denominator: u64,
    /// For attention itself.
    pub attention: u64,
}

/// The budget rule of A. Desai et al., "vAttention: Verified Sparse Attention", arXiv 2510.05688 (ICLR 2026), for a relative error `eps` of
/// attention that is exceeded with probability `delta`: `P(|That - T| > eps |T|) <= delta`.
///
/// A sum `s` of `n` vectors of covariance `Sigma` (of the population, at one draw) is estimated from `b` of them to an error `tau` if
///
/// ```text
/// b >= ( Phi^-1(1 - delta/2) n sqrt(tr Sigma) / tau )^2,
/// ```
///
/// with `tau = eps |N|` for the numerator `N = sum w v` and `eps D` for the denominator `D = sum w`, both over all keys. If the numerator is
/// within `eps_1` with probability `1 - delta_1`, and the denominator within `eps_2 < 1/2` with `1 - delta_2`, their quotient is within
/// `2 (eps_1 + eps_2)` with `1 - delta_1 - delta_2`; the rule takes the larger of the two budgets, minimised over `eps_1 + eps_2 = eps / 2` and
/// `delta_1 + delta_2 = delta`.
///
/// The rule is a central limit approximation (by `tr Sigma` in place of the law of a norm), no theorem: compare
/// [`SampledBounds::smallest_budget`](super::SampledBounds::smallest_budget) and [`simulate`](super::simulate). Draws are with replacement.
///
/// # Errors
/// [`Error::Parameter`](crate::Error::Parameter) unless `eps < 1`, if a pilot has fewer than 2 keys, and if the numerator is 0.
///
/// # Examples
/// ```
/// use attention_bounds::nalgebra::DMatrix;
/// use attention_bounds::parameter::{ErrorProbability, Positive};
/// use attention_bounds::sampling::{SampledAttention, Variances, published_budget};
///
/// // Equal scores and values 1 and 3: the denominator is known, the numerator has deviation 1 around 2.
/// let values = DMatrix::from_fn(100, 1, |key, _| if key % 2 == 0 { 1.0 } else { 3.0 });
/// let attention = SampledAttention::new(&[0.0; 100], &values)?;
/// let (epsilon, delta) = (Positive::new("eps", 0.1)?, ErrorProbability::new("delta", 0.05)?);
/// let rule = published_budget(&attention, epsilon, delta, Variances::True)?;
/// // (1.96 / (0.1 * 2))^2, and twice the error of the numerator is that of attention.
/// assert_eq!((rule.numerator, rule.denominator, rule.attention), (97, 1, 385));
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn published_budget(
    attention: &SampledAttention,
    epsilon: Positive,
    delta: ErrorProbability,
    variances: Variances,
) -> Result<PublishedRule> {
    let (epsilon, delta) = (epsilon.get(), delta.get());
    if !(epsilon < 1.0) {
        return refused("eps", epsilon, "less than 1, for the published rule");
    }
    let (numerator, denominator) = relative_deviations(attention, variances)?;
    let alone = |deviation: f64| budget(normal_quantile(delta) * deviation / epsilon);
    // At the best eps_1 both budgets agree; delta_1 = part delta.
    let share = |part: f64, deviation: f64| match deviation > 0.0 {
        true => normal_quantile(part * delta) * deviation,
        false => 0.0,
    };
    let both = (0..=STEPS)
        .map(|step| f64::from(step) / f64::from(STEPS))
        .map(|part| 2.0 * (share(part, numerator) + share(1.0 - part, denominator)) / epsilon)
        .fold(f64::INFINITY, f64::min);
    Ok(PublishedRule {
        numerator: alone(numerator),
        denominator: alone(denominator),
        attention: budget(both),
    })
}

/// Steps of `delta_1`: the budget is flat around its minimum.
const STEPS: u32 = 512;

/// The least integer that is at least the square, from 1 to `2^53`.
fn budget(root: f64) -> u64 {
    (root * root).ceil().clamp(1.0, (1_u64 << 53) as f64) as u64
}

/// `Phi^{-1}(1 - delta/2)`: the `z` with `erfc(z / sqrt 2) = delta`; infinite for 0.
fn normal_quantile(delta: f64) -> f64 {
    if !(delta > 0.0) {
        return f64::INFINITY;
    }
    let (mut low, mut high) = (0.0, 30.0);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if libm::erfc(middle) > delta {
            low = middle;
        } else {
            high = middle;
        }
    }
    std::f64::consts::SQRT_2 * high
}

/// `n sqrt(tr Sigma) / |N|` and `n sigma / D`.
fn relative_deviations(attention: &SampledAttention, variances: Variances) -> Result<(f64, f64)> {
    let context = attention.context();
    let tail = attention.tail_indices();
    let n = tail.len() as f64;
    let m = context.coordinates();
    // Moments of w v and w over the tail, or over a pilot from it.
    let mut of_values = vec![Running::default(); m];
    let mut of_weights = Running::default();
    let mut add = |key: usize| {
        let w = context.weights.get(key).copied().unwrap_or(0.0);
        of_weights.push(w);
        for (moments, x) in of_values.iter_mut().zip(context.value(key)) {
            moments.push(w * x);
        }
    };
    let lost = match variances {
        Variances::True => {
            tail.iter().copied().for_each(&mut add);
            0.0
        }
        Variances::Pilot { keys, seed } => {
            if keys < 2 {
                return refused("the pilot", keys, "at least 2 keys");
            }
            let words = [seed.to_le_bytes(), keys.to_le_bytes(), [0; 8], *b"pilot   "];
            let mut random = keyed_stream(words, 0);
            for _ in 0..keys {
                if let Some(key) = tail.get(random.random_range(0..tail.len())) {
                    add(*key);
                }
            }
            1.0
        }
    };
    let mut numerator: Vec<f64> = of_values.iter().map(|moments| n * moments.mean).collect();
    let mut denominator = n * of_weights.mean;
    for key in attention.kept_indices() {
        let w = context.weights.get(*key).copied().unwrap_or(0.0);
        denominator += w;
        for (sum, x) in numerator.iter_mut().zip(context.value(*key)) {
            *sum += w * x;
        }
    }
    let size = numerator.iter().map(|x| x * x).sum::<f64>().sqrt();
    let trace: f64 = of_values.iter().map(|moments| moments.variance(lost)).sum();
    let deviation = n * trace.sqrt() / size;
    if !(deviation < f64::INFINITY) {
        return refused("|sum w v|", size, "greater than 0, for the published rule");
    }
    Ok((
        deviation,
        n * of_weights.variance(lost).sqrt() / denominator,
    ))
}

/// Mean and sum of squared deviations (Welford).
#[derive(Debug, Clone, Copy, Default)]
struct Running {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Running {
    fn push(&mut self, x: f64) {
        self.count += 1.0;
        let before = x - self.mean;
        self.mean += before / self.count;
        self.squares += before * (x - self.mean);
    }

    /// Over the count less the degrees of freedom that the mean has taken.
    fn variance(&self, lost: f64) -> f64 {
        self.squares / (self.count - lost)
    }
}
