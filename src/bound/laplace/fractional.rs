//! T15 `fractional-moments`: moments of the weight of an order below 2, for heavy scores.

use std::sync::LazyLock;

use crate::bound::logarithm::ln_add;
use crate::bound::moments::fractional::{FractionalMoments, ORDERS, order};
use crate::bound::moments::weight_staircase::GRID_STEP;
use crate::bound::theorem::{ProofStatus, Statement, Theorem};
use crate::bound::vocabulary::{CENTRED, F0, LENGTH, constant, location};
use crate::bound::{Bound, GaussianOutput};
use crate::interval::Interval;
use crate::parameter::PromptLength;

impl Theorem {
    /// T15 `fractional-moments`: Explicit bound of the squared error for heavy scores.
    pub const FRACTIONAL_MOMENTS: Theorem = Theorem::new(&Statement {
        id: "T15",
        name: "fractional-moments",
        title: "Explicit bound of the squared error for heavy scores",
        statement: "E|sum p_i f(X_i)|^2 <= k_q A_q L / (c(L-1))^q + Gamma(2q') M_{q'} A_{q'} L(L-1) / (c(L-2))^{2q'} \
        + e^{-th} L F0 phi(th t_0)^{L-1} / (1-th), c = -ln phi(t_0) / t_0, k_q = Gamma(q) ((2-q)/e)^{2-q}; Gaussian tokens: \
        A_q = M_q (tau_V + (q-1)^2 eta), and E|That - T|^2 <= (tau_V + eta) [ k_q M_q L / (c(L-1))^q + e^{-th} phi(th t_0)^L / (1-th) ]; phi may be replaced by any upper bound of it",
        hypotheses: &[
            CENTRED,
            "L >= 3",
            "1 <= q, q' <= 2, t_0 > 0, 0 < th < 1 (proof parameters)",
        ],
        constants: &[
            LENGTH,
            constant("M_q", "E w^q = exp(Lam(q a) - q Lam(a))"),
            constant("A_q", "E[w^q |f|^2]"),
            F0,
            constant("phi(t)", "E e^{-t w}"),
        ],
        proof_idea: "T2 cut at t_0. Below it ln phi is convex and 0 at 0, so phi(t) <= e^{-ct}; w^{2-q} e^{-tw} <= ((2-q)/(et))^{2-q} bounds h, \
        and 1 - e^{-x} <= x^{q'-1} with E[w f] = 0 bounds g. Beyond it |sum p_i f_i|^2 <= sum |f_i|^2 and (1+x) e^{-x} <= e^{-th - th x} / (1-th).",
        source: "this project, docs/theory.md section 15",
        location: location("bound::output_bounds", "src/bound/output.rs"),
        status: ProofStatus::MachineChecked,
        lemmas: &[
            "proofs/laplace/fractional.v::fractional_moments",
            "proofs/laplace/fractional.v::fractional_participation",
            "proofs/gaussian/gaussian_fractional.v::gaussian_fractional",
            "proofs/gaussian/gaussian_fractional.v::gaussian_sharp_fractional",
        ],
    });
}

/// T15 at its proof parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::bound) struct Fractional {
    target: Target,
    /// The logarithm of the bound, in plain floats: for the search only.
    pub ln_value: f64,
    single: usize,
    pairs: usize,
    ln_cut: f64,
    ln_far: f64,
}

/// What is bounded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::bound) enum Target {
    /// `E|sum p_i f(X_i)|^2` with this `ln F0`.
    Error(f64),
    /// `E P_2`, with `M_q` in the place of `A_q`.
    Participation,
}

impl Target {
    /// The moments of the first term.
    pub(super) fn single(self, moments: &FractionalMoments) -> &[f64; ORDERS] {
        match self {
            Self::Error(_) => &moments.square,
            Self::Participation => &moments.weight,
        }
    }
}

/// How far below `-ln L` the values of `ln t_0` and `ln(th t_0)` that are tried begin.
pub(super) const BELOW: f64 = 2.25;
/// How many steps of the grid `th t_0` is below `t_0` at most: `th >= e^-5`.
const SMALLEST_SHARE: usize = 20;
/// Relative error that is allowed for `Gamma`.
const GAMMA: f64 = 1e-13;

/// `ln k_q`.
fn ln_k(number: usize) -> Interval {
    ln_gamma(order(number)) + Interval::point(ln_power(number))
}

/// `ln ((2-q)/e)^{2-q}`, from above.
pub(super) fn ln_power(number: usize) -> f64 {
    let rest = 2.0 - order(number);
    if rest > 0.0 {
        (Interval::point(rest) * (Interval::point(rest).ln() - Interval::ONE)).upper()
    } else {
        0.0
    }
}

/// `ln Gamma(x)` from above, for `1 <= x <= 4`.
pub(super) fn ln_gamma(x: f64) -> Interval {
    Interval::point(libm::tgamma(x) * (1.0 + GAMMA)).ln()
}

/// `ln k_q` and `ln Gamma(2q)` of every order, in plain floats.
static FACTORS: LazyLock<[(f64, f64); ORDERS]> = LazyLock::new(|| {
    std::array::from_fn(|number| {
        let twice = ln_gamma(2.0 * order(number));
        (ln_k(number).upper(), twice.upper())
    })
});

/// `-th - ln(1 - th)` for `th t_0` one step of the grid below `t_0`, two, ..
static SHARES: LazyLock<[f64; SMALLEST_SHARE]> = LazyLock::new(|| {
    std::array::from_fn(|steps| {
        let theta = (-GRID_STEP * (steps + 1) as f64).exp();
        -theta - (-theta).ln_1p()
    })
});

fn list_of(list: &[(f64, f64); ORDERS], number: usize) -> (f64, f64) {
    list.get(number)
        .copied()
        .unwrap_or((f64::INFINITY, f64::INFINITY))
}

/// The last term and `ln(th t_0)`, for the `t_0` at this place of the grid and every `th t_0` below it.
pub(super) fn far_logarithms(
    grid: &[(f64, f64)],
    place: usize,
    target: Target,
    length: f64,
) -> impl Iterator<Item = (f64, f64)> {
    let (ln_f0, power) = match target {
        Target::Error(ln_f0) => (ln_f0 + length.ln(), length - 1.0),
        Target::Participation => (0.0, length),
    };
    let places = grid.iter().take(place).rev().zip(&*SHARES);
    places.map(move |(&(ln_far, far), share)| (ln_f0 + share - power * far, ln_far))
}

/// Searches proof parameters in plain floats.
pub(in crate::bound) fn search(
    moments: &FractionalMoments,
    target: Target,
    length: f64,
) -> Option<Fractional> {
    let ln_length = length.ln();
    // Below, phi(t)^L is next to 1.
    let grid = moments.staircase.grid().iter();
    let grid: Vec<_> = grid
        .filter(|(ln_t, _)| *ln_t > -ln_length - BELOW)
        .copied()
        .collect();
    let list = target.single(moments);
    let mut best: Option<Fractional> = None;
    for (place, &(ln_cut, exponent)) in grid.iter().enumerate() {
        let ln_c = exponent.ln() - ln_cut;
        if !ln_c.is_finite() {
            continue;
        }
        let least = |f: &dyn Fn(usize) -> f64| {
            (0..ORDERS)
                .map(|number| (f(number), number))
                .min_by(|x, y| x.0.total_cmp(&y.0))
                .unwrap_or((f64::INFINITY, 0))
        };
        let (one, single) = least(&|number| {
            let part = list.get(number).copied().unwrap_or(f64::INFINITY);
            list_of(&FACTORS, number).0 + part + ln_length
                - order(number) * (ln_c + (length - 1.0).ln())
        });
        let (two, pairs) = match target {
            Target::Error(_) => least(&|number| {
                let of = |list: &[f64; ORDERS]| list.get(number).copied().unwrap_or(f64::INFINITY);
                let twice = 2.0 * order(number);
                list_of(&FACTORS, number).1
                    + of(&moments.weight)
                    + of(&moments.square)
                    + ln_length
                    + (length - 1.0).ln()
                    - twice * (ln_c + (length - 2.0).ln())
            }),
            Target::Participation => (f64::NEG_INFINITY, 0),
        };
        let body = ln_add(one, two);
        // The best `th` for this `t_0`.
        let rests = far_logarithms(&grid, place, target, length);
        let Some((rest, ln_far)) = rests.min_by(|x, y| x.0.total_cmp(&y.0)) else {
            continue;
        };
        let ln_value = ln_add(body, rest);
        if best.is_none_or(|found| ln_value < found.ln_value) {
            best = Some(Fractional {
                target,
                ln_value,
                single,
                pairs,
                ln_cut,
                ln_far,
            });
        }
    }
    best
}

impl Fractional {
    /// The logarithm of T15 at the proof parameters found, enclosed from above.
    pub fn ln_enclosure(&self, moments: &FractionalMoments, length: f64) -> Interval {
        let point = Interval::point;
        let l = point(length);
        let (_, c) = moments.staircase.ln_transform(self.ln_cut);
        let (ln_phi_far, _) = moments.staircase.ln_transform(self.ln_far);
        let ln_c = point(c.lower()).ln();
        let of = |list: &[f64; ORDERS], number: usize| {
            point(list.get(number).copied().unwrap_or(f64::INFINITY))
        };
        let list = self.target.single(moments);
        let single = ln_k(self.single) + of(list, self.single) + l.ln()
            - point(order(self.single)) * (ln_c + (l - Interval::ONE).ln());
        let theta = (point(self.ln_far) - point(self.ln_cut)).exp();
        let far = -theta - (-theta).ln_1p();
        let ln_phi_far = point(ln_phi_far.upper());
        match self.target {
            Target::Participation => single.ln_add(far + l * ln_phi_far),
            Target::Error(ln_f0) => {
                let twice = point(2.0 * order(self.pairs));
                let others = l - Interval::ONE;
                let pairs = ln_gamma(2.0 * order(self.pairs))
                    + of(&moments.weight, self.pairs)
                    + of(&moments.square, self.pairs)
                    + l.ln()
                    + others.ln()
                    - twice * (ln_c + (l - point(2.0)).ln());
                let far = far + point(ln_f0) + l.ln() + others * ln_phi_far;
                single.ln_add(pairs).ln_add(far)
            }
        }
    }

    fn describe(&self, bound: Bound) -> Bound {
        let bound = bound
            .with_parameter("q", order(self.single))
            .with_parameter("ln t_0", self.ln_cut)
            .with_parameter("ln th t_0", self.ln_far);
        match self.target {
            Target::Error(_) => bound.with_parameter("q'", order(self.pairs)),
            Target::Participation => bound,
        }
    }
}

pub(super) const SHORT: &str = "L >= 3 is required";
pub(super) const HEAVY: &str = "no proof parameters were found: the weights are too heavy";

pub(in crate::bound) fn bound(
    moments: &FractionalMoments,
    f0: f64,
    length: PromptLength,
    trivial: f64,
) -> Bound {
    let theorem = Theorem::FRACTIONAL_MOMENTS;
    if length.get() < 3 {
        return Bound::not_applicable(theorem, SHORT);
    }
    let target = Target::Error(Interval::point(f0).ln().upper());
    let Some(found) = search(moments, target, length.as_f64()) else {
        return Bound::not_applicable(theorem, HEAVY);
    };
    let value = found.ln_enclosure(moments, length.as_f64()).exp();
    let bound = Bound::proved(theorem, value.upper(), trivial, "fractional moments")
        .with_hypothesis("L", length.as_f64())
        .with_hypothesis("F0", f0);
    found.describe(bound)
}

/// For Gaussian tokens, per unit of `tau_V + eta`: the better of T15 for the error and for the participation, of which the error is at most as much.
pub(in crate::bound) fn gaussian_search(
    moments: &FractionalMoments,
    length: f64,
) -> Option<Fractional> {
    let found = [Target::Error(0.0), Target::Participation]
        .into_iter()
        .filter_map(|target| search(moments, target, length));
    found.min_by(|x, y| x.ln_value.total_cmp(&y.ln_value))
}

pub(in crate::bound) fn gaussian_bound(
    output: &GaussianOutput,
    moments: &FractionalMoments,
    length: PromptLength,
    trivial: f64,
) -> Bound {
    let theorem = Theorem::FRACTIONAL_MOMENTS;
    if length.get() < 3 {
        return Bound::not_applicable(theorem, SHORT);
    }
    let Some(found) = gaussian_search(moments, length.as_f64()) else {
        return Bound::not_applicable(theorem, HEAVY);
    };
    let scale = Interval::point(output.tau_v()) + Interval::point(output.eta());
    let value = scale * found.ln_enclosure(moments, length.as_f64()).exp();
    let bound = Bound::proved(theorem, value.upper(), trivial, "fractional moments")
        .with_hypothesis("L", length.as_f64())
        .with_hypothesis("s^2", output.score_variance())
        .with_hypothesis("tau_V", output.tau_v())
        .with_hypothesis("eta", output.eta());
    found.describe(bound)
}
