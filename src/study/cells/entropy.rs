//! Expected entropies of the attention weights for every query of a question.

use rayon::prelude::*;

use crate::attention::QueryLaw;
use crate::exact::{Exact, expected_entropy};
use crate::parameter::PromptLength;
use crate::record::Cell;
use crate::study::Question;
use crate::study::cells::exact::reason;
use crate::study::cells::fixed::NOT_COMPUTED;
use crate::study::cells::results::{AllExact, average_of_exact};

/// For every query of a list, and averaged over the query law: a result for each length, or the reason.
pub(in crate::study) fn entropy_cells(
    question: &Question<'_>,
    lengths: &[PromptLength],
) -> AllExact {
    if question.fixed.is_some() {
        let count = question.query_count();
        return (
            vec![Err(NOT_COMPUTED.into()); count],
            Err(NOT_COMPUTED.into()),
        );
    }
    let QueryLaw::List { queries, weights } = question.query else {
        let why = "the entropy averaged over a Gaussian query is not computed; give fixed queries";
        return (Vec::new(), Err(why.into()));
    };
    let seen = question.seen();
    let cells: Vec<Cell<Vec<Exact>>> = (0..queries.ncols())
        .into_par_iter()
        .map(|index| {
            let tilt = question.head.tilt(&queries.column(index).into_owned());
            expected_entropy(seen.as_ref(), &tilt, lengths).map_err(reason)
        })
        .collect();
    let average = average_of_exact(cells.iter(), weights, lengths.len());
    (cells, average)
}

/// `KL(mu_a | mu) = <a, m(a)> - Lam(a)`, averaged over a list of queries: `ln L - E H` tends to it.
pub(in crate::study) fn entropy_deficit(question: &Question<'_>) -> Option<f64> {
    if question.fixed.is_some() {
        return None;
    }
    let QueryLaw::List { queries, weights } = question.query else {
        return None;
    };
    let deficits = queries.column_iter().map(|query| {
        let tilt = question.head.tilt(&query.into_owned());
        tilt.dot(&question.tokens.tilted_mean(&tilt)) - question.tokens.cumulant(&tilt)
    });
    Some(deficits.zip(weights).map(|(kl, weight)| weight * kl).sum())
}
