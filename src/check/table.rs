//! The table: every metric, query and length, with its exact value and every bound.

use super::bounds::{BoundCells, bound_cells};
use super::exact::exact_cells;
use super::rate::spectrum;
use super::{Progress, Question};
use crate::attention::QueryLaw;
use crate::error::Result;
use crate::exact::Exact;
use crate::parameter::{Positive, PromptLength};
use crate::report::{Cell, Metric, QueryLabel, Row};

/// What a table shows besides the output error.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct TableOptions {
    /// Also the expected participation `E P_2`.
    pub participation: bool,
    /// Also `P(|That - T| >= eps)`, for this `eps`.
    pub tail: Option<Positive>,
}

/// The rows of a table: by query (the average last), then metric, then length.
///
/// # Errors
/// If a bound's constants cannot be evaluated. An exact value that is not available is not an error:
/// its cell says why.
pub fn rows(
    question: &Question<'_>,
    lengths: &[PromptLength],
    options: &TableOptions,
    progress: &dyn Progress,
) -> Result<Vec<Row>> {
    let queries = match question.query {
        QueryLaw::List { weights, .. } => weights.len(),
        QueryLaw::Gaussian(_) => 1,
    };
    progress.start(2 * queries as u64);
    let exact = exact_cells(question, lengths, progress);
    let bounds = bound_cells(question, lengths, options.tail, progress)?;
    let mut rows = Vec::new();
    for (index, (cells, bounds)) in exact.queries.iter().zip(bounds.queries).enumerate() {
        let values = cells.as_ref().map(|outputs| {
            outputs
                .iter()
                .map(|o| (o.squared_error, o.participation))
                .collect::<Vec<_>>()
        });
        let label = QueryLabel::Index(index);
        push(
            &mut rows,
            label,
            lengths,
            values.map_err(String::as_str),
            bounds,
            options,
        );
    }
    let values = exact.average.as_ref().map(|outputs| {
        outputs
            .iter()
            .map(|o| (o.squared_error, o.participation))
            .collect::<Vec<_>>()
    });
    let values = values.map_err(String::as_str);
    push(
        &mut rows,
        QueryLabel::Average,
        lengths,
        values,
        bounds.average,
        options,
    );
    Ok(rows)
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
    if let (QueryLaw::Gaussian(query), Some(tokens)) =
        (question.query, question.tokens.as_gaussian())
    {
        let spectrum = spectrum(question, tokens, query)?;
        let lambda = spectrum.lambda();
        notes.push(match spectrum.limiting_constant() {
            Ok(limit) => {
                format!("T8.limit (theorem): lam = {lambda:.6} < 1/2, and L times the error tends to {limit:.6e}")
            }
            Err(_) => format!(
                "T8.rate (conjecture, not a theorem): lam = {lambda:.6} >= 1/2, exponent kappa = {:.6}",
                spectrum.kappa()
            ),
        });
    }
    Ok(notes)
}

/// Pairs (squared output error, participation), one a length, or the reason why there are none.
type Values<'a> = std::result::Result<Vec<(Exact, Exact)>, &'a str>;

fn push(
    rows: &mut Vec<Row>,
    query: QueryLabel,
    lengths: &[PromptLength],
    values: Values<'_>,
    bounds: BoundCells,
    options: &TableOptions,
) {
    let cell = |i: usize, pick: fn(&(Exact, Exact)) -> Exact| -> Cell<Exact> {
        match &values {
            Ok(list) => list
                .get(i)
                .map(pick)
                .ok_or_else(|| "no value was computed".to_owned()),
            Err(reason) => Err((*reason).to_owned()),
        }
    };
    let mut add = |metric, records: Vec<Vec<_>>, exact: &dyn Fn(usize) -> Cell<Exact>| {
        for (i, (length, bounds)) in lengths.iter().zip(records).enumerate() {
            rows.push(Row {
                metric,
                query,
                length: length.get(),
                exact: exact(i),
                bounds,
            });
        }
    };
    add(Metric::Output, bounds.output, &|i| cell(i, |v| v.0));
    if options.participation {
        add(Metric::Participation, bounds.participation, &|i| {
            cell(i, |v| v.1)
        });
    }
    if options.tail.is_some() {
        let reason = "deviation probabilities have bounds, not exact values";
        add(Metric::Tail, bounds.tail, &|_| Err(reason.to_owned()));
    }
}
