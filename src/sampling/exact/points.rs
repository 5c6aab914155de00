//! Sums over the tail as sums over few points of a lattice in `ln s` (T17 `lattice-sums`).

use nalgebra::DMatrix;
use rayon::prelude::*;

use crate::exact::{BEFORE, DENSITY, POINTS, interpolation_weights};
use crate::sampling::exact::tail::Tail;

/// Keys for each lattice point from which sums over the points are the cheaper.
const WORTH: f64 = 3.0;
/// Keys of one cell that are multiplied at once.
const GROUP: usize = 256;
/// A kernel must be analytic within this distance of every cell that is interpolated: the circle of T17 has the radius 1.2.
pub(super) const SAFE: f64 = 1.35;

/// Points with what the keys there sum to. Interpolated masses have both signs.
#[derive(Debug, Clone)]
pub(super) struct Points {
    /// `ln s` of each point.
    pub places: Vec<f64>,
    pub masses: Vec<f64>,
    /// Sums of `q e`, one column a point.
    pub features: DMatrix<f64>,
    /// Sums of `q |e|^2`.
    pub squares: Vec<f64>,
    /// Sums that are not interpolated, each at the left end of its cell.
    pub sizes: Vec<Size>,
    /// Are some of the points of a lattice?
    pub interpolated: bool,
}

/// Sums of terms that are not negative: what errors are measured in.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Size {
    pub mass: f64,
    /// Of `q` times the size that the rounding of `e` is relative to, at least `|e|`.
    pub norm: f64,
    /// The same with the square of that size.
    pub square: f64,
}

/// The tail on a lattice, cell by cell; or key by key, if the keys are few.
pub(super) struct TailPoints<'a> {
    tail: &'a Tail<'a>,
    /// All keys.
    all: Points,
    cells: Vec<Cell>,
}

/// The keys of one cell, and what they put on the points around it.
struct Cell {
    /// The first of the points.
    point: usize,
    /// The cell lies between these `ln s`.
    ends: (f64, f64),
    keys: Vec<usize>,
    /// `q e`, `q` and `q |e|^2`, one column a point.
    sums: DMatrix<f64>,
    size: Size,
}

impl<'a> TailPoints<'a> {
    /// On a lattice, if the keys are many enough for their scales to be worth it.
    pub fn new(tail: &'a Tail<'a>) -> Self {
        let (low, high) = tail.range();
        let points = (high - low) * DENSITY + (POINTS + 1) as f64;
        match points * WORTH <= tail.len() as f64 {
            true => Self::on_lattice(tail),
            false => Self::by_key(tail),
        }
    }

    pub(super) fn by_key(tail: &'a Tail<'a>) -> Self {
        Self {
            tail,
            all: Points::of_keys(tail, &(0..tail.len()).collect::<Vec<_>>()),
            cells: Vec::new(),
        }
    }

    pub(super) fn on_lattice(tail: &'a Tail<'a>) -> Self {
        let (low, high) = tail.range();
        let (low, high) = ((low * DENSITY).floor(), (high * DENSITY).floor());
        let count = (high - low) as usize + 1;
        let mut keys: Vec<Vec<usize>> = vec![Vec::new(); count];
        for (key, ln_scale) in tail.ln_scales.iter().enumerate() {
            let cell = ((ln_scale * DENSITY).floor() - low) as usize;
            if let Some(keys) = keys.get_mut(cell) {
                keys.push(key);
            }
        }
        let cells: Vec<Cell> = keys
            .into_par_iter()
            .enumerate()
            .filter(|(_, keys)| !keys.is_empty())
            .map(|(cell, keys)| Cell::new(tail, cell, low + cell as f64, keys))
            .collect();
        let places =
            (0..count + POINTS - 1).map(|point| (low + point as f64 - BEFORE as f64) / DENSITY);
        let all = Points::of_cells(places.collect(), tail.rows(), &cells);
        Self { tail, all, cells }
    }

    /// Every key.
    pub fn all(&self) -> &Points {
        &self.all
    }

    /// The points with the keys of some cells taken one by one: those for which the kernel is not analytic nearby. `unsafe_between` says so of
    /// a cell between two `ln s`. None if there is no such cell.
    pub fn without(&self, unsafe_between: impl Fn(f64, f64) -> bool) -> Option<Points> {
        let (apart, together): (Vec<&Cell>, Vec<&Cell>) = self
            .cells
            .iter()
            .partition(|c| unsafe_between(c.ends.0, c.ends.1));
        if apart.is_empty() {
            return None;
        }
        let keys: Vec<usize> = apart.iter().flat_map(|c| c.keys.iter().copied()).collect();
        let points = Points::of_cells(self.all.places.clone(), self.tail.rows(), together);
        Some(points.and(Points::of_keys(self.tail, &keys)))
    }
}

impl Cell {
    fn new(tail: &Tail, point: usize, left: f64, keys: Vec<usize>) -> Self {
        let rows = tail.rows();
        let mut sums = DMatrix::zeros(rows + 2, POINTS);
        let mut size = Size::default();
        // In two steps, so that few numbers are added to each other.
        for part in keys.chunks(GROUP * GROUP) {
            let mut part_sums = DMatrix::zeros(rows + 2, POINTS);
            for group in part.chunks(GROUP) {
                let mut numbers = DMatrix::zeros(rows + 2, group.len());
                let mut weights = DMatrix::zeros(POINTS, group.len());
                let columns = numbers.column_iter_mut().zip(weights.column_iter_mut());
                for (key, (mut column, mut weights)) in group.iter().zip(columns) {
                    size.add(&write(tail, *key, column.as_mut_slice()));
                    let ln_scale = tail.ln_scales.get(*key).copied().unwrap_or_default();
                    weights.copy_from_slice(&interpolation_weights(ln_scale * DENSITY - left));
                }
                part_sums += numbers * weights.transpose();
            }
            sums += part_sums;
        }
        Self {
            point,
            ends: (left / DENSITY, (left + 1.0) / DENSITY),
            keys,
            sums,
            size,
        }
    }
}

/// `q e`, `q` and `q |e|^2` of one key.
fn write(tail: &Tail, key: usize, to: &mut [f64]) -> Size {
    let (feature, others) = to.split_at_mut(tail.rows());
    let size = tail.write(key, feature);
    let mass = tail.masses.get(key).copied().unwrap_or(0.0);
    let square: f64 = feature.iter().map(|x| x * x).sum();
    feature.iter_mut().for_each(|x| *x *= mass);
    others.copy_from_slice(&[mass, mass * square]);
    Size {
        mass,
        norm: mass * size,
        square: mass * size * size,
    }
}

impl Size {
    fn add(&mut self, other: &Self) {
        self.mass += other.mass;
        self.norm += other.norm;
        self.square += other.square;
    }
}

impl Points {
    fn of_keys(tail: &Tail, keys: &[usize]) -> Self {
        let mut sums = DMatrix::zeros(tail.rows() + 2, keys.len());
        let columns = keys.iter().zip(sums.column_iter_mut());
        let sizes = columns
            .map(|(key, mut column)| write(tail, *key, column.as_mut_slice()))
            .collect();
        let places = keys.iter().filter_map(|key| tail.ln_scales.get(*key));
        Self::new(places.copied().collect(), &sums, sizes, false)
    }

    /// The sums of the cells at all points.
    fn of_cells<'c>(
        places: Vec<f64>,
        rows: usize,
        cells: impl IntoIterator<Item = &'c Cell>,
    ) -> Self {
        let mut sums = DMatrix::zeros(rows + 2, places.len());
        let mut sizes = vec![Size::default(); places.len()];
        for cell in cells {
            let mut part = sums.columns_mut(cell.point, POINTS);
            part += &cell.sums;
            if let Some(size) = sizes.get_mut(cell.point + BEFORE) {
                size.add(&cell.size);
            }
        }
        Self::new(places, &sums, sizes, true)
    }

    fn new(places: Vec<f64>, sums: &DMatrix<f64>, sizes: Vec<Size>, interpolated: bool) -> Self {
        let rows = sums.nrows() - 2;
        Self {
            places,
            features: sums.rows(0, rows).into_owned(),
            masses: sums.row(rows).iter().copied().collect(),
            squares: sums.row(rows + 1).iter().copied().collect(),
            sizes,
            interpolated,
        }
    }

    /// The rounding of a sum over the points, in units of its absolute terms (T17): of weights and terms, of sums over keys and over points.
    pub fn roundings(&self) -> f64 {
        let sums = self.places.len() as f64;
        match self.interpolated {
            true => sums + (3 * GROUP) as f64,
            false => sums,
        }
    }

    fn and(mut self, other: Self) -> Self {
        let (rows, before) = self.features.shape();
        let count = before + other.places.len();
        self.features = self.features.resize_horizontally(count, 0.0);
        let mut rest = self
            .features
            .view_mut((0, before), (rows, other.places.len()));
        rest.copy_from(&other.features);
        self.places.extend(other.places);
        self.masses.extend(other.masses);
        self.squares.extend(other.squares);
        self.sizes.extend(other.sizes);
        self
    }
}

/// Cells near a place where a kernel of `x` is not analytic, as a range of `ln x`; for poles on the line `x = real + i y`, `|y| >= imaginary >= 0`.
pub(super) struct Singular {
    low: f64,
    high: f64,
}

impl Singular {
    pub fn new(real: f64, imaginary: f64) -> Self {
        let nearest = libm::atan2(imaginary, real);
        if !(nearest < SAFE) {
            // A left half-plane is far from every positive `x`.
            return Self {
                low: f64::INFINITY,
                high: f64::NEG_INFINITY,
            };
        }
        // At the argument `a` of the line `ln |x|` is `ln real - ln cos a`; a cell within the radius that is left is near.
        let reach = |a: f64| (SAFE * SAFE - a * a).max(0.0).sqrt();
        let logarithm = |a: f64| libm::log(real) - libm::log(libm::cos(a));
        let steps = 16;
        let high = (0..=steps).fold(f64::NEG_INFINITY, |high, step| {
            let a = nearest + (SAFE - nearest) * f64::from(step) / f64::from(steps);
            high.max(logarithm(a) + reach(a))
        });
        Self {
            low: logarithm(nearest) - reach(nearest),
            high,
        }
    }

    /// Is a cell between these `ln x` too near?
    pub fn is_near(&self, low: f64, high: f64) -> bool {
        high > self.low && low < self.high
    }
}
