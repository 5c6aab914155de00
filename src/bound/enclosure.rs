//! T4 and T5 as formulas: their values at given constants and proof parameters, enclosed.
//!
//! The records of [`output_bounds`](super::output_bounds) and its neighbours hold the constants and parameters at
//! which they were evaluated; here the same evaluation can be repeated at any others.

use super::moments::{LogMoments, check_delta, check_exponent, check_non_negative};
use crate::bound::chernoff;
use crate::bound::chernoff::tail;
use crate::bound::laplace::inverse_moment::{Splits, ln_enclosure};
use crate::error::Result;
use crate::interval::Interval;
use crate::parameter::{Positive, PromptLength, refused};

/// The constants of T4 and T5, taken as the floats they are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MomentConstants(LogMoments);

impl MomentConstants {
    /// From `ln rho` and `ln kap` (0 to 1e100), `ln A2` (below `+inf`, `-inf` is zero) and `F0` (finite, at least 0).
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter) for a number outside its range.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::bound::MomentConstants;
    /// use attention_bounds::parameter::PromptLength;
    ///
    /// // rho = kap = A2 = F0 = 1: T4 at L = 100, del = 1/2.
    /// let t4 = MomentConstants::new(0.0, 0.0, 0.0, 1.0)?.chernoff(PromptLength::new(100)?, 0.5)?;
    /// let expected = 0.04 + 100.0 * (-49f64.powi(2) / 198.0).exp();
    /// assert!(t4.upper() >= 0.04 && (t4.upper() - expected).abs() < 1e-13);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn new(ln_rho: f64, ln_kappa: f64, ln_a2: f64, f0: f64) -> Result<Self> {
        check_exponent("ln rho", ln_rho)?;
        check_exponent("ln kap", ln_kappa)?;
        if !(ln_a2 < f64::INFINITY) {
            return refused("ln A2", ln_a2, "less than infinity");
        }
        check_non_negative("F0", f0)?;
        Ok(Self(LogMoments {
            rho: ln_rho,
            kappa: ln_kappa,
            a2: ln_a2,
            f0,
        }))
    }

    /// T4: `A2 / ((1-del)^2 L) + L F0 exp( -(del L - 1)^2 / (2 (L-1) rho) )`, `L >= 2`, `1/L < del < 1`.
    ///
    /// # Errors
    /// If `L = 1` or `del` is not certainly between `1/L` and 1.
    pub fn chernoff(&self, length: PromptLength, delta: f64) -> Result<Interval> {
        let l = at_least(length, 2)?;
        check_delta(delta, l)?;
        Ok(chernoff::ln_enclosure(&self.0, l, delta).exp())
    }

    /// T4, tail form: `A2 / ((1-del)^2 L eps^2) + exp( -L del^2 / (2 rho) )`, `0 < del < 1`.
    ///
    /// # Errors
    /// If `del` is not between 0 and 1.
    pub fn chernoff_tail(
        &self,
        length: PromptLength,
        deviation: Positive,
        delta: f64,
    ) -> Result<Interval> {
        if !(delta > 0.0 && delta < 1.0) {
            return refused("del", delta, "between 0 and 1");
        }
        let (l, eps) = (length.as_f64(), deviation.get());
        Ok(tail::ln_enclosure(&self.0, eps, l, delta).exp())
    }

    /// T5's bound of `I_k(n) = E (w_1 + .. + w_n)^{-k}`, `n > k >= 1`, `0 < th <= 1`, with one split or two:
    ///
    /// * `(n (1 - th/2))^{-k} + (kap/k)^k exp( -(n-k) (th/rho) (1 - th/2) )`;
    /// * `(n (1 - th/2))^{-k} + (n/2)^{-k} Q_k(n th / (2 rho)) + (kap/k)^k exp( -(n-k) / (2 rho) )`.
    ///
    /// # Errors
    /// If `k = 0`, `n <= k`, `th` is not in (0, 1] or `splits` is not 1 or 2.
    pub fn inverse_moment(
        &self,
        order: u32,
        count: PromptLength,
        theta: f64,
        splits: u32,
    ) -> Result<Interval> {
        if order == 0 {
            return refused("k", 0.0, "at least 1");
        }
        let n = at_least(count, u64::from(order) + 1)?;
        if !(theta > 0.0 && theta <= 1.0) {
            return refused("th", theta, "more than 0 and at most 1");
        }
        let splits = match splits {
            1 => Splits::One,
            2 => Splits::Two,
            other => return refused("splits", f64::from(other), "1 or 2"),
        };
        Ok(ln_enclosure(&self.0, order, n, theta, splits).exp())
    }
}

fn at_least(length: PromptLength, least: u64) -> Result<f64> {
    if length.get() < least {
        return refused(
            "L",
            length.as_f64(),
            "at least 2, or more than k for the inverse moment of order k",
        );
    }
    Ok(length.as_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_parameters_out_of_range() {
        let constants = MomentConstants::new(1.0, 1.0, 0.5, 2.0).unwrap();
        let length = |l: u64| PromptLength::new(l).unwrap();
        for delta in [0.0, 0.125, 1.0, f64::NAN] {
            assert!(constants.chernoff(length(8), delta).is_err());
        }
        assert!(constants.chernoff(length(8), 0.125f64.next_up()).is_ok());
        assert!(constants.chernoff(length(1), 0.5).is_err());
        for theta in [0.0, 1f64.next_up(), f64::NAN] {
            assert!(constants.inverse_moment(2, length(8), theta, 1).is_err());
        }
        assert!(constants.inverse_moment(2, length(2), 0.5, 1).is_err());
        assert!(constants.inverse_moment(0, length(2), 0.5, 1).is_err());
        assert!(constants.inverse_moment(2, length(8), 0.5, 3).is_err());
        let eps = Positive::new("eps", 0.1).unwrap();
        assert!(constants.chernoff_tail(length(1), eps, 1.0).is_err());
        for bad in [f64::NAN, -1.0, 1e101] {
            assert!(MomentConstants::new(bad, 1.0, 0.0, 1.0).is_err());
            assert!(MomentConstants::new(1.0, bad, 0.0, 1.0).is_err());
        }
        assert!(MomentConstants::new(1.0, 1.0, f64::NAN, 1.0).is_err());
        assert!(MomentConstants::new(1.0, 1.0, 1.0, -1.0).is_err());
    }
}
