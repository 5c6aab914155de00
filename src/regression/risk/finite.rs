//! The risk of softmax attention over `L` examples, `R_L(A, b)`, exactly (T11).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use nalgebra::{Complex, DMatrix, DVector};

use super::contour::{Contour, Shape, tail_error};
use super::coordinates::Coordinates;
use super::expectations::Expectations;
use super::{Risk, infinite};
use crate::error::{Error, Result};
use crate::exact::Exact;
use crate::parameter::PromptLength;
use crate::regression::participation::table::ParticipationTable;
use crate::regression::{RegressionHead, RegressionTask};

/// Receives the poles of a node, `z`, and the two transforms times the product of the roots of the poles.
type Visit<'a> = &'a mut dyn FnMut(&[Complex<f64>], Complex<f64>, Complex<f64>, Complex<f64>);

/// The risk of one task at one prompt length.
///
/// With `q = x^T A^T Sig A x`, `eta = |Sig A x|^2`, `zeta = x^T Sig A x` for a query `x ~ N(0, Sig)`, and `P = r_2`, `Q = r_2 + 6 r_3 - 6 E P_2^2`
/// of T3 at the score variance `q`,
///
/// ```text
/// R_L - R_inf = 1/2 E_x[ b^2 (tau^2 tr Sig + v) P(q) - b^2 tau^2 eta Q(q) + 2 b tau^2 zeta P(q) ].
/// ```
///
/// In the eigen-coordinates of `Sig^{1/2} A^T Sig A Sig^{1/2}` all expectations are one-dimensional integrals (`contour.rs`), whether or not
/// `A` commutes with `Sig`, and so are the gradients.
pub struct FinitePromptRisk<'a> {
    task: &'a RegressionTask,
    table: ParticipationTable,
    /// `Sig^{1/2}`.
    root: DMatrix<f64>,
    shape: Shape,
    /// By their numbers; a path is made when it is first needed.
    contours: Mutex<BTreeMap<i32, Arc<Contour>>>,
}

/// Why an exact risk is not proved.
const OF_LATTICE: &str = "what the lattices of the risk leave out is estimated by coarser ones";

impl<'a> FinitePromptRisk<'a> {
    /// For a task and a prompt length.
    ///
    /// # Errors
    /// Those of [`crate::exact::gaussian_participation`], and if the dimension is above 1000.
    pub fn new(task: &'a RegressionTask, length: PromptLength) -> Result<Self> {
        if task.dimension() > MOST_DIMENSIONS {
            let dimension = task.dimension().to_string();
            return Err(refused("the dimension", dimension, "at most 1000"));
        }
        Ok(Self {
            task,
            table: ParticipationTable::new(length)?,
            root: task.function(f64::sqrt),
            shape: Shape::of(task.dimension()),
            contours: Mutex::new(BTreeMap::new()),
        })
    }

    /// The task.
    pub fn task(&self) -> &'a RegressionTask {
        self.task
    }

    /// The prompt length.
    pub fn length(&self) -> PromptLength {
        self.table.length()
    }

    /// `R_L - R_inf`.
    ///
    /// # Errors
    /// If shapes do not fit, `tr Sig^{1/2} A^T Sig A Sig^{1/2}` is above `1e150`, or the estimated error exceeds `1e-6` of the terms or `1e-3` of the losses.
    ///
    /// # Accuracy
    /// Absolute error about `1e-10` of `b^2 (tau^2 tr Sig + v) + b^2 tau^2 E eta + 2 |b| tau^2 E|zeta|`, and the value carries its own estimate: the
    /// difference of two trapezoidal sums and an allowance for the tables.
    pub fn gap(&self, head: &RegressionHead) -> Result<Exact> {
        let coordinates = Coordinates::new(self.task, &self.root, head)?;
        let (stride, coarser) = self.shape.strides;
        let fine = self.expectations(&coordinates, stride, false)?;
        let coarse = self.expectations(&coordinates, coarser, false)?;
        let weights = Weights::new(self.task, head.value);
        let value = weights.gap(&coordinates, &fine);
        let size = weights.size(&coordinates);
        let error = (value - weights.gap(&coordinates, &coarse)).abs()
            + (self.shape.accuracy + 4.0 * f64::EPSILON * fine.mass + fine.tail) * size;
        // The terms of heavy scores are large and cancel: what is left must be seen beside the losses.
        let most = SEEN * self.task.label_variance() * (1.0 + head.value * head.value);
        let most = most.min(WORST * size);
        if !(error <= most) {
            return Err(Error::Accuracy {
                what: "the risk of softmax attention, dimension or scores too large",
                reached: error / size,
                wanted: most / size,
            });
        }
        Ok(Exact::estimated(value, error, OF_LATTICE))
    }

    /// `R_L`.
    ///
    /// # Errors
    /// Those of [`Self::gap`].
    pub fn risk(&self, head: &RegressionHead) -> Result<Exact> {
        let limit = infinite::risk(self.task, head)?;
        let gap = self.gap(head)?;
        let error = gap.error + 1e-14 * limit;
        Ok(Exact::estimated(limit + gap.value, error, OF_LATTICE))
    }

    /// The gradient of `R_L`.
    ///
    /// # Errors
    /// Those of [`Self::gap`].
    ///
    /// # Accuracy
    /// About `1e-10` relative to the size of its terms.
    pub fn gradient(&self, head: &RegressionHead) -> Result<RegressionHead> {
        Ok(self.risk_and_gradient(head)?.1)
    }

    /// Risk and gradient from one economical sum: what a flow or a minimisation needs (up to dimension 8 within `2e-9` of the terms, up to 24
    /// within `1e-11`).
    ///
    /// # Errors
    /// Those of [`Self::gap`].
    pub fn risk_and_gradient(&self, head: &RegressionHead) -> Result<(f64, RegressionHead)> {
        let coordinates = Coordinates::new(self.task, &self.root, head)?;
        let found = self.expectations(&coordinates, self.shape.economical, true)?;
        let weights = Weights::new(self.task, head.value);
        let limit = infinite::gradient(self.task, head)?;
        let risk = infinite::risk(self.task, head)? + weights.gap(&coordinates, &found);
        let gap = weights.gradient(self.task, head, &coordinates, &found);
        Ok((risk, limit.plus(1.0, &gap)))
    }

    fn contour(&self, number: i32) -> Result<Arc<Contour>> {
        // A thread that panicked cannot have left a half-made path behind.
        let mut contours = self.contours.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = contours.get(&number) {
            return Ok(found.clone());
        }
        let made = Arc::new(Contour::new(number, self.shape, &self.table)?);
        contours.insert(number, made.clone());
        Ok(made)
    }

    fn expectations(
        &self,
        coordinates: &Coordinates,
        stride: usize,
        slopes: bool,
    ) -> Result<Expectations> {
        let spectrum = &coordinates.spectrum;
        let uniform = 1.0 / self.length().as_f64();
        let mut found = Expectations::new(spectrum.len(), uniform);
        let sums = self.sum(spectrum, stride, &mut |inverse, z, second, response| {
            found.add(inverse, second, response);
            if slopes {
                found.add_slopes(inverse, -z * second, -z * response);
            }
        })?;
        match sums {
            Some((mass, tail)) => (found.mass, found.tail) = (mass, tail),
            None => {
                let [second, response] = self.table.taylor().map(|row| row.first().copied());
                found.add_slopes_at_zero(second.unwrap_or(0.0), response.unwrap_or(0.0));
            }
        }
        Ok(found)
    }

    /// The trapezoidal sum over the path that serves a spectrum: `add` is given the poles `1/(1 + 2 z l_j)`, `z`, and the two transforms times the
    /// product of the roots of the poles. Returns the sum of the moduli of the terms and the error beyond the participation ratios, nothing if the
    /// spectrum is 0.
    fn sum(&self, spectrum: &[f64], stride: usize, add: Visit) -> Result<Option<(f64, f64)>> {
        let uniform = 1.0 / self.length().as_f64();
        let largest = spectrum.iter().copied().fold(0.0, f64::max);
        let total: f64 = spectrum.iter().sum();
        if !(total <= HEAVIEST) {
            let parameter = "the mean score variance, tr Sig^(1/2) A^T Sig A Sig^(1/2)";
            return Err(refused(parameter, format!("{total:e}"), "at most 1e150"));
        }
        // Below, q is 0 in double precision for every query.
        if !(largest > 1.0 / HEAVIEST) {
            return Ok(None);
        }
        let number = self.shape.number(largest, total);
        let contour = self.contour(number)?;
        let one = Complex::new(1.0, 0.0);
        let mut inverse = vec![one; spectrum.len()];
        let mut mass = 0.0;
        for node in contour.nodes(stride) {
            let mut factor = node.weight;
            for (place, l) in inverse.iter_mut().zip(spectrum) {
                *place = (one + node.z * (2.0 * l)).inv();
                factor *= place.sqrt();
            }
            let second = factor * node.second;
            let response = factor * node.response;
            add(&inverse, node.z, second, response);
            let size = second.norm() + response.norm();
            mass += size;
            // The next term is smaller by e^{-step/2} at least.
            if size * (1.0 + node.z.norm()) < 1e-18 * uniform {
                break;
            }
        }
        if !(mass * f64::EPSILON <= LOST) {
            return Err(Error::Accuracy {
                what: "the risk of softmax attention in this dimension: cancellation on the contour",
                reached: mass * f64::EPSILON,
                wanted: LOST,
            });
        }
        Ok(Some((mass, tail_error(number))))
    }
}

impl Risk for FinitePromptRisk<'_> {
    fn task(&self) -> &RegressionTask {
        self.task
    }

    fn risk_and_gradient(&self, head: &RegressionHead) -> Result<(f64, RegressionHead)> {
        self.risk_and_gradient(head)
    }

    /// All coordinates are those of `Sig`, and a term of the sums costs a multiple of `d`, not of `d^2`.
    fn on_axes(&self, entries: &[f64], value: f64) -> Result<(f64, Vec<f64>)> {
        let list = self.task.eigenvalues();
        let (risk, mut gradient) = infinite::InfinitePrompt(self.task).on_axes(entries, value)?;
        let of = |f: fn(f64, f64) -> f64| -> Vec<f64> {
            list.iter().zip(entries).map(|(l, a)| f(*l, *a)).collect()
        };
        let spectrum = of(|l, a| (l * a) * (l * a));
        let signal = of(|l, a| l * (l * a) * (l * a));
        let alignment = of(|l, a| l * l * a);
        let w = Weights::new(self.task, value);
        let size = list.len();
        let uniform = 1.0 / self.length().as_f64();
        let mut mean = uniform;
        let (mut seconds, mut responses) = (vec![uniform; size], vec![uniform; size]);
        let mut slopes = vec![0.0; size];
        let form = |poles: &[Complex<f64>], form: &[f64]| -> Complex<f64> {
            poles.iter().zip(form).map(|(pole, f)| pole * *f).sum()
        };
        self.sum(
            &spectrum,
            self.shape.economical,
            &mut |poles, z, second, response| {
                mean += second.im;
                let (s, r) = (-z * second, -z * response);
                let common = s * (form(poles, &alignment) * w.alignment + w.second)
                    + r * form(poles, &signal) * w.signal;
                for (j, pole) in poles.iter().enumerate() {
                    seconds[j] += (second * pole).im;
                    responses[j] += (response * pole).im;
                    let own =
                        (s * (w.alignment * alignment[j]) + r * (w.signal * signal[j])) * *pole;
                    slopes[j] += (*pole * (common + own * 2.0)).im;
                }
            },
        )?;
        let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
        let (signal, alignment) = (dot(&signal, &responses), dot(&alignment, &seconds));
        let gap = w.second * mean + w.signal * signal + w.alignment * alignment;
        let pairs = list.iter().zip(entries);
        for (j, (place, (l, a))) in gradient.iter_mut().zip(pairs).enumerate() {
            *place += 2.0 * l * l * a * slopes[j]
                + 2.0 * w.signal * l * l * l * a * responses[j]
                + w.alignment * l * l * seconds[j];
        }
        if let Some(place) = gradient.last_mut() {
            *place += w.by_value(self.task, mean, signal, alignment);
        }
        Ok((risk + gap, gradient))
    }
}

fn refused(parameter: &'static str, value: String, required: &'static str) -> Error {
    Error::Parameter {
        parameter,
        value,
        required,
        theorem: Some("T11"),
    }
}

/// Largest estimated error of a gap that is accepted, relative to its terms, and to the losses.
const WORST: f64 = 1e-6;
const SEEN: f64 = 1e-3;
/// Largest mean score variance.
const HEAVIEST: f64 = 1e150;
/// Largest dimension; the accuracy is measured up to 300.
const MOST_DIMENSIONS: usize = 1000;
/// Largest rounding error of an expectation of a function between 0 and 1 that is accepted.
const LOST: f64 = 1e-8;

/// The factors of `E P`, `E[eta Q]` and `E[zeta P]` in the gap.
struct Weights {
    second: f64,
    signal: f64,
    alignment: f64,
    value: f64,
}

impl Weights {
    fn new(task: &RegressionTask, b: f64) -> Self {
        Self {
            second: 0.5 * b * b * task.label_variance(),
            signal: -0.5 * b * b * task.weight_variance(),
            alignment: b * task.weight_variance(),
            value: b,
        }
    }

    fn forms(coordinates: &Coordinates, found: &Expectations) -> (f64, f64) {
        let signal = coordinates.signal.diagonal().dot(&found.response_squares);
        let alignment = coordinates.alignment.diagonal().dot(&found.second_squares);
        (signal, alignment)
    }

    fn gap(&self, coordinates: &Coordinates, found: &Expectations) -> f64 {
        let (signal, alignment) = Self::forms(coordinates, found);
        self.second * found.second + self.signal * signal + self.alignment * alignment
    }

    /// The sizes of the terms with `P = Q = 1`.
    fn size(&self, coordinates: &Coordinates) -> f64 {
        let absolute = |form: &DMatrix<f64>| form.diagonal().abs().sum();
        self.second
            + self.signal.abs() * absolute(&coordinates.signal)
            + self.alignment.abs() * absolute(&coordinates.alignment)
    }

    fn gradient(
        &self,
        task: &RegressionTask,
        head: &RegressionHead,
        coordinates: &Coordinates,
        found: &Expectations,
    ) -> RegressionHead {
        let back = |inner: &DMatrix<f64>| &coordinates.axes * inner * coordinates.axes.transpose();
        let diagonal = |list: &DVector<f64>| back(&DMatrix::from_diagonal(list));
        // The terms with dq = 2 Sig A x x^T.
        let slope = self.second * diagonal(&found.slope_squares)
            + self.signal
                * back(&Expectations::weighted_second_moment(
                    &coordinates.signal,
                    &found.response_slope_pairs,
                ))
            + self.alignment
                * back(&Expectations::weighted_second_moment(
                    &coordinates.alignment,
                    &found.slope_pairs,
                ));
        let seen = task.covariance() * &head.key_query;
        let key_query = 2.0 * &seen * slope
            // d eta = 2 Sig^2 A x x^T and d zeta = Sig x x^T.
            + 2.0 * self.signal * (task.covariance() * &seen * diagonal(&found.response_squares))
            + self.alignment * (task.covariance() * diagonal(&found.second_squares));
        let (signal, alignment) = Self::forms(coordinates, found);
        let value = self.by_value(task, found.second, signal, alignment);
        RegressionHead { key_query, value }
    }

    /// The derivative in `b`, by `E P`, `E[eta Q]` and `E[zeta P]`.
    fn by_value(&self, task: &RegressionTask, mean: f64, signal: f64, alignment: f64) -> f64 {
        let weight = task.weight_variance();
        self.value * (task.label_variance() * mean - weight * signal) + weight * alignment
    }
}
