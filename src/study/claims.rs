//! Bounds that are not theorems: a user's formula, and a deliberately false one.

use super::question::Question;
use crate::attention::QueryLaw;
use crate::bound::Theorem;
use crate::claim::{
    Formula, FormulaAverage, OF_THE_QUERY, Printed, PrintedForm, VARIABLES, check_length,
    hypotheses, of_query, of_setting,
};
use crate::error::{Error, Result};
use crate::record::{Cell, Claim, Metric, QueryLabel, Row};

/// Name of the deliberately false bound.
pub const NEGATIVE_CONTROL: &str = "negative control, false: half of T5";

/// Appends one claim for each formula to every row of the output error.
///
/// The average row has the average of the formula over the queries, which bounds the average error if the formula bounds
/// each. Over a Gaussian query it is found by quadrature; a remark for each formula, which is returned, says how well.
///
/// # Errors
/// [`Error::Unavailable`] if the law of what a formula contains is not known for a Gaussian query, or a value is not finite, with
/// the query and length; errors of the moments of a law.
pub fn add_formulas(
    question: &Question<'_>,
    formulas: &[Formula],
    rows: &mut [Row],
) -> Result<Vec<String>> {
    if formulas.is_empty() {
        return Ok(Vec::new());
    }
    let fixed = of_setting(question.tokens, question.head);
    match question.query {
        QueryLaw::List { queries, weights } => {
            let values = queries
                .column_iter()
                .map(|query| {
                    of_query(
                        question.tokens,
                        question.head,
                        &question.head.tilt(&query.into_owned()),
                    )
                })
                .collect::<Result<Vec<_>>>()?;
            for row in rows.iter_mut().filter(|row| row.metric == Metric::Output) {
                for formula in formulas {
                    let at = |query: &[f64]| {
                        let values = [&[row.length as f64], fixed.as_slice(), query].concat();
                        formula.value(&values)
                    };
                    let value = match row.query {
                        QueryLabel::Index(index) => values.get(index).map_or(f64::NAN, |q| at(q)),
                        QueryLabel::Average => {
                            values.iter().zip(weights).map(|(q, w)| w * at(q)).sum()
                        }
                    };
                    push(row, formula.text(), value)?;
                }
            }
            Ok(Vec::new())
        }
        QueryLaw::Gaussian(query) => {
            let mut notes = Vec::new();
            for (number, formula) in (1..).zip(formulas) {
                let rows = rows.iter_mut().filter(|row| row.metric == Metric::Output);
                let mut rows: Vec<&mut Row> = rows.collect();
                let known: Vec<Vec<f64>> = rows
                    .iter()
                    .map(|row| [&[row.length as f64], fixed.as_slice()].concat())
                    .collect();
                let values = if (OF_THE_QUERY..VARIABLES.len()).any(|i| formula.mentions(i)) {
                    let (values, error) =
                        FormulaAverage::new(question.tokens, question.head, query, formula)?
                            .values(&known)?;
                    notes.push(format!(
                        "claim {number}: averaged over the Gaussian query by quadrature; two rules differ by a relative \
                         {error:.1e} at most, which is added"
                    ));
                    values
                } else {
                    known.iter().map(|known| formula.value(known)).collect()
                };
                for (row, value) in rows.iter_mut().zip(values) {
                    push(row, formula.text(), value)?;
                }
            }
            Ok(notes)
        }
    }
}

/// Appends a claim, whose value must be a number.
///
/// # Errors
/// [`Error::Unavailable`], with the cell, if it is infinite or NaN.
pub(super) fn push(row: &mut Row, name: &str, value: f64) -> Result<()> {
    if !value.is_finite() {
        let query = match row.query {
            QueryLabel::Index(index) => format!("query {index}"),
            QueryLabel::Average => "the average over queries".into(),
        };
        return Err(Error::Unavailable {
            what: "the value of a formula",
            why: format!(
                "`{name}` is {} at {query}, L = {}",
                if value.is_nan() {
                    "not a number"
                } else {
                    "infinite"
                },
                row.length
            ),
        });
    }
    row.claims.push(Claim {
        name: name.to_owned(),
        control: false,
        value: checked(value),
    });
    Ok(())
}

/// Appends the printed right-hand side to the average rows of the output and of the gradients; returns the hypotheses in
/// words. A hypothesis that fails takes the place of the value.
///
/// # Errors
/// If a length is 1, or a right-hand side is not a finite number.
pub fn add_printed(
    question: &Question<'_>,
    printed: &Printed,
    rows: &mut [Row],
) -> Result<Vec<String>> {
    let (c1, c2) = printed.constants();
    let mut found = hypotheses(question.tokens, question.head, question.query)?;
    if question.fixed.is_some() {
        found.failure = Some("the prompt holds fixed tokens".to_owned());
    }
    for row in rows.iter_mut() {
        check_length(row.length)?;
        let Some(form) = PrintedForm::of(row.metric) else {
            continue;
        };
        if row.query != QueryLabel::Average {
            continue;
        }
        let of_matrix = form
            .matrix()
            .map_or_else(String::new, |matrix| format!(", {matrix}"));
        let name = format!(
            "Prop. {} as printed{of_matrix}: {}, c1 = {}, c2 = {}",
            form.proposition(),
            form.formula(),
            c1,
            c2
        );
        match &found.failure {
            None => {
                let value = form.right_side(c1, c2, &found, row.length);
                push(row, &name, value)?;
            }
            Some(failure) => row.claims.push(Claim {
                name,
                control: false,
                value: Err(failure.clone()),
            }),
        }
    }
    let mut notes = found.notes;
    notes.extend(
        found
            .failure
            .map(|why| format!("printed propositions: no value, {why}")),
    );
    Ok(notes)
}

/// Appends the negative control to every row of the output error that has T5: half of it, which is below the
/// true value once `L` is large. A check that cannot tell is not worth much.
pub fn add_negative_control(rows: &mut [Row]) {
    for row in rows.iter_mut().filter(|row| row.metric == Metric::Output) {
        let bound = row
            .bounds
            .iter()
            .find(|b| b.theorem() == Theorem::LAPLACE_BOUND)
            .and_then(|b| b.useful_value());
        if let Some(value) = bound {
            row.claims.push(Claim {
                name: NEGATIVE_CONTROL.to_owned(),
                control: true,
                value: checked(0.5 * value),
            });
        }
    }
}

fn checked(value: f64) -> Cell<f64> {
    if value >= 0.0 {
        Ok(value)
    } else {
        Err(format!("the formula gives {value}"))
    }
}
