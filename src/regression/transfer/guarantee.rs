//! The guaranteed length of T10 and of T10.tube: the smallest that a search over radii finds.

use std::collections::BTreeMap;

use super::path::{Path, PathPoint};
use super::record::TransferBound;
use crate::bound::{RegressionClass, RegressionErrors};
use crate::error::{Error, Result};
use crate::regression::RegressionTask;

/// Radii of the tube that are tried: the largest times powers of 1/2.
const RADII: i32 = 16;

/// The errors at lengths `2^{k/8}`, rounded up to whole numbers, computed once each.
struct Ladder {
    alpha: f64,
    label_variance: f64,
    class: RegressionClass,
    known: BTreeMap<i32, RegressionErrors>,
}

/// Rungs of the ladder: `2^{664} < 1e200`.
const LAST_RUNG: i32 = 8 * 664;

impl Ladder {
    fn new(task: &RegressionTask, alpha: f64) -> Result<Self> {
        let eigenvalues: Vec<f64> = task.eigenvalues().iter().copied().collect();
        let (noise, weight) = (task.noise_variance(), task.weight_variance());
        Ok(Self {
            alpha,
            label_variance: task.label_variance(),
            class: RegressionClass::new(&eigenvalues, noise, weight, alpha)?,
            known: BTreeMap::new(),
        })
    }

    fn length(rung: i32) -> f64 {
        (f64::from(rung) / 8.0).exp2().ceil().max(2.0)
    }

    fn at(&mut self, rung: i32) -> Result<RegressionErrors> {
        if let Some(found) = self.known.get(&rung) {
            return Ok(*found);
        }
        let found = self.class.errors(Self::length(rung))?;
        self.known.insert(rung, found);
        Ok(found)
    }

    /// The first rung at which `shortfall` is at most 0, if it is at `last`: a false position search, as errors decrease.
    fn first(
        &mut self,
        last: i32,
        shortfall: &dyn Fn(&RegressionErrors) -> f64,
    ) -> Result<Option<i32>> {
        // No bound is below the error of the head A = 0, which averages the labels.
        let least = RegressionErrors {
            output: self.label_variance / Self::length(last),
            derivative: 0.0,
        };
        if !(shortfall(&least) <= 0.0) {
            return Ok(None);
        }
        let mut high = (last, shortfall(&self.at(last)?));
        if !(high.1 <= 0.0) {
            return Ok(None);
        }
        let mut low = (0, f64::NAN);
        let mut halve = false;
        while high.0 - low.0 > 1 {
            let slope = if low.1.is_finite() {
                (high.1 - low.1) / f64::from(high.0 - low.0)
            } else {
                SLOPE
            };
            let guess = f64::from(high.0) - high.1 / slope;
            let middle = low.0 + (high.0 - low.0) / 2;
            // Every other step halves, so that a bent curve cannot hold the search up.
            let rung = if halve || !guess.is_finite() {
                middle
            } else {
                (guess.ceil() as i32).clamp(low.0 + 1, high.0 - 1)
            };
            halve = !halve && low.1.is_finite();
            let found = shortfall(&self.at(rung)?);
            if found <= 0.0 {
                high = (rung, found);
            } else {
                low = (rung, found);
            }
        }
        Ok(Some(high.0))
    }
}

/// A first guess of how the logarithm of an error changes from one rung to the next: half of that of `1/L`.
const SLOPE: f64 = -0.5 * std::f64::consts::LN_2 / 8.0;

/// The smallest guaranteed lengths over the radii: by Gronwall's inequality with one Lipschitz constant, and along the tube.
pub(super) fn guaranteed(
    task: &RegressionTask,
    path: &Path,
    epsilon: f64,
) -> Result<[TransferBound; 2]> {
    let widest = path.largest_radius(epsilon / 3.0);
    let mut ladders = Vec::new();
    for i in 0..RADII {
        let radius = widest * (-f64::from(i)).exp2();
        ladders.push((
            radius,
            Ladder::new(task, path.whitened + path.largest * radius)?,
        ));
    }
    let [one, two] = [false, true].map(|tube| best(path, &mut ladders, epsilon, tube));
    Ok([one?, two?])
}

fn best(
    path: &Path,
    ladders: &mut [(f64, Ladder)],
    epsilon: f64,
    along_the_tube: bool,
) -> Result<TransferBound> {
    let mut best: Option<(i32, usize)> = None;
    for (number, (radius, ladder)) in ladders.iter_mut().enumerate() {
        // Only a shorter length is of interest.
        let last = best.map_or(LAST_RUNG, |(rung, _)| rung - 1);
        let radius = *radius;
        let shortfall = |errors: &RegressionErrors| {
            let distance = distance(path, errors, radius, along_the_tube) - radius.ln();
            distance.max((3.0 * end_gap(path, errors, radius) / epsilon).ln())
        };
        let found = if last > 0 {
            ladder.first(last, &shortfall)?
        } else {
            None
        };
        match found {
            Some(rung) => best = Some((rung, number)),
            // Once smaller radii have stopped to help they only ask for more.
            None if best.is_some() => break,
            None => {}
        }
    }
    // Without an answer the widest tube is shown.
    let (rung, number) = best.map_or((None, 0), |(rung, number)| (Some(rung), number));
    let Some((radius, ladder)) = ladders.get_mut(number) else {
        return Err(Error::Unavailable {
            what: "the guaranteed prompt length",
            why: "no tube around the infinite flow was tried".into(),
        });
    };
    let radius = *radius;
    let errors = ladder.at(rung.unwrap_or(LAST_RUNG))?;
    Ok(TransferBound {
        length: rung.map(Ladder::length),
        radius,
        alpha: ladder.alpha,
        lipschitz: path.lipschitz(radius),
        ln_amplification: ln_amplification(path, radius, along_the_tube),
        risk_gap: end_gap(path, &errors, radius),
        gradient_gap: largest_gradient_gap(path, &errors, radius),
        ln_distance: distance(path, &errors, radius, along_the_tube),
        output: errors.output,
        derivative: errors.derivative,
    })
}

/// `g1` at the end of the path, within the radius.
fn end_gap(path: &Path, errors: &RegressionErrors, radius: f64) -> f64 {
    path.points
        .last()
        .map_or(f64::NAN, |end| errors.risk_gap(&path.sizes(end, radius)))
}

/// The largest `g2` on the way.
fn largest_gradient_gap(path: &Path, errors: &RegressionErrors, radius: f64) -> f64 {
    path.points
        .iter()
        .map(|p| errors.gradient_gap(&path.sizes(p, radius + p.chord)))
        .fold(0.0, f64::max)
}

/// Logarithm of the factor from a constant `g2` to the distance at the horizon.
fn ln_amplification(path: &Path, radius: f64, along_the_tube: bool) -> f64 {
    if along_the_tube {
        ln_tube(path, radius, &|_| 0.0)
    } else {
        ln_global(path, radius)
    }
}

/// `ln((e^{beta T} - 1) / beta)`.
fn ln_global(path: &Path, radius: f64) -> f64 {
    let beta = path.lipschitz(radius);
    let product = beta * path.horizon;
    product + (-(-product).exp()).ln_1p() - beta.ln()
}

/// `ln INT_0^T g(t) exp( INT_t^T mu ) dt` for `ln g` at the points, each standing for the stretch to the next.
fn ln_tube(path: &Path, radius: f64, ln_gap: &dyn Fn(&PathPoint) -> f64) -> f64 {
    let third = path.third(radius);
    let mut growth = 0.0;
    let mut total = f64::NEG_INFINITY;
    for pair in path.points.windows(2).rev() {
        let [from, to] = pair else {
            continue;
        };
        let step = to.time - from.time;
        let least = from.curvature.0.min(to.curvature.0);
        growth += step * (third * (radius + from.chord) - least).max(0.0);
        let term = growth + step.ln() + ln_gap(from);
        let top = total.max(term);
        total = top + ((total - top).exp() + (term - top).exp()).ln();
    }
    total
}

/// Logarithm of a bound of the distance of the flows up to the horizon, if it does not exceed the radius.
fn distance(path: &Path, errors: &RegressionErrors, radius: f64, along_the_tube: bool) -> f64 {
    if along_the_tube {
        ln_tube(path, radius, &|p| {
            errors.gradient_gap(&path.sizes(p, radius + p.chord)).ln()
        })
    } else {
        ln_global(path, radius) + largest_gradient_gap(path, errors, radius).ln()
    }
}
