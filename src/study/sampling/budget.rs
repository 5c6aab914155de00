//! The smallest budgets for a relative error.
//!
//! The error is not monotone in the budget: where one far key outweighs the others once it is drawn, a larger draw may be worse. So a budget is searched
//! among exact values: all budgets of a short tail, else a grid and a bisection. What is said is what was tried.

use std::collections::BTreeMap;

use nalgebra::DMatrix;
use rayon::prelude::*;

use super::SampledStudy;
use super::bounds::threshold;
use super::context::Counted;
use super::deviation::{Asked, largest};
use super::rows::errors;
use crate::error::Result;
use crate::exact::Exact;
use crate::parameter::{ErrorProbability, Positive, refused};
use crate::record::{BudgetDeviation, BudgetOf, BudgetRow, Cell, ReachedBudget, SampleBudgets};

/// Tails up to which every budget is tried.
const EVERY: u64 = 64;

/// The exact errors of one query by budget, each found once.
struct Curve<'a> {
    study: &'a SampledStudy,
    values: &'a DMatrix<f64>,
    query: usize,
    counted: Counted,
    weight: f64,
    /// `|T|^2`.
    squared: f64,
    known: BTreeMap<u64, Cell<Exact>>,
}

impl Curve<'_> {
    /// The context is made anew, so that only those in use are held.
    fn find(&mut self, budgets: &[u64]) -> Result<()> {
        let open = budgets.iter().filter(|b| !self.known.contains_key(*b));
        let open: Vec<u64> = open.copied().collect();
        if open.is_empty() {
            return Ok(());
        }
        let context = self.study.context(self.query, self.values)?;
        let sampled = self.study.hybrid(self.query, context)?;
        let found = errors(&sampled, &open)?.into_iter();
        let found = found.map(|cell| cell.map(|found| found.error));
        self.known.extend(open.into_iter().zip(found));
        Ok(())
    }

    fn deviation(&self, epsilon: Positive, delta: ErrorProbability) -> Result<BudgetDeviation> {
        let context = self.study.context(self.query, self.values)?;
        let sampled = self.study.hybrid(self.query, context)?;
        self.study.deviation_budgets(&Asked {
            query: self.query,
            sampled: &sampled,
            threshold: threshold(epsilon, self.squared)?,
            delta,
        })
    }

    fn at(&self, budget: u64) -> Cell<Exact> {
        let missing = || Err("no value was computed".to_owned());
        self.known.get(&budget).cloned().unwrap_or_else(missing)
    }
}

/// The relative error of these queries at a budget, the largest or the average: its value, and the most that it can be.
fn relative(curves: &mut [Curve], of: BudgetOf, budget: u64) -> Result<Cell<(f64, f64)>> {
    curves
        .par_iter_mut()
        .try_for_each(|curve| curve.find(&[budget]))?;
    let found: Cell<Vec<Exact>> = curves.iter().map(|curve| curve.at(budget)).collect();
    Ok(found.map(|found| {
        let all = || found.iter().zip(curves.iter());
        if of == BudgetOf::Average {
            let total: f64 = curves.iter().map(|one| one.weight * one.squared).sum();
            let exact = Exact::average(all().map(|(exact, one)| (*exact, one.weight)));
            return (exact.value / total, exact.upper() / total);
        }
        let ratios =
            all().map(|(exact, one)| (exact.value / one.squared, exact.upper() / one.squared));
        // NaN stays.
        let larger = |most: (f64, f64), one: (f64, f64)| {
            if most.1.is_nan() || one.1 <= most.1 {
                most
            } else {
                one
            }
        };
        ratios.fold((0.0, 0.0), larger)
    }))
}

/// The smallest budget from which on the relative error stays at most `epsilon` wherever it was tried.
fn search(curves: &mut [Curve], of: BudgetOf, epsilon: f64) -> Result<Cell<ReachedBudget>> {
    let tail = curves.iter().map(|one| one.counted.tail).min().unwrap_or(0);
    let grid = grid(tail);
    // All at once, which is what the exact values are quickest at.
    curves
        .par_iter_mut()
        .try_for_each(|curve| curve.find(&grid))?;
    let mut tried: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    for budget in grid {
        match relative(curves, of, budget)? {
            Ok(found) => tried.insert(budget, found),
            Err(reason) => return Ok(Err(reason)),
        };
    }
    // NaN fails.
    let fails = |found: &(f64, f64)| !(found.1 <= epsilon);
    loop {
        let low = tried.iter().rev().find(|(_, found)| fails(found));
        let low = low.map_or(0, |(budget, _)| *budget);
        let Some((&high, &(value, _))) = tried.range(low + 1..).next() else {
            let least = tried.get(&tail).map_or(f64::NAN, |found| found.0);
            let reason = format!("with {tail} draws the relative error is {least:.3e}");
            return Ok(Err(reason));
        };
        if high - low == 1 {
            let mut earlier = tried.range(..high).filter(|(_, found)| !fails(found));
            return Ok(Ok(ReachedBudget {
                budget: high,
                value,
                tried: tried.len(),
                every: tried.len() as u64 == tail,
                earlier: earlier.next().map(|(budget, _)| *budget),
            }));
        }
        let between = low + (high - low) / 2;
        match relative(curves, of, between)? {
            Ok(found) => tried.insert(between, found),
            Err(reason) => return Ok(Err(reason)),
        };
    }
}

/// Every budget of a short tail; else powers of `sqrt(2)`, rounded, and the whole tail.
fn grid(tail: u64) -> Vec<u64> {
    if tail <= EVERY {
        return (1..=tail).collect();
    }
    let powers = (0..).map(|k| 2f64.powf(0.5 * f64::from(k)).round());
    let mut grid: Vec<u64> = powers.map(|x| x as u64).take_while(|x| *x < tail).collect();
    grid.push(tail);
    grid.dedup();
    grid
}

impl SampledStudy {
    /// The smallest budget at which `E|That - T|^2 <= epsilon |T|^2`, at each query, at all of them, and on average (relative to the average of `|T|^2`).
    ///
    /// The error is not monotone in the budget, so the answer is a search over exact values, their errors added: the budget at which the error is at most the threshold,
    /// at one less not, and at every budget above that was tried ([`ReachedBudget::tried`]) again at most. All budgets are tried for tails of up to 64 keys
    /// ([`ReachedBudget::every`]).
    ///
    /// With `delta` also what is needed for `P(|That - T|^2 >= epsilon |T|^2) <= delta` at each query: by proof
    /// ([`SampledBounds::smallest_budget`](crate::sampling::SampledBounds::smallest_budget)), by simulation (2,000 draws each, or as [`SampledStudy::simulate`] says; the
    /// upper confidence limit is at most `delta`), and what [`published_budget`](crate::sampling::published_budget) asks for.
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter) if `epsilon` is not a finite number greater than 0, `T` vanishes at some query, and as [`SampledStudy::table`].
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::nalgebra::{self, dmatrix};
    /// use attention_bounds::sampling::{Design, Kept};
    /// use attention_bounds::{Empirical, Head, QueryLaw, Study};
    ///
    /// // Equal scores: the mean of b of the four values 1, 2, 3, 4 has the variance 5/4 (4 - b) / (3 b), and |T|^2 = 25/4.
    /// let tokens = Empirical::new(&dmatrix![1.0; 2.0; 3.0; 4.0])?;
    /// let head = Head::new(dmatrix![0.0], dmatrix![1.0])?;
    /// let study = Study::new(tokens, head, QueryLaw::uniform(dmatrix![1.0])?)?;
    /// let found = study.sampled(Kept::none(), Design::WithoutReplacement)?.smallest_budgets(0.03, None)?;
    /// let reached = found.rows[0].exact.as_ref().unwrap();
    /// assert_eq!((reached.budget, reached.every), (3, true));
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn smallest_budgets(&self, epsilon: f64, delta: Option<f64>) -> Result<SampleBudgets> {
        let epsilon = Positive::new("--epsilon", epsilon)?;
        let delta = delta
            .map(|delta| ErrorProbability::new("--delta", delta))
            .transpose()?;
        // Some 60 budgets are tried.
        let counted = self.checked(100)?;
        let values = self.values()?;
        let (_, weights) = self.queries()?;
        let curve = |((query, counted), weight): ((usize, &Counted), &f64)| {
            let squared = self.context(query, &values)?.limit().norm_squared();
            if !(squared > 0.0) {
                let found = format!("{squared} at query {query}");
                return refused("|T|^2", found, "greater than 0 for a relative error");
            }
            Ok(Curve {
                study: self,
                values: &values,
                query,
                counted: *counted,
                weight: *weight,
                squared,
                known: BTreeMap::new(),
            })
        };
        let curves = counted.iter().enumerate().zip(weights).map(curve);
        let mut curves = curves.collect::<Result<Vec<_>>>()?;
        let progress = &self.study.progress;
        progress.start(curves.len() as u64 + 2);
        let row = |curves: &mut [Curve], of: BudgetOf| {
            let exact = search(curves, of, epsilon.get())?;
            let deviation = match (&*curves, of, delta) {
                ([curve], BudgetOf::Query(_), Some(delta)) => {
                    Some(curve.deviation(epsilon, delta)?)
                }
                _ => None,
            };
            progress.step();
            let counted = || curves.iter().map(|curve| curve.counted);
            Ok(BudgetRow {
                of,
                kept: counted().map(|one| one.kept).max().unwrap_or(0),
                tail: counted().map(|one| one.tail).min().unwrap_or(0),
                exact,
                deviation,
            })
        };
        let single = |curve: &mut Curve| {
            let of = BudgetOf::Query(curve.query);
            row(std::slice::from_mut(curve), of)
        };
        let rows: Result<Vec<BudgetRow>> = curves.par_iter_mut().map(single).collect();
        let mut rows = rows?;
        let deviation = largest(&rows);
        let worst = row(&mut curves, BudgetOf::Worst)?;
        rows.push(BudgetRow { deviation, ..worst });
        rows.push(row(&mut curves, BudgetOf::Average)?);
        Ok(SampleBudgets {
            description: self.study.description.clone(),
            design: self.design_name(),
            keys: values.nrows() as u64,
            epsilon: epsilon.get(),
            delta: delta.map(ErrorProbability::get),
            rows,
            notes: Vec::new(),
        })
    }
}
