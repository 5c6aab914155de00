//! T9 `capped-key-query-gradient`: the gradient in `U` with powers of the weights traded for powers of `1/L`.

use nalgebra::DVector;

use crate::bound::gradient::key_query;
use crate::bound::gradient::key_query::{
    GradientMoments, ln_square_of_sum, query_square, times_query,
};
use crate::bound::minimise::{LOWEST, Unit, minimise};
use crate::bound::{Bound, Theorem};
use crate::interval::Interval;
use crate::parameter::PromptLength;

/// Shortest prompt for which the four sums over different tokens leave a token over.
const SHORTEST: u64 = 5;
/// Rounds of the search, `tau` and `th` in turns.
const ROUNDS: usize = 2;

/// The proof parameters of one of the two Laplace integrals: it is cut at `t = tau / rho`, and what is beyond it is
/// bounded with `th`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Cut {
    tau: f64,
    theta: f64,
}

/// A sum of terms `e^{ln_factor} (c n)^{-power}` and of `e^{ln_rest} (1-th)^{-order} exp( -((L-1)/rho)(1 - e^{-th tau}) )`, `c = (1 - e^{-tau})/tau`.
struct CutIntegral {
    /// `ln_factor`, `power` and `n` of every term; of each list the smallest term counts.
    terms: Vec<Vec<(f64, u32, f64)>>,
    ln_rest: f64,
    order: u32,
    others: f64,
    ln_rho: f64,
}

impl CutIntegral {
    /// `E|sum p_i V F_i|^2` (theory T5, `truncated-laplace`).
    fn covariances(moments: &GradientMoments, length: f64) -> Self {
        let first = &moments.first;
        let pairs = sum_up(&[
            ln_up(6.0),
            ln_up(length),
            ln_up(length - 1.0),
            first.rho,
            first.a2,
        ]);
        Self {
            terms: vec![
                vec![(sum_up(&[ln_up(length), first.a2]), 2, length - 1.0)],
                vec![(pairs, 4, length - 2.0)],
            ],
            ln_rest: sum_up(&[ln_up(length), ln_up(first.f0)]),
            order: 1,
            others: length - 1.0,
            ln_rho: first.rho,
        }
    }

    /// `E|Vg|^2 |g|^2` (theory T9, `capped-fourth-moment`).
    fn mixed_fourth(moments: &GradientMoments, length: f64) -> Self {
        let (rho, pairs, a4) = (
            moments.first.rho,
            moments.fourth.ln_a2,
            moments.fourth.ln_a4,
        );
        let [second, third] = moments.ln_capped;
        let e = std::f64::consts::E;
        let ln_falling =
            |k: u32| -> Vec<f64> { (0..k).map(|j| ln_up(length - f64::from(j))).collect() };
        let factor = |constant: f64, k: u32, logarithms: &[f64]| {
            let mut all = ln_falling(k);
            // The constants with e are off by a few ulps.
            all.push(ln_up(constant * (1.0 + 1e-14)));
            all.extend_from_slice(logarithms);
            sum_up(&all)
        };
        let n = |k: f64| length - k;
        Self {
            terms: vec![
                // Single tokens, t^3 w^4 e^{-tw} with none, one or two powers of w traded.
                vec![
                    (factor(1.0, 1, &[a4]), 4, n(1.0)),
                    (factor(1.0 / (3.0 * e), 1, &[third]), 3, n(1.0)),
                    (factor(2.0 / (3.0 * e * e), 1, &[second]), 2, n(1.0)),
                ],
                // Two tokens, two each, and one with three.
                vec![(factor(3.0, 2, &[2.0 * pairs]), 4, n(2.0))],
                vec![
                    (
                        factor(4.0 / e, 2, &[0.5 * rho, 0.5 * second, pairs]),
                        4,
                        n(2.0),
                    ),
                    (factor(16.0, 2, &[0.5 * rho, 0.5 * a4, pairs]), 5, n(2.0)),
                ],
                // Three and four tokens.
                vec![(factor(120.0, 3, &[rho, 2.0 * pairs]), 6, n(3.0))],
                vec![(factor(840.0, 4, &[2.0 * rho, 2.0 * pairs]), 8, n(4.0))],
            ],
            ln_rest: sum_up(&[ln_up(length), moments.fourth.ln_f4]),
            order: 3,
            others: length - 1.0,
            ln_rho: rho,
        }
    }

    /// Logarithm of the sum in plain floats.
    fn ln_value(&self, tau: f64, theta: Unit) -> f64 {
        let ln_c = (-(-tau).exp_m1() / tau).ln();
        let kept = self.terms.iter().map(|list| {
            list.iter()
                .map(|&(ln_factor, power, n)| ln_factor - f64::from(power) * (ln_c + n.ln()))
                .fold(f64::INFINITY, f64::min)
        });
        let cut = -(-theta.value() * tau).exp_m1();
        let rest = self.ln_rest
            - f64::from(self.order) * theta.ln_complement
            - (self.others.ln() - self.ln_rho).exp() * cut;
        kept.fold(rest, crate::bound::logarithm::ln_add)
    }

    /// The sum at the floats `tau > 0` and `0 < th < 1`, enclosed, as a logarithm.
    fn ln_enclosure(&self, at: Cut) -> Interval {
        let (tau, theta) = (Interval::point(at.tau), Interval::point(at.theta));
        let ln_c = (-(-tau).exp_m1() / tau).ln();
        let kept = self.terms.iter().map(|list| {
            list.iter()
                .map(|&(ln_factor, power, n)| {
                    let power = Interval::point(f64::from(power));
                    Interval::point(ln_factor) - power * (ln_c + Interval::point(n).ln())
                })
                .fold(Interval::point(f64::INFINITY), Interval::min)
        });
        let rate = (-Interval::point(self.ln_rho)).exp();
        let decay = Interval::point(self.others) * rate * -(-(theta * tau)).exp_m1();
        let order = Interval::point(f64::from(self.order));
        let rest = Interval::point(self.ln_rest) - order * (-theta).ln_1p() - decay;
        kept.fold(rest, Interval::ln_add)
    }

    /// The best cut found, in plain floats, and a float at least the logarithm of the sum there.
    fn minimise(&self) -> (Cut, f64) {
        let mut theta = Unit::logistic(1.5);
        let mut ln_tau = 0.0;
        for _ in 0..ROUNDS {
            ln_tau = minimise(-40.0, 4.0, |x| self.ln_value(x.exp(), theta)).at;
            let tau = ln_tau.exp();
            theta =
                Unit::logistic(minimise(-6.0, 12.0, |x| self.ln_value(tau, Unit::logistic(x))).at);
        }
        let cut = Cut {
            tau: ln_tau.exp(),
            theta: theta.value().clamp(LOWEST.exp(), 1f64.next_down()),
        };
        (cut, self.ln_enclosure(cut).upper())
    }
}

/// A float at least the sum of the floats.
fn sum_up(numbers: &[f64]) -> f64 {
    let sum: Interval = numbers.iter().map(|x| Interval::point(*x)).sum();
    sum.upper()
}

/// A float at least the logarithm of the float.
fn ln_up(number: f64) -> f64 {
    Interval::point(number).ln().upper()
}

/// T9 `capped-key-query-gradient` at its proof parameters, without `|z|^2`.
pub(in crate::bound) struct Capped {
    /// At least the logarithm of the bound.
    pub ln_value: f64,
    /// The cuts of the new bounds of `A` and `B`, with floats at least their logarithms.
    cuts: Option<[(Cut, f64); 2]>,
    covariances_dominate: bool,
}

/// `(sqrt(A) + sqrt(B))^2`, `A` the smallest of T4, T5 and `truncated-laplace`, `B` the smaller of `mixed-fourth-moment` and
/// `capped-fourth-moment`; `L >= 2`.
pub(in crate::bound) fn evaluate(moments: &GradientMoments, length: f64) -> Capped {
    let plain = key_query::evaluate(moments, length);
    let (mut first, mut fourth) = plain.ln_parts;
    let mut cuts = None;
    if length >= SHORTEST as f64 {
        let new = [
            CutIntegral::covariances(moments, length).minimise(),
            CutIntegral::mixed_fourth(moments, length).minimise(),
        ];
        first = first.min(new[0].1);
        fourth = fourth.min(new[1].1);
        cuts = Some(new);
    }
    Capped {
        ln_value: ln_square_of_sum(first, fourth).upper(),
        cuts,
        covariances_dominate: first >= fourth,
    }
}

pub(in crate::bound) fn bound(
    moments: &GradientMoments,
    query: &DVector<f64>,
    length: PromptLength,
    trivial: f64,
) -> Bound {
    let theorem = Theorem::CAPPED_KEY_QUERY_GRADIENT;
    if length.get() < 2 {
        return Bound::not_applicable(theorem, "L >= 2 is required");
    }
    let found = evaluate(moments, length.as_f64());
    let square = query_square(query);
    let dominant = if found.covariances_dominate {
        "weighted covariances: E|sum p_i V F_i|^2"
    } else {
        "error of the mean: E|V(mhat - m)|^2 |mhat - m|^2"
    };
    let value = times_query(found.ln_value, square);
    let mut bound = Bound::proved(theorem, value, trivial, dominant)
        .with_hypothesis("L", length.as_f64())
        .with_hypothesis("|z|^2", square)
        .with_hypothesis("ln rho", moments.first.rho)
        .with_hypothesis("ln E[w^2 |VF|^2]", moments.first.a2)
        .with_hypothesis("E|VF|^2", moments.first.f0)
        .with_hypothesis("ln sqrt(E[w^2 |VY|^2] E[w^2 |Y|^2])", moments.fourth.ln_a2)
        .with_hypothesis("ln E[w^2 |VY|^2 |Y|^2]", moments.ln_capped[0])
        .with_hypothesis("ln E[w^3 |VY|^2 |Y|^2]", moments.ln_capped[1])
        .with_hypothesis("ln E[w^4 |VY|^2 |Y|^2]", moments.fourth.ln_a4)
        .with_hypothesis("ln(|V|^2 E|Y|^4)", moments.fourth.ln_f4);
    if let Some([(first, ln_first), (fourth, ln_fourth)]) = found.cuts {
        bound = bound
            .with_hypothesis("ln A of truncated-laplace", ln_first)
            .with_hypothesis("ln B of capped-fourth-moment", ln_fourth)
            .with_parameter("tau of A", first.tau)
            .with_parameter("th of A", first.theta)
            .with_parameter("tau of B", fourth.tau)
            .with_parameter("th of B", fourth.theta);
    }
    bound
}
