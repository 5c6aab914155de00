//! T15.chords `two-chord-fractional-moments`: T15 with a second chord of `ln phi`, and with the largest eigenvalue in its term of pairs.

use std::sync::LazyLock;

use crate::bound::laplace::fractional::{
    BELOW, HEAVY, SHORT, Target, far_logarithms, ln_gamma, ln_power,
};
use crate::bound::logarithm::ln_add;
use crate::bound::moments::fractional::{FractionalMoments, ORDERS, order};
use crate::bound::theorem::{ProofStatus, Statement, Theorem};
use crate::bound::vocabulary::{CENTRED, F0, LENGTH, constant, location};
use crate::bound::{Bound, GaussianOutput};
use crate::interval::Interval;
use crate::parameter::PromptLength;

impl Theorem {
    /// T15.chords `two-chord-fractional-moments`: T15 with a second chord of `ln phi`.
    pub const TWO_CHORD_FRACTIONAL_MOMENTS: Theorem = Theorem::new(&Statement {
        id: "T15.chords",
        name: "two-chord-fractional-moments",
        title: "T15 with a second chord of ln phi",
        statement: "E|sum p_i f(X_i)|^2 <= k_q A_q L [ 1/(c(L-1))^q + e_1^{L-1} t_1^{q-2} (t_1/b + 1/b^2) / Gamma(q) ] \
        + M_{q'} B_{q'} L(L-1) [ Gamma(2q') / (c(L-2))^{2q'} + e_1^{L-2} t_1^{2q'-4} (t_1^3/d + 3 t_1^2/d^2 + 6 t_1/d^3 + 6/d^4) ] \
        + e^{-th} L F0 phi(th t_0)^{L-1} / (1-th), e_1 = phi(t_1), c = -ln phi(t_1) / t_1, c_2 = ln(phi(t_1) / phi(t_0)) / (t_0 - t_1), \
        b = c_2 (L-1), d = c_2 (L-2); Gaussian tokens: also (tau_V + eta) [ k_q M_q L [..] + e^{-th} phi(th t_0)^L / (1-th) ]; phi may be replaced by any upper bound of it",
        hypotheses: &[
            CENTRED,
            "L >= 3",
            "1 <= q, q' <= 2, 0 < t_1 < t_0, 0 < th < 1 (proof parameters)",
        ],
        constants: &[
            LENGTH,
            constant("M_q, A_q, k_q", "see T15"),
            constant(
                "B_q",
                "sup over |u| = 1 of E[w^q <u, f>^2] where it is computed, otherwise A_q",
            ),
            F0,
            constant("phi(t)", "E e^{-t w}"),
        ],
        proof_idea: "As T15, but ln phi is below its chords over [0, t_1] and [t_1, t_0], t^{q-1} <= t_1^{q-2} t beyond t_1, and \
        |g(t)| = sup <u, g(t)> over |u| = 1, so that Cauchy-Schwarz is needed in one direction only.",
        source: "this project, docs/theory.md section 15",
        location: location("bound::output_bounds", "src/bound/output.rs"),
        status: ProofStatus::ProvedOnPaper,
        lemmas: &[],
    });
}

/// How many steps of the grid `t_1` is below `t_0` at most: a factor `e^5`.
const KNEES: usize = 20;

/// The bound at its proof parameters.
#[derive(Debug, Clone, Copy)]
struct Chords {
    target: Target,
    /// The logarithm of the bound, in plain floats: for the search only.
    ln_value: f64,
    single: usize,
    pairs: usize,
    ln_knee: f64,
    ln_cut: f64,
    ln_far: f64,
}

/// What stands for `A_q` in the term of pairs.
fn of_pairs(moments: &FractionalMoments) -> &[f64; ORDERS] {
    moments.largest.as_ref().unwrap_or(&moments.square)
}

fn at(list: &[f64; ORDERS], number: usize) -> f64 {
    list.get(number).copied().unwrap_or(f64::INFINITY)
}

/// The terms up to `t_1` at every order, and the order of the smallest.
fn least(term: impl Fn(usize) -> f64) -> (f64, usize) {
    (0..ORDERS)
        .map(|number| (term(number), number))
        .min_by(|x, y| x.0.total_cmp(&y.0))
        .unwrap_or((f64::INFINITY, 0))
}

/// What comes first at one `t_1`: whatever `t_0` is, the bound is at least as much.
struct Knee {
    ln_t: f64,
    /// `-ln phi(t_1)`.
    exponent: f64,
    single: (f64, usize),
    pairs: Option<(f64, usize)>,
}

/// Searches proof parameters in plain floats.
fn search(moments: &FractionalMoments, target: Target, length: f64) -> Option<Chords> {
    let (ln_length, others, rest) = (length.ln(), length - 1.0, length - 2.0);
    let grid: Vec<(f64, f64)> = moments
        .staircase
        .grid()
        .iter()
        .filter(|(ln_t, exponent)| *ln_t > -ln_length - BELOW && *exponent > 0.0)
        .copied()
        .collect();
    let list = target.single(moments);
    let knees: Vec<Knee> = grid
        .iter()
        .map(|&(ln_t, exponent)| {
            let ln_c = exponent.ln() - ln_t;
            let single = least(|number| {
                let [power, of_gamma, _] = factors(number);
                power + of_gamma + at(list, number) + ln_length
                    - order(number) * (ln_c + others.ln())
            });
            let pairs = || {
                least(|number| {
                    let twice = 2.0 * order(number);
                    factors(number)[2]
                        + at(&moments.weight, number)
                        + at(of_pairs(moments), number)
                        + ln_length
                        + others.ln()
                        - twice * (ln_c + rest.ln())
                })
            };
            Knee {
                ln_t,
                exponent,
                single,
                pairs: matches!(target, Target::Error(_)).then(pairs),
            }
        })
        .collect();
    let mut best: Option<Chords> = None;
    for (place, &(ln_cut, at_cut)) in grid.iter().enumerate() {
        let far = far_logarithms(&grid, place, target, length);
        let Some((far, ln_far)) = far.min_by(|x, y| x.0.total_cmp(&y.0)) else {
            continue;
        };
        let worse = |value: f64| best.is_some_and(|found| found.ln_value <= value);
        if worse(far) {
            continue;
        }
        let mut here = best;
        for knee in knees.iter().take(place).rev().take(KNEES) {
            let first = knee
                .pairs
                .map_or(knee.single.0, |pairs| ln_add(knee.single.0, pairs.0));
            if here.is_some_and(|found| found.ln_value <= first) {
                continue;
            }
            let t = knee.ln_t.exp();
            let chord = (at_cut - knee.exponent) / (ln_cut.exp() - t);
            let (b, d) = (chord * others, chord * rest);
            if !(d > 0.0) {
                continue;
            }
            let q = order(knee.single.1);
            let beyond = factors(knee.single.1)[0] + at(list, knee.single.1) + ln_length
                - others * knee.exponent
                + (q - 2.0) * knee.ln_t
                + ((t + 1.0 / b) / b).ln();
            let mut ln_value = ln_add(far, ln_add(knee.single.0, beyond));
            if let Some((value, number)) = knee.pairs {
                let polynomial = (((6.0 / d + 6.0 * t) / d + 3.0 * t * t) / d + t * t * t) / d;
                let beyond = at(&moments.weight, number)
                    + at(of_pairs(moments), number)
                    + ln_length
                    + others.ln()
                    - rest * knee.exponent
                    + (2.0 * order(number) - 4.0) * knee.ln_t
                    + polynomial.ln();
                ln_value = ln_add(ln_value, ln_add(value, beyond));
            }
            if ln_value.is_finite() && here.is_none_or(|found| ln_value < found.ln_value) {
                here = Some(Chords {
                    target,
                    ln_value,
                    single: knee.single.1,
                    pairs: knee.pairs.map_or(0, |pairs| pairs.1),
                    ln_knee: knee.ln_t,
                    ln_cut,
                    ln_far,
                });
            }
        }
        best = here;
    }
    best
}

/// `ln ((2-q)/e)^{2-q}`, `ln Gamma(q)` and `ln Gamma(2q)` of every order, in plain floats.
static FACTORS: LazyLock<[[f64; 3]; ORDERS]> = LazyLock::new(|| {
    std::array::from_fn(|number| {
        let q = order(number);
        [
            ln_power(number),
            ln_gamma(q).upper(),
            ln_gamma(2.0 * q).upper(),
        ]
    })
});

fn factors(number: usize) -> [f64; 3] {
    FACTORS.get(number).copied().unwrap_or([f64::INFINITY; 3])
}

impl Chords {
    /// The logarithm of the bound at the proof parameters found, enclosed from above.
    fn ln_enclosure(&self, moments: &FractionalMoments, length: f64) -> Interval {
        let point = Interval::point;
        let l = point(length);
        let (others, rest) = (l - Interval::ONE, l - point(2.0));
        let (at_knee, c) = moments.staircase.ln_transform(self.ln_knee);
        let (at_cut, _) = moments.staircase.ln_transform(self.ln_cut);
        let (at_knee, at_cut) = (point(at_knee.upper()), point(at_cut.upper()));
        let (at_far, _) = moments.staircase.ln_transform(self.ln_far);
        let ln_c = point(c.lower()).ln();
        let (ln_t, cut) = (point(self.ln_knee), point(self.ln_cut).exp());
        let t = ln_t.exp();
        // A chord that is not known to fall bounds nothing.
        let chord = ((at_knee - at_cut) / (cut - t)).lower();
        if !(chord > 0.0) {
            return point(f64::INFINITY);
        }
        let q = point(order(self.single));
        let of = |list: &[f64; ORDERS], number| point(at(list, number));
        let head = ln_gamma(order(self.single)) - q * (ln_c + others.ln());
        let b = point(chord) * others;
        let tail = others * at_knee + (q - point(2.0)) * ln_t + ((t + Interval::ONE / b) / b).ln();
        let single = point(ln_power(self.single))
            + of(self.target.single(moments), self.single)
            + l.ln()
            + head.ln_add(tail);
        let theta = (point(self.ln_far) - point(self.ln_cut)).exp();
        let far = -theta - (-theta).ln_1p();
        let at_far = point(at_far.upper());
        let Target::Error(ln_f0) = self.target else {
            return single.ln_add(far + l * at_far);
        };
        let twice = point(2.0 * order(self.pairs));
        let head = ln_gamma(2.0 * order(self.pairs)) - twice * (ln_c + rest.ln());
        let d = point(chord) * rest;
        let six = point(6.0);
        let polynomial = (((six / d + six * t) / d + point(3.0) * t.square()) / d + t.powi(3)) / d;
        let tail = rest * at_knee + (twice - point(4.0)) * ln_t + polynomial.ln();
        let pairs = of(&moments.weight, self.pairs)
            + of(of_pairs(moments), self.pairs)
            + l.ln()
            + others.ln()
            + head.ln_add(tail);
        let far = far + point(ln_f0) + l.ln() + others * at_far;
        single.ln_add(pairs).ln_add(far)
    }

    fn describe(&self, bound: Bound) -> Bound {
        let bound = bound
            .with_parameter("q", order(self.single))
            .with_parameter("ln t_1", self.ln_knee)
            .with_parameter("ln t_0", self.ln_cut)
            .with_parameter("ln th t_0", self.ln_far);
        match self.target {
            Target::Error(_) => bound.with_parameter("q'", order(self.pairs)),
            Target::Participation => bound,
        }
    }
}

/// T15.chords at the best proof parameters found; for Gaussian tokens the moments are per unit of `tau_V + eta`.
pub(in crate::bound) fn bound(
    moments: &FractionalMoments,
    gaussian: Option<&GaussianOutput>,
    f0: f64,
    length: PromptLength,
    trivial: f64,
) -> Bound {
    let theorem = Theorem::TWO_CHORD_FRACTIONAL_MOMENTS;
    if length.get() < 3 {
        return Bound::not_applicable(theorem, SHORT);
    }
    let l = length.as_f64();
    let found = match gaussian {
        Some(_) => [Target::Error(0.0), Target::Participation]
            .into_iter()
            .filter_map(|target| search(moments, target, l))
            .min_by(|x, y| x.ln_value.total_cmp(&y.ln_value)),
        None => search(moments, Target::Error(Interval::point(f0).ln().upper()), l),
    };
    let Some(found) = found else {
        return Bound::not_applicable(theorem, HEAVY);
    };
    let scale = match gaussian {
        Some(output) => Interval::point(output.tau_v()) + Interval::point(output.eta()),
        None => Interval::ONE,
    };
    let value = scale * found.ln_enclosure(moments, l).exp();
    let bound = Bound::proved(theorem, value.upper(), trivial, "fractional moments")
        .with_hypothesis("L", l);
    let bound = match gaussian {
        Some(output) => bound
            .with_hypothesis("s^2", output.score_variance())
            .with_hypothesis("tau_V", output.tau_v())
            .with_hypothesis("eta", output.eta()),
        None => bound.with_hypothesis("F0", f0),
    };
    found.describe(bound)
}
