//! A head on one prompt: prediction and derivatives, in one pass over the tokens for the linear head and two for
//! the softmax.
//!
//! A head sees a prompt through two vectors, `c = B z` with `B = K^T Q / sqrt(d+1)` (scores `S_i = <c, X_i>`) and
//! `u = V^T a` with `a` the last row of `O` (`v_i = <u, X_i>` is the last coordinate of `O V X_i`). Then
//!
//! ```text
//! softmax: f = sum_i p_i v_i,      df/du = sum_i p_i X_i,       df/dc = sum_i p_i v_i X_i - f sum_i p_i X_i
//! linear:  f = sum_i S_i v_i / L,  df/du = sum_i S_i X_i / L,   df/dc = sum_i v_i X_i / L
//! ```

use super::prompt::{LANES, Prompt};
use super::settings::HeadKind;
use super::square::dot;
use crate::law::exponential;

/// One number of each token of a group.
type Lanes = [f64; LANES];
/// The size of a token for which the loops are compiled with fixed bounds, so that sums stay in registers.
const PAPER: usize = 6;

/// Prediction and derivatives of a head on one prompt, and the memory they need.
#[derive(Debug, Clone)]
pub struct Response {
    kind: HeadKind,
    prediction: f64,
    by_scores: Vec<f64>,
    by_values: Vec<f64>,
    white_scores: Vec<f64>,
    white_values: Vec<f64>,
    scores: Vec<Lanes>,
    first: Vec<Lanes>,
    second: Vec<Lanes>,
}

impl Response {
    /// Memory for tokens of this size and prompts of this length.
    pub fn new(kind: HeadKind, size: usize, length: usize) -> Self {
        let zeros = vec![0.0; size];
        Self {
            kind,
            prediction: 0.0,
            by_scores: zeros.clone(),
            by_values: zeros.clone(),
            white_scores: zeros.clone(),
            white_values: zeros,
            scores: vec![[0.0; LANES]; length.div_ceil(LANES)],
            first: vec![[0.0; LANES]; size],
            second: vec![[0.0; LANES]; size],
        }
    }

    /// The prediction `f`.
    pub fn prediction(&self) -> f64 {
        self.prediction
    }

    /// `df/dc`.
    pub fn by_scores(&self) -> &[f64] {
        &self.by_scores
    }

    /// `df/du`.
    pub fn by_values(&self) -> &[f64] {
        &self.by_values
    }

    /// Evaluates the head `(c, u)` on a prompt.
    ///
    /// Always compiled into its caller, so that a caller compiled for wide vector instructions uses them here. No
    /// multiplication is fused with an addition, and lanes are summed in a fixed order: the bits do not depend on
    /// the instructions used.
    #[inline(always)]
    pub fn evaluate(&mut self, prompt: &Prompt, scores: &[f64], values: &[f64]) {
        let law = prompt.law();
        law.pull_back(prompt.vector(), scores, &mut self.white_scores);
        law.pull_back(prompt.vector(), values, &mut self.white_values);
        let scale = match self.kind {
            HeadKind::Softmax => 1.0 / self.softmax(prompt),
            HeadKind::Linear => {
                self.linear(prompt);
                1.0 / prompt.length() as f64
            }
        };
        let total = |lanes: &Lanes| scale * lanes.iter().sum::<f64>();
        for (place, lanes) in self.by_values.iter_mut().zip(&self.first) {
            *place = total(lanes);
        }
        for (place, lanes) in self.by_scores.iter_mut().zip(&self.second) {
            *place = total(lanes);
        }
        self.prediction = dot(&self.white_values, &self.by_values);
        if self.kind == HeadKind::Softmax {
            for (place, mean) in self.by_scores.iter_mut().zip(&self.by_values) {
                *place -= self.prediction * mean;
            }
        }
        law.token(prompt.vector(), &mut self.by_scores);
        law.token(prompt.vector(), &mut self.by_values);
    }

    /// `sum_i e_i g_i` and `sum_i e_i v_i g_i` for `e_i = e^{S_i - max S}`; returns `sum_i e_i`.
    #[inline(always)]
    fn softmax(&mut self, prompt: &Prompt) -> f64 {
        let rows = prompt.rows();
        match self.white_scores.first_chunk::<PAPER>() {
            Some(scores) if self.white_scores.len() == PAPER => {
                write_scores(rows, scores, &mut self.scores);
            }
            _ => write_scores(rows, &self.white_scores, &mut self.scores),
        }
        let sum = exponentials(&mut self.scores, prompt.length());
        match self.white_values.first_chunk::<PAPER>() {
            Some(values) if self.white_values.len() == PAPER => {
                let mut sums = [[[0.0; LANES]; PAPER]; 2];
                let [first, second] = &mut sums;
                softmax_sums(rows, &self.scores, values, first, second);
                self.first.copy_from_slice(first);
                self.second.copy_from_slice(second);
            }
            _ => {
                self.first.fill([0.0; LANES]);
                self.second.fill([0.0; LANES]);
                let (first, second) = (&mut self.first, &mut self.second);
                softmax_sums(rows, &self.scores, &self.white_values, first, second);
            }
        }
        sum
    }

    /// `sum_i S_i g_i` and `sum_i v_i g_i`; places that hold no token hold zeros and add nothing.
    #[inline(always)]
    fn linear(&mut self, prompt: &Prompt) {
        let rows = prompt.rows();
        let both = (
            self.white_scores.first_chunk::<PAPER>(),
            self.white_values.first_chunk::<PAPER>(),
        );
        match both {
            (Some(scores), Some(values)) if self.white_scores.len() == PAPER => {
                let mut sums = [[[0.0; LANES]; PAPER]; 2];
                let [first, second] = &mut sums;
                linear_sums(rows, scores, values, first, second);
                self.first.copy_from_slice(first);
                self.second.copy_from_slice(second);
            }
            _ => {
                self.first.fill([0.0; LANES]);
                self.second.fill([0.0; LANES]);
                let (first, second) = (&mut self.first, &mut self.second);
                linear_sums(rows, &self.white_scores, &self.white_values, first, second);
            }
        }
    }
}

/// Writes `S_i = <c, g_i>`.
#[inline(always)]
fn write_scores(rows: &[Lanes], direction: &[f64], scores: &mut [Lanes]) {
    for (score, group) in scores.iter_mut().zip(rows.chunks_exact(direction.len())) {
        *score = product(direction, group);
    }
}

/// Replaces the scores of `length` tokens by `e^{S_i - max S}`, and whatever follows by next to nothing; returns the
/// sum.
#[inline(always)]
fn exponentials(scores: &mut [Lanes], length: usize) -> f64 {
    let flat = scores.as_flattened_mut();
    let (flat, beyond) = flat.split_at_mut(length.min(flat.len()));
    let top = largest(flat);
    beyond.fill(f64::NEG_INFINITY);
    let mut sum = [0.0; LANES];
    for lanes in scores.iter_mut() {
        for (score, sum) in lanes.iter_mut().zip(&mut sum) {
            *score = exponential(*score - top);
            *sum += *score;
        }
    }
    // For places without a token `exponential` gives 3e-308: far below the last bit of the sum, and no weight on
    // the zeros that they hold.
    sum.iter().sum()
}

/// Adds `e_i g_i` and `e_i v_i g_i`.
#[inline(always)]
fn softmax_sums(
    rows: &[Lanes],
    weights: &[Lanes],
    values: &[f64],
    first: &mut [Lanes],
    second: &mut [Lanes],
) {
    for (weight, group) in weights.iter().zip(rows.chunks_exact(values.len())) {
        let mut both = product(values, group);
        for (both, weight) in both.iter_mut().zip(weight) {
            *both *= weight;
        }
        add(first, weight, group);
        add(second, &both, group);
    }
}

/// Adds `S_i g_i` and `v_i g_i`.
#[inline(always)]
fn linear_sums(
    rows: &[Lanes],
    scores: &[f64],
    values: &[f64],
    first: &mut [Lanes],
    second: &mut [Lanes],
) {
    for group in rows.chunks_exact(scores.len()) {
        let score = product(scores, group);
        let value = product(values, group);
        add(first, &score, group);
        add(second, &value, group);
    }
}

/// `<c, g>` of each token of a group.
#[inline(always)]
fn product(direction: &[f64], group: &[Lanes]) -> Lanes {
    let mut sum = [0.0; LANES];
    for (c, row) in direction.iter().zip(group) {
        for (sum, x) in sum.iter_mut().zip(row) {
            *sum += c * x;
        }
    }
    sum
}

/// Adds `weight_i g_i` of each token of a group, lane by lane.
#[inline(always)]
fn add(sums: &mut [Lanes], weight: &Lanes, group: &[Lanes]) {
    for (sum, row) in sums.iter_mut().zip(group) {
        for ((sum, x), weight) in sum.iter_mut().zip(row).zip(weight) {
            *sum += weight * x;
        }
    }
}

/// The largest number; NaN is passed over, and shows in the sums.
#[inline(always)]
fn largest(numbers: &[f64]) -> f64 {
    let (groups, rest) = numbers.as_chunks::<LANES>();
    let mut top = [f64::NEG_INFINITY; LANES];
    for group in groups {
        for (top, x) in top.iter_mut().zip(group) {
            *top = if *x > *top { *x } else { *top };
        }
    }
    rest.iter()
        .chain(&top)
        .copied()
        .fold(f64::NEG_INFINITY, f64::max)
}
