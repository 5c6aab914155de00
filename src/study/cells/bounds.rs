//! Bounds for every query of a question.

use nalgebra::DVector;
use rayon::prelude::*;

use crate::attention::{QueryLaw, ScoreVarianceLaw};
use crate::bound::{
    Bound, Formula, GaussianQueryAverage, KnownMoments, LowerBound, SubGaussianMoments, Theorem,
    UniformRate, ValueSpectrum, list_average, lower_bound, output_bounds, output_variance,
    participation_bounds, tail_bound,
};
use crate::error::Result;
use crate::law::{Gaussian, OutputLaw};
use crate::parameter::{Dimension, Positive, PromptLength};
use crate::record::Cell;
use crate::study::cells::averages::average_records;
use crate::study::cells::exact::{Curve, reason};
use crate::study::cells::fixed::{NOT_COMPUTED, fixed_bounds};
use crate::study::cells::gradient_bounds::{
    GradientCells, Gradients, average_of_list, not_available,
};
use crate::study::cells::moments::{bounded_support, first_value, gaussian_moments, tilt_norms};
use crate::study::cells::results::{AllBounds, BoundCells};
use crate::study::options::TableOptions;
use crate::study::{Progress, Question};

/// Bounds for every query of a list (none for a continuous query law), and averaged over the law.
///
/// `seen` is the law of the tokens seen through the value matrix.
pub(in crate::study) fn bound_cells(
    question: &Question<'_>,
    seen: &dyn OutputLaw,
    lengths: &[PromptLength],
    options: &TableOptions,
    progress: &dyn Progress,
) -> Result<AllBounds> {
    if let Some(fixed) = question.fixed {
        return Ok(fixed_bounds(question, fixed, lengths, options, progress));
    }
    let tail = options.tail;
    let gradients = options
        .gradients
        .then(|| Gradients::new(question))
        .transpose()?;
    let values = ValueSpectrum::new(question.head.value())?;
    match question.query {
        QueryLaw::List { queries, weights } => {
            let queries: Vec<BoundCells> = (0..queries.ncols())
                .into_par_iter()
                .map(|index| {
                    let query = queries.column(index).into_owned();
                    // A moment that is out of range says nothing about the exact value: the bounds do not apply.
                    let (known, class) = moments_at(question, seen, &query, &values);
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
                let cells: Vec<&GradientCells> = queries.iter().map(|c| &c.gradients).collect();
                average.gradients = average_of_list(&cells, weights, lengths.len());
            }
            Ok(AllBounds { queries, average })
        }
        QueryLaw::Gaussian(query) => {
            let mut average = gaussian_query(question, query, values, lengths, tail)?;
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

/// What the bounds of the output at one query rest on: moments of the law, and those of its class; or why there are none.
fn moments_at<'v>(
    question: &Question<'_>,
    seen: &dyn OutputLaw,
    query: &DVector<f64>,
    values: &'v ValueSpectrum,
) -> (Cell<KnownMoments>, Cell<SubGaussianMoments<'v>>) {
    let tilt = question.head.tilt(query);
    let known = match question.kind.gaussian() {
        Some(tokens) => gaussian_moments(tokens, question.head.value(), &tilt),
        None => KnownMoments::new(seen, &tilt),
    };
    let proxy = question.tokens.variance_proxy().proxy;
    let class = SubGaussianMoments::of_tilt(proxy, &tilt, values);
    (known.map_err(reason), class.map_err(reason))
}

/// The bounds of the average output error as a function of the length: what does not depend on it is computed once.
///
/// # Errors
/// If a bound's constants cannot be evaluated.
pub(in crate::study) fn output_curve<'a>(
    question: &'a Question<'_>,
    values: &'a ValueSpectrum,
) -> Result<Curve<'a, Vec<Bound>>> {
    if question.fixed.is_some() {
        return Ok(Box::new(|_| Err(NOT_COMPUTED.to_owned())));
    }
    match question.query {
        QueryLaw::List { queries, weights } => {
            let seen = question.tokens.through(question.head.value());
            let moments: Vec<_> = (0..queries.ncols())
                .into_par_iter()
                .map(|i| {
                    let query = queries.column(i).into_owned();
                    moments_at(question, seen.as_ref(), &query, values)
                })
                .collect();
            Ok(Box::new(move |lengths| {
                let records = |length: &PromptLength| {
                    let records: Vec<Vec<Bound>> = moments
                        .par_iter()
                        .map(|(known, class)| output_records(known, class, *length))
                        .collect();
                    list_average(&records, weights)
                };
                Ok(lengths.par_iter().map(records).collect())
            }))
        }
        QueryLaw::Gaussian(query) => {
            let bounds = GaussianQueryBounds::new(question, query, values.clone())?;
            Ok(Box::new(move |lengths| {
                let records = lengths.par_iter().map(|&length| bounds.output(length));
                records.collect::<Result<_>>().map_err(reason)
            }))
        }
    }
}

/// The bounds of the output; where moments are not available, why.
fn output_records(
    known: &Cell<KnownMoments>,
    class: &Cell<SubGaussianMoments<'_>>,
    length: PromptLength,
) -> Vec<Bound> {
    let mut records = output_bounds(known.as_ref().ok(), class.as_ref().ok(), length);
    for record in &mut records {
        let theorem = record.theorem();
        let why = match theorem {
            Theorem::CHERNOFF_BOUND
            | Theorem::LAPLACE_BOUND
            | Theorem::FRACTIONAL_MOMENTS
            | Theorem::TWO_CHORD_FRACTIONAL_MOMENTS => known.as_ref().err(),
            Theorem::TRIVIAL_BOUND => known.as_ref().err().filter(|_| class.is_err()),
            _ => class.as_ref().err(),
        };
        if let Some(why) = why {
            *record = Bound::not_applicable(theorem, why);
        }
    }
    records
}

fn pointwise(
    known: &Cell<KnownMoments>,
    class: &Cell<SubGaussianMoments<'_>>,
    lengths: &[PromptLength],
    tail: Option<Positive>,
) -> BoundCells {
    let participation = |length| match known {
        Ok(known) => participation_bounds(known, length),
        Err(why) => vec![
            certain(),
            Bound::not_applicable(Theorem::LAPLACE_PARTICIPATION, why),
        ],
    };
    let of_tail = |eps, length| match known {
        Ok(known) => tail_bound(known, eps, length),
        Err(why) => Bound::not_applicable(Theorem::CHERNOFF_TAIL, why),
    };
    BoundCells {
        output: lengths
            .iter()
            .map(|&l| output_records(known, class, l))
            .collect(),
        lower: lengths
            .iter()
            .map(|&l| lower_bound(known.as_ref().ok()?, l))
            .collect(),
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
    Bound::proved(Theorem::TRIVIAL_BOUND, 1.0, 1.0, "a probability")
        .with_formula(Some(Formula::Constant(1.0)))
}

/// The average of each metric over a list of queries.
fn average_cells(queries: &[BoundCells], weights: &[f64], lengths: usize) -> BoundCells {
    let column = |pick: fn(&BoundCells) -> &Vec<Vec<Bound>>| {
        let lists: Vec<&Vec<Vec<Bound>>> = queries.iter().map(pick).collect();
        average_records(&lists, weights, lengths)
    };
    let lower = (0..lengths).map(|i| {
        let found = queries.iter().map(|c| c.lower.get(i).copied().flatten());
        LowerBound::average(&found.collect::<Option<Vec<_>>>()?, weights)
    });
    let mut average = BoundCells {
        lower: lower.collect(),
        output: column(|c| &c.output),
        participation: column(|c| &c.participation),
        tail: column(|c| &c.tail),
        gradients: GradientCells::default(),
    };
    for records in &mut average.output {
        records.push(Bound::not_applicable(
            Theorem::UNIFORM_RATE,
            "a sub-Gaussian query law with a known variance proxy is required; the queries are a list",
        ));
    }
    // T6 speaks of the output; the other metrics have no smallest-of-several record.
    for records in average.participation.iter_mut().chain(&mut average.tail) {
        records.retain(|b| b.theorem() != Theorem::OUTPUT_CONCENTRATION);
    }
    average
}

/// Bounds of the output error averaged over a Gaussian query: T7, and for Gaussian tokens T5 and T6 integrated.
struct GaussianQueryBounds {
    integrated: std::result::Result<(ScoreVarianceLaw, GaussianQueryAverage), Box<Bound>>,
    uniform: UniformRate,
}

impl GaussianQueryBounds {
    fn new(question: &Question<'_>, query: &Gaussian, values: ValueSpectrum) -> Result<Self> {
        let value = question.head.value();
        let integrated = match question.kind.gaussian() {
            Some(tokens) => {
                let law = ScoreVarianceLaw::new(tokens, question.head, query)?;
                let variance = output_variance(tokens.covariance(), value);
                let average = GaussianQueryAverage::output(&law, variance);
                Ok((law, average))
            }
            None => Err(Box::new(bounded_support(question.tokens, value))),
        };
        Ok(Self {
            integrated,
            uniform: uniform_rate(question, query, values)?,
        })
    }

    fn output(&self, length: PromptLength) -> Result<Vec<Bound>> {
        let mut records = match &self.integrated {
            Ok((_, average)) => average.output_bounds(length)?,
            Err(trivial) => vec![trivial.as_ref().clone()],
        };
        let trivial = first_value(&records);
        records.push(self.uniform.bound(length, trivial));
        records.push(self.uniform.gaussian_query_bound(length, trivial));
        Ok(records)
    }
}

fn gaussian_query(
    question: &Question<'_>,
    query: &Gaussian,
    values: ValueSpectrum,
    lengths: &[PromptLength],
    tail: Option<Positive>,
) -> Result<BoundCells> {
    let bounds = GaussianQueryBounds::new(question, query, values)?;
    let output: Result<Vec<Vec<Bound>>> = lengths.par_iter().map(|&l| bounds.output(l)).collect();
    let not_averaged = |theorem| -> Vec<Vec<Bound>> {
        let reason = "it is evaluated for single queries; give fixed queries";
        lengths
            .iter()
            .map(|_| vec![Bound::not_applicable(theorem, reason)])
            .collect()
    };
    let participation = match &bounds.integrated {
        Ok((law, _)) => {
            let average = GaussianQueryAverage::participation(law);
            lengths
                .par_iter()
                .map(|&l| average.participation_bounds(l))
                .collect::<Result<_>>()?
        }
        Err(_) => not_averaged(Theorem::LAPLACE_PARTICIPATION),
    };
    let lower = lengths.iter().map(|&length| match &bounds.integrated {
        Ok((_, average)) => average.lower_bound(length),
        Err(_) => None,
    });
    Ok(BoundCells {
        output: output?,
        lower: lower.collect(),
        participation,
        tail: tail.map_or_else(Vec::new, |_| not_averaged(Theorem::CHERNOFF_TAIL)),
        gradients: GradientCells::default(),
    })
}

/// T7 for this question.
fn uniform_rate(
    question: &Question<'_>,
    query: &Gaussian,
    values: ValueSpectrum,
) -> Result<UniformRate> {
    let proxy = question.tokens.variance_proxy().proxy;
    let (norm, query_proxy, offset) = tilt_norms(question, query)?;
    let dimension = Dimension::new(query.mean().len())?;
    UniformRate::new(proxy, query_proxy, norm, dimension, values)?.with_offset(offset)
}
