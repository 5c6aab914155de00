//! Parts of a law, ranked by what they carry.

use nalgebra::DVector;

use crate::law::{ScoreAtoms, TokenLaw};

/// The sum of `probability * size` over the parts `(probability, rank, size)` of highest rank, of probability `q` in all;
/// the last part counts in proportion.
pub(super) fn top(mut parts: Vec<(f64, f64, f64)>, q: f64) -> f64 {
    parts.retain(|part| part.0 > 0.0);
    // No more parts than this are needed, so that not all of a long list are sorted.
    let most = q / parts.iter().map(|part| part.0).fold(1.0, f64::min) + 1.0;
    let falling = |x: &(f64, f64, f64), y: &(f64, f64, f64)| y.1.total_cmp(&x.1);
    if most < parts.len() as f64 {
        parts.select_nth_unstable_by(most as usize, falling);
        parts.truncate(most as usize + 1);
    }
    parts.sort_unstable_by(falling);
    let (mut open, mut sum) = (q, 0.0);
    for (probability, _, size) in parts {
        let taken = probability.min(open);
        if !(taken > 0.0) {
            break;
        }
        sum += taken * size;
        open -= taken;
    }
    sum
}

/// The law of weight, output and token.
pub(super) enum Law {
    /// Part by part.
    Listed(Listed),
    /// By `ln E w^p` at some powers `p`: Hölder's inequality bounds what a part of the law carries.
    Powers(Vec<(f64, f64)>),
}

pub(super) struct Listed {
    probabilities: Vec<f64>,
    /// `ln w`.
    ln_weights: Vec<f64>,
    /// `E[|V y|^2]` and, for gradients, `E[|y|^2]` of each part.
    squares: Vec<f64>,
    token_squares: Vec<f64>,
}

impl Law {
    /// `sup E[w; A]` over parts `A` of probability `q`.
    pub fn first(&self, q: f64) -> f64 {
        let found = match self {
            Law::Listed(listed) => {
                let parts = listed.ln_weights.iter().zip(&listed.probabilities);
                top(parts.map(|(ln_w, p)| (*p, *ln_w, ln_w.exp())).collect(), q)
            }
            Law::Powers(powers) => holder(powers, 1.0, q),
        };
        found.min(1.0)
    }
}

/// What a token counts for, besides its weight.
#[derive(Clone, Copy)]
pub(super) enum Size {
    One,
    Output,
    Root,
    Token,
    Both,
}

impl Listed {
    pub fn new(atoms: &ScoreAtoms, tokens: Option<&ScoreAtoms>) -> Self {
        let top = atoms
            .scores
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = atoms
            .weights
            .iter()
            .zip(&atoms.scores)
            .map(|(p, s)| p * (s - top).exp())
            .sum();
        let ln_total = total.ln();
        let ln_weights: Vec<f64> = atoms.scores.iter().map(|s| s - top - ln_total).collect();
        let squares = |atoms: &ScoreAtoms| -> Vec<f64> {
            let mut mean = DVector::zeros(atoms.outputs.nrows());
            let columns = || atoms.outputs.column_iter();
            for ((output, p), ln_w) in columns().zip(atoms.weights.iter()).zip(&ln_weights) {
                mean.axpy(p * ln_w.exp(), &output, 1.0);
            }
            columns()
                .zip(&atoms.spreads)
                .map(|(output, spread)| (output - &mean).norm_squared() + spread)
                .collect()
        };
        Self {
            squares: squares(atoms),
            token_squares: tokens.map(squares).unwrap_or_default(),
            probabilities: atoms.weights.to_vec(),
            ln_weights,
        }
    }

    /// `sup E[p^power size; A]` over parts of probability `q`, with `p = w / (w + others)`.
    pub fn sum(&self, power: i32, others: f64, size: Size, q: f64) -> f64 {
        let part = |(place, (p, ln_w)): (usize, (&f64, &f64))| {
            let at = |list: &[f64]| list.get(place).copied().unwrap_or(f64::INFINITY);
            let size = match size {
                Size::One => 1.0,
                Size::Output => at(&self.squares),
                Size::Root => at(&self.squares).sqrt(),
                Size::Token => at(&self.token_squares),
                Size::Both => at(&self.squares) * at(&self.token_squares),
            };
            let weight = 1.0 / (1.0 + (others.ln() - ln_w).exp());
            let carried = weight.powi(power) * size;
            (*p, carried, carried)
        };
        let parts = self.probabilities.iter().zip(&self.ln_weights).enumerate();
        top(parts.map(part).collect(), q)
    }
}

/// What standard normal scores times `deviation` miss at length `length`, with `|V y|^2 = slope (xi - s)^2 + spread`, and in
/// the sum of squared weights.
pub(super) fn missed_of_normal_scores(
    deviation: f64,
    (slope, spread): (f64, f64),
    length: f64,
    q: f64,
) -> (f64, f64) {
    const STEP: f64 = 0.25;
    let last = ((4.0 * deviation + 10.0) / STEP).ceil();
    let nodes = || {
        (0..)
            .map(|k| STEP * f64::from(k) - 10.0)
            .take_while(|xi| *xi <= STEP * last)
    };
    let density = |xi: f64| STEP * (-0.5 * xi * xi).exp() / std::f64::consts::TAU.sqrt();
    let listed = Listed {
        probabilities: nodes().map(density).collect(),
        ln_weights: nodes()
            .map(|xi| deviation * (xi - 0.5 * deviation))
            .collect(),
        squares: nodes()
            .map(|xi| slope * (xi - deviation).powi(2) + spread)
            .collect(),
        token_squares: Vec::new(),
    };
    let others = {
        let parts = listed.ln_weights.iter().zip(&listed.probabilities);
        let first = top(parts.map(|(ln_w, p)| (*p, *ln_w, ln_w.exp())).collect(), q);
        (length - 1.0) * (1.0 - first).max(0.0)
    };
    let of = |size| length * listed.sum(2, others, size, q);
    (of(Size::Output), of(Size::One))
}

/// `ln E w^p` for powers from 1 to 4096.
pub(super) fn powers(tokens: &dyn TokenLaw, tilt: &DVector<f64>) -> Vec<(f64, f64)> {
    let first = tokens.cumulant(tilt);
    (0..=24)
        .map(|k| {
            let power = 2_f64.powf(0.5 * f64::from(k));
            (power, tokens.cumulant(&(tilt * power)) - power * first)
        })
        .collect()
}

/// A bound of `E[w^power; A]` for parts of probability `q`: the least `(E w^{power r})^{1/r} q^{1 - 1/r}`.
pub(super) fn holder(powers: &[(f64, f64)], power: f64, q: f64) -> f64 {
    powers
        .iter()
        .filter(|(p, _)| *p >= power)
        .map(|(p, ln_mean)| {
            let r = p / power;
            (ln_mean / r + (1.0 - 1.0 / r) * q.ln()).exp()
        })
        .fold(f64::INFINITY, f64::min)
}
