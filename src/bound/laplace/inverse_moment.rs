//! T5 `inverse-moment`: a bound of `I_k(n) = E (w_1 + ... + w_n)^{-k}`.

use crate::bound::InverseMomentForm;
use crate::bound::logarithm::ln_add;
use crate::bound::minimise::{HIGHEST, Unit, decay_range, minimise_sum};
use crate::bound::moments::LogMoments;
use crate::interval::Interval;

/// At how many points the Laplace integral of `I_k(n)` is split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Splits {
    /// `(n (1 - th/2))^{-k} + (kap/k)^k exp( -(n-k) (th/rho) (1 - th/2) )`: split at `th/rho`.
    One,
    /// `(n (1 - th/2))^{-k} + (n/2)^{-k} Q_k(n th / (2 rho)) + (kap/k)^k exp( -(n-k) / (2 rho) )`: split at
    /// `th/rho` and `1/rho`, with `Q_k(x) = e^{-x} sum_{j<k} x^j / j!`.
    Two,
}

impl Splits {
    /// The number of splits, for a record.
    pub fn count(self) -> f64 {
        match self {
            Splits::One => 1.0,
            Splits::Two => 2.0,
        }
    }
}

/// The best form and proof parameter for one inverse moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct InverseMoment {
    /// Logarithm of the bound, in plain floats: for the search only.
    pub ln_value: f64,
    /// The proof parameter `th`, `0 < th <= 1` exactly.
    pub theta: f64,
    /// Which of the two forms it is.
    pub splits: Splits,
    /// True if the term `(n (1 - th/2))^{-k}` is the largest one.
    pub main_dominates: bool,
}

impl InverseMoment {
    /// The form and its parameter, for a record.
    pub fn form(&self) -> InverseMomentForm {
        InverseMomentForm {
            theta: self.theta,
            two_splits: self.splits == Splits::Two,
        }
    }
}

/// Logarithms of the terms at one `th`: the main one, and the sum of the others.
fn terms(moments: &LogMoments, k: f64, n: f64, theta: Unit, splits: Splits) -> (f64, f64) {
    let half = (-0.5 * theta.value()).ln_1p();
    let main = -k * (n.ln() + half);
    let ln_geometric = k * (moments.kappa - k.ln());
    let ln_rate = (n - k).ln() - moments.rho;
    let others = match splits {
        Splits::One => ln_geometric - (ln_rate + theta.ln + half).exp(),
        Splits::Two => {
            let x = 0.5 * (n.ln() - moments.rho + theta.ln).exp();
            let body = -k * (n.ln() - std::f64::consts::LN_2) + ln_upper_gamma(k, x);
            ln_add(body, ln_geometric - 0.5 * ln_rate.exp())
        }
    };
    (main, others)
}

/// `ln Q_k(x) = -x + ln sum_{j<k} x^j / j!`, the regularised upper incomplete gamma function of integer order.
fn ln_upper_gamma(order: f64, x: f64) -> f64 {
    let mut term = 1.0;
    let mut sum = 1.0;
    let mut j = 1.0;
    while j < order {
        term *= x / j;
        sum += term;
        j += 1.0;
    }
    sum.ln() - x
}

/// Logarithm of the bound at a float `th`, `0 < th <= 1`, enclosed; needs `n > k`. `rho` and `kap` are the floats
/// of `moments`.
pub(crate) fn ln_enclosure(
    moments: &LogMoments,
    order: u32,
    count: f64,
    theta: f64,
    splits: Splits,
) -> Interval {
    let (k, n) = (Interval::point(f64::from(order)), Interval::point(count));
    let theta = Interval::point(theta);
    let two = Interval::point(2.0);
    let rate = (-Interval::point(moments.rho)).exp();
    let half = theta / two;
    let main = -(k * (n.ln() + (-half).ln_1p()));
    let ln_geometric = k * (Interval::point(moments.kappa) - k.ln());
    let others = match splits {
        Splits::One => ln_geometric - (n - k) * theta * rate * (Interval::ONE - half),
        Splits::Two => {
            let x = n * half * rate;
            let body = ln_upper_gamma_enclosure(order, x) - k * (n.ln() - Interval::LN_2);
            body.ln_add(ln_geometric - (n - k) * rate / two)
        }
    };
    main.ln_add(others)
}

/// [`ln_upper_gamma`] enclosed, for `x >= 0`.
fn ln_upper_gamma_enclosure(order: u32, x: Interval) -> Interval {
    let (mut term, mut sum) = (Interval::ONE, Interval::ONE);
    for j in 1..order {
        term = term * x / Interval::point(f64::from(j));
        sum = sum + term;
    }
    sum.ln() - x
}

/// The smaller of the two forms, each minimised over `0 < th <= 1`; needs `n > k`. A search in plain floats;
/// [`ln_enclosure`] evaluates the bound at what it finds.
pub(crate) fn inverse_moment(moments: &LogMoments, order: u32, count: f64) -> InverseMoment {
    let k = f64::from(order);
    let ln_geometric = k * (moments.kappa - k.ln());
    // One split: the exponent reaches `most` at the largest useful th; 1 - th/2 is at least 1/2, hence
    // the factor 2. Two splits: Q_k is negligible against the main term from 2 (k + 50) on.
    let reach = [
        (
            Splits::One,
            (count - k).ln() - moments.rho,
            2.0 * (ln_geometric + k * count.ln() + 50.0),
        ),
        (Splits::Two, count.ln() - moments.rho, 4.0 * (k + 50.0)),
    ];
    let candidates = reach.map(|(splits, ln_rate, most)| {
        let (lower, upper) = decay_range(ln_rate, 1.0, most);
        let (unit, ln_value, (main, others)) = minimise_sum(lower, upper.min(HIGHEST), |theta| {
            terms(moments, k, count, theta, splits)
        });
        InverseMoment {
            ln_value,
            theta: unit.value().min(1.0),
            splits,
            main_dominates: main >= others,
        }
    });
    let [one, two] = candidates;
    if two.ln_value < one.ln_value {
        two
    } else {
        one
    }
}

#[cfg(test)]
mod tests {
    use crate::bound::laplace::inverse_moment::*;

    #[test]
    fn incomplete_gamma_of_integer_order() {
        // Q_1(x) = e^{-x}, Q_2(x) = (1 + x) e^{-x}, Q_4(3) = e^{-3} (1 + 3 + 4.5 + 4.5).
        assert!((ln_upper_gamma(1.0, 2.5) + 2.5).abs() < 1e-15);
        assert!((ln_upper_gamma(2.0, 2.5) - (3.5f64.ln() - 2.5)).abs() < 1e-15);
        assert!((ln_upper_gamma(4.0, 3.0) - (13f64.ln() - 3.0)).abs() < 1e-15);
        assert_eq!(ln_upper_gamma(4.0, 0.0), 0.0);
        for (order, x) in [(1, 2.5), (2, 2.5), (4, 3.0), (4, 700.0)] {
            let enclosure = ln_upper_gamma_enclosure(order, Interval::point(x));
            assert!((enclosure.upper() - ln_upper_gamma(f64::from(order), x)).abs() < 1e-12);
            assert!(enclosure.width() < 1e-12);
        }
    }

    #[test]
    fn two_splits_pay_where_the_weights_are_heavy() {
        let heavy = LogMoments {
            rho: 16.0,
            kappa: 16.0,
            a2: 0.0,
            f0: 1.0,
        };
        let count = 1000.0 * 16f64.exp();
        assert_eq!(inverse_moment(&heavy, 2, count).splits, Splits::Two);
        let short = LogMoments {
            rho: 0.5,
            kappa: 0.5,
            a2: 0.0,
            f0: 1.0,
        };
        assert_eq!(inverse_moment(&short, 2, 10.0).splits, Splits::One);
    }
}
