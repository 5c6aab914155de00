//! What an average over a Gaussian query of Gaussian tokens may miss.

use nalgebra::{DVector, SymmetricEigen};

use super::allowance::Missed;
use super::parts::missed_of_normal_scores;
use crate::attention::Head;
use crate::law::Gaussian;
use crate::record::Metric;

/// The law of the variance `t = s^2 = a^T Gamma a` of a score over the query, by its cumulants, and what grows with it.
///
/// With `x = e^t / L`, a query carries about `h(t) = P (slope t + spread (1 + 2 P ln L))` of the output and `P` of `P_2`, `P = min(1, x (1 + 3 x))`:
/// `x` to leading order, and no more than a prompt whose weight is all on one token. The queries of largest `t`, of probability `eps`,
/// carry `INT_0^eps h(t(u)) du`, with `P(s^2 >= t(u)) = u`.
pub(super) struct GaussianQuery {
    /// `s^2 = |N(b, M)|^2`: eigenvalues of `M`, squared coordinates of `b`.
    spectrum: Vec<(f64, f64)>,
    largest: f64,
    /// `|V Gamma^{1/2}|_op^2` at most, and `tr(V Gamma V^T)`.
    slope: f64,
    spread: f64,
}

impl GaussianQuery {
    pub fn new(tokens: &Gaussian, head: &Head, query: &Gaussian) -> Self {
        // The tilt in coordinates in which tokens are standard normal: root^T (U z + u).
        let into = tokens.root().transpose();
        let matrix = &into * head.key_query() * query.root();
        let centre = &into * head.tilt(query.mean());
        let eigen = SymmetricEigen::new(&matrix * matrix.transpose());
        let along: DVector<f64> = eigen.eigenvectors.tr_mul(&centre);
        let eigenvalues = eigen.eigenvalues.iter().map(|x| x.max(0.0));
        let output = head.value() * tokens.root();
        let spread = output.norm_squared();
        Self {
            largest: eigenvalues.clone().fold(0.0, f64::max),
            spectrum: eigenvalues.zip(along.iter().map(|b| b * b)).collect(),
            slope: spread.min(crate::law::operator_norm(&output).powi(2)),
            spread,
        }
    }

    /// What is missed of the output or of `P_2`; other metrics are not known.
    pub fn carried(&self, metric: Metric, length: u64, missed: Missed) -> Option<f64> {
        let output = match metric {
            Metric::Output => true,
            Metric::Participation => false,
            _ => return None,
        };
        let length = length as f64;
        let size = |t: f64| {
            let x = (t - length.ln()).exp();
            let weight = (x * (1.0 + 3.0 * x)).min(1.0);
            if output {
                weight * (self.slope * t + self.spread * (1.0 + 2.0 * weight * length.ln()))
            } else {
                weight
            }
        };
        // u = eps e^{-v}; h(t(u)) is taken at the far end of every step.
        const STEP: f64 = 0.125;
        let mut queries = 0.0;
        for k in 0..80_000 {
            let v = STEP * f64::from(k);
            let mass = missed.prompts * (-v).exp() * -(-STEP).exp_m1();
            let term = mass * size(self.quantile(missed.prompts.ln() - v - STEP));
            queries += term;
            // What is left falls at least like e^{-v/2} once weights are at their limit.
            if v > 40.0 && term < 1e-9 * queries {
                break;
            }
        }
        // Tokens of the queries that are not missed, twice: once for each, once for a part spent on one of them.
        let deviation = self.quantile(missed.prompts.ln()).sqrt();
        let (of_output, of_weights) =
            missed_of_normal_scores(deviation, (self.slope, self.spread), length, missed.tokens);
        Some(queries + 2.0 * if output { of_output } else { of_weights })
    }

    /// The `t` with `P(s^2 >= t) = u`, or a larger one.
    ///
    /// By the smaller of Chernoff's bound and the saddle-point approximation, which is too large by 8% to 40% in
    /// the tails of chi-square laws of any number of degrees.
    fn quantile(&self, ln_u: f64) -> f64 {
        if self.largest == 0.0 {
            return self.spectrum.iter().map(|(_, square)| square).sum();
        }
        // theta = part / (2 largest), part = 1 - e^{-depth}: the tail falls with it.
        let (mut low, mut high) = (0.0, 700.0);
        loop {
            let depth = 0.5 * (low + high);
            let (t, ln_tail) = self.tail(depth);
            if !(depth > low && depth < high) {
                return t;
            }
            if ln_tail > ln_u {
                low = depth;
            } else {
                high = depth;
            }
        }
    }

    /// A point of the tail: `t`, and the logarithm of a bound of `P(s^2 >= t)`.
    fn tail(&self, depth: f64) -> (f64, f64) {
        let theta = 0.5 * -(-depth).exp_m1() / self.largest;
        let (mut cumulant, mut slope, mut curvature) = (0.0, 0.0, 0.0);
        for (eigenvalue, square) in &self.spectrum {
            // 1 - 2 theta eigenvalue, without cancellation for the largest.
            let open = (self.largest - eigenvalue) / self.largest
                + eigenvalue / self.largest * (-depth).exp();
            cumulant += theta * square / open - 0.5 * open.ln();
            slope += eigenvalue / open + square / (open * open);
            curvature +=
                2.0 * (eigenvalue / open).powi(2) + 4.0 * eigenvalue * square / open.powi(3);
        }
        let chernoff = cumulant - theta * slope;
        let saddle = theta * (std::f64::consts::TAU * curvature).sqrt();
        (slope, chernoff - saddle.ln().max(0.0))
    }
}
