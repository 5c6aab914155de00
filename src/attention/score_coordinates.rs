//! Coordinates of a Gaussian tilt in which the score variance is a sum of squares.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use super::Head;
use crate::error::{Error, Result};
use crate::law::Gaussian;

/// `y = Q^T Gamma^{1/2} a`, normal with independent coordinates, `Q` the eigenvectors of
/// `B = Gamma^{1/2} U Sig_z U^T Gamma^{1/2}`; `s^2 = |y|^2` and `Gamma a = Gamma^{1/2} Q y`.
#[derive(Debug, Clone)]
pub(super) struct ScoreCoordinates {
    /// Variances of the coordinates: the eigenvalues of `B`, zeros for fixed coordinates.
    pub variances: Vec<f64>,
    /// Means of the coordinates.
    pub means: Vec<f64>,
    /// `Gamma^{1/2} Q`.
    pub axes: DMatrix<f64>,
    /// `Sig_z^{1/2} U^T Gamma^{1/2} Q`: column `j` is the covariance of `Sig_z^{-1/2} (z - m_z)` and `y_j`.
    pub query_axes: DMatrix<f64>,
    /// The largest eigenvalue of `B`.
    pub largest: f64,
}

/// Eigenvalues below this fraction of the largest count as zero: the coordinate is fixed.
const NEGLIGIBLE: f64 = 1e-11;
/// Range of the largest eigenvalue of `B`, unless it is zero: squares and inverse squares of it must be numbers.
const RANGE: std::ops::RangeInclusive<f64> = 1e-100..=1e100;

impl ScoreCoordinates {
    /// For Gaussian tokens, a head and a Gaussian query.
    pub fn new(tokens: &Gaussian, head: &Head, query: &Gaussian) -> Result<Self> {
        let key_query = head.key_query();
        if tokens.mean().len() != key_query.nrows() || query.mean().len() != key_query.ncols() {
            return Err(Error::shape(
                "the key-query matrix",
                format!("{} x {}", key_query.nrows(), key_query.ncols()),
                format!("{} x {}", tokens.mean().len(), query.mean().len()),
            ));
        }
        let root = tokens.root();
        let map = root.transpose() * key_query * query.root();
        // Between the largest entry and the trace: out of this range the eigenvalues are not asked for.
        let product = &map * map.transpose();
        let refused = |value: f64| {
            Err(Error::Parameter {
                parameter: "the largest eigenvalue of the query's score covariance Gamma^(1/2) U Sig U^T Gamma^(1/2)",
                value: format!("{value:e}"),
                required: "0, or from 1e-100 to 1e100",
                theorem: None,
            })
        };
        // A product that underflowed is not a query that moves nothing.
        let size = product.amax();
        if !(size == 0.0 && map.amax() == 0.0 || RANGE.contains(&size)) {
            return refused(size);
        }
        let eigen = SymmetricEigen::try_new(product, f64::EPSILON, 200 * key_query.nrows()).ok_or(
            Error::Unavailable {
                what: "the spectrum of the query's score covariance",
                why: "the iteration did not converge".into(),
            },
        )?;
        let largest = eigen.eigenvalues.iter().copied().fold(0.0, f64::max);
        if !(largest == 0.0 || RANGE.contains(&largest)) {
            return refused(largest);
        }
        let variances = eigen
            .eigenvalues
            .iter()
            .map(|&b| if b > NEGLIGIBLE * largest { b } else { 0.0 })
            .collect();
        let means: DVector<f64> =
            eigen.eigenvectors.transpose() * root.transpose() * head.tilt(query.mean());
        Ok(Self {
            variances,
            means: means.iter().copied().collect(),
            axes: root * &eigen.eigenvectors,
            query_axes: map.tr_mul(&eigen.eigenvectors),
            largest,
        })
    }

    /// The coordinates that the query moves.
    pub fn moved(&self) -> impl Iterator<Item = usize> {
        self.places(|variance| variance > 0.0)
    }

    /// The coordinates that it does not.
    pub fn fixed(&self) -> impl Iterator<Item = usize> {
        self.places(|variance| variance == 0.0)
    }

    fn places(&self, keep: impl Fn(f64) -> bool) -> impl Iterator<Item = usize> {
        self.variances
            .iter()
            .enumerate()
            .filter(move |(_, variance)| keep(**variance))
            .map(|(place, _)| place)
    }
}
