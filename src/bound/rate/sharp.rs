//! T8 `sharp-rate`: Gaussian tokens and Gaussian query, the limit of `L` times the error and its exponent.

use nalgebra::{DMatrix, DVector};

use crate::bound::rate::limiting_constant::{eigen, ln_limiting_constant, square_root};
use crate::bound::theorem::{ProofStatus, Statement, Theorem};
use crate::bound::vocabulary::{LENGTH, constant, location};
use crate::error::{Error, Result};

impl Theorem {
    /// T8.limit `limiting-constant`: Gaussian tokens and query: the limit of L times the average error.
    pub const LIMITING_CONSTANT: Theorem = Theorem::new(&Statement {
        id: "T8.limit",
        name: "limiting-constant",
        title: "Gaussian tokens and query: the limit of L times the average error",
        statement: "L E|That - T|^2 -> e^{b0^T Gamma b0 + 2 beta^T M beta} det(I-2B)^{-1/2} \
        [ tau_V + |V Gamma a0|^2 + tr(V Gamma W M W^T Gamma V^T) ], W = U Sig_z^{1/2}, B = W^T Gamma W, \
        M = (I-2B)^{-1}, b0 = U m_z + b, beta = W^T Gamma b0, a0 = b0 + 2 W M beta",
        hypotheses: &[
            "tokens N(m0, Gamma)",
            "query N(m_z, Sig_z)",
            "lam = |Gamma^{1/2} U Sig_z^{1/2}|^2 < 1/2",
        ],
        constants: &[
            constant("lam", "largest eigenvalue of B"),
            constant("tau_V", "tr(V Gamma V^T)"),
            constant("b", "tilt bias K^T b_Q, zero without a query bias"),
        ],
        proof_idea: "For each query L times the error tends to e^{s^2} (tau_V + eta) by T3. L r_2 <= \
        20 (1 + s^2) e^{s^2} for every L, which is integrable when lam < 1/2, so the average converges to E[e^{s^2} (tau_V + eta)], a Gaussian integral.",
        source: "this project, docs/theory.md section 9",
        location: location("bound::GaussianSpectrum", "src/bound/rate/sharp.rs"),
        status: ProofStatus::ProvedOnPaper,
        lemmas: &[],
    });

    /// T8.rate `sharp-rate`: Gaussian tokens and query: the exponent of the average error.
    pub const SHARP_RATE: Theorem = Theorem::new(&Statement {
        id: "T8.rate",
        name: "sharp-rate",
        title: "Gaussian tokens and query: the exponent of the average error",
        statement: "E|That - T|^2 = L^{-kappa(lam) + o(1)}, kappa(lam) = min(1, sqrt(1/lam + 1/4) - 1/2)",
        hypotheses: &[
            "tokens N(m0, Gamma)",
            "query N(m_z, Sig_z)",
            "V Gamma V^T is not 0",
        ],
        constants: &[LENGTH, constant("lam", "|Gamma^{1/2} U Sig_z^{1/2}|^2")],
        proof_idea: "With s^2 = 2 v ln L: T15 of order min(2, (1+v)/(2v)) bounds r_2 by L^{-g(v) + o(1)} and T19 the error from below by the same power of L, \
        g(v) = (1-v)^2/(4v) where one untypical token decides; P(s^2 >= 2 v ln L) = L^{-v/lam + o(1)}; minimise g(v) + v/lam.",
        source: "this project, docs/theory.md section 9",
        location: location("bound::sharp_exponent", "src/bound/rate/sharp.rs"),
        status: ProofStatus::ProvedOnPaper,
        lemmas: &[],
    });
}

/// The spectrum that decides how fast the error of Gaussian tokens and a Gaussian query decays.
///
/// With tokens `N(m0, Gamma)` (the mean plays no part), query `N(m_z, Sig_z)` and tilt `a = U z + b`, let
/// `W = U Sig_z^{1/2}`, `b0 = U m_z + b`, `B = W^T Gamma W` and `lam` the largest eigenvalue of `B`, that is
/// `|Gamma^{1/2} U Sig_z^{1/2}|_op^2`.
///
/// # The limiting constant (a theorem)
/// By T3, `L E|That - T|^2 -> e^{s^2} (tau_V + eta)` for each query, with `s^2 = a^T Gamma a`, `eta = |V Gamma a|^2`.
/// By T5 and `r_2 <= 1` there is a constant `C` with `L r_2 <= C (1 + s^2) e^{s^2}` for all `s` and `L`, which is
/// integrable, with the factor `tau_V + eta`, if `lam < 1/2`; so by dominated convergence the average over
/// the query converges to `E[e^{s^2} (tau_V + eta)]`. Write `z = m_z + Sig_z^{1/2} g`, `g` standard normal, and
/// `beta = W^T Gamma b0`. Then `s^2 = b0^T Gamma b0 + 2 <beta, g> + g^T B g`, and completing the square,
///
/// `e^{s^2} n(g) = e^{b0^T Gamma b0 + 2 beta^T M beta} det(I - 2B)^{-1/2} n(g; 2 M beta, M)`, `M = (I - 2B)^{-1}`,
///
/// where `n` is the normal density. Under `N(2 M beta, M)` the tilt has mean `a0 = b0 + 2 W M beta` and
/// covariance `W M W^T`. Hence
///
/// `L E|That - T|^2 -> e^{b0^T Gamma b0 + 2 beta^T M beta} det(I - 2B)^{-1/2} [ tau_V + |V Gamma a0|^2 + tr(V Gamma W M W^T Gamma V^T) ]`.
///
/// For `b0 = 0` this is `det(I - 2B)^{-1/2} [ tau_V + tr(V Gamma W M W^T Gamma V^T) ]`.
///
/// # The rate (a theorem)
/// The error is `L^{-kappa(lam) + o(1)}`, `kappa(lam) = min(1, sqrt(1/lam + 1/4) - 1/2)`: by T15 from above
/// and T19 from below. A mean `b0` changes factors of order `e^{O(sqrt(ln L))}` only.
#[derive(Debug, Clone, PartialEq)]
pub struct GaussianSpectrum {
    eigenvalues: Vec<f64>,
    lambda: f64,
    /// Logarithm of the limiting constant, or why there is none.
    ln_constant: Result<f64>,
}

/// The matrices of T8, all finite.
#[derive(Debug, Clone, Copy)]
pub struct GaussianSetting<'a> {
    /// Token covariance `Gamma`, `d x d`, positive semi-definite.
    pub token_covariance: &'a DMatrix<f64>,
    /// Key-query matrix `U`, `d x e`.
    pub key_query: &'a DMatrix<f64>,
    /// Value matrix `V`, `m x d`.
    pub value: &'a DMatrix<f64>,
    /// Query mean `m_z`, in `R^e`.
    pub query_mean: &'a DVector<f64>,
    /// Query covariance `Sig_z`, `e x e`, positive semi-definite.
    pub query_covariance: &'a DMatrix<f64>,
    /// Tilt bias `b`, in `R^d`; zero without a query bias.
    pub tilt_bias: &'a DVector<f64>,
}

impl GaussianSpectrum {
    /// The spectrum of a setting.
    ///
    /// # Errors
    /// [`Error::Shape`] if shapes do not fit, an entry is not finite, or a covariance is not symmetric and positive
    /// semi-definite up to rounding; [`Error::Unavailable`] if the eigenvalue iteration fails.
    pub fn new(setting: GaussianSetting<'_>) -> Result<Self> {
        let GaussianSetting {
            token_covariance: gamma,
            key_query,
            value,
            query_mean,
            query_covariance,
            tilt_bias,
        } = setting;
        let (d, e) = key_query.shape();
        let fits = gamma.shape() == (d, d)
            && value.ncols() == d
            && query_mean.len() == e
            && query_covariance.shape() == (e, e)
            && tilt_bias.len() == d;
        if !fits {
            return Err(Error::shape(
                "the Gaussian setting",
                format!(
                    "Gamma {:?}, U {:?}, V {:?}, m_z {}, Sig_z {:?}, b {}",
                    gamma.shape(),
                    key_query.shape(),
                    value.shape(),
                    query_mean.len(),
                    query_covariance.shape(),
                    tilt_bias.len()
                ),
                "Gamma (d, d), U (d, e), V (m, d), m_z e, Sig_z (e, e), b d",
            ));
        }
        let finite = key_query
            .iter()
            .chain(value.iter())
            .chain(query_mean.iter());
        if !finite.chain(tilt_bias.iter()).all(|x| x.is_finite()) {
            return Err(Error::shape(
                "the Gaussian setting",
                "an entry that is not finite",
                "finite entries",
            ));
        }
        let token_root = square_root(gamma, "the token covariance")?;
        let width = key_query * square_root(query_covariance, "the query covariance")?;
        let scores = &token_root * &width;
        let spread = scores.transpose() * &scores;
        let mut eigenvalues: Vec<f64> = eigen(spread.clone(), "the score covariance")?
            .eigenvalues
            .iter()
            // B = (Gamma^{1/2} W)^T (Gamma^{1/2} W): below zero there is only rounding.
            .map(|x| x.max(0.0))
            .collect();
        eigenvalues.sort_by(|x, y| y.total_cmp(x));
        let lambda = eigenvalues.first().copied().unwrap_or(0.0);
        let centre = key_query * query_mean + tilt_bias;
        let values = value * &token_root;
        let ln_constant =
            ln_limiting_constant(&scores, &spread, &values, &(token_root * centre), lambda);
        Ok(Self {
            eigenvalues,
            lambda,
            ln_constant,
        })
    }

    /// Eigenvalues of `B`, descending.
    pub fn eigenvalues(&self) -> &[f64] {
        &self.eigenvalues
    }

    /// `lam = |Gamma^{1/2} U Sig_z^{1/2}|_op^2`.
    pub fn lambda(&self) -> f64 {
        self.lambda
    }

    /// The limit of `L E|That - T|^2` averaged over the query (a theorem, `lam < 1/2`); `+inf` if it
    /// overflows.
    ///
    /// Accurate to about `1e-14 / (1 - 2 lam)` relative.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if `lam >= 1/2` up to rounding, where the limit is infinite unless the output is constant.
    pub fn limiting_constant(&self) -> Result<f64> {
        self.ln_limiting_constant().map(f64::exp)
    }

    /// Logarithm of [`GaussianSpectrum::limiting_constant`].
    ///
    /// # Errors
    /// As [`GaussianSpectrum::limiting_constant`].
    pub fn ln_limiting_constant(&self) -> Result<f64> {
        self.ln_constant.clone()
    }

    /// The exponent `kappa(lam)`; see [`sharp_exponent`].
    pub fn kappa(&self) -> f64 {
        sharp_exponent(self.lambda)
    }
}

/// `kappa(lam) = min(1, sqrt(1/lam + 1/4) - 1/2)`, the exponent of the error of Gaussian tokens and
/// query (theory T8, `sharp-rate`); `NaN` if `lam` is negative or `NaN`.
pub fn sharp_exponent(lambda: f64) -> f64 {
    if !(lambda >= 0.0) {
        return f64::NAN;
    }
    // sqrt(x + 1/4) - 1/2 = x / (sqrt(x + 1/4) + 1/2), without the cancellation for large lam.
    let x = 1.0 / lambda;
    if x >= 2.0 {
        1.0
    } else {
        x / ((x + 0.25).sqrt() + 0.5)
    }
}

#[cfg(test)]
mod tests {
    use crate::bound::rate::sharp::*;

    fn scalar(gamma: f64, u: f64, v: f64, mean: f64, variance: f64, bias: f64) -> GaussianSpectrum {
        let m = |x| DMatrix::from_element(1, 1, x);
        let w = |x| DVector::from_element(1, x);
        GaussianSpectrum::new(GaussianSetting {
            token_covariance: &m(gamma),
            key_query: &m(u),
            value: &m(v),
            query_mean: &w(mean),
            query_covariance: &m(variance),
            tilt_bias: &w(bias),
        })
        .unwrap()
    }

    /// `E[e^{s^2} (tau_V + eta)]` over one normal query by the trapezoid rule, which is spectrally accurate here.
    fn by_quadrature(gamma: f64, u: f64, v: f64, mean: f64, variance: f64, bias: f64) -> f64 {
        let step = 1e-3;
        (-60_000..=60_000)
            .map(|i| {
                let g = f64::from(i) * step;
                let a = u * (mean + variance.sqrt() * g) + bias;
                let s2 = gamma * a * a;
                let weight = (-0.5 * g * g + s2).exp() / (2.0 * std::f64::consts::PI).sqrt();
                step * weight * v * v * (gamma + gamma * gamma * a * a)
            })
            .sum()
    }

    #[test]
    fn constant_is_the_average_over_a_normal_query() {
        for (gamma, u, v, mean, variance, bias) in [
            (1.0, 0.25, 1.0, 0.0, 1.0, 0.0),
            (2.0, 0.3, 1.5, 0.4, 1.2, 0.0),
            (0.7, -0.5, 2.0, -0.3, 2.0, 0.6),
            (1.0, 0.0, 1.0, 0.5, 1.0, 0.3),
            (1.0, 0.4, 1.0, 0.5, 0.0, 0.3),
        ] {
            let exact = scalar(gamma, u, v, mean, variance, bias)
                .limiting_constant()
                .unwrap();
            let reference = by_quadrature(gamma, u, v, mean, variance, bias);
            assert!(
                (exact / reference - 1.0).abs() < 1e-11,
                "{exact} {reference}"
            );
        }
    }

    /// Two dimensions, by a two-dimensional trapezoid rule; nothing commutes.
    #[test]
    fn constant_in_two_dimensions() {
        let gamma = DMatrix::from_row_slice(2, 2, &[1.0, 0.4, 0.4, 0.8]);
        let u = DMatrix::from_row_slice(2, 2, &[0.3, -0.2, 0.1, 0.25]);
        let v = DMatrix::from_row_slice(3, 2, &[1.0, 0.0, 0.5, -1.0, 2.0, 0.3]);
        let mean = DVector::from_row_slice(&[0.3, -0.6]);
        let sigma = DMatrix::from_row_slice(2, 2, &[1.1, -0.3, -0.3, 0.9]);
        let bias = DVector::from_row_slice(&[0.2, 0.5]);
        let found = GaussianSpectrum::new(GaussianSetting {
            token_covariance: &gamma,
            key_query: &u,
            value: &v,
            query_mean: &mean,
            query_covariance: &sigma,
            tilt_bias: &bias,
        })
        .unwrap();
        let root = nalgebra::Cholesky::new(sigma).unwrap().l();
        let tau = (&v * &gamma).dot(&v);
        let mut total = 0.0;
        let step = 0.1;
        for i in -150..=150 {
            for j in -150..=150 {
                let g = DVector::from_row_slice(&[f64::from(i) * step, f64::from(j) * step]);
                let a = &u * (&mean + &root * &g) + &bias;
                let image = &gamma * &a;
                let s2 = a.dot(&image);
                total += (s2 - 0.5 * g.norm_squared()).exp() * (tau + (&v * image).norm_squared());
            }
        }
        total *= step * step / (2.0 * std::f64::consts::PI);
        let exact = found.limiting_constant().unwrap();
        assert!((exact / total - 1.0).abs() < 1e-10, "{exact} {total}");
        let singular = square_root(&gamma, "").unwrap() * &u * &root;
        assert!((found.lambda() - singular.singular_values()[0].powi(2)).abs() < 1e-13);
    }

    #[test]
    fn no_constant_from_one_half_on() {
        let constant = |u, v| scalar(1.0, u, v, 0.0, 1.0, 0.0).limiting_constant();
        assert!(constant(0.5f64.sqrt() * 1.0001, 1.0).is_err());
        assert!(constant(1.0, 1.0).is_err());
        assert!(constant(0.7, 1.0).is_ok());
        assert_eq!(constant(0.5, 0.0).unwrap(), 0.0);
    }

    #[test]
    fn exponent_at_known_points() {
        for (lambda, kappa) in [
            (0.0, 1.0),
            (0.3, 1.0),
            (0.5, 1.0),
            (4.0 / 3.0, 0.5),
            (1.0, 0.618_033_988_749_894_9),
            (2.0, 0.366_025_403_784_438_65),
            (4.0, 0.207_106_781_186_547_52),
        ] {
            assert!((sharp_exponent(lambda) - kappa).abs() < 1e-15, "{lambda}");
        }
        assert!((sharp_exponent(1e20) * 1e20 - 1.0).abs() < 1e-12);
        assert!(sharp_exponent(f64::NAN).is_nan() && sharp_exponent(-1.0).is_nan());
    }

    #[test]
    fn refuses_bad_matrices() {
        let m = DMatrix::identity(2, 2);
        let w = DVector::zeros(2);
        let good = GaussianSetting {
            token_covariance: &m,
            key_query: &m,
            value: &m,
            query_mean: &w,
            query_covariance: &m,
            tilt_bias: &w,
        };
        assert!(GaussianSpectrum::new(good).is_ok());
        let skew = DMatrix::from_row_slice(2, 2, &[1.0, 0.5, 0.0, 1.0]);
        let indefinite = DMatrix::from_row_slice(2, 2, &[1.0, 2.0, 2.0, 1.0]);
        let nan = DMatrix::from_element(2, 2, f64::NAN);
        let small = DMatrix::identity(1, 1);
        for bad in [&skew, &indefinite, &nan, &small] {
            let (mut token, mut query) = (good, good);
            token.token_covariance = bad;
            query.query_covariance = bad;
            assert!(GaussianSpectrum::new(token).is_err() && GaussianSpectrum::new(query).is_err());
        }
        let mut value = good;
        value.value = &nan;
        assert!(GaussianSpectrum::new(value).is_err());
    }
}
