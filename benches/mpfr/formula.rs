//! The formulas of T4, T5 and T6 as their statements write them, in MPFR.

use rug::Float;
use rug::ops::Pow;

use super::float;

/// `exp( -(del L - 1)^2 / (2 (L-1) rho) )`.
fn small_weight(ln_rho: f64, l: f64, del: f64) -> Float {
    let excess: Float = float(del) * l - 1.0;
    let scale = (float(l) - 1.0) * 2.0 * float(ln_rho).exp();
    let exponent: Float = excess.square() / scale;
    (-exponent).exp()
}

/// `1 - del`.
fn complement(del: f64) -> Float {
    float(1.0) - del
}

/// T4.
pub fn chernoff(ln_rho: f64, ln_a2: f64, f0: f64, l: f64, del: f64) -> Float {
    let sum = float(ln_a2).exp() / (complement(del).square() * l);
    sum + float(l) * f0 * small_weight(ln_rho, l, del)
}

/// T4, tail form.
pub fn chernoff_tail(ln_rho: f64, ln_a2: f64, l: f64, eps: f64, del: f64) -> Float {
    let chebyshev = float(ln_a2).exp() / (complement(del).square() * l * float(eps).square());
    let exponent: Float = float(del).square() * l / (float(ln_rho).exp() * 2.0);
    chebyshev + (-exponent).exp()
}

/// T4, fourth moment.
pub fn chernoff_fourth(ln_rho: f64, ln_a2: f64, ln_a4: f64, ln_f4: f64, l: f64, del: f64) -> Float {
    let diagonal = float(ln_a4).exp() / float(l).pow(3u32);
    let pairs = float(ln_a2).exp().square() * 3.0 / float(l).square();
    let small = float(ln_f4).exp() * l * small_weight(ln_rho, l, del);
    (diagonal + pairs) / complement(del).pow(4u32) + small
}

/// T5, `I_k(n)`.
pub fn inverse_moment(k: u32, n: f64, ln_rho: f64, ln_kappa: f64, th: f64, splits: u32) -> Float {
    let order = f64::from(k);
    let rho = float(ln_rho).exp();
    let half = float(1.0) - float(th) / 2.0;
    let base: Float = float(n) * &half;
    let main = base.pow(k).recip();
    let ratio: Float = float(ln_kappa).exp() / order;
    let far: Float = ratio.pow(k);
    let others = float(n) - order;
    if splits == 1 {
        let exponent: Float = others * (float(th) / rho) * half;
        return main + far * (-exponent).exp();
    }
    let x: Float = float(n) * th / (rho.clone() * 2.0);
    let (mut term, mut sum) = (float(1.0), float(1.0));
    for j in 1..k {
        term = term * &x / f64::from(j);
        sum += &term;
    }
    let half_count: Float = float(n) / 2.0;
    let half_power: Float = half_count.pow(k);
    let body = half_power.recip() * sum * (-x).exp();
    let exponent: Float = others / (rho * 2.0);
    main + body + far * (-exponent).exp()
}

/// T5 of the participation, `L rho I_2(L-1)`.
pub fn participation(ln_rho: f64, ln_kappa: f64, l: f64, th: f64, splits: u32) -> Float {
    float(ln_rho).exp() * l * inverse_moment(2, l - 1.0, ln_rho, ln_kappa, th, splits)
}

/// T5, `A2 [ L I_2(L-1) + 6 L (L-1) rho I_4(L-2) ]`.
pub fn laplace(
    (ln_rho, ln_kappa, ln_a2): (f64, f64, f64),
    l: f64,
    second: (f64, u32),
    fourth: (f64, u32),
) -> Float {
    let single = inverse_moment(2, l - 1.0, ln_rho, ln_kappa, second.0, second.1) * l;
    let pairs = inverse_moment(4, l - 2.0, ln_rho, ln_kappa, fourth.0, fourth.1);
    let pairs = pairs * 6.0 * l * (l - 1.0) * float(ln_rho).exp();
    float(ln_a2).exp() * (single + pairs)
}

/// `D_lam(c)` with `|c| = 2 sigma^2 |V| |a|`.
fn norm_mgf(sigma2: f64, tilt: f64, lam: f64, spectrum: &[f64]) -> Float {
    let top = spectrum.iter().copied().fold(0.0, f64::max);
    let remainder = |nu: f64| -> Float { float(1.0) - float(lam) * sigma2 * nu * 2.0 };
    let determinant = spectrum
        .iter()
        .fold(float(0.0), |sum, nu| sum + remainder(*nu).ln());
    let square = float(sigma2).square() * top * float(tilt).square() * 4.0;
    square * lam / remainder(top) - determinant / 2.0
}

/// `ln A2` of T6.
pub fn ln_second_moment(sigma2: f64, tilt: f64, lam: f64, spectrum: &[f64]) -> Float {
    let energy = float(tilt).square() * sigma2;
    let sum: Float = energy.clone() * 8.0 + norm_mgf(sigma2, tilt, lam, spectrum);
    energy * 2.0 + sum.ln() - float(lam).ln()
}

/// The crude bound of T6.
pub fn crude(l: f64, sigma2: f64, tilt: f64, lam: f64, spectrum: &[f64]) -> Float {
    (float(l).ln() + norm_mgf(sigma2, tilt, lam, spectrum)) / lam
}
