//! T6 `output-concentration`: every pointwise bound of the squared output error of one query.

use super::moments::KnownMoments;
use super::sub_gaussian::{SubGaussianMoments, crude_bound};
use super::{Bound, Theorem, chernoff, laplace};
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
            bounds.push(chernoff::bound(
                Theorem::ChernoffBound,
                &moments,
                length,
                least,
            ));
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
                class.describe(bound).with_parameter("lam", second.lambda)
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
    let jensen = "Jensen: L F0";
    let candidates = [
        known.map(|k| {
            let value = Interval::point(length.as_f64()) * Interval::point(k.f0());
            (value.upper(), jensen)
        }),
        known
            .and_then(KnownMoments::radius_squared)
            .map(|r| (r, "bounded support: sup |V(x - m(a))|^2")),
        known.and_then(KnownMoments::gaussian_output).map(|g| {
            let value = Interval::point(g.tau_v()) + Interval::point(g.eta());
            (value.upper(), "Gaussian tokens: tau_V + eta")
        }),
        sub_gaussian.map(|class| (class.trivial(length), "Jensen: L (sigma^2 |V|_F^2 + |c|^2)")),
    ];
    let least = candidates
        .into_iter()
        .flatten()
        .min_by(|x, y| x.0.total_cmp(&y.0));
    match least {
        Some((value, dominant)) => {
            let bound = Bound::proved(Theorem::TrivialBound, value, value, dominant)
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
