//! Finite laws, heads and tilts drawn at random, and what the program says of them.

use attention_bounds::exact::{Exact, finite_gradient_error, output_error, value_gradient_error};
use attention_bounds::law::{Empirical, TokenLaw};
use attention_bounds::parameter::PromptLength;
use nalgebra::{DMatrix, DVector};

/// Numbers that look random, the same in every run (splitmix64).
pub struct Draw(pub u64);

impl Draw {
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, count: u64) -> u64 {
        self.bits() % count
    }

    /// Between the two.
    pub fn real(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * (self.bits() >> 11) as f64 * 2f64.powi(-53)
    }

    /// A multiple of 1/16, from -4 to 4: shifts of such coordinates are exact.
    pub fn coordinate(&mut self) -> f64 {
        self.below(129) as f64 / 16.0 - 4.0
    }
}

/// A finite law, a value matrix and a tilt.
#[derive(Debug, Clone)]
pub struct Question {
    /// A column a point.
    pub points: DMatrix<f64>,
    pub weights: Vec<f64>,
    pub value: DMatrix<f64>,
    pub tilt: DVector<f64>,
    pub length: u64,
}

impl Question {
    /// Adversarial ones have weights down to 1e-300, an outlier, atoms listed twice, and scores that spread up to 2000.
    pub fn random(draw: &mut Draw, adversarial: bool) -> Self {
        let (dimension, outputs) = (1 + draw.below(3) as usize, 1 + draw.below(3) as usize);
        let count = 1 + draw.below(if adversarial { 6 } else { 10 }) as usize;
        let mut points = DMatrix::from_fn(dimension, count, |_, _| draw.coordinate());
        let mut weights: Vec<f64> = (0..count).map(|_| draw.real(0.05, 1.0)).collect();
        if adversarial {
            match draw.below(4) {
                0 => points.column_mut(0).scale_mut(2f64.powi(20)),
                1 => points.scale_mut(2f64.powi(draw.below(80) as i32 - 40)),
                2 if count > 1 => {
                    let first = points.column(0).into_owned();
                    points.column_mut(1).copy_from(&first);
                }
                _ => {}
            }
            for weight in &mut weights[1..] {
                *weight *= 10f64.powf(draw.real(-300.0, 0.0) * draw.real(0.0, 1.0));
            }
        }
        let total: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= total);
        let value = DMatrix::from_fn(outputs, dimension, |_, _| draw.coordinate());
        let direction = DVector::from_fn(dimension, |_, _| draw.real(-1.0, 1.0));
        let scores = points.tr_mul(&direction);
        let mean: f64 = scores.iter().zip(&weights).map(|(s, p)| p * s).sum();
        let square: f64 = scores
            .iter()
            .zip(&weights)
            .map(|(s, p)| p * (s - mean).powi(2))
            .sum();
        let most = if adversarial { 30.0 } else { 6.0_f64 };
        let wanted = 10f64.powf(draw.real(-8.0, most.log10()));
        let spread = scores.max() - scores.min();
        let size = (wanted / square.sqrt().max(1e-3 * spread)).min(1900.0 / spread);
        let tilt = if size.is_finite() {
            direction * size
        } else {
            direction
        };
        let length = match draw.below(6) {
            0 => 1,
            1 => 2,
            2 => 3 + draw.below(30),
            3 if adversarial => 1 << 53,
            _ => draw.real(0.0, 53.0).exp2() as u64,
        };
        Self {
            points,
            weights,
            value,
            tilt,
            length,
        }
    }

    /// Squared error, `E P_2`, bias; gradients in `V` (of the gradient's engine and of the output's) and in `U`.
    pub fn answers(&self) -> Vec<Exact> {
        let lengths = [PromptLength::new(self.length).unwrap()];
        let dimension = self.points.nrows();
        let law = Empirical::weighted(&self.points.transpose(), self.weights.clone()).unwrap();
        let seen = law.through(&self.value);
        let output = output_error(seen.as_ref(), &self.tilt, &lengths).unwrap()[0].clone();
        let atoms = (&self.points, self.weights.as_slice());
        let gradient = finite_gradient_error(atoms, &self.value, &self.tilt, 1.0, &lengths);
        let gradient = gradient.unwrap()[0];
        let identity = DMatrix::identity(dimension, dimension);
        let tokens = finite_gradient_error(atoms, &identity, &self.tilt, 1.0, &lengths);
        let [value] = value_gradient_error(&law, 1, &self.tilt, &lengths).unwrap()[..] else {
            panic!("one length, one value");
        };
        let mut all = vec![
            output.squared_error,
            output.participation,
            gradient.key_query,
        ];
        all.extend([value, per_output(gradient.value, self.value.nrows())]);
        all.push(per_output(tokens.unwrap()[0].value, dimension));
        all.extend(output.bias);
        all
    }

    pub fn shifted(&self, by: f64) -> Option<Self> {
        let mut other = self.clone();
        other.points.add_scalar_mut(by);
        let exact = (0..self.points.len()).all(|i| {
            other.points[i] - by == self.points[i] && (other.points[i] - self.points[i]) == by
        });
        exact.then_some(other)
    }

    pub fn reordered(&self) -> Self {
        let order: Vec<usize> = (0..self.weights.len()).rev().collect();
        Self {
            points: self.points.select_columns(&order),
            weights: order.iter().map(|i| self.weights[*i]).collect(),
            ..self.clone()
        }
    }

    /// Every atom as two of half its weight.
    pub fn split(&self) -> Self {
        let twice: Vec<usize> = (0..2 * self.weights.len()).map(|i| i / 2).collect();
        Self {
            points: self.points.select_columns(&twice),
            weights: twice.iter().map(|i| 0.5 * self.weights[*i]).collect(),
            ..self.clone()
        }
    }
}

/// An answer that belongs to `rows` rows of outputs alike, for one.
pub fn per_output(x: Exact, rows: usize) -> Exact {
    let value = x.value / rows as f64;
    // The quotients are rounded, and may underflow.
    let error = x.error / rows as f64 + f64::EPSILON * value.abs() + f64::from_bits(1);
    Exact {
        value,
        error: error.next_up(),
        ..x
    }
}
