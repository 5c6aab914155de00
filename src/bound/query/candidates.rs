//! The competing bounds of Gaussian tokens on a panel of score variances.

use std::sync::OnceLock;

use crate::bound::laplace::fractional::{self, Fractional};
use crate::bound::laplace::inverse_moment::{InverseMoment, inverse_moment};
use crate::bound::moments::fractional::FractionalMoments;
use crate::bound::moments::{LARGEST_EXPONENT, LogMoments};
use crate::bound::{chernoff, laplace};
use crate::error::Result;
use crate::parameter::{PromptLength, refused};

/// One panel: nodes in `s^2`, for two quadrature orders.
#[derive(Debug)]
pub(super) struct Panel {
    /// Where proof parameters are chosen: the middle of the panel, with the share of `eta` in it.
    pub centre: Node,
    pub fine: Vec<Node>,
    pub coarse: Vec<Node>,
}

/// A node in `s^2`: its mass `tau_V + eta`, and the share of `eta` in it.
#[derive(Debug)]
pub(super) struct Node {
    pub score_variance: f64,
    pub mass: f64,
    pub share: f64,
    /// Of Gaussian tokens with this score variance and share, made when first asked for.
    moments: OnceLock<FractionalMoments>,
}

impl Node {
    pub fn new(score_variance: f64, mass: f64, share: f64) -> Self {
        Self {
            score_variance,
            mass,
            share,
            moments: OnceLock::new(),
        }
    }

    pub fn moments(&self) -> &FractionalMoments {
        self.moments
            .get_or_init(|| FractionalMoments::gaussian(self.score_variance, self.share))
    }
}

impl Panel {
    pub fn new(middle: f64, fine: Vec<Node>, coarse: Vec<Node>) -> Self {
        let eta: f64 = fine.iter().map(|node| node.mass * node.share).sum();
        let mass: f64 = fine.iter().map(|node| node.mass).sum();
        let share = eta / mass;
        let share = if share.is_nan() { 0.0 } else { share };
        Self {
            centre: Node::new(middle, mass, share),
            fine,
            coarse,
        }
    }
}

/// The competing bounds of Gaussian tokens per unit of `tau_V + eta`, with proof parameters fixed.
pub(super) struct Candidates {
    length: f64,
    /// T15, for `L >= 3`.
    fractional: Option<Fractional>,
    /// `th` and form of T5, for `L >= 4`.
    pub second: Option<InverseMoment>,
    /// `del` of T4, for `L >= 2`.
    delta: Option<f64>,
}

/// Gaussian tokens of score variance `q` per unit of `tau_V + eta`: `rho = kap = A2 = e^q`, `F0 = 1`.
pub(in crate::bound) fn unit_moments(q: f64) -> LogMoments {
    LogMoments {
        rho: q,
        kappa: q,
        a2: q,
        f0: 1.0,
    }
}

impl Candidates {
    pub fn at(node: &Node, length: PromptLength) -> Result<Self> {
        let score_variance = node.score_variance;
        if !(0.0..=LARGEST_EXPONENT).contains(&score_variance) {
            return refused("s^2", score_variance, "a finite number, at least 0");
        }
        let unit = unit_moments(score_variance);
        let number = length.as_f64();
        Ok(Self {
            length: number,
            fractional: (length.get() >= 3)
                .then(|| fractional::gaussian_search(node.moments(), number))
                .flatten()
                // No better than the trivial bound.
                .filter(|found| found.ln_value < 0.1),
            second: (length.get() >= 4).then(|| inverse_moment(&unit, 2, number - 1.0)),
            delta: (length.get() >= 2).then(|| chernoff::search(&unit, number).delta),
        })
    }

    pub fn laplace(&self, q: f64) -> Option<f64> {
        self.second.as_ref().map(|second| {
            let ln_value = laplace::ln_participation(&unit_moments(q), self.length, second);
            ln_value.exp().upper()
        })
    }

    pub fn fractional(&self, node: &Node) -> Option<f64> {
        self.fractional.as_ref().map(|found| {
            let ln_value = found.ln_enclosure(node.moments(), self.length);
            ln_value.exp().upper()
        })
    }

    fn chernoff(&self, q: f64) -> Option<f64> {
        self.delta.map(|delta| {
            let ln_value = chernoff::ln_enclosure(&unit_moments(q), self.length, delta);
            ln_value.exp().upper()
        })
    }

    /// The smallest at one point.
    pub fn smallest(&self, node: &Node) -> f64 {
        let q = node.score_variance;
        [self.laplace(q), self.chernoff(q), self.fractional(node)]
            .into_iter()
            .flatten()
            .fold(1.0, f64::min)
    }

    /// The integral of `min(1, T5)`, `min(1, T15)` and of the smallest bound over a panel, upper values.
    pub fn integrals(&self, panel: &Panel) -> [f64; 3] {
        let sum = |nodes: &[Node], f: &dyn Fn(&Node) -> Option<f64>| -> Option<f64> {
            nodes
                .iter()
                .try_fold(0.0, |sum, node| Some(sum + f(node)? * node.mass))
        };
        let upper = |f: &dyn Fn(&Node) -> Option<f64>| -> Option<f64> {
            let fine = sum(&panel.fine, f)?;
            let value = fine + (fine - sum(&panel.coarse, f)?).abs();
            // Where a bound overflows the difference is NaN, and the panel has no use for it.
            (!value.is_nan()).then_some(value)
        };
        let trivial = upper(&|_| Some(1.0)).unwrap_or(f64::INFINITY);
        let or = |value: Option<f64>, other: f64| value.map_or(other, |value| value.min(other));
        let laplace = or(upper(&|node| self.laplace(node.score_variance)), trivial);
        let fractional = upper(&|node| self.fractional(node));
        let fractional = or(fractional, trivial);
        let chernoff = upper(&|node| self.chernoff(node.score_variance));
        let smallest = or(chernoff, laplace.min(fractional));
        [laplace, fractional, smallest]
    }
}
