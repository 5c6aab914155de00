//! Bounds for every query of a question.

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use super::exact::reason;
use super::gradient_bounds::{GradientCells, Gradients, average, not_available};
use super::table::TableOptions;
use super::{Progress, Question};
use crate::attention::{QueryLaw, ScoreVarianceLaw};
use crate::bound::{
    Bound, Formula, GaussianOutput, GaussianQueryAverage, KnownMoments, SubGaussianMoments,
    Theorem, UniformRate, ValueSpectrum, list_average, output_bounds, output_variance,
    participation_bounds, tail_bound,
};
use crate::error::Result;
use crate::law::{CLOSED_FORM, Gaussian, TokenLaw};
use crate::parameter::{Dimension, Positive, PromptLength, VarianceProxy};
use crate::report::Cell;

/// Bounds of one query, or of the average: one list of records a length, for each metric.
#[derive(Debug, Clone, Default)]
pub(super) struct BoundCells {
    /// Of `E|That - T|^2`.
    pub output: Vec<Vec<Bound>>,
    /// Of `E P_2`.
    pub participation: Vec<Vec<Bound>>,
    /// Of `P(|That - T| >= eps)`; empty if no `eps` was asked for.
    pub tail: Vec<Vec<Bound>>,
    /// Of the errors of both gradients; empty if they were not asked for.
    pub gradients: GradientCells,
}

/// Bounds for every query of a list (none for a continuous query law), and averaged over the law.
pub(super) struct AllBounds {
    pub queries: Vec<BoundCells>,
    pub average: BoundCells,
}

pub(super) fn bound_cells(
    question: &Question<'_>,
    lengths: &[PromptLength],
    options: &TableOptions,
    progress: &dyn Progress,
) -> Result<AllBounds> {
    let tail = options.tail;
    let gradients = options
        .gradients
        .then(|| Gradients::new(question))
        .transpose()?;
    let values = ValueSpectrum::new(question.head.value())?;
    let proxy = question.tokens.variance_proxy().proxy;
    match question.query {
        QueryLaw::List { queries, weights } => {
            let seen = question.tokens.through(question.head.value());
            let queries: Vec<BoundCells> = (0..queries.ncols())
                .into_par_iter()
                .map(|index| {
                    let query = queries.column(index).into_owned();
                    let tilt = question.head.tilt(&query);
                    let known = match question.tokens.as_gaussian() {
                        Some(tokens) => gaussian_moments(tokens, question.head.value(), &tilt),
                        None => KnownMoments::new(seen.as_ref(), &tilt),
                    };
                    let class = SubGaussianMoments::of_tilt(proxy, &tilt, &values);
                    // A moment that is out of range says nothing about the exact value: the bounds do not apply.
                    let (known, class) = (known.map_err(reason), class.map_err(reason));
                    let mut cells = pointwise(&known, &class, lengths, tail);
                    if let Some(gradients) = &gradients {
                        let found = known.and_then(|known| {
                            gradients.pointwise(&known, &query, lengths).map_err(reason)
                        });
                        cells.gradients = found.unwrap_or_else(|why| not_available(&why, lengths));
                    }
                    progress.step();
                    cells
                })
                .collect();
            let mut average = average_cells(&queries, weights, lengths.len());
            if gradients.is_some() {
                average.gradients = average_gradients(&queries, question.query, lengths.len());
            }
            Ok(AllBounds { queries, average })
        }
        QueryLaw::Gaussian(query) => {
            let mut average = gaussian_query(question, query, values, proxy, lengths, tail)?;
            if let Some(gradients) = &gradients {
                average.gradients = gradients.gaussian_query(query, lengths)?;
            }
            progress.step();
            Ok(AllBounds {
                queries: Vec::new(),
                average,
            })
        }
    }
}

pub(super) fn gaussian_moments(
    tokens: &Gaussian,
    value: &DMatrix<f64>,
    tilt: &DVector<f64>,
) -> Result<KnownMoments> {
    GaussianOutput::of(tokens.covariance(), value, tilt).map(KnownMoments::gaussian)
}

/// The records of one query; where moments are not available, why.
fn pointwise(
    known: &Cell<KnownMoments>,
    class: &Cell<SubGaussianMoments<'_>>,
    lengths: &[PromptLength],
    tail: Option<Positive>,
) -> BoundCells {
    let output = |l| {
        let mut records = output_bounds(known.as_ref().ok(), class.as_ref().ok(), l);
        for record in &mut records {
            let theorem = record.theorem();
            let why = match theorem {
                Theorem::ChernoffBound | Theorem::LaplaceBound => known.as_ref().err(),
                Theorem::TrivialBound => known.as_ref().err().filter(|_| class.is_err()),
                _ => class.as_ref().err(),
            };
            if let Some(why) = why {
                *record = Bound::not_applicable(theorem, why);
            }
        }
        records
    };
    let participation = |l| match known {
        Ok(known) => participation_bounds(known, l),
        Err(why) => vec![
            certain(),
            Bound::not_applicable(Theorem::LaplaceParticipation, why),
        ],
    };
    let of_tail = |eps, l| match known {
        Ok(known) => tail_bound(known, eps, l),
        Err(why) => Bound::not_applicable(Theorem::ChernoffTail, why),
    };
    BoundCells {
        output: lengths.iter().map(|&l| output(l)).collect(),
        participation: lengths.iter().map(|&l| participation(l)).collect(),
        tail: tail.map_or_else(Vec::new, |eps| {
            let record = |&l| vec![certain(), of_tail(eps, l)];
            lengths.iter().map(record).collect()
        }),
        gradients: GradientCells::default(),
    }
}

/// The trivial bound of a probability.
fn certain() -> Bound {
    Bound::proved(Theorem::TrivialBound, 1.0, 1.0, "a probability")
        .with_formula(Some(Formula::Constant(1.0)))
}

fn average_gradients(queries: &[BoundCells], law: &QueryLaw, lengths: usize) -> GradientCells {
    let cells: Vec<&GradientCells> = queries.iter().map(|c| &c.gradients).collect();
    average(&cells, law, lengths)
}

/// The averages at each length, of lists of records by length, one list a query.
pub(super) fn average_records(
    queries: &[&Vec<Vec<Bound>>],
    weights: &[f64],
    lengths: usize,
) -> Vec<Vec<Bound>> {
    (0..lengths)
        .filter_map(|i| {
            let records: Option<Vec<Vec<Bound>>> =
                queries.iter().map(|cells| cells.get(i).cloned()).collect();
            Some(list_average(&records?, weights))
        })
        .collect()
}

/// The average of each metric over a list of queries.
fn average_cells(queries: &[BoundCells], weights: &[f64], lengths: usize) -> BoundCells {
    let column = |pick: fn(&BoundCells) -> &Vec<Vec<Bound>>| {
        let lists: Vec<&Vec<Vec<Bound>>> = queries.iter().map(pick).collect();
        average_records(&lists, weights, lengths)
    };
    let mut average = BoundCells {
        output: column(|c| &c.output),
        participation: column(|c| &c.participation),
        tail: column(|c| &c.tail),
        gradients: GradientCells::default(),
    };
    for records in &mut average.output {
        records.push(Bound::not_applicable(
            Theorem::UniformRate,
            "a centred sub-Gaussian query law with a known variance proxy is required; the queries are a list",
        ));
    }
    // T6 speaks of the output; the other metrics have no smallest-of-several record.
    for records in average.participation.iter_mut().chain(&mut average.tail) {
        records.retain(|b| b.theorem() != Theorem::OutputConcentration);
    }
    average
}

/// T7, and for Gaussian tokens T5 and T6 integrated over the query.
fn gaussian_query(
    question: &Question<'_>,
    query: &Gaussian,
    values: ValueSpectrum,
    proxy: VarianceProxy,
    lengths: &[PromptLength],
    tail: Option<Positive>,
) -> Result<BoundCells> {
    let integrated = match question.tokens.as_gaussian() {
        Some(tokens) => {
            let law = ScoreVarianceLaw::new(tokens, question.head, query)?;
            let value = question.head.value();
            let variance = output_variance(tokens.covariance(), value);
            Some((
                GaussianQueryAverage::output(&law, variance),
                GaussianQueryAverage::participation(&law),
            ))
        }
        None => None,
    };
    let uniform = uniform_rate(question, query, values, proxy)?;
    let output: Result<Vec<Vec<Bound>>> = lengths
        .par_iter()
        .map(|&length| {
            let mut records = match &integrated {
                Some((average, _)) => average.output_bounds(length)?,
                None => vec![bounded_support(question.tokens, question.head.value())],
            };
            let trivial = records
                .first()
                .and_then(Bound::value)
                .unwrap_or(f64::INFINITY);
            match &uniform {
                Ok(rate) => {
                    records.push(rate.bound(length, trivial));
                    records.push(rate.gaussian_query_bound(length, trivial));
                }
                Err(reason) => {
                    records.push(Bound::not_applicable(Theorem::UniformRate, *reason));
                }
            }
            Ok(records)
        })
        .collect();
    let not_averaged = |theorem| -> Vec<Vec<Bound>> {
        let reason = "it is evaluated for single queries; give fixed queries";
        lengths
            .iter()
            .map(|_| vec![Bound::not_applicable(theorem, reason)])
            .collect()
    };
    let participation = match &integrated {
        Some((_, average)) => lengths
            .par_iter()
            .map(|&l| average.participation_bounds(l))
            .collect::<Result<_>>()?,
        None => not_averaged(Theorem::LaplaceParticipation),
    };
    Ok(BoundCells {
        output: output?,
        participation,
        tail: tail.map_or_else(Vec::new, |_| not_averaged(Theorem::ChernoffTail)),
        gradients: GradientCells::default(),
    })
}

/// Tokens of bounded support: `|V(x - m(a))| <= |V x - V m(0)| + |V m(a) - V m(0)| <= 2 r` for every query.
pub(super) fn bounded_support(tokens: &dyn TokenLaw, value: &DMatrix<f64>) -> Bound {
    let centre = value * tokens.tilted_mean(&DVector::zeros(tokens.dimension()));
    let zero = DVector::zeros(tokens.dimension());
    let seen = tokens.through(value);
    let error = seen.error(&zero, &seen.tilted(&zero)).mean;
    match tokens.output_radius(value, &centre) {
        Some(radius) => {
            // The centre is as accurate as the mean, the radius as a closed form; four roundings besides.
            let error = 2.0 * error + 2.0 * CLOSED_FORM * radius;
            let bound = 4.0 * (radius + error).powi(2) * (1.0 + 8.0 * f64::EPSILON);
            Bound::proved(
                Theorem::TrivialBound,
                bound,
                bound,
                "bounded support: (2 sup |V(x - m(0))|)^2",
            )
        }
        None => Bound::not_applicable(
            Theorem::TrivialBound,
            "the support of the tokens is unbounded",
        ),
    }
}

/// A float that is at least the square root; 0 of 0.
pub(super) fn square_root_above(square: f64) -> f64 {
    if square == 0.0 {
        0.0
    } else {
        square.sqrt().next_up()
    }
}

/// The hypothesis of T7 that fails, if one does.
pub(super) fn not_centred(question: &Question<'_>, query: &Gaussian) -> Option<&'static str> {
    if query.mean().iter().any(|m| *m != 0.0) {
        return Some("the query must be centred");
    }
    if question.head.tilt_bias().iter().any(|b| *b != 0.0) {
        return Some("the head must have no query bias, so that the tilt is centred");
    }
    None
}

/// T7 for this question, or the hypothesis that fails.
fn uniform_rate(
    question: &Question<'_>,
    query: &Gaussian,
    values: ValueSpectrum,
    proxy: VarianceProxy,
) -> Result<std::result::Result<UniformRate, &'static str>> {
    if let Some(reason) = not_centred(question, query) {
        return Ok(Err(reason));
    }
    // The operator norm is the root of the largest eigenvalue of the square, of which this is an upper bound.
    let covariance = ValueSpectrum::new(query.covariance())?.largest();
    let norm = ValueSpectrum::new(question.head.key_query())?.largest();
    UniformRate::new(
        proxy,
        VarianceProxy::new(square_root_above(covariance))?,
        square_root_above(norm),
        Dimension::new(query.mean().len())?,
        values,
    )
    .map(Ok)
}
