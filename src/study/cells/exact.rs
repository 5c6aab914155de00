//! Exact values for every query of a question.

use rayon::prelude::*;

use crate::attention::QueryLaw;
use crate::error::{Error, Result};
use crate::exact::{
    AverageOutput, Exact, ExactOutput, GaussianOutput, OutputErrorCurve, gaussian_output_error,
    gaussian_query_average, list_average, output_error, scalar_query_average,
};
use crate::law::OutputLaw;
use crate::parameter::PromptLength;
use crate::record::Cell;
use crate::study::cells::fixed::{NOT_COMPUTED, fixed_cells};
use crate::study::cells::results::{ExactCells, average_of_list};
use crate::study::{Progress, Question, Silent};

/// Exact results; of prompts with fixed tokens those of T2.fixed.
///
/// `seen` is the law of the tokens seen through the value matrix.
pub(in crate::study) fn exact_cells(
    question: &Question<'_>,
    seen: &dyn OutputLaw,
    lengths: &[PromptLength],
    progress: &dyn Progress,
) -> ExactCells {
    if let Some(fixed) = question.fixed {
        return fixed_cells(question, fixed, lengths, progress);
    }
    match question.query {
        QueryLaw::List { weights, .. } => {
            let per_query = list_cells(question, seen, lengths, progress);
            let average = average_of_list(&per_query, weights, lengths.len());
            ExactCells {
                queries: per_query,
                average,
                shares: None,
            }
        }
        QueryLaw::Gaussian(query) => {
            let average = match question.kind.gaussian() {
                Some(tokens) => {
                    gaussian_query_average(tokens, question.head, query, lengths).map_err(reason)
                }
                None if question.tokens.dimension() == 1 => {
                    scalar_query_average(question.tokens, question.head, query, lengths)
                        .map_err(reason)
                }
                None => Err(format!(
                    "an average over a Gaussian query is exact for Gaussian tokens and for finitely many points \
                     of dimension 1 only, not for {} tokens of dimension {}; give fixed queries",
                    question.tokens.name(),
                    question.tokens.dimension()
                )),
            };
            progress.step();
            ExactCells {
                queries: Vec::new(),
                average,
                shares: None,
            }
        }
    }
}

fn list_cells(
    question: &Question<'_>,
    seen: &dyn OutputLaw,
    lengths: &[PromptLength],
    progress: &dyn Progress,
) -> Vec<Cell<Vec<ExactOutput>>> {
    (0..question.query_count())
        .into_par_iter()
        .map(|index| {
            let Some(query) = question.query.query(index) else {
                return Err(format!("there is no query {index}"));
            };
            let tilt = question.head.tilt(&query);
            let result = match question.kind.gaussian() {
                Some(tokens) => gaussian_output_error(
                    &GaussianOutput::new(tokens, question.head.value(), &tilt),
                    lengths,
                ),
                None => output_error(seen, &tilt, lengths),
            };
            progress.step();
            result.map_err(reason)
        })
        .collect()
}

/// A function of the prompt length: its values at a list of lengths.
pub(in crate::study) type Curve<'a, T> = Box<dyn Fn(&[PromptLength]) -> Cell<Vec<T>> + 'a>;

/// The average output error as a function of the length, between the ends of a range: what does not depend on the length is
/// computed once where that is possible.
pub(in crate::study) fn average_curve<'a>(
    question: &'a Question<'_>,
    range: &[PromptLength],
) -> Cell<Curve<'a, Exact>> {
    if question.fixed.is_some() {
        return Err(NOT_COMPUTED.to_owned());
    }
    let squares = |outputs: Vec<AverageOutput>| -> Vec<Exact> {
        outputs.iter().map(|o| o.squared_error).collect()
    };
    match (question.query, question.kind.gaussian()) {
        (QueryLaw::List { queries, weights }, None) => {
            let seen = question.seen();
            let curves: Vec<OutputErrorCurve> = (0..queries.ncols())
                .into_par_iter()
                .map(|index| {
                    let tilt = question.head.tilt(&queries.column(index).into_owned());
                    OutputErrorCurve::new(seen.as_ref(), &tilt, range).map_err(reason)
                })
                .collect::<Cell<_>>()?;
            Ok(Box::new(move |lengths| {
                let averages = lengths.par_iter().map(|&length| {
                    let outputs: Result<Vec<ExactOutput>> =
                        curves.iter().map(|curve| curve.at(length)).collect();
                    let outputs = outputs.map_err(reason)?;
                    list_average(&outputs.iter().collect::<Vec<_>>(), weights).map_err(reason)
                });
                averages.collect::<Cell<Vec<_>>>().map(squares)
            }))
        }
        _ => Ok(Box::new(move |lengths| {
            let seen = question.seen();
            exact_cells(question, seen.as_ref(), lengths, &Silent)
                .average
                .map(squares)
        })),
    }
}

pub(in crate::study) fn reason(error: Error) -> String {
    error.to_string()
}
