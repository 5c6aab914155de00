//! The keys of the tail as the identities of T13 see them.

use nalgebra::DVector;

use crate::law::Sum;
use crate::sampling::design::Design;
use crate::sampling::sampled::SampledAttention;

/// A law on the keys of the tail: key `i` has the mass `q_i`, the scale `s_i` and the feature `e_i = s_i (v_i - T) - shift`.
///
/// Independent draws have masses that sum to 1, `s_i = w_i / q_i` and the shift `-F`, `F = sum_K w (v - T)`; subsets have masses 1, `s_i = w_i` and
/// the shift `-F/n`: so the kept keys are in the features, whose mean is 0. Bernoulli draws have masses 1, `s_i = w_i` and no shift.
pub(super) struct Tail<'a> {
    sampled: &'a SampledAttention,
    pub masses: Vec<f64>,
    /// `ln s_i`.
    pub ln_scales: Vec<f64>,
    range: (f64, f64),
    shift: Vec<f64>,
    /// Bounds the terms that the shift is a sum of.
    of_shift: f64,
    /// The part of a feature's rounding that grows with its scale alone.
    rounded_in: f64,
    /// Largest `|ln s|` and `|ln q|` that count for the rounding of `s`, added.
    pub logarithms: f64,
    /// Outputs are in units of this power of two.
    pub unit: f64,
    /// `ln W0`.
    pub ln_kept: f64,
    /// Largest `|v_i - T|` of all keys, in units.
    pub farthest: f64,
}

impl<'a> Tail<'a> {
    /// None if all values are equal.
    pub fn new(sampled: &'a SampledAttention) -> Option<Self> {
        let context = sampled.context();
        let keys = sampled.tail_indices();
        let mut column = vec![0.0; context.coordinates()];
        let (mut largest, mut farthest) = (0.0_f64, 0.0_f64);
        for key in 0..context.keys() {
            context.centred(key, &mut column);
            let most = column.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
            if most > 0.0 {
                let square: f64 = column.iter().map(|x| (x / most) * (x / most)).sum();
                farthest = farthest.max(most * square.sqrt());
            }
            largest = largest.max(most);
        }
        if !(largest > 0.0) {
            return None;
        }
        let unit = libm::exp2(libm::floor(libm::log2(largest)).max(-1000.0));
        let count = keys.len() as f64;
        let masses: Vec<f64> = match sampled.drawn_by() {
            Design::WithoutReplacement | Design::Bernoulli => vec![1.0; keys.len()],
            Design::WithReplacement => vec![1.0 / count; keys.len()],
            Design::ImportanceSampling(proxies) => {
                let proxies = || keys.iter().filter_map(|key| proxies.get(*key).copied());
                // Sums of large proxies stay finite.
                let most = proxies().fold(0.0, f64::max);
                let total = proxies().map(|q| q / most).collect::<Sum>().value();
                proxies().map(|q| q / most / total).collect()
            }
        };
        let ln_masses: Box<dyn Fn(f64) -> f64> = match sampled.drawn_by() {
            Design::WithoutReplacement | Design::Bernoulli => Box::new(|_| 0.0),
            Design::WithReplacement => Box::new(move |_| -libm::log(count)),
            Design::ImportanceSampling(_) => Box::new(libm::log),
        };
        let ln_weights = |key: &usize| context.ln_weights.get(*key).copied();
        let ln_scales: Vec<f64> = keys
            .iter()
            .filter_map(ln_weights)
            .zip(&masses)
            .map(|(ln_weight, q)| ln_weight - ln_masses(*q))
            .collect();
        let kept = sampled.kept_indices().iter().filter_map(ln_weights);
        let ends = (f64::INFINITY, f64::NEG_INFINITY);
        let mut tail = Self {
            sampled,
            masses,
            range: ln_scales
                .iter()
                .fold(ends, |(low, high), x| (x.min(low), x.max(high))),
            ln_scales,
            shift: vec![0.0; context.coordinates()],
            of_shift: 0.0,
            rounded_in: context.rounded_in() / unit,
            logarithms: 0.0,
            unit,
            ln_kept: ln_sum(kept.collect()),
            farthest: farthest / unit,
        };
        // Smaller scales than the least float are nothing beside 1.
        let logarithm = |x: &f64| x.abs().min(800.0);
        tail.logarithms = tail.ln_scales.iter().map(logarithm).fold(0.0, f64::max)
            + tail
                .masses
                .iter()
                .map(|q| libm::log(*q).abs())
                .fold(0.0, f64::max);
        // `N = F + sum_draws f / e`, and the draws are of a fixed number: `F` is shared among them.
        let share = match sampled.drawn_by() {
            Design::WithoutReplacement => -1.0 / count,
            Design::Bernoulli => 0.0,
            Design::WithReplacement | Design::ImportanceSampling(_) => -1.0,
        };
        let (kept, size) = tail.kept_sum();
        tail.shift = kept.iter().map(|x| share * x).collect();
        tail.of_shift = share.abs() * size;
        Some(tail)
    }

    /// `F = sum_K w (v - T)` and the sum of the norms of its terms, in units.
    pub fn kept_sum(&self) -> (DVector<f64>, f64) {
        let context = self.sampled.context();
        let mut column = vec![0.0; context.coordinates()];
        let mut sums = vec![Sum::default(); column.len()];
        let mut size = 0.0;
        for key in self.sampled.kept_indices() {
            context.centred(*key, &mut column);
            let weight = context.weights.get(*key).copied().unwrap_or(0.0);
            let mut square = 0.0;
            for (sum, x) in sums.iter_mut().zip(&column) {
                let term = weight * (x / self.unit);
                sum.add(term);
                square += term * term;
            }
            size += square.sqrt() + weight * self.rounded_in;
        }
        let sums = DVector::from_iterator(column.len(), sums.into_iter().map(Sum::value));
        (sums, size)
    }

    /// Bounds the error of `T`, in units.
    pub fn of_limit(&self) -> f64 {
        self.sampled.context().of_limit / self.unit
    }

    /// Bounds the sum of `w (v - T)` over all keys, which is 0 but for the error of `T`; in units.
    pub fn rest(&self) -> f64 {
        self.sampled.context().total * self.of_limit()
    }

    /// Coordinates of a feature.
    pub fn rows(&self) -> usize {
        self.shift.len()
    }

    /// How many keys there are, `n`.
    pub fn len(&self) -> usize {
        self.masses.len()
    }

    /// The feature of the key at this place of the tail; returns the size that its rounding is relative to.
    pub fn write(&self, place: usize, to: &mut [f64]) -> f64 {
        let context = self.sampled.context();
        let key = self.sampled.tail_indices().get(place).copied();
        context.centred(key.unwrap_or(usize::MAX / 2), to);
        let scale = libm::exp(self.ln_scales.get(place).copied().unwrap_or(0.0));
        let mut square = 0.0;
        for (entry, shift) in to.iter_mut().zip(&self.shift) {
            let term = scale * (*entry / self.unit);
            square += term * term;
            *entry = term - shift;
        }
        square.sqrt() + scale * self.rounded_in + self.of_shift
    }

    /// `ln n`.
    pub fn ln_count(&self) -> f64 {
        libm::log(self.len() as f64)
    }

    /// `ln` of the least and the largest scale.
    pub fn range(&self) -> (f64, f64) {
        self.range
    }
}

/// `ln(e^x + e^y)`.
pub(super) fn ln_add(x: f64, y: f64) -> f64 {
    ln_sum(vec![x, y])
}

/// `ln sum e^x`; minus infinity of nothing.
pub(super) fn ln_sum(logarithms: Vec<f64>) -> f64 {
    let largest = logarithms.iter().fold(f64::NEG_INFINITY, |m, x| m.max(*x));
    if largest == f64::NEG_INFINITY {
        return largest;
    }
    let sum: Sum = logarithms
        .into_iter()
        .map(|x| libm::exp(x - largest))
        .collect();
    largest + libm::log(sum.value())
}
