//! The law of a prompt of the experiment, as its sampler needs it.

use nalgebra::DMatrix;

use super::settings::Settings;
use super::square::dot;
use crate::error::Result;

/// The law of a prompt of the [`RegressionTask`](crate::regression::RegressionTask) with `Sig_ij = rho^|i-j|`: a factor that makes tokens.
///
/// A token `X = (x, y)` is `T g` for a standard normal `g` in `R^{d+1}`. With `tau = sqrt(1 - rho^2)`,
///
/// ```text
/// x_1 = g_1,   x_j = rho x_{j-1} + tau g_j,   y = <w, x> + s g_{d+1}
/// ```
///
/// which is the Cholesky factor of `Sig`, applied without being formed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PromptLaw {
    dimension: usize,
    correlation: f64,
    innovation: f64,
    noise: f64,
    spread: f64,
}

impl PromptLaw {
    /// That of these settings.
    ///
    /// # Errors
    /// As [`Settings::check`].
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::regression::training::{PromptLaw, Settings};
    ///
    /// // Sig^{-1} = (1 - rho^2)^{-1} [[1, -rho], [-rho, 1]] for d = 2.
    /// let law = PromptLaw::new(&Settings { dimension: 2, ..Settings::paper() })?;
    /// assert!((law.precision()[(0, 1)] + 0.5 / 0.75).abs() < 1e-14);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn new(settings: &Settings) -> Result<Self> {
        settings.check()?;
        let rho = settings.correlation;
        Ok(Self {
            dimension: settings.dimension,
            correlation: rho,
            // Without cancellation near |rho| = 1.
            innovation: ((1.0 - rho) * (1.0 + rho)).sqrt(),
            noise: settings.noise_variance.sqrt(),
            spread: settings.task_variance.sqrt(),
        })
    }

    /// `d`.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Size of a token, `d + 1`.
    pub fn size(&self) -> usize {
        self.dimension + 1
    }

    /// Standard deviation of the noise.
    pub fn noise(&self) -> f64 {
        self.noise
    }

    /// Standard deviation of a coordinate of `w`.
    pub fn spread(&self) -> f64 {
        self.spread
    }

    /// Replaces standard normal numbers by `x`.
    pub fn colour(&self, numbers: &mut [f64]) {
        let mut before: Option<f64> = None;
        for number in numbers {
            if let Some(before) = before {
                *number = self.correlation * before + self.innovation * *number;
            }
            before = Some(*number);
        }
    }

    /// Replaces `g` by the token `T g`, for the task vector `w`.
    pub fn token(&self, task: &[f64], numbers: &mut [f64]) {
        if let Some((label, inputs)) = numbers.split_last_mut() {
            self.colour(inputs);
            *label = dot(task, inputs) + self.noise * *label;
        }
    }

    /// Writes `T^T c` to `white`, so that `<c, T g> = <white, g>` for every `g`.
    pub fn pull_back(&self, task: &[f64], direction: &[f64], white: &mut [f64]) {
        let (Some((label, inputs)), Some((white_label, white_inputs))) =
            (direction.split_last(), white.split_last_mut())
        else {
            return;
        };
        *white_label = self.noise * label;
        for ((place, c), w) in white_inputs.iter_mut().zip(inputs).zip(task) {
            *place = c + label * w;
        }
        // Down from the last coordinate: the sum of what is still to come, each further step by a factor rho.
        let mut after = 0.0;
        for (coordinate, place) in white_inputs.iter_mut().enumerate().rev() {
            after = *place + self.correlation * after;
            *place = if coordinate == 0 {
                after
            } else {
                self.innovation * after
            };
        }
    }

    /// `Sig^{-1}`, which is tridiagonal; for `d = 1` it is 1.
    pub fn precision(&self) -> DMatrix<f64> {
        let d = self.dimension;
        let rho = self.correlation;
        let scale = 1.0 / (self.innovation * self.innovation);
        DMatrix::from_fn(d, d, |i, j| match i.abs_diff(j) {
            0 if d == 1 => 1.0,
            0 if i == 0 || i == d - 1 => scale,
            0 => scale * (1.0 + rho * rho),
            1 => -scale * rho,
            _ => 0.0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::toeplitz;

    fn law(dimension: usize, correlation: f64) -> PromptLaw {
        PromptLaw::new(&Settings {
            dimension,
            correlation,
            ..Settings::paper()
        })
        .unwrap()
    }

    #[test]
    fn the_factor_is_a_root_of_the_covariance_and_the_precision_its_inverse() {
        for (d, rho) in [(1, 0.5), (2, -0.9), (5, 0.5), (7, 0.0), (4, 0.99)] {
            let law = law(d, rho);
            let mut root = DMatrix::identity(d, d);
            for mut column in root.column_iter_mut() {
                law.colour(column.as_mut_slice());
            }
            let wanted = toeplitz(d, rho);
            assert!((&root * root.transpose() - &wanted).norm() < 1e-14);
            let product = wanted * law.precision();
            assert!((product - DMatrix::identity(d, d)).norm() < 1e-12);
        }
    }

    #[test]
    fn pulling_back_is_the_transpose_of_making_a_token() {
        for d in [1, 2, 5] {
            let law = law(d, -0.3);
            let w: Vec<f64> = (0..d).map(|j| (1.3 * j as f64).sin()).collect();
            let c: Vec<f64> = (0..=d).map(|j| (0.7 + j as f64).cos()).collect();
            let g: Vec<f64> = (0..=d).map(|j| (2.1 + 3.0 * j as f64).sin()).collect();
            let mut white = vec![0.0; d + 1];
            law.pull_back(&w, &c, &mut white);
            let mut token = g.clone();
            law.token(&w, &mut token);
            assert!((dot(&white, &g) - dot(&c, &token)).abs() < 1e-14);
        }
    }
}
