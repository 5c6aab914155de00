//! Lattices on which averages over a Gaussian query are trapezoidal sums.

use crate::attention::ScoreVarianceLaw;
use crate::error::Result;
use crate::exact::output::participation::check_deviation;

/// A lattice in `u` on which `s^2` runs over one side of the edge of its density.
///
/// Both maps send the ends of their side doubly exponentially towards them, so that the trapezoidal sum
/// converges fast whatever the density does at the edge.
#[derive(Debug, Clone, Copy)]
pub(in crate::exact) struct Lattice {
    side: Side,
    start: f64,
    pub step: f64,
    pub count: usize,
}

/// The side of the edge, with the distance from it that `u` stands for.
#[derive(Debug, Clone, Copy)]
enum Side {
    /// `s^2 = edge + lam e^{u - e^{-u}}`.
    Above,
    /// `s^2 = edge - (edge - offset) / (1 + e^{-pi sinh u})`.
    Below,
}

impl Side {
    /// `s^2 - offset` and the absolute value of its derivative in `u`.
    fn point(self, law: &ScoreVarianceLaw, u: f64) -> (f64, f64) {
        match self {
            Side::Above => {
                let distance = law.largest_eigenvalue() * (u - (-u).exp()).exp();
                (law.edge() + distance, distance * (1.0 + (-u).exp()))
            }
            Side::Below => {
                let exponent = std::f64::consts::PI * u.sinh();
                let (near, far) = (
                    1.0 / (1.0 + (-exponent).exp()),
                    1.0 / (1.0 + exponent.exp()),
                );
                let slope = std::f64::consts::PI * u.cosh() * near * far;
                (law.edge() * far, law.edge() * slope)
            }
        }
    }
}

impl Lattice {
    /// Lattices that cover all but a negligible part of the law; none if the query does not move `s^2`.
    ///
    /// # Errors
    /// If the law reaches a score deviation that is not served.
    pub fn cover(law: &ScoreVarianceLaw, longest: f64) -> Result<Vec<Self>> {
        let (mean, deviation) = law.mean_and_deviation();
        // The lattice reaches beyond the mean: whether it is served is known before any node.
        check_deviation(mean.sqrt())?;
        let centre = mean - law.offset() - law.edge();
        if !(centre > 0.0 && deviation > 0.0) {
            return Ok(Vec::new());
        }
        // u of the mean: the map is u - e^{-u} = ln(centre / lam), solved by Newton's method.
        let target = (centre / law.largest_eigenvalue()).ln();
        let mut u = target.max(0.0);
        for _ in 0..60 {
            u -= (u - (-u).exp() - target) / (1.0 + (-u).exp());
        }
        let step = (0.5 * deviation / centre).min(0.25);
        let mass = |u: f64| {
            let (value, slope) = Side::Above.point(law, u);
            let density = law.density(value);
            let response = density.response / law.mean_response().max(f64::MIN_POSITIVE);
            (density.density + response) * slope * step
        };
        // The factors of T3 increase with s and lie between 1/L and 1, so the left end is judged by
        // its probability and the right end by its probability times L.
        let walk = |direction: f64, threshold: f64| {
            let mut steps = 0.0;
            while steps < 4.0 || (mass(u + direction * steps * step) > threshold && steps < 1e5) {
                steps += 1.0;
            }
            steps
        };
        let left = walk(-1.0, 1e-17);
        let right = walk(1.0, 1e-16 / longest);
        let above = Self {
            side: Side::Above,
            start: u - left * step,
            step,
            count: (left + right) as usize + 1,
        };
        let (farthest, _) = above.point(law, above.count - 1);
        check_deviation((law.offset() + farthest).sqrt())?;
        Ok(if law.edge() > 0.0 {
            // Beyond |u| = 3.2, 1 / (1 + e^{pi |sinh u|}) is below 1e-16.
            vec![
                above,
                Self {
                    side: Side::Below,
                    start: -3.2,
                    step: 0.2,
                    count: 33,
                },
            ]
        } else {
            vec![above]
        })
    }

    /// The lattice halfway between the nodes.
    pub fn between(&self) -> Self {
        Self {
            start: self.start + 0.5 * self.step,
            ..*self
        }
    }

    /// The union of the lattice and the one halfway between: twice the points at half the step.
    pub fn halved(&self) -> Self {
        Self {
            step: 0.5 * self.step,
            count: 2 * self.count,
            ..*self
        }
    }

    /// `s^2 - offset` at node `index` and the absolute value of its derivative in `u`.
    pub fn point(&self, law: &ScoreVarianceLaw, index: usize) -> (f64, f64) {
        self.side.point(law, self.start + index as f64 * self.step)
    }
}
