//! `gradient-order`: errors of weighted covariances of Gaussian tokens per unit of `E P_2`.

/// Upper bounds at one score variance, in units of `r_2`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spread {
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
