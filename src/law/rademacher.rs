//! Tokens uniform on the vertices of a cube.

use nalgebra::{DMatrix, DVector};
use rand::Rng;

use super::atoms::{AtomList, check_atom_count, check_size, check_tilt_and_value};
use super::cube::vertex_norm_above;
use super::hyperbolic::{log_cosh, tanh_slope};
use super::linear_algebra::{norm_above, product_above};
use super::{
    CLOSED_FORM, LawAccuracy, OutputLaw, Resolution, ScoreAtoms, SourcedProxy, Through, TokenLaw,
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
        // Double the list for each coordinate: the first half carries the sign -, the second +.
        let rows = value.nrows();
        let mut scores = vec![0.0];
        let mut outputs = vec![0.0; rows];
        for &j in &active {
            let score = self.scale * tilt[j];
            let output = value.column(j) * self.scale;
            let shifted = |sign: f64, outputs: &[f64]| -> Vec<f64> {
                outputs
                    .iter()
                    .zip(output.iter().cycle())
                    .map(|(o, e)| o + sign * e)
                    .collect()
            };
            let mut doubled = shifted(-1.0, &outputs);
            doubled.append(&mut shifted(1.0, &outputs));
            outputs = doubled;
            let upper: Vec<f64> = scores.iter().map(|s| s + score).collect();
            scores.iter_mut().for_each(|s| *s -= score);
            scores.extend(upper);
        }
        let atoms = AtomList {
            rows,
            weights: vec![1.0 / count as f64; count],
            scores,
            outputs,
            spreads: vec![spread; count],
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
