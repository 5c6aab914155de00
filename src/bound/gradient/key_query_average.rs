//! T9 `key-query-gradient-average`: the error of the gradient in `U` of Gaussian tokens, averaged over a Gaussian query.

use rayon::prelude::*;

use crate::attention::{Head, WeightedScoreVarianceLaw};
use crate::bound::gradient::key_query_masses::{Constants, Masses};
use crate::bound::logarithm::ln_add;
use crate::bound::moments::LARGEST_EXPONENT;
use crate::bound::query::average::{REST, SLACK, cut, outward};
use crate::bound::query::candidates::unit_moments;
use crate::bound::query::gauss_legendre::{GAUSS_6, GAUSS_8};
use crate::bound::{Bound, Theorem, chernoff, laplace};
use crate::error::Result;
use crate::interval::Interval;
use crate::law::Gaussian;
use crate::parameter::{PromptLength, refused};

/// T9 for Gaussian tokens, averaged over a Gaussian query (theory, `key-query-gradient-average`).
///
/// The line of `s^2` is cut into panels. On each, `E[(sqrt A + sqrt B)^2 |z|^2] <= (sqrt E[A |z|^2] + sqrt E[B |z|^2])^2` with
/// proof parameters that are best at its middle, or one of two bounds without weights, whichever is smallest:
/// `L (sqrt E[F0 |z|^2] + sqrt E[F4 |z|^2])^2`, and `(sqrt(K_V K_I) + |V Gamma|_F)^2 E|z|^2`, which is independent of the tilt.
///
/// # What is guaranteed
/// As for [`GaussianQueryAverage`](crate::bound::GaussianQueryAverage): the functions of `s^2` are upper ends of enclosures; that
/// the Gauss-Legendre sums of two orders, with their difference, bound the integrals is **not proved**. The finished value is
/// raised by a relative `2^-36`. The trivial bound needs no integral.
#[derive(Debug)]
pub struct KeyQueryAverage {
    constants: Constants,
    panels: Vec<Panel>,
    /// `E` of all masses.
    total: Masses,
}

/// Nodes in `s^2` with their masses, for two quadrature orders.
#[derive(Debug)]
struct Panel {
    middle: f64,
    fine: Vec<(f64, Masses)>,
    coarse: Vec<(f64, Masses)>,
}

impl KeyQueryAverage {
    /// For Gaussian tokens, a head and a Gaussian query.
    ///
    /// # Errors
    /// If shapes do not fit, a constant is not finite, or `s^2` may be above `1e100`.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::bound::KeyQueryAverage;
    /// use attention_bounds::nalgebra::{self, dmatrix};
    /// use attention_bounds::parameter::PromptLength;
    /// use attention_bounds::{Gaussian, Head};
    ///
    /// // One token: Chat = 0, and the error is E z^2 = 1.
    /// let one = Gaussian::centred(dmatrix![1.0])?;
    /// let average = KeyQueryAverage::new(&one, &Head::new(dmatrix![0.1], dmatrix![1.0])?, &one)?;
    /// assert!(average.bounds(PromptLength::new(1)?)[0].value().unwrap() >= 1.0);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn new(tokens: &Gaussian, head: &Head, query: &Gaussian) -> Result<Self> {
        let law = WeightedScoreVarianceLaw::new(tokens, head, query)?;
        let constants = Constants::new(tokens, head.value())?;
        let total = constants.masses(law.means(Constants::WEIGHTS));
        let scores = law.score_variance();
        let mut panels = Vec::new();
        let mut inside = Masses::default();
        let start = cut(scores, REST * total.query, |low, high| {
            let nodes = |rule: &[(f64, f64)]| -> Vec<(f64, Masses)> {
                rule.par_iter()
                    .map(|&(x, weight)| {
                        let q = low + (high - low) * x;
                        let densities = law.densities(q - scores.offset(), Constants::WEIGHTS);
                        let masses = constants.masses(densities);
                        (q, masses.scaled(weight * (high - low)))
                    })
                    .collect()
            };
            let panel = Panel {
                middle: 0.5 * (low + high),
                fine: nodes(&GAUSS_8),
                coarse: nodes(&GAUSS_6),
            };
            let here = Masses::sum(panel.fine.iter().map(|node| node.1));
            inside = inside.plus(here);
            panels.push(panel);
            here.query
        });
        // What the panels leave out around the edge of the density and below, as if it were at their end.
        let left = total.excess_over(inside).plus(total.scaled(SLACK));
        panels.push(Panel {
            middle: start,
            fine: vec![(start, left)],
            coarse: vec![(start, left)],
        });
        panels.sort_by(|x, y| x.middle.total_cmp(&y.middle));
        if let Some(last) = panels.last()
            && !(0.0..=LARGEST_EXPONENT).contains(&last.middle)
        {
            return refused("s^2", last.middle, "a finite number, at least 0");
        }
        Ok(Self {
            constants,
            panels,
            total,
        })
    }

    /// The trivial bound `L (sqrt E[F0 |z|^2] + sqrt E[F4 |z|^2])^2` and T9 (`L >= 2`), integrated over the query.
    pub fn bounds(&self, length: PromptLength) -> Vec<Bound> {
        let number = length.as_f64();
        let jensen = outward(number * square_of_sum(self.total.first, self.total.fourth));
        let trivial = Bound::proved(
            Theorem::TRIVIAL_BOUND,
            jensen,
            jensen,
            "Jensen: L (sqrt E[|VF|^2 |z|^2] + sqrt(|V|^2 E[|X - m(a)|^4 |z|^2]))^2",
        )
        .with_hypothesis("L", number)
        .with_hypothesis("E|z|^2", self.total.query);
        let theorem = Theorem::KEY_QUERY_GRADIENT;
        if length.get() < 2 {
            return vec![
                trivial,
                Bound::not_applicable(theorem, "L >= 2 is required"),
            ];
        }
        let crude = self.constants.crude(number);
        let mut sum = REST * self.total.query * crude;
        let mut weighted = true;
        for panel in &self.panels {
            let simple = panel.simple(number, crude);
            let found = if weighted {
                panel.weighted(number)
            } else {
                f64::INFINITY
            };
            // The weighted bound grows as e^{s^2}: once it is above the others on the right, it stays there.
            weighted = found < simple || panel.middle < 1.0;
            sum += found.min(simple);
        }
        let record = Bound::proved(
            theorem,
            outward(sum),
            jensen,
            "integral over the Gaussian query",
        )
        .with_hypothesis("L", number)
        .with_hypothesis("E|z|^2", self.total.query)
        .with_hypothesis("panels", self.panels.len() as f64);
        vec![trivial, record]
    }
}

/// `(sqrt x + sqrt y)^2`.
fn square_of_sum(x: f64, y: f64) -> f64 {
    (x.sqrt() + y.sqrt()).powi(2)
}

impl Panel {
    /// An upper value of the integral of `f`; infinite where it overflows.
    fn upper(&self, f: impl Fn(f64, &Masses) -> f64) -> f64 {
        let sum = |nodes: &[(f64, Masses)]| nodes.iter().map(|(q, m)| f(*q, m)).sum::<f64>();
        let fine = sum(&self.fine);
        let value = fine + (fine - sum(&self.coarse)).abs();
        if value.is_nan() {
            f64::INFINITY
        } else {
            value.max(0.0)
        }
    }

    /// The bounds without weights.
    fn simple(&self, length: f64, crude: f64) -> f64 {
        let jensen =
            length * square_of_sum(self.upper(|_, m| m.first), self.upper(|_, m| m.fourth));
        jensen.min(crude * self.upper(|_, m| m.query))
    }

    /// `(sqrt E[A |z|^2] + sqrt E[B |z|^2])^2` at the proof parameters that are best at the middle.
    fn weighted(&self, length: f64) -> f64 {
        let unit = unit_moments(self.middle);
        let delta = chernoff::search(&unit, length).delta;
        let mut first = self.upper(|q, m| {
            m.first
                * chernoff::ln_enclosure(&unit_moments(q), length, delta)
                    .exp()
                    .upper()
        });
        if length >= 7.0 {
            let found = laplace::search(&unit, length);
            first = first.min(self.upper(|q, m| {
                m.first * found.ln_enclosure(&unit_moments(q), length).exp().upper()
            }));
        }
        let delta = self.fourth_delta(length);
        let second = self.upper(|q, m| {
            let [diagonal, pairs, small] = fourth_factors(q, length, delta);
            m.mixed * diagonal + m.pairs * pairs + m.fourth * small
        });
        square_of_sum(first, second)
    }

    /// The best `del` of the fourth moment for the masses of the panel at its middle. A search in plain floats.
    fn fourth_delta(&self, length: f64) -> f64 {
        let masses = Masses::sum(self.fine.iter().map(|node| node.1));
        let (q, ln_length, ln_others) = (self.middle, length.ln(), (length - 1.0).ln());
        let diagonal = masses.mixed.ln() + 6.0 * q - 3.0 * ln_length;
        let pairs = (3.0 * masses.pairs).ln() + 2.0 * q - 2.0 * ln_length;
        let sum = ln_add(diagonal, pairs) + 4.0 * (ln_length - ln_others);
        let ln_rate = ln_others - q - std::f64::consts::LN_2;
        let complement = ln_length + masses.fourth.ln();
        let (unit, _) = chernoff::balance(sum, 4.0, complement, ln_rate);
        chernoff::delta(unit, length)
    }
}

/// What `mixed-fourth-moment` multiplies `Q(3h, Gamma)`, `(tau_V + |Vh|^2)(tau + |h|^2)` and `|V|^2 E|Y|^4` with, upper ends:
/// `e^{6q} / (L^3 (1-del)^4)`, `3 e^{2q} / (L^2 (1-del)^4)` and `L exp( -(del L - 1)^2 / (2 (L-1) e^q) )`.
fn fourth_factors(q: f64, length: f64, delta: f64) -> [f64; 3] {
    let (point, ln_length) = (Interval::point(q), Interval::point(length).ln());
    let ln_complement = (Interval::ONE - Interval::point(delta)).ln();
    let inverse = -ln_complement.double().double() - ln_length.double();
    let two = point.double();
    let diagonal = two.double() + two + inverse - ln_length;
    let pairs = Interval::point(3.0).ln() + two + inverse;
    let small = ln_length - chernoff::exponent(delta, q, length);
    [diagonal, pairs, small].map(|ln| ln.exp().upper())
}

#[cfg(test)]
mod tests {
    use crate::bound::gradient::key_query_average::*;

    #[test]
    fn factors_of_the_fourth_moment_are_their_formulas() {
        for (q, l, delta) in [(0.3_f64, 40.0_f64, 0.4_f64), (2.0, 1e5, 0.05)] {
            let room = (1.0 - delta).powi(4);
            let exponent = (delta * l - 1.0).powi(2) / (2.0 * (l - 1.0) * q.exp());
            let expected = [
                (6.0 * q).exp() / l.powi(3) / room,
                3.0 * (2.0 * q).exp() / (l * l) / room,
                l * (-exponent).exp(),
            ];
            for (found, expected) in fourth_factors(q, l, delta).iter().zip(expected) {
                assert!(*found >= expected * (1.0 - 1e-12));
                assert!(*found <= expected * (1.0 + 1e-9), "{found} {expected}");
            }
        }
    }

    /// The mass that the panels leave out is small, and all of it is counted.
    #[test]
    fn panels_hold_the_whole_mass() {
        let matrix = |entries: [f64; 4]| nalgebra::DMatrix::from_row_slice(2, 2, &entries);
        let tokens = Gaussian::centred(matrix([0.9, 0.3, 0.3, 0.6])).unwrap();
        let head = Head::new(matrix([0.7, 0.0, -0.4, 0.8]), matrix([1.0, 0.5, 0.0, 1.0])).unwrap();
        let query = Gaussian::centred(matrix([1.0, 0.2, 0.2, 0.5])).unwrap();
        let average = KeyQueryAverage::new(&tokens, &head, &query).unwrap();
        let held = Masses::sum(
            average
                .panels
                .iter()
                .flat_map(|panel| panel.fine.iter().map(|node| node.1)),
        );
        assert!(held.excess_over(average.total).query < 1e-9 * average.total.query);
        assert!(average.total.excess_over(held).query == 0.0);
        assert!(average.total.excess_over(held).mixed == 0.0);
        let [left, ..] = average.panels.as_slice() else {
            panic!("no panel");
        };
        assert!(left.fine.iter().map(|node| node.1.query).sum::<f64>() < 1e-3);
    }
}
