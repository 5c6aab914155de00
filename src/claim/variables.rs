//! What a formula may speak of, and the values at a query.

use nalgebra::DVector;

use crate::attention::Head;
use crate::bound::{GaussianOutput, KnownMoments};
use crate::error::Result;
use crate::law::{LawKind, TokenLaw, operator_norm};

/// What a formula may speak of, in the order in which [`Formula::new`](super::Formula::new) is given them.
///
/// `L` prompt length; `d` token dimension; `sigma` sub-Gaussian parameter (square root of the variance proxy); `norm_U`, `norm_V`
/// operator norms; and at a query: `s` standard deviation of a score, `norm_a` length of the tilt, `rho`, `kap`, `A2`, `F0` of the theory pages.
pub const VARIABLES: [&str; 11] = [
    "L", "d", "sigma", "norm_U", "norm_V", "s", "norm_a", "rho", "kap", "A2", "F0",
];
/// Variables before this place do not depend on the query.
pub const OF_THE_QUERY: usize = 5;

/// The variables that depend neither on the length nor on the query: `d`, `sigma`, `norm_U`, `norm_V`.
///
/// # Examples
/// ```
/// use attention_bounds::claim::of_setting;
/// use attention_bounds::nalgebra::{self, dmatrix};
/// use attention_bounds::{Gaussian, Head};
///
/// let head = Head::new(dmatrix![2.0], dmatrix![3.0])?;
/// assert_eq!(of_setting(&Gaussian::centred(dmatrix![0.25])?, &head), [1.0, 0.5, 2.0, 3.0]);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn of_setting(tokens: &dyn TokenLaw, head: &Head) -> [f64; OF_THE_QUERY - 1] {
    [
        tokens.dimension() as f64,
        tokens.variance_proxy().proxy.sigma(),
        operator_norm(head.key_query()),
        operator_norm(head.value()),
    ]
}

/// The variables of one query, by its tilt `a = U z + b`.
///
/// # Errors
/// As the moments of the law.
pub fn of_query(
    tokens: &dyn TokenLaw,
    head: &Head,
    tilt: &DVector<f64>,
) -> Result<[f64; VARIABLES.len() - OF_THE_QUERY]> {
    let known = match LawKind::of(tokens).gaussian() {
        Some(gaussian) => KnownMoments::gaussian(GaussianOutput::of(
            gaussian.covariance(),
            head.value(),
            tilt,
        )?),
        None => KnownMoments::new(tokens.through(head.value()).as_ref(), tilt)?,
    };
    let origin = DVector::zeros(tilt.len());
    let variance = tilt.dot(&(tokens.tilted_covariance(&origin) * tilt));
    Ok([
        variance.max(0.0).sqrt(),
        tilt.norm(),
        known.ln_rho().exp(),
        known.ln_kappa().exp(),
        known.ln_a2().exp(),
        known.f0(),
    ])
}
