//! Expectations over the query that make up the risk and its gradient.

use nalgebra::{Complex, DMatrix, DVector};

/// Expectations of `P(q)`, `Q(q)` and their derivatives, times products of squared coordinates.
pub(super) struct Expectations {
    /// `E P`.
    pub second: f64,
    /// The sum of the moduli of the terms of the contour sums.
    pub mass: f64,
    /// The error beyond the participation ratios.
    pub tail: f64,
    /// `E[P g_j^2]` and `E[Q g_j^2]`.
    pub second_squares: DVector<f64>,
    pub response_squares: DVector<f64>,
    /// `E[P' g_j^2]`.
    pub slope_squares: DVector<f64>,
    /// `E[P' g_j^2 g_k^2]` and `E[Q' g_j^2 g_k^2]`.
    pub slope_pairs: DMatrix<f64>,
    pub response_slope_pairs: DMatrix<f64>,
}

/// `E g_j^2 g_k^2` over the product of the pole factors: 3 on the diagonal.
fn pair(j: usize, k: usize) -> f64 {
    if j == k { 3.0 } else { 1.0 }
}

impl Expectations {
    /// Those of the constant `1/L`.
    pub fn new(size: usize, uniform: f64) -> Self {
        Self {
            second: uniform,
            mass: 0.0,
            tail: 0.0,
            second_squares: DVector::from_element(size, uniform),
            response_squares: DVector::from_element(size, uniform),
            slope_squares: DVector::zeros(size),
            slope_pairs: DMatrix::zeros(size, size),
            response_slope_pairs: DMatrix::zeros(size, size),
        }
    }

    pub fn add(&mut self, inverse: &[Complex<f64>], second: Complex<f64>, response: Complex<f64>) {
        self.second += second.im;
        for (j, pole) in inverse.iter().enumerate() {
            self.second_squares[j] += (second * pole).im;
            self.response_squares[j] += (response * pole).im;
        }
    }

    /// The transform of the derivative is `-z` times that of the function less its value at 0.
    pub fn add_slopes(
        &mut self,
        inverse: &[Complex<f64>],
        second: Complex<f64>,
        response: Complex<f64>,
    ) {
        for (j, pole) in inverse.iter().enumerate() {
            let (a, b) = (second * pole, response * pole);
            self.slope_squares[j] += a.im;
            for (k, other) in inverse.iter().enumerate().take(j + 1) {
                let factor = pair(j, k);
                self.slope_pairs[(j, k)] += factor * (a * other).im;
                self.response_slope_pairs[(j, k)] += factor * (b * other).im;
            }
        }
    }

    /// `q = 0`: the derivatives there, times the moments of `g`.
    pub fn add_slopes_at_zero(&mut self, second: f64, response: f64) {
        let size = self.slope_squares.len();
        self.slope_squares.fill(second);
        for j in 0..size {
            for k in 0..=j {
                self.slope_pairs[(j, k)] = second * pair(j, k);
                self.response_slope_pairs[(j, k)] = response * pair(j, k);
            }
        }
    }

    /// `E[form(g) F'(q) g g^T]` from the pairs of `F'`, of which the lower triangle is filled: odd moments vanish.
    pub fn weighted_second_moment(form: &DMatrix<f64>, pairs: &DMatrix<f64>) -> DMatrix<f64> {
        let size = form.nrows();
        let at = |j: usize, k: usize| pairs[(j.max(k), j.min(k))];
        DMatrix::from_fn(size, size, |j, k| {
            if j == k {
                (0..size).map(|i| form[(i, i)] * at(i, j)).sum()
            } else {
                2.0 * form[(j, k)] * at(j, k)
            }
        })
    }
}
