//! Means, variances and third moments that can be joined, and the tree in which they are.

use serde::{Deserialize, Serialize};

/// Mean and sums of powers of the deviations of some numbers; how many there are is kept beside it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moments {
    /// Mean of the numbers.
    pub mean: f64,
    /// Sum of the squared deviations from the mean.
    pub deviations: f64,
    /// Sum of the cubed deviations from the mean.
    pub cubes: f64,
}

impl Moments {
    /// Adds one number, the `count`-th (Welford 1962; the cubes as in Pebay 2008).
    #[inline]
    pub fn push(&mut self, count: f64, number: f64) {
        let before = number - self.mean;
        let step = before / count;
        self.mean += step;
        let square = before * (number - self.mean);
        self.cubes += square * step * (count - 2.0) - 3.0 * step * self.deviations;
        self.deviations += square;
    }

    /// The moments of both lists (Chan, Golub and LeVeque 1979; the cubes as in Pebay 2008).
    fn join(self, count: f64, other: Self, other_count: f64) -> Self {
        let total = count + other_count;
        let difference = other.mean - self.mean;
        let (share, other_share) = (count / total, other_count / total);
        Self {
            mean: self.mean + difference * other_share,
            deviations: self.deviations
                + other.deviations
                + difference * difference * (count * other_share),
            cubes: self.cubes
                + other.cubes
                + difference.powi(3) * (count * other_share) * (share - other_share)
                + 3.0 * difference * (share * other.deviations - other_share * self.deviations),
        }
    }

    /// Skewness: third central moment over the cube of the standard deviation; 0 for equal numbers.
    pub fn skewness(self, count: f64) -> f64 {
        let variance = self.deviations / count;
        if variance > 0.0 {
            self.cubes / count / variance / variance.sqrt()
        } else {
            0.0
        }
    }

    fn is_finite(self) -> bool {
        self.mean.is_finite()
            && self.deviations.is_finite()
            && self.deviations >= 0.0
            && self.cubes.is_finite()
    }
}

/// Moments of several numbers measured on the same prompts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sums {
    /// Number of prompts.
    pub prompts: u64,
    /// One for every number measured.
    pub moments: Vec<Moments>,
}

impl Sums {
    /// No prompts yet, `numbers` numbers each.
    pub fn new(numbers: usize) -> Self {
        Self {
            prompts: 0,
            moments: vec![Moments::default(); numbers],
        }
    }

    /// Adds one prompt: its numbers, the first of them less their coefficient times the control variate.
    #[inline]
    pub fn push(&mut self, numbers: &[f64], coefficients: &[f64], control: f64) {
        self.prompts += 1;
        let count = self.prompts as f64;
        let controls = coefficients.iter().map(|beta| beta * control);
        let controls = controls.chain(std::iter::repeat(0.0));
        for ((moments, number), control) in self.moments.iter_mut().zip(numbers).zip(controls) {
            moments.push(count, number - control);
        }
    }

    /// The sums of both.
    pub fn join(&self, other: &Self) -> Self {
        let (count, other_count) = (self.prompts as f64, other.prompts as f64);
        Self {
            prompts: self.prompts.saturating_add(other.prompts),
            moments: self
                .moments
                .iter()
                .zip(&other.moments)
                .map(|(one, two)| one.join(count, *two, other_count))
                .collect(),
        }
    }

    /// Is every moment a number?
    pub fn is_finite(&self) -> bool {
        self.moments.iter().all(|moments| moments.is_finite())
    }
}

/// Sums of the blocks `index 2^level` to `(index + 1) 2^level - 1`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Height in the tree; 0 is a single block.
    pub level: u32,
    /// Place in its level.
    pub index: u64,
    /// The sums.
    pub sums: Sums,
}

impl Node {
    /// First block of the node and the first after it; `None` if they do not fit 64 bits.
    pub fn blocks(&self) -> Option<(u64, u64)> {
        let size = 1_u64.checked_shl(self.level)?;
        let first = self.index.checked_mul(size)?;
        Some((first, first.checked_add(size)?))
    }
}

/// Appends the sums of the blocks that follow those in `nodes`.
///
/// Two nodes that are the halves of a larger one are joined, and nothing else ever is. What a node
/// contains therefore depends on its blocks alone, not on the order of events or on how blocks were
/// shared out; and a run of `n` blocks keeps at most `2 log2 n` nodes.
pub fn push_node(nodes: &mut Vec<Node>, mut node: Node) {
    while let Some(left) = nodes.pop() {
        let halves = left.level == node.level
            && left.index.is_multiple_of(2)
            && left.index.checked_add(1) == Some(node.index);
        if !halves {
            nodes.push(left);
            break;
        }
        node = Node {
            level: left.level + 1,
            index: left.index / 2,
            sums: left.sums.join(&node.sums),
        };
    }
    nodes.push(node);
}

/// The sums of all nodes, joined from left to right.
pub fn total(nodes: &[Node]) -> Option<Sums> {
    let (first, rest) = nodes.split_first()?;
    Some(
        rest.iter()
            .fold(first.sums.clone(), |sums, node| sums.join(&node.sums)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(block: u64) -> Node {
        let mut sums = Sums::new(2);
        for k in 0..=(block % 5) {
            let x = ((block * 7 + k) as f64).sin();
            sums.push(&[x + 0.5, 1e8 + x], &[0.25], 2.0);
        }
        Node {
            level: 0,
            index: block,
            sums,
        }
    }

    fn run(from: u64, to: u64) -> Vec<Node> {
        let mut nodes = Vec::new();
        for block in from..to {
            push_node(&mut nodes, leaf(block));
        }
        nodes
    }

    #[test]
    fn every_split_gives_the_same_bits() {
        for blocks in [1, 2, 3, 37, 64] {
            let whole = run(0, blocks);
            for cut in 0..=blocks {
                for second in cut..=blocks {
                    let mut nodes = run(0, cut);
                    for node in run(cut, second).into_iter().chain(run(second, blocks)) {
                        push_node(&mut nodes, node);
                    }
                    assert_eq!(nodes, whole);
                }
            }
        }
    }

    #[test]
    fn nodes_are_few_and_cover_their_blocks() {
        for (from, to) in [(0, 1), (3, 1000), (511, 513), (1, 4096)] {
            let nodes = run(from, to);
            assert!(nodes.len() <= 24, "{}", nodes.len());
            let mut next = from;
            for node in nodes {
                let (first, end) = node.blocks().unwrap();
                assert_eq!(first, next);
                next = end;
            }
            assert_eq!(next, to);
        }
    }

    #[test]
    fn moments_are_those_of_two_passes() {
        let mut numbers = Vec::new();
        for block in 0..37_u64 {
            numbers.extend((0..=(block % 5)).map(|k| ((block * 7 + k) as f64).sin()));
        }
        let n = numbers.len() as f64;
        let mean = numbers.iter().sum::<f64>() / n;
        let deviations: f64 = numbers.iter().map(|x| (x - mean).powi(2)).sum();
        let cubes: f64 = numbers.iter().map(|x| (x - mean).powi(3)).sum();
        let skewness = cubes / n / (deviations / n).powf(1.5);
        let sums = total(&run(0, 37)).unwrap();
        assert_eq!(sums.prompts, numbers.len() as u64);
        assert!((sums.moments[0].mean - mean).abs() < 1e-15);
        assert!((sums.moments[0].deviations / deviations - 1.0).abs() < 1e-13);
        assert!((sums.moments[0].cubes - cubes).abs() < 1e-13 * deviations);
        assert!((sums.moments[0].skewness(n) - skewness).abs() < 1e-13);
        assert_eq!(Moments::default().skewness(5.0), 0.0);
        // Shifted by 1e8, the variance keeps all that the shifted numbers themselves hold.
        assert!((sums.moments[1].deviations / deviations - 1.0).abs() < 1e-6);
        assert!(total(&[]).is_none());
    }

    #[test]
    fn absurd_nodes_have_no_blocks() {
        let sums = Sums::new(0);
        for (level, index) in [(64, 0), (63, 2), (1, u64::MAX)] {
            let node = Node {
                level,
                index,
                sums: sums.clone(),
            };
            assert!(node.blocks().is_none());
        }
    }
}
