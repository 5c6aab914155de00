//! Moments of the weight of an order between 1 and 2.

use crate::bound::moments::weight_staircase::WeightStaircase;
use crate::interval::Interval;

/// Orders `q = 1 + j / 8`, `j = 0, .. 8`, at which moments are known.
pub(crate) const ORDERS: usize = 9;

/// The order with this number.
pub(crate) fn order(number: usize) -> f64 {
    1.0 + 0.125 * number as f64
}

/// Orders 1, 3/2 and 2, at which eigenvalues are computed.
pub(crate) const EIGENVALUE_ORDERS: [usize; 3] = [0, 4, 8];

/// `ln Lam_q` at every order from its values at the [`EIGENVALUE_ORDERS`]: it is convex in `q`, as the supremum over `u` of the
/// logarithms of `E[w^q <u, f>^2]`, so chords lie above it. It is at most `ln A_q`, the trace.
pub(crate) fn by_chords([first, middle, last]: [f64; 3], square: &[f64; ORDERS]) -> [f64; ORDERS] {
    let chord = |number: usize| {
        let (from, to, steps) = match number {
            ..4 => (first, middle, number),
            _ => (middle, last, number - 4),
        };
        match steps {
            0 => from,
            4 => to,
            // An eigenvalue of 0 has the logarithm -inf, and is 0 at every order.
            _ if from == to => from,
            _ => {
                let share = Interval::point(0.25 * steps as f64);
                let rest = Interval::ONE - share;
                (rest * Interval::point(from) + share * Interval::point(to)).upper()
            }
        }
    };
    let mut all = *square;
    for (number, least) in all.iter_mut().enumerate() {
        *least = least.min(chord(number));
    }
    all
}

/// What T15 uses of a law at one tilt: upper bounds of `ln M_q` and `ln A_q` at the [`ORDERS`], and the law of the weight.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FractionalMoments {
    /// `ln M_q`, `M_q = E w^q`.
    pub weight: [f64; ORDERS],
    /// `ln A_q`, `A_q = E[w^q |f|^2]`; infinite where it is not known.
    pub square: [f64; ORDERS],
    /// `ln Lam_q`, `Lam_q` the largest eigenvalue of `E[w^q f f^T]`; `None` if it was not computed.
    pub largest: Option<[f64; ORDERS]>,
    /// The law of the weight.
    pub staircase: WeightStaircase,
}

impl FractionalMoments {
    /// Of Gaussian tokens, per unit of `tau_V + eta`, of which `share` is that of `eta` (from 0 to 1):
    /// `M_q = e^{(q^2 - q) s^2 / 2}`, `A_q = M_q (1 - share + (q-1)^2 share)`.
    pub fn gaussian(score_variance: f64, share: f64) -> Self {
        let point = Interval::point;
        let share = point(share.clamp(0.0, 1.0));
        // Exact: q is a multiple of 1/8.
        let ln_weight = |q: f64| point(0.5 * (q * q - q)) * point(score_variance);
        let parts = |q: f64| (Interval::ONE - share) + point((q - 1.0) * (q - 1.0)) * share;
        Self {
            weight: std::array::from_fn(|number| ln_weight(order(number)).upper()),
            square: std::array::from_fn(|number| {
                let q = order(number);
                (ln_weight(q) + parts(q).ln()).upper()
            }),
            largest: None,
            staircase: WeightStaircase::gaussian(score_variance),
        }
    }

    /// With `A_q` and `Lam_q` multiplied by a number whose logarithm is at most this.
    pub fn times(&self, ln_factor: f64) -> Self {
        let sum = |x: f64| (Interval::point(x) + Interval::point(ln_factor)).upper();
        Self {
            square: self.square.map(sum),
            largest: self.largest.map(|largest| largest.map(sum)),
            ..self.clone()
        }
    }
}
