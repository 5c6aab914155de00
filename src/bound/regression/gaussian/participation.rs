//! T5 of `E P_2` and of `E P_3` for Gaussian scores, at prompt lengths of any size.

use crate::interval::Interval;

/// `x` of `th = 2 x rho / n`: where the middle piece of the split is worth `e^{-x}`.
const SPLITS: [f64; 4] = [8.0, 14.0, 24.0, 40.0];

/// A float at least `ln E P_k`, `k` = 2 or 3, at most 0, for the score variance `q` and `L = e^{ln_length}`.
///
/// `E P_k <= L E[w^k] I_k(L-1)`, `E w^k = e^{k(k-1)q/2}`, `rho = kap = e^q`, with the two-split form of `inverse-moment`
/// (theory sections 6 and 13). At a fixed `th` it increases in `q`, so it also bounds `E P_k` at every smaller score variance. Everything
/// is kept in logarithms: `L` may be far beyond the largest float.
pub(in crate::bound) fn ln_participation(order: u32, score_variance: f64, ln_length: f64) -> f64 {
    let ln_l = Interval::point(ln_length);
    let (k, q) = (
        Interval::point(f64::from(order)),
        Interval::point(score_variance),
    );
    // n = L - 1 > k is needed; shorter prompts keep the trivial bound 1.
    if !(ln_length > (f64::from(order) + 2.0).ln()) {
        return 0.0;
    }
    let ln_n = ln_l + (-(-ln_l).exp()).ln_1p();
    let ln_ratio = ln_n - q;
    let half_order = k * (k - Interval::ONE) / Interval::point(2.0);
    let ln_factor = ln_l + half_order * q;
    // (n - k) / (2 rho)
    let rest = Interval::ONE - k * (-ln_n).exp();
    let far = k * (q - k.ln()) - ln_ratio.exp() * rest / Interval::point(2.0);
    let ln_inverse_moment = |theta: Interval, x: Interval| {
        let main = -(k * (ln_n + (-(theta / Interval::point(2.0))).ln_1p()));
        let middle = ln_upper_gamma(order, x) - k * (ln_n - Interval::LN_2);
        main.ln_add(middle).ln_add(far)
    };
    let mut least = 0.0_f64;
    for x in SPLITS.map(Interval::point) {
        let theta = x.double() * (-ln_ratio).exp();
        let found = if theta.upper() <= 1.0 {
            ln_inverse_moment(theta, x)
        } else {
            ln_inverse_moment(Interval::ONE, ln_ratio.exp() / Interval::point(2.0))
        };
        least = least.min((ln_factor + found).upper());
    }
    least
}

/// `ln Q_k(x) = -x + ln sum_{j<k} x^j / j!`.
fn ln_upper_gamma(order: u32, x: Interval) -> Interval {
    let (mut term, mut sum) = (Interval::ONE, Interval::ONE);
    for j in 1..order {
        term = term * x / Interval::point(f64::from(j));
        sum = sum + term;
    }
    sum.ln() - x
}

#[cfg(test)]
mod tests {
    use crate::bound::regression::gaussian::participation::*;

    #[test]
    fn long_prompts_have_the_limit_of_t3() {
        for q in [0.0, 0.3, 2.0, 9.0] {
            // L r_2 -> e^q and L^2 r_3 -> e^{3q}.
            for ln_length in [60.0, 900.0, 5000.0] {
                let second = ln_participation(2, q, ln_length) + ln_length - q;
                let third = ln_participation(3, q, ln_length) + 2.0 * (ln_length - 1.5 * q);
                assert!((0.0..1e-4).contains(&second), "{q} {ln_length} {second}");
                assert!((0.0..1e-4).contains(&third), "{q} {ln_length} {third}");
            }
        }
    }

    #[test]
    fn short_prompts_and_heavy_scores_keep_the_trivial_bound() {
        assert_eq!(ln_participation(2, 0.5, 3f64.ln()), 0.0);
        assert_eq!(ln_participation(2, 50.0, 40.0), 0.0);
        assert_eq!(ln_participation(3, 5000.0, 4000.0), 0.0);
        assert_eq!(ln_participation(2, 0.5, f64::NAN), 0.0);
    }
}
