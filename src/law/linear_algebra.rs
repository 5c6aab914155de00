//! Singular values, eigenvalues with upper bounds, and the square root of a covariance.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use super::atoms::LARGEST_SQUARE;
use crate::error::{Error, Result};
use crate::interval::Interval;
use crate::parameter::refused;

/// Largest relative difference `|A_ij - A_ji| / max |A|` of a matrix that counts as symmetric.
const SYMMETRY_TOLERANCE: f64 = 1e-10;
/// Most negative eigenvalue, relative to the largest, that counts as a rounded zero.
const SEMIDEFINITE_TOLERANCE: f64 = 1e-10;
/// Implicit-shift steps per eigenvalue after which the eigenvalue iteration is given up; the usual
/// number is two or three.
const EIGEN_STEPS: usize = 200;

/// The `d x d` matrix `rho^|i - j|`: a covariance for `-1 <= rho <= 1`, positive definite inside.
///
/// ```
/// let matrix = attention_bounds::law::toeplitz(3, 0.5);
/// assert_eq!(matrix.row(0).iter().copied().collect::<Vec<_>>(), [1.0, 0.5, 0.25]);
/// ```
pub fn toeplitz(dimension: usize, rho: f64) -> DMatrix<f64> {
    DMatrix::from_fn(dimension, dimension, |i, j| rho.powf(i.abs_diff(j) as f64))
}

/// A covariance matrix with its symmetric square root and its largest eigenvalue.
pub(super) struct FactoredCovariance {
    /// The matrix, made exactly symmetric, without the negative eigenvalues that count as zero.
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
                return invalid(format!("{entry} in row {row}, column {column}"), "finite");
            }
        }
    }
    let scale = matrix.amax();
    for column in 0..dimension {
        for row in 0..column {
            let (upper, lower) = (matrix[(row, column)], matrix[(column, row)]);
            if !((upper - lower).abs() <= SYMMETRY_TOLERANCE * scale) {
                return invalid(
                    format!(
                        "{upper} in row {row}, column {column} and {lower} in row {column}, column {row}"
                    ),
                    "symmetric (differences up to 1e-10 of the largest entry are averaged)",
                );
            }
        }
    }
    // Halves first: the sum of two large entries may overflow.
    let covariance = matrix * 0.5 + matrix.transpose() * 0.5;
    let found = Eigenvalues::new(&covariance, 0.0)?;
    let (smallest, largest) = (found.computed.min(), found.computed.max());
    if !(smallest >= -SEMIDEFINITE_TOLERANCE * largest.max(0.0)) {
        return invalid(
            format!("a matrix with eigenvalue {smallest:e} (the largest is {largest:e})"),
            "positive semi-definite (eigenvalues down to -1e-10 of the largest count as zero)",
        );
    }
    let roots = found.computed.map(|x| if x > 0.0 { x.sqrt() } else { 0.0 });
    let root = match &found.vectors {
        None => DMatrix::from_diagonal(&roots),
        Some(vectors) => vectors * DMatrix::from_diagonal(&roots) * vectors.transpose(),
    };
    if !(largest <= LARGEST_SQUARE) {
        return invalid(
            format!("a matrix with eigenvalue {largest:e}"),
            "a matrix with eigenvalues up to 1e150",
        );
    }
    // Negative eigenvalues count as zero: in the covariance too, if they are there for certain.
    let (covariance, largest) = if found.is_indefinite() {
        let nearest = &root * root.transpose();
        let nearest = &nearest * 0.5 + nearest.transpose() * 0.5;
        let again = Eigenvalues::new(&nearest, 0.0)?;
        let largest = again.above(again.computed.max());
        (nearest, largest)
    } else {
        (covariance, found.above(largest))
    };
    Ok(FactoredCovariance {
        covariance,
        root,
        largest,
    })
}

fn invalid<T>(value: String, required: &'static str) -> Result<T> {
    refused("covariance", value, required)
}

/// The eigenvalues of a symmetric matrix `G`, and how far the computed ones may be from the truth.
///
/// Let `Q`, `D` be the computed eigenvectors and eigenvalues. With `r >= |G - Q D Q^T|_F` and `o >= |Q^T Q - I|_F`, the
/// j-th eigenvalue of `G` is at most `(1 + o) max(D_j, 0) + r` (theorems of Ostrowski and Weyl), whatever the iteration did.
/// Both norms are computed in plain floats, to which the standard error of their products is added (any order of summation).
struct Eigenvalues {
    /// `D`.
    computed: DVector<f64>,
    /// `Q`; `None` for a diagonal matrix, whose eigenvalues are read off without rounding.
    vectors: Option<DMatrix<f64>>,
    /// `r`.
    residual: f64,
    /// `o`.
    defect: f64,
}

impl Eigenvalues {
    /// Of a symmetric matrix with finite entries that may be `off` (Frobenius norm) away from the one that is meant.
    fn new(symmetric: &DMatrix<f64>, off: f64) -> Result<Self> {
        let size = symmetric.nrows();
        if (0..size).all(|column| (0..column).all(|row| symmetric[(row, column)] == 0.0)) {
            return Ok(Self {
                computed: symmetric.diagonal(),
                vectors: None,
                residual: off,
                defect: 0.0,
            });
        }
        let unavailable = |why: &str| Error::Unavailable {
            what: "the eigenvalue decomposition of a matrix",
            why: why.into(),
        };
        let scale = power_of_two(symmetric.amax());
        let matrix = symmetric / scale;
        let found = SymmetricEigen::try_new(
            matrix.clone(),
            f64::EPSILON,
            EIGEN_STEPS.saturating_mul(size),
        )
        .ok_or_else(|| unavailable("the iteration did not converge"))?;
        let (vectors, values) = (found.eigenvectors, found.eigenvalues);
        let rebuilt = &vectors * DMatrix::from_diagonal(&values) * vectors.transpose();
        let residual = (matrix - rebuilt).norm();
        let defect = (vectors.tr_mul(&vectors) - DMatrix::identity(size, size)).norm();
        // Of Q D Q^T and Q^T Q: sums of 2 n and n products, in size |Q|_F^2 max |D| and |Q|_F^2; |Q|_F^2 = n up to
        // the defect. What underflows is at most the least positive float each time.
        let n = size as f64;
        let frobenius = n * (1.0 + defect);
        let underflow = 4.0 * n * n * n * f64::from_bits(1);
        let residual =
            residual * (1.0 + 1e-9) + rounding(2.0 * n, frobenius * values.amax()) + underflow;
        let defect = defect * (1.0 + 1e-9) + rounding(n, frobenius);
        if !(residual < f64::INFINITY && defect < 1.0) {
            return Err(unavailable("its eigenvectors are not orthogonal"));
        }
        let residual = Interval::point(residual) * Interval::point(scale) + Interval::point(off);
        Ok(Self {
            computed: values * scale,
            vectors: Some(vectors),
            residual: residual.upper(),
            defect: defect.next_up(),
        })
    }

    /// A float at least the eigenvalue that was computed as `value`, or at least 0.
    fn above(&self, value: f64) -> f64 {
        if self.residual == 0.0 && self.defect == 0.0 {
            return value.max(0.0);
        }
        let factor = Interval::ONE + Interval::point(self.defect);
        (Interval::point(value.max(0.0)) * factor + Interval::point(self.residual)).upper()
    }

    /// Whether some eigenvalue is below 0 for certain.
    fn is_indefinite(&self) -> bool {
        self.computed.min() * (1.0 - self.defect) < -self.residual
    }
}

/// Standard error of sums of `terms` products that are `scale` in size together, with a margin of 1% and 4 operations.
fn rounding(terms: f64, scale: f64) -> f64 {
    (terms + 4.0) * (0.5 * f64::EPSILON) * scale * 1.01
}

/// The power of two at most `x`, for `x` a finite number, at least 0; the least normal one for smaller `x`.
fn power_of_two(x: f64) -> f64 {
    f64::from_bits(x.to_bits() & (0x7ff << 52)).max(f64::MIN_POSITIVE)
}

/// The smaller of `A A^T` and `A^T A`.
fn gram(matrix: &DMatrix<f64>) -> DMatrix<f64> {
    if matrix.nrows() <= matrix.ncols() {
        matrix * matrix.transpose()
    } else {
        matrix.tr_mul(matrix)
    }
}

/// The operator norm `|A|` of any matrix, its largest singular value, in plain floats: a few `n` units in the last place for `n`
/// the smaller dimension. 0 of a matrix without entries, `NaN` if an entry is not finite. For a proved upper bound see
/// `ValueSpectrum` in [`bound`](crate::bound).
///
/// # Examples
/// ```
/// use attention_bounds::law::operator_norm;
/// use nalgebra::DMatrix;
///
/// let matrix = DMatrix::from_row_slice(2, 3, &[3.0, 0.0, 0.0, 0.0, 4.0, 0.0]);
/// assert_eq!(operator_norm(&matrix), 4.0);
/// ```
pub fn operator_norm(matrix: &DMatrix<f64>) -> f64 {
    // An eigenvalue iteration does not end on NaN.
    if !matrix.iter().all(|x| x.is_finite()) {
        return f64::NAN;
    }
    let scale = if matrix.is_empty() {
        0.0
    } else {
        matrix.amax()
    };
    if scale == 0.0 {
        return 0.0;
    }
    let scale = power_of_two(scale);
    let eigenvalues = gram(&(matrix / scale)).symmetric_eigenvalues();
    eigenvalues.max().max(0.0).sqrt() * scale
}

/// Floats at least the squares of the singular values of a matrix, as many as its smaller dimension, in any order.
///
/// # Errors
/// If an entry or a square is not finite, or the eigenvalue iteration fails.
pub(crate) fn squared_singular_values_above(matrix: &DMatrix<f64>) -> Result<Vec<f64>> {
    if !matrix.iter().all(|x| x.is_finite()) {
        return Err(Error::shape(
            "a matrix",
            "an entry that is not finite",
            "finite entries",
        ));
    }
    if matrix.is_empty() || matrix.amax() == 0.0 {
        return Ok(vec![0.0; matrix.nrows().min(matrix.ncols())]);
    }
    let scale = power_of_two(matrix.amax());
    let matrix = matrix / scale;
    let gram = gram(&matrix);
    let sum = Interval::norm_squared(matrix.iter()).upper();
    // Of the Gram matrix: sums of at most max(m, d) products, in size |V|_F^2 together; and what underflows there or
    // in the division.
    let (n, long) = (
        gram.nrows() as f64,
        matrix.nrows().max(matrix.ncols()) as f64,
    );
    let off = rounding(long, sum) + 8.0 * n * n * long * f64::from_bits(1);
    let found = Eigenvalues::new(&gram, off)?;
    let square = Interval::point(scale).square();
    let above = |value: &f64| {
        let value = found.above(*value).min(sum);
        (Interval::point(value) * square).upper()
    };
    Ok(found.computed.iter().map(above).collect())
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

/// An upper bound of the operator norm `|V|`.
pub(super) fn operator_norm_above(matrix: &DMatrix<f64>) -> f64 {
    let frobenius = norm_above(matrix.as_slice());
    let Ok(squares) = squared_singular_values_above(matrix) else {
        return frobenius;
    };
    let largest = squares.into_iter().fold(0.0, f64::max);
    Interval::point(largest).sqrt().upper().min(frobenius)
}

/// A float at least the Euclidean norm; `+inf` if an entry is not finite.
pub(crate) fn norm_above(vector: &[f64]) -> f64 {
    let largest = vector.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    if largest == 0.0 && !vector.iter().any(|x| x.is_nan()) {
        return 0.0;
    }
    // Scaled, so that no square overflows or underflows.
    let scale = Interval::point(power_of_two(largest));
    let squares = vector
        .iter()
        .map(|x| (Interval::point(*x) / scale).square());
    (squares.sum::<Interval>().sqrt() * scale).upper()
}

/// The Euclidean norm, in plain floats, but for squares that overflow or underflow.
pub(super) fn norm<'a>(vector: impl IntoIterator<Item = &'a f64, IntoIter: Clone> + Clone) -> f64 {
    let sizes = vector.clone().into_iter().map(|x| x.abs());
    let largest = sizes.clone().fold(0.0, f64::max);
    let scale = power_of_two(largest);
    if largest == 0.0 || !scale.is_finite() {
        // 0, infinity or NaN.
        return sizes.sum();
    }
    let squares = vector.into_iter().map(|x| (x / scale) * (x / scale));
    squares.sum::<f64>().sqrt() * scale
}

/// `tr(V C V^T)`.
pub(super) fn output_variance(value: &DMatrix<f64>, covariance: &DMatrix<f64>) -> f64 {
    (value * covariance).dot(value)
}
