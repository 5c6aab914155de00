//! The finitely supported law as a law of tokens.

use std::any::Any;

use nalgebra::{DMatrix, DVector};
use rand::{Rng, RngExt};

use super::empirical::{Empirical, MAX_PAIRWISE};
use super::output::FiniteOutput;
use crate::error::Result;
use crate::law::atoms::{Resolution, ScoreAtoms, check_tilt_and_value};
use crate::law::{OutputLaw, SourcedProxy, TokenLaw};
use crate::parameter::VarianceProxy;

impl TokenLaw for Empirical {
    fn name(&self) -> &'static str {
        "empirical"
    }

    fn dimension(&self) -> usize {
        self.points.nrows()
    }

    fn cumulant(&self, tilt: &DVector<f64>) -> f64 {
        self.tilted_weights(tilt).0
    }

    fn tilted_mean(&self, tilt: &DVector<f64>) -> DVector<f64> {
        &*self.points * self.tilted_weights(tilt).1
    }

    fn tilted_covariance(&self, tilt: &DVector<f64>) -> DMatrix<f64> {
        let weights = self.tilted_weights(tilt).1;
        let mean = &*self.points * &weights;
        let mut scaled = (*self.points).clone();
        for (mut column, weight) in scaled.column_iter_mut().zip(weights.iter()) {
            column -= &mean;
            column *= weight.sqrt();
        }
        &scaled * scaled.transpose()
    }

    /// `D^2 / 4` for the diameter `D` of the points: `<v, X>` lies in an interval of length `D |v|`, and
    /// Hoeffding's lemma applies. Beyond 4096 points the pairwise distances are replaced by
    /// `D <= 2 max_i |x_i - E X|`. Computed once, rounded up; `n^2 d / 2` multiplications.
    fn variance_proxy(&self) -> SourcedProxy {
        let proxy = *self.proxy.get_or_init(|| {
            if self.weights.len() > MAX_PAIRWISE {
                self.radius_proxy
            } else {
                // Where distances overflow although the radius did not, the radius still is a proxy.
                VarianceProxy::new(self.diameter_proxy()).unwrap_or(self.radius_proxy)
            }
        });
        SourcedProxy {
            proxy,
            source: if self.weights.len() > MAX_PAIRWISE {
                "squared radius of the points about their mean (Hoeffding's lemma along every direction)"
            } else {
                "a quarter of the squared diameter of the points (Hoeffding's lemma along every direction)"
            },
        }
    }

    fn sample(&self, random: &mut dyn Rng, token: &mut [f64]) {
        let count = self.weights.len();
        let index = if self.cumulative.is_empty() {
            random.random_range(0..count)
        } else {
            let uniform: f64 = random.random();
            self.cumulative
                .partition_point(|c| *c <= uniform)
                .min(count - 1)
        };
        for (coordinate, entry) in token.iter_mut().zip(self.points.column(index).iter()) {
            *coordinate = *entry;
        }
    }

    fn score_atoms(
        &self,
        tilt: &DVector<f64>,
        value: &DMatrix<f64>,
        resolution: Resolution,
    ) -> Result<ScoreAtoms> {
        check_tilt_and_value(self.dimension(), tilt, value)?;
        FiniteOutput::new(self, value).score_atoms(tilt, resolution)
    }

    fn output_radius(&self, value: &DMatrix<f64>, centre: &DVector<f64>) -> Option<f64> {
        FiniteOutput::new(self, value).radius(centre)
    }

    fn through<'a>(&'a self, value: &DMatrix<f64>) -> Box<dyn OutputLaw + 'a> {
        Box::new(FiniteOutput::new(self, value))
    }

    fn support(&self) -> Option<(DMatrix<f64>, Vec<f64>)> {
        Some(((*self.points).clone(), self.weights.to_vec()))
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}
