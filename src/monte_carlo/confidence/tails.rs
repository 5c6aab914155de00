//! Tails of Student's and the binomial law, and their inverses, by their logarithms: down to the smallest
//! positive float and beyond, for any number of prompts.
//!
//! Both tails are incomplete beta functions `I_x(a, b) = x^a (1 - x)^b / (a B(a, b))` times a continued fraction
//! (W. H. Press et al., Numerical Recipes, 3rd edition, 6.4). The factor before the fraction is a probability of single
//! counts, computed by its deviance (C. Loader, Fast and accurate computation of binomial probabilities, 2000), in
//! which nothing large cancels. Held against 40-digit values, logarithms of tails are within `1e-10` for up to `10^9` prompts
//! (`tails_tests.rs`).

use std::f64::consts::{LN_2, PI};

/// `ln P(T >= t)` for `t >= 0` and Student's `T` with `degrees` degrees of freedom; NaN gives NaN.
pub fn ln_student_upper(t: f64, degrees: f64) -> f64 {
    if t == f64::INFINITY {
        return f64::NEG_INFINITY;
    }
    let ratio = t / degrees.sqrt();
    // 1 + t^2 / degrees, whose square may overflow.
    let ln_sum = if ratio < 1e100 {
        (ratio * ratio).ln_1p()
    } else {
        2.0 * ratio.ln()
    };
    let a = 0.5 * degrees;
    // x^a (1 - x)^{1/2} / B(a, 1/2), with x = e^{-ln_sum} and 1 - x = ratio^2 x.
    let ln_power = -(a + 0.5) * ln_sum + ratio.ln() + ln_half_ratio(a) - 0.5 * PI.ln();
    let x = (-ln_sum).exp();
    let y = -(-ln_sum).exp_m1();
    if x < (a + 1.0) / (a + 2.5) {
        let series = positive_fraction(a + 1.0, (1.0 / ratio).powi(2));
        return ln_power - (a * y).ln() + series.ln() - LN_2;
    }
    if ratio == 0.0 {
        return -LN_2;
    }
    // The middle, by the other end: I_x(a, b) = 1 - I_{1-x}(b, a).
    let middle = (ln_power + LN_2 + fraction(0.5, a, y, x).ln()).exp();
    (-middle).ln_1p() - LN_2
}

/// `P(T >= t)` for any `t`; 1 for NaN.
pub fn student_upper(t: f64, degrees: f64) -> f64 {
    if t.is_nan() {
        return 1.0;
    }
    let tail = ln_student_upper(t.abs(), degrees).exp();
    if t >= 0.0 { tail } else { 1.0 - tail }
}

/// The `t >= 0` with `ln P(T >= t) = ln_probability`; 0 for `ln_probability >= -ln 2`, infinite if it is no float.
pub fn ln_student_quantile(ln_probability: f64, degrees: f64) -> f64 {
    if ln_probability >= -LN_2 {
        return 0.0;
    }
    // Floats are ordered as their bits; the tail falls.
    let above = |bits| ln_student_upper(f64::from_bits(bits), degrees) > ln_probability;
    f64::from_bits(last_rank(f64::INFINITY.to_bits() - 1, above) + 1)
}

/// The largest rank from 1 to `count` that has a property which smaller ranks have too; 0 if none has.
pub fn last_rank(count: u64, property: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (0, count + 1);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if property(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// The `t` with `P(T >= t) = probability`, for `0 < probability <= 1/2` and a mean over `prompts` prompts.
pub fn student_quantile(probability: f64, prompts: u64) -> f64 {
    ln_student_quantile(probability.ln(), degrees(prompts))
}

/// Degrees of freedom of a mean over `prompts` prompts.
pub fn degrees(prompts: u64) -> f64 {
    prompts.max(2) as f64 - 1.0
}

/// A probability by its log odds, so that it and its complement keep all their digits.
#[derive(Debug, Clone, Copy)]
pub struct Odds {
    p: f64,
    q: f64,
}

impl Odds {
    /// The probability `p`.
    pub fn of(p: f64) -> Self {
        Self { p, q: 1.0 - p }
    }

    fn of_logit(logit: f64) -> Self {
        let share = |y: f64| 1.0 / (1.0 + (-y).exp());
        Self {
            p: share(logit),
            q: share(-logit),
        }
    }

    /// That of the opposite.
    pub fn complement(self) -> Self {
        Self {
            p: self.q,
            q: self.p,
        }
    }
}

/// `ln P(Bin(n, p) >= count)`; 0, which contradicts nothing, if `p` is NaN.
pub fn ln_binomial_upper(n: u64, odds: Odds, count: u64) -> f64 {
    if count == 0 || !(odds.q > 0.0) {
        return 0.0;
    }
    if count > n || !(odds.p > 0.0) {
        return f64::NEG_INFINITY;
    }
    let (size, k) = (n as f64, count as f64);
    // I_p(k, n - k + 1) = P(Bin = k) (1 - p) fraction.
    let (a, b) = (k, size - k + 1.0);
    if odds.p < (a + 1.0) / (a + b + 2.0) {
        let tail = ln_binomial(size, odds, k) + ln_whole_fraction(a, b, odds);
        return tail.min(0.0);
    }
    // 1 - P(Bin(n, 1 - p) >= n - k + 1); with a = n - k + 1 and b = k.
    let other = odds.complement();
    let lower = ln_binomial(size, other, b) + ln_whole_fraction(b, a, other);
    if lower > -LN_2 {
        (-lower.exp_m1()).max(0.0).ln()
    } else {
        (-lower.exp()).ln_1p()
    }
}

/// The `p` with `ln P(Bin(n, p) >= count) = ln_level`, for `1 <= count <= n` and `ln_level < 0`.
pub fn binomial_quantile(n: u64, count: u64, ln_level: f64) -> f64 {
    solve_logit(|odds| ln_binomial_upper(n, odds, count) < ln_level).p
}

/// The `p` with `ln P(Bin(n, p) <= count) = ln_level`, for `0 <= count < n` and `ln_level < 0`.
pub fn binomial_lower_quantile(n: u64, count: u64, ln_level: f64) -> f64 {
    // P(Bin(n, p) <= k) = P(Bin(n, 1 - p) >= n - k).
    solve_logit(|odds| ln_binomial_upper(n, odds, n - count) < ln_level).q
}

/// Where a property that holds for small probabilities ceases to hold.
fn solve_logit(small: impl Fn(Odds) -> bool) -> Odds {
    // Beyond this the smaller probability is below the smallest float.
    let (mut low, mut high) = (-746.0, 746.0);
    loop {
        let middle = 0.5 * (low + high);
        if !(middle > low && middle < high) {
            return Odds::of_logit(middle);
        }
        if small(Odds::of_logit(middle)) {
            low = middle;
        } else {
            high = middle;
        }
    }
}

/// `ln P(Bin(n, p) = k)` for whole `n` and `0 <= k <= n`.
fn ln_binomial(n: f64, odds: Odds, k: f64) -> f64 {
    let rest = n - k;
    if k == 0.0 {
        return n * ln_share(odds.q, odds.p);
    }
    if rest == 0.0 {
        return n * ln_share(odds.p, odds.q);
    }
    let errors = stirling_error(n) - stirling_error(k) - stirling_error(rest);
    let deviances = deviance(k, n * odds.p) + deviance(rest, n * odds.q);
    errors - deviances - 0.5 * ((2.0 * PI * k).ln() + (rest / n).ln())
}

/// `ln share`, precisely where its complement is small.
fn ln_share(share: f64, complement: f64) -> f64 {
    if complement < 0.5 {
        (-complement).ln_1p()
    } else {
        share.ln()
    }
}

/// `ln k! - ((k + 1/2) ln k - k + ln(2 pi) / 2)`, for whole `k >= 1`.
fn stirling_error(k: f64) -> f64 {
    if k < 16.0 {
        // Factorials up to 15 are exact.
        let factorial: f64 = (1..=k as u32).map(f64::from).product();
        return factorial.ln() - ((k + 0.5) * k.ln() - k + 0.5 * (2.0 * PI).ln());
    }
    let square = k * k;
    let series =
        1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / (1188.0 * square)) / square) / square;
    (1.0 / 12.0 - series / square) / k
}

/// `k ln(k / mean) + mean - k >= 0`, for positive numbers.
fn deviance(k: f64, mean: f64) -> f64 {
    let v = (k - mean) / (k + mean);
    if v.abs() >= 0.1 {
        return k * (k / mean).ln() + mean - k;
    }
    // ln(k / mean) = 2 artanh(v), less its first term.
    let (mut sum, mut term, mut odd) = ((k - mean) * v, 2.0 * k * v, 3.0);
    loop {
        term *= v * v;
        let next = sum + term / odd;
        if next == sum {
            return sum;
        }
        (sum, odd) = (next, odd + 2.0);
    }
}

/// `ln(Gamma(a + 1/2) / Gamma(a))`, for `a > 0`.
fn ln_half_ratio(a: f64) -> f64 {
    let (mut a, mut shift) = (a, 0.0);
    while a < 16.0 {
        shift += (-0.5 / (a + 0.5)).ln_1p();
        a += 1.0;
    }
    let square = a * a;
    let series = 1.0 / 192.0
        - (1.0 / 640.0 - (17.0 / 14336.0 - 31.0 / (18432.0 * square)) / square) / square;
    0.5 * a.ln() - (0.125 - series / square) / a + shift
}

/// `ln` of `(1 - p)` times the fraction of `I_p(a, b)` for whole `b`.
///
/// For `p` near 1 it depends on the last digits of `p`; there it is added up, as `1 + (b - 1)/(a + 1) p/q (1 + ...)`, whose terms are
/// positive and fall.
fn ln_whole_fraction(a: f64, b: f64, odds: Odds) -> f64 {
    if odds.q > 0.01 {
        return odds.q.ln() + fraction(a, b, odds.p, odds.q).ln();
    }
    let (mut sum, mut term, mut i, ratio) = (1.0, 1.0, 1.0, odds.p / odds.q);
    while i < b {
        term *= (b - i) / (a + i) * ratio;
        sum += term;
        if term < 1e-17 * sum {
            break;
        }
        i += 1.0;
    }
    sum.ln()
}

/// `2F1(1/2, 1; c; -z)` for `z >= 0`, by Gauss's continued fraction, all of whose terms are positive.
fn positive_fraction(c: f64, z: f64) -> f64 {
    // By the modified method of Lentz; nothing can vanish.
    let (mut up, mut down, mut value, mut n) = (1.0, 0.0, 1.0, 0.0);
    let mut step = |k: f64| {
        down = 1.0 / (1.0 + k * z * down);
        up = 1.0 + k * z / up;
        value *= up * down;
        (up * down - 1.0).abs() < 2.0 * f64::EPSILON
    };
    while n < 1e6 {
        let odd = (0.5 + n) / (c + 2.0 * n - 1.0) * ((c - 1.0 + n) / (c + 2.0 * n));
        n += 1.0;
        let even = n / (c + 2.0 * n - 2.0) * ((c - 0.5 + n - 1.0) / (c + 2.0 * n - 1.0));
        let settled = [step(odd), step(even)];
        if settled == [true, true] {
            break;
        }
    }
    1.0 / value
}

/// The continued fraction of the incomplete beta function, for `x < (a + 1) / (a + b + 2)`; `y = 1 - x` (modified
/// Lentz).
fn fraction(a: f64, b: f64, x: f64, y: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away = |z: f64| if z.abs() < TINY { TINY } else { z };
    // 1 - (a + b) x / (a + 1), without cancellation for x near 1.
    let first = if x < 0.5 {
        1.0 - (a + b) / (a + 1.0) * x
    } else {
        ((1.0 - b) + (a + b) * y) / (a + 1.0)
    };
    let mut d = 1.0 / away(first);
    let (mut c, mut value, mut m) = (1.0, d, 1.0);
    // A few times sqrt(a + b) steps are needed next to the mean, far fewer elsewhere.
    let most = 1e4 + 64.0 * (a + b).sqrt();
    while m < most {
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away(1.0 + even * d);
        c = away(1.0 + even / c);
        value *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away(1.0 + odd * d);
        c = away(1.0 + odd / c);
        value *= d * c;
        if (d * c - 1.0).abs() < 4.0 * f64::EPSILON {
            break;
        }
        m += 1.0;
    }
    value
}
