//! The Laplace transform of a weight, bounded from above by a staircase below its size-biased law.

use std::sync::{Arc, OnceLock};

use crate::interval::Interval;

/// Steps `(ln x_j, m_j)` with `m_1 + .. + m_j <= E[w; w <= x_j]` for every `j`, `x_j` ascending, `m_j >= 0`.
///
/// As `(1 - e^{-tx}) / x` decreases in `x`, summation by parts gives
/// `1 - phi(t) = E[w (1 - e^{-tw}) / w] >= sum_j m_j (1 - e^{-t x_j}) / x_j`
/// (theory T15).
#[derive(Debug, Clone)]
pub(crate) struct WeightStaircase {
    steps: Arc<[(f64, f64)]>,
    /// `ln t` and `-ln phi(t)`, found when first asked for.
    grid: Arc<OnceLock<Vec<(f64, f64)>>>,
}

impl PartialEq for WeightStaircase {
    fn eq(&self, other: &Self) -> bool {
        self.steps == other.steps
    }
}

/// Relative error of a sum of slopes: `y` below 750 errs by at most 1.2e-13, `v = e^y` by as much relatively, the slope by no more and three
/// roundings; 10^5 positive terms add 2.3e-11. A slope that is 0 or below e^-700 does not matter.
const ROUNDING: f64 = 3e-11;
/// Ends of the grid of `ln t`.
const GRID: (f64, f64) = (-40.0, 8.0);
/// Distance in `ln x` up to which steps may stand at their mean for the grid, which moves its values by `TOGETHER^2 / 24` relatively at most.
const TOGETHER: f64 = 0.125;
/// Distance of the values.
pub(in crate::bound) const GRID_STEP: f64 = 0.25;

/// Of Gaussian scores: `ln x = s z + s^2 / 2` with `z` from the first number to the second, in steps of the third.
const GAUSSIAN: (f64, f64, f64) = (-4.5, 6.0, 0.15);
/// Relative error that is allowed for `erfc` and the division by `sqrt 2`, which moves `z` by less than `1e-15`.
const ERFC: f64 = 1e-13;
/// Of a law known by its moments: distance of the steps in `ln x`, and how many.
const BY_MOMENTS: (f64, usize) = (0.25, 160);

impl WeightStaircase {
    /// Of steps that are known to be below the size-biased law; those without mass are left out.
    pub fn new(steps: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self {
            steps: steps.into_iter().filter(|step| step.1 > 0.0).collect(),
            grid: Arc::default(),
        }
    }

    /// Of `w = e^{s N - s^2/2}`, `N` normal: `E[w; w <= e^{s z + s^2/2}] = Phi(z)`.
    pub fn gaussian(score_variance: f64) -> Self {
        let (first, last, step) = GAUSSIAN;
        let count = ((last - first) / step) as u32;
        let s = Interval::point(score_variance).sqrt();
        let half = Interval::point(0.5 * score_variance);
        let mut before = 0.0;
        Self::new((0..=count).map(|place| {
            let z = first + step * f64::from(place);
            let below = 0.5 * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2) * (1.0 - ERFC);
            let mass = (Interval::point(below) - Interval::point(before)).lower();
            before = below;
            ((s * Interval::point(z) + half).upper(), mass)
        }))
    }

    /// Of any law with `E w^q <= e^{b}` for the pairs `(q, b)`, `q > 1`: `E[w; w > x] <= x^{1-q} E w^q`.
    pub fn of_moments(moments: &[(f64, f64)]) -> Self {
        let (step, count) = BY_MOMENTS;
        let known = || moments.iter().filter(|(q, b)| *q > 1.0 && b.is_finite());
        let start = known()
            .map(|(q, b)| b / (q - 1.0))
            .fold(f64::INFINITY, f64::min);
        let mut before = 0.0_f64;
        Self::new((1..=count).map(|place| {
            let ln_x = start + step * place as f64;
            let above = known()
                .map(|(q, b)| {
                    let power = Interval::point(1.0 - q) * Interval::point(ln_x);
                    (power + Interval::point(*b)).exp().upper()
                })
                .fold(1.0, f64::min);
            let below = (Interval::ONE - Interval::point(above)).lower().max(before);
            let mass = (Interval::point(below) - Interval::point(before)).lower();
            before = below;
            (ln_x, mass)
        }))
    }

    /// `ln t` and `-ln phi(t)` on a grid, in plain floats and of steps that are taken together: for the search of proof parameters.
    pub fn grid(&self) -> &[(f64, f64)] {
        self.grid.get_or_init(|| {
            let ((first, last), step) = (GRID, GRID_STEP);
            let together = self.together();
            let count = ((last - first) / step) as u32;
            (0..=count)
                .map(|place| {
                    let ln_t = first + step * f64::from(place);
                    let missing = ln_t.exp() * rate(&together, ln_t);
                    (ln_t, -(-missing.min(1.0 - 1e-12)).ln_1p())
                })
                .collect()
        })
    }

    /// Steps with all mass within [`TOGETHER`] at its mean.
    fn together(&self) -> Vec<(f64, f64)> {
        let near = |one: &(f64, f64), other: &(f64, f64)| other.0 - one.0 <= TOGETHER;
        let mut groups: Vec<&[(f64, f64)]> = Vec::new();
        let mut rest = &*self.steps;
        while let Some(first) = rest.first() {
            let group;
            (group, rest) = rest.split_at(rest.partition_point(|step| near(first, step)).max(1));
            groups.push(group);
        }
        let mean = |group: &[(f64, f64)]| {
            let mass: f64 = group.iter().map(|step| step.1).sum();
            let ln_x: f64 = group.iter().map(|(ln_x, mass)| ln_x * mass).sum();
            (ln_x / mass, mass)
        };
        groups.into_iter().map(mean).collect()
    }

    /// At least `ln phi(t)`, and at most `-ln phi(t) / t`.
    pub fn ln_transform(&self, ln_t: f64) -> (Interval, Interval) {
        let rate = rate(&self.steps, ln_t) * (1.0 - ROUNDING);
        let t = Interval::point(ln_t).exp();
        let missing = (t * Interval::point(rate)).lower();
        let ln_phi = Interval::point(-missing.clamp(0.0, 1.0)).ln_1p();
        (ln_phi, -ln_phi / t)
    }
}

/// `(1 - phi(t)) / t` from below, but for a relative [`ROUNDING`].
fn rate(steps: &[(f64, f64)], ln_t: f64) -> f64 {
    let steps = steps.iter();
    steps.map(|(ln_x, mass)| mass * slope(ln_t + ln_x)).sum()
}

/// `(1 - e^{-v}) / v` at `v = e^y`, which decreases from 1 to 0.
fn slope(y: f64) -> f64 {
    if y < -36.0 {
        return 1.0;
    }
    let v = y.exp();
    if v < f64::INFINITY {
        -(-v).exp_m1() / v
    } else {
        0.0
    }
}
