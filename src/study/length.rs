//! The smallest prompt length at which the error, or its best bound, is at most epsilon.

use nalgebra::{DMatrix, DVector};

use super::cells::bounds::output_curve;
use super::cells::exact::{average_curve, reason};
use super::length_search::{Reached, search};
use super::{Progress, Question};
use crate::attention::QueryLaw;
use crate::bound::ValueSpectrum;
use crate::error::{Error, Result};
use crate::parameter::{Positive, PromptLength, refused};
use crate::record::{Cell, LengthAnswer, QueryLabel, ReachedLength};

/// A threshold of the squared error `E|That - T|^2`, and for which query; a number is an absolute threshold of the average.
///
/// ```
/// use attention_bounds::Epsilon;
///
/// assert_eq!(Epsilon::from(0.01), Epsilon::absolute(0.01));
/// let _ = Epsilon::relative(0.01).at_query(3);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Epsilon {
    value: f64,
    relative: bool,
    query: QueryLabel,
}

impl Epsilon {
    /// The threshold itself.
    pub fn absolute(value: f64) -> Self {
        Self {
            value,
            relative: false,
            query: QueryLabel::Average,
        }
    }

    /// A multiple of `|T|^2` (for an average, of its average).
    pub fn relative(value: f64) -> Self {
        Self {
            relative: true,
            ..Self::absolute(value)
        }
    }

    /// For one query of a list, from 0, instead of the average over the query law.
    #[must_use]
    pub fn at_query(self, index: usize) -> Self {
        Self {
            query: QueryLabel::Index(index),
            ..self
        }
    }
}

impl From<f64> for Epsilon {
    fn from(value: f64) -> Self {
        Self::absolute(value)
    }
}

/// The smallest length from which on the error stays at most `epsilon`, up to `2^53` tokens, by its exact value and by its best bound.
///
/// The error need not fall with the length: with rare tokens it grows first. That no longer prompt is worse is proved by T20 `slow-growth`
/// ([`crate::bound::lasts_until`]), which carries one value to a range of lengths; with the errors of the exact values added (proved where those are, T16).
///
/// # Errors
/// If there are more than 2,500 queries, the query does not exist, `|T|^2` is not available for a relative threshold, or a bound's constants
/// cannot be evaluated. A length that is not found within 2^53 is a reason in its cell, not an error.
pub fn smallest(
    question: &Question<'_>,
    asked: &Epsilon,
    progress: &dyn Progress,
) -> Result<LengthAnswer> {
    let given = Positive::new("--epsilon", asked.value)?.get();
    // One query of the list is a list of its own: the others need not be evaluated.
    let single = match asked.query {
        QueryLabel::Average => None,
        QueryLabel::Index(index) => Some(single_query(question, index)?),
    };
    let question = &match &single {
        Some(query) => Question { query, ..*question },
        None => *question,
    };
    // Some 200 lengths are tried.
    question.check_size(100, 1)?;
    let relative_to = if asked.relative {
        Some(response_squared(question)?)
    } else {
        None
    };
    let epsilon = given * relative_to.unwrap_or(1.0);
    if !(epsilon > 0.0) {
        return refused(
            "--epsilon",
            format!("{} times |T|^2 = {epsilon}", given),
            "positive; the attention output T vanishes, so ask for an absolute epsilon",
        );
    }
    let exact = smallest_exact(question, epsilon, progress);
    let values = ValueSpectrum::new(question.head.value())?;
    let bounds = output_curve(question, &values)?;
    let best = |lengths: &[PromptLength]| {
        let records = bounds(lengths)?;
        Ok(records.iter().map(|r| Reached::best(r)).collect())
    };
    let bound = search(epsilon, progress, Box::new(best));
    Ok(LengthAnswer {
        description: String::new(),
        query: asked.query,
        epsilon,
        relative_to,
        exact,
        bound,
        notes: Vec::new(),
    })
}

/// The smallest length from which on the exact error stays at most `epsilon`, an absolute threshold, averaged over the query law.
pub(super) fn smallest_exact(
    question: &Question<'_>,
    epsilon: f64,
    progress: &dyn Progress,
) -> Cell<ReachedLength> {
    // A single token needs no integral, and a range from 1 would be one of it alone.
    let ends = [2, PromptLength::MAX].map(|length| PromptLength::new(length).map_err(reason));
    let [shortest, longest] = ends;
    let errors = average_curve(question, &[shortest?, longest?])?;
    let curve = move |lengths: &[PromptLength]| {
        Ok(errors(lengths)?.into_iter().map(Reached::exact).collect())
    };
    search(epsilon, progress, Box::new(curve))
}

/// The law concentrated in one query of a list.
fn single_query(question: &Question<'_>, index: usize) -> Result<QueryLaw> {
    match question.query.query(index) {
        Some(query) => QueryLaw::uniform(DMatrix::from_columns(&[query])),
        None => refused(
            "--at-query",
            index,
            "the number of a query of the scenario's list, from 0",
        ),
    }
}

/// `|T|^2`, averaged over the query law.
pub(super) fn response_squared(question: &Question<'_>) -> Result<f64> {
    let value = question.head.value();
    let squared = |z: &DVector<f64>| {
        (value * question.tokens.tilted_mean(&question.head.tilt(z))).norm_squared()
    };
    match question.query {
        QueryLaw::List { queries, weights } => Ok(queries
            .column_iter()
            .zip(weights)
            .map(|(z, w)| w * squared(&z.into_owned()))
            .sum()),
        // T1: T(z) = V (m0 + Gamma (U z + b)) is Gaussian, so E|T|^2 is its squared mean and its variance.
        QueryLaw::Gaussian(law) => match question.kind.gaussian() {
            Some(tokens) => {
                let response = value * tokens.covariance() * question.head.key_query();
                let mean = squared(law.mean());
                Ok(mean + (&response * law.covariance()).dot(&response))
            }
            None => Err(Error::Unavailable {
                what: "the average of |T|^2",
                why: "a Gaussian query needs Gaussian tokens for it; ask for an absolute epsilon"
                    .into(),
            }),
        },
    }
}
