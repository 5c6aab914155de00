//! What a run consists of, checked, and how it is started.

use std::collections::HashSet;

use super::control::Control;
use super::digest::digest;
use super::partial::{Partial, Shard};
use super::threads::run;
use crate::attention::{FixedTokens, Head, QueryLaw};
use crate::error::{Error, Result};
use crate::law::{LawKind, TokenLaw};
use crate::monte_carlo::plan::{Cell, Plan, QueryChoice, Route};
use crate::monte_carlo::prompt::problem::Problem;

/// A simulation, ready to run: tokens, head, query law, cells and plan, all checked.
#[derive(Debug)]
pub struct Simulation<'a> {
    problem: Problem<'a>,
    cells: Vec<Cell>,
    plan: Plan,
    scenario: String,
}

impl<'a> Simulation<'a> {
    /// Checks that everything fits together.
    ///
    /// # Errors
    /// [`Error::Shape`] if tokens, head and query do not fit; [`Error::Parameter`] for a plan or a query number
    /// outside its range, or a cell given twice; [`Error::Unavailable`] for the Rao-Blackwellised route with
    /// tokens that are not Gaussian, and for gradients of matrices that are too large
    /// ([`Plan::MAX_COVARIANCE`], [`Plan::MAX_SINGULAR`]).
    pub fn new(
        tokens: &'a dyn TokenLaw,
        head: &'a Head,
        query: &'a QueryLaw,
        cells: Vec<Cell>,
        plan: Plan,
    ) -> Result<Self> {
        if plan.fixed_tokens {
            return Err(Error::Parameter {
                parameter: "fixed_tokens",
                value: "true".into(),
                required: "false where no fixed tokens are given",
                theorem: None,
            });
        }
        Self::build(tokens, head, query, None, cells, plan)
    }

    /// The simulation of prompts that hold these tokens besides the random ones, on the plain route; their share of the attention is measured too.
    ///
    /// # Errors
    /// As [`Simulation::new`]; also [`Error::Shape`] if the fixed tokens do not fit the head, and [`Error::Parameter`] for gradients and for the
    /// Rao-Blackwellised route.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::attention::{FixedTokens, Head, QueryLaw};
    /// use attention_bounds::law::Gaussian;
    /// use attention_bounds::monte_carlo::{Cell, Control, Plan, QueryChoice, Route, Shard, Simulation};
    /// use attention_bounds::nalgebra::{self, dmatrix};
    /// use attention_bounds::parameter::PromptLength;
    ///
    /// // Without scores each of three tokens and one more has a quarter of the attention.
    /// let tokens = Gaussian::centred(dmatrix![1.0])?;
    /// let head = Head::new(dmatrix![0.0], dmatrix![1.0])?;
    /// let (query, fixed) = (QueryLaw::uniform(dmatrix![1.0])?, FixedTokens::new(&dmatrix![5.0])?);
    /// let cell = Cell { query: QueryChoice::Index(0), length: PromptLength::new(3)? };
    /// let plan = Plan::new(1000, 1, Route::Plain);
    /// let simulation = Simulation::with_fixed_tokens(&tokens, &head, &query, &fixed, vec![cell], plan)?;
    /// let done = simulation.advance(simulation.begin(Shard::whole())?, &Control::default())?;
    /// assert!((done.estimates()?[0].fixed_share.unwrap().mean - 0.25).abs() < 1e-12);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn with_fixed_tokens(
        tokens: &'a dyn TokenLaw,
        head: &'a Head,
        query: &'a QueryLaw,
        fixed: &'a FixedTokens,
        cells: Vec<Cell>,
        plan: Plan,
    ) -> Result<Self> {
        fixed.check(head)?;
        let plan = Plan {
            fixed_tokens: true,
            ..plan
        };
        Self::build(tokens, head, query, Some(fixed), cells, plan)
    }

    fn build(
        tokens: &'a dyn TokenLaw,
        head: &'a Head,
        query: &'a QueryLaw,
        fixed: Option<&'a FixedTokens>,
        cells: Vec<Cell>,
        plan: Plan,
    ) -> Result<Self> {
        plan.check()?;
        let problem = Problem::new(tokens, head, query, fixed, plan.key_query_gradient)?;
        check_sizes(&problem, &plan)?;
        check_cells(query, &cells)?;
        Ok(Self {
            scenario: digest(tokens, head, query, fixed),
            problem,
            cells,
            plan,
        })
    }

    /// The fastest route for a token law: Rao-Blackwellised for Gaussian tokens, else plain.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::Sphere;
    /// use attention_bounds::monte_carlo::{Route, Simulation};
    ///
    /// assert_eq!(Simulation::best_route(&Sphere::new(2, 1.0)?), Route::Plain);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn best_route(tokens: &dyn TokenLaw) -> Route {
        match LawKind::of(tokens).gaussian() {
            Some(_) => Route::RaoBlackwell,
            None => Route::Plain,
        }
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// A share of the run, not started.
    ///
    /// # Errors
    /// None that a checked simulation can cause.
    pub fn begin(&self, shard: Shard) -> Result<Partial> {
        Partial::begin(
            &self.scenario,
            &self.plan,
            self.problem.outputs(),
            &self.cells,
            shard,
        )
    }

    /// Continues a share on the threads of the current rayon pool, until it is finished or stopped.
    ///
    /// The result depends on neither the number of threads nor on when it was stopped before. Blocks that
    /// were under way when the stop came are forgotten, and drawn again later.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if `partial` is of another run, or if a score or an output is not a finite number;
    /// [`Error::File`] if a checkpoint cannot be written.
    pub fn advance(&self, partial: Partial, control: &Control<'_>) -> Result<Partial> {
        partial.same_run(&self.begin(Shard::whole())?)?;
        partial.check()?;
        run(&self.problem, &self.cells, &self.plan, partial, control)
    }
}

fn check_sizes(problem: &Problem<'_>, plan: &Plan) -> Result<()> {
    let unavailable = |what, why: String| Err(Error::Unavailable { what, why });
    if plan.route == Route::RaoBlackwell && problem.gaussian.is_none() {
        return unavailable(
            "the Rao-Blackwellised route",
            format!(
                "the {} law is not Gaussian; use the plain route",
                problem.tokens.name()
            ),
        );
    }
    let (d, m) = (problem.dimension(), problem.outputs());
    if plan.key_query_gradient && plan.route == Route::Plain && d > Plan::MAX_COVARIANCE {
        return unavailable(
            "the key-query gradient",
            format!(
                "the tokens have dimension {d}, and the plain route keeps their covariance up to dimension {}",
                Plan::MAX_COVARIANCE
            ),
        );
    }
    if plan.operator_norm && d.min(m) > Plan::MAX_SINGULAR {
        return unavailable(
            "the operator norm of the key-query gradient",
            format!(
                "the matrix is {m} x {d}, and singular values are computed up to size {}",
                Plan::MAX_SINGULAR
            ),
        );
    }
    Ok(())
}

fn check_cells(query: &QueryLaw, cells: &[Cell]) -> Result<()> {
    let refuse = |value: String, required| {
        Err(Error::Parameter {
            parameter: "cell",
            value,
            required,
            theorem: None,
        })
    };
    if cells.is_empty() {
        return refuse("none".into(), "at least one query and length");
    }
    let mut seen = HashSet::new();
    for cell in cells {
        let count = match query {
            QueryLaw::List { queries, .. } => queries.ncols(),
            QueryLaw::Gaussian(_) => 0,
        };
        if let QueryChoice::Index(index) = cell.query
            && index >= count
        {
            return refuse(
                format!("query {index}"),
                "the number of a query of the list (from 0), or the average",
            );
        }
        // A cell given twice would draw the same numbers twice.
        if !seen.insert(*cell) {
            return refuse(format!("{cell:?}"), "given once");
        }
    }
    Ok(())
}
