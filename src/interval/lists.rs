//! Sums over lists: dot products and squared norms.

use super::Interval;

impl std::iter::Sum for Interval {
    fn sum<I: Iterator<Item = Self>>(numbers: I) -> Self {
        numbers.fold(Self::ZERO, |sum, x| sum + x)
    }
}

impl Interval {
    /// `sum_i x_i y_i` over two lists of floats; pairs beyond the shorter list are left out.
    pub fn dot<'a>(
        x: impl IntoIterator<Item = &'a f64>,
        y: impl IntoIterator<Item = &'a f64>,
    ) -> Self {
        x.into_iter()
            .zip(y)
            .map(|(x, y)| Self::point(*x) * Self::point(*y))
            .sum()
    }

    /// `sum_i x_i y_i` with enclosures `y_i`.
    pub fn dot_with<'a>(
        x: impl IntoIterator<Item = &'a f64>,
        y: impl IntoIterator<Item = &'a Self>,
    ) -> Self {
        x.into_iter()
            .zip(y)
            .map(|(x, y)| Self::point(*x) * *y)
            .sum()
    }

    /// `sum_i x_i^2`.
    pub fn norm_squared<'a>(x: impl IntoIterator<Item = &'a f64>) -> Self {
        x.into_iter().map(|x| Self::point(*x).square()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_products_survive_cancellation() {
        // 1e17 + 1 - 1e17 = 1; plain floats give 0.
        let dot = Interval::dot(&[1e17, 1.0, 1e17], &[1.0, 1.0, -1.0]);
        assert!(dot.contains(1.0) && dot.width() < 100.0);
        assert!(Interval::norm_squared(&[3.0, 4.0]).contains(25.0));
        let y = [Interval::new(1.0, 2.0).unwrap(), Interval::ONE];
        let dot = Interval::dot_with(&[-1.0, 3.0], &y);
        assert!(dot.contains(1.0) && dot.contains(2.0) && dot.width() < 1.0 + 1e-14);
    }
}
