//! Tokens uniform on a cube.

use nalgebra::{DMatrix, DVector};
use rand::{Rng, RngExt};

use super::atoms::{AtomList, UNIT, check_size, check_tilt_and_value};
use super::lattice::sphere_lattice;
use super::linear_algebra::{norm_above, operator_norm_above, product_above, quotient_above};
use super::special::hyperbolic::{langevin, langevin_slope, log_sinhc};
use super::{LawAccuracy, OutputLaw, Resolution, ScoreAtoms, SourcedProxy, Through, TokenLaw};
use crate::error::{Error, Result};
use crate::interval::Interval;
use crate::parameter::{Dimension, VarianceProxy};

/// Uniform law on the cube `[-h, h]^d`.
///
/// A product law: `Lam(a) = sum_j ln(sinh(h a_j) / (h a_j))`, `m(a)_j = h (coth(h a_j) - 1/(h a_j))`, and
/// `C(a)` is diagonal.
#[derive(Debug, Clone, PartialEq)]
pub struct Cube {
    dimension: usize,
    half_width: f64,
    proxy: VarianceProxy,
}

impl Cube {
    /// The cube `[-half_width, half_width]^dimension`.
    ///
    /// # Errors
    /// If not `1e-75 <= half_width <= 1e75`, or the dimension is not from 1 to 65536.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::law::{Cube, TokenLaw};
    /// use attention_bounds::nalgebra::{self, dmatrix, dvector};
    ///
    /// // A coordinate has variance h^2 / 3.
    /// let law = Cube::new(2, 3.0)?;
    /// assert!((law.tilted_covariance(&dvector![0.0, 0.0]) - dmatrix![3.0, 0.0; 0.0, 3.0]).amax() < 1e-14);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn new(dimension: usize, half_width: f64) -> Result<Self> {
        let dimension = Dimension::new(dimension)?.get();
        let half_width = check_size("half_width", half_width)?;
        Ok(Self {
            dimension,
            half_width,
            proxy: VarianceProxy::new(quotient_above(product_above(half_width, half_width), 3.0))?,
        })
    }

    /// The half width `h`.
    pub fn half_width(&self) -> f64 {
        self.half_width
    }
}

impl TokenLaw for Cube {
    fn name(&self) -> &'static str {
        "cube"
    }

    fn dimension(&self) -> usize {
        self.dimension
    }

    fn cumulant(&self, tilt: &DVector<f64>) -> f64 {
        tilt.iter().map(|a| log_sinhc(self.half_width * a)).sum()
    }

    fn tilted_mean(&self, tilt: &DVector<f64>) -> DVector<f64> {
        tilt.map(|a| self.half_width * langevin(self.half_width * a))
    }

    fn tilted_covariance(&self, tilt: &DVector<f64>) -> DMatrix<f64> {
        DMatrix::from_diagonal(&tilt.map(|a| langevin_slope(self.half_width * a, self.half_width)))
    }

    /// `h^2 / 3`: a coordinate is one of a sphere of radius `h` in `R^3`, whose proxy is `h^2 / 3`, and
    /// proxies of independent coordinates do not add.
    fn variance_proxy(&self) -> SourcedProxy {
        SourcedProxy {
            proxy: self.proxy,
            source: "half_width^2 / 3, from the series of sinh(x) / x (optimal: it is the variance of a coordinate)",
        }
    }

    /// [`LawAccuracy::BESSEL`]: assumed.
    fn accuracy(&self, _tilt: &DVector<f64>) -> LawAccuracy {
        LawAccuracy::BESSEL.of_sums(self.dimension)
    }

    fn sample(&self, random: &mut dyn Rng, token: &mut [f64]) {
        for coordinate in token {
            *coordinate = self.half_width * (2.0 * random.random::<f64>() - 1.0);
        }
    }

    /// Available if at most one coordinate of the tilt is not zero (always so for `d = 1`): the score of
    /// more is a sum of several uniform variables, whose density is not analytic.
    ///
    /// A uniform variable on `[-1, 1]` is a coordinate of the unit sphere in `R^3`, so its lattice serves.
    fn score_atoms(
        &self,
        tilt: &DVector<f64>,
        value: &DMatrix<f64>,
        resolution: Resolution,
    ) -> Result<ScoreAtoms> {
        check_tilt_and_value(self.dimension, tilt, value)?;
        let mut active = tilt
            .iter()
            .enumerate()
            .filter(|(_, a)| self.half_width * **a != 0.0);
        let (first, second) = (active.next(), active.next());
        if second.is_some() {
            return Err(Error::Unavailable {
                what: "the exact value for the cube law",
                why: format!(
                    "the tilt has {} coordinates that are not zero, and the law of the score is only \
                     discretised for one; use dimension 1, or a tilt along one axis",
                    active.count() + 2
                ),
            });
        }
        let mut atoms = AtomList::new(value.nrows());
        let zero = DVector::zeros(value.nrows());
        let variance = self.half_width * self.half_width / 3.0;
        let total = value.norm_squared();
        // Sums of squares of all entries of V.
        let rounding = (value.len() as f64 + 8.0) * UNIT;
        let Some((index, &coordinate)) = first else {
            atoms.push(1.0, 0.0, (&zero, &zero, 0.0), (0.0, 0.0), variance * total);
            atoms.widen(0.0, rounding * variance * total);
            return atoms.finish(true);
        };
        let along = value.column(index).into_owned();
        let spread = variance * (total - along.norm_squared()).max(0.0);
        let scale = self.half_width * coordinate.abs();
        for node in sphere_lattice(3, scale, &resolution, value.nrows())? {
            // The law is symmetric, so the node may carry the sign of the tilt.
            let position = self.half_width * node.coordinate * coordinate.signum();
            atoms.push(
                node.weight,
                scale * node.coordinate,
                (&zero, &along, position),
                (0.0, 4.0 * UNIT * along.norm()),
                spread,
            );
        }
        // Exponents of the weights of up to 64.
        atoms.widen(
            (4.0 * scale + 64.0) * UNIT,
            2.0 * rounding * variance * total,
        );
        atoms.finish(false)
    }

    /// The smaller of the upper bounds `sqrt(d) h |V| + |centre|` and `h sum_j |V e_j| + |centre|`.
    fn output_radius(&self, value: &DMatrix<f64>, centre: &DVector<f64>) -> Option<f64> {
        Some(self.half_width * vertex_norm_above(value) + norm_above(centre.as_slice()))
    }

    fn through<'a>(&'a self, value: &DMatrix<f64>) -> Box<dyn OutputLaw + 'a> {
        Box::new(Through::new(self, value))
    }
}

/// An upper bound of `|V x|` over `x` in `[-1, 1]^d`.
pub(super) fn vertex_norm_above(value: &DMatrix<f64>) -> f64 {
    let norms = value
        .column_iter()
        .map(|column| norm_above(column.into_owned().as_slice()));
    let columns: Interval = norms.map(Interval::point).sum();
    let root = Interval::point(value.ncols() as f64).sqrt();
    let operator = Interval::point(operator_norm_above(value)) * root;
    operator.upper().min(columns.upper())
}
