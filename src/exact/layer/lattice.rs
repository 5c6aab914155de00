//! The nodes of the double integral in `t` and `u`, and a basis for the kernels at all of them.

use nalgebra::{DMatrix, DMatrixView};

use crate::error::{Error, Result};
use crate::exact::sums::kernel::kernel;

/// Step of the nodes; every other node is the lattice that the result is compared with.
const STEP: f64 = 0.16;
/// How far left of the scale of the integrand the nodes begin to move apart, and where they begin: `e^{3.6} = 36.6`.
const APART: f64 = 2.0;
const BEGIN: f64 = 3.6;
/// Nodes beyond which the integral is refused: its square is the number of nodes in the plane.
const MOST_NODES: usize = 1000;
/// Functions in a basis beyond which it is refused: the square of their number is that of the sums over the tokens, for every coordinate of an output.
const MOST_COLUMNS: usize = 400;
/// Kernels are analytic and bounded in `ln w` in a strip of this half width (a little less than `pi/2`), so that their values at `n` Chebyshev points
/// of an interval of length `l` determine them to about `rho^{-n}`, `ln rho = asinh(2 STRIP / l)`; `-ln` of what is wanted.
const STRIP: f64 = 1.5;
const DIGITS: f64 = 35.0;
/// What the basis leaves of a column of kernels, relative to the largest column.
const TOLERANCE: f64 = 2e-15;
/// `ln x` below which both kernels are `x`, and nothing beside 1.
const FLAT: f64 = -38.0;

fn refused(count: impl std::fmt::Display, what: &str, most: usize) -> Error {
    Error::Unavailable {
        what: "the exact error of the layer",
        why: format!(
            "scores and lengths spread so far that {count} {what} are needed for each of two heads, and at most {most} are served; smaller scores or fewer \
             lengths need fewer"
        ),
    }
}

/// Nodes `t_i` and the weights `d(ln t)` of the trapezoidal rule.
///
/// The integrand falls on the left as `t` only. So the rule is in `s`, `ln t = s - e^{-(s - s0)}`, which to the left of `s0` falls like an
/// exponential, and to the right is `s`.
#[derive(Debug)]
pub(super) struct Lattice {
    pub t: Vec<f64>,
    pub measure: Vec<f64>,
}

impl Lattice {
    /// Nodes for an integrand that is at home between `left` and `right` (in `ln t`).
    ///
    /// # Errors
    /// If there would be too many.
    pub fn new(left: f64, right: f64) -> Result<Self> {
        let centre = left - APART;
        let first = centre - BEGIN;
        let count = ((right - first) / STEP).ceil() + 1.0;
        if !(count <= MOST_NODES as f64) {
            return Err(refused(count, "nodes", MOST_NODES));
        }
        let (mut t, mut measure) = (Vec::new(), Vec::new());
        // At most MOST_NODES.
        for place in 0..count as usize {
            let s = first + place as f64 * STEP;
            let slope = libm::exp(centre - s);
            t.push(libm::exp(s - slope));
            measure.push(STEP * (1.0 + slope));
        }
        Ok(Self { t, measure })
    }

    /// The kernels `x e^{-x}` and `1 - e^{-x}` at every node, `x = t w`, over `min(1, t) max(1, w)`: one column a weight, first all of one kernel, then
    /// all of the other.
    ///
    /// So scaled they are at most 1, and what is off by `e` everywhere is off by `e min(1, t) E max(1, w) <= 2 e min(1, t)` on average, which is as
    /// `1 - phi` for small `t` and as a number of size 1 for large `t`.
    pub fn kernels(&self, weights: &[f64]) -> DMatrix<f64> {
        let nodes = self.t.len();
        let mut kernels = DMatrix::zeros(2 * nodes, weights.len());
        for (mut column, w) in kernels.column_iter_mut().zip(weights) {
            let (mut near, mut rise) = column.rows_range_pair_mut(..nodes, nodes..);
            for ((t, near), rise) in self.t.iter().zip(near.iter_mut()).zip(rise.iter_mut()) {
                let k = kernel(t * w);
                let scale = Self::of_node(*t) * Self::of_weight(*w);
                *near = k.x * k.decay / scale;
                *rise = k.rise / scale;
            }
        }
        kernels
    }

    /// The two parts of the scale of a kernel.
    pub fn of_node(t: f64) -> f64 {
        t.min(1.0)
    }

    pub fn of_weight(w: f64) -> f64 {
        w.max(1.0)
    }
}

/// Orthonormal columns whose combinations are the kernels at every weight of a range.
///
/// The kernels are smooth functions of `ln w`, so that a few dozen columns do for any number of tokens and any head.
#[derive(Debug)]
pub(super) struct Basis {
    /// `2 nodes x rank`.
    columns: DMatrix<f64>,
    nodes: usize,
}

impl Basis {
    /// For all weights with `ln w` in this range.
    ///
    /// # Errors
    /// If it would have too many columns.
    pub fn new(lattice: &Lattice, (low, high): (f64, f64)) -> Result<Self> {
        let nodes = lattice.t.len();
        // Left of this all kernels are next to 0.
        let largest = lattice.t.last().map_or(0.0, |t| libm::log(*t));
        let low = low.max(FLAT - largest).min(high);
        let count = (DIGITS / (2.0 * STRIP / (high - low)).asinh()).ceil() + 4.0;
        let (middle, half) = (0.5 * (low + high), 0.5 * (high - low));
        let angle = std::f64::consts::PI / (count - 1.0);
        let sample = |place: usize| libm::exp(middle + half * (angle * place as f64).cos());
        // At most a few thousand, as the nodes are.
        let weights: Vec<f64> = (0..count as usize).map(sample).collect();
        let (columns, triangle, _) = lattice.kernels(&weights).col_piv_qr().unpack();
        // Of falling size.
        let sizes = (0..triangle.nrows()).filter_map(|i| triangle.get((i, i)).map(|x| x.abs()));
        let sizes: Vec<f64> = sizes.collect();
        let least = TOLERANCE * sizes.first().copied().unwrap_or(0.0);
        let rank = sizes.iter().take_while(|size| **size > least).count();
        if rank > MOST_COLUMNS {
            return Err(refused(rank, "functions", MOST_COLUMNS));
        }
        Ok(Self {
            columns: columns.columns(0, rank.max(1)).into_owned(),
            nodes,
        })
    }

    pub fn rank(&self) -> usize {
        self.columns.ncols()
    }

    /// The kernels of these weights in the basis, `rank x weights`.
    pub fn coefficients(&self, kernels: &DMatrix<f64>) -> DMatrix<f64> {
        self.columns.tr_mul(kernels)
    }

    /// The basis at the nodes, `nodes x rank`: for `x e^{-x}`.
    pub fn near(&self) -> DMatrixView<'_, f64> {
        self.columns.rows(0, self.nodes)
    }

    /// The same for `1 - e^{-x}`.
    pub fn rise(&self) -> DMatrixView<'_, f64> {
        self.columns.rows(self.nodes, self.nodes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Weights between the samples of the basis too.
    #[test]
    fn the_basis_reproduces_the_kernels() {
        for (low, high, left, right) in [
            (-3.0, 2.0, -9.0, 4.0),
            (-60.0, 7.0, -36.0, 40.0),
            (0.0, 0.0, 0.0, 3.0),
        ] {
            let lattice = Lattice::new(left, right).unwrap();
            let basis = Basis::new(&lattice, (low, high)).unwrap();
            let weights: Vec<f64> = (0..500)
                .map(|i| libm::exp(low + (high - low) * f64::from(i) / 499.0))
                .collect();
            let kernels = lattice.kernels(&weights);
            let found = &basis.columns * basis.coefficients(&kernels);
            let error = (found - kernels).amax();
            assert!(error < 2e-13, "{low} {high}: {error}");
            assert!(
                basis.rank() < 24 + 5 * (high - low) as usize,
                "{}",
                basis.rank()
            );
        }
    }

    /// `INT e^{-t} dt = 1`.
    #[test]
    fn the_lattice_integrates() {
        let lattice = Lattice::new(0.0, 3.7).unwrap();
        let sum: f64 = lattice
            .t
            .iter()
            .zip(&lattice.measure)
            .map(|(t, m)| m * t * (-t).exp())
            .sum();
        assert!((sum - 1.0).abs() < 1e-14, "{sum}");
        assert!(Lattice::new(0.0, 300.0).is_err() && Lattice::new(0.0, f64::NAN).is_err());
    }
}
