//! How large a tilt is whose query is known through its variance proxy.

use crate::bound::moments::value_spectrum::ValueSpectrum;
use crate::bound::query::survival::GaussianQuerySize;
use crate::bound::sub_gaussian::SubGaussianMoments;
use crate::error::Result;
use crate::interval::Interval;
use crate::parameter::{Dimension, VarianceProxy};

/// `sigma |a| <= q sqrt(y) + s` for the tilt `a = U (m_z + z) + b`, `y = |z|^2 / varsigma^2`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::bound) struct TiltScale {
    pub sigma_squared: f64,
    /// `q = sigma |U| varsigma`, rounded up, and so is its square.
    pub q: f64,
    pub q_squared: f64,
    /// `s = sigma |U m_z + b|`, rounded up.
    pub offset: f64,
    /// Dimension of the query.
    pub dimension: f64,
}

impl TiltScale {
    /// `|z|^2 / varsigma^2` of a Gaussian query.
    pub fn query_size(&self) -> GaussianQuerySize {
        GaussianQuerySize {
            dimension: self.dimension,
        }
    }

    /// With `s = 0`. Fails if `q^2` exceeds `1e100`, as `sigma^2 |a|^2` of a single query.
    pub fn new(
        token_proxy: VarianceProxy,
        query_proxy: VarianceProxy,
        key_query_norm: f64,
        dimension: Dimension,
        values: &ValueSpectrum,
    ) -> Result<Self> {
        let sigma = |proxy: VarianceProxy| Interval::point(proxy.get()).sqrt();
        let q = sigma(token_proxy) * Interval::point(key_query_norm) * sigma(query_proxy);
        let q = q.upper();
        let unit = VarianceProxy::new(1.0)?;
        Ok(Self {
            sigma_squared: token_proxy.get(),
            q,
            q_squared: SubGaussianMoments::new(unit, q, values)?.energy(),
            offset: 0.0,
            dimension: dimension.get() as f64,
        })
    }

    /// With `s` from a number at least `|U m_z + b|`. Fails if it is negative or not finite, or `s^2` exceeds `1e100`.
    pub fn with_offset(self, tilt_norm: f64, values: &ValueSpectrum) -> Result<Self> {
        let proxy = VarianceProxy::new(self.sigma_squared)?;
        let class = SubGaussianMoments::new(proxy, tilt_norm, values)?;
        let offset = Interval::point(class.energy()).sqrt().upper();
        Ok(Self { offset, ..self })
    }

    /// `(q sqrt(y) + s)^2`, rounded up.
    pub fn energy(&self, y: f64) -> f64 {
        let varying = Interval::point(self.q_squared) * Interval::point(y);
        if self.offset == 0.0 {
            return varying.upper();
        }
        (varying.sqrt() + Interval::point(self.offset))
            .square()
            .upper()
    }
}
