//! What is simulated, and how.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::parameter::PromptLength;

/// The query of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueryChoice {
    /// One query of a list, numbered from 0.
    Index(usize),
    /// A fresh query from the query law for every prompt.
    Average,
}

/// One estimate is made for every cell: a query and a prompt length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cell {
    /// The query.
    pub query: QueryChoice,
    /// The prompt length.
    pub length: PromptLength,
}

/// How a prompt is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// Every token is drawn in all its `d` coordinates. Serves every token law.
    Plain,
    /// Gaussian tokens only: the scores are drawn, and what is orthogonal to them is integrated out.
    ///
    /// Squared errors are replaced by their conditional expectations given the scores (theory pages,
    /// section 4), which have the same mean and a smaller variance (Rao-Blackwell); deviations and
    /// quantiles use one conditional draw of the output for every prompt, which has exactly the law of the
    /// output. The cost of a token does not depend on `d`.
    RaoBlackwell,
}

/// How many prompts, from which seed, by which route, and what is measured on them.
///
/// Output error, bias and participation are always measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Prompts for every cell, from 2 to [`Plan::MAX_PROMPTS`].
    pub prompts: u64,
    /// Seed of all random streams.
    pub seed: u64,
    /// How a prompt is drawn.
    pub route: Route,
    /// Measure the error of the gradient in `V`: `|mhat - m|^2`, at a cost of `d^2` a prompt.
    pub value_gradient: bool,
    /// Measure the error of the gradient in `U`: `|V (Chat - C)|^2 |z|^2`, at a cost of `d^2` a token on the plain
    /// route.
    pub key_query_gradient: bool,
    /// Measure its operator norm too, by a singular value decomposition for every prompt; plain route
    /// only, and only if the smaller of `m` and `d` is at most [`Plan::MAX_SINGULAR`].
    pub operator_norm: bool,
    /// Thresholds `eps` of the deviation probabilities `P(|That - T| >= eps)`.
    pub thresholds: Vec<f64>,
    /// Keep the distribution of `|That - T|`, for its quantiles.
    ///
    /// Errors are counted in bins of relative width `2^-12`: memory is bounded by the ratio of the largest
    /// to the smallest error (64 KiB for every factor of 2), not by the number of prompts.
    pub quantiles: bool,
    /// Do the prompts hold fixed tokens ([`Simulation::with_fixed_tokens`](super::Simulation::with_fixed_tokens))? Their share of the attention is
    /// then measured too; plain route only, and without gradients.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fixed_tokens: bool,
}

impl Plan {
    /// Most prompts for a cell.
    pub const MAX_PROMPTS: u64 = 1 << 48;
    /// Largest size of a matrix whose singular values are computed for every prompt.
    pub const MAX_SINGULAR: usize = 64;
    /// Largest dimension in which the plain route keeps the covariance of a prompt.
    pub const MAX_COVARIANCE: usize = 1 << 11;

    /// Output error, bias and participation of `prompts` prompts.
    pub fn new(prompts: u64, seed: u64, route: Route) -> Self {
        Self {
            prompts,
            seed,
            route,
            value_gradient: false,
            key_query_gradient: false,
            operator_norm: false,
            thresholds: Vec::new(),
            quantiles: false,
            fixed_tokens: false,
        }
    }

    /// Checks everything that does not depend on laws and head.
    pub(super) fn check(&self) -> Result<()> {
        let refuse = |parameter, value: String, required| {
            Err(Error::Parameter {
                parameter,
                value,
                required,
                theorem: None,
            })
        };
        if !(2..=Self::MAX_PROMPTS).contains(&self.prompts) {
            return refuse(
                "prompts",
                self.prompts.to_string(),
                "an integer from 2 to 2^48",
            );
        }
        if let Some(eps) = self
            .thresholds
            .iter()
            .find(|eps| !(**eps > 0.0 && eps.is_finite()))
        {
            return refuse("eps", eps.to_string(), "a finite number greater than 0");
        }
        if self.operator_norm && !(self.key_query_gradient && self.route == Route::Plain) {
            return refuse(
                "operator_norm",
                "true".into(),
                "false, unless the key-query gradient is measured on the plain route",
            );
        }
        if self.fixed_tokens && (self.value_gradient || self.key_query_gradient) {
            return refuse(
                "gradients",
                "true".into(),
                "false for prompts with fixed tokens",
            );
        }
        if self.fixed_tokens && self.route != Route::Plain {
            return refuse(
                "route",
                "rao-blackwell".into(),
                "plain for prompts with fixed tokens",
            );
        }
        Ok(())
    }

    /// What is measured on a prompt, besides the bias, in the order in which it is kept.
    pub(super) fn quantities(&self) -> Vec<Quantity> {
        let mut quantities = vec![
            Quantity::OutputError,
            Quantity::ParticipationTwo,
            Quantity::ParticipationThree,
            Quantity::EffectiveLength,
        ];
        if self.fixed_tokens {
            quantities.push(Quantity::FixedShare);
        }
        if self.value_gradient {
            quantities.push(Quantity::ValueGradient);
        }
        if self.key_query_gradient {
            quantities.push(Quantity::KeyQueryGradient);
        }
        if self.operator_norm {
            quantities.push(Quantity::KeyQueryOperator);
        }
        quantities
    }

    /// Are deviations or quantiles of the error wanted?
    pub(super) fn needs_errors(&self) -> bool {
        self.quantiles || !self.thresholds.is_empty()
    }
}

/// A number that is measured on every prompt; none is ever negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quantity {
    /// `|That - T|^2`.
    OutputError,
    /// `P_2`.
    ParticipationTwo,
    /// `P_3`.
    ParticipationThree,
    /// `1 / P_2`.
    EffectiveLength,
    /// `W0 / (W0 + W)`.
    FixedShare,
    /// `|mhat - m|^2`.
    ValueGradient,
    /// `|V (Chat - C)|_F^2 |z|^2`.
    KeyQueryGradient,
    /// `|V (Chat - C)|_op^2 |z|^2`.
    KeyQueryOperator,
}
