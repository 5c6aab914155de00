//! What all prompts of a simulation may have missed, and how far a true mean can be from what they show because of it.
//!
//! An interval that is built on the spread of a sample cannot know of an event that never happened in it. But what
//! happened nowhere in `n` prompts of `L` tokens has a small probability. However the tokens of a law are ranked, those that rank
//! above every token drawn have, except with probability `alpha`, a probability of at most `q`, `(1 - q)^{n L} = alpha`; and at
//! most `eps`, `(1 - eps)^n = alpha`, of the prompts hold such a token. What these can carry follows from the law:
//!
//! * With `w = e^S / E e^S` and `y = x - m(a)`, a token has weight `p = w / (w + W)`, where `W` is the sum over the other tokens, and
//!   `E |That - T|^2 = L E[p^2 |V y|^2]` but for products of different tokens. So the tokens `A` that were missed carry about
//!   `L E[p^2 g; A]`, with `W` put at `(L - 1) (1 - E[w; A])`, what is left of its mean without them. Here `g = |V y|^2` for
//!   the output, 1 for `P_2`, `m |y|^2` and `|V y|^2 |y|^2 |z|^2` for the gradients; a coordinate of the bias misses `L E[p |V y|; A]`.
//! * No more than `eps` times the supremum of the quantity is missed, if the support is bounded.
//! * Nothing is negative, so a mean that is too large is so by at most the part `eps` of the prompts with smaller values.
//!
//! An average over a list may also miss queries, those of rank above every query drawn, of weight `eps` in all; one
//! over a Gaussian query is in [`gaussian_query`].
//!
//! A verdict allows for this on top of the spread of the sample. The first argument is of leading order in `1/L`: the
//! rates of false alarms are measured, docs/validation.md.

mod allowance;
mod gaussian_query;
mod parts;
#[cfg(test)]
mod tests;
mod tokens;

use std::collections::{BTreeSet, HashMap};

use nalgebra::DVector;
use rayon::prelude::*;

pub(super) use allowance::Allowance;
use allowance::Missed;
use gaussian_query::GaussianQuery;
use tokens::{Carried, TokenParts};

use crate::attention::QueryLaw;
use crate::monte_carlo::QueryChoice;
use crate::record::Metric;
use crate::study::question::Question;

/// A cell and a metric.
pub(super) type Key = (QueryChoice, u64, Metric);

/// The allowances of every cell and metric in `wanted`, each at every level, given by its logarithm.
pub(in crate::study) fn allowances<const N: usize>(
    question: &Question<'_>,
    wanted: &BTreeSet<Key>,
    prompts: u64,
    ln_alphas: [f64; N],
) -> HashMap<Key, [Allowance; N]> {
    let cells: Vec<(u64, Metric)> = {
        let cells: BTreeSet<_> = wanted.iter().map(|(_, l, metric)| (*l, *metric)).collect();
        cells.into_iter().collect()
    };
    let missed = |length: u64| ln_alphas.map(|ln_alpha| Missed::new(ln_alpha, prompts, length));
    let mut found = HashMap::new();
    let mut add = |query, (length, metric): (u64, Metric), mut allowance: [Allowance; N]| {
        // Fixed tokens make a prompt longer than it says.
        if question.fixed.is_some() && metric == Metric::Participation {
            for one in &mut allowance {
                one.least = Some(0.0);
            }
        }
        let key = (query, length, metric);
        if wanted.contains(&key) {
            found.insert(key, allowance);
        }
    };
    match question.query {
        QueryLaw::List { queries, weights } => {
            let through = question.tokens.through(question.head.value());
            let carried: Vec<Vec<[Carried; N]>> = (0..queries.ncols())
                .into_par_iter()
                .map(|index| {
                    let query = queries.column(index).into_owned();
                    let parts = TokenParts::new(question, through.as_ref(), &query, &cells);
                    let of = |(length, metric): &(u64, Metric)| {
                        missed(*length).map(|missed| parts.carried(*metric, *length, missed))
                    };
                    cells.iter().map(of).collect()
                })
                .collect();
            for (place, cell) in cells.iter().enumerate() {
                let mut list = Vec::new();
                for (index, (found, weight)) in carried.iter().zip(weights).enumerate() {
                    let Some(levels) = found.get(place) else {
                        continue;
                    };
                    let missed = missed(cell.0);
                    let of = |k: usize| levels[k].allowance(cell.1, cell.0, missed[k].prompts);
                    add(QueryChoice::Index(index), *cell, std::array::from_fn(of));
                    list.push((*weight, levels));
                }
                let missed = missed(cell.0);
                let of = |k: usize| {
                    let list = list.iter().map(|(weight, levels)| (*weight, levels[k]));
                    let average = Carried::average(&list.collect::<Vec<_>>(), missed[k].prompts);
                    average.allowance(cell.1, cell.0, missed[k].prompts)
                };
                add(QueryChoice::Average, *cell, std::array::from_fn(of));
            }
        }
        QueryLaw::Gaussian(query) => {
            let tokens = question.tokens;
            let gaussian = question
                .kind
                .gaussian()
                .filter(|_| question.fixed.is_none())
                .map(|tokens| GaussianQuery::new(tokens, question.head, query));
            // m(a) lies in the hull of the support, whatever the query.
            let value = question.head.value();
            let centre = value * tokens.tilted_mean(&DVector::zeros(tokens.dimension()));
            let diameter = tokens
                .output_radius(value, &centre)
                .filter(|_| question.fixed.is_none())
                .map(|r| 2.0 * r);
            for cell in &cells {
                let of = |missed: Missed| {
                    let carried = gaussian
                        .as_ref()
                        .and_then(|query| query.carried(cell.1, cell.0, missed));
                    Carried {
                        missed: carried.unwrap_or(f64::INFINITY),
                        most: match (cell.1, diameter) {
                            (Metric::Participation | Metric::FixedShare, _) => 1.0,
                            (Metric::Output, Some(diameter)) => diameter * diameter,
                            (Metric::Bias { .. }, Some(diameter)) => diameter,
                            _ => f64::INFINITY,
                        },
                        ..Carried::unknown()
                    }
                    .allowance(cell.1, cell.0, missed.prompts)
                };
                add(QueryChoice::Average, *cell, missed(cell.0).map(of));
            }
        }
    }
    found
}
