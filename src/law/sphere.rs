//! Tokens uniform on a sphere.

use nalgebra::{DMatrix, DVector};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use super::atoms::{AtomList, UNIT, check_size, check_tilt_and_value};
use super::lattice::sphere_lattice;
use super::linear_algebra::{norm, norm_above, operator_norm_above, product_above, quotient_above};
use super::special::bessel::{bessel_ratio, log_hypergeometric};
use super::special::hyperbolic::{log_cosh, tanh_slope};
use super::{LawAccuracy, OutputLaw, Resolution, ScoreAtoms, SourcedProxy, Through, TokenLaw};
use crate::error::Result;
use crate::parameter::{Dimension, VarianceProxy};

/// Uniform law on the sphere of radius `r` in `R^d`.
///
/// With `kappa = r |a|`, `e = a / |a|` and the Bessel ratio `A = I_{d/2}(kappa) / I_{d/2-1}(kappa)`:
/// `Lam(a) = ln 0F1(; d/2; kappa^2 / 4)`, `m(a) = r A e`, and
/// `C(a) = r^2 ( A' e e^T + (A / kappa)(I - e e^T) )`. In dimension 1 it is the law on `{-r, r}`.
#[derive(Debug, Clone, PartialEq)]
pub struct Sphere {
    dimension: usize,
    radius: f64,
    proxy: VarianceProxy,
}

impl Sphere {
    /// The sphere of radius `radius` in `R^dimension`.
    ///
    /// # Errors
    /// If not `1e-75 <= radius <= 1e75`, or the dimension is not from 1 to 65536.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::law::{Sphere, TokenLaw};
    /// use attention_bounds::nalgebra::{self, dvector};
    ///
    /// // In R^3 a coordinate is uniform on [-r, r]: Lam(a) = ln(sinh(r |a|) / (r |a|)).
    /// let law = Sphere::new(3, 2.0)?;
    /// assert!((law.cumulant(&dvector![0.5, 0.0, 0.0]) - 1f64.sinh().ln()).abs() < 1e-14);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn new(dimension: usize, radius: f64) -> Result<Self> {
        let dimension = Dimension::new(dimension)?.get();
        let radius = check_size("radius", radius)?;
        Ok(Self {
            dimension,
            radius,
            proxy: VarianceProxy::new(quotient_above(
                product_above(radius, radius),
                dimension as f64,
            ))?,
        })
    }

    /// The radius `r`.
    pub fn radius(&self) -> f64 {
        self.radius
    }
}

impl TokenLaw for Sphere {
    fn name(&self) -> &'static str {
        "sphere"
    }

    fn dimension(&self) -> usize {
        self.dimension
    }

    fn cumulant(&self, tilt: &DVector<f64>) -> f64 {
        let kappa = self.radius * norm(tilt);
        if self.dimension == 1 {
            log_cosh(kappa)
        } else {
            log_hypergeometric(self.dimension, kappa)
        }
    }

    fn tilted_mean(&self, tilt: &DVector<f64>) -> DVector<f64> {
        let kappa = self.radius * norm(tilt);
        if self.dimension == 1 {
            return tilt.map(|a| self.radius * (self.radius * a).tanh());
        }
        tilt * self.radius * (self.radius * bessel_ratio(self.dimension, kappa).over_kappa)
    }

    fn tilted_covariance(&self, tilt: &DVector<f64>) -> DMatrix<f64> {
        let norm = norm(tilt);
        let kappa = self.radius * norm;
        if self.dimension == 1 {
            return DMatrix::from_element(1, 1, tanh_slope(kappa, self.radius));
        }
        let ratio = bessel_ratio(self.dimension, kappa);
        let square = self.radius * self.radius;
        let mut covariance = DMatrix::from_diagonal_element(
            self.dimension,
            self.dimension,
            square * ratio.over_kappa,
        );
        if norm > 0.0 {
            let unit = tilt / norm;
            let along = square * (ratio.slope - ratio.over_kappa);
            covariance.ger(along, &unit, &unit, 1.0);
        }
        covariance
    }

    /// `r^2 / d`: `E e^{<v, X>} = sum_k (r^2 |v|^2 / 4)^k / (k! (d/2)_k)` and `(d/2)_k >= (d/2)^k` give
    /// `E e^{<v, X>} <= e^{r^2 |v|^2 / (2 d)}`; it is the variance of a coordinate, so it is optimal.
    fn variance_proxy(&self) -> SourcedProxy {
        SourcedProxy {
            proxy: self.proxy,
            source: "radius^2 / dimension, from (d/2)_k >= (d/2)^k in the series of 0F1 (optimal: it is the variance)",
        }
    }

    /// [`LawAccuracy::BESSEL`]: assumed.
    fn accuracy(&self, _tilt: &DVector<f64>) -> LawAccuracy {
        LawAccuracy::BESSEL
    }

    fn sample(&self, random: &mut dyn Rng, token: &mut [f64]) {
        // A normal vector is zero with probability 0; the loop covers what rounding can do.
        loop {
            let mut square = 0.0;
            for coordinate in token.iter_mut() {
                let normal: f64 = StandardNormal.sample(random);
                *coordinate = normal;
                square += normal * normal;
            }
            if square > 0.0 || token.is_empty() {
                let scale = self.radius / square.sqrt();
                token.iter_mut().for_each(|x| *x *= scale);
                return;
            }
        }
    }

    /// Given `<e, X> = r xi`, the rest of `X` is uniform on a sphere of radius `r sqrt(1 - xi^2)` in
    /// `R^{d-1}`: the mean output is `r xi V e` and its variance
    /// `r^2 (1 - xi^2) / (d - 1) (|V|_F^2 - |V e|^2)`.
    fn score_atoms(
        &self,
        tilt: &DVector<f64>,
        value: &DMatrix<f64>,
        resolution: Resolution,
    ) -> Result<ScoreAtoms> {
        check_tilt_and_value(self.dimension, tilt, value)?;
        let mut atoms = AtomList::new(value.nrows());
        let zero = DVector::zeros(value.nrows());
        let (norm, square) = (norm(tilt), self.radius * self.radius);
        let total = value.norm_squared();
        // Sums of squares of all entries of V.
        let rounding = (value.len() as f64 + 8.0) * UNIT;
        let kappa = self.radius * norm;
        if kappa == 0.0 {
            let spread = square * total / self.dimension as f64;
            atoms.push(1.0, 0.0, (&zero, &zero, 0.0), (0.0, 0.0), spread);
            atoms.widen(0.0, rounding * spread);
            return atoms.finish(true);
        }
        let along = value * (tilt / norm);
        let terms = (self.dimension as f64 + 6.0) * UNIT;
        let of_output = (0.0, terms * value.norm());
        if self.dimension == 1 {
            for sign in [-1.0, 1.0] {
                let shift = sign * self.radius;
                atoms.push(0.5, sign * kappa, (&zero, &along, shift), of_output, 0.0);
            }
            atoms.widen(4.0 * UNIT * kappa, 0.0);
            return atoms.finish(true);
        }
        let across = (total - along.norm_squared()).max(0.0) / (self.dimension as f64 - 1.0);
        for node in sphere_lattice(self.dimension, kappa, &resolution, value.nrows())? {
            atoms.push(
                node.weight,
                kappa * node.coordinate,
                (&zero, &along, self.radius * node.coordinate),
                of_output,
                square * node.complement * across,
            );
        }
        // The norm of the tilt, and exponents of the weights of up to 64.
        atoms.widen(terms * kappa + 64.0 * UNIT, 2.0 * rounding * square * total);
        atoms.finish(false)
    }

    /// The upper bound `r |V| + |centre|`, which is attained for some centres only.
    fn output_radius(&self, value: &DMatrix<f64>, centre: &DVector<f64>) -> Option<f64> {
        Some(self.radius * operator_norm_above(value) + norm_above(centre.as_slice()))
    }

    fn through<'a>(&'a self, value: &DMatrix<f64>) -> Box<dyn OutputLaw + 'a> {
        Box::new(Through::new(self, value))
    }
}
