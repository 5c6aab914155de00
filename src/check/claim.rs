//! Bounds that are not theorems: a user's formula, and a deliberately false one.

use nalgebra::DVector;

use super::Question;
use super::formula::Formula;
use crate::attention::QueryLaw;
use crate::bound::{GaussianOutput, KnownMoments, Theorem};
use crate::error::{Error, Result};
use crate::law::operator_norm;
use crate::report::{Cell, Claim, Metric, QueryLabel, Row};

/// What a formula may speak of, in the order in which [`Formula::new`] is given them.
///
/// `L` prompt length; `d` token dimension; `sigma` sub-Gaussian parameter (square root of the variance proxy); `norm_U`, `norm_V`
/// operator norms; and at a query: `s` standard deviation of a score, `norm_a` length of the tilt, `rho`, `kap`, `A2`, `F0` of the theory pages.
pub const VARIABLES: [&str; 11] = [
    "L", "d", "sigma", "norm_U", "norm_V", "s", "norm_a", "rho", "kap", "A2", "F0",
];
/// Variables before this place do not depend on the query.
const OF_THE_QUERY: usize = 5;

/// Name of the deliberately false bound.
pub const NEGATIVE_CONTROL: &str = "negative control, false: half of T5";

/// Appends one claim for each formula to every row of the output error.
///
/// For a list, the average row has the average of the formula over the queries, which bounds the average error
/// if the formula bounds each.
///
/// # Errors
/// [`Error::Unavailable`] if a formula speaks of the query and the query law is continuous; errors of the
/// moments of a law.
pub fn add_formulas(question: &Question<'_>, formulas: &[Formula], rows: &mut [Row]) -> Result<()> {
    if formulas.is_empty() {
        return Ok(());
    }
    let fixed = [
        question.tokens.dimension() as f64,
        question.tokens.variance_proxy().proxy.sigma(),
        operator_norm(question.head.key_query()),
        operator_norm(question.head.value()),
    ];
    let (queries, weights) = match question.query {
        QueryLaw::List { queries, weights } => {
            let values = queries
                .column_iter()
                .map(|query| of_query(question, &question.head.tilt(&query.into_owned())))
                .collect::<Result<Vec<_>>>()?;
            (values, weights.as_slice())
        }
        QueryLaw::Gaussian(_) => {
            for formula in formulas {
                let found = (OF_THE_QUERY..VARIABLES.len()).find(|i| formula.mentions(*i));
                if let Some(name) = found.and_then(|i| VARIABLES.get(i)) {
                    return Err(Error::Unavailable {
                        what: "the average of the formula over a Gaussian query",
                        why: format!(
                            "`{}` contains {name}, which depends on the query; give fixed queries, or use \
                             only {}",
                            formula.text(),
                            VARIABLES[..OF_THE_QUERY].join(", ")
                        ),
                    });
                }
            }
            // The values are not used.
            (
                vec![[f64::NAN; VARIABLES.len() - OF_THE_QUERY]],
                [1.0].as_slice(),
            )
        }
    };
    for row in rows.iter_mut().filter(|row| row.metric == Metric::Output) {
        for formula in formulas {
            let at = |query: &[f64]| {
                let values = [&[row.length as f64], fixed.as_slice(), query].concat();
                formula.value(&values)
            };
            let value = match row.query {
                QueryLabel::Index(index) => queries.get(index).map_or(f64::NAN, |q| at(q)),
                QueryLabel::Average => queries.iter().zip(weights).map(|(q, w)| w * at(q)).sum(),
            };
            row.claims.push(Claim {
                name: formula.text().to_owned(),
                control: false,
                value: checked(value),
            });
        }
    }
    Ok(())
}

/// Appends the negative control to every row of the output error that has T5: half of it, which is below the
/// true value once `L` is large. A check that cannot tell is not worth much.
pub fn add_negative_control(rows: &mut [Row]) {
    for row in rows.iter_mut().filter(|row| row.metric == Metric::Output) {
        let bound = row
            .bounds
            .iter()
            .find(|b| b.theorem() == Theorem::LaplaceBound)
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

/// The variables of one query.
fn of_query(
    question: &Question<'_>,
    tilt: &DVector<f64>,
) -> Result<[f64; VARIABLES.len() - OF_THE_QUERY]> {
    let known = match question.tokens.as_gaussian() {
        Some(tokens) => KnownMoments::gaussian(GaussianOutput::of(
            tokens.covariance(),
            question.head.value(),
            tilt,
        )?),
        None => KnownMoments::new(
            question.tokens.through(question.head.value()).as_ref(),
            tilt,
        )?,
    };
    let origin = DVector::zeros(tilt.len());
    let variance = tilt.dot(&(question.tokens.tilted_covariance(&origin) * tilt));
    Ok([
        variance.max(0.0).sqrt(),
        tilt.norm(),
        known.ln_rho().exp(),
        known.ln_kappa().exp(),
        known.ln_a2().exp(),
        known.f0(),
    ])
}
