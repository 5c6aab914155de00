//! Interpolation on a uniform lattice in `ln w`: how many atoms become few points (theory, T17 `lattice-sums`).

use crate::exact::sums::compensated::OF_SUM;
use crate::exact::value::UNIT;

/// Lattice points in a unit of `ln w`.
pub(in crate::exact) const DENSITY: f64 = 32.0;
/// Points that represent one atom; half of them lie on either side.
pub(in crate::exact) const POINTS: usize = 14;
/// Points to the left of the one at which the cell of an atom begins.
pub(in crate::exact) const BEFORE: usize = POINTS / 2 - 1;
/// What a factor `x^k`, `k <= 3`, changes by in one cell, and the rounding of plain sums: `e^{3/32}` is below 1.099.
pub(in crate::exact) const CELL: f64 = 1.1;

/// Largest sum of the absolute weights of one atom: below 1.6746 at every place.
const LEBESGUE: f64 = 1.675;
/// Relative rounding of a weight: 13 differences and products, a constant.
const OF_WEIGHT: f64 = 30.0 * UNIT;
/// Relative rounding of `x` at a lattice point.
const OF_POINT: f64 = 4.0 * UNIT;
/// Radius of the circle on which the kernel is bounded.
const RADIUS: f64 = 1.2;

/// Relative errors of sums over an interpolated law, in units of sums over the atoms themselves.
#[derive(Debug, Clone, Copy)]
pub(in crate::exact) struct Remainder {
    /// Of `E[c x^k e^{-x}]`, in units of `E[|c| x^k e^{-x/4}]`.
    pub powers: [f64; 3],
    /// Of `E[1 - e^{-x}]`, in units of itself.
    pub rise: f64,
    /// Of `E[c x (1 - e^{-x})]`, in units of `E[|c| x (1 - e^{-x})]`.
    pub other: f64,
}

impl Remainder {
    /// The bounds of `lattice-sums`, roundings of weights, points and sums included.
    pub fn new() -> Self {
        let (step, half) = (1.0 / DENSITY, POINTS / 2);
        let distances = (1..=half).map(|k| k as f64 - 0.5);
        // `h^p` times the largest product of distances from the points, over the smallest on the circle and its distance.
        let product: f64 = distances
            .map(|k| (step * k / (RADIUS - step * k)).powi(2))
            .product();
        let analytic = product * RADIUS / (RADIUS - 0.5 * step);
        let reach = half as f64 * step;
        let rounding = |power: f64, of_point: f64| {
            let of = OF_WEIGHT + 2.0 * OF_SUM + of_point * OF_POINT;
            LEBESGUE * (power * reach).exp() * of
        };
        let of = |power: f64, of_point: f64| {
            let analytic = analytic * (power * (RADIUS + 0.5 * step)).exp();
            1.01 * (analytic + rounding(power, of_point))
        };
        // `min(x, 2)` is at most 2.32 (1 - e^{-x}).
        let of_rise = |power: f64, of_point: f64| {
            let analytic = 2.32 * analytic * (power * (RADIUS + 0.5 * step)).exp();
            1.01 * (analytic + rounding(power, of_point))
        };
        Self {
            powers: [0.0, 1.0, 2.0].map(|k| of(k, k + 0.7)),
            rise: of_rise(1.0, 1.0),
            other: of_rise(2.0, 2.0),
        }
    }
}

/// The weights of the points around `place` (in units of the step, from 0 to 1 within the cell): Lagrange's.
pub(in crate::exact) fn weights(place: f64) -> [f64; POINTS] {
    let mut weights = [1.0; POINTS];
    let mut product = 1.0;
    for (point, weight) in weights.iter_mut().enumerate() {
        *weight = product * INVERSE[point];
        product *= place - (point as f64 - BEFORE as f64);
    }
    product = 1.0;
    for (point, weight) in weights.iter_mut().enumerate().rev() {
        *weight *= product;
        product *= place - (point as f64 - BEFORE as f64);
    }
    weights
}

/// `1 / prod_{k != j} (j - k)`.
const INVERSE: [f64; POINTS] = {
    let mut inverse = [0.0; POINTS];
    let mut j = 0;
    while j < POINTS {
        let mut product = 1.0;
        let mut k = 0;
        while k < POINTS {
            if k != j {
                product *= j as f64 - k as f64;
            }
            k += 1;
        }
        inverse[j] = 1.0 / product;
        j += 1;
    }
    inverse
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_are_reproduced_and_weights_are_bounded() {
        for i in 0..=1000 {
            let place = i as f64 / 1000.0;
            let weights = weights(place);
            let size: f64 = weights.iter().map(|w| w.abs()).sum();
            assert!(size <= LEBESGUE, "{size}");
            for power in 0..POINTS as i32 {
                let sum: f64 = (0..POINTS)
                    .map(|j| weights[j] * ((j as f64 - BEFORE as f64) / 7.0).powi(power))
                    .sum();
                assert!((sum - (place / 7.0).powi(power)).abs() < 1e-14);
            }
        }
    }

    /// The bounds, without rounding, hold for single atoms in the middle of a cell, where the remainder is largest.
    #[test]
    fn the_remainder_is_bounded() {
        let remainder = Remainder::new();
        assert!(remainder.powers.iter().all(|of| *of < 1e-13));
        for i in -200..40 {
            let y = i as f64 / 8.0 + 0.5 / DENSITY;
            let kernel = |k: i32, y: f64| (k as f64 * y - y.exp()).exp();
            for k in 0..3 {
                let weights = weights(0.5);
                let sum: f64 = (0..POINTS)
                    .map(|j| {
                        let point = y + (j as f64 - BEFORE as f64 - 0.5) / DENSITY;
                        weights[j] * kernel(k, point)
                    })
                    .sum();
                let scale = (k as f64 * y - 0.25 * y.exp()).exp();
                let error = (sum - kernel(k, y)).abs();
                let bound = remainder.powers[k as usize] * scale;
                assert!(error <= bound, "{k} {y}: {error:e} {bound:e}");
            }
        }
    }
}
