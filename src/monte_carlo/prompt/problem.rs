//! Tokens, head and query in the coordinates in which prompts are drawn.

use std::sync::OnceLock;

use nalgebra::{DMatrix, DVector};
use rand::{Rng, RngExt};

use super::fixed::{FixedProblem, FixedSums};
use crate::attention::{FixedTokens, Head, QueryLaw};
use crate::error::{Error, Result};
use crate::law::{Gaussian, LawKind, TokenLaw};
use crate::monte_carlo::plan::QueryChoice;
use crate::monte_carlo::random::normal::fill_normals;

/// Most numbers kept for the population values of the queries of a list (64 MiB).
const CACHE: usize = 1 << 23;

/// The infinite-prompt values of one query: `m(a)` and, if wanted, `C(a)`.
type Population = (DVector<f64>, Option<DMatrix<f64>>);

/// What is simulated, fixed for a whole run.
///
/// Gaussian tokens are `X = m0 + R xi` with `R R^T = Gamma` and `xi` standard normal in all `d` coordinates.
/// Everything about them is linear in `xi`: scores are `<R^T a, xi>` up to a shift, `m(a) = m0 + R (R^T a)`, and
/// `C(a) = R R^T`. The plain route therefore works with `xi` and multiplies by `R` once a prompt. Tokens of
/// another law are used as they are drawn, less `m(a)`.
#[derive(Debug)]
pub(in crate::monte_carlo) struct Problem<'a> {
    pub tokens: &'a dyn TokenLaw,
    pub head: &'a Head,
    pub query: &'a QueryLaw,
    pub gaussian: Option<&'a Gaussian>,
    /// `V R` for Gaussian tokens, else `V`.
    pub output: DMatrix<f64>,
    /// Is `C(a)` wanted?
    pub covariance: bool,
    /// The tokens that are in every prompt, if there are any.
    fixed: Option<FixedProblem<'a>>,
    /// Sums of the weights of a query list.
    cumulative: Vec<f64>,
    population: Vec<OnceLock<Population>>,
}

impl<'a> Problem<'a> {
    /// Checks that tokens, head and query fit together.
    pub fn new(
        tokens: &'a dyn TokenLaw,
        head: &'a Head,
        query: &'a QueryLaw,
        fixed: Option<&'a FixedTokens>,
        covariance: bool,
    ) -> Result<Self> {
        let dimension = head.value().ncols();
        if tokens.dimension() != dimension {
            return Err(Error::shape(
                "the token law",
                format!("dimension {}", tokens.dimension()),
                format!("dimension {dimension} (columns of the value matrix)"),
            ));
        }
        if query.dimension() != head.key_query().ncols() {
            return Err(Error::shape(
                "the query",
                format!("{} coordinates", query.dimension()),
                format!(
                    "{} (columns of the key-query matrix)",
                    head.key_query().ncols()
                ),
            ));
        }
        let gaussian = LawKind::of(tokens).gaussian();
        let mut cumulative = Vec::new();
        let mut population = Vec::new();
        if let QueryLaw::List { weights, .. } = query {
            let mut sum = 0.0;
            cumulative.extend(weights.iter().map(|weight| {
                sum += weight;
                sum
            }));
            let numbers = dimension * if covariance { dimension + 1 } else { 1 };
            if gaussian.is_none() && weights.len().saturating_mul(numbers) <= CACHE {
                population.extend(weights.iter().map(|_| OnceLock::new()));
            }
        }
        Ok(Self {
            tokens,
            head,
            query,
            gaussian,
            output: match gaussian {
                Some(law) => head.value() * law.root(),
                None => head.value().clone(),
            },
            covariance,
            fixed: fixed.map(|tokens| FixedProblem::new(tokens, head)),
            cumulative,
            population,
        })
    }

    pub fn dimension(&self) -> usize {
        self.output.ncols()
    }

    pub fn outputs(&self) -> usize {
        self.output.nrows()
    }

    /// A number of a query, drawn by its weight.
    fn draw_index<R: Rng>(&self, random: &mut R) -> usize {
        let total = self.cumulative.last().copied().unwrap_or(1.0);
        let place = random.random::<f64>() * total;
        let index = self.cumulative.partition_point(|sum| *sum <= place);
        index.min(self.cumulative.len().saturating_sub(1))
    }

    fn compute_population(&self, tilt: &DVector<f64>) -> Population {
        let covariance = self.covariance.then(|| self.tokens.tilted_covariance(tilt));
        (self.tokens.tilted_mean(tilt), covariance)
    }
}

/// The values of the current query, in the coordinates of [`Problem`].
#[derive(Debug)]
pub(in crate::monte_carlo) struct Target {
    query: DVector<f64>,
    normals: DVector<f64>,
    tilt: DVector<f64>,
    /// The tilt in the coordinates of the draws: `R^T a` for Gaussian tokens, else `a`.
    pub drawn_tilt: DVector<f64>,
    /// Subtracted from every drawn token: zero for Gaussian tokens, else `m(a)`.
    pub centre: DVector<f64>,
    /// `C(a)` of tokens that are not Gaussian, if wanted.
    pub covariance: Option<DMatrix<f64>>,
    /// `|z|^2`.
    pub query_square: f64,
    /// Sums over the fixed tokens, if there are any.
    pub fixed: Option<FixedSums>,
}

impl Target {
    pub fn new(problem: &Problem<'_>) -> Self {
        let (dimension, width) = problem.head.key_query().shape();
        Self {
            query: DVector::zeros(width),
            normals: DVector::zeros(width),
            tilt: DVector::zeros(dimension),
            drawn_tilt: DVector::zeros(dimension),
            centre: DVector::zeros(dimension),
            covariance: None,
            query_square: 0.0,
            fixed: None,
        }
    }

    /// Turns to a query; [`QueryChoice::Average`] draws one.
    ///
    /// Nothing is allocated for Gaussian tokens without fixed ones; other laws allocate `m(a)`, unless the queries are a list
    /// that is short enough to keep the values of every query.
    pub fn choose<R: Rng>(&mut self, problem: &Problem<'_>, choice: QueryChoice, random: &mut R) {
        self.turn(problem, choice, random);
        self.fixed = problem.fixed.as_ref().map(|fixed| {
            // Drawn scores are those of `X - m0` or of `X - m(a)`, and `T = V m0 + (V R) (R^T a)` or `V m(a)`.
            let (centre, response) = match problem.gaussian {
                Some(law) => (law.mean(), Some(&problem.output * &self.drawn_tilt)),
                None => (&self.centre, None),
            };
            let mut limit = problem.head.value() * centre;
            if let Some(response) = response {
                limit += response;
            }
            let origin = self.tilt.dot(centre);
            FixedSums::new(fixed, problem.head, &self.query, &self.tilt, origin, &limit)
        });
    }

    /// Turns to a query, but for the fixed tokens.
    fn turn<R: Rng>(&mut self, problem: &Problem<'_>, choice: QueryChoice, random: &mut R) {
        let mut index = match choice {
            QueryChoice::Index(index) => Some(index),
            QueryChoice::Average => None,
        };
        match problem.query {
            QueryLaw::List { queries, .. } => {
                let place = index.unwrap_or_else(|| problem.draw_index(random));
                index = Some(place);
                // The index was checked when the simulation was set up.
                if place < queries.ncols() {
                    self.query.copy_from(&queries.column(place));
                }
            }
            QueryLaw::Gaussian(law) => {
                fill_normals(random, self.normals.as_mut_slice());
                self.query.copy_from(law.mean());
                self.query.gemv(1.0, law.root(), &self.normals, 1.0);
            }
        }
        self.query_square = self.query.norm_squared();
        self.tilt.copy_from(problem.head.tilt_bias());
        self.tilt
            .gemv(1.0, problem.head.key_query(), &self.query, 1.0);
        if let Some(law) = problem.gaussian {
            self.drawn_tilt.gemv_tr(1.0, law.root(), &self.tilt, 0.0);
            return;
        }
        self.drawn_tilt.copy_from(&self.tilt);
        let kept = index.and_then(|place| problem.population.get(place));
        let fresh;
        let (mean, covariance) = match kept {
            Some(kept) => kept.get_or_init(|| problem.compute_population(&self.tilt)),
            None => {
                fresh = problem.compute_population(&self.tilt);
                &fresh
            }
        };
        self.centre.copy_from(mean);
        match (&mut self.covariance, covariance) {
            (Some(old), Some(new)) => old.copy_from(new),
            (old, new) => old.clone_from(new),
        }
    }
}
