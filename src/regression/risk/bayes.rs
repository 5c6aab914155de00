//! The Bayes risk: the least risk of any predictor that sees `L` examples.

use nalgebra::DMatrix;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{ChiSquared, Distribution, StandardNormal};

use crate::error::{Error, Result};
use crate::parameter::PromptLength;
use crate::regression::RegressionTask;

/// A mean over simulated prompts and its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BayesRisk {
    /// The estimate.
    pub mean: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Jensen's lower bound, which needs no simulation.
    pub at_least: f64,
}

/// `R_Bayes(L) = (v + E tr (Sig^{-1}/tau^2 + G/v)^{-1}) / 2`, `G` Wishart of dimension `d` with `L` degrees of freedom; it tends to `v/2`.
///
/// Given the inputs, `w` is normal with covariance `(I/tau^2 + X^T X / v)^{-1}` under the posterior, and the posterior mean is the best
/// predictor; `X = Z Sig^{1/2}` and `G = Z^T Z`. `G` is drawn by Bartlett's decomposition, so the cost does not grow with `L`. The function of `G`
/// is convex, hence the lower bound `(v + tr (Sig^{-1}/tau^2 + L I/v)^{-1}) / 2`.
///
/// # Errors
/// If the noise variance is 0 (for `L >= d` the risk is then 0) or fewer than 2 prompts are asked for.
///
/// # Examples
/// ```
/// use attention_bounds::PromptLength;
/// use attention_bounds::nalgebra::{self, dmatrix};
/// use attention_bounds::regression::{RegressionTask, risk::bayes};
///
/// // d = 1, Sig = tau = v = 1: Jensen's bound is (1 + 1 / (1 + L)) / 2.
/// let task = RegressionTask::new(dmatrix![1.0], 1.0, 1.0)?;
/// let found = bayes::risk(&task, PromptLength::new(9)?, 1000, 1)?;
/// assert!((found.at_least - 0.55).abs() < 1e-14 && found.mean > 0.55 - 5.0 * found.standard_error);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn risk(
    task: &RegressionTask,
    length: PromptLength,
    prompts: u64,
    seed: u64,
) -> Result<BayesRisk> {
    let noise = task.noise_variance();
    if !(noise > 0.0) {
        return Err(Error::Unavailable {
            what: "the Bayes risk",
            why: "the noise variance is 0; with as many examples as dimensions the risk is 0"
                .into(),
        });
    }
    if prompts < 2 {
        return Err(Error::Parameter {
            parameter: "the number of simulated prompts",
            value: prompts.to_string(),
            required: "at least 2",
            theorem: None,
        });
    }
    let weight = task.weight_variance();
    // In the eigen-coordinates of Sig the law of G is the same.
    let prior: Vec<f64> = task
        .eigenvalues()
        .iter()
        .map(|l| 1.0 / (weight * l))
        .collect();
    let count = length.as_f64();
    let at_least: f64 = prior.iter().map(|p| 1.0 / (p + count / noise)).sum();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let (mut sum, mut squares) = (0.0, 0.0);
    for _ in 0..prompts {
        let gram = wishart(task.dimension(), length, &mut random)?;
        let precision = DMatrix::from_diagonal(&prior.clone().into()) + gram / noise;
        // The sum of a positive diagonal and a positive semi-definite matrix.
        let trace = precision
            .cholesky()
            .map_or(f64::NAN, |factor| factor.inverse().trace());
        sum += trace;
        squares += trace * trace;
    }
    let number = prompts as f64;
    let mean = sum / number;
    let variance = (squares / number - mean * mean).max(0.0);
    Ok(BayesRisk {
        mean: 0.5 * (noise + mean),
        standard_error: 0.5 * (variance / (number - 1.0)).sqrt(),
        at_least: 0.5 * (noise + at_least),
    })
}

/// `Z^T Z` for an `L x d` matrix of standard normal numbers.
fn wishart(
    dimension: usize,
    length: PromptLength,
    random: &mut ChaCha8Rng,
) -> Result<DMatrix<f64>> {
    if length.get() < dimension as u64 {
        // Fewer rows than columns: the rows themselves are few.
        let rows = DMatrix::from_fn(length.get() as usize, dimension, |_, _| {
            StandardNormal.sample(random)
        });
        return Ok(rows.tr_mul(&rows));
    }
    let mut factor = DMatrix::zeros(dimension, dimension);
    for i in 0..dimension {
        let degrees = length.as_f64() - i as f64;
        let law = ChiSquared::new(degrees).map_err(|_| Error::Parameter {
            parameter: "degrees of freedom",
            value: degrees.to_string(),
            required: "greater than 0",
            theorem: None,
        })?;
        factor[(i, i)] = law.sample(random).sqrt();
        for j in 0..i {
            factor[(i, j)] = StandardNormal.sample(random);
        }
    }
    Ok(&factor * factor.transpose())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_dimension_agrees_with_quadrature() {
        // E 1/(p + q/v) for q chi-square of L degrees of freedom, by the trapezoidal rule in ln q.
        let task = RegressionTask::new(DMatrix::from_element(1, 1, 2.0), 0.3, 0.7).unwrap();
        for l in [1_u64, 4, 50] {
            let half = 0.5 * l as f64;
            let (mut sum, mut mass) = (0.0, 0.0);
            for i in -4000..1000 {
                let q = (f64::from(i) * 0.01).exp();
                let density = (half * q.ln() - 0.5 * q).exp();
                mass += density;
                sum += density / (1.0 / (0.7 * 2.0) + q / 0.3);
            }
            let exact = 0.5 * (0.3 + sum / mass);
            let found = risk(&task, PromptLength::new(l).unwrap(), 200_000, 1).unwrap();
            // False alarm below 1e-4.
            assert!((found.mean - exact).abs() < 4.0 * found.standard_error);
            assert!(found.at_least <= exact);
        }
    }

    #[test]
    fn bartlett_and_the_plain_product_agree_where_both_apply() {
        let task = RegressionTask::new(DMatrix::identity(3, 3), 0.5, 1.0).unwrap();
        let found = risk(&task, PromptLength::new(3).unwrap(), 100_000, 2).unwrap();
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let values: Vec<f64> = (0..100_000)
            .map(|_| {
                let z = DMatrix::from_fn(3, 3, |_, _| StandardNormal.sample(&mut random));
                let precision: DMatrix<f64> = DMatrix::identity(3, 3) + z.tr_mul(&z) / 0.5;
                precision.cholesky().unwrap().inverse().trace()
            })
            .collect();
        let mean = 0.5 * (0.5 + values.iter().sum::<f64>() / 1e5);
        assert!((mean - found.mean).abs() < 4.0 * found.standard_error * 2f64.sqrt());
    }

    #[test]
    fn no_noise_and_too_few_prompts_are_refused() {
        let exact = RegressionTask::new(DMatrix::identity(2, 2), 0.0, 1.0).unwrap();
        assert!(risk(&exact, PromptLength::new(3).unwrap(), 10, 1).is_err());
        let noisy = RegressionTask::new(DMatrix::identity(2, 2), 0.1, 1.0).unwrap();
        assert!(risk(&noisy, PromptLength::new(3).unwrap(), 1, 1).is_err());
    }
}
