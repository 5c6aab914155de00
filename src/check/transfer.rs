//! T10 with numbers: how long a prompt is guaranteed to be long enough, and how long one has to be.

use nalgebra::{DMatrix, SymmetricEigen};

use super::{Progress, gaussian_transfer};
use crate::bound::{HeadSizes, RegressionClass, RegressionErrors};
use crate::error::{Error, Result};
use crate::icl::finite::FinitePromptRisk;
use crate::icl::flow::{FlowOptions, FlowPoint, InfinitePrompt, follow};
use crate::icl::{RegressionHead, RegressionTask, infinite};
use crate::parameter::{Positive, PromptLength};
use crate::report::{TransferAnswer, TransferBound};

/// Radii of the tube that are tried: the largest times powers of 1/2.
const RADII: i32 = 16;

/// The guaranteed length of T10 for `R_L <= v/2 + epsilon` at the end of the flow, globally and along a tube, and the actual smallest length.
///
/// # Errors
/// If a flow gives up, or no length up to 2^53 reaches `epsilon`.
pub fn transfer(
    task: &RegressionTask,
    start: &RegressionHead,
    accepted: Positive,
    options: &FlowOptions,
    progress: &dyn Progress,
) -> Result<TransferAnswer> {
    let epsilon = accepted.get();
    progress.start(4);
    // A finer flow than usual: the path is cut at its steps.
    let finer = FlowOptions {
        step_tolerance: (1e-2 * options.step_tolerance).max(1e-11),
        ..*options
    };
    let flow = follow(&InfinitePrompt(task), start, &[], &finer)?;
    let floor = 0.5 * task.noise_variance();
    let Some(last) = flow
        .steps
        .iter()
        .position(|p| p.risk - floor <= epsilon / 3.0)
    else {
        return Err(Error::Unavailable {
            what: "the guaranteed prompt length",
            why: "the infinite flow does not come within epsilon/3 of its least risk before the horizon".into(),
        });
    };
    let path = Path::new(task, flow.steps.get(..=last).unwrap_or_default())?;
    progress.step();
    let global = guaranteed(task, &path, epsilon, false)?;
    let tube = guaranteed(task, &path, epsilon, true)?;
    progress.step();
    let gaussian = gaussian_transfer::guaranteed(task, start, accepted)?;
    progress.step();
    let actual = actual(task, start, floor + epsilon, options)?;
    progress.step();
    Ok(TransferAnswer {
        description: String::new(),
        epsilon,
        floor,
        horizon: path.horizon,
        risk_at_horizon: path.end_risk,
        gradient_at_horizon: path.end_gradient,
        global,
        tube,
        gaussian,
        actual: actual.0,
        actual_risk: actual.1,
        before: actual.2,
        notes: Vec::new(),
    })
}

/// The infinite flow up to the horizon, with the curvature along it.
struct Path {
    points: Vec<PathPoint>,
    horizon: f64,
    end_risk: f64,
    end_gradient: f64,
    /// `|Hess R_inf|` at the end.
    end_curvature: f64,
    /// Largest `|Sig^{1/2} A Sig^{1/2}|`, `|A|_F`, `|b|` on the way.
    whitened: f64,
    key_query: f64,
    value: f64,
    largest: f64,
    weight: f64,
    /// `|Sig^2|_F`, and the Lipschitz constant of `sqrt(E|J|^2)`.
    square_norm: f64,
    slope: f64,
}

struct PathPoint {
    time: f64,
    risk: f64,
    gradient: f64,
    value: f64,
    derivative: f64,
    /// Smallest and largest eigenvalue of the Hessian of `R_inf`.
    curvature: (f64, f64),
    /// Distance to the next point.
    chord: f64,
}

impl Path {
    fn new(task: &RegressionTask, steps: &[FlowPoint]) -> Result<Self> {
        let root = task.function(f64::sqrt);
        let mut points = Vec::with_capacity(steps.len());
        let mut sizes = (0.0_f64, 0.0_f64, 0.0_f64);
        for (i, step) in steps.iter().enumerate() {
            let hessian = SymmetricEigen::new(hessian(task, &step.head)?).eigenvalues;
            let whitened = (&root * &step.head.key_query * &root)
                .singular_values()
                .max();
            sizes = (
                sizes.0.max(whitened),
                sizes.1.max(step.head.key_query.norm()),
                sizes.2.max(step.head.value.abs()),
            );
            points.push(PathPoint {
                time: step.time,
                risk: step.risk,
                gradient: step.gradient,
                value: step.head.value.abs(),
                derivative: derivative(task, &step.head),
                curvature: (hessian.min(), hessian.max()),
                chord: steps
                    .get(i + 1)
                    .map_or(0.0, |next| step.head.distance(&next.head)),
            });
        }
        let end = points.last();
        Ok(Self {
            horizon: end.map_or(0.0, |p| p.time),
            end_risk: end.map_or(f64::NAN, |p| p.risk),
            end_gradient: end.map_or(f64::NAN, |p| p.gradient),
            end_curvature: end.map_or(f64::NAN, |p| p.curvature.0.abs().max(p.curvature.1)),
            whitened: sizes.0,
            key_query: sizes.1,
            value: sizes.2,
            largest: task.eigenvalues().max(),
            weight: task.weight_variance(),
            square_norm: task.eigenvalues().map(|l| l * l).norm(),
            slope: (task.weight_variance() * traces(task)).sqrt(),
            points,
        })
    }

    /// A Lipschitz constant of the Hessian within `radius` of the path: `|D^3 R_inf| <= (4/sqrt 3) tau^2 |Sig|^3 (|b| + |A|_F)`.
    fn third(&self, radius: f64) -> f64 {
        let size = self.value + self.key_query + 2.0 * radius;
        4.0 / 3f64.sqrt() * self.weight * self.largest.powi(3) * size
    }

    /// What the errors of T10 depend on, within `radius` of a point.
    fn sizes(&self, point: &PathPoint, radius: f64) -> HeadSizes {
        let curvature = point.curvature.1 + self.third(radius) * radius;
        HeadSizes {
            value: point.value + radius,
            risk: point.risk + point.gradient * radius + 0.5 * curvature * radius * radius,
            derivative: point.derivative + self.slope * radius,
        }
    }
}

/// `sqrt(E |J|^2)`, and its Lipschitz constant `tau sqrt(tr Sig^2 tr Sig)`: `J` is linear in `(A, b)`.
fn derivative(task: &RegressionTask, head: &RegressionHead) -> f64 {
    let seen = task.covariance() * &head.key_query;
    let signal = (&seen * task.covariance()).dot(&seen);
    let traces = traces(task);
    (task.weight_variance() * (head.value * head.value * traces + signal)).sqrt()
}

/// `tr Sig^2 tr Sig`, at least `|Sig|^3`.
fn traces(task: &RegressionTask) -> f64 {
    task.eigenvalues().norm_squared() * task.eigenvalues().sum()
}

/// The Hessian of `R_inf`, by central differences of its gradient, a cubic polynomial.
fn hessian(task: &RegressionTask, head: &RegressionHead) -> Result<DMatrix<f64>> {
    let list = head.to_vec();
    let step = 1e-4 * head.norm().max(1e-3);
    let at = |i: usize, step: f64| -> Result<Vec<f64>> {
        let mut moved = list.clone();
        if let Some(place) = moved.get_mut(i) {
            *place += step;
        }
        let head = RegressionHead::from_slice(task.dimension(), &moved);
        Ok(infinite::gradient(task, &head)?.to_vec())
    };
    let mut hessian = DMatrix::zeros(list.len(), list.len());
    for i in 0..list.len() {
        for (j, (up, down)) in at(i, step)?.iter().zip(at(i, -step)?).enumerate() {
            hessian[(i, j)] = (up - down) / (2.0 * step);
        }
    }
    Ok(0.5 * (&hessian + hessian.transpose()))
}

/// The errors at lengths `2^{k/8}`, rounded up to whole numbers, computed once each.
struct Ladder {
    alpha: f64,
    class: RegressionClass,
    known: std::collections::BTreeMap<i32, RegressionErrors>,
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
            known: std::collections::BTreeMap::new(),
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

/// The largest radius within which `R_inf` rises by at most `room` above its value at the horizon.
fn largest_radius(path: &Path, room: f64) -> f64 {
    let rise =
        |r: f64| path.end_gradient * r + 0.5 * (path.end_curvature + path.third(r) * r) * r * r;
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if rise(middle) <= room {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// The smallest guaranteed length over the radii: by Gronwall's inequality with one Lipschitz constant, or along the tube.
fn guaranteed(
    task: &RegressionTask,
    path: &Path,
    epsilon: f64,
    along_the_tube: bool,
) -> Result<TransferBound> {
    let widest = largest_radius(path, epsilon / 3.0);
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
        lipschitz: lipschitz(path, radius),
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

/// The Lipschitz constant of `grad R_inf` on the ball around the path: the norm of the matrix of the norms of the blocks of the Hessian,
/// `tau^2 b^2 |Sig|^3`, `tau^2 |A|^2 |Sig|^3` and `tau^2 (2 |b| |A| |Sig|^3 + |Sig^2|_F)`.
fn lipschitz(path: &Path, radius: f64) -> f64 {
    let (b, a) = (path.value + radius, path.key_query + radius);
    let cube = path.weight * path.largest.powi(3);
    let (first, second) = (cube * b * b, cube * a * a);
    let mixed = 2.0 * cube * a * b + path.weight * path.square_norm;
    0.5 * (first + second) + (0.25 * (first - second).powi(2) + mixed * mixed).sqrt()
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
    let beta = lipschitz(path, radius);
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

/// The smallest `L` whose exact flow ends at a risk of at most `target`; that risk, and the one at `L - 1`.
fn actual(
    task: &RegressionTask,
    start: &RegressionHead,
    target: f64,
    options: &FlowOptions,
) -> Result<(u64, f64, Option<f64>)> {
    let risk_at = |length: u64| -> Result<f64> {
        let risk = FinitePromptRisk::new(task, PromptLength::new(length)?)?;
        let flow = follow(&risk, start, &[], options)?;
        Ok(flow.end().map_or(f64::NAN, |p| p.risk))
    };
    let mut high = 1;
    let mut at_high = risk_at(high)?;
    let mut below = None;
    while !(at_high <= target) {
        below = Some((high, at_high));
        high = (2 * high).min(PromptLength::MAX);
        at_high = risk_at(high)?;
        if high == PromptLength::MAX && !(at_high <= target) {
            return Err(Error::Unavailable {
                what: "the smallest sufficient prompt length",
                why: "even 2^53 examples do not reach epsilon".into(),
            });
        }
    }
    while let Some((low, _)) = below
        && high - low > 1
    {
        let middle = low + (high - low) / 2;
        let risk = risk_at(middle)?;
        if risk <= target {
            (high, at_high) = (middle, risk);
        } else {
            below = Some((middle, risk));
        }
    }
    Ok((high, at_high, below.map(|b| b.1)))
}
