//! Errors of attention averaged over a query whose score variance is at most `k^2 |g|^2`.

use std::cell::RefCell;
use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::bound::query::survival::GaussianQuerySize;
use crate::bound::regression::gaussian::constants::RegressionConstants;
use crate::bound::regression::gaussian::participation::ln_participation;
use crate::bound::regression::gaussian::spread::Spread;
use crate::error::{Error, Result};
use crate::interval::Interval;

/// Logarithms of upper bounds of averages over the query `Sig^{1/2} g`, `u = |g|^2`, at one alignment `k` (`q = k^2 u`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ErrorMoments {
    /// `E[r_2 (c_0 + tau^2 |Sig| q)]`, the squared error of the output for `b = 1`.
    pub ln_output: f64,
    /// `E[r_2 |Sig| q]`.
    pub ln_signal: f64,
    /// `E[u r_2]`.
    pub ln_size: f64,
    /// `E[u r_2 (sqrt(tr Sig^2) + 2 |Sig| q)]`, of the bias of the weighted covariance.
    pub ln_bias: f64,
    /// `E[sqrt(u) sqrt(G (c_0 + tau^2 |Sig| q) r_2)]`, of the weighted covariance times the output.
    pub ln_product: f64,
}

/// The errors of one task at one prompt length, for every alignment.
#[derive(Debug)]
pub struct QueryErrors {
    stairs: Stairs,
    ln_length: f64,
    largest_alignment: f64,
    /// The width of the cells of `k^2`.
    cell: f64,
    /// By the number of the cell of `k^2`.
    found: RefCell<BTreeMap<u64, ErrorMoments>>,
}

/// The factors in the averages as functions of the score variance.
#[derive(Debug)]
struct Stairs {
    constants: RegressionConstants,
    /// Ascending in the score variance.
    nodes: Vec<Node>,
    /// `ln(F_{j+1} - F_j)`, rounded up, from each node to the next; `-inf` where there is no step.
    steps: Vec<[f64; 5]>,
    /// At the end of the nodes with all participation ratios 1.
    last: Node,
}

/// A score variance `q`, and logarithms of bounds for every score variance up to it: the factors in the averages of [`ErrorMoments`] in their order.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Node {
    q: f64,
    ln: [f64; 5],
}

/// Room for the rounding of the polynomials in a node, and of the sum, in a logarithm.
const ROUNDING: f64 = 1e-9;
/// Logarithm of the fraction of a sum at which the rest of it is bounded at once.
const NEGLIGIBLE: f64 = 30.0;
/// Cells of `k^2`: errors are taken at the upper end of a cell.
const CELL: f64 = 1.0 / 256.0;
/// A number and something above the exponential of its negative.
const TINY: (f64, f64) = (50.0, 2e-22);
/// From here on cells widen with `k^2`, so that there are never many thousands.
const WIDE: f64 = 4.0;

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
        let (_, square) = cell(largest_alignment * largest_alignment, 8.0 * CELL);
        let end = (ln_length + 50.0).max(reach * square);
        let mut nodes = Vec::new();
        let mut q = 0.0;
        while q < end {
            // Fine where a factor q vanishes; 5% of e^q; 0.25% where prompts are astronomically long.
            q += (0.05 * q).clamp(5e-4, 0.05).max(2.5e-3 * q);
            let ln_second = ln_participation(2, q, ln_length);
            let ln_third = ln_participation(3, q, ln_length).min(ln_second);
            nodes.push(Node::new(&constants, q, ln_second, ln_third));
        }
        // What holds up to a node holds further left: bounds that do not increase are lowered.
        let mut least = [f64::INFINITY; 5];
        for node in nodes.iter_mut().rev() {
            for (low, value) in least.iter_mut().zip(&mut node.ln) {
                *low = low.min(*value);
                *value = *low;
            }
        }
        let pairs = nodes.iter().zip(nodes.iter().skip(1));
        let steps = pairs.map(|(left, right)| left.steps_to(right)).collect();
        Ok(Self {
            stairs: Stairs {
                constants,
                nodes,
                steps,
                last: Node::new(&constants, q, 0.0, 0.0),
            },
            ln_length,
            largest_alignment,
            cell: CELL,
            found: RefCell::new(BTreeMap::new()),
        })
    }

    /// The same with wider cells: weaker bounds, and fewer of them to compute.
    #[must_use]
    pub fn coarsened(self) -> Self {
        Self {
            cell: 8.0 * CELL,
            found: RefCell::new(BTreeMap::new()),
            ..self
        }
    }

    /// The task.
    pub fn constants(&self) -> &RegressionConstants {
        &self.stairs.constants
    }

    /// `ln L`.
    pub fn ln_length(&self) -> f64 {
        self.ln_length
    }

    /// Bounds for every head with `|Sig^{1/2} A Sig^{1/2}|_op <= alignment`: infinite beyond the largest alignment.
    pub fn moments(&self, alignment: f64) -> ErrorMoments {
        if !(alignment <= self.largest_alignment) {
            return ErrorMoments::from_list([f64::INFINITY; 5]);
        }
        let (cell, end) = cell(alignment * alignment, self.cell);
        if let Some(known) = self.found.borrow().get(&cell) {
            return *known;
        }
        let average = self.stairs.average(end);
        self.found.borrow_mut().insert(cell, average);
        average
    }

    /// Finds what [`Self::moments`] will be asked for, on all processors.
    pub fn prepare(&self, alignments: impl Iterator<Item = f64>) {
        let mut found = self.found.borrow_mut();
        let asked = alignments.filter(|alignment| *alignment <= self.largest_alignment);
        let mut missing: BTreeMap<u64, f64> = asked
            .map(|alignment| cell(alignment * alignment, self.cell))
            .collect();
        missing.retain(|number, _| !found.contains_key(number));
        let stairs = &self.stairs;
        let averages: Vec<_> = missing
            .into_par_iter()
            .map(|(number, end)| (number, stairs.average(end)))
            .collect();
        found.extend(averages);
    }
}

impl Stairs {
    /// `E F(k^2 u)` for `u` chi-square: `F_1 + sum_j (F_{j+1} - F_j) P(u > u_j)`, and beyond the last node, where `F / q^2` falls,
    /// `F q^{-2} k^4 E[u^2; u > u_J]`. A factor `u` adds 2 to the degrees of freedom and a factor `d`; a factor `sqrt(u)` adds 1 and a factor
    /// `E sqrt(u) <= sqrt(d)`.
    fn average(&self, square: f64) -> ErrorMoments {
        let d = self.constants.dimension as f64;
        let size = |more: f64| GaussianQuerySize {
            dimension: d + more,
        };
        // More degrees of freedom: none, none, 2, 2, 1.
        let survivals = |q: f64| {
            let u = (q / square).next_down();
            let [none, two] = size(0.0).ln_survivals(u);
            let one = size(1.0).ln_survival(u);
            [none, none, two, two, one]
        };
        let mut totals = self
            .nodes
            .first()
            .map_or([f64::INFINITY; 5], |node| node.ln)
            .map(LnSum::new);
        let highest = self.nodes.last().map_or([f64::INFINITY; 5], |node| node.ln);
        for (node, steps) in self.nodes.iter().zip(&self.steps) {
            let survivals = survivals(node.q);
            // What is left of a sum is at most F_J P(u > u_j).
            let mut rests = highest.iter().zip(survivals).map(|(f, p)| f + p);
            let mut pairs = totals.iter().zip(rests.clone());
            if pairs.all(|(total, rest)| rest < total.top - NEGLIGIBLE) {
                totals.iter_mut().for_each(|total| {
                    total.add(rests.next().unwrap_or(f64::INFINITY).next_up());
                });
                break;
            }
            for ((total, step), survival) in totals.iter_mut().zip(steps).zip(survivals) {
                if *step > f64::NEG_INFINITY {
                    total.add((step + survival).next_up());
                }
            }
        }
        let ratio = Interval::point(square) / Interval::point(self.last.q);
        let factors = [(0.0, 0.0), (0.0, 0.0), (2.0, 1.0), (2.0, 1.0), (1.0, 0.5)];
        let mut list = [0.0; 5];
        let ends = totals.into_iter().zip(self.last.ln).zip(factors);
        for (place, ((total, last), (more, power))) in list.iter_mut().zip(ends) {
            let freedom = Interval::point(d + more);
            let survival = size(more + 4.0).ln_survival((self.last.q / square).next_down());
            let tail = Interval::point(last)
                + ratio.ln().double()
                + (freedom * (freedom + Interval::point(2.0))).ln()
                + Interval::point(survival);
            let factor = Interval::point(power) * Interval::point(d).ln();
            *place = (total.ln().ln_add(tail) + factor).upper() + ROUNDING;
        }
        ErrorMoments::from_list(list)
    }
}

/// The number of the cell of `k^2`, and its upper end: cells of this width up to [`WIDE`], beyond of that width relative to `k^2`.
fn cell(square: f64, width: f64) -> (u64, f64) {
    if square < WIDE {
        let number = (square / width).floor() + 1.0;
        return (number as u64, number * width);
    }
    let number = ((square / WIDE).ln() / width).floor() + 1.0;
    // What rounding could take from the exponential is added.
    let end = WIDE * (number * width).exp() * (1.0 + 1e-14);
    ((WIDE / width + number) as u64, end.max(square))
}

/// `ln sum e^t` from above, one term after the other.
#[derive(Debug, Clone, Copy)]
struct LnSum {
    /// The largest term.
    top: f64,
    /// `sum e^{t - top}`.
    sum: Interval,
}

impl LnSum {
    fn new(term: f64) -> Self {
        Self {
            top: term,
            sum: Interval::ONE,
        }
    }

    /// Adds `e^term`, or what is above it and next to nothing.
    fn add(&mut self, term: f64) {
        let apart = Interval::point(term) - Interval::point(self.top);
        if term > self.top {
            self.sum = self.sum * (-apart).exp() + Interval::ONE;
            self.top = term;
        } else if apart.upper() < -TINY.0 {
            self.sum = self.sum + Interval::point(TINY.1);
        } else {
            self.sum = self.sum + apart.exp();
        }
    }

    fn ln(self) -> Interval {
        Interval::point(self.top) + self.sum.ln()
    }
}

impl ErrorMoments {
    fn from_list([ln_output, ln_signal, ln_size, ln_bias, ln_product]: [f64; 5]) -> Self {
        Self {
            ln_output,
            ln_signal,
            ln_size,
            ln_bias,
            ln_product,
        }
    }
}

impl Node {
    /// `ln(F_right - F_left)` of each factor, rounded up.
    fn steps_to(&self, right: &Self) -> [f64; 5] {
        let mut steps = [f64::NEG_INFINITY; 5];
        for (step, (&low, &high)) in steps.iter_mut().zip(self.ln.iter().zip(&right.ln)) {
            if high > low {
                let apart = Interval::point(low) - Interval::point(high);
                *step = (Interval::point(high) + (-apart.exp()).ln_1p()).upper();
            }
        }
        steps
    }

    /// With `|Sig A x|^2 <= |Sig| q`, and `G` of `gradient-order`:
    ///
    /// ```text
    /// G = r_2 [ tau^2 (|Sig| sqrt(K) + sqrt(tr Sig^2 r_3/r_2))^2 + |Sig| (tau^2 tr Sig + c_0 + 2 tau^2 |Sig|) N + tau^2 tr Sig^2 + c_0 tr Sig ].
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
        let signal = c.largest * q;
        let output = label + c.weight_variance * signal;
        let bias = c.square_trace.sqrt() + 2.0 * signal;
        let product = (covariance * output).sqrt();
        Self {
            q,
            ln: [output, signal, 1.0, bias, product].map(|f| f.ln() + ln_second + ROUNDING),
        }
    }
}
