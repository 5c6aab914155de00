//! What the integrands of a finite law need at one `t`.

use nalgebra::DMatrix;

/// What the integrands need at one `t`, contracted over coordinates.
#[derive(Debug, Clone, Copy)]
pub(in crate::exact) struct Node {
    pub ln_phi: f64,
    /// Bounds of the rounding of `ln phi` and, relatively, of the sums of absolute values.
    pub rounding: (f64, f64),
    pub terms: Polynomials,
    /// The same with absolute values everywhere.
    pub sizes: Polynomials,
    /// True if the terms of two and more tokens are left out.
    pub singles: bool,
}

/// The integrands, by the number of different tokens.
#[derive(Debug, Clone, Copy)]
pub(in crate::exact) struct Polynomials {
    /// `E[x^2 |y|^2 e^{-x}]` and `|E[x y e^{-x}]|^2`.
    pub value: [f64; 2],
    /// `|sum p F|^2`: one and two different tokens.
    pub linear: [f64; 2],
    /// `<sum p F, (sum p o)(sum p y)^T>`: one, two and three different tokens.
    pub mixed: [f64; 3],
    /// `|sum p o|^2 |sum p y|^2`: one to four different tokens.
    pub square: [f64; 4],
}

impl Polynomials {
    /// The squared errors of the gradients in `V` and `U`; `sign` is that of the mixed term.
    pub(in crate::exact) fn sum(&self, ways: &[f64; 4], sign: f64) -> [f64; 2] {
        let dot = |terms: &[f64]| -> f64 { terms.iter().zip(ways).map(|(a, b)| a * b).sum() };
        [
            dot(&self.value),
            dot(&self.linear) + sign * dot(&self.mixed) + dot(&self.square) / 6.0,
        ]
    }
}

/// A symmetric matrix from its upper triangle, column by column.
pub(in crate::exact) fn symmetric<'a>(
    size: usize,
    triangle: impl Iterator<Item = &'a f64>,
) -> DMatrix<f64> {
    let mut matrix = DMatrix::zeros(size, size);
    let places = (0..size).flat_map(|column| (0..=column).map(move |row| (row, column)));
    for ((row, column), entry) in places.zip(triangle) {
        matrix[(row, column)] = *entry;
        matrix[(column, row)] = *entry;
    }
    matrix
}
