//! `sup_y F(y) e^{-th y}` over `[0, Y]` for an increasing `F`, cell by cell.

use crate::interval::Interval;

/// `y` and a float at least `ln F(y)`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Node {
    y: f64,
    ln_f: f64,
}

/// On a cell `[y_i, y_{i+1}]` the product is at most `F(y_{i+1}) e^{-th y_i}`.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::bound) struct Cells {
    /// Ascending in `y`, from 0 to `Y`.
    nodes: Vec<Node>,
}

impl Cells {
    /// So many cells of `[0, end]`, spaced quadratically: `F` bends near 0, and the sizes of the cells grow gently.
    pub fn new(end: f64, count: u32, ln_f: impl Fn(f64) -> f64) -> Self {
        let nodes = (0..=count).map(|i| {
            let t = f64::from(i) / f64::from(count);
            let y = end * t * t;
            Node { y, ln_f: ln_f(y) }
        });
        Self {
            nodes: nodes.collect(),
        }
    }

    /// `ln F(0)`.
    pub fn first(&self) -> f64 {
        self.nodes.first().map_or(f64::INFINITY, |n| n.ln_f)
    }

    /// Largest `ln F(y_i) - th y_i` of the nodes, which is attained.
    pub fn at_nodes(&self, theta: f64) -> f64 {
        self.nodes
            .iter()
            .map(|n| n.ln_f - theta * n.y)
            .fold(f64::NEG_INFINITY, f64::max)
    }

    fn pairs(&self) -> impl Iterator<Item = (&Node, &Node)> {
        self.nodes.iter().zip(self.nodes.iter().skip(1))
    }

    /// Largest `ln F(y_{i+1}) - th y_i` of the cells, and the number of the cell.
    pub fn largest(&self, theta: f64) -> (f64, usize) {
        self.pairs()
            .map(|(left, right)| right.ln_f - theta * left.y)
            .enumerate()
            .fold((f64::NEG_INFINITY, 0), |best, (i, value)| {
                if value > best.0 { (value, i) } else { best }
            })
    }

    /// The largest of the cells at the float `th`, enclosed from above.
    pub fn enclosure(&self, theta: Interval) -> Interval {
        self.pairs()
            .map(|(left, right)| Interval::point(right.ln_f) - theta * Interval::point(left.y))
            .fold(Interval::point(f64::NEG_INFINITY), Interval::max)
    }

    /// Splits the largest cell; false if it exceeds the nodes and `elsewhere`, the value beyond `Y`, by `gap` at most, or
    /// cannot be split.
    pub fn split(
        &mut self,
        theta: f64,
        elsewhere: f64,
        gap: f64,
        ln_f: impl Fn(f64) -> f64,
    ) -> bool {
        let (upper, cell) = self.largest(theta);
        if upper <= self.at_nodes(theta).max(elsewhere) + gap {
            return false;
        }
        let (Some(left), Some(right)) = (self.nodes.get(cell), self.nodes.get(cell + 1)) else {
            return false;
        };
        let y = 0.5 * (left.y + right.y);
        if !(y > left.y && y < right.y) {
            return false;
        }
        self.nodes.insert(cell + 1, Node { y, ln_f: ln_f(y) });
        true
    }
}
