//! T6 `output-concentration`: every pointwise bound of the squared output error of one query.

use super::moments::KnownMoments;
use super::sub_gaussian::{SubGaussianMoments, crude_bound};
use super::{Bound, Formula, GaussianOutput, SecondMoment, Theorem, chernoff, laplace};
use crate::interval::Interval;
use crate::parameter::PromptLength;

const LAW_UNKNOWN: &str = "the token law must be known (its cumulant generating function)";
const PROXY_UNKNOWN: &str = "a variance proxy of the token law must be known";

/// Every bound of `E|That - T|^2` at one query and one prompt length, in this order: trivial, T4, T5,
/// T6 by T4, T6 by T5, crude.
///
/// * `known`: the moments of the token law at the tilt of the query; without them T4 and T5 do not apply.
/// * `sub_gaussian`: variance proxy, tilt norm and value spectrum; without them T6's own do not apply.
///
/// Values are upper ends of enclosures at the reported hypotheses and parameters, never clamped; one that
/// overflows is `+inf` and vacuous.
/// No monotonicity in `L` is promised.
pub fn output_bounds(
    known: Option<&KnownMoments>,
    sub_gaussian: Option<&SubGaussianMoments<'_>>,
    length: PromptLength,
) -> Vec<Bound> {
    let trivial = trivial_bound(known, sub_gaussian, length);
    let least = trivial.value().unwrap_or(f64::INFINITY);
    let mut bounds = vec![trivial];
    match known {
        Some(known) => {
            let moments = known.logarithms();
            let chernoff = chernoff::bound(Theorem::ChernoffBound, &moments, length, least);
            bounds.push(match known.gaussian_output() {
                Some(gaussian) => in_gaussian_terms(chernoff, gaussian),
                None => chernoff,
            });
            bounds.push(match known.gaussian_output() {
                Some(gaussian) => laplace::gaussian_bound(gaussian, length, least),
                None => laplace::bound(Theorem::LaplaceBound, &moments, length, least),
            });
        }
        None => {
            for theorem in [Theorem::ChernoffBound, Theorem::LaplaceBound] {
                bounds.push(Bound::not_applicable(theorem, LAW_UNKNOWN));
            }
        }
    }
    match sub_gaussian {
        Some(class) => {
            let (moments, second) = class.logarithms();
            let describe = |bound: Bound| {
                if bound.value().is_none() {
                    return bound;
                }
                in_class_terms(class.describe(bound), class, second.lambda)
                    .with_parameter("lam", second.lambda)
            };
            let theorem = Theorem::SubGaussianChernoff;
            bounds.push(describe(chernoff::bound(theorem, &moments, length, least)));
            let theorem = Theorem::SubGaussianLaplace;
            bounds.push(describe(laplace::bound(theorem, &moments, length, least)));
            bounds.push(crude_bound(class, length, least));
        }
        None => {
            for theorem in [
                Theorem::SubGaussianChernoff,
                Theorem::SubGaussianLaplace,
                Theorem::CrudeBound,
            ] {
                bounds.push(Bound::not_applicable(theorem, PROXY_UNKNOWN));
            }
        }
    }
    bounds
}

/// T4 of Gaussian tokens as a formula in `s^2`, `tau_V` and `eta`, of which the moments are upper bounds.
fn in_gaussian_terms(bound: Bound, gaussian: &GaussianOutput) -> Bound {
    let formula = match bound.formula() {
        Some(Formula::Chernoff { length, delta, .. }) => Some(Formula::GaussianChernoff {
            score_variance: gaussian.score_variance(),
            tau_v: gaussian.tau_v(),
            eta: gaussian.eta(),
            length: *length,
            delta: *delta,
        }),
        other => other.cloned(),
    };
    bound.with_formula(formula)
}

/// T4 and T5 of a sub-Gaussian class as formulas in which `A2` is that of T6.
fn in_class_terms(bound: Bound, class: &SubGaussianMoments<'_>, lambda: f64) -> Bound {
    let mut formula = bound.formula().cloned();
    if let (Some(Formula::Chernoff { a2, .. } | Formula::Laplace { a2, .. }), Some(class)) =
        (&mut formula, class.at_lambda(lambda))
    {
        *a2 = SecondMoment::SubGaussian(class);
    }
    bound.with_formula(formula)
}

/// The bound that every other is compared with, the smallest of those whose constants are known:
///
/// * `L F0`, the Jensen step of T4: `E|sum_i p_i f_i|^2 <= sum_i E|f_i|^2`, with `F0` of the law, or
///   `sigma^2 |V|_F^2 + |c|^2` of the sub-Gaussian class;
/// * `sup |V(x - m(a))|^2` over a bounded support, for `That` lies in its convex hull;
/// * `tau_V + eta` for Gaussian tokens (T3 with `r_2 <= 1`).
///
/// Does not apply if neither a law nor a proxy is given.
pub fn trivial_bound(
    known: Option<&KnownMoments>,
    sub_gaussian: Option<&SubGaussianMoments<'_>>,
    length: PromptLength,
) -> Bound {
    let candidates = [
        known.map(|k| {
            let (l, f0) = (length.as_f64(), k.f0());
            let value = Interval::point(l) * Interval::point(f0);
            (
                value.upper(),
                "Jensen: L F0",
                Formula::Jensen { length: l, f0 },
            )
        }),
        known.and_then(KnownMoments::radius_squared).map(|r| {
            let dominant = "bounded support: sup |V(x - m(a))|^2";
            (r, dominant, Formula::Constant(r))
        }),
        known.and_then(KnownMoments::gaussian_output).map(|g| {
            let (tau_v, eta) = (g.tau_v(), g.eta());
            let value = Interval::point(tau_v) + Interval::point(eta);
            let dominant = "Gaussian tokens: tau_V + eta";
            (value.upper(), dominant, Formula::Variance { tau_v, eta })
        }),
        sub_gaussian.map(|class| {
            let (l, f0) = (length.as_f64(), class.f0());
            let dominant = "Jensen: L (sigma^2 |V|_F^2 + |c|^2)";
            (
                class.trivial(length.as_f64()),
                dominant,
                Formula::Jensen { length: l, f0 },
            )
        }),
    ];
    let least = candidates
        .into_iter()
        .flatten()
        .min_by(|x, y| x.0.total_cmp(&y.0));
    match least {
        Some((value, dominant, formula)) => {
            let bound = Bound::proved(Theorem::TrivialBound, value, value, dominant)
                .with_formula(Some(formula))
                .with_hypothesis("L", length.as_f64());
            match known {
                Some(known) => bound.with_hypothesis("F0", known.f0()),
                None => bound,
            }
        }
        None => Bound::not_applicable(
            Theorem::TrivialBound,
            "the token law or a variance proxy must be known",
        ),
    }
}
