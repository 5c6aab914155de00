//! T9 `value-gradient`: the squared error `m E|mhat - m(a)|^2` of the gradient in `V`.
//!
//! It is the output error of the value matrix that stacks `m` identities: `|V x|^2 = m |x|^2`. So T4 to T7 apply with
//! the moments of `V = I`, `A2` and `F0` times `m`, and with the spectrum that holds `m`, `d` times.

use crate::bound::Bound;
use crate::bound::moments::KnownMoments;
use crate::bound::moments::value_spectrum::ValueSpectrum;
use crate::bound::output::output_bounds;
use crate::bound::sub_gaussian::SubGaussianMoments;
use crate::bound::theorem::{ProofStatus, Statement, Theorem};
use crate::bound::vocabulary::{
    CHAT, GRADIENT_PROXY, LENGTH, QUERY, ROWS, SIGMA, SOURCE, TILT, constant, location,
};
use crate::error::Result;
use crate::parameter::{Dimension, PromptLength};

impl Theorem {
    /// T9.value `value-gradient`: The squared error of the gradient in V, known law.
    pub const VALUE_GRADIENT: Theorem = Theorem::new(&Statement {
        id: "T9.value",
        name: "value-gradient",
        title: "The squared error of the gradient in V, known law",
        statement: "m E|mhat - m(a)|^2 <= the smallest of T4, T5 and T15 for V = I, with m A2 and m F0; Gaussian tokens: \
        A2 = m e^{s^2} (tr Gamma + |Gamma a|^2)",
        hypotheses: &[
            "the cumulant generating function of the token law is finite and known",
            "L >= 2; T5: L >= 7, Gaussian tokens L >= 4; T15: L >= 3",
        ],
        constants: &[LENGTH, ROWS, CHAT, TILT],
        proof_idea: "The gradient of a scalar function of the output in V is an outer product with mhat. \
        m |mhat - m(a)|^2 is the squared output error of m identities stacked: T4, T5 and T15.",
        source: SOURCE,
        location: location(
            "bound::value_gradient_bounds",
            "src/bound/gradient/value.rs",
        ),
        status: ProofStatus::MachineChecked,
        lemmas: &[
            "proofs/known_law/known_law_bounds.v::value_gradient_chernoff",
            "proofs/known_law/known_law_bounds.v::value_gradient_laplace",
            "proofs/known_law/fractional_bounds.v::value_gradient_fractional",
        ],
    });

    /// T9.value.sub-gaussian `sub-gaussian-value-gradient`: The squared error of the gradient in V for a law known only through its variance proxy.
    pub const SUB_GAUSSIAN_VALUE_GRADIENT: Theorem = Theorem::new(&Statement {
        id: "T9.value.sub-gaussian",
        name: "sub-gaussian-value-gradient",
        title: "The squared error of the gradient in V for a law known only through its variance proxy",
        statement: "m E|mhat - m(a)|^2 <= the smallest of T6.chernoff, T6.laplace, T6.chernoff-entropy and T6.crude with nu_j = m for j = 1 .. d",
        hypotheses: &[GRADIENT_PROXY, "L >= 1"],
        constants: &[
            LENGTH,
            SIGMA,
            TILT,
            ROWS,
            constant("d", "dimension of a token"),
        ],
        proof_idea: "m |mhat - m(a)|^2 is the squared output error of m identities stacked, whose V V^T has the eigenvalue m \
        with multiplicity d, and zeros.",
        source: SOURCE,
        location: location(
            "bound::value_gradient_spectrum",
            "src/bound/gradient/value.rs",
        ),
        status: ProofStatus::ProvedOnPaper,
        lemmas: &[],
    });

    /// T9.value.uniform `uniform-value-gradient`: The squared error of the gradient in V averaged over a sub-Gaussian query.
    pub const UNIFORM_VALUE_GRADIENT: Theorem = Theorem::new(&Statement {
        id: "T9.value.uniform",
        name: "uniform-value-gradient",
        title: "The squared error of the gradient in V averaged over a sub-Gaussian query",
        statement: "E_z m E|mhat - m(a)|^2 <= T7 with nu_j = m for j = 1 .. d; Gaussian tokens and query: also the \
        integral of T9.value over the query",
        hypotheses: &[
            GRADIENT_PROXY,
            QUERY,
            "L >= 2",
            "0 < th < 1/2 (a proof parameter)",
        ],
        constants: &[LENGTH, SIGMA, ROWS, constant("d", "dimension of a token")],
        proof_idea: "m |mhat - m(a)|^2 is the squared output error of m identities stacked: T7.",
        source: SOURCE,
        location: location(
            "bound::value_gradient_spectrum",
            "src/bound/gradient/value.rs",
        ),
        status: ProofStatus::ProvedOnPaper,
        lemmas: &[],
    });
}

/// The spectrum of the stacked identities: `m` with multiplicity `d`.
///
/// # Errors
/// None, for dimensions that fit into memory.
///
/// # Examples
/// ```
/// use attention_bounds::bound::value_gradient_spectrum;
/// use attention_bounds::parameter::Dimension;
///
/// let values = value_gradient_spectrum(Dimension::new(2)?, Dimension::new(3)?)?;
/// assert_eq!((values.largest(), values.sum()), (2.0, 6.0));
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn value_gradient_spectrum(outputs: Dimension, tokens: Dimension) -> Result<ValueSpectrum> {
    ValueSpectrum::from_eigenvalues(vec![outputs.get() as f64; tokens.get()])
}

/// Bounds of `m E|mhat - m(a)|^2` at one query, in this order: trivial, T9 for the known law (the smallest of T4, T5 and T15),
/// T9 for the class (the smallest of T6.chernoff, T6.laplace, T6.chernoff-entropy and T6.crude).
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
    let of_law: Vec<Bound> = rest.by_ref().take(3).collect();
    // T15.chords is no part of T9.value, which is machine-checked.
    let of_class: Vec<Bound> = rest.skip(1).collect();
    let m = outputs.get() as f64;
    let bounds = [
        trivial,
        smallest(Theorem::VALUE_GRADIENT, of_law),
        smallest(Theorem::SUB_GAUSSIAN_VALUE_GRADIENT, of_class),
    ];
    let bounds = bounds.into_iter().flatten();
    Ok(bounds
        .map(|bound| match bound.value() {
            Some(_) => bound.with_hypothesis("m", m),
            None => bound,
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
        let none = || Bound::not_applicable(Theorem::LAPLACE_BOUND, "L >= 7 is required");
        let some = Bound::proved(Theorem::CHERNOFF_BOUND, 2.0, 3.0, "a term");
        let found = smallest(Theorem::VALUE_GRADIENT, vec![some, none()]).unwrap();
        assert_eq!(
            (found.theorem(), found.value()),
            (Theorem::VALUE_GRADIENT, Some(2.0))
        );
        assert!(smallest(Theorem::VALUE_GRADIENT, vec![none(), none()]).is_some());
    }
}
