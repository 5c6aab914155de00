//! Control variates of the Rao-Blackwellised route: a number of known mean, subtracted to reduce the variance.
//!
//! For Gaussian tokens the bias of attention is known exactly (theory pages, section 4):
//! `E That - T = -E[P_2] T` at every query. In terms of the normalised scores `xi_i = S_i / s` this says that
//!
//! ```text
//! c = sum_i p_i xi_i - s + s P_2
//! ```
//!
//! has mean zero, at a fixed query and at a random one. Every quantity `y` of a prompt is replaced by
//! `y - beta c`, which has the same mean, with `beta = cov(y, c) / var(c)` from a pilot run, or 0 if their
//! squared correlation there is below 0.1. The pilot has a stream of its own, so `beta` is independent of the prompts that are counted, and the estimate stays
//! exactly unbiased whatever `beta` is. Measured variance reduction for the output error, `d = 16`:
//! 1.3 at `s = 1`, 3.6 at `s = 2` (`L = 1024`); next to nothing below `s = 0.3`, where the error is a sum of
//! squares without a linear part.
//!
//! The identity is Stein's, not the exact engine's: no number of that engine enters, and the plain route
//! uses no control variate, so that a mistake here would show as a difference between the routes.

use crate::monte_carlo::estimator::moments::Moments;
use crate::monte_carlo::plan::{Cell, Plan, Route};
use crate::monte_carlo::prompt::draw::Drawer;
use crate::monte_carlo::random::stream::block_stream;

/// Most prompts of a pilot run; it has at most this fraction of the prompts of the run.
const PILOT: u64 = 256;
const FRACTION: u64 = 16;
/// A pilot of fewer prompts says nothing.
const FEWEST: u64 = 8;
/// Least squared correlation in the pilot for which a control variate is used.
const LEAST: f64 = 0.1;
/// The stream of the pilot run; blocks are numbered from 0 and never come this far.
const PILOT_STREAM: u64 = u64::MAX;

/// `beta` for every quantity of the plan, in its order; zeros where there is no control variate.
///
/// Depends on the plan and the cell alone, so every thread, shard and resumed run finds the same.
pub(super) fn coefficients(drawer: &mut Drawer<'_>, plan: &Plan, cell: Cell) -> Vec<f64> {
    let quantities = plan.quantities().len();
    let prompts = PILOT.min(plan.prompts / FRACTION);
    if plan.route != Route::RaoBlackwell || prompts < FEWEST {
        return vec![0.0; quantities];
    }
    let mut random = block_stream(plan.seed, cell, plan.route, PILOT_STREAM);
    let mut pairs = vec![Pairs::default(); quantities];
    for count in 1..=prompts {
        let measured = drawer.prompt(cell.query, cell.length.get(), &mut random);
        for (pairs, number) in pairs.iter_mut().zip(&measured.numbers) {
            pairs.push(count as f64, measured.control, *number);
        }
    }
    pairs.iter().map(Pairs::coefficient).collect()
}

/// Means, variances and covariance of a control variate and a quantity.
#[derive(Debug, Clone, Copy, Default)]
struct Pairs {
    control: Moments,
    number: Moments,
    products: f64,
}

impl Pairs {
    fn push(&mut self, count: f64, control: f64, number: f64) {
        let before = control - self.control.mean;
        self.control.push(count, control);
        self.number.push(count, number);
        self.products += before * (number - self.number.mean);
    }

    /// `cov / var`, or zero where the control variate would not help.
    fn coefficient(&self) -> f64 {
        let beta = self.products / self.control.deviations;
        // Written so that NaN (no scores, an overflow) gives zero.
        if beta * self.products >= LEAST * self.number.deviations && beta.is_finite() {
            beta
        } else {
            0.0
        }
    }
}
