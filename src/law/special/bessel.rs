//! Cumulant generating function of a coordinate of the unit sphere, and its two derivatives.
//!
//! For `xi` a coordinate of a uniform point on the unit sphere of `R^d`, `nu = d/2 - 1`:
//! `ln E e^{kappa xi} = ln 0F1(; d/2; kappa^2 / 4)`, with derivative the Bessel ratio
//! `A_d(kappa) = I_{nu+1}(kappa) / I_nu(kappa)`.
//!
//! Up to `kappa = 10^4` the power series (positive terms) and the continued fraction of the ratio
//! (evaluated backwards, where every step contracts errors) are used. Beyond, Debye's uniform expansion
//! of `I_nu` in `1 / tau`, `tau = sqrt(nu^2 + kappa^2) >= 10^4`, with the terms below up to `tau^-2`:
//! its remainder is of order `tau^-3 = 10^-12` times a coefficient of 0.1 and smaller derivatives.
//! Accuracy: relative 1e-13 or better for the value and the ratio, 1e-11 for the slope (measured against
//! the closed forms of `d = 1, 3`).

use std::f64::consts::{LN_2, PI};

/// Largest argument served by series and continued fraction.
const SERIES_END: f64 = 1e4;

/// `ln 0F1(; d/2; kappa^2 / 4)` for `kappa >= 0`.
pub(in crate::law) fn log_hypergeometric(dimension: usize, kappa: f64) -> f64 {
    if kappa > SERIES_END {
        return Debye::new(dimension, kappa).logarithm();
    }
    let half_dimension = 0.5 * dimension as f64;
    let argument = 0.25 * kappa * kappa;
    // The sum without its leading 1, as sum * 2^(800 scalings).
    let (mut term, mut sum, mut scalings, mut index) = (1.0, 0.0, 0.0, 0.0);
    loop {
        term *= argument / ((index + 1.0) * (half_dimension + index));
        sum += term;
        index += 1.0;
        if !(term > 1e-18 * sum) {
            break;
        }
        if sum > 1e250 {
            // A power of two scales without rounding; the leading 1 is lost in it.
            let down = 2.0_f64.powi(-800);
            term *= down;
            sum *= down;
            scalings += 1.0;
        }
    }
    if scalings == 0.0 {
        sum.ln_1p()
    } else {
        sum.ln() + 800.0 * scalings * LN_2
    }
}

/// The Bessel ratio `A_d(kappa)` and its slope.
#[derive(Debug, Clone, Copy)]
pub(in crate::law) struct BesselRatio {
    /// `A_d(kappa) / kappa`, `1 / d` at zero.
    pub(in crate::law) over_kappa: f64,
    /// `A_d'(kappa)`, `1 / d` at zero: the variance of `xi` under the tilted law.
    pub(in crate::law) slope: f64,
}

/// `A_d(kappa) / kappa` and `A_d'(kappa)` for `kappa >= 0`.
pub(in crate::law) fn bessel_ratio(dimension: usize, kappa: f64) -> BesselRatio {
    if kappa > SERIES_END {
        return Debye::new(dimension, kappa).ratio();
    }
    let d = dimension as f64;
    let square = kappa * kappa;
    // An error in the start is multiplied by the product of squared ratios below it, about
    // e^{-depth^2 / kappa} < e^{-60}.
    let depth = 20 + (8.0 * kappa.sqrt()) as usize;
    // Start: I_{j+1}/I_j is close to kappa / (j + 1 + hypot(j + 1, kappa)).
    let order = 0.5 * d + depth as f64;
    let tau = order.hypot(kappa);
    let mut over_kappa = 1.0 / (order + tau);
    let mut slope = order / (tau * (order + tau));
    for level in (0..depth).rev() {
        let twice = d + 2.0 * level as f64;
        over_kappa = 1.0 / (twice + square * over_kappa);
        slope = over_kappa * over_kappa * (twice - square * slope);
    }
    BesselRatio { over_kappa, slope }
}

/// Debye's expansion at one point: `ln 0F1 = main + sum_i c_i tau^{-n_i}`.
struct Debye {
    order: f64,
    kappa: f64,
    tau: f64,
    corrections: [(i32, f64); 5],
}

impl Debye {
    fn new(dimension: usize, kappa: f64) -> Self {
        let order = 0.5 * dimension as f64 - 1.0;
        let square = order * order;
        Self {
            order,
            kappa,
            tau: order.hypot(kappa),
            corrections: [
                (1, 1.0 / 8.0),
                (3, -5.0 / 24.0 * square),
                (2, 1.0 / 16.0),
                (4, -6.0 / 16.0 * square),
                (6, 5.0 / 16.0 * square * square),
            ],
        }
    }

    fn logarithm(&self) -> f64 {
        let (order, tau) = (self.order, self.tau);
        let correction: f64 = self
            .corrections
            .iter()
            .map(|&(n, c)| c * tau.powi(-n))
            .sum();
        if order >= 16.0 {
            // Stirling's series for ln Gamma(order + 1), combined so that no large terms cancel.
            let excess = self.kappa * (self.kappa / (tau + order));
            let x = 1.0 / (order * order);
            let stirling = (1.0 / 12.0
                + x * (-1.0 / 360.0 + x * (1.0 / 1260.0 + x * (-1.0 / 1680.0 + x / 1188.0))))
                / order;
            excess - order * (excess / (2.0 * order)).ln_1p() - 0.5 * (tau / order).ln()
                + stirling
                + correction
        } else {
            log_gamma_above(order) - order * (0.5 * (order + tau)).ln() + tau
                - 0.5 * (2.0 * PI * tau).ln()
                + correction
        }
    }

    fn ratio(&self) -> BesselRatio {
        let (order, kappa, tau) = (self.order, self.kappa, self.tau);
        let square = (kappa / tau) * (kappa / tau);
        let mut over_kappa = 1.0 / (order + tau) - 0.5 / tau / tau;
        let mut slope = order / tau / (order + tau) + (square - 0.5) / tau / tau;
        for (n, c) in self.corrections {
            let n_float = f64::from(n);
            let scale = c * tau.powi(-n - 2);
            over_kappa -= n_float * scale;
            slope += n_float * scale * ((n_float + 2.0) * square - 1.0);
        }
        BesselRatio { over_kappa, slope }
    }
}

/// `ln Gamma(order + 1)` for `order` a multiple of 1/2 from -1/2 to 16, by the recurrence of Gamma.
fn log_gamma_above(order: f64) -> f64 {
    let (mut argument, mut gamma) = (order + 1.0, 1.0);
    while argument > 1.0 {
        argument -= 1.0;
        gamma *= argument;
    }
    if argument == 0.5 {
        gamma *= PI.sqrt();
    }
    gamma.ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::special::hyperbolic::log_cosh;

    fn close(found: f64, wanted: f64, tolerance: f64) {
        assert!(
            (found - wanted).abs() <= tolerance * wanted.abs(),
            "{found} is not {wanted}"
        );
    }

    #[test]
    fn dimension_one_is_the_hyperbolic_cosine() {
        for x in [1e-8_f64, 1e-3, 0.4, 2.0, 30.0, 900.0, 9999.0, 10_001.0, 1e9] {
            close(log_hypergeometric(1, x), log_cosh(x), 1e-13);
            close(bessel_ratio(1, x).over_kappa * x, x.tanh(), 1e-14);
        }
        close(bessel_ratio(1, 3.0).slope, 3.0_f64.cosh().powi(-2), 1e-12);
    }

    #[test]
    fn dimension_three_is_the_langevin_function() {
        for x in [2.0_f64, 30.0, 900.0, 9999.0, 10_001.0, 1e7] {
            let sinhc = x + (-(-2.0 * x).exp()).ln_1p() - (2.0 * x).ln();
            close(log_hypergeometric(3, x), sinhc, 1e-13);
            close(
                bessel_ratio(3, x).over_kappa * x,
                1.0 / x.tanh() - 1.0 / x,
                1e-14,
            );
            close(
                bessel_ratio(3, x).slope,
                x.powi(-2) - x.sinh().powi(-2),
                1e-11,
            );
        }
    }

    #[test]
    fn golden_values() {
        for row in GOLDEN.lines().skip(1) {
            let numbers = row.split_whitespace().map(|x| x.parse().unwrap());
            let numbers: Vec<f64> = numbers.collect();
            let [d, x, logarithm, ratio, slope] = numbers[..] else {
                panic!("{row}");
            };
            close(log_hypergeometric(d as usize, x), logarithm, 2e-13);
            let found = bessel_ratio(d as usize, x);
            close(found.over_kappa * x, ratio, 1e-13);
            close(found.slope, slope, 1e-10);
        }
    }

    // Dimension, kappa, logarithm, ratio A and slope A': mpmath 1.3, 50 digits, from besseli;
    // A' = 1 - A^2 - (d - 1) A / kappa.
    const GOLDEN: &str = "
        2 1e-05 2.49999999998437541e-11 4.99999999993750041e-6 0.49999999998125
        2 0.7 0.11894060391060185 0.330177289532671042 0.419301115287328627
        2 25.0 22.4767280049992438 0.979791453490515931 0.000817049527321519572
        2 9000.0 8994.52858542829673 0.99994444290106307 6.17318249887011593e-9
        2 11000.0 10994.428247555058 0.999954544421393676 4.13241925927675975e-9
        5 3.0 0.807720679055277039 0.48890064032889012 0.10910864344748106
        5 400.0 388.420032883674082 0.995006265664160401 0.0000124686324206506241
        5 20000.0 19980.5984400017859 0.999900002500125006 4.99974998124874992e-9
        33 50.0 24.105548220136782 0.72780017808203622 0.00451478681125318369
        33 20000.0 19880.6407962902298 0.999200300014956116 3.99699977587772183e-8
        34 20000.0 19877.429337935478 0.999175319703434464 4.12180288623265148e-8
        384 1.0 0.00130207894109023808 0.00260414909777289699 0.00260411396045702168
        384 300.0 95.8822425640585032 0.547620001248326157 0.000984132639086863925
        384 9000.0 8201.5715219126955 0.978947411701512167 2.31415827902074609e-6
        384 50000.0 48874.8495570885776 0.99617729626930854 7.63081473738116051e-8
        20000 100.0 0.249996875416599297 0.00499987501874648519 0.0000499962506873414502
        20000 20000.0 7548.64037644817069 0.618041628164545152 0.0000138197725811830886
        65536 10001.0 754.471398693280419 0.149205934555612258 0.0000142693151592400695";
}
