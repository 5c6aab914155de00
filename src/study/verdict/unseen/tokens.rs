//! What tokens that were never drawn can carry, from their law at one query.

use nalgebra::{DMatrix, DVector};

use super::allowance::{Allowance, Missed};
use super::parts::{Law, Listed, Size, holder, powers, top};
use crate::law::{OutputLaw, Resolution};
use crate::record::Metric;
use crate::study::question::Question;

/// What may be missing of a quantity.
#[derive(Debug, Clone, Copy)]
pub(super) struct Carried {
    /// What tokens that were never drawn carry, or, of an average, queries too.
    pub missed: f64,
    /// What all tokens together carry, about.
    pub whole: f64,
    /// The supremum.
    pub most: f64,
    /// `E[w; A]`.
    pub first: f64,
}

impl Carried {
    /// Nothing is known.
    pub fn unknown() -> Self {
        Self {
            missed: f64::INFINITY,
            whole: f64::INFINITY,
            most: f64::INFINITY,
            first: f64::INFINITY,
        }
    }

    /// The average over queries of these weights, of which a part `eps` may be missing too.
    pub fn average(list: &[(f64, Self)], eps: f64) -> Self {
        let list = || list.iter().filter(|(weight, _)| *weight > 0.0);
        let size = |carried: &Self| carried.whole.min(carried.most);
        // What is missed grows like a concave function of the part of the tokens, so the part that is spent on one query
        // alone adds at most what it misses.
        let mean: f64 = list().map(|(weight, c)| weight * c.missed).sum();
        let largest = list().map(|(_, c)| c.missed).fold(0.0, f64::max);
        let queries = top(
            list()
                .map(|(weight, c)| (*weight, size(c), size(c)))
                .collect(),
            eps,
        );
        Self {
            missed: mean + largest + queries,
            whole: list().map(|(weight, c)| weight * size(c)).sum(),
            most: list().map(|(_, c)| c.most).fold(0.0, f64::max),
            first: f64::INFINITY,
        }
    }

    /// The same where fixed tokens, at most at this distance from `T`, have a share of every prompt.
    ///
    /// `|s c + sum p_i f_i|^2` is at most twice `|sum p_i f_i|^2` and twice the squared distance, which a part `eps` of the prompts carries; the random
    /// tokens have at most the weights that they have alone. What a share misses is limited by 1 alone.
    fn beside_fixed(self, metric: Metric, distance: f64, eps: f64) -> Self {
        let square = distance * distance;
        match metric {
            Metric::Output => Self {
                missed: 2.0 * (self.missed + eps * square),
                whole: 2.0 * (self.whole + square),
                most: self.most.max(square),
                first: f64::INFINITY,
            },
            Metric::Bias { .. } => Self {
                missed: self.missed + 2.0 * eps * distance,
                whole: self.whole + distance,
                most: self.most.max(distance),
                first: f64::INFINITY,
            },
            _ => Self {
                missed: f64::INFINITY,
                whole: 1.0,
                most: 1.0,
                first: f64::INFINITY,
            },
        }
    }

    /// The allowance of a metric at a length, if a part `eps` of the prompts may be missing.
    pub fn allowance(self, metric: Metric, length: u64, eps: f64) -> Allowance {
        Allowance {
            least: match metric {
                Metric::Bias { .. } => None,
                Metric::Participation => Some(1.0 / length as f64),
                _ => Some(0.0),
            },
            most: self.most,
            prompts: eps,
            carried: self.missed,
            // A token of weight p takes P_2 of the others to (1 - p)^2 P_2 at worst.
            excess: match metric {
                Metric::Participation => 2.0 * self.first,
                _ => f64::INFINITY,
            },
        }
    }
}

fn identity(question: &Question<'_>) -> DMatrix<f64> {
    let dimension = question.tokens.dimension();
    DMatrix::identity(dimension, dimension)
}

fn has_gradients(cells: &[(u64, Metric)]) -> bool {
    cells.iter().any(|(_, metric)| {
        !matches!(
            metric,
            Metric::Output
                | Metric::Bias { .. }
                | Metric::Participation
                | Metric::Entropy
                | Metric::FixedShare
        )
    })
}

/// The tokens of one query.
pub(super) struct TokenParts {
    law: Law,
    outputs: f64,
    query_square: f64,
    /// `sup |V y|` and `sup |y|`; infinite if there is none.
    radius: f64,
    token_radius: f64,
    /// Largest difference of two scores.
    range: f64,
    /// `max_j |V x0_j - T|` of the fixed tokens, if there are any.
    fixed: Option<f64>,
}

impl TokenParts {
    /// Looks at the law at one query, for these lengths and metrics: by its score atoms, if it has a list of them.
    pub fn new(
        question: &Question<'_>,
        through: &dyn OutputLaw,
        query: &DVector<f64>,
        cells: &[(u64, Metric)],
    ) -> Self {
        let longest = cells.iter().map(|cell| cell.0).max().unwrap_or(1);
        let resolution = Resolution::fine((longest as f64).ln());
        let tilt = question.head.tilt(query);
        let listed = through.score_atoms(&tilt, resolution).and_then(|atoms| {
            let own = || {
                question
                    .tokens
                    .score_atoms(&tilt, &identity(question), resolution)
            };
            let own = has_gradients(cells).then(own).transpose()?;
            Ok(Listed::new(&atoms, own.as_ref()))
        });
        let law = match listed {
            Ok(listed) => Law::Listed(listed),
            Err(_) => Law::Powers(powers(question.tokens, &tilt)),
        };
        Self::of_law(law, question, through, query, cells)
    }

    /// The same by moments of the weight alone.
    #[cfg(test)]
    pub fn by_powers(
        question: &Question<'_>,
        through: &dyn OutputLaw,
        query: &DVector<f64>,
        cells: &[(u64, Metric)],
    ) -> Self {
        let law = Law::Powers(powers(question.tokens, &question.head.tilt(query)));
        Self::of_law(law, question, through, query, cells)
    }

    fn of_law(
        law: Law,
        question: &Question<'_>,
        through: &dyn OutputLaw,
        query: &DVector<f64>,
        cells: &[(u64, Metric)],
    ) -> Self {
        let (tokens, head) = (question.tokens, question.head);
        let tilt = head.tilt(query);
        let mean = tokens.tilted_mean(&tilt);
        let known = |radius: Option<f64>| radius.unwrap_or(f64::INFINITY);
        let row = DMatrix::from_row_slice(1, tilt.len(), tilt.as_slice());
        Self {
            law,
            outputs: head.value().nrows() as f64,
            query_square: query.norm_squared(),
            radius: known(through.radius(&(head.value() * &mean))),
            token_radius: if has_gradients(cells) {
                known(tokens.output_radius(&identity(question), &mean))
            } else {
                f64::INFINITY
            },
            range: 2.0 * known(tokens.output_radius(&row, &(&row * &mean))),
            fixed: question.fixed.map(|fixed| {
                let limit = head.value() * &mean;
                let outputs = head.value() * fixed.at(query);
                let distances = outputs.column_iter().map(|y| (y - &limit).norm());
                distances.fold(0.0, f64::max)
            }),
        }
    }

    /// What is missing of a metric if the part `missed` of the law is.
    pub fn carried(&self, metric: Metric, length: u64, missed: Missed) -> Carried {
        let missed_prompts = missed.prompts;
        let length = length as f64;
        let first = self.law.first(missed.tokens);
        // What is left of the mean weight of the other tokens.
        let others = (length - 1.0) * (1.0 - first).max(0.0);
        let sum = |power: i32, size: Size, supremum: f64, q: f64| match &self.law {
            Law::Listed(listed) => length * listed.sum(power, others, size, q),
            // A weight is at most 1, and at most w / W.
            Law::Powers(powers) => {
                let by_weight = holder(powers, f64::from(power), q) / others.powi(power);
                length * supremum * q.min(by_weight)
            }
        };
        let (output, token) = (
            self.radius * self.radius,
            self.token_radius * self.token_radius,
        );
        let both = |size: Size, factor: f64, supremum: f64| {
            let of = |q| factor * sum(2, size, supremum, q);
            (of(missed.tokens), of(1.0))
        };
        let ((missed, whole), most) = match metric {
            Metric::Participation => (
                both(Size::One, 1.0, 1.0),
                1.0 / (1.0 + (length - 1.0) * (-self.range).exp()),
            ),
            Metric::ValueGradient => (both(Size::Token, self.outputs, token), self.outputs * token),
            Metric::KeyQueryGradient | Metric::KeyQueryGradientOperator => (
                both(Size::Both, self.query_square, output * token),
                4.0 * output * token * self.query_square,
            ),
            Metric::Bias { .. } => {
                let rest = first * both(Size::Output, 1.0, output).1.sqrt();
                let of = |q| sum(1, Size::Root, self.radius, q);
                ((of(missed.tokens) + rest, of(1.0)), self.radius)
            }
            _ => (both(Size::Output, 1.0, output), output),
        };
        let carried = Carried {
            missed,
            whole,
            most,
            first,
        };
        match self.fixed {
            Some(distance) => carried.beside_fixed(metric, distance, missed_prompts),
            None => carried,
        }
    }
}
