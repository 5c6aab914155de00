//! T13.spectrum: a deviation probability from the covariance of one draw.

use nalgebra::DMatrix;

use super::bernstein::{counted_on, ln_small_denominator};
use super::draws::Draws;
use super::norm::rise;
use super::ways::Way;
use crate::bound::{Bound, Theorem, minimise};
use crate::interval::Interval;

/// Logits of `th / s` that are tried, and the part 1 besides.
const LOGITS: [f64; 9] = [-8.0, -6.0, -5.0, -4.0, -3.0, -2.0, -1.0, 0.0, 1.0];
/// `R^2 / (kap^2 (1-th)^2 + kap m)` that are tried.
const LENGTHS: [f64; 7] = [1.05, 1.2, 1.5, 2.0, 3.0, 6.0, 15.0];

/// The covariance with its eigenvalues, for many budgets.
#[derive(Debug)]
pub(super) struct Spectrum {
    covariance: DMatrix<f64>,
    eigenvalues: Vec<f64>,
}

/// A choice of the proof parameters.
#[derive(Debug, Clone, Copy)]
struct Choice {
    part: f64,
    kappa: f64,
    /// `R`.
    length: f64,
}

impl Spectrum {
    /// None for values of too many coordinates.
    pub fn new(draws: &Draws) -> Option<Self> {
        let covariance = draws.covariance.clone()?;
        let finite = covariance.iter().all(|x| x.is_finite());
        let eigenvalues = finite.then(|| covariance.symmetric_eigenvalues())?;
        Some(Self {
            eigenvalues: eigenvalues.iter().copied().collect(),
            covariance,
        })
    }

    /// `P(|That - T| >= eps)`; 0 if there is no way because every key is read.
    pub fn bound(&self, draws: &Draws, ways: &[Way], epsilon: f64, budget: u64) -> Bound {
        let theorem = Theorem::SAMPLED_SPECTRUM;
        if ways.is_empty() {
            return Bound::proved(theorem, 0.0, 1.0, "every key is read");
        }
        let scale = budget as f64 * epsilon;
        let best = ways
            .iter()
            .filter_map(|way| {
                let choice = self.search(draws, way, scale, budget)?;
                let ln_value = self.ln_probability(draws, way, scale, budget, choice)?;
                Some((ln_value.upper(), choice))
            })
            .min_by(|x, y| x.0.total_cmp(&y.0));
        let Some((ln_value, choice)) = best else {
            let why = "kap beta Sig < I holds for no proof parameter that was tried";
            return Bound::not_applicable(theorem, why);
        };
        let small = ln_small_denominator(draws, budget, choice.part).upper();
        let dominant = if small > ln_value - std::f64::consts::LN_2 {
            "small denominator: e^{-b J}"
        } else {
            "numerator: the normal integral"
        };
        let value = Interval::point(ln_value).exp().upper();
        Bound::proved(theorem, value, 1.0, dominant)
            .with_parameter("th", choice.part * draws.share.upper())
            .with_parameter("kap", choice.kappa)
            .with_parameter("R", choice.length)
    }

    /// In plain floats, over a grid of `th` and `R`.
    fn search(&self, draws: &Draws, way: &Way, scale: f64, budget: u64) -> Option<Choice> {
        let variance = way.count.upper() / (scale * scale);
        let largest = self.eigenvalues.iter().copied().fold(0.0, f64::max) * variance;
        let m = self.eigenvalues.len() as f64;
        let parts = LOGITS.iter().map(|x| 1.0 / (1.0 + (-x).exp()));
        let mut best: Option<(f64, Choice)> = None;
        for part in parts.chain([1.0]) {
            let counted = counted_on(draws, part).lower();
            let small = ln_small_denominator(draws, budget, part).upper();
            for length in LENGTHS {
                let choice = |logit: f64| {
                    let kappa = 1.0 / (largest * (1.0 + (-logit).exp()));
                    let square = kappa * (kappa * counted * counted + m);
                    Choice {
                        part,
                        kappa,
                        length: (length * square).sqrt(),
                    }
                };
                let value = |logit: f64| {
                    let Choice {
                        kappa,
                        length: radius,
                        ..
                    } = choice(logit);
                    let y = radius * way.stretch.upper() * draws.most.upper() / scale;
                    let beta = if y > 1e-4 {
                        2.0 * (y.exp_m1() - y) / (y * y)
                    } else {
                        1.0 + y
                    };
                    let factor = kappa * beta * variance;
                    let determinant = self.eigenvalues.iter().map(|x| (-factor * x).ln_1p());
                    -0.5 * (kappa * counted * counted + determinant.sum::<f64>())
                        - (-1.0 / length).ln_1p()
                };
                let found = minimise(-6.0, 6.0, value);
                // Small terms count only as far as they matter.
                let total = found.value.max(small);
                if total < f64::INFINITY && best.as_ref().is_none_or(|(least, _)| total < *least) {
                    best = Some((total, choice(found.at)));
                }
            }
        }
        best.map(|(_, choice)| choice)
    }

    /// The logarithm of the bound, enclosed; nothing if the parameters are not admissible.
    fn ln_probability(
        &self,
        draws: &Draws,
        way: &Way,
        scale: f64,
        budget: u64,
        choice: Choice,
    ) -> Option<Interval> {
        let (kappa, length) = (
            Interval::point(choice.kappa),
            Interval::point(choice.length),
        );
        let scale = Interval::point(scale);
        // Never more than it is, so that the exponent is not.
        let counted = counted_on(draws, choice.part);
        let m = Interval::point(self.eigenvalues.len() as f64);
        let spread = (kappa.square() * counted.square() + kappa * m) / length.square();
        let inside = Interval::ONE - spread;
        let y = length * way.stretch * draws.most / scale;
        let beta = if y.upper() > 1e-4 {
            rise(y).double() / y.square()
        } else {
            // 2 (e^y - 1 - y) / y^2 is between 1 and e^y.
            Interval::new(1.0, y.exp().upper()).ok()?
        };
        let factor = kappa * beta * way.count / scale.square();
        let ln_determinant = ln_determinant(&self.covariance, draws.covariance_error, factor)?;
        if !(inside.lower() > 0.0) {
            return None;
        }
        let half = (kappa * counted.square() + ln_determinant) / Interval::point(2.0);
        let numerator = way.ln_factor - half - inside.ln();
        Some(numerator.ln_add(ln_small_denominator(draws, budget, choice.part)))
    }
}

/// `ln det(I - factor (covariance + error I))`, enclosed, by elimination; nothing unless every pivot is positive for certain.
fn ln_determinant(
    covariance: &DMatrix<f64>,
    error: Interval,
    factor: Interval,
) -> Option<Interval> {
    let m = covariance.nrows();
    let mut rows: Vec<Vec<Interval>> = covariance
        .column_iter()
        .enumerate()
        .map(|(place, column)| {
            let mut row: Vec<Interval> = column
                .iter()
                .map(|x| -(factor * Interval::point(*x)))
                .collect();
            if let Some(diagonal) = row.get_mut(place) {
                *diagonal = *diagonal + Interval::ONE - factor * error;
            }
            row
        })
        .collect();
    let mut sum = Interval::ZERO;
    for step in 0..m {
        let (done, rest) = rows.split_at_mut(step + 1);
        let row = done.last()?;
        let pivot = *row.get(step)?;
        if !(pivot.lower() > 0.0) {
            return None;
        }
        sum = sum + pivot.ln();
        // The upper triangle is enough: the matrix is symmetric.
        for (place, other) in rest.iter_mut().enumerate() {
            let column = step + 1 + place;
            let part = *row.get(column)? / pivot;
            for (entry, above) in other.iter_mut().zip(row).skip(column) {
                *entry = *entry - part * *above;
            }
        }
    }
    Some(sum)
}
