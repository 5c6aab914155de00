//! Averages over a Gaussian query for tokens on finitely many points of the line.

use libm::erfc;
use nalgebra::DVector;
use rayon::prelude::*;

use crate::attention::Head;
use crate::error::{Error, Result};
use crate::exact::average::output::OF_AVERAGE;
use crate::exact::{AverageOutput, Exact, output_error};
use crate::law::{Gaussian, OutputLaw, TokenLaw};
use crate::parameter::PromptLength;

/// Standard deviations of the tilt that the lattice covers on either side.
const REACH: f64 = 15.0;
/// Relative disagreement of two lattices below which the average is accepted.
const TOLERANCE: f64 = 1e-11;
/// Step of the first lattice, in standard deviations of the tilt.
const FIRST_STEP: f64 = 0.5;
/// Largest number of points: the average takes up to some ten thousand exact values.
const MOST_POINTS: usize = 4096;
/// Halvings of the first step before the average is given up.
const MOST_HALVINGS: usize = 10;

/// `E_z E|That - T|^2` and `E_z E P_2` for tokens in `R^1` and a Gaussian query, one result a length.
///
/// The tilt `a = U z + b` is a normal number, and the error at each tilt is exact (T2), so the average is one integral:
/// a trapezoidal sum over `a`, halved until two sums agree to `1e-11` or to the errors of their terms. The error is analytic in `a` in a strip
/// (about `pi / sup|x|` wide on either side), and the normal density is entire, so that the sum converges exponentially.
///
/// # Errors
/// If shapes do not fit, the tokens are not of dimension 1 or not on at most 4096 points, an exact value is not available at a
/// tilt within 15 standard deviations, or the sums do not agree.
///
/// # Accuracy
/// Each value carries its error estimate: four times the difference of the last two sums, the errors of the values at the
/// nodes, and what lies beyond 15 standard deviations, where the error is at most `4 sup|V(x - E X)|^2`.
///
/// # Examples
/// ```
/// use attention_bounds::exact::scalar_query_average;
/// use attention_bounds::nalgebra::{self, dmatrix};
/// use attention_bounds::{Gaussian, Head, PromptLength, Rademacher};
///
/// // U = 0: the error is Var X / L.
/// let (signs, query) = (Rademacher::new(1, 1.0)?, Gaussian::centred(dmatrix![1.0])?);
/// let head = Head::new(dmatrix![0.0], dmatrix![1.0])?;
/// let found = scalar_query_average(&signs, &head, &query, &[PromptLength::new(20)?])?[0];
/// assert!((found.squared_error.value - 0.05).abs() < 1e-12);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn scalar_query_average(
    tokens: &dyn TokenLaw,
    head: &Head,
    query: &Gaussian,
    lengths: &[PromptLength],
) -> Result<Vec<AverageOutput>> {
    let shape = head.key_query().shape();
    if tokens.dimension() != 1 || shape != (1, query.mean().len()) {
        return Err(Error::shape(
            "the key-query matrix",
            format!("{} x {}", shape.0, shape.1),
            format!(
                "1 x {} (tokens of dimension 1 and this query)",
                query.mean().len()
            ),
        ));
    }
    let value = head.value();
    let centre = value * tokens.tilted_mean(&DVector::zeros(1));
    let few = tokens
        .support()
        .is_some_and(|(points, _)| points.ncols() <= MOST_POINTS);
    let Some(radius) = tokens.output_radius(value, &centre).filter(|_| few) else {
        return Err(Error::Unavailable {
            what: "the average over a Gaussian query",
            why: format!(
                "the {} law is not a list of at most {MOST_POINTS} points; give fixed queries",
                tokens.name()
            ),
        });
    };
    let row = head.key_query();
    let mean = head.tilt(query.mean()).sum();
    let deviation = (row * query.covariance()).dot(row).max(0.0).sqrt();
    let seen = tokens.through(value);
    let sum =
        |step: f64, shift: f64| trapezoid(seen.as_ref(), (mean, deviation), (step, shift), lengths);
    let mut step = FIRST_STEP;
    let mut coarse = sum(step, 0.0)?;
    for _ in 0..MOST_HALVINGS {
        // The lattice of half the step is the old one and the points between.
        let between = sum(step, 0.5)?;
        let fine: Vec<AverageOutput> = coarse
            .iter()
            .zip(&between)
            .map(|(x, y)| AverageOutput {
                squared_error: middle(x.squared_error, y.squared_error),
                participation: middle(x.participation, y.participation),
            })
            .collect();
        // Sums cannot agree better than their terms are known.
        let agree =
            |x: Exact, y: Exact| (x.value - y.value).abs() <= TOLERANCE * y.value.abs() + y.error;
        let done = coarse.iter().zip(&fine).all(|(x, y)| {
            agree(x.squared_error, y.squared_error) && agree(x.participation, y.participation)
        });
        if done {
            // P(|x| > REACH) is erfc(REACH / sqrt 2).
            let beyond = erfc(REACH * std::f64::consts::FRAC_1_SQRT_2);
            return Ok(coarse
                .iter()
                .zip(&fine)
                .map(|(x, y)| AverageOutput {
                    squared_error: judged(
                        x.squared_error,
                        y.squared_error,
                        4.0 * radius * radius * beyond,
                    ),
                    participation: judged(x.participation, y.participation, beyond),
                })
                .collect());
        }
        coarse = fine;
        step *= 0.5;
    }
    Err(Error::Accuracy {
        what: "the average over the Gaussian query did not converge",
        reached: f64::NAN,
        wanted: TOLERANCE,
    })
}

fn middle(x: Exact, y: Exact) -> Exact {
    x.plus(y).scaled(0.5)
}

fn judged(coarse: Exact, fine: Exact, beyond: f64) -> Exact {
    Exact::estimated(
        fine.value,
        fine.error
            + 4.0 * (fine.value - coarse.value).abs()
            + beyond
            + crate::exact::ROUNDING * fine.value.abs(),
        OF_AVERAGE,
    )
}

/// The sum over the nodes `(i + shift) step` within the reach; evaluated in parallel, added in their order.
fn trapezoid(
    seen: &dyn OutputLaw,
    (mean, deviation): (f64, f64),
    (step, shift): (f64, f64),
    lengths: &[PromptLength],
) -> Result<Vec<AverageOutput>> {
    let half = (REACH / step).ceil() as i64;
    let nodes: Result<Vec<_>> = (-half..=half)
        .into_par_iter()
        .map(|i| {
            let x = (i as f64 + shift) * step;
            let tilt = DVector::from_element(1, mean + deviation * x);
            let weight = step * (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
            Ok((weight, output_error(seen, &tilt, lengths)?))
        })
        .collect();
    let mut totals = vec![
        AverageOutput {
            squared_error: Exact::ZERO,
            participation: Exact::ZERO,
        };
        lengths.len()
    ];
    for (weight, outputs) in nodes? {
        let add = |to: &mut Exact, part: Exact| *to = to.plus(part.scaled(weight));
        for (total, output) in totals.iter_mut().zip(&outputs) {
            add(&mut total.squared_error, output.squared_error);
            add(&mut total.participation, output.participation);
        }
    }
    Ok(totals)
}
