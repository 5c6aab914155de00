//! A head on all prompts with a given task vector and query: the expected loss and its derivatives, exactly.
//!
//! Given the task vector `w` and the query, tokens are independent with the law `N(0, Sig_w)`. For the head `(c, u)` of `response.rs` let
//! `q = c^T Sig_w c` be the variance of the scores, `n = u^T Sig_w u` that of the values and `m = c^T Sig_w u` their covariance. Then the prediction `f` has
//!
//! ```text
//! softmax (T3): E f = m (1 - P(q)),  E f^2 = m^2 (1 - Q(q)) + n P(q)
//! linear:       E f = m,             E f^2 = m^2 (1 + 1/L) + n q / L
//! ```
//!
//! with `P = r_2` and `Q = r_2 + 6 r_3 - 6 E P_2^2`, so no token has to be drawn and the cost of a prompt does not depend on `L`.

use super::prompt::Prompt;
use super::settings::HeadKind;
use super::square::dot;
use crate::error::Result;
use crate::parameter::PromptLength;
use crate::regression::participation::curve::{ParticipationCurve, ValueAndSlope};

/// The expected loss given task vector and query, and its derivatives.
#[derive(Debug, Clone)]
pub struct ConditionalLoss {
    moments: Moments,
    loss: f64,
    by_scores: Vec<f64>,
    by_values: Vec<f64>,
    white_scores: Vec<f64>,
    white_values: Vec<f64>,
}

/// Where the moments of the prediction come from.
#[derive(Debug, Clone)]
enum Moments {
    Softmax(ParticipationCurve),
    /// `1/L`.
    Linear(f64),
}

impl Moments {
    /// `mean`, `square` and `noise` of `E f = mean m` and `E f^2 = square m^2 + noise n`, as functions of `q`.
    fn at(&self, q: f64) -> [ValueAndSlope; 3] {
        match self {
            Moments::Softmax(curve) => {
                let [second, response] = curve.at(q);
                let rest = |of: ValueAndSlope| ValueAndSlope {
                    value: 1.0 - of.value,
                    slope: -of.slope,
                };
                [rest(second), rest(response), second]
            }
            Moments::Linear(uniform) => {
                let constant = |value| ValueAndSlope { value, slope: 0.0 };
                let noise = ValueAndSlope {
                    value: uniform * q,
                    slope: *uniform,
                };
                [constant(1.0), constant(1.0 + uniform), noise]
            }
        }
    }
}

impl ConditionalLoss {
    /// For tokens of this size and prompts of this length.
    ///
    /// # Errors
    /// Those of [`crate::exact::gaussian_participation`], and for a length outside the range of [`PromptLength`].
    pub fn new(kind: HeadKind, size: usize, length: u64) -> Result<Self> {
        let length = PromptLength::new(length)?;
        let zeros = vec![0.0; size];
        Ok(Self {
            moments: match kind {
                HeadKind::Softmax => Moments::Softmax(ParticipationCurve::new(length)?),
                HeadKind::Linear => Moments::Linear(1.0 / length.as_f64()),
            },
            loss: 0.0,
            by_scores: zeros.clone(),
            by_values: zeros.clone(),
            white_scores: zeros.clone(),
            white_values: zeros,
        })
    }

    /// `E[(f - y)^2 / 2 | w, query]`.
    pub fn loss(&self) -> f64 {
        self.loss
    }

    /// Its derivative in `c`.
    pub fn by_scores(&self) -> &[f64] {
        &self.by_scores
    }

    /// Its derivative in `u`.
    pub fn by_values(&self) -> &[f64] {
        &self.by_values
    }

    /// Evaluates the head `(c, u)` for the task vector and the query of a prompt; its tokens are not looked at.
    ///
    /// NaN where the variance of softmax scores is above 40,000.
    pub fn evaluate(&mut self, prompt: &Prompt, scores: &[f64], values: &[f64]) {
        let law = prompt.law();
        let vector = prompt.vector();
        // With X = T g, Sig_w = T T^T: all forms are products of T^T c and T^T u.
        law.pull_back(vector, scores, &mut self.white_scores);
        law.pull_back(vector, values, &mut self.white_values);
        let (c, u) = (&self.white_scores, &self.white_values);
        let (q, m, n) = (dot(c, c), dot(c, u), dot(u, u));
        let [mean, square, noise] = self.moments.at(q);
        let target = dot(prompt.query(), vector);
        let label_noise = law.noise() * law.noise();
        self.loss = 0.5
            * (square.value * m * m + noise.value * n - 2.0 * mean.value * m * target
                + target * target
                + label_noise);
        let by_m = square.value * m - mean.value * target;
        // Twice the derivative in q.
        let by_q = square.slope * m * m + noise.slope * n - 2.0 * mean.slope * m * target;
        let pairs = c.iter().zip(u);
        for ((by_scores, by_values), (c, u)) in self
            .by_scores
            .iter_mut()
            .zip(&mut self.by_values)
            .zip(pairs)
        {
            *by_scores = by_m * u + by_q * c;
            *by_values = by_m * c + noise.value * u;
        }
        law.token(vector, &mut self.by_scores);
        law.token(vector, &mut self.by_values);
    }
}
