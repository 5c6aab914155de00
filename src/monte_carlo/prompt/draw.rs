//! One prompt after the other, by either route.

use rand_chacha::ChaCha8Rng;

use super::measured::Measured;
use super::plain::PlainState;
use super::problem::{Problem, Target};
use super::rao_blackwell::ScoreState;
use crate::monte_carlo::plan::{Plan, QueryChoice, Route};

/// Draws prompts of one simulation; its memory is reused from prompt to prompt.
#[derive(Debug)]
pub(in crate::monte_carlo) struct Drawer<'a> {
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
