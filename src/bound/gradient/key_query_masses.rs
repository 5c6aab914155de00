//! T9 `key-query-gradient-average`: the constants of Gaussian tokens, and the integrals over the query that they combine.

use nalgebra::DMatrix;

use crate::attention::{TiltForm, TiltWeight};
use crate::bound::gradient::key_query::ln_square_of_sum;
use crate::bound::moments::value_spectrum::ValueSpectrum;
use crate::bound::sub_gaussian::SubGaussianMoments;
use crate::error::Result;
use crate::interval::Interval;
use crate::law::Gaussian;

/// Integrals of `|z|^2` times the moments of `gradient-moments` over some queries, without their factors `e^{k s^2}`.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::bound) struct Masses {
    /// Of `M = E|VF|^2 = e^{-s^2} E[w^2 |VF|^2]`.
    pub first: f64,
    /// Of `(tau_V + |Vh|^2)(tau + |h|^2) = e^{-2 s^2} A2V A2I`.
    pub pairs: f64,
    /// Of `Q(3h, Gamma) = e^{-6 s^2} A4`.
    pub mixed: f64,
    /// Of `|V|^2 E|Y|^4`.
    pub fourth: f64,
    /// Of 1.
    pub query: f64,
}

impl Masses {
    /// Every mass from that of `self` and that of `other`.
    fn with(self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        Self {
            first: f(self.first, other.first),
            pairs: f(self.pairs, other.pairs),
            mixed: f(self.mixed, other.mixed),
            fourth: f(self.fourth, other.fourth),
            query: f(self.query, other.query),
        }
    }

    pub fn scaled(self, factor: f64) -> Self {
        self.with(self, |mass, _| factor * mass)
    }

    pub fn plus(self, other: Self) -> Self {
        self.with(other, |x, y| x + y)
    }

    pub fn sum(masses: impl Iterator<Item = Self>) -> Self {
        masses.fold(Self::default(), Self::plus)
    }

    /// The difference, each part at least 0 (below it is a rounding error).
    pub fn excess_over(self, other: Self) -> Self {
        self.with(other, |x, y| (x - y).max(0.0))
    }
}

/// What the moments depend on, besides the tilt.
#[derive(Debug)]
pub(in crate::bound) struct Constants {
    /// `tr Gamma` and `|Gamma|_F^2`.
    token: (f64, f64),
    /// `tau_V = tr(V Gamma V^T)` and `|V Gamma|_F^2`.
    output: (f64, f64),
    value_norm_squared: f64,
    /// Of `V Gamma V^T` and of `Gamma`.
    spectra: [ValueSpectrum; 2],
}

impl Constants {
    /// The weights whose integrals [`Self::masses`] takes.
    pub const WEIGHTS: [TiltWeight; 7] = [
        TiltWeight::Constant,
        TiltWeight::Form(TiltForm::Token),
        TiltWeight::Form(TiltForm::Output),
        TiltWeight::Form(TiltForm::Cross),
        TiltWeight::Form(TiltForm::Covariance),
        TiltWeight::Product(TiltForm::Token, TiltForm::Output),
        TiltWeight::Product(TiltForm::Token, TiltForm::Token),
    ];

    /// # Errors
    /// If a spectrum is not finite.
    pub fn new(tokens: &Gaussian, value: &DMatrix<f64>) -> Result<Self> {
        let gamma = tokens.covariance();
        let seen = value * gamma;
        Ok(Self {
            token: (gamma.trace(), gamma.norm_squared()),
            output: (seen.dot(value).max(0.0), seen.norm_squared()),
            value_norm_squared: ValueSpectrum::new(value)?.largest(),
            spectra: [
                ValueSpectrum::new(&(value * tokens.root()))?,
                ValueSpectrum::new(tokens.root())?,
            ],
        })
    }

    pub fn masses(&self, [one, token, output, cross, form, product, square]: [f64; 7]) -> Masses {
        let ((tau, gamma), (tau_v, seen)) = (self.token, self.output);
        let pairs = tau * tau_v * one + tau_v * token + tau * output + product;
        let far = tau * tau_v * one + 9.0 * (tau_v * token + tau * output) + 81.0 * product;
        let fourth = tau * tau * one + 2.0 * tau * token + square + 2.0 * gamma * one + 4.0 * form;
        Masses {
            first: pairs + seen * one + 2.0 * cross,
            pairs,
            mixed: far + 2.0 * seen * one + 36.0 * cross,
            fourth: self.value_norm_squared * fourth,
            query: one,
        }
    }

    /// `(sqrt(K_V K_I) + |V Gamma|_F)^2`, `K = (1 + ln L + D_lam) / lam`, `D_lam = -ln det(I - 2 lam G) / 2` with `G = V Gamma V^T` and
    /// `G = Gamma`, each at its best `lam`: a bound of `E|V(Chat - Gamma)|_F^2` at every tilt.
    pub fn crude(&self, length: f64) -> f64 {
        // T6's crude bound of Gamma^{1/2} times a standard normal token, at a float that is at least e L.
        let length = (Interval::ONE.exp() * Interval::point(length)).upper();
        let [output, token] = self.spectra.each_ref().map(|spectrum| {
            SubGaussianMoments::at_energy(1.0, 0.0, spectrum)
                .crude(length)
                .value
        });
        let product = Interval::point(output).ln() + Interval::point(token).ln();
        ln_square_of_sum(product.upper(), self.output.1.ln())
            .exp()
            .upper()
    }
}

#[cfg(test)]
mod tests {
    use crate::bound::gradient::key_query_masses::*;
    use nalgebra::DVector;

    /// At one tilt the masses are the moments themselves, by `gradient-moments` written with vectors.
    #[test]
    fn masses_are_moments() {
        let gamma = DMatrix::from_row_slice(2, 2, &[0.9, 0.3, 0.3, 0.6]);
        let value = DMatrix::from_row_slice(3, 2, &[1.0, -0.5, 0.3, 0.8, 0.2, 0.1]);
        let tokens = Gaussian::centred(gamma.clone()).unwrap();
        let constants = Constants::new(&tokens, &value).unwrap();
        let h = &gamma * DVector::from_vec(vec![0.7, -1.2]);
        let (out, seen) = (&value * &h, &value * &gamma);
        let (a, b) = (h.norm_squared(), out.norm_squared());
        let (cross, form) = (out.dot(&(&seen * &h)), h.dot(&(&gamma * &h)));
        let found = constants.masses([1.0, a, b, cross, form, a * b, a * a]);
        // Q(k h, G) with the offset k h put in.
        let mixed = |k: f64| {
            let (h, out) = (&h * k, &out * k);
            ((&seen * value.transpose()).trace() + out.norm_squared())
                * (gamma.trace() + h.norm_squared())
                + 2.0 * seen.norm_squared()
                + 4.0 * out.dot(&(&seen * &h))
        };
        let largest = (value.transpose() * &value).symmetric_eigenvalues().max();
        let fourth = (gamma.trace() + a).powi(2) + 2.0 * gamma.norm_squared() + 4.0 * form;
        // |V(Y Y^T - C)|^2 = |VY|^2 |Y|^2 - 2 <V Y Y^T, V C> + |V C|^2 with E[Y Y^T] = C + h h^T.
        let first = mixed(1.0) - seen.norm_squared() - 2.0 * cross;
        let pairs = ((&seen * value.transpose()).trace() + b) * (gamma.trace() + a);
        for (found, expected) in [
            (found.first, first),
            (found.pairs, pairs),
            (found.mixed, mixed(3.0)),
            (found.fourth, largest * fourth),
            (found.query, 1.0),
        ] {
            assert!((found / expected - 1.0).abs() < 1e-12, "{found} {expected}");
        }
    }
}
