//! `gradient-order`: errors of weighted covariances of Gaussian tokens per unit of `E P_2`.

/// Upper bounds at one score variance, in units of `r_2`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::bound) struct Spread {
    /// Of `E(var_xi - 1)^2`, the error of the variance of standardised scores.
    pub variance: f64,
    /// Of `E sum p_i^2 (xi_i - mean)^2`.
    pub weighted: f64,
    /// Of `E P_2^2`: `r_3 / r_2`.
    pub squared: f64,
}

impl Spread {
    /// At `q = s^2`, with `ratio` at least `r_3 / r_2` (theory section 13, `gradient-order`):
    ///
    /// ```text
    /// E(var_xi - 1)^2           <= r_2 ( n + sqrt(2 + 4q + q^2 + n^2) + sqrt(ratio) z^2 )^2,   n^2 = ratio q (1 + 4q),
    /// E sum p_i^2 (xi_i - M)^2  <= r_2 ( sqrt(1 + q) + sqrt(ratio) z )^2,   z = 2s + sqrt(3 + 3 s sqrt(1 + 4q) + 4q).
    /// ```
    pub fn new(q: f64, ratio: f64) -> Self {
        let s = q.sqrt();
        let third = ratio * q * (1.0 + 4.0 * q);
        let z = 2.0 * s + (3.0 + 3.0 * s * (1.0 + 4.0 * q).sqrt() + 4.0 * q).sqrt();
        let root = ratio.sqrt();
        let variance = third.sqrt() + (2.0 + 4.0 * q + q * q + third).sqrt() + root * z * z;
        let weighted = (1.0 + q).sqrt() + root * z;
        Self {
            variance: variance * variance,
            weighted: weighted * weighted,
            squared: ratio,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::bound::regression::gaussian::spread::*;
    use crate::exact::{GaussianGradient, gaussian_gradient_error, gaussian_participation};
    use crate::law::Gaussian;
    use crate::parameter::PromptLength;
    use nalgebra::{DMatrix, DVector};

    /// The exact error of `V Chat` for standard normal tokens at the tilt `(s, 0, ..)`.
    fn exact(value: DMatrix<f64>, s: f64, length: PromptLength) -> f64 {
        let d = value.ncols();
        let tilt = DVector::from_fn(d, |i, _| if i == 0 { s } else { 0.0 });
        let tokens = Gaussian::centred(DMatrix::identity(d, d)).unwrap();
        let gradient = GaussianGradient::new(&tokens, &value, &tilt, 1.0).unwrap();
        gaussian_gradient_error(&gradient, &[length]).unwrap()[0]
            .key_query
            .value
    }

    #[test]
    fn spreads_are_not_below_the_exact_ones_and_tight_for_long_prompts() {
        for s in [0.01, 0.3, 1.0, 2.0, 3.0] {
            for l in [1, 2, 3, 10, 100, 10_000, 1_000_000, 1_000_000_000] {
                let length = PromptLength::new(l).unwrap();
                let ratios = gaussian_participation(s, &[length]).unwrap()[0];
                let (second, third) = (ratios.second.value, ratios.third.value);
                let bound = Spread::new(s * s, third / second);
                // d = 1: E(var - 1)^2 of standardised scores. The second coordinate: its covariance with the first has the error of the
                // weighted sum, its variance E22 + 2 ea.
                let variance = exact(DMatrix::identity(1, 1), s, length);
                let squared = ratios.squared_second.value;
                let rest = squared + 2.0 * (second - 2.0 * third + squared);
                let weighted = exact(DMatrix::from_row_slice(1, 2, &[0.0, 1.0]), s, length) - rest;
                assert!(
                    bound.variance * second >= variance * (1.0 - 1e-9),
                    "{s} {l}"
                );
                assert!(bound.weighted * second >= weighted - 1e-9, "{s} {l}");
                assert!(bound.squared * second >= squared * (1.0 - 1e-9));
                if l == 1_000_000_000 && s < 2.5 {
                    assert!(bound.variance * second <= 1.1 * variance, "{s}");
                    assert!(bound.weighted * second <= 1.1 * weighted, "{s}");
                }
            }
        }
    }
}
