//! One-dimensional minimisation of a proof parameter.
//!
//! Every admissible proof parameter gives a valid bound, so a minimiser needs no certificate: a poor
//! minimum costs tightness, never truth.

use crate::bound::logarithm::ln_add;

/// A number `u` of the open interval (0, 1), kept as `ln u` and `ln(1 - u)`, both accurate at both ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Unit {
    /// `ln u`.
    pub ln: f64,
    /// `ln(1 - u)`.
    pub ln_complement: f64,
}

impl Unit {
    /// `u = 1 / (1 + e^{-x})`.
    pub fn logistic(x: f64) -> Self {
        let correction = (-x.abs()).exp().ln_1p();
        if x >= 0.0 {
            Self {
                ln: -correction,
                ln_complement: -x - correction,
            }
        } else {
            Self {
                ln: x - correction,
                ln_complement: -correction,
            }
        }
    }

    /// The number itself.
    pub fn value(self) -> f64 {
        self.ln.exp()
    }

    /// `1 - u`.
    pub fn complement(self) -> f64 {
        self.ln_complement.exp()
    }
}

/// Where a function is smallest, and its value there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Minimum {
    /// The argument.
    pub at: f64,
    /// The value.
    pub value: f64,
}

/// Least logit tried for a parameter of (0, 1): `e^-60 = 8.8e-27`.
pub(crate) const LOWEST: f64 = -60.0;
/// Greatest logit tried: beyond it `u = 1` to double precision.
pub(crate) const HIGHEST: f64 = 40.0;

/// Distance between neighbouring grid points.
const STEP: f64 = 0.5;
/// Golden section steps: they shrink a bracket of two grid steps to `2e-6`.
const GOLDEN_STEPS: usize = 29;
/// `(sqrt 5 - 1) / 2`.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// Smallest value found of `f` on `[lower, upper]`: a grid of spacing at most 1/2, then a golden section
/// around the two lowest local minima of the grid.
///
/// Deterministic. `NaN` counts as `+inf`. The value returned is a value of `f` at `at`.
pub(crate) fn minimise(lower: f64, upper: f64, f: impl Fn(f64) -> f64) -> Minimum {
    let f = |x: f64| {
        let value = f(x);
        if value.is_nan() { f64::INFINITY } else { value }
    };
    let cells = ((upper - lower) / STEP).ceil().clamp(8.0, 400.0);
    let step = (upper - lower) / cells;
    let point = |i: usize| (lower + step * i as f64).min(upper);
    let count = cells as usize + 1;
    let values: Vec<f64> = (0..count).map(|i| f(point(i))).collect();
    let value = |i: usize| values.get(i).copied().unwrap_or(f64::INFINITY);

    // The two lowest local minima; a grid without one (all values infinite) leaves the lower end.
    let (mut best, mut second): (Option<Minimum>, Option<Minimum>) = (None, None);
    for i in 0..count {
        let left = i.checked_sub(1).map_or(f64::INFINITY, value);
        // Strict on the left: of a plateau only the first point counts.
        if (i == 0 || value(i) < left) && value(i) <= value(i + 1) {
            let here = Minimum {
                at: point(i),
                value: value(i),
            };
            if best.is_none_or(|b| here.value < b.value) {
                (best, second) = (Some(here), best);
            } else if second.is_none_or(|s| here.value < s.value) {
                second = Some(here);
            }
        }
    }
    let lower_end = Minimum {
        at: lower,
        value: value(0),
    };
    let first = golden_section(&f, best.unwrap_or(lower_end), step, (lower, upper));
    match second.map(|start| golden_section(&f, start, step, (lower, upper))) {
        Some(other) if other.value < first.value => other,
        _ => first,
    }
}

/// The `u` in `(0, 1)` where the sum of two terms, given as logarithms, is least, the logarithm of that sum and the two terms:
/// [`minimise`] in `logit u`.
pub(crate) fn minimise_sum(
    lower: f64,
    upper: f64,
    terms: impl Fn(Unit) -> (f64, f64),
) -> (Unit, f64, (f64, f64)) {
    let found = minimise(lower, upper, |x| {
        let (first, second) = terms(Unit::logistic(x));
        ln_add(first, second)
    });
    let unit = Unit::logistic(found.at);
    (unit, found.value, terms(unit))
}

fn golden_section(
    f: &impl Fn(f64) -> f64,
    start: Minimum,
    step: f64,
    (lower, upper): (f64, f64),
) -> Minimum {
    let mut a = (start.at - step).max(lower);
    let mut b = (start.at + step).min(upper);
    let mut best = start;
    let mut c = b - GOLDEN * (b - a);
    let mut d = a + GOLDEN * (b - a);
    let (mut at_c, mut at_d) = (f(c), f(d));
    for _ in 0..GOLDEN_STEPS {
        for (at, value) in [(c, at_c), (d, at_d)] {
            if value < best.value {
                best = Minimum { at, value };
            }
        }
        if at_c < at_d {
            (b, d, at_d) = (d, c, at_c);
            c = b - GOLDEN * (b - a);
            at_c = f(c);
        } else {
            (a, c, at_c) = (c, d, at_d);
            d = a + GOLDEN * (b - a);
            at_d = f(d);
        }
    }
    best
}

/// Logits between which a decreasing term `e^{-E(u)}`, `E(u) = e^{ln_rate} u^power`, goes from no decay
/// (`E = 1/1000`) to decay by `e^{-most}`: outside, a smaller or larger `u` cannot pay.
pub(crate) fn decay_range(ln_rate: f64, power: f64, most: f64) -> (f64, f64) {
    let ln_start = (1e-3f64.ln() - ln_rate) / power;
    let ln_end = (most.max(1.0).ln() - ln_rate) / power;
    // The lower end is at most -16, so that where no decay is worth having u is as good as zero. The
    // upper end has room: ln u and logit u differ by less than 0.7 below u = 1/2.
    let lower = ln_start.clamp(LOWEST, -16.0);
    let upper = if ln_end < -0.7 {
        (ln_end + 1.0).max(lower + 2.0)
    } else {
        HIGHEST
    };
    (lower, upper)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logistic_is_accurate_at_both_ends() {
        for x in [-50.0f64, -3.0, 0.0, 2.0, 39.0] {
            let u = Unit::logistic(x);
            assert!((u.ln - u.ln_complement - x).abs() <= 1e-14 * x.abs().max(1.0));
            assert!((u.value() + u.complement() - 1.0).abs() < 1e-15);
        }
        assert!((Unit::logistic(-50.0).value() / (-50f64).exp() - 1.0).abs() < 1e-12);
        assert!((Unit::logistic(39.0).complement() / (-39f64).exp() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn finds_the_lower_of_two_wells() {
        let f = |x: f64| ((x - 3.3).powi(2) + 0.1).min((x + 7.7).powi(2));
        let found = minimise(-20.0, 20.0, f);
        assert!((found.at + 7.7).abs() < 1e-5 && found.value < 1e-10);
        let g = |x: f64| ((x - 3.3).powi(2)).min((x + 7.7).powi(2) + 0.1);
        assert!((minimise(-20.0, 20.0, g).at - 3.3).abs() < 1e-5);
    }

    #[test]
    fn finds_a_minimum_at_an_end_and_survives_nan() {
        assert_eq!(minimise(-4.0, 5.0, |x| x).at, -4.0);
        assert_eq!(minimise(-4.0, 5.0, |x| -x).at, 5.0);
        let f = |x: f64| if x < 0.0 { f64::NAN } else { (x - 1.0).abs() };
        assert!(minimise(-4.0, 5.0, f).value < 1e-5);
    }
}
