//! Small helpers on matrices: operator norm, square root of a covariance.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use crate::error::{Error, Result};

/// Largest relative difference `|A_ij - A_ji| / max |A|` of a matrix that counts as symmetric.
const SYMMETRY_TOLERANCE: f64 = 1e-10;
/// Most negative eigenvalue, relative to the largest, that counts as a rounded zero.
const SEMIDEFINITE_TOLERANCE: f64 = 1e-10;
/// Implicit-shift steps per eigenvalue after which the eigenvalue iteration is given up; the usual
/// number is two or three.
const EIGEN_STEPS: usize = 200;

/// A covariance matrix with its symmetric square root and its largest eigenvalue.
pub(super) struct FactoredCovariance {
    /// The matrix, made exactly symmetric.
    pub(super) covariance: DMatrix<f64>,
    /// The symmetric positive semi-definite `R` with `R R^T = covariance`.
    pub(super) root: DMatrix<f64>,
    /// The largest eigenvalue, rounded up.
    pub(super) largest: f64,
}

/// Checks that a matrix is a covariance and takes its square root.
pub(super) fn factor_covariance(matrix: &DMatrix<f64>) -> Result<FactoredCovariance> {
    let shape = format!("{} x {}", matrix.nrows(), matrix.ncols());
    if !matrix.is_square() || matrix.is_empty() {
        return Err(Error::shape("the covariance", shape, "a square matrix"));
    }
    let dimension = matrix.nrows();
    for column in 0..dimension {
        for row in 0..dimension {
            let entry = matrix[(row, column)];
            if !entry.is_finite() {
                return Err(invalid(
                    format!("{entry} in row {row}, column {column}"),
                    "finite",
                ));
            }
        }
    }
    let scale = matrix.amax();
    for column in 0..dimension {
        for row in 0..column {
            let (upper, lower) = (matrix[(row, column)], matrix[(column, row)]);
            if !((upper - lower).abs() <= SYMMETRY_TOLERANCE * scale) {
                return Err(invalid(
                    format!(
                        "{upper} in row {row}, column {column} and {lower} in row {column}, column {row}"
                    ),
                    "symmetric (differences up to 1e-10 of the largest entry are averaged)",
                ));
            }
        }
    }
    // Halves first: the sum of two large entries may overflow.
    let covariance = matrix * 0.5 + matrix.transpose() * 0.5;
    let (eigenvalues, eigenvectors) = eigen(&covariance)?;
    // A proxy must not be below the true eigenvalue. The eigenvalues of a diagonal matrix are exact; those of
    // a backward stable iteration are off by a small multiple of n epsilon |Gamma|.
    let largest = match &eigenvectors {
        None => eigenvalues.max(),
        Some(_) => eigenvalues.max() + 8.0 * dimension as f64 * f64::EPSILON * covariance.norm(),
    };
    let smallest = eigenvalues.min();
    if !(smallest >= -SEMIDEFINITE_TOLERANCE * largest.max(0.0)) {
        return Err(invalid(
            format!("a matrix with eigenvalue {smallest:e} (the largest is {largest:e})"),
            "positive semi-definite (eigenvalues down to -1e-10 of the largest count as zero)",
        ));
    }
    let roots = eigenvalues.map(|x| if x > 0.0 { x.sqrt() } else { 0.0 });
    let root = match &eigenvectors {
        None => DMatrix::from_diagonal(&roots),
        Some(vectors) => vectors * DMatrix::from_diagonal(&roots) * vectors.transpose(),
    };
    if !root.iter().all(|x| x.is_finite()) {
        return Err(invalid(
            format!("a matrix with entries up to {scale:e}"),
            "small enough for its eigenvalues to be finite numbers",
        ));
    }
    Ok(FactoredCovariance {
        covariance,
        root,
        largest: largest.max(0.0),
    })
}

fn invalid(value: String, required: &'static str) -> Error {
    Error::Parameter {
        parameter: "covariance",
        value,
        required,
        theorem: None,
    }
}

/// Eigenvalues and eigenvectors; `None` for the eigenvectors of a diagonal matrix, whose eigenvalues
/// are read off without rounding.
fn eigen(symmetric: &DMatrix<f64>) -> Result<(DVector<f64>, Option<DMatrix<f64>>)> {
    let dimension = symmetric.nrows();
    let diagonal =
        (0..dimension).all(|column| (0..column).all(|row| symmetric[(row, column)] == 0.0));
    if diagonal {
        return Ok((symmetric.diagonal(), None));
    }
    SymmetricEigen::try_new(
        symmetric.clone(),
        f64::EPSILON,
        EIGEN_STEPS.saturating_mul(dimension),
    )
    .map(|e| (e.eigenvalues, Some(e.eigenvectors)))
    .ok_or_else(|| Error::Unavailable {
        what: "the eigenvalue decomposition of a covariance",
        why: "the iteration did not converge".into(),
    })
}

/// The least float that is at least `x y`, for non-negative numbers.
pub(super) fn product_above(x: f64, y: f64) -> f64 {
    let product = x * y;
    // A fused operation rounds once: its sign is that of x y - product, unless that underflows.
    if product > f64::MIN_POSITIVE * 1e20 && x.mul_add(y, -product) <= 0.0 {
        product
    } else {
        product.next_up()
    }
}

/// The least float that is at least `x / y`, for positive numbers.
pub(super) fn quotient_above(x: f64, y: f64) -> f64 {
    let quotient = x / y;
    if x > f64::MIN_POSITIVE * 1e20 && quotient.mul_add(y, -x) >= 0.0 {
        quotient
    } else {
        quotient.next_up()
    }
}

/// An upper bound of the operator norm `|V|`: the largest singular value, rounded up, or the Frobenius
/// norm where the iteration fails.
pub(super) fn operator_norm_above(matrix: &DMatrix<f64>) -> f64 {
    let frobenius = matrix.norm();
    let gram = if matrix.nrows() <= matrix.ncols() {
        matrix * matrix.transpose()
    } else {
        matrix.tr_mul(matrix)
    };
    let size = (matrix.nrows() + matrix.ncols()) as f64;
    match eigen(&gram) {
        // Forming and diagonalising the Gram matrix moves its eigenvalues by at most a multiple of
        // size * epsilon * |V|_F^2.
        Ok((values, _)) if !values.is_empty() => {
            let largest = values.max() + 8.0 * size * f64::EPSILON * frobenius * frobenius;
            largest.sqrt().min(frobenius * (1.0 + size * f64::EPSILON))
        }
        _ => frobenius * (1.0 + size * f64::EPSILON),
    }
}

/// `tr(V C V^T)`.
pub(super) fn output_variance(value: &DMatrix<f64>, covariance: &DMatrix<f64>) -> f64 {
    (value * covariance).dot(value)
}
