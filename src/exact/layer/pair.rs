//! The double integral of two heads.

use nalgebra::{DMatrix, DMatrixView};

use super::head::{HeadSums, WeighedTokens};
use super::lattice::{Basis, Lattice};
use crate::exact::Exact;
use crate::exact::sums::integral::exp_non_positive;

/// Tokens used at a time.
const BLOCK: usize = 128;
/// Exponents of `phi` below which a node counts for nothing.
const LEAST_EXPONENT: f64 = -80.0;
/// Relative allowance for the rounding of each term and for what the basis leaves; twenty times what the tests measure.
const ROUNDING: f64 = 4e-12;
/// Why the error is no bound.
const WHY: &str = "the double integrals of pairs of heads are compared with a lattice of twice the step, and what that says of them is not proved";

/// `E<D_1, D_2>` with `D_h = sum_i p_{h,i} f_h(X_i)` and `<f_1, f_2>` by the matrix `between` (`k_1 x k_2`), one value a length of at least 2 (T14):
///
/// `INT INT [L H phi^{L-1} + L (L-1) <G_1, G_2> phi^{L-2}] d(ln t) d(ln u)`, where with `x = t w_1`, `y = u w_2`
/// `phi = E e^{-x-y}`, `H = E[x y <f_1, f_2> e^{-x-y}]`, `G_1 = E[x f_1 e^{-x-y}]`, `G_2 = E[y f_2 e^{-x-y}]`.
pub(super) struct Pair<'a> {
    pub tokens: [&'a WeighedTokens; 2],
    pub sums: [&'a HeadSums; 2],
    pub between: &'a DMatrix<f64>,
    pub lattice: &'a Lattice,
    pub basis: &'a Basis,
}

/// Expectations on the product of the nodes, `t` down and `u` across.
struct Expectations {
    /// `E[1 - e^{-x-y}]`, `H` and `<G_1, G_2>`.
    rise: DMatrix<f64>,
    both: DMatrix<f64>,
    apart: DMatrix<f64>,
}

impl Pair<'_> {
    /// `E<f_1, f_2>`, for one token.
    pub fn single_token(&self, turned: &DMatrix<f64>) -> Exact {
        let [one, other] = self.tokens;
        let products = turned.column_iter().zip(other.outputs.column_iter());
        let probability = one.atoms.probability().iter();
        let (mut sum, mut size) = (0.0, 0.0);
        for (p, (f, g)) in probability.zip(products) {
            sum += p * f.dot(&g);
            size += p * f.norm() * g.norm();
        }
        Exact::estimated(sum, ROUNDING * size, WHY)
    }

    /// The values at these lengths.
    pub fn values(&self, lengths: &[f64]) -> Vec<Exact> {
        // <f_1, f_2> = f_1^T B f_2: the first outputs are turned into the coordinates of the second.
        let turned = self.between.tr_mul(&self.tokens[0].outputs);
        if lengths.iter().all(|length| *length < 2.0) {
            let alone = self.single_token(&turned);
            return vec![alone; lengths.len()];
        }
        let found = self.expectations(&turned);
        lengths
            .iter()
            .map(|&length| {
                if length < 2.0 {
                    self.single_token(&turned)
                } else {
                    self.integral(&found, length)
                }
            })
            .collect()
    }

    /// Sums over the tokens in the basis: `E[q b_1 b_2^T]`, `b` the kernels of a token, for `q = 1`, `<f_1, f_2>`, the coordinates of `f_1` and those of `f_2`.
    ///
    /// One product of matrices: for every token the products of the coefficients down, and the `q` across.
    fn joint(&self, turned: &DMatrix<f64>) -> DMatrix<f64> {
        let [one, other] = self.tokens;
        let [first, second] = self.sums.map(|sums| &sums.coefficients);
        let (rank, count) = first.shape();
        let outputs = turned.nrows();
        let mut joint = DMatrix::zeros(rank * rank, 2 + 2 * outputs);
        let mut products = DMatrix::zeros(rank * rank, BLOCK);
        let mut factors = DMatrix::zeros(2 + 2 * outputs, BLOCK);
        for start in (0..count).step_by(BLOCK) {
            let size = BLOCK.min(count - start);
            let weights = one.weights.iter().zip(&other.weights);
            let tokens = weights.zip(one.atoms.probability()).skip(start);
            let columns = products.column_iter_mut().zip(factors.column_iter_mut());
            for (place, (((w, v), p), (mut product, mut factor))) in
                (start..).zip(tokens.take(size).zip(columns))
            {
                let (f, g) = (turned.column(place), other.outputs.column(place));
                let scale = p * Lattice::of_weight(*w) * Lattice::of_weight(*v);
                let own = f.iter().chain(g.iter()).copied();
                let all = [1.0, f.dot(&g)].into_iter().chain(own);
                for (entry, q) in factor.iter_mut().zip(all) {
                    *entry = scale * q;
                }
                let rows = second.column(place);
                for (part, b) in product
                    .as_mut_slice()
                    .chunks_exact_mut(rank)
                    .zip(rows.iter())
                {
                    for (entry, a) in part.iter_mut().zip(first.column(place).iter()) {
                        *entry = a * b;
                    }
                }
            }
            let factors = factors.columns(0, size).transpose();
            joint.gemm(1.0, &products.columns(0, size), &factors, 1.0);
        }
        joint
    }

    /// `1 - phi = E[1 - e^{-x}] + E[1 - e^{-y}] - E[(1 - e^{-x})(1 - e^{-y})]` and `G_1 = E[x f_1 e^{-x}] - E[x f_1 e^{-x} (1 - e^{-y})]`: what the heads
    /// have together is of the order of `t u`, so that nothing is lost where `t` and `u` are small.
    fn expectations(&self, turned: &DMatrix<f64>) -> Expectations {
        let joint = self.joint(turned);
        let rank = self.basis.rank();
        let outputs = turned.nrows();
        let unscaled = |mut rows: DMatrix<f64>| {
            for (mut row, t) in rows.row_iter_mut().zip(&self.lattice.t) {
                row *= Lattice::of_node(*t);
            }
            rows
        };
        let near = unscaled(self.basis.near().into_owned());
        let rise = unscaled(self.basis.rise().into_owned());
        let (near_across, rise_across) = (near.transpose(), rise.transpose());
        let nodes = near.nrows();
        // One sum at all nodes, added to or taken off what is there.
        let at = |sign: f64,
                  kernel: &DMatrix<f64>,
                  place: usize,
                  across: &DMatrix<f64>,
                  to: &mut DMatrix<f64>| {
            let column = joint.column(place);
            let square = DMatrixView::from_slice(column.as_slice(), rank, rank);
            to.gemm(sign, &(kernel * square), across, 1.0);
        };
        let [one, other] = self.sums;
        let mut both = DMatrix::zeros(nodes, nodes);
        at(1.0, &near, 1, &near_across, &mut both);
        let mut total = DMatrix::from_fn(nodes, nodes, |i, j| {
            entry(&one.rise, i) + entry(&other.rise, j)
        });
        at(-1.0, &rise, 0, &rise_across, &mut total);
        let bias = self.between.tr_mul(&one.bias);
        let mut apart = DMatrix::zeros(nodes, nodes);
        let (mut g, mut h) = (apart.clone(), apart.clone());
        for place in 0..outputs {
            for (mut column, value) in h.column_iter_mut().zip(other.bias.row(place).iter()) {
                column.fill(*value);
            }
            for mut column in g.column_iter_mut() {
                column.copy_from(&bias.row(place).transpose());
            }
            at(-1.0, &near, 2 + place, &rise_across, &mut g);
            at(-1.0, &rise, 2 + outputs + place, &near_across, &mut h);
            for ((sum, g), h) in apart.iter_mut().zip(g.iter()).zip(h.iter()) {
                *sum += g * h;
            }
        }
        Expectations {
            rise: total,
            both,
            apart,
        }
    }

    /// The trapezoidal sum over all nodes, and over every other one.
    fn integral(&self, found: &Expectations, length: f64) -> Exact {
        let (mut fine, mut coarse, mut size) = (0.0, 0.0, 0.0);
        let measure = &self.lattice.measure;
        let columns = found
            .rise
            .column_iter()
            .zip(found.both.column_iter())
            .zip(found.apart.column_iter());
        for (j, (((rise, both), apart), across)) in columns.zip(measure).enumerate() {
            let rows = rise.iter().zip(both.iter()).zip(apart.iter());
            for (i, (((rise, both), apart), down)) in rows.zip(measure).enumerate() {
                let ln_phi = libm::log1p(-rise.min(1.0));
                // For two tokens the power is 1 even where ln phi is -inf.
                let exponent = if length > 2.0 {
                    (length - 2.0) * ln_phi
                } else {
                    0.0
                };
                if !(exponent > LEAST_EXPONENT) {
                    continue;
                }
                let power = exp_non_positive(exponent) * down * across;
                let single = power * (1.0 - rise.min(1.0)) * both;
                let pairs = (length - 1.0) * power * apart;
                fine += single + pairs;
                size += single.abs() + pairs.abs();
                if i % 2 == 0 && j % 2 == 0 {
                    coarse += 4.0 * (single + pairs);
                }
            }
        }
        Exact::from_resolutions(length * fine, length * coarse, WHY)
            .widened(ROUNDING * length * size)
    }
}

fn entry(list: &[f64], place: usize) -> f64 {
    list.get(place).copied().unwrap_or(f64::NAN)
}
