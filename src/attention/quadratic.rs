//! Quadratic polynomials of a Gaussian vector with independent coordinates: means of their products.

use nalgebra::{Complex, DMatrix, DVector};

/// `constant + <linear, x> + x^T matrix x`, the matrix symmetric.
#[derive(Debug, Clone)]
pub(super) struct Quadratic {
    pub constant: f64,
    pub linear: DVector<f64>,
    pub matrix: DMatrix<f64>,
}

/// A polynomial about the mean of `x ~ N(mean, diag(variances))`: `E Q`, and the gradient and matrix of `Q` there.
///
/// Means and variances may be complex: all moments are polynomials in them, and no conjugate occurs.
#[derive(Debug, Clone)]
pub(super) struct AtMean<'a> {
    /// `E Q`.
    pub expectation: Complex<f64>,
    gradient: Vec<Complex<f64>>,
    matrix: &'a DMatrix<f64>,
}

impl Quadratic {
    /// At the law `N(mean, diag(variances))`.
    pub fn at<'a>(&'a self, mean: &[Complex<f64>], variances: &[Complex<f64>]) -> AtMean<'a> {
        let mut expectation = Complex::from(self.constant);
        let mut gradient = Vec::with_capacity(mean.len());
        let columns = self.matrix.column_iter().zip(self.linear.iter());
        for ((column, slope), (x, variance)) in columns.zip(mean.iter().zip(variances)) {
            let image: Complex<f64> = column.iter().zip(mean).map(|(m, y)| y * *m).sum();
            expectation += x * (image + slope);
            gradient.push(image * 2.0 + slope);
            let own = column.get(gradient.len() - 1).copied().unwrap_or(0.0);
            expectation += variance * own;
        }
        AtMean {
            expectation,
            gradient,
            matrix: &self.matrix,
        }
    }
}

/// `E[Q R]`: with gradients `g` at the mean and the covariance `S`, the cumulant of two polynomials is
/// `g_Q^T S g_R + 2 tr(Q S R S)`.
pub(super) fn mean_of_two(
    q: &AtMean<'_>,
    r: &AtMean<'_>,
    variances: &[Complex<f64>],
) -> Complex<f64> {
    q.expectation * r.expectation + cumulant_of_two(q, r, variances)
}

/// `E[Q R T]`. The cumulant of three is
/// `2 [g_Q^T S R S g_T + g_Q^T S T S g_R + g_R^T S Q S g_T] + 8 tr(Q S R S T S)`.
pub(super) fn mean_of_three(
    [q, r, t]: [&AtMean<'_>; 3],
    variances: &[Complex<f64>],
) -> Complex<f64> {
    let pair = |x, y| cumulant_of_two(x, y, variances);
    let bent = bent(q, r, t, variances) + bent(q, t, r, variances) + bent(r, q, t, variances);
    q.expectation * r.expectation * t.expectation
        + pair(q, r) * t.expectation
        + pair(q, t) * r.expectation
        + pair(r, t) * q.expectation
        + bent * 2.0
        + triple_trace(q.matrix, r.matrix, t.matrix, variances) * 8.0
}

fn cumulant_of_two(q: &AtMean<'_>, r: &AtMean<'_>, variances: &[Complex<f64>]) -> Complex<f64> {
    let mut total = Complex::from(0.0);
    for ((x, y), variance) in q.gradient.iter().zip(&r.gradient).zip(variances) {
        total += x * y * variance;
    }
    let columns = q.matrix.column_iter().zip(r.matrix.column_iter());
    for ((q, r), outer) in columns.zip(variances) {
        let inner: Complex<f64> = q
            .iter()
            .zip(r.iter())
            .zip(variances)
            .map(|((x, y), variance)| variance * (x * y))
            .sum();
        total += inner * outer * 2.0;
    }
    total
}

/// `g_Q^T S R S g_T`.
fn bent(
    q: &AtMean<'_>,
    r: &AtMean<'_>,
    t: &AtMean<'_>,
    variances: &[Complex<f64>],
) -> Complex<f64> {
    let weighted = |x: &AtMean<'_>| -> Vec<Complex<f64>> {
        x.gradient
            .iter()
            .zip(variances)
            .map(|(g, variance)| g * variance)
            .collect()
    };
    let (left, right) = (weighted(q), weighted(t));
    let columns = r.matrix.column_iter().zip(&right);
    columns
        .map(|(column, y)| {
            let image: Complex<f64> = column.iter().zip(&left).map(|(m, x)| x * *m).sum();
            image * y
        })
        .sum()
}

/// `tr(Q S R S T S)` of symmetric matrices.
fn triple_trace(
    q: &DMatrix<f64>,
    r: &DMatrix<f64>,
    t: &DMatrix<f64>,
    variances: &[Complex<f64>],
) -> Complex<f64> {
    let mut total = Complex::from(0.0);
    // Column i of T and of Q: sum_jk Q_ij S_j R_jk S_k T_ki S_i.
    for ((q, t), outer) in q.column_iter().zip(t.column_iter()).zip(variances) {
        let left: Vec<Complex<f64>> = q.iter().zip(variances).map(|(x, v)| v * *x).collect();
        let mut sum = Complex::from(0.0);
        for ((column, y), variance) in r.column_iter().zip(t.iter()).zip(variances) {
            let image: Complex<f64> = column.iter().zip(&left).map(|(m, x)| x * *m).sum();
            sum += image * variance * *y;
        }
        total += sum * outer;
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polynomial(seed: f64) -> Quadratic {
        let wave = |k: usize| (seed * (k as f64 + 1.3)).sin();
        let half = DMatrix::from_fn(3, 3, |i, j| wave(3 * i + j));
        Quadratic {
            constant: wave(17),
            linear: DVector::from_fn(3, |i, _| wave(20 + i)),
            matrix: &half + half.transpose(),
        }
    }

    fn value(q: &Quadratic, x: &DVector<f64>) -> f64 {
        q.constant + q.linear.dot(x) + x.dot(&(&q.matrix * x))
    }

    /// Gauss-Hermite with 4 nodes is exact for the degree 6 in each coordinate that three polynomials have.
    #[test]
    fn means_of_products_are_those_of_a_quadrature() {
        let nodes = [
            (0.741_963_784_302_725_8, 0.454_124_145_231_931_45),
            (2.334_414_218_338_977_3, 0.045_875_854_768_068_5),
        ];
        let rule: Vec<(f64, f64)> = nodes.iter().flat_map(|&(x, w)| [(x, w), (-x, w)]).collect();
        let (mean, variances) = ([0.4_f64, -1.1, 0.7], [0.5_f64, 1.7, 0.2]);
        let [q, r, t] = [1.0, 2.2, 3.7].map(polynomial);
        let mut sums = [0.0; 3];
        for (x, wx) in &rule {
            for (y, wy) in &rule {
                for (z, wz) in &rule {
                    let point = [x, y, z];
                    let at = DVector::from_fn(3, |i, _| mean[i] + variances[i].sqrt() * point[i]);
                    let weight = wx * wy * wz;
                    let [a, b, c] = [&q, &r, &t].map(|p| value(p, &at));
                    sums[0] += weight * a;
                    sums[1] += weight * a * b;
                    sums[2] += weight * a * b * c;
                }
            }
        }
        let mean = mean.map(Complex::from);
        let variances = variances.map(Complex::from);
        let [q, r, t] = [&q, &r, &t].map(|p| p.at(&mean, &variances));
        let found = [
            q.expectation,
            mean_of_two(&q, &r, &variances),
            mean_of_three([&q, &r, &t], &variances),
        ];
        for (found, sum) in found.iter().zip(sums) {
            assert!((found.re - sum).abs() < 1e-12 * sum.abs(), "{found} {sum}");
            assert_eq!(found.im, 0.0);
        }
    }
}
