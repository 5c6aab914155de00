//! Averages over the query law.

use rayon::prelude::*;

use crate::attention::{Head, ScoreVarianceDensity, ScoreVarianceLaw};
use crate::error::{Error, Result};
use crate::exact::average::query_lattice::Lattice;
use crate::exact::output::gaussian::ErrorFactors;
use crate::exact::output::participation::{ParticipationRatios, gaussian_participation};
use crate::exact::sums::score_weights::check_probabilities;
use crate::exact::{Exact, ExactOutput};
use crate::law::Gaussian;
use crate::parameter::PromptLength;

/// `E_z E|That - T|^2` and `E_z E P_2` for one prompt length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AverageOutput {
    /// The squared output error, averaged over the query law.
    pub squared_error: Exact,
    /// The expected sum of squared attention weights, averaged over the query law.
    pub participation: Exact,
}

/// The average over a list of queries with the given probabilities, which are divided by their sum; `outputs[i]` belongs to query `i`.
///
/// # Errors
/// If the list is empty, the numbers of outputs and probabilities differ, or a probability is negative, not finite, or all are 0.
pub fn list_average(outputs: &[&ExactOutput], weights: &[f64]) -> Result<AverageOutput> {
    if outputs.is_empty() || outputs.len() != weights.len() {
        return Err(Error::shape(
            "the list of query results",
            outputs.len(),
            format!("one result for each of the {} queries", weights.len()),
        ));
    }
    check_probabilities(weights)?;
    let mean = |pick: fn(&ExactOutput) -> Exact| {
        let values = outputs.iter().map(|output| pick(output));
        Exact::average(values.zip(weights.iter().copied()))
    };
    Ok(AverageOutput {
        squared_error: mean(|o| o.squared_error),
        participation: mean(|o| o.participation),
    })
}

/// Relative disagreement of two lattices below which a query average is accepted: far below what is
/// promised, because two lattices that both miss a narrow feature of the law may agree by chance.
const TOLERANCE: f64 = 1e-12;
/// Halvings of the first step before the average is given up.
const MOST_HALVINGS: usize = 7;

/// Gaussian tokens and a Gaussian query: a deterministic one-dimensional integral, one result a length.
///
/// `E_z E|That - T|^2 = tau_V E[r_2(s)] + E[(r_2 - 6 r_3 + 6 E P_2^2)(s) eta]` over the joint law of
/// `(s^2, eta)` ([`ScoreVarianceLaw`]). Any covariances, singular ones included, any means and query bias.
///
/// # Errors
/// If shapes do not fit, if `s` would have to exceed 200, or if the lattice does not converge.
///
/// # Accuracy
/// Relative `1e-9` or better; each value carries its own error estimate.
///
/// # Examples
/// ```
/// use attention_bounds::exact::gaussian_query_average;
/// use attention_bounds::nalgebra::{self, dmatrix};
/// use attention_bounds::{Gaussian, Head, PromptLength};
///
/// // One token: E (X - z)^2 = 2.
/// let one = Gaussian::centred(dmatrix![1.0])?;
/// let head = Head::new(dmatrix![1.0], dmatrix![1.0])?;
/// let found = gaussian_query_average(&one, &head, &one, &[PromptLength::new(1)?])?[0];
/// assert!((found.squared_error.value - 2.0).abs() < 1e-12);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn gaussian_query_average(
    tokens: &Gaussian,
    head: &Head,
    query: &Gaussian,
    lengths: &[PromptLength],
) -> Result<Vec<AverageOutput>> {
    let law = ScoreVarianceLaw::new(tokens, head, query)?;
    let output_variance = (head.value() * tokens.covariance())
        .dot(head.value())
        .max(0.0);
    let longest = lengths.iter().map(|l| l.as_f64()).fold(1.0, f64::max);
    let mut lattices = Lattice::cover(&law, longest)?;
    if lattices.is_empty() {
        let ratios = gaussian_participation(law.offset().sqrt(), lengths)?;
        return Ok(ratios
            .iter()
            .map(|r| fixed(r, output_variance, law.mean_response()))
            .collect());
    }
    let mut sums = sum_all(lattices.iter().copied(), &law, lengths)?;
    for _ in 0..MOST_HALVINGS {
        let between = sum_all(lattices.iter().map(Lattice::between), &law, lengths)?;
        let finer: Vec<Sums> = sums.iter().zip(&between).map(|(a, b)| a.mean(b)).collect();
        lattices
            .iter_mut()
            .for_each(|lattice| *lattice = lattice.halved());
        let done = sums
            .iter()
            .zip(&finer)
            .all(|(a, b)| a.agrees(b, output_variance));
        if done {
            return Ok(lengths
                .iter()
                .zip(finer.iter().zip(&sums))
                .map(|(length, (fine, coarse))| {
                    if length.get() == 1 {
                        single_token(output_variance, law.mean_response())
                    } else {
                        fine.result(coarse, output_variance)
                    }
                })
                .collect());
        }
        sums = finer;
    }
    Err(Error::Accuracy {
        what: "the average over the Gaussian query did not converge",
        reached: f64::NAN,
        wanted: TOLERANCE,
    })
}

/// One token has all the weight: `E|V(X - T)|^2 = tau_V + eta` for every query.
fn single_token(output_variance: f64, response: f64) -> AverageOutput {
    let value = output_variance + response;
    AverageOutput {
        squared_error: Exact::estimated(value, crate::exact::ROUNDING * value, OF_AVERAGE),
        participation: Exact::ONE,
    }
}

/// Why an average over a Gaussian query is not proved.
pub(in crate::exact) const OF_AVERAGE: &str =
    "how well the lattice averages over the Gaussian query is estimated by a second one";

fn fixed(ratios: &ParticipationRatios, output_variance: f64, response: f64) -> AverageOutput {
    AverageOutput {
        squared_error: ErrorFactors::from(ratios).combine(
            Exact::estimated(output_variance, 0.0, OF_AVERAGE),
            Exact::estimated(response, 0.0, OF_AVERAGE),
        ),
        participation: Exact {
            unproved: Some(OF_AVERAGE),
            ..ratios.second
        },
    }
}

/// The trapezoidal sum, one result a length.
///
/// Nodes are evaluated in parallel and added in their order, so that the sum does not depend on
/// the number of threads.
fn sum(lattice: &Lattice, law: &ScoreVarianceLaw, lengths: &[PromptLength]) -> Result<Vec<Sums>> {
    let nodes: Result<Vec<Vec<Sums>>> = (0..lattice.count)
        .into_par_iter()
        .map(|i| {
            let (value, slope) = lattice.point(law, i);
            let density = law.density(value);
            let weight = slope * lattice.step;
            if !(weight * (density.density + density.response) > 0.0) {
                return Ok(vec![Sums::default(); lengths.len()]);
            }
            let ratios = gaussian_participation((law.offset() + value).sqrt(), lengths)?;
            Ok(ratios
                .iter()
                .map(|r| Sums::at(r, &density, weight))
                .collect())
        })
        .collect();
    let mut totals = vec![Sums::default(); lengths.len()];
    for node in nodes? {
        for (total, part) in totals.iter_mut().zip(&node) {
            total.add(part);
        }
    }
    Ok(totals)
}

/// The sum over several lattices, one result a length.
fn sum_all(
    lattices: impl Iterator<Item = Lattice>,
    law: &ScoreVarianceLaw,
    lengths: &[PromptLength],
) -> Result<Vec<Sums>> {
    let mut totals = vec![Sums::default(); lengths.len()];
    for lattice in lattices {
        for (total, part) in totals.iter_mut().zip(&sum(&lattice, law, lengths)?) {
            total.add(part);
        }
    }
    Ok(totals)
}

/// `E[r_2]` and `E[(r_2 - 6 r_3 + 6 E P_2^2) eta]`.
#[derive(Debug, Clone, Copy)]
struct Sums {
    variance: Exact,
    response: Exact,
}

impl Default for Sums {
    fn default() -> Self {
        Self {
            variance: Exact::ZERO,
            response: Exact::ZERO,
        }
    }
}

impl Sums {
    fn at(ratios: &ParticipationRatios, density: &ScoreVarianceDensity, weight: f64) -> Self {
        let factors = ErrorFactors::from(ratios);
        Self {
            variance: factors.variance.scaled(weight * density.density),
            response: factors.response.scaled(weight * density.response),
        }
    }

    fn add(&mut self, part: &Self) {
        self.variance = self.variance.plus(part.variance);
        self.response = self.response.plus(part.response);
    }

    /// The sum over the union of two shifted lattices.
    fn mean(&self, other: &Self) -> Self {
        let half = |x: Exact, y: Exact| x.plus(y).scaled(0.5);
        Self {
            variance: half(self.variance, other.variance),
            response: half(self.response, other.response),
        }
    }

    fn total(&self, output_variance: f64) -> f64 {
        self.variance.value * output_variance + self.response.value
    }

    fn agrees(&self, finer: &Self, output_variance: f64) -> bool {
        let close = |x: f64, y: f64| (x - y).abs() <= TOLERANCE * y.abs();
        close(self.variance.value, finer.variance.value)
            && close(self.total(output_variance), finer.total(output_variance))
    }

    fn result(&self, coarse: &Self, output_variance: f64) -> AverageOutput {
        let value = self.total(output_variance);
        let node_error = self.variance.error * output_variance + self.response.error;
        let participation = self.variance.value;
        AverageOutput {
            squared_error: Exact::estimated(
                value,
                4.0 * (value - coarse.total(output_variance)).abs()
                    + node_error
                    + DENSITY * value.abs(),
                OF_AVERAGE,
            )
            .non_negative(),
            participation: Exact::estimated(
                participation,
                4.0 * (participation - coarse.variance.value).abs()
                    + self.variance.error
                    + DENSITY * participation,
                OF_AVERAGE,
            ),
        }
    }
}

/// Relative accuracy of the densities of the score variance.
const DENSITY: f64 = 1e-11;
