//! What an atom of a finitely supported law contributes to the errors of the gradients.

use nalgebra::{DMatrix, DVector};

use crate::error::{Error, Result};
use crate::exact::Exact;
use crate::exact::gradient::node::{Node, Polynomials, symmetric};
use crate::exact::gradient::terms::{Rows, Scalars, Terms};
use crate::exact::sums::compensated::{Centred, lost_by_underflow};
use crate::exact::sums::weights::WeightAtoms;
use crate::exact::value::UNIT;
use crate::law::Sum;

/// Most numbers of features kept for all atoms (64 MiB); beyond it they are made anew for every block of nodes.
const KEPT: usize = 1 << 23;
/// Atoms whose features are made together.
const CHUNK: usize = 256;

/// Centred atoms, in coordinates of the output in which `|V x|` is kept and there are at most `d` of them.
///
/// `y = x - m(a)`, `o = V y`, `D = y y^T - C(a)` and `F = V D`. Sums over atoms are made of the symmetric `D`, which has half as
/// many entries.
pub(in crate::exact) struct Features {
    /// `y`, one column an atom.
    tokens: DMatrix<f64>,
    /// `o`, one column an atom.
    outputs: DMatrix<f64>,
    /// `V`, or the triangular factor of its QR factorisation.
    value: DMatrix<f64>,
    /// `C(a)` and `V C(a)`.
    covariance: DMatrix<f64>,
    limit: DMatrix<f64>,
    /// Bounds of the terms of `V C(a)` and of `|V|_F |C(a)|`, in norm.
    limit_size: f64,
    spread_size: f64,
    scalars: Vec<Scalars>,
    /// A bound of the rounding of the scores.
    of_score: f64,
    /// A bound of the relative rounding of every term of a sum, and of the sum in units of its absolute terms.
    pub relative: f64,
    /// Feature columns by chunks of atoms; empty if they are not kept.
    kept: Vec<DMatrix<f64>>,
}

impl Features {
    /// `of_score` bounds the rounding of the scores that the weights come from.
    ///
    /// # Errors
    /// If the fourth power of a token overflows.
    pub fn new(
        points: &DMatrix<f64>,
        weights: &WeightAtoms,
        value: &DMatrix<f64>,
        of_score: f64,
    ) -> Result<Self> {
        let tilted = weights.tilted();
        let centred = Centred::new(std::sync::Arc::new(points.clone()), &tilted);
        let tokens = centred.columns(0, points.ncols());
        let (norms, rounding) = (centred.norms, centred.rounding);
        let tilted = DVector::from_vec(tilted);
        // Q of V = Q R keeps norms: more outputs than coordinates are not needed. Householder reflections move V, relatively and in
        // norm, by less than 10 m d roundings.
        let (value, of_factor) = if value.nrows() > value.ncols() {
            (value.clone().qr().r(), 10.0 * value.len() as f64)
        } else {
            (value.clone(), 0.0)
        };
        let outputs = &value * &tokens;
        let (mut covariance, mut limit) = (
            vec![Sum::default(); tokens.nrows() * tokens.nrows()],
            vec![Sum::default(); outputs.nrows() * tokens.nrows()],
        );
        for first in (0..tokens.ncols()).step_by(CHUNK) {
            let count = CHUNK.min(tokens.ncols() - first);
            let mut scaled = tokens.columns(first, count).into_owned();
            for (mut column, p) in scaled.column_iter_mut().zip(tilted.iter().skip(first)) {
                column *= *p;
            }
            let scaled = scaled.transpose();
            let parts = tokens.columns(first, count) * &scaled;
            covariance
                .iter_mut()
                .zip(parts.iter())
                .for_each(|(sum, x)| sum.add(*x));
            let parts = outputs.columns(first, count) * &scaled;
            limit
                .iter_mut()
                .zip(parts.iter())
                .for_each(|(sum, x)| sum.add(*x));
        }
        let matrix = |rows: usize, sums: Vec<Sum>| {
            DMatrix::from_iterator(rows, tokens.nrows(), sums.into_iter().map(Sum::value))
        };
        let covariance = matrix(tokens.nrows(), covariance);
        let limit = matrix(outputs.nrows(), limit);
        // The powers of x and e^{-x} of up to four tokens; sums over a chunk and over the chunks.
        let count = tokens.ncols() as f64;
        let of_sum = UNIT * (count.min(CHUNK as f64) + count / CHUNK as f64 + 8.0);
        let coordinates = (value.nrows() + value.ncols()) as f64;
        let relative =
            24.0 * (of_score + weights.rounding(0.0)) + 8.0 * of_sum + 8.0 * coordinates * UNIT;
        // Bounds of |y| and |o| that cover their rounding: it is `relative` times the excess.
        let of_mean: f64 = tilted
            .iter()
            .zip(norms.iter().zip(&rounding))
            .map(|(p, (norm, rounding))| p * ((2.0 * of_score + 16.0 * UNIT) * norm + rounding))
            .sum();
        let value_norm = value.norm();
        let products = (tokens.nrows() as f64 + 2.0 + of_factor) * UNIT;
        let largest = norms.iter().fold(0.0_f64, |most, y| most.max(*y));
        let least = lost_by_underflow(&norms);
        let least_square = least * (1.0 + largest) * (1.0 + value_norm);
        let sizes: Vec<(f64, f64)> = norms
            .iter()
            .zip(&rounding)
            .zip(outputs.column_iter())
            .map(|((norm, rounding), o)| {
                let off = rounding + of_mean + least;
                let of_output = value_norm * (off + products * norm) + least;
                (norm + off / relative, o.norm() + of_output / relative)
            })
            .collect();
        let mean = |of: &dyn Fn(&(f64, f64)) -> f64| -> f64 {
            tilted
                .iter()
                .zip(&sizes)
                .map(|(p, size)| p * of(size))
                .sum()
        };
        let limit_size = mean(&|(y, o)| y * o) + least_square / relative;
        let spread_size = value_norm * mean(&|(y, _)| y * y) + least_square / relative;
        let scalars: Vec<Scalars> = tokens
            .column_iter()
            .zip(outputs.column_iter())
            .zip(&sizes)
            .map(|((y, o), &(token_size, output_size))| {
                let (token, output) = (y.norm_squared(), o.norm_squared());
                let along = o.dot(&(&limit * y));
                // |F|^2 entry by entry: expanded, it would cancel.
                let square: f64 = y
                    .iter()
                    .zip(limit.column_iter())
                    .map(|(y, limit)| {
                        o.iter()
                            .zip(limit.iter())
                            .map(|(o, c)| (o * y - c).powi(2))
                            .sum::<f64>()
                    })
                    .sum();
                let matrix_size = token_size * output_size + limit_size;
                Scalars {
                    token,
                    output,
                    square,
                    square_size: square
                        + matrix_size * (2.0 * square.sqrt() + relative * matrix_size),
                    mixed: output * token - along,
                    token_size,
                    output_size,
                    matrix_size,
                    spread_size: value_norm * token_size * token_size + spread_size,
                }
            })
            .collect();
        if !scalars
            .iter()
            .all(|s| (s.spread_size * s.matrix_size).is_finite())
        {
            return Err(Error::Unavailable {
                what: "the exact error of a gradient",
                why: "the fourth power of a token overflows; tokens and values must be below 1e77"
                    .into(),
            });
        }
        let mut features = Self {
            tokens,
            outputs,
            value,
            covariance,
            limit,
            limit_size,
            spread_size,
            scalars,
            of_score,
            relative,
            kept: Vec::new(),
        };
        let (_, _, [.., height]) = features.layout();
        if height.saturating_mul(features.atoms()) <= KEPT {
            features.kept = features
                .chunks()
                .map(|first| features.chunk(first))
                .collect();
        }
        Ok(features)
    }

    pub fn atoms(&self) -> usize {
        self.tokens.ncols()
    }

    pub fn scalars(&self) -> &[Scalars] {
        &self.scalars
    }

    /// `|V C|_F^2`, the error of one token.
    pub fn limit_square(&self) -> Exact {
        let value = self.limit.norm_squared();
        let off = self.relative * self.limit_size;
        Exact {
            value,
            // Squares of entries may underflow.
            error: 1.001 * (self.relative * value + off * (2.0 * value.sqrt() + off))
                + if self.limit_size > 0.0 {
                    f64::from_bits(1) * self.limit.len() as f64
                } else {
                    0.0
                },
            unproved: None,
        }
    }

    /// `E|y|^2`, the same of the gradient in `V`.
    pub fn single_token(&self, probability: &[f64]) -> Exact {
        let (mut square, mut rounding) = (Sum::default(), 0.0);
        for (scalars, p) in self.scalars.iter().zip(probability) {
            square.add(p * scalars.token);
            rounding += p * self.relative * scalars.token_size * scalars.token_size;
        }
        let value = square.value();
        Exact {
            value,
            error: self.relative * value + 2.0 * rounding,
            unproved: None,
        }
    }

    /// `E[q e^{-x}]` at `t = e^tau` with `q` the squares of `|y|`, `|o|`, `|F|` and `|o| |y|`, and their bounds in place of them.
    pub fn decays(&self, weights: &WeightAtoms, tau: f64) -> [f64; 4] {
        let mut sums = [0.0; 4];
        for ((p, k), s) in weights.kernels(tau).zip(&self.scalars) {
            let (token, output) = (s.token_size * s.token_size, s.output_size * s.output_size);
            let parts = [token, output, s.square_size, token * output];
            for (sum, part) in sums.iter_mut().zip(parts) {
                *sum += p * k.decay * part;
            }
        }
        sums
    }

    /// The sums at one node, where `x` is off by this besides the scores.
    pub fn rows(&self, sums: &Terms, of_x: f64) -> Rows {
        Rows::new(sums, self.of_score + of_x, self.relative + 24.0 * of_x)
    }

    /// What the left end of the lattice must not cut off, one number an atom.
    pub fn importances(&self) -> [Vec<f64>; 4] {
        let pick = |of: fn(&Scalars) -> f64| self.scalars.iter().map(of).collect();
        [
            pick(|_| 1.0),
            pick(|s| s.token),
            pick(|s| s.square),
            pick(|s| s.token * s.output),
        ]
    }

    /// Coordinates of tokens and of outputs, and the first rows of the groups of features.
    fn layout(&self) -> (usize, usize, [usize; 5]) {
        let (d, m) = (self.tokens.nrows(), self.outputs.nrows());
        let matrix = d + m;
        let mixed = matrix + d * (d + 1) / 2;
        let cubic = mixed + d + m;
        (d, m, [0, matrix, mixed, cubic, cubic + m + d])
    }

    fn chunks(&self) -> impl Iterator<Item = usize> + use<> {
        (0..self.atoms()).step_by(CHUNK)
    }

    /// The features of a chunk of atoms, a column an atom: `y` and `o`; `D`, upper triangle; `F^T o` and `F y`; `o |y|^2` and `y |o|^2`.
    fn chunk(&self, first: usize) -> DMatrix<f64> {
        let count = CHUNK.min(self.atoms() - first);
        let (d, m, [_, matrix, mixed, cubic, height]) = self.layout();
        let mut features = DMatrix::zeros(height, count);
        let atoms = self.tokens.column_iter().zip(self.outputs.column_iter());
        let columns = features
            .column_iter_mut()
            .zip(atoms.zip(&self.scalars).skip(first));
        for (mut feature, ((y, o), scalars)) in columns {
            feature.rows_mut(0, d).copy_from(&y);
            feature.rows_mut(d, m).copy_from(&o);
            let mut place = matrix;
            for (j, (z, limit)) in y.iter().zip(self.covariance.column_iter()).enumerate() {
                let mut part = feature.rows_mut(place, j + 1);
                for ((entry, x), c) in part.iter_mut().zip(y.iter()).zip(limit.iter()) {
                    *entry = x * z - c;
                }
                place += j + 1;
            }
            let transposed = y * scalars.output - self.limit.tr_mul(&o);
            feature.rows_mut(mixed, d).copy_from(&transposed);
            let direct = o * scalars.token - &self.limit * y;
            feature.rows_mut(mixed + d, m).copy_from(&direct);
            feature.rows_mut(cubic, m).copy_from(&(o * scalars.token));
            feature
                .rows_mut(cubic + m, d)
                .copy_from(&(y * scalars.output));
        }
        features
    }

    /// The nodes without what needs two or more different tokens.
    pub fn singles(&self, rows: &[Rows], to: &mut Vec<Node>) {
        to.extend(rows.iter().map(|row| Node {
            ln_phi: row.ln_phi,
            rounding: row.rounding,
            terms: Polynomials {
                value: [row.token, 0.0],
                linear: [row.square, 0.0],
                mixed: [row.mixed, 0.0, 0.0],
                square: [row.fourth, 0.0, 0.0, 0.0],
            },
            sizes: row.polynomials(self.spread_size),
            singles: true,
        }));
    }

    /// Sums the features over the atoms with the factors `p x^j e^{-x}` (a column a node) and contracts them.
    pub fn contract(&self, bumps: &[DMatrix<f64>; 3], rows: &[Rows], to: &mut Vec<Node>) {
        let (d, m, [_, matrix, mixed, cubic, height]) = self.layout();
        let nodes = rows.len();
        let [one, two, three] = bumps;
        let mut first = DMatrix::zeros(mixed, nodes);
        let mut second = DMatrix::zeros(cubic - matrix, nodes);
        let mut third = DMatrix::zeros(height - cubic, nodes);
        for (index, start) in self.chunks().enumerate() {
            let made;
            let features = match self.kept.get(index) {
                Some(kept) => kept,
                None => {
                    made = self.chunk(start);
                    &made
                }
            };
            let count = features.ncols();
            let of = |bump: &DMatrix<f64>| bump.view((start, 0), (count, nodes)).into_owned();
            first.gemm(1.0, &features.rows(0, mixed), &of(one), 1.0);
            second.gemm(1.0, &features.rows(matrix, cubic - matrix), &of(two), 1.0);
            third.gemm(1.0, &features.rows(cubic, height - cubic), &of(three), 1.0);
        }
        for (place, row) in rows.iter().enumerate() {
            let column = |sums: &'_ DMatrix<f64>| sums.column(place).into_owned();
            let (first, second, third) = (column(&first), column(&second), column(&third));
            let (y, o) = (first.rows(0, d), first.rows(d, m));
            let (triangle, after) = (d * (d + 1) / 2, mixed - matrix);
            let linear = &self.value * symmetric(d, first.rows(matrix, triangle).iter());
            // E[x^2 y y^T e^{-x}] from D.
            let square = symmetric(d, second.rows(0, triangle).iter());
            let pairs = &self.value * (square + &self.covariance * row.bump);
            // o^T M y of a matrix given column by column.
            let form = |matrix: &[f64]| -> f64 {
                matrix
                    .chunks_exact(m.max(1))
                    .zip(y.iter())
                    .map(|(column, y)| {
                        y * column.iter().zip(o.iter()).map(|(a, b)| a * b).sum::<f64>()
                    })
                    .sum()
            };
            let (yy, oo) = (y.norm_squared(), o.norm_squared());
            let linear_form = form(linear.as_slice());
            let pair_form = form(pairs.as_slice());
            to.push(Node {
                ln_phi: row.ln_phi,
                rounding: row.rounding,
                sizes: row.polynomials(self.spread_size),
                singles: false,
                terms: Polynomials {
                    value: [row.token, yy],
                    linear: [row.square, linear.norm_squared()],
                    mixed: [
                        row.mixed,
                        second.rows(after, d).dot(&y)
                            + second.rows(after + d, m).dot(&o)
                            + linear.dot(&pairs),
                        linear_form,
                    ],
                    square: [
                        row.fourth,
                        2.0 * (third.rows(0, m).dot(&o) + third.rows(m, d).dot(&y))
                            + row.output * row.token
                            + 2.0 * pairs.norm_squared(),
                        row.output * yy + row.token * oo + 4.0 * pair_form,
                        oo * yy,
                    ],
                },
            });
        }
    }
}
