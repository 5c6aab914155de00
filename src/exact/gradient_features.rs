//! What an atom of a finitely supported law contributes to the errors of the gradients.

use nalgebra::{DMatrix, DVector};

use super::gradient_finite::Node;
use super::weights::WeightAtoms;

/// Most numbers of features kept for all atoms (64 MiB); beyond it they are made anew for every block of nodes.
const KEPT: usize = 1 << 23;
/// Atoms whose features are made together.
const CHUNK: usize = 256;

/// Centred atoms, in coordinates of the output in which `|V x|` is kept and there are at most `d` of them.
///
/// `y = x - m(a)`, `o = V y`, `D = y y^T - C(a)` and `F = V D`. Sums over atoms are made of the symmetric `D`, which has half as
/// many entries.
pub(super) struct Features {
    /// `y`, one column an atom.
    tokens: DMatrix<f64>,
    /// `o`, one column an atom.
    outputs: DMatrix<f64>,
    /// `V`, or the triangular factor of its QR factorisation.
    value: DMatrix<f64>,
    /// `C(a)` and `V C(a)`.
    covariance: DMatrix<f64>,
    limit: DMatrix<f64>,
    tilted_variance: f64,
    scalars: Vec<Scalars>,
    /// Feature columns by chunks of atoms; empty if they are not kept.
    kept: Vec<DMatrix<f64>>,
}

/// Of one atom.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scalars {
    /// `|y|^2`, `|o|^2`.
    token: f64,
    output: f64,
    /// `|F|^2`.
    square: f64,
    /// `<F, o y^T>`.
    mixed: f64,
}

/// Sums over atoms at one node.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rows {
    pub ln_phi: f64,
    /// `E[x^2 e^{-x}]`.
    pub bump: f64,
    token: f64,
    output: f64,
    square: f64,
    mixed: f64,
    fourth: f64,
}

impl Rows {
    /// Adds an atom with `two = p x^2 e^{-x}` and `three = p x^3 e^{-x}`.
    pub fn add(&mut self, two: f64, three: f64, x: f64, scalars: &Scalars) {
        self.bump += two;
        self.token += two * scalars.token;
        self.output += two * scalars.output;
        self.square += two * scalars.square;
        self.mixed += three * scalars.mixed;
        self.fourth += three * x * scalars.token * scalars.output;
    }
}

impl Features {
    pub fn new(points: &DMatrix<f64>, weights: &WeightAtoms, value: &DMatrix<f64>) -> Self {
        let tilted = DVector::from_iterator(
            points.ncols(),
            weights.iter().map(|(p, ln_w)| p * ln_w.exp()),
        );
        // First relative to the atom with most tilted mass, which may have nearly all of it.
        let mut tokens = points.clone();
        let reference = tokens.column(tilted.imax()).into_owned();
        for mut column in tokens.column_iter_mut() {
            column -= &reference;
        }
        let tilted = &tilted / tilted.sum();
        let mean = &tokens * &tilted;
        for mut column in tokens.column_iter_mut() {
            column -= &mean;
        }
        // Q of V = Q R keeps norms: more outputs than coordinates are not needed.
        let value = if value.nrows() > value.ncols() {
            value.clone().qr().r()
        } else {
            value.clone()
        };
        let outputs = &value * &tokens;
        let mut scaled = tokens.clone();
        for (mut column, p) in scaled.column_iter_mut().zip(tilted.iter()) {
            column *= *p;
        }
        let covariance = &tokens * scaled.transpose();
        let limit = &outputs * scaled.transpose();
        let tilted_variance = tokens.dot(&scaled);
        let scalars = tokens
            .column_iter()
            .zip(outputs.column_iter())
            .map(|(y, o)| {
                let (token, output) = (y.norm_squared(), o.norm_squared());
                let along = o.dot(&(&limit * y));
                // |F|^2 entry by entry: expanded, it would cancel.
                let square = y
                    .iter()
                    .zip(limit.column_iter())
                    .map(|(y, limit)| {
                        o.iter()
                            .zip(limit.iter())
                            .map(|(o, c)| (o * y - c).powi(2))
                            .sum::<f64>()
                    })
                    .sum();
                Scalars {
                    token,
                    output,
                    square,
                    mixed: output * token - along,
                }
            })
            .collect();
        let mut features = Self {
            tokens,
            outputs,
            value,
            covariance,
            limit,
            tilted_variance,
            scalars,
            kept: Vec::new(),
        };
        if features.height().saturating_mul(features.atoms()) <= KEPT {
            features.kept = features
                .chunks()
                .map(|first| features.chunk(first))
                .collect();
        }
        features
    }

    pub fn atoms(&self) -> usize {
        self.tokens.ncols()
    }

    pub fn scalars(&self) -> &[Scalars] {
        &self.scalars
    }

    /// `|V C|_F^2`.
    pub fn limit_square(&self) -> f64 {
        self.limit.norm_squared()
    }

    /// `tr C`.
    pub fn tilted_variance(&self) -> f64 {
        self.tilted_variance
    }

    /// `E|y|^2`.
    pub fn single_token(&self, probability: &[f64]) -> f64 {
        let squares = self.scalars.iter().map(|scalars| scalars.token);
        squares.zip(probability).map(|(y, p)| y * p).sum()
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

    fn height(&self) -> usize {
        let (_, _, [.., height]) = self.layout();
        height
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
    pub fn singles(rows: &[Rows], to: &mut Vec<Node>) {
        to.extend(rows.iter().map(|row| Node {
            ln_phi: row.ln_phi,
            value: [row.token, 0.0],
            linear: [row.square, 0.0],
            mixed: [row.mixed, 0.0, 0.0],
            square: [row.fourth, 0.0, 0.0, 0.0],
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
            });
        }
    }
}

/// A symmetric matrix from its upper triangle, column by column.
fn symmetric<'a>(size: usize, triangle: impl Iterator<Item = &'a f64>) -> DMatrix<f64> {
    let mut matrix = DMatrix::zeros(size, size);
    let places = (0..size).flat_map(|column| (0..=column).map(move |row| (row, column)));
    for ((row, column), entry) in places.zip(triangle) {
        matrix[(row, column)] = *entry;
        matrix[(column, row)] = *entry;
    }
    matrix
}
