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

    /// The first rung from which on `enough` holds, if it holds on the last; a bisection, as errors decrease.
    fn first(&mut self, enough: &dyn Fn(&RegressionErrors) -> bool) -> Result<Option<i32>> {
        if !enough(&self.at(LAST_RUNG)?) {
            return Ok(None);
        }
        let (mut low, mut high) = (0, LAST_RUNG);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if enough(&self.at(middle)?) {
                high = middle;
            } else {
                low = middle;
            }
        }
        Ok(Some(high))
    }
}

/// The smallest guaranteed length over the radii: by Gronwall's inequality with one Lipschitz constant, or along the tube.
pub(super) fn guaranteed(
    task: &RegressionTask,
    path: &Path,
    epsilon: f64,
    along_the_tube: bool,
) -> Result<TransferBound> {
    let widest = path.largest_radius(epsilon / 3.0);
    let mut best: Option<(i32, f64, Ladder)> = None;
    for i in 0..RADII {
        let radius = widest * (-f64::from(i)).exp2();
        let mut ladder = Ladder::new(task, path.whitened + path.largest * radius)?;
        let enough = |errors: &RegressionErrors| {
            let distance = distance(path, errors, radius, along_the_tube);
            distance <= radius.ln() && end_gap(path, errors, radius) <= epsilon / 3.0
        };
        let found = ladder.first(&enough)?;
        let better = match (found, &best) {
            (Some(rung), Some((least, ..))) => rung < *least,
            (found, None) => found.is_some() || i == 0,
            (None, Some(_)) => false,
        };
        match (better, &best) {
            // Without an answer the widest tube is shown.
            (true, _) => best = Some((found.unwrap_or(i32::MAX), radius, ladder)),
            // Once smaller radii have stopped to help they only ask for more.
            (false, Some((least, ..))) if *least < i32::MAX => break,
            _ => {}
        }
    }
    let Some((rung, radius, mut ladder)) = best else {
        return Err(Error::Unavailable {
            what: "the guaranteed prompt length",
            why: "no tube around the infinite flow was tried".into(),
        });
    };
    let errors = ladder.at(rung.min(LAST_RUNG))?;
    Ok(TransferBound {
        length: (rung <= LAST_RUNG).then(|| Ladder::length(rung)),
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
