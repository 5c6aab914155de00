//! T8: the logarithm of the limiting constant, and the spectra it is made of.

use nalgebra::{Cholesky, DMatrix, DVector, SymmetricEigen};

use crate::error::{Error, Result};

/// `scores = R W`, `spread = B`, `values = V R`, `centre = R b0`, `R = Gamma^{1/2}`.
pub(super) fn ln_limiting_constant(
    scores: &DMatrix<f64>,
    spread: &DMatrix<f64>,
    values: &DMatrix<f64>,
    centre: &DVector<f64>,
    lambda: f64,
) -> Result<f64> {
    let unavailable = |why: String| Error::Unavailable {
        what: "the limiting constant of T8",
        why,
    };
    if !(lambda < 0.5) {
        return Err(unavailable(format!(
            "lam = {lambda} is not below 1/2, so L times the error has no finite limit"
        )));
    }
    let size = spread.nrows();
    let precision = DMatrix::identity(size, size) - spread * 2.0;
    let factor = Cholesky::new(precision)
        .ok_or_else(|| unavailable(format!("lam = {lambda} is too close to 1/2")))?;
    let ln_determinant = 2.0
        * factor
            .l_dirty()
            .diagonal()
            .iter()
            .map(|x| x.ln())
            .sum::<f64>();
    let beta = scores.transpose() * centre;
    let shift = factor.solve(&beta);
    let exponent = centre.norm_squared() + 2.0 * beta.dot(&shift);
    // V Gamma a0 = (V R)(R b0 + 2 R W M beta).
    let mean = values * (centre + scores * &shift * 2.0);
    let image = values * scores;
    let trace = image.dot(&factor.solve(&image.transpose()).transpose());
    let bracket = values.norm_squared() + mean.norm_squared() + trace;
    Ok(exponent - 0.5 * ln_determinant + bracket.ln())
}

pub(super) fn eigen(
    matrix: DMatrix<f64>,
    what: &'static str,
) -> Result<SymmetricEigen<f64, nalgebra::Dyn>> {
    let iterations = 100 * matrix.nrows().max(10);
    SymmetricEigen::try_new(matrix, f64::EPSILON, iterations).ok_or_else(|| Error::Unavailable {
        what: "the spectrum of T8",
        why: format!("the eigenvalue iteration did not converge for {what}"),
    })
}

/// The symmetric square root of a covariance.
pub(super) fn square_root(matrix: &DMatrix<f64>, what: &'static str) -> Result<DMatrix<f64>> {
    let scale = matrix.amax();
    let symmetric = (matrix - matrix.transpose()).amax() <= 1e-10 * scale;
    if !(scale.is_finite() && symmetric) {
        return Err(Error::shape(
            what,
            "an entry that is not finite, or not symmetric",
            "a finite symmetric matrix",
        ));
    }
    let decomposition = eigen(matrix.clone(), what)?;
    let least = decomposition.eigenvalues.min();
    if !(least >= -1e-10 * scale) {
        return Err(Error::Shape {
            what: what.into(),
            found: format!("an eigenvalue {least}"),
            required: "a positive semi-definite matrix".into(),
        });
    }
    let roots = decomposition.eigenvalues.map(|x| x.max(0.0).sqrt());
    let vectors = &decomposition.eigenvectors;
    Ok(vectors * DMatrix::from_diagonal(&roots) * vectors.transpose())
}
