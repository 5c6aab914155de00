//! T9 for Gaussian tokens when only `sigma^2 |a|^2` is known of the tilt.

use nalgebra::DMatrix;

use crate::bound::gradient::key_query::GradientMoments;
use crate::bound::moments::check_non_negative;
use crate::bound::moments::gaussian_output::output_variance;
use crate::bound::moments::value_spectrum::ValueSpectrum;
use crate::error::Result;
use crate::interval::Interval;

/// The constants of `N(m0, Gamma)` and `V` that T9 uses for every tilt with `sigma^2 |a|^2 <= y`, `sigma^2 >= |Gamma|`
/// (theory T9, `gaussian-gradient-moments`).
#[derive(Debug, Clone, PartialEq)]
pub struct GaussianGradient {
    tau: Interval,
    tau_v: Interval,
    value_norm_squared: Interval,
}

impl GaussianGradient {
    /// From the covariance (`d x d`) and `V` (`m x d`).
    ///
    /// # Errors
    /// If `tr Gamma` or `tr(V Gamma V^T)` is not a finite number, at least 0.
    pub fn new(covariance: &DMatrix<f64>, value: &DMatrix<f64>) -> Result<Self> {
        let tau: Interval = covariance
            .diagonal()
            .iter()
            .map(|x| Interval::point(*x))
            .sum();
        let tau_v = output_variance(covariance, value);
        check_non_negative("tr Gamma", tau.upper())?;
        check_non_negative("tau_V", tau_v)?;
        Ok(Self {
            tau,
            tau_v: Interval::point(tau_v),
            value_norm_squared: Interval::point(ValueSpectrum::new(value)?.largest()),
        })
    }

    /// Upper bounds of the moments for every tilt with `sigma^2 |a|^2 <= y`: `s^2 <= y`, and with `h = Gamma a`,
    /// `|h|^2 <= sigma^2 y`, `|Vh|^2 <= |V|^2 sigma^2 y`, `<Vh, V Gamma h> <= |V|^2 sigma^4 y`, `h^T Gamma h <= sigma^4 y`,
    /// `|V Gamma|_F^2 <= sigma^2 tau_V`, `|Gamma|_F^2 <= sigma^2 tr Gamma`.
    pub(in crate::bound) fn at_energy(
        &self,
        energy: f64,
        sigma_squared: f64,
    ) -> Result<GradientMoments> {
        let (y, sigma) = (Interval::point(energy), Interval::point(sigma_squared));
        let step = sigma * y;
        let token = |k: f64| self.tau + Interval::point(k * k) * step;
        let output = |k: f64| self.tau_v + Interval::point(k * k) * self.value_norm_squared * step;
        let form = |k: f64| Interval::point(k * k) * self.value_norm_squared * sigma * step;
        let squared = sigma * self.tau_v;
        // E|VF|^2 = E|VY|^2 E|Y|^2 + |V Gamma|_F^2 + 2 <Vh, V Gamma h>, at the offsets h (tilt 2a) and -h (no tilt).
        let spread = output(1.0) * token(1.0) + squared + form(1.0).double();
        let fourth = token(1.0).square() + (sigma * self.tau + (sigma * step).double()).double();
        let mixed = output(3.0) * token(3.0) + (squared + form(3.0).double()).double();
        let half = Interval::point(0.5);
        GradientMoments::new(
            energy,
            energy,
            (y + spread.ln()).upper(),
            spread.upper(),
            (y + half * (output(1.0).ln() + token(1.0).ln())).upper(),
            (y.double() + y.double().double() + mixed.ln()).upper(),
            (self.value_norm_squared * fourth).ln().upper(),
        )
    }
}
