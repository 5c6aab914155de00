//! T9 `value-gradient`: the squared error `m E|mhat - m(a)|^2` of the gradient in `V`.
//!
//! It is the output error of the value matrix that stacks `m` identities: `|V x|^2 = m |x|^2`. So T4 to T7 apply with
//! the moments of `V = I`, `A2` and `F0` times `m`, and with the spectrum that holds `m`, `d` times.

use crate::bound::moments::KnownMoments;
use crate::bound::moments::value_spectrum::ValueSpectrum;
use crate::bound::output::output_bounds;
use crate::bound::sub_gaussian::SubGaussianMoments;
use crate::bound::{Bound, Theorem};
use crate::error::Result;
use crate::parameter::{Dimension, PromptLength};

/// The spectrum of the stacked identities: `m` with multiplicity `d`.
///
/// # Errors
/// None, for dimensions that fit into memory.
pub fn value_gradient_spectrum(outputs: Dimension, tokens: Dimension) -> Result<ValueSpectrum> {
    ValueSpectrum::from_eigenvalues(vec![outputs.get() as f64; tokens.get()])
}

/// Bounds of `m E|mhat - m(a)|^2` at one query, in this order: trivial, T9 for the known law (the smaller of T4 and T5),
/// T9 for the class (the smallest of T6.chernoff, T6.laplace and T6.crude).
///
/// * `known`: moments of the law for `V = I`;
/// * `class`: variance proxy, tilt and [`value_gradient_spectrum`].
///
/// # Errors
/// If `m` times a moment is not finite.
pub fn value_gradient_bounds(
    known: &KnownMoments,
    class: &SubGaussianMoments<'_>,
    outputs: Dimension,
    length: PromptLength,
) -> Result<Vec<Bound>> {
    let known = known.times(outputs)?;
    let mut rest = output_bounds(Some(&known), Some(class), length).into_iter();
    let trivial = rest.next();
    let of_law: Vec<Bound> = rest.by_ref().take(2).collect();
    let of_class: Vec<Bound> = rest.collect();
    let m = outputs.get() as f64;
    Ok([
        trivial,
        smallest(Theorem::ValueGradient, of_law),
        smallest(Theorem::SubGaussianValueGradient, of_class),
    ]
    .into_iter()
    .flatten()
    .map(|bound| {
        if bound.value().is_some() {
            bound.with_hypothesis("m", m)
        } else {
            bound
        }
    })
    .collect())
}

/// The smallest of the bounds as a record of `theorem`; where none applies, the first one's reason.
fn smallest(theorem: Theorem, bounds: Vec<Bound>) -> Option<Bound> {
    bounds
        .into_iter()
        .min_by(|x, y| {
            let value = |b: &Bound| b.value().unwrap_or(f64::INFINITY);
            value(x).total_cmp(&value(y))
        })
        .map(|bound| bound.under(theorem))
}

#[cfg(test)]
mod tests {
    use crate::bound::gradient::value::*;

    #[test]
    fn a_bound_without_a_value_is_never_the_smallest_of_several() {
        let none = || Bound::not_applicable(Theorem::LaplaceBound, "L >= 7 is required");
        let some = Bound::proved(Theorem::ChernoffBound, 2.0, 3.0, "a term");
        let found = smallest(Theorem::ValueGradient, vec![some, none()]).unwrap();
        assert_eq!(
            (found.theorem(), found.value()),
            (Theorem::ValueGradient, Some(2.0))
        );
        assert!(smallest(Theorem::ValueGradient, vec![none(), none()]).is_some());
    }
}
