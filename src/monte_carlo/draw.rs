//! One prompt after the other: draws, weighted sums, and what is measured on them.

use rand_chacha::ChaCha8Rng;

use super::plain::PlainState;
use super::problem::{Problem, Target};
use super::rao_blackwell::ScoreState;
use super::softmax::WeightSums;
use super::{Plan, QueryChoice, Route};

/// What one prompt gave.
#[derive(Debug)]
pub(super) struct Measured {
    /// The quantities of the plan in their order, then the output error `That - T` (its conditional mean on
    /// the Rao-Blackwellised route).
    pub numbers: Vec<f64>,
    /// `|That - T|`, if the plan needs it.
    pub error: f64,
    /// A number with mean zero, correlated with the quantities (Rao-Blackwellised route only).
    pub control: f64,
}

/// Draws prompts of one simulation; its memory is reused from prompt to prompt.
#[derive(Debug)]
pub(super) struct Drawer<'a> {
    problem: &'a Problem<'a>,
    plan: &'a Plan,
    target: Target,
    chosen: Option<QueryChoice>,
    route: RouteState,
    measured: Measured,
}

#[derive(Debug)]
enum RouteState {
    Plain(Box<PlainState>),
    RaoBlackwell(Box<ScoreState>),
}

impl<'a> Drawer<'a> {
    /// Allocates everything that a prompt needs.
    pub fn new(problem: &'a Problem<'a>, plan: &'a Plan) -> Self {
        let numbers = plan.quantities().len() + problem.outputs();
        Self {
            problem,
            plan,
            target: Target::new(problem),
            chosen: None,
            route: match plan.route {
                Route::Plain => RouteState::Plain(Box::new(PlainState::new(problem, plan))),
                Route::RaoBlackwell => {
                    RouteState::RaoBlackwell(Box::new(ScoreState::new(problem, plan)))
                }
            },
            measured: Measured {
                numbers: vec![0.0; numbers],
                error: 0.0,
                control: 0.0,
            },
        }
    }

    /// Draws a prompt of `length` tokens (and a query, for an average) and measures it.
    pub fn prompt(
        &mut self,
        choice: QueryChoice,
        length: u64,
        random: &mut ChaCha8Rng,
    ) -> &Measured {
        // A fixed query draws nothing, so it need not be set again.
        if choice == QueryChoice::Average || self.chosen != Some(choice) {
            self.target.choose(self.problem, choice, random);
            self.chosen = Some(choice);
            if let RouteState::RaoBlackwell(state) = &mut self.route {
                state.turn(self.problem, &self.target, self.plan);
            }
        }
        let (target, measured) = (&self.target, &mut self.measured);
        match &mut self.route {
            RouteState::Plain(state) => {
                state.prompt(self.problem, self.plan, target, length, random, measured);
            }
            RouteState::RaoBlackwell(state) => {
                state.prompt(self.problem, self.plan, target, length, random, measured);
            }
        }
        &self.measured
    }
}

/// Writes `P_2`, `P_3` and `1 / P_2` behind the output error.
pub(super) fn participation(numbers: &mut [f64], sums: &WeightSums) {
    let two = sums.participation_two();
    for (place, number) in numbers
        .iter_mut()
        .zip([two, sums.participation_three(), 1.0 / two])
    {
        *place = number;
    }
}
