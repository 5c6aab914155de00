//! Validated parameters: a value of one of these types satisfies its hypothesis.
//!
//! Each type has private contents and one fallible constructor. There is no `From<f64>`, so a number
//! cannot become a variance proxy or a probability without passing its check.

use crate::error::{Error, Result};

/// The refusal of a parameter, which no theorem in particular needs.
pub(crate) fn refused<T>(
    parameter: &'static str,
    value: impl ToString,
    required: &'static str,
) -> Result<T> {
    Err(Error::Parameter {
        parameter,
        value: value.to_string(),
        required,
        theorem: None,
    })
}

/// Prompt length `L`: the number of i.i.d. tokens, an integer from 1 to 2^53.
///
/// The upper limit is the largest range in which every integer is a `f64`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PromptLength(u64);

impl PromptLength {
    /// Largest accepted prompt length, 2^53.
    pub const MAX: u64 = 1 << 53;

    /// Accepts integers from 1 to [`PromptLength::MAX`].
    ///
    /// # Errors
    /// [`Error::Parameter`] for any other.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::parameter::PromptLength;
    ///
    /// assert_eq!(PromptLength::new(100).unwrap().get(), 100);
    /// assert!(PromptLength::new(0).is_err());
    /// ```
    pub fn new(length: u64) -> Result<Self> {
        if (1..=Self::MAX).contains(&length) {
            Ok(Self(length))
        } else {
            refused("L", length, "an integer from 1 to 2^53")
        }
    }

    /// The length as an integer.
    pub fn get(self) -> u64 {
        self.0
    }

    /// The length as a float; exact, because it is at most 2^53.
    pub fn as_f64(self) -> f64 {
        self.0 as f64
    }
}

/// Dimension of a token or of an output, an integer from 1 to 2^16.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dimension(usize);

impl Dimension {
    /// Largest accepted dimension; a square matrix of this size takes 32 GiB, so memory ends earlier.
    pub const MAX: usize = 1 << 16;

    /// Accepts integers from 1 to [`Dimension::MAX`].
    ///
    /// # Errors
    /// [`Error::Parameter`] for any other.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::parameter::Dimension;
    ///
    /// assert_eq!(Dimension::new(3).unwrap().get(), 3);
    /// ```
    pub fn new(dimension: usize) -> Result<Self> {
        if (1..=Self::MAX).contains(&dimension) {
            Ok(Self(dimension))
        } else {
            refused("dimension", dimension, "an integer from 1 to 65536")
        }
    }

    /// The dimension as an integer.
    pub fn get(self) -> usize {
        self.0
    }
}

/// A finite number greater than zero.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Positive(f64);

impl Positive {
    /// Accepts finite numbers greater than zero; `name` is used in the message.
    ///
    /// # Errors
    /// [`Error::Parameter`] for any other.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::parameter::Positive;
    ///
    /// assert!(Positive::new("eps", f64::NAN).is_err());
    /// ```
    pub fn new(name: &'static str, value: f64) -> Result<Self> {
        if value > 0.0 && value < f64::INFINITY {
            Ok(Self(value))
        } else {
            refused(name, value, "a finite number greater than 0")
        }
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

/// A probability, a number from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Probability(f64);

impl Probability {
    /// Accepts numbers from 0 to 1, both included.
    ///
    /// # Errors
    /// [`Error::Parameter`] for any other.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::parameter::Probability;
    ///
    /// assert_eq!(Probability::new(0.5).unwrap().get(), 0.5);
    /// ```
    pub fn new(value: f64) -> Result<Self> {
        if (0.0..=1.0).contains(&value) {
            Ok(Self(value))
        } else {
            refused("probability", value, "a number from 0 to 1")
        }
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

/// The probability with which a statistical statement may be wrong, a number between 0 and 1/2.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct ErrorProbability(f64);

impl ErrorProbability {
    /// That of an interval of confidence 0.95.
    pub const DEFAULT_INTERVAL: Self = Self(1.0 - 0.95);
    /// That of all verdicts of a run.
    pub const DEFAULT_FAMILY: Self = Self(1e-6);

    /// Accepts numbers greater than 0 and at most 1/2; `name` is used in the message.
    ///
    /// # Errors
    /// [`Error::Parameter`] for any other.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::parameter::ErrorProbability;
    ///
    /// assert!(ErrorProbability::new("delta", 0.6).is_err());
    /// ```
    pub fn new(name: &'static str, value: f64) -> Result<Self> {
        if value > 0.0 && value <= 0.5 {
            Ok(Self(value))
        } else {
            refused(name, value, "a number greater than 0 and at most 0.5")
        }
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

/// Sub-Gaussian variance proxy `sigma^2`: `E e^{<v, X - E X>} <= e^{sigma^2 |v|^2 / 2}` for every `v`.
///
/// This is the variance-proxy convention, in which a standard normal law has `sigma^2 = 1`; it is not
/// the psi_2 norm. Use [`VarianceProxy::from_psi2_norm`] to convert.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct VarianceProxy(f64);

impl VarianceProxy {
    /// Accepts finite `sigma^2 >= 0` (zero is a law concentrated in one point).
    ///
    /// # Errors
    /// [`Error::Parameter`] for any other.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::parameter::VarianceProxy;
    ///
    /// assert_eq!(VarianceProxy::new(4.0).unwrap().sigma(), 2.0);
    /// ```
    pub fn new(sigma_squared: f64) -> Result<Self> {
        if sigma_squared >= 0.0 && sigma_squared < f64::INFINITY {
            Ok(Self(sigma_squared))
        } else {
            refused("sigma^2", sigma_squared, "a finite number, at least 0")
        }
    }

    /// Variance proxy of a centred law whose one-dimensional marginals have psi_2 norm at most `norm`,
    /// that is `E exp(<u, X>^2 / norm^2) <= 2` for every unit vector `u`.
    ///
    /// The result is `sigma^2 = 2 sqrt(ln 2) norm^2 = 1.6651 norm^2`, rounded up.
    ///
    /// Proof. Let `Y = <u, X>`, `K = norm`. If `|l| K <= 1`, then `e^x <= x + e^{x^2}` gives
    /// `E e^{l Y} <= E e^{l^2 Y^2} <= 2^{l^2 K^2} = e^{ln 2 l^2 K^2}` by Jensen. If `|l| K > 1`, then for
    /// `b = 1 / (2 sqrt(ln 2)) <= 1`, `l Y <= l^2 K^2 / (4 b) + b Y^2 / K^2`, so
    /// `E e^{l Y} <= e^{l^2 K^2 / (4 b)} 2^b <= e^{l^2 K^2 (1 / (4 b) + b ln 2)} = e^{sqrt(ln 2) l^2 K^2}`.
    /// Both are at most `e^{sigma^2 l^2 / 2}`.
    ///
    /// # Errors
    /// [`Error::Parameter`] if `norm` is negative or not finite.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::parameter::VarianceProxy;
    ///
    /// let proxy = VarianceProxy::from_psi2_norm(1.0).unwrap().get();
    /// assert!((proxy - 2.0 * 2f64.ln().sqrt()).abs() < 1e-14);
    /// ```
    pub fn from_psi2_norm(norm: f64) -> Result<Self> {
        if norm >= 0.0 && norm < f64::INFINITY {
            // Four roundings to nearest, made up for.
            let proxy = 2.0 * std::f64::consts::LN_2.sqrt() * norm * norm;
            Self::new(proxy * (1.0 + 8.0 * f64::EPSILON))
        } else {
            refused("psi_2 norm", norm, "a finite number, at least 0")
        }
    }

    /// The proxy `sigma^2`.
    pub fn get(self) -> f64 {
        self.0
    }

    /// The sub-Gaussian parameter `sigma`.
    pub fn sigma(self) -> f64 {
        self.0.sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_fails_every_guard() {
        assert!(Positive::new("x", f64::NAN).is_err());
        assert!(Probability::new(f64::NAN).is_err());
        assert!(ErrorProbability::new("alpha", f64::NAN).is_err());
        assert!(VarianceProxy::new(f64::NAN).is_err());
        assert!(VarianceProxy::from_psi2_norm(f64::NAN).is_err());
    }

    #[test]
    fn limits_are_where_the_messages_say() {
        assert!(PromptLength::new(0).is_err());
        assert!(PromptLength::new(1).is_ok());
        assert!(PromptLength::new(1 << 53).is_ok());
        assert!(PromptLength::new((1 << 53) + 1).is_err());
        assert!(Dimension::new(0).is_err());
        assert!(Dimension::new(65_536).is_ok());
        assert!(Dimension::new(65_537).is_err());
        assert!(Positive::new("x", 0.0).is_err());
        assert!(Positive::new("x", f64::INFINITY).is_err());
        assert!(Probability::new(1.0 + f64::EPSILON).is_err());
        assert!(ErrorProbability::new("alpha", 0.0).is_err());
        assert!(ErrorProbability::new("alpha", 0.5).is_ok());
        assert!(ErrorProbability::new("alpha", 0.500_001).is_err());
        assert!(VarianceProxy::new(0.0).is_ok());
        assert!(VarianceProxy::new(-1e-300).is_err());
    }

    #[test]
    fn psi2_conversion_dominates_a_standard_normal() {
        // For N(0, 1), E e^{Y^2 / K^2} = (1 - 2 / K^2)^{-1/2} = 2 at K^2 = 8/3, and the best proxy is 1.
        let proxy = VarianceProxy::from_psi2_norm((8.0_f64 / 3.0).sqrt()).unwrap();
        assert!(proxy.get() >= 1.0 && proxy.get() < 5.0);
    }
}
