//! The table: every metric, query and length, with its exact value and every bound.

use crate::attention::QueryLaw;
use crate::error::Result;
use crate::exact::{Exact, ExactOutput};
use crate::parameter::PromptLength;
use crate::record::{Cell, Metric, QueryLabel, Row, cell};
use crate::study::cells::bounds::bound_cells;
use crate::study::cells::entropy::entropy_cells;
use crate::study::cells::exact::exact_cells;
use crate::study::cells::exact_gradients::gradient_cells;
use crate::study::cells::fixed::NOT_COMPUTED;
use crate::study::cells::results::BoundCells;
use crate::study::options::TableOptions;
use crate::study::rate::spectrum;
use crate::study::{Progress, Question};

/// The rows of a table: by query (the average last), then metric, then length.
///
/// # Errors
/// If there are more than [`MOST_CELLS`](super::MOST_CELLS) cells, or a bound's constants cannot be evaluated. An exact value that
/// is not available is not an error: its cell says why.
pub fn rows(
    question: &Question<'_>,
    lengths: &[PromptLength],
    options: &TableOptions,
    progress: &dyn Progress,
) -> Result<Vec<Row>> {
    question.check_size(
        lengths.len(),
        options.metrics(question.head.value().nrows()) + usize::from(question.fixed.is_some()),
    )?;
    let queries = match question.query {
        QueryLaw::List { weights, .. } => weights.len(),
        QueryLaw::Gaussian(_) => 1,
    };
    progress.start(2 * queries as u64);
    let seen = question.tokens.through(question.head.value());
    let (exact, bounds) = rayon::join(
        || exact_cells(question, seen.as_ref(), lengths, progress),
        || bound_cells(question, seen.as_ref(), lengths, options, progress),
    );
    let bounds = bounds?;
    let gradients = options.gradients.then(|| gradient_cells(question, lengths));
    let entropies = options.entropy.then(|| entropy_cells(question, lengths));
    let other = |index: Option<usize>, i: usize, metric: Metric| -> Option<Cell<Exact>> {
        let scalars = match metric {
            Metric::Entropy => Some(entropies.as_ref()),
            Metric::FixedShare => Some(exact.shares.as_ref()),
            _ => None,
        };
        if let Some(found) = scalars {
            let (queries, average) = found?;
            let values = match index {
                Some(index) => queries.get(index)?,
                None => average,
            };
            return Some(cell(values, i));
        }
        let (queries, average) = gradients.as_ref()?;
        let cells = match index {
            Some(index) => queries.get(index)?,
            None => average,
        };
        cells.at(metric, i)
    };
    let mut rows = Vec::new();
    let shown = Shown {
        options,
        outputs: question.head.value().nrows(),
        fixed: question.fixed.is_some(),
    };
    for (index, (cells, bounds)) in exact.queries.iter().zip(bounds.queries).enumerate() {
        let value = |i: usize, metric| -> Cell<Exact> {
            if let Some(found) = other(Some(index), i, metric) {
                return found;
            }
            let output = cells.as_ref().map_err(Clone::clone)?.get(i);
            let found = output.and_then(|output| match metric {
                Metric::Output => Some(output.squared_error),
                Metric::Participation => Some(output.participation),
                Metric::Bias { coordinate } => output.bias.get(coordinate).copied(),
                _ => None,
            });
            found.ok_or_else(|| "no value was computed".to_owned())
        };
        let label = QueryLabel::Index(index);
        push(&mut rows, label, lengths, shown, bounds, &value);
    }
    let value = |i: usize, metric| -> Cell<Exact> {
        if let Some(found) = other(None, i, metric) {
            return found;
        }
        let found = match metric {
            Metric::Bias { coordinate } => {
                average_bias(question.query, &exact.queries, i, coordinate)?
            }
            _ => {
                let outputs = exact.average.as_ref().map_err(Clone::clone)?;
                outputs.get(i).and_then(|output| match metric {
                    Metric::Output => Some(output.squared_error),
                    Metric::Participation => Some(output.participation),
                    _ => None,
                })
            }
        };
        found.ok_or_else(|| "no value was computed".to_owned())
    };
    let label = QueryLabel::Average;
    push(&mut rows, label, lengths, shown, bounds.average, &value);
    Ok(rows)
}

/// One coordinate of the bias, averaged over a list of queries.
fn average_bias(
    query: &QueryLaw,
    cells: &[Cell<Vec<ExactOutput>>],
    length: usize,
    coordinate: usize,
) -> Cell<Option<Exact>> {
    let QueryLaw::List { weights, .. } = query else {
        return Err(
            "the bias averaged over a Gaussian query is not computed; give fixed queries".into(),
        );
    };
    let biases = cells.iter().map(|cell| {
        let outputs = cell.as_ref().map_err(Clone::clone)?;
        let output = outputs.get(length);
        Ok(output.and_then(|o| o.bias.get(coordinate)).copied())
    });
    let biases = biases.collect::<Cell<Option<Vec<Exact>>>>()?;
    Ok(biases.map(|list| Exact::average(list.into_iter().zip(weights.iter().copied()))))
}

/// Remarks that belong under a table: what holds for its limit, and what the bounds use.
///
/// # Errors
/// If T8's constants cannot be evaluated.
pub fn notes(question: &Question<'_>) -> Result<Vec<String>> {
    let sourced = question.tokens.variance_proxy();
    let mut notes = vec![format!(
        "variance proxy of X - E X: sigma^2 = {:.6} ({})",
        sourced.proxy.get(),
        sourced.source
    )];
    if question.fixed.is_some() {
        notes.push("fixed tokens (T2.fixed): L counts the other tokens; the limit T is that of prompts without them".to_owned());
        return Ok(notes);
    }
    if let (QueryLaw::Gaussian(query), Some(tokens)) = (question.query, question.kind.gaussian()) {
        let spectrum = spectrum(question, tokens, query)?;
        let lambda = spectrum.lambda();
        notes.push(match spectrum.limiting_constant() {
            Ok(limit) => {
                format!("T8.limit (theorem): lam = {lambda:.6} < 1/2, and L times the error tends to {limit:.6e}")
            }
            Err(_) => format!(
                "T8.rate (theorem): lam = {lambda:.6} >= 1/2, and the error is L^(-kappa + o(1)), kappa = {:.6}",
                spectrum.kappa()
            ),
        });
    }
    Ok(notes)
}

/// Which rows there are.
#[derive(Clone, Copy)]
struct Shown<'a> {
    options: &'a TableOptions,
    /// Coordinates of an output.
    outputs: usize,
    /// Does the prompt hold fixed tokens?
    fixed: bool,
}

/// The rows of one query: every metric of the options, each at every length.
fn push(
    rows: &mut Vec<Row>,
    query: QueryLabel,
    lengths: &[PromptLength],
    shown: Shown<'_>,
    bounds: BoundCells,
    exact: &dyn Fn(usize, Metric) -> Cell<Exact>,
) {
    let Shown {
        options,
        outputs,
        fixed,
    } = shown;
    let lower = bounds.lower;
    let mut add = |metric, records: Option<Vec<Vec<_>>>, reason: Option<&str>| {
        let mut records = records.unwrap_or_default().into_iter();
        for (i, length) in lengths.iter().enumerate() {
            let value = match reason {
                Some(reason) => Err(reason.to_owned()),
                None => exact(i, metric),
            };
            let bounds = records.next().unwrap_or_default();
            let mut row = Row::new(metric, query, length.get(), value, bounds);
            if metric == Metric::Output {
                row.lower_bounds = lower.get(i).copied().flatten().into_iter().collect();
            }
            rows.push(row);
        }
    };
    add(Metric::Output, Some(bounds.output), None);
    if fixed {
        add(Metric::FixedShare, None, None);
    }
    if options.bias {
        for coordinate in 0..outputs {
            add(Metric::Bias { coordinate }, None, None);
        }
    }
    if options.participation {
        add(Metric::Participation, Some(bounds.participation), None);
    }
    if options.entropy {
        add(Metric::Entropy, None, None);
    }
    if options.gradients {
        let gradients = bounds.gradients;
        add(Metric::ValueGradient, Some(gradients.value), None);
        add(Metric::KeyQueryGradient, Some(gradients.key_query), None);
        if options.operator_norm {
            let reason = Some(if fixed {
                NOT_COMPUTED
            } else {
                "operator norms of the gradient's error come from a simulation only"
            });
            add(Metric::KeyQueryGradientOperator, None, reason);
        }
    }
    if options.tail.is_some() {
        let reason = Some("deviation probabilities have bounds, not exact values");
        add(Metric::Tail, Some(bounds.tail), reason);
    }
    for index in 0..options.quantiles.len() {
        let reason = Some("quantiles come from a simulation only");
        add(Metric::Quantile { index }, None, reason);
    }
}
