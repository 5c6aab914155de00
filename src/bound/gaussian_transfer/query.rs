//! Errors of attention averaged over a query whose score variance is at most `k^2 |g|^2`.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::constants::RegressionConstants;
use super::participation::ln_participation;
use super::spread::Spread;
use crate::bound::query_survival::GaussianQuerySize;
use crate::error::{Error, Result};
use crate::interval::Interval;

/// Upper bounds of the averaged errors at one alignment `k`, as logarithms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ErrorMoments {
    /// `ln E|sum p_i y_i - w^T Sig A x|^2`: the squared error of the output for `b = 1`.
    pub ln_output: f64,
    /// `ln E[ |sum p_i (y_i - ybar) x_i - Sig w|^2 |g|^2 ]`.
    pub ln_covariance: f64,
}

/// The errors of one task at one prompt length, for every alignment.
#[derive(Debug)]
pub struct QueryErrors {
    constants: RegressionConstants,
    ln_length: f64,
    /// Ascending in the score variance.
    nodes: Vec<Node>,
    /// At the end of the nodes with all participation ratios 1.
    last: Node,
    largest_alignment: f64,
    /// By the number of the cell of `k^2`.
    found: RefCell<BTreeMap<u64, ErrorMoments>>,
}

/// A score variance `q` and bounds, for every score variance up to it, of the errors given the query, averaged over `w`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Node {
    q: f64,
    ln_output: f64,
    ln_covariance: f64,
}

/// Room for the rounding of the polynomials in a node, and of the sum, in a logarithm.
const ROUNDING: f64 = 1e-9;
/// Cells of `k^2`: errors are taken at the upper end of a cell.
const CELL: f64 = 1.0 / 256.0;

impl QueryErrors {
    /// For `L = e^{ln_length}` and alignments up to `largest_alignment`.
    ///
    /// # Errors
    /// Unless `ln_length` is at least 0 and at most 1e6, and the alignment is from 0 to 100.
    pub fn new(
        constants: RegressionConstants,
        ln_length: f64,
        largest_alignment: f64,
    ) -> Result<Self> {
        let refuse = |parameter, value: f64, required| {
            Err(Error::Parameter {
                parameter,
                value: value.to_string(),
                required,
                theorem: Some("T10"),
            })
        };
        if !(0.0..=1e6).contains(&ln_length) {
            return refuse("ln L", ln_length, "a number from 0 to 1e6");
        }
        if !(0.0..=100.0).contains(&largest_alignment) {
            return refuse(
                "k = |Sig^(1/2) A Sig^(1/2)|",
                largest_alignment,
                "a number from 0 to 100",
            );
        }
        let reach = 4.0 * (ln_length + 100.0 + 4.0 * constants.dimension as f64);
        let square = largest_alignment * largest_alignment + CELL;
        let end = (ln_length + 50.0).max(reach * square);
        let mut nodes = Vec::new();
        let mut q = 0.0;
        while q < end {
            q += 0.05 * (0.05 * q).max(1.0);
            let ln_second = ln_participation(2, q, ln_length);
            let ln_third = ln_participation(3, q, ln_length).min(ln_second);
            nodes.push(Node::new(&constants, q, ln_second, ln_third));
        }
        // What holds up to a node holds further left: bounds that do not increase are lowered.
        let mut least = (f64::INFINITY, f64::INFINITY);
        for node in nodes.iter_mut().rev() {
            least = (least.0.min(node.ln_output), least.1.min(node.ln_covariance));
            (node.ln_output, node.ln_covariance) = least;
        }
        Ok(Self {
            constants,
            ln_length,
            nodes,
            last: Node::new(&constants, q, 0.0, 0.0),
            largest_alignment,
            found: RefCell::new(BTreeMap::new()),
        })
    }

    /// The task.
    pub fn constants(&self) -> &RegressionConstants {
        &self.constants
    }

    /// `ln L`.
    pub fn ln_length(&self) -> f64 {
        self.ln_length
    }

    /// Bounds for every head with `|Sig^{1/2} A Sig^{1/2}|_op <= alignment`: infinite beyond the largest alignment.
    pub fn moments(&self, alignment: f64) -> ErrorMoments {
        if !(alignment <= self.largest_alignment) {
            return ErrorMoments {
                ln_output: f64::INFINITY,
                ln_covariance: f64::INFINITY,
            };
        }
        let cell = (alignment * alignment / CELL).floor() as u64 + 1;
        if let Some(known) = self.found.borrow().get(&cell) {
            return *known;
        }
        let made = self.average(cell as f64 * CELL);
        self.found.borrow_mut().insert(cell, made);
        made
    }

    /// `E F(k^2 u)` and `E[u G(k^2 u)]` for `u` chi-square: `F_1 + sum_j (F_{j+1} - F_j) P(u > u_j)`, and beyond the last node, where `F / q^2`
    /// falls, `F q^{-2} k^4 E[u^2; u > u_J]`. A factor `u` adds 2 to the degrees of freedom and a factor `d`.
    fn average(&self, square: f64) -> ErrorMoments {
        let d = self.constants.dimension as f64;
        let sum = |freedom: f64, ln: &dyn Fn(&Node) -> f64| -> Interval {
            let ln_survival = |freedom: f64, q: f64| {
                Interval::point(
                    GaussianQuerySize { dimension: freedom }.ln_survival((q / square).next_down()),
                )
            };
            let mut total = Interval::point(self.nodes.first().map_or(f64::INFINITY, ln));
            for (left, right) in self.nodes.iter().zip(self.nodes.iter().skip(1)) {
                let (low, high) = (ln(left), ln(right));
                if !(high > low) {
                    continue;
                }
                let step = Interval::point(high)
                    + (-(Interval::point(low) - Interval::point(high)).exp()).ln_1p();
                let part = step + ln_survival(freedom, left.q);
                total = total.ln_add(part);
            }
            let tail = Interval::point(ln(&self.last))
                + (Interval::point(square) / Interval::point(self.last.q))
                    .ln()
                    .double()
                + (Interval::point(freedom) * Interval::point(freedom + 2.0)).ln()
                + ln_survival(freedom + 4.0, self.last.q);
            total.ln_add(tail)
        };
        let output = sum(d, &|node| node.ln_output);
        let covariance = sum(d + 2.0, &|node| node.ln_covariance) + Interval::point(d).ln();
        ErrorMoments {
            ln_output: output.upper() + ROUNDING,
            ln_covariance: covariance.upper() + ROUNDING,
        }
    }
}

impl Node {
    /// `E_w` of T3.order, `(c_0 + tau^2 |Sig| q) r_2`, and of `gradient-order`, with `|Sig A x|^2 <= |Sig| q`:
    ///
    /// ```text
    /// tau^2 (|Sig| sqrt(K_4) + sqrt(tr Sig^2 E22))^2 + |Sig| (tau^2 tr Sig + c_0 + 2 tau^2 |Sig|) K_2 + (tau^2 tr Sig^2 + c_0 tr Sig) r_2.
    /// ```
    fn new(constants: &RegressionConstants, q: f64, ln_second: f64, ln_third: f64) -> Self {
        let c = constants;
        let label = c.label_variance();
        let spread = Spread::new(q, (ln_third - ln_second).exp());
        let direct = c.largest * spread.variance.sqrt() + (c.square_trace * spread.squared).sqrt();
        let covariance = c.weight_variance * direct * direct
            + c.largest
                * (c.weight_variance * (c.trace + 2.0 * c.largest) + label)
                * spread.weighted
            + c.weight_variance * c.square_trace
            + label * c.trace;
        Self {
            q,
            ln_output: (label + c.weight_variance * c.largest * q).ln() + ln_second + ROUNDING,
            ln_covariance: covariance.ln() + ln_second + ROUNDING,
        }
    }
}
