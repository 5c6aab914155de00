//! Tokens uniform on the vertices of a cube.

use nalgebra::{DMatrix, DVector};
use rand::Rng;

use super::atoms::{AtomList, UNIT, check_atom_count, check_size, check_tilt_and_value};
use super::cube::vertex_norm_above;
use super::linear_algebra::{norm_above, product_above};
use super::special::hyperbolic::{log_cosh, tanh_slope};
use super::{
    AtomRounding, CLOSED_FORM, LawAccuracy, OutputLaw, Resolution, ScoreAtoms, SourcedProxy,
    Through, TokenLaw,
};
use crate::error::{Error, Result};
use crate::parameter::{Dimension, VarianceProxy};

/// Uniform law on `{-c, c}^d`: independent signs times a scale `c`.
///
/// `Lam(a) = sum_j ln cosh(c a_j)`, `m(a)_j = c tanh(c a_j)`, and `C(a)` is diagonal with entries
/// `c^2 sech^2(c a_j)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Rademacher {
    dimension: usize,
    scale: f64,
    proxy: VarianceProxy,
}

impl Rademacher {
    /// Largest number of coordinates whose signs are enumerated (2^20 atoms).
    pub const MAX_ENUMERATED: usize = 20;

    /// Signs times `scale` in `R^dimension`.
    ///
    /// # Errors
    /// If not `1e-75 <= scale <= 1e75`, or the dimension is not from 1 to 65536.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::law::{Rademacher, TokenLaw};
    /// use attention_bounds::nalgebra::{self, dvector};
    ///
    /// // m(a) = c tanh(c a).
    /// let law = Rademacher::new(1, 2.0)?;
    /// assert!((law.tilted_mean(&dvector![0.5])[0] - 2.0 * 1f64.tanh()).abs() < 1e-14);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn new(dimension: usize, scale: f64) -> Result<Self> {
        let dimension = Dimension::new(dimension)?.get();
        let scale = check_size("scale", scale)?;
        Ok(Self {
            dimension,
            scale,
            proxy: VarianceProxy::new(product_above(scale, scale))?,
        })
    }

    /// The scale `c`.
    pub fn scale(&self) -> f64 {
        self.scale
    }
}

impl TokenLaw for Rademacher {
    fn name(&self) -> &'static str {
        "rademacher"
    }

    fn dimension(&self) -> usize {
        self.dimension
    }

    fn cumulant(&self, tilt: &DVector<f64>) -> f64 {
        tilt.iter().map(|a| log_cosh(self.scale * a)).sum()
    }

    fn tilted_mean(&self, tilt: &DVector<f64>) -> DVector<f64> {
        tilt.map(|a| self.scale * (self.scale * a).tanh())
    }

    fn tilted_covariance(&self, tilt: &DVector<f64>) -> DMatrix<f64> {
        DMatrix::from_diagonal(&tilt.map(|a| tanh_slope(self.scale * a, self.scale)))
    }

    /// `c^2`, from `cosh x <= e^{x^2 / 2}`.
    fn variance_proxy(&self) -> SourcedProxy {
        SourcedProxy {
            proxy: self.proxy,
            source: "scale^2, from cosh x <= e^(x^2 / 2) (optimal: it is the variance of a coordinate)",
        }
    }

    /// [`LawAccuracy::ASSUMED`] of cumulant and mean. The covariance is made of `e^{-2x}`, `x = c |a_j|` up to 745: a rounding of
    /// `x` is worth 1490 of it, and 2^-42 covers it.
    fn accuracy(&self, _tilt: &DVector<f64>) -> LawAccuracy {
        LawAccuracy {
            covariance: 4.0 * CLOSED_FORM,
            ..LawAccuracy::ASSUMED.of_sums(self.dimension)
        }
    }

    fn sample(&self, random: &mut dyn Rng, token: &mut [f64]) {
        for block in token.chunks_mut(64) {
            let mut bits = random.next_u64();
            for coordinate in block {
                *coordinate = if bits & 1 == 1 {
                    self.scale
                } else {
                    -self.scale
                };
                bits >>= 1;
            }
        }
    }

    /// Enumerates the signs of the coordinates with a tilt other than zero, at most
    /// [`Rademacher::MAX_ENUMERATED`]; the others contribute their variance.
    ///
    /// Time and memory are `2^k (m + 3)` numbers for `k` such coordinates and `m` outputs: twice as much
    /// for every coordinate, because no symmetry between equal coordinates is used.
    fn score_atoms(
        &self,
        tilt: &DVector<f64>,
        value: &DMatrix<f64>,
        _resolution: Resolution,
    ) -> Result<ScoreAtoms> {
        check_tilt_and_value(self.dimension, tilt, value)?;
        let active: Vec<usize> = (0..self.dimension).filter(|&j| tilt[j] != 0.0).collect();
        if active.len() > Self::MAX_ENUMERATED {
            return Err(Error::Unavailable {
                what: "the exact value for the Rademacher law",
                why: format!(
                    "the tilt has {} coordinates that are not zero, and the signs of at most {} are enumerated",
                    active.len(),
                    Self::MAX_ENUMERATED
                ),
            });
        }
        let count = 1_usize << active.len();
        check_atom_count(count as f64, value.nrows())?;
        let square = self.scale * self.scale;
        let spread: f64 = (0..self.dimension)
            .filter(|&j| tilt[j] == 0.0)
            .map(|j| square * value.column(j).norm_squared())
            .sum();
        // Relative to the vertex with the largest score: all terms of a score are then of one sign, and double the list
        // for each coordinate, the first half with the vertex's sign.
        let rows = value.nrows();
        let mut scores = vec![0.0];
        let mut outputs = vec![0.0; rows];
        let mut sizes = vec![0.0];
        let mut origin = (0.0, DVector::zeros(rows));
        for &j in &active {
            let score = self.scale * tilt[j].abs();
            let output = value.column(j) * (self.scale * tilt[j].signum());
            let size = output.norm();
            origin = (origin.0 + score, origin.1 + &output);
            let flipped: Vec<f64> = outputs
                .iter()
                .zip(output.iter().cycle())
                .map(|(o, e)| o - 2.0 * e)
                .collect();
            outputs.extend(flipped);
            let lower: Vec<f64> = scores.iter().map(|s| s - 2.0 * score).collect();
            scores.extend(lower);
            let larger: Vec<f64> = sizes.iter().map(|s| s + 2.0 * size).collect();
            sizes.extend(larger);
        }
        // Squares that underflow, of the columns without a tilt.
        let fixed = (0..self.dimension).filter(|&j| tilt[j] == 0.0);
        let least = match fixed.map(|j| value.column(j).amax()).fold(0.0, f64::max) > 0.0 {
            true => 8.0 * f64::from_bits(1) * value.len() as f64,
            false => 0.0,
        };
        let terms = (active.len() as f64 + 2.0) * UNIT;
        let largest = scores.iter().fold(0.0_f64, |most, s| most.max(s.abs()));
        let of_origin = sizes.iter().fold(0.0_f64, |most, size| most.max(*size));
        let atoms = AtomList {
            rows,
            weights: vec![1.0 / count as f64; count],
            scores,
            outputs,
            spreads: vec![spread; count],
            origin,
            rounding: AtomRounding {
                score: terms * largest,
                outputs: sizes.iter().map(|size| terms * size).collect(),
                spread: (value.len() as f64 + 4.0) * UNIT * spread + least,
                origin: (terms * largest, terms * of_origin),
            },
        };
        atoms.finish(true)
    }

    /// The smaller of the upper bounds `sqrt(d) c |V| + |centre|` and `c sum_j |V e_j| + |centre|`.
    fn output_radius(&self, value: &DMatrix<f64>, centre: &DVector<f64>) -> Option<f64> {
        Some(self.scale * vertex_norm_above(value) + norm_above(centre.as_slice()))
    }

    fn through<'a>(&'a self, value: &DMatrix<f64>) -> Box<dyn OutputLaw + 'a> {
        Box::new(Through::new(self, value))
    }

    /// All `2^d` vertices for `d <= 20`.
    fn support(&self) -> Option<(DMatrix<f64>, Vec<f64>)> {
        if self.dimension > Self::MAX_ENUMERATED {
            return None;
        }
        let count = 1_usize << self.dimension;
        let points = DMatrix::from_fn(self.dimension, count, |row, column| {
            if (column >> row) & 1 == 1 {
                self.scale
            } else {
                -self.scale
            }
        });
        Some((points, vec![1.0 / count as f64; count]))
    }
}
