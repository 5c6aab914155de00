//! How fast the error falls: T8 for Gaussian tokens and query, limits and local slopes for every law.

use nalgebra::DVector;

use crate::attention::QueryLaw;
use crate::bound::{Bound, GaussianSetting, GaussianSpectrum, KnownMoments, Theorem};
use crate::error::Result;
use crate::law::Gaussian;
use crate::parameter::PromptLength;
use crate::record::{LocalSlope, RateAnswer};
use crate::study::cells::bounds::bound_cells;
use crate::study::cells::exact::{exact_cells, reason};
use crate::study::{Progress, Question, Silent, TableOptions};

/// T8 where it applies, the limit `E_z A2` of `L` times the error for a list of queries, and local slopes.
///
/// # Errors
/// If there are more than [`MOST_CELLS`](super::MOST_CELLS) queries and lengths, or the law's moments cannot be evaluated at a query.
pub fn rate(
    question: &Question<'_>,
    lengths: &[PromptLength],
    progress: &dyn Progress,
) -> Result<RateAnswer> {
    question.check_size(lengths.len(), 1)?;
    let mut notes = Vec::new();
    let seen = question.tokens.through(question.head.value());
    let exact = exact_cells(question, seen.as_ref(), lengths, progress).average;
    let slopes = match &exact {
        Ok(values) => {
            let errors: Vec<f64> = values.iter().map(|v| v.squared_error.value).collect();
            slopes(lengths, &errors)
        }
        Err(why) => {
            notes.push(format!("no local slopes: {why}"));
            Vec::new()
        }
    };
    let fixed = question.fixed.is_some();
    let not_gaussian = || Err("T8 speaks of Gaussian tokens and a Gaussian query".to_owned());
    let (lambda, kappa, limiting_constant) = match (question.query, question.kind.gaussian()) {
        (QueryLaw::Gaussian(_), _) if fixed => {
            let why = || Err("T8 speaks of prompts without fixed tokens".to_owned());
            (why(), why(), why())
        }
        (QueryLaw::Gaussian(query), Some(tokens)) => {
            let spectrum = spectrum(question, tokens, query)?;
            (
                Ok(spectrum.lambda()),
                Ok(spectrum.kappa()),
                spectrum.limiting_constant().map_err(reason),
            )
        }
        (QueryLaw::Gaussian(_), None) => (not_gaussian(), not_gaussian(), not_gaussian()),
        (QueryLaw::List { queries, weights }, _) => {
            let seen = question.tokens.through(question.head.value());
            let mut limit = 0.0;
            for (query, weight) in queries.column_iter().zip(weights) {
                let tilt: DVector<f64> = question.head.tilt(&query.into_owned());
                limit += weight * KnownMoments::new(seen.as_ref(), &tilt)?.ln_a2().exp();
            }
            notes.push(
                "for fixed queries the limit is the average of A2 (T5 and dominated convergence)"
                    .to_owned(),
            );
            if fixed {
                notes.push("fixed tokens do not change this limit (T2.fixed)".to_owned());
            }
            let limit = if limit.is_finite() {
                Ok(limit)
            } else {
                Err("A2 is larger than every float at a query".to_owned())
            };
            (not_gaussian(), not_gaussian(), limit)
        }
    };
    let bound_slopes = if question.kind.gaussian().is_some() && !fixed {
        bound_slopes(question, lengths)?
    } else {
        Vec::new()
    };
    Ok(RateAnswer {
        description: String::new(),
        lambda,
        kappa,
        limiting_constant,
        slopes,
        bound_slopes,
        temperatures: Vec::new(),
        notes,
    })
}

/// T8's spectrum for Gaussian tokens and a Gaussian query.
pub(super) fn spectrum(
    question: &Question<'_>,
    tokens: &Gaussian,
    query: &Gaussian,
) -> Result<GaussianSpectrum> {
    GaussianSpectrum::new(GaussianSetting {
        token_covariance: tokens.covariance(),
        key_query: question.head.key_query(),
        value: question.head.value(),
        query_mean: query.mean(),
        query_covariance: query.covariance(),
        tilt_bias: question.head.tilt_bias(),
    })
}

/// Local slopes of T15 and T19, the theorems behind the exponent of T8.
fn bound_slopes(
    question: &Question<'_>,
    lengths: &[PromptLength],
) -> Result<Vec<(Theorem, Vec<LocalSlope>)>> {
    let seen = question.tokens.through(question.head.value());
    let cells = bound_cells(
        question,
        seen.as_ref(),
        lengths,
        &TableOptions::default(),
        &Silent,
    )?
    .average;
    let upper: Vec<f64> = cells
        .output
        .iter()
        .map(|records| {
            let found = records
                .iter()
                .find(|bound| bound.theorem() == Theorem::FRACTIONAL_MOMENTS);
            found.and_then(Bound::value).unwrap_or(f64::NAN)
        })
        .collect();
    let lower: Vec<f64> = cells
        .lower
        .iter()
        .map(|bound| bound.map_or(f64::NAN, |bound| bound.value))
        .collect();
    Ok([
        (Theorem::FRACTIONAL_MOMENTS, upper),
        (Theorem::LOWER_BOUND, lower),
    ]
    .into_iter()
    .map(|(theorem, values)| (theorem, slopes(lengths, &values)))
    .filter(|(_, slopes)| !slopes.is_empty())
    .collect())
}

fn slopes(lengths: &[PromptLength], errors: &[f64]) -> Vec<LocalSlope> {
    let points: Vec<(PromptLength, f64)> = lengths
        .iter()
        .copied()
        .zip(errors.iter().copied())
        .collect();
    points
        .windows(2)
        .filter_map(|pair| match pair {
            [(from, before), (to, after)] => Some(LocalSlope {
                from: from.get(),
                to: to.get(),
                slope: -(after.ln() - before.ln()) / (to.as_f64().ln() - from.as_f64().ln()),
            }),
            _ => None,
        })
        .filter(|slope| slope.slope.is_finite())
        .collect()
}
