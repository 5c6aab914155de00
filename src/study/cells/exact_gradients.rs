//! Exact errors of the gradients for every query of a question.

use rayon::prelude::*;

use crate::attention::QueryLaw;
use crate::error::Error;
use crate::exact::{
    Exact, GaussianGradient, finite_gradient_error, gaussian_gradient_error,
    gaussian_key_query_gradient_average, gaussian_value_gradient_average, value_gradient_error,
};
use crate::law::Gaussian;
use crate::parameter::PromptLength;
use crate::record::{Cell, Metric};
use crate::study::Question;
use crate::study::cells::exact::reason;
use crate::study::cells::fixed::NOT_COMPUTED;
use crate::study::cells::results::average_of_exact;

/// The errors of both gradients for one query or averaged: a value for each length, or the reason.
#[derive(Debug, Clone)]
pub(in crate::study) struct GradientCells {
    value: Cell<Vec<Exact>>,
    key_query: Cell<Vec<Exact>>,
}

impl GradientCells {
    /// One value; `None` for a metric that is not a gradient's.
    pub fn at(&self, metric: Metric, length: usize) -> Option<Cell<Exact>> {
        let cell = match metric {
            Metric::ValueGradient => &self.value,
            Metric::KeyQueryGradient => &self.key_query,
            _ => return None,
        };
        let found = cell.as_ref().map_err(Clone::clone).and_then(|values| {
            let value = values.get(length).copied();
            value.ok_or_else(|| "no value was computed".to_owned())
        });
        Some(found)
    }
}

/// Every query of a list (none for a continuous query law), and the average over the query law.
pub(in crate::study) fn gradient_cells(
    question: &Question<'_>,
    lengths: &[PromptLength],
) -> (Vec<GradientCells>, GradientCells) {
    if question.fixed.is_some() {
        let none = GradientCells {
            value: Err(NOT_COMPUTED.into()),
            key_query: Err(NOT_COMPUTED.into()),
        };
        return (vec![none.clone(); question.query_count()], none);
    }
    match question.query {
        QueryLaw::List { queries, weights } => {
            let support = match question.kind.gaussian() {
                Some(_) => None,
                None => question.tokens.support(),
            };
            let cells: Vec<GradientCells> = (0..queries.ncols())
                .into_par_iter()
                .map(|index| one_query(question, support.as_ref(), index, lengths))
                .collect();
            let average = GradientCells {
                value: average_of_exact(cells.iter().map(|c| &c.value), weights, lengths.len()),
                key_query: average_of_exact(
                    cells.iter().map(|c| &c.key_query),
                    weights,
                    lengths.len(),
                ),
            };
            (cells, average)
        }
        QueryLaw::Gaussian(query) => {
            let average = GradientCells {
                value: gaussian_average(question, query, lengths, Gradient::Value),
                key_query: gaussian_average(question, query, lengths, Gradient::KeyQuery),
            };
            (Vec::new(), average)
        }
    }
}

/// Which of the two gradients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::study) enum Gradient {
    /// In `V`.
    Value,
    /// In `U`.
    KeyQuery,
}

/// The error of one gradient averaged over the query law: a value for each length, or the reason.
pub(in crate::study) fn gradient_average(
    question: &Question<'_>,
    lengths: &[PromptLength],
    gradient: Gradient,
) -> Cell<Vec<Exact>> {
    if question.fixed.is_some() {
        return Err(NOT_COMPUTED.into());
    }
    match question.query {
        // An average over a Gaussian query takes long enough to leave the other gradient out.
        QueryLaw::Gaussian(query) => gaussian_average(question, query, lengths, gradient),
        QueryLaw::List { .. } => {
            let (_, average) = gradient_cells(question, lengths);
            match gradient {
                Gradient::Value => average.value,
                Gradient::KeyQuery => average.key_query,
            }
        }
    }
}

fn gaussian_average(
    question: &Question<'_>,
    query: &Gaussian,
    lengths: &[PromptLength],
    gradient: Gradient,
) -> Cell<Vec<Exact>> {
    let Some(tokens) = question.kind.gaussian() else {
        return Err(format!(
            "an average over a Gaussian query is exact for Gaussian tokens only, not for {} tokens; \
             give fixed queries",
            question.tokens.name()
        ));
    };
    let head = question.head;
    match gradient {
        Gradient::Value => gaussian_value_gradient_average(tokens, head, query, lengths),
        Gradient::KeyQuery => gaussian_key_query_gradient_average(tokens, head, query, lengths),
    }
    .map_err(reason)
}

fn one_query(
    question: &Question<'_>,
    support: Option<&(nalgebra::DMatrix<f64>, Vec<f64>)>,
    index: usize,
    lengths: &[PromptLength],
) -> GradientCells {
    let Some(query) = question.query.query(index) else {
        let why = format!("there is no query {index}");
        return GradientCells {
            value: Err(why.clone()),
            key_query: Err(why),
        };
    };
    let (value, tilt) = (question.head.value(), question.head.tilt(&query));
    let square = query.norm_squared();
    let both = if let Some(tokens) = question.kind.gaussian() {
        GaussianGradient::new(tokens, value, &tilt, square)
            .and_then(|gradient| gaussian_gradient_error(&gradient, lengths))
    } else if let Some((points, probability)) = support {
        finite_gradient_error((points, probability), value, &tilt, square, lengths)
    } else {
        let value = value_gradient_error(question.tokens, value.nrows(), &tilt, lengths);
        return GradientCells {
            value: value.map_err(reason),
            key_query: Err(reason(Error::Unavailable {
                what: "the exact error of the key-query gradient",
                why: format!(
                    "it is computed for Gaussian tokens and for laws whose points can be listed, not for {} tokens",
                    question.tokens.name()
                ),
            })),
        };
    };
    match both {
        Ok(found) => GradientCells {
            value: Ok(found.iter().map(|g| g.value).collect()),
            key_query: Ok(found.iter().map(|g| g.key_query).collect()),
        },
        Err(error) => {
            let why = reason(error);
            GradientCells {
                value: Err(why.clone()),
                key_query: Err(why),
            }
        }
    }
}
