//! Bounds of Gaussian tokens averaged over a Gaussian query.

use rayon::prelude::*;

use crate::attention::{ScoreVarianceDensity, ScoreVarianceLaw};
use crate::bound::lower::{LowerBound, gaussian_factors};
use crate::bound::query::candidates::{Candidates, Node, Panel};
use crate::bound::query::gauss_legendre::{GAUSS_6, GAUSS_8};
use crate::bound::{Bound, Theorem};
use crate::error::Result;
use crate::parameter::PromptLength;

/// T5, T15, T6 and the trivial bound for Gaussian tokens, averaged over a Gaussian query.
///
/// For Gaussian tokens every pointwise bound is `(tau_V + eta) G(s^2)`, where for fixed proof parameters `G`
/// is an explicit smooth function. The line of `s^2` is cut into panels; on each panel the proof
/// parameters are those that are best at its middle, and the theorem is the one whose integral over
/// the panel is smallest. Every choice is valid; only the integrals of smooth functions against the
/// law of `(s^2, eta)` ([`ScoreVarianceLaw`]) are numerical, by Gauss-Legendre sums of two orders whose
/// difference is added. What the panels leave out is counted with the trivial bound on the right and
/// with the bound at the left end, of which `G` is an increasing function, on the left.
///
/// # What is guaranteed
/// `G` at each node is the upper end of an enclosure. That the two sums bound the integral is **not proved**: the
/// density of `s^2` comes from a numerical inversion, and the difference of two quadrature orders is an
/// estimate of an error. The finished value is raised by a relative `2^-36` for the rounding of densities and
/// sums. The trivial bound of the average needs no integral.
#[derive(Debug)]
pub struct GaussianQueryAverage {
    panels: Vec<Panel>,
    /// `tau_V + E eta`, the mass of all panels and what they leave out.
    total: f64,
    /// Mass that the panels leave out around the edge of the density and below, an upper bound.
    left: f64,
    /// Where that mass ends.
    start: f64,
}

/// Widest panel in `ln s^2`, and in `s^2`.
const WIDEST: (f64, f64) = (0.3, 0.6);
/// No bound is below the trivial one from this `s^2` on, for any accepted length: `e^{s^2} > L` by far.
const TRIVIAL_FROM: f64 = 80.0;
/// `ln` of the left end of the first panel, relative to the largest eigenvalue.
const LEFT: f64 = -12.0;
/// Mass, relative to the total, at which panels end on the right, and which is added for the rest.
pub(in crate::bound) const REST: f64 = 1e-19;

impl GaussianQueryAverage {
    /// For the output error: the law of the score variance and the output variance
    /// `tau_V = tr(V Gamma V^T)`.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::attention::ScoreVarianceLaw;
    /// use attention_bounds::bound::GaussianQueryAverage;
    /// use attention_bounds::nalgebra::{self, dmatrix};
    /// use attention_bounds::parameter::PromptLength;
    /// use attention_bounds::{Gaussian, Head};
    ///
    /// // tau_V = 1 and eta = z^2: the trivial bound is 2.
    /// let one = Gaussian::centred(dmatrix![1.0])?;
    /// let law = ScoreVarianceLaw::new(&one, &Head::new(dmatrix![1.0], dmatrix![1.0])?, &one)?;
    /// let bounds = GaussianQueryAverage::output(&law, 1.0).output_bounds(PromptLength::new(10)?)?;
    /// assert!((bounds[0].value().unwrap() - 2.0).abs() < 1e-9);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn output(law: &ScoreVarianceLaw, output_variance: f64) -> Self {
        let total = output_variance + law.mean_response();
        Self::new(law, total, |d| (output_variance * d.density, d.response))
    }

    /// For the expected participation `E P_2 <= min(1, L e^{s^2} I_2(L-1))`, whose mass is that of the query.
    pub fn participation(law: &ScoreVarianceLaw) -> Self {
        Self::new(law, 1.0, |d| (d.density, 0.0))
    }

    /// `parts`: the densities of `tau_V` and of `eta`.
    fn new(
        law: &ScoreVarianceLaw,
        total: f64,
        parts: impl Fn(ScoreVarianceDensity) -> (f64, f64),
    ) -> Self {
        let mut panels = Vec::new();
        let mut inside = 0.0;
        let start = cut(law, REST * total, |low, high| {
            let nodes = |rule: &[(f64, f64)]| -> Vec<Node> {
                rule.iter()
                    .map(|&(x, weight)| {
                        let q = low + (high - low) * x;
                        let (tau, eta) = parts(law.density(q - law.offset()));
                        let share = if eta > 0.0 { eta / (tau + eta) } else { 0.0 };
                        Node::new(q, weight * (high - low) * (tau + eta), share)
                    })
                    .collect()
            };
            let panel = Panel::new(0.5 * (low + high), nodes(&GAUSS_8), nodes(&GAUSS_6));
            let here = panel.centre.mass;
            inside += here;
            if here > REST * total {
                panels.push(panel);
            }
            here
        });
        panels.sort_by(|x, y| x.centre.score_variance.total_cmp(&y.centre.score_variance));
        Self {
            panels,
            total,
            left: (total - inside).max(0.0) + SLACK * total,
            start,
        }
    }

    /// The trivial bound 1 and T5's bound of the average of `E P_2`, of a [`Self::participation`].
    ///
    /// # Errors
    /// If a Gaussian constant is not finite.
    pub fn participation_bounds(&self, length: PromptLength) -> Result<Vec<Bound>> {
        let trivial = Bound::proved(Theorem::TRIVIAL_BOUND, 1.0, 1.0, "sum_i p_i = 1");
        let theorem = Theorem::LAPLACE_PARTICIPATION;
        let record = match self.integrals(length)?.0 {
            Some(value) => Bound::proved(
                theorem,
                outward(value),
                1.0,
                "integral over the Gaussian query",
            )
            .with_hypothesis("L", length.as_f64())
            .with_hypothesis("panels", self.panels.len() as f64),
            None => Bound::not_applicable(theorem, "L >= 4 is required"),
        };
        Ok(vec![trivial, record])
    }

    /// The trivial bound `tau_V + E eta`, T5 and T6 for one length, of a [`Self::output`].
    ///
    /// # Errors
    /// If a Gaussian constant is not finite.
    pub fn output_bounds(&self, length: PromptLength) -> Result<Vec<Bound>> {
        let trivial = outward(self.total);
        let trivial_record = Bound::proved(
            Theorem::TRIVIAL_BOUND,
            trivial,
            trivial,
            "Gaussian tokens: tau_V + E eta",
        )
        .with_hypothesis("tau_V + E eta", self.total);
        let record = |theorem, value: f64| {
            Bound::proved(
                theorem,
                outward(value),
                trivial,
                "integral over the Gaussian query",
            )
            .with_hypothesis("L", length.as_f64())
            .with_hypothesis("tau_V + E eta", self.total)
            .with_hypothesis("panels", self.panels.len() as f64)
        };
        let (laplace, fractional, smallest) = self.integrals(length)?;
        let fractional = match fractional {
            Some(value) => record(Theorem::FRACTIONAL_MOMENTS, value),
            None => Bound::not_applicable(Theorem::FRACTIONAL_MOMENTS, "L >= 3 is required"),
        };
        let laplace = match laplace {
            Some(value) => record(Theorem::LAPLACE_BOUND, value),
            None => Bound::not_applicable(Theorem::LAPLACE_BOUND, "L >= 4 is required"),
        };
        Ok(vec![
            trivial_record,
            laplace,
            fractional,
            record(Theorem::OUTPUT_CONCENTRATION, smallest),
        ])
    }

    /// T19 averaged over the query, of a [`Self::output`]; what the panels leave out counts as nothing. Nothing for scores beyond the range.
    pub fn lower_bound(&self, length: PromptLength) -> Option<LowerBound> {
        let l = length.as_f64();
        let sum = |nodes: &[Node]| -> Option<f64> {
            nodes.iter().try_fold(0.0, |sum, node| {
                let (of_variance, of_response) = gaussian_factors(node.score_variance, l)?;
                let parts = (1.0 - node.share) * of_variance + node.share * of_response;
                Some(sum + node.mass * parts)
            })
        };
        let mut total = 0.0;
        for panel in &self.panels {
            // Beyond the range a panel counts as nothing too.
            if let (Some(fine), Some(coarse)) = (sum(&panel.fine), sum(&panel.coarse)) {
                total += (fine - (fine - coarse).abs()).max(0.0);
            }
        }
        LowerBound::new(total * (1.0 - 1e-9) - REST * self.total)
    }

    /// Upper values of `E[(tau_V + eta) G(s^2)]`, for T5 (`L >= 4`), T15 (`L >= 3`) and the smallest of all bounds.
    ///
    /// What lies left of the first panel has smaller scores than its end. There T5 is smaller, and T15 at the end holds: `M_q` and `phi`
    /// increase in `s^2`, the second because lognormal weights increase in the convex order; a share of `eta` lowers `A_q`.
    fn integrals(&self, length: PromptLength) -> Result<(Option<f64>, Option<f64>, f64)> {
        let start = Node::new(self.start, 0.0, 0.0);
        let first = Candidates::at(&start, length)?;
        let mut laplace = self.left * first.laplace(self.start).map_or(1.0, |g| g.min(1.0));
        let mut fractional = self.left * first.fractional(&start).map_or(1.0, |g| g.min(1.0));
        let mut smallest = self.left * first.smallest(&start);
        let parts: Vec<Result<[f64; 3]>> = self
            .panels
            .par_iter()
            .map(|panel| Ok(Candidates::at(&panel.centre, length)?.integrals(panel)))
            .collect();
        for part in parts {
            let [one, other, all] = part?;
            laplace += one;
            fractional += other;
            smallest += all;
        }
        let rest = REST * self.total;
        let applies = length.get() >= 3;
        Ok((
            first.second.map(|_| laplace + rest),
            applies.then_some(fractional + rest),
            smallest + rest,
        ))
    }
}

/// Calls `add` for the ends of every panel; it returns the panel's mass, and panels end on the right where that is below `least`.
/// Returns where what the panels leave out on the left ends.
///
/// Panels grow away from the edge of the density, on both sides. They are narrower than the law itself where that is
/// concentrated, and short in `s^2` where a bound may still change by `e^{s^2}`.
pub(in crate::bound) fn cut(
    law: &ScoreVarianceLaw,
    least: f64,
    mut add: impl FnMut(f64, f64) -> f64,
) -> f64 {
    let scale = law.largest_eigenvalue();
    let (mean, deviation) = law.mean_and_deviation();
    let edge = law.offset() + law.edge();
    let mut distance = scale * LEFT.exp();
    while scale > 0.0 && distance < law.edge() {
        let next = (distance * WIDEST.0.exp())
            .min(distance + WIDEST.1)
            .min(law.edge());
        add(edge - next, edge - distance);
        distance = next;
    }
    let mut distance = scale * LEFT.exp();
    for _ in 0..MOST_PANELS {
        if !(scale > 0.0) {
            break;
        }
        let short = if edge + distance < TRIVIAL_FROM {
            WIDEST.1
        } else {
            f64::INFINITY
        };
        let next = (distance * WIDEST.0.exp()).min(distance + short.min(0.3 * deviation));
        let here = add(edge + distance, edge + next);
        distance = next;
        if edge + distance > mean + deviation && here < least {
            break;
        }
    }
    edge + scale * LEFT.exp()
}

/// A non-negative value raised by a relative `2^-36 = 1.5e-11` and one float.
pub(in crate::bound) fn outward(value: f64) -> f64 {
    (value * (1.0 + 1.0 / (1u64 << 36) as f64)).next_up()
}

/// Allowance for the masses of the panels, relative to the total.
pub(in crate::bound) const SLACK: f64 = 1e-12;
/// Panels at most; more would mean a law of `s^2` that spans hundreds of deviations.
const MOST_PANELS: usize = 4000;
