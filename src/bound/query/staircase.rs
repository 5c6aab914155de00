//! Upper bounds of `E F(Y)` for an increasing `F` and the size `Y` of a Gaussian query.

use crate::bound::query::survival::GaussianQuerySize;
use crate::interval::Interval;

/// `y`, a float at least `F(y)`, and one at least `P(Y > y)`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Node {
    y: f64,
    f: f64,
    survival: f64,
}

/// `F` on `[0, Y_n]`, from above: `F(y_{i+1})` on the cell `(y_i, y_{i+1}]`.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::bound) struct Staircase {
    /// Ascending in `y`, from 0, with values that do not decrease.
    nodes: Vec<Node>,
}

/// Cells of the first grid.
const CELLS: u32 = 40;
/// Splits after it, at most.
const SPLITS: usize = 400;
/// Relative gap between the upper and the lower sum at which splitting ends.
const GAP: f64 = 0.01;

impl Staircase {
    /// Cells on `[0, end]`, split where upper and lower sum differ most until they are within 1% of each other.
    ///
    /// `f` returns a float at least `F(y)`, `F` increasing; it need not increase itself, as the smallest of all values further
    /// right serves too.
    pub fn new(end: f64, law: GaussianQuerySize, f: impl Fn(f64) -> f64) -> Self {
        let node = |y: f64| Node {
            y,
            f: f(y),
            survival: law.at(y),
        };
        let nodes = (0..=CELLS).map(|i| {
            let t = f64::from(i) / f64::from(CELLS);
            node(end * t * t)
        });
        let mut stairs = Self {
            nodes: nodes.collect(),
        };
        stairs.flatten();
        for _ in 0..SPLITS {
            let Some((place, y)) = stairs.widest() else {
                break;
            };
            stairs.nodes.insert(place, node(y));
            stairs.flatten();
        }
        stairs
    }

    /// Lowers every value to the smallest further right.
    fn flatten(&mut self) {
        let mut least = f64::INFINITY;
        for node in self.nodes.iter_mut().rev() {
            least = least.min(node.f);
            node.f = least;
        }
    }

    /// Where to split the cell with the largest gap; `None` if the gaps together are small, or it cannot be split.
    fn widest(&self) -> Option<(usize, f64)> {
        let (mut gaps, mut upper, mut largest, mut place) = (0.0, 0.0, 0.0, 0);
        for (i, (left, right)) in self.cells().enumerate() {
            let mass = left.survival - right.survival;
            let gap = (right.f - left.f) * mass;
            gaps += gap;
            upper += right.f * mass;
            if gap > largest {
                (largest, place) = (gap, i);
            }
        }
        let (left, right) = self.cells().nth(place)?;
        let y = 0.5 * (left.y + right.y);
        (gaps > GAP * upper && y > left.y && y < right.y).then_some((place + 1, y))
    }

    fn cells(&self) -> impl Iterator<Item = (&Node, &Node)> {
        self.nodes.iter().zip(self.nodes.iter().skip(1))
    }

    /// The number of cells.
    pub fn count(&self) -> usize {
        self.nodes.len().saturating_sub(1)
    }

    /// `Y_n`.
    pub fn end(&self) -> f64 {
        self.nodes.last().map_or(0.0, |n| n.y)
    }

    /// `P(Y > Y_n)`, a float at least that.
    pub fn rest(&self) -> f64 {
        self.nodes.last().map_or(1.0, |n| n.survival)
    }

    /// `F(y_1) + sum_i (F(y_{i+1}) - F(y_i)) S(y_i)`, and the part of it in which `S(y_i) < 1/2`, at the floats of the nodes.
    ///
    /// It is at least `E F(min(Y, Y_n))`.
    pub fn sum(&self) -> (Interval, Interval) {
        let first = self.nodes.get(1).map_or(f64::INFINITY, |n| n.f);
        let (mut sum, mut rare) = (Interval::point(first), Interval::ZERO);
        for (left, right) in self.cells().skip(1) {
            // Values do not decrease, and S decreases: the step between two cells weighs the survival at their border.
            let step = Interval::point(right.f) - Interval::point(left.f);
            let part = step * Interval::point(left.survival);
            sum = sum + part;
            if left.survival < 0.5 {
                rare = rare + part;
            }
        }
        (sum, rare)
    }

    /// `F(Y_n)`.
    pub fn last(&self) -> f64 {
        self.nodes.last().map_or(f64::INFINITY, |n| n.f)
    }
}
