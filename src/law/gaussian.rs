//! Gaussian tokens.

use std::any::Any;

use nalgebra::{DMatrix, DVector};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use super::atoms::{AtomList, UNIT, check_tilt_and_value};
use super::compensated::centred_score;
use super::lattice::normal_lattice;
use super::linear_algebra::{factor_covariance, norm, norm_above, output_variance};
use super::{
    CLOSED_FORM, LawAccuracy, OutputLaw, Resolution, ScoreAtoms, SourcedProxy, Through, TokenLaw,
};
use crate::error::{Error, Result};
use crate::parameter::{Dimension, VarianceProxy, refused};

/// `N(mean, covariance)`, the covariance positive semi-definite and possibly singular.
///
/// `Lam(a) = <a, m0> + a^T Gamma a / 2`, so `m(a) = m0 + Gamma a` and `C(a) = Gamma` (T1).
#[derive(Debug, Clone, PartialEq)]
pub struct Gaussian {
    mean: DVector<f64>,
    covariance: DMatrix<f64>,
    root: DMatrix<f64>,
    proxy: VarianceProxy,
}

impl Gaussian {
    /// The law `N(mean, covariance)`, `covariance` of shape `d x d`.
    ///
    /// The covariance must be finite, symmetric up to `1e-10` of its largest entry (it is replaced by
    /// its symmetric part) and have no eigenvalue below `-1e-10` of the largest. Negative eigenvalues
    /// within that tolerance count as zero: if there is one for certain, and not only to rounding, the law is that of
    /// the nearest positive semi-definite matrix, which [`Gaussian::covariance`] then is. A diagonal covariance has an exact root.
    ///
    /// # Errors
    /// [`Error::Shape`] if the covariance is not `d x d`; [`Error::Parameter`] if it is not as said or has an
    /// eigenvalue above `1e150`, if
    /// the mean is not finite, or if `d` is not from 1 to 65536.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::law::{Gaussian, TokenLaw};
    /// use attention_bounds::nalgebra::{self, dmatrix, dvector};
    ///
    /// // T1: the law tilted by a has mean m0 + Gamma a.
    /// let law = Gaussian::new(dvector![1.0, 0.0], dmatrix![2.0, 1.0; 1.0, 3.0])?;
    /// assert_eq!(law.tilted_mean(&dvector![1.0, 1.0]), dvector![4.0, 4.0]);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn new(mean: DVector<f64>, covariance: DMatrix<f64>) -> Result<Self> {
        Dimension::new(mean.len())?;
        if covariance.nrows() != mean.len() || covariance.ncols() != mean.len() {
            return Err(Error::shape(
                "the covariance",
                format!("{} x {}", covariance.nrows(), covariance.ncols()),
                format!("{0} x {0} (the mean has {0} coordinates)", mean.len()),
            ));
        }
        if let Some((index, entry)) = mean.iter().enumerate().find(|(_, x)| !x.is_finite()) {
            return refused("mean", format!("{entry} in coordinate {index}"), "finite");
        }
        let factored = factor_covariance(&covariance)?;
        Ok(Self {
            mean,
            covariance: factored.covariance,
            root: factored.root,
            proxy: VarianceProxy::new(factored.largest)?,
        })
    }

    /// The centred law `N(0, covariance)`.
    ///
    /// # Errors
    /// As [`Gaussian::new`].
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::law::{Gaussian, TokenLaw};
    /// use attention_bounds::nalgebra::{self, dmatrix, dvector};
    ///
    /// // Lam(a) = a^T Gamma a / 2.
    /// assert!((Gaussian::centred(dmatrix![2.0])?.cumulant(&dvector![3.0]) - 9.0).abs() < 1e-14);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn centred(covariance: DMatrix<f64>) -> Result<Self> {
        Self::new(DVector::zeros(covariance.nrows()), covariance)
    }

    /// The mean `m0`.
    pub fn mean(&self) -> &DVector<f64> {
        &self.mean
    }

    /// The covariance `Gamma`.
    pub fn covariance(&self) -> &DMatrix<f64> {
        &self.covariance
    }

    /// A square root: `root root^T = Gamma` (the symmetric one).
    pub fn root(&self) -> &DMatrix<f64> {
        &self.root
    }

    /// Standard deviation `s = |Gamma^{1/2} a|` of the score `<a, X>`.
    pub fn score_deviation(&self, tilt: &DVector<f64>) -> f64 {
        (&self.root * tilt).norm()
    }

    /// Size of what cancels in the exponent `Lam(tilt)`, in units in which [`CLOSED_FORM`] covers its error: `|a| |m0|`, and
    /// `|Gamma| |a|^2` with the `8 d epsilon` of the square root.
    pub(super) fn exponent_size(&self, tilt: &DVector<f64>) -> f64 {
        let (length, dimension) = (norm(tilt), tilt.len() as f64);
        let quadratic = (1.0 + dimension / 32.0) * self.proxy.get() * length * length;
        (1.0 + dimension / 256.0) * length * norm(&self.mean) + quadratic
    }

    /// Size of what cancels in the tilted mean: `|m0| + |Gamma a|`.
    pub(super) fn mean_size(&self, tilt: &DVector<f64>) -> f64 {
        norm(&self.mean) + self.proxy.get() * norm(tilt)
    }

    /// Appends the score atoms of this law, less those of the token `origin`, their probabilities multiplied by `weight`.
    ///
    /// Given the score `<a, m0> + s z`, the output is Gaussian with mean `V m0 + (V Gamma a / s) z` and
    /// covariance `V (Gamma - Gamma a a^T Gamma / s^2) V^T`.
    pub(super) fn append_atoms(
        &self,
        atoms: &mut AtomList,
        weight: f64,
        tilt: &DVector<f64>,
        value: &DMatrix<f64>,
        origin: &DVector<f64>,
        resolution: &Resolution,
    ) -> Result<()> {
        let deviation = self.score_deviation(tilt);
        let shift = &self.mean - origin;
        let centre = value * &shift;
        let total = output_variance(value, &self.covariance).max(0.0);
        let direction = if deviation > 0.0 {
            value * (&self.covariance * tilt) / deviation
        } else {
            DVector::zeros(value.nrows())
        };
        // Non-negative by Cauchy-Schwarz; the maximum removes a rounding error only.
        let spread = (total - direction.norm_squared()).max(0.0);
        let (score, _) = centred_score(tilt.as_slice(), self.mean.as_slice(), origin.as_slice());
        // Products of up to 2 d terms, in norms that bound the sums of their absolute values.
        let terms = 2.0 * (tilt.len() as f64 + 4.0) * UNIT;
        let (value_norm, tilt_norm) = (value.norm(), tilt.norm());
        let of_centre = terms * value_norm * shift.norm();
        let covariance = value_norm * self.covariance.norm();
        let of_direction = if deviation > 0.0 {
            terms * (covariance * tilt_norm / deviation + direction.norm())
        } else {
            0.0
        };
        let of_deviation = terms * self.root.norm() * tilt_norm;
        let mut farthest = 0.0_f64;
        for (node, probability) in normal_lattice(deviation, resolution, value.nrows())? {
            farthest = farthest.max(node.abs());
            atoms.push(
                weight * probability,
                score + deviation * node,
                (&centre, &direction, node),
                (of_centre, of_direction),
                spread,
            );
        }
        // Probabilities carry the rounding of an exponent of node^2 / 2.
        atoms.widen(
            of_deviation * farthest
                + UNIT * (2.0 * score.abs() + farthest * (2.0 * deviation + farthest) + 8.0),
            terms * value_norm * covariance,
        );
        Ok(())
    }
}

impl TokenLaw for Gaussian {
    fn name(&self) -> &'static str {
        "gaussian"
    }

    fn dimension(&self) -> usize {
        self.mean.len()
    }

    fn cumulant(&self, tilt: &DVector<f64>) -> f64 {
        tilt.dot(&self.mean) + 0.5 * (&self.root * tilt).norm_squared()
    }

    fn tilted_mean(&self, tilt: &DVector<f64>) -> DVector<f64> {
        &self.mean + &self.covariance * tilt
    }

    fn tilted_covariance(&self, _tilt: &DVector<f64>) -> DMatrix<f64> {
        self.covariance.clone()
    }

    /// The largest eigenvalue of the covariance, which no proxy can be below.
    fn variance_proxy(&self) -> SourcedProxy {
        SourcedProxy {
            proxy: self.proxy,
            source: "largest eigenvalue of the covariance (optimal: the cumulant is quadratic)",
        }
    }

    /// [`CLOSED_FORM`] of what cancels. Assumed.
    fn accuracy(&self, tilt: &DVector<f64>) -> LawAccuracy {
        LawAccuracy {
            relative: CLOSED_FORM * self.exponent_size(tilt).max(1.0),
            covariance: CLOSED_FORM,
            scale: self.mean_size(tilt),
        }
        .of_sums(self.mean.len())
    }

    fn sample(&self, random: &mut dyn Rng, token: &mut [f64]) {
        for (coordinate, mean) in token.iter_mut().zip(self.mean.iter()) {
            *coordinate = *mean;
        }
        for column in self.root.column_iter() {
            let normal: f64 = StandardNormal.sample(random);
            for (coordinate, entry) in token.iter_mut().zip(column.iter()) {
                *coordinate += normal * entry;
            }
        }
    }

    fn score_atoms(
        &self,
        tilt: &DVector<f64>,
        value: &DMatrix<f64>,
        resolution: Resolution,
    ) -> Result<ScoreAtoms> {
        check_tilt_and_value(self.dimension(), tilt, value)?;
        let mut atoms = AtomList::new(value.nrows());
        atoms.set_origin(&self.mean, tilt, value);
        self.append_atoms(&mut atoms, 1.0, tilt, value, &self.mean, &resolution)?;
        atoms.finish(self.score_deviation(tilt) == 0.0)
    }

    fn output_radius(&self, value: &DMatrix<f64>, centre: &DVector<f64>) -> Option<f64> {
        let constant = (value * &self.root).iter().all(|x| *x == 0.0);
        constant.then(|| norm_above((value * &self.mean - centre).as_slice()))
    }

    fn through<'a>(&'a self, value: &DMatrix<f64>) -> Box<dyn OutputLaw + 'a> {
        Box::new(Through::new(self, value))
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: &[f64]) -> DMatrix<f64> {
        let d = (rows.len() as f64).sqrt() as usize;
        DMatrix::from_row_slice(d, d, rows)
    }

    #[test]
    fn bad_covariances_are_refused_with_the_reason() {
        let message = |rows: &[f64]| Gaussian::centred(matrix(rows)).unwrap_err().to_string();
        let indefinite = message(&[1.0, 2.5, 2.5, 1.0]);
        assert!(indefinite.contains("eigenvalue -1"), "{indefinite}");
        assert!(indefinite.contains("positive semi-definite"));
        assert!(message(&[1.0, 0.1, 0.2, 1.0]).contains("symmetric"));
        assert!(message(&[1.0, f64::NAN, 0.0, 1.0]).contains("finite"));
        assert!(message(&[-1.0]).contains("-1e0"));
        assert!(Gaussian::centred(DMatrix::zeros(2, 3)).is_err());
        assert!(Gaussian::centred(DMatrix::zeros(0, 0)).is_err());
        assert!(Gaussian::new(DVector::zeros(3), DMatrix::identity(2, 2)).is_err());
        assert!(Gaussian::new(DVector::from_element(1, f64::NAN), matrix(&[1.0])).is_err());
    }

    #[test]
    fn singular_covariances_are_accepted() {
        let law = Gaussian::centred(matrix(&[1.0, 1.0, 1.0, 1.0])).unwrap();
        assert!((law.root() * law.root().transpose() - law.covariance()).amax() < 1e-14);
        let point = Gaussian::centred(DMatrix::zeros(2, 2)).unwrap();
        let atoms = point
            .score_atoms(
                &DVector::from_element(2, 1.0),
                &DMatrix::identity(2, 2),
                Resolution::fine(3.0),
            )
            .unwrap();
        assert!(atoms.exact && *atoms.weights == [1.0] && atoms.spreads == [0.0]);
        assert_eq!(
            point.output_radius(&DMatrix::identity(2, 2), &DVector::zeros(2)),
            Some(0.0)
        );
        assert_eq!(
            law.output_radius(&DMatrix::identity(2, 2), &DVector::zeros(2)),
            None
        );
    }
}
