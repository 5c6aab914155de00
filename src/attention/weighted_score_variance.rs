//! The law of the score variance, weighted by `|z|^2` and quadratic forms of the tilt.
//!
//! The error of the key-query gradient of Gaussian tokens is `|z|^2` times a function of `s^2` and of few quadratic forms of
//! the tilt (theory, sections 4 and 11). Given the tilt, the mean of `|z|^2` is a quadratic polynomial of it. So the
//! average over a Gaussian query needs the measures `E[|z|^2 Q_1 Q_2; s^2 in dq]`, which are inverted from their
//! Laplace transforms as the density of `s^2` is.

use nalgebra::{Complex, DMatrix, DVector};

use super::Head;
use super::quadratic::{Quadratic, mean_of_three, mean_of_two};
use super::score_coordinates::ScoreCoordinates;
use super::score_variance::ScoreVarianceLaw;
use crate::error::Result;
use crate::law::Gaussian;

/// A quadratic form of the tilt `a`, with `h = Gamma a`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TiltForm {
    /// `|h|^2`.
    Token,
    /// `|V h|^2`.
    Output,
    /// `<V h, V Gamma h>`.
    Cross,
    /// `h^T Gamma h`.
    Covariance,
}

/// What multiplies `|z|^2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TiltWeight {
    /// 1.
    Constant,
    /// One form.
    Form(TiltForm),
    /// The product of two.
    Product(TiltForm, TiltForm),
}

/// The law of `s^2` under a Gaussian query, with weights `|z|^2 Q_1 Q_2`.
///
/// In whitened coordinates `x_j = y_j / sqrt(b_j)` of those that the query moves.
#[derive(Debug, Clone)]
pub struct WeightedScoreVarianceLaw {
    law: ScoreVarianceLaw,
    /// `b_j` and the mean `nu_j` of `y_j`.
    moved: Vec<(f64, f64)>,
    /// The four forms, functions of `x`, in the order of [`TiltForm`].
    forms: [Quadratic; 4],
    /// The mean of `|z|^2` given the tilt, a function of `x - E x`, so that nothing cancels if `E x` is large.
    query: Quadratic,
}

/// Longest step of the inversion, in distances of the nearest singularity: three quadratic forms raise its order
/// by up to six, and with it what a step leaves out. (With 0.15 some densities were off by `3e-9`, with 0.1 by less than `1e-13`.)
const STEP: f64 = 0.1;

impl WeightedScoreVarianceLaw {
    /// For Gaussian tokens, a head and a Gaussian query.
    ///
    /// # Errors
    /// Those of [`ScoreVarianceLaw::new`].
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::attention::{TiltForm, TiltWeight, WeightedScoreVarianceLaw};
    /// use attention_bounds::nalgebra::{self, dmatrix};
    /// use attention_bounds::{Gaussian, Head};
    ///
    /// // With a = z standard normal: E z^2 = 1, E[z^2 |Gamma a|^2] = E z^4 = 3.
    /// let one = Gaussian::centred(dmatrix![1.0])?;
    /// let law = WeightedScoreVarianceLaw::new(&one, &Head::new(dmatrix![1.0], dmatrix![1.0])?, &one)?;
    /// let [second, fourth] = law.means([TiltWeight::Constant, TiltWeight::Form(TiltForm::Token)]);
    /// assert!((second - 1.0).abs() < 1e-13 && (fourth - 3.0).abs() < 1e-13);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn new(tokens: &Gaussian, head: &Head, query: &Gaussian) -> Result<Self> {
        let coordinates = ScoreCoordinates::new(tokens, head, query)?;
        let (axes, covariance) = (&coordinates.axes, tokens.covariance());
        let outputs = head.value() * axes;
        let spread = axes.tr_mul(&(covariance * axes));
        let cross = outputs.tr_mul(&(head.value() * covariance * axes));
        let forms = [
            axes.tr_mul(axes),
            outputs.tr_mul(&outputs),
            (&cross + cross.transpose()) * 0.5,
            spread,
        ];
        let moved: Vec<(f64, f64)> = coordinates
            .moved()
            .map(|j| (coordinates.variances[j], coordinates.means[j]))
            .collect();
        Ok(Self {
            law: ScoreVarianceLaw::in_coordinates(&coordinates, head)?,
            forms: forms.map(|form| restricted(&form, &coordinates)),
            query: query_square(query, &coordinates),
            moved,
        })
    }

    /// The law of `s^2` itself.
    pub fn score_variance(&self) -> &ScoreVarianceLaw {
        &self.law
    }

    /// `E[|z|^2 weight]`, one result a weight.
    pub fn means<const N: usize>(&self, weights: [TiltWeight; N]) -> [f64; N] {
        let poles: Vec<Complex<f64>> = self.moved.iter().map(|_| Complex::from(1.0)).collect();
        self.weighted(Complex::from(0.0), &poles, weights)
            .map(|mean| mean.re)
    }

    /// The densities `f` with `E[|z|^2 weight; s^2 in dq] = f(q) dq` at `s^2 = offset + excess`, one result a weight.
    ///
    /// Zero if `excess` is not positive or the query does not move `s^2`. Relative accuracy about `1e-12` for weights
    /// that are not negative, as [`ScoreVarianceLaw::density`].
    pub fn densities<const N: usize>(&self, excess: f64, weights: [TiltWeight; N]) -> [f64; N] {
        self.law.invert(excess, STEP, |zeta| {
            let tilt = zeta - 0.5 / self.law.largest_eigenvalue();
            let poles: Vec<Complex<f64>> = self
                .moved
                .iter()
                .map(|&(b, _)| self.law.pole(b, zeta))
                .collect();
            self.weighted(tilt, &poles, weights)
        })
    }

    /// The means of `|z|^2 weight` under the law with the density `e^{-tilt s^2} / E e^{-tilt s^2}`.
    ///
    /// There `y_j` is normal with the mean `nu_j / pole_j` and the variance `b_j / pole_j`, `pole_j = 1 + 2 b_j tilt`.
    fn weighted<const N: usize>(
        &self,
        tilt: Complex<f64>,
        poles: &[Complex<f64>],
        weights: [TiltWeight; N],
    ) -> [Complex<f64>; N] {
        let variances: Vec<Complex<f64>> = poles.iter().map(|pole| pole.inv()).collect();
        let mean: Vec<Complex<f64>> = self
            .moved
            .iter()
            .zip(&variances)
            .map(|(&(b, nu), inverse)| inverse * (nu / b.sqrt()))
            .collect();
        let shift: Vec<Complex<f64>> = self
            .moved
            .iter()
            .zip(&variances)
            .map(|(&(b, nu), inverse)| -tilt * inverse * (2.0 * b.sqrt() * nu))
            .collect();
        let query = self.query.at(&shift, &variances);
        let forms = self.forms.each_ref().map(|form| form.at(&mean, &variances));
        let [token, output, cross, covariance] = &forms;
        let of = |form| match form {
            TiltForm::Token => token,
            TiltForm::Output => output,
            TiltForm::Cross => cross,
            TiltForm::Covariance => covariance,
        };
        weights.map(|weight| match weight {
            TiltWeight::Constant => query.expectation,
            TiltWeight::Form(form) => mean_of_two(&query, of(form), &variances),
            TiltWeight::Product(first, second) => {
                mean_of_three([&query, of(first), of(second)], &variances)
            }
        })
    }
}

/// `y^T form y` as a function of `x`, `y_j = sqrt(b_j) x_j` where the query moves it.
fn restricted(form: &DMatrix<f64>, coordinates: &ScoreCoordinates) -> Quadratic {
    let moved: Vec<usize> = coordinates.moved().collect();
    let fixed: Vec<usize> = coordinates.fixed().collect();
    let (means, variances) = (&coordinates.means, &coordinates.variances);
    let deviation = |i: usize| variances[moved[i]].sqrt();
    let image = |j: usize| -> f64 { fixed.iter().map(|&k| form[(j, k)] * means[k]).sum() };
    Quadratic {
        constant: fixed.iter().map(|&j| means[j] * image(j)).sum(),
        linear: DVector::from_fn(moved.len(), |i, _| 2.0 * deviation(i) * image(moved[i])),
        matrix: DMatrix::from_fn(moved.len(), moved.len(), |i, j| {
            deviation(i) * deviation(j) * form[(moved[i], moved[j])]
        }),
    }
}

/// `E[|z|^2 | x]` as a function of `x - E x`: `z = m_z + S F (x - E x) + S (I - F F^T) g`, with `S = Sig_z^{1/2}`, `g`
/// standard normal and independent of `x`, and the columns of `F` orthonormal.
fn query_square(query: &Gaussian, coordinates: &ScoreCoordinates) -> Quadratic {
    let moved: Vec<usize> = coordinates.moved().collect();
    let frame = DMatrix::from_fn(coordinates.query_axes.nrows(), moved.len(), |i, j| {
        coordinates.query_axes[(i, moved[j])] / coordinates.variances[moved[j]].sqrt()
    });
    let seen = query.root() * &frame;
    let unseen = query.root() - &seen * frame.transpose();
    Quadratic {
        constant: query.mean().norm_squared() + unseen.norm_squared(),
        linear: seen.tr_mul(query.mean()) * 2.0,
        matrix: seen.tr_mul(&seen),
    }
}
