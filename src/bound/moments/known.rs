//! What a pointwise bound uses of a known token law at one tilt.

use std::sync::Arc;

use nalgebra::DVector;

use crate::bound::moments::fractional::{
    EIGENVALUE_ORDERS, FractionalMoments, ORDERS, by_chords, order,
};
use crate::bound::moments::gaussian_output::GaussianOutput;
use crate::bound::moments::logarithms::{LARGEST_EXPONENT, LogMoments};
use crate::bound::moments::weight_staircase::WeightStaircase;
use crate::bound::theorem::{ProofStatus, Statement, Theorem};
use crate::bound::vocabulary::{A2, F0, OWN_6, TILT, constant, location};
use crate::error::{Error, Result};
use crate::interval::Interval;
use crate::law::{CLOSED_FORM, Deviation, OutputAbout, OutputLaw, WeightStep};
use crate::parameter::{Dimension, refused};

impl Theorem {
    /// T6 `output-concentration`: The constants of T4 and T5 for attention output.
    pub const OUTPUT_CONCENTRATION: Theorem = Theorem::new(&Statement {
        id: "T6",
        name: "output-concentration",
        title: "The constants of T4 and T5 for attention output",
        statement: "f = V(X - m(a)): A2 = rho ( tr(V C(2a) V^T) + |V(m(2a) - m(a))|^2 ), \
        F0 = tr(V C(0) V^T) + |V(m(0) - m(a))|^2",
        hypotheses: &["the cumulant generating function of the token law is finite and known"],
        constants: &[
            TILT,
            A2,
            F0,
            constant("m(a), C(a)", "mean and covariance of the law tilted by a"),
        ],
        proof_idea: "w^2 / rho is the density of the law tilted by 2a, so A2 / rho is a second moment of f under it.",
        source: OWN_6,
        location: location("bound::KnownMoments", "src/bound/moments/known.rs"),
        status: ProofStatus::MachineChecked,
        lemmas: &[
            "proofs/known_law/known_moments.v::known_law_A2",
            "proofs/known_law/known_moments.v::known_law_F0",
        ],
    });
}

/// Moments of a known token law at one tilt `a` (theory T4 to T6).
///
/// | symbol | value |
/// |---|---|
/// | `ln rho` | `Lam(2a) - 2 Lam(a)` |
/// | `ln kap` | `Lam(a) + Lam(-a)` |
/// | `ln A2` | `ln rho + ln( tr(V C(2a) V^T) + abs(V(m(2a) - m(a)))^2 )`, `-inf` if the output is constant |
/// | `F0` | `tr(V C(0) V^T) + abs(V(m(0) - m(a)))^2` |
///
/// Upper bounds of the four: T4 and T5 increase in each. What the law computes is widened by the accuracy it
/// states ([`TiltedError`](crate::law::TiltedError)), and the rest is interval arithmetic.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownMoments {
    ln_rho: f64,
    ln_kappa: f64,
    ln_a2: f64,
    f0: f64,
    radius_squared: Option<f64>,
    gaussian: Option<GaussianOutput>,
    fractional: FractionalMoments,
    /// The law of the weight, for tokens of finite support.
    steps: Option<Arc<[WeightStep]>>,
}

impl KnownMoments {
    /// The moments of `output` at `tilt`.
    ///
    /// # Errors
    /// [`Error::Parameter`] if a cumulant or an output moment of the law is not finite there, or
    /// `ln rho` or `ln kap` exceeds `1e100`.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::Rademacher;
    /// use attention_bounds::bound::KnownMoments;
    /// use attention_bounds::law::TokenLaw;
    /// use attention_bounds::nalgebra::{self, dmatrix, dvector};
    ///
    /// // rho = e^{Lam(2a) - 2 Lam(a)} with Lam = ln cosh.
    /// let law = Rademacher::new(1, 1.0)?;
    /// let known = KnownMoments::new(law.through(&dmatrix![1.0]).as_ref(), &dvector![1.0])?;
    /// let expected = (2f64.cosh() / 1f64.cosh().powi(2)).ln();
    /// assert!(known.ln_rho() >= expected && known.ln_rho() < expected + 1e-11);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn new(output: &dyn OutputLaw, tilt: &DVector<f64>) -> Result<Self> {
        if tilt.len() != output.dimension() {
            return Err(Error::shape(
                "the tilt vector",
                tilt.len(),
                format!("{} coordinates", output.dimension()),
            ));
        }
        let multiples: Vec<f64> = [0.0, 2.0, -1.0]
            .into_iter()
            .chain((0..ORDERS).map(order))
            .collect();
        let finite = output.about(tilt, &multiples);
        // A finite law whose output is its mean everywhere is constant.
        let of_radius = finite.as_ref().map(|found| found.radius == Some(0.0));
        let found = finite.unwrap_or_else(|| one_by_one(output, tilt, &multiples));
        let (once, at_once) = (found.tilted, found.error);
        let [origin, twice, opposite, orders @ ..] = found.deviations.as_slice() else {
            let count = found.deviations.len();
            return refused("the list of tilted laws", count, "one for each tilt");
        };
        let constant = of_radius.unwrap_or_else(|| {
            let all = found.deviations.iter();
            once.variance == 0.0 && all.clone().all(|found| found.square == 0.0)
        });
        let cumulant = |found: &Deviation| around(found.cumulant, found.of_cumulant);
        let cumulant_once = around(once.cumulant, at_once.cumulant);
        // Jensen: both exponents are at least 0, whatever rounding made of the differences.
        let ln_rho = (cumulant(twice) - cumulant_once.double())
            .known_non_negative()
            .upper();
        let ln_kappa = (cumulant_once + cumulant(opposite))
            .known_non_negative()
            .upper();
        let spread = |found: &Deviation| {
            if constant {
                return Interval::ZERO;
            }
            let moved = Interval::point(found.error) + Interval::point(at_once.mean);
            (Interval::point(found.square).sqrt() + moved).square()
        };
        let second = spread(twice).upper();
        let f0 = spread(origin).upper();
        for (name, value, most) in [
            ("ln rho", ln_rho, LARGEST_EXPONENT),
            ("ln kap", ln_kappa, LARGEST_EXPONENT),
            (
                "E|V(X - m(a))|^2 under the law tilted by 2a",
                second,
                f64::MAX,
            ),
            ("E|V(X - m(a))|^2", f0, f64::MAX),
        ] {
            if !(0.0..=most).contains(&value) {
                let required = if most < f64::MAX {
                    "a number from 0 to 1e100; tokens or tilt must be smaller"
                } else {
                    "a finite number, at least 0; tokens, values or tilt must be smaller"
                };
                return refused(name, value, required);
            }
        }
        let radius_squared = match found.radius {
            Some(radius) if !(radius >= 0.0) => {
                return refused("the output radius", radius, "at least 0");
            }
            radius => radius.map(|r| {
                // Of the radius itself, of its centre, and of the products V x of a finite law.
                let moved = Interval::point(if constant { 0.0 } else { at_once.mean }).double();
                let radius = Interval::point(r) * (Interval::ONE + Interval::point(CLOSED_FORM));
                (radius + moved).square().upper()
            }),
        };
        let ln_a2 = (Interval::point(ln_rho) + Interval::point(second).ln()).upper();
        // Orders 1 and 2 are known already.
        let mut weight = [0.0; ORDERS];
        let mut square = [0.0; ORDERS];
        for (number, ((weight, square), found)) in
            weight.iter_mut().zip(&mut square).zip(orders).enumerate()
        {
            let ln_weight = cumulant(found) - Interval::point(order(number)) * cumulant_once;
            // Jensen once more; what is not a number is not known.
            *weight = known_or_infinite(ln_weight.known_non_negative().upper());
            let ln_square = Interval::point(*weight) + spread(found).ln();
            *square = known_or_infinite(ln_square.upper());
        }
        let eigenvalues = EIGENVALUE_ORDERS.map(order);
        let largest = output
            .largest_squares(tilt, &once.mean, &eigenvalues)
            .filter(|_| !constant);
        let largest = largest.and_then(|found| {
            let mut logarithms = [f64::INFINITY; EIGENVALUE_ORDERS.len()];
            let all = logarithms.iter_mut().zip(EIGENVALUE_ORDERS).zip(&found);
            for ((logarithm, number), (square, error)) in all {
                let moved = Interval::point(*error) + Interval::point(at_once.mean);
                let square = (Interval::point(*square).sqrt() + moved).square();
                let weight = Interval::point(*weight.get(number)?);
                *logarithm = known_or_infinite((weight + square.ln()).upper());
            }
            Some(by_chords(logarithms, &square))
        });
        let steps = found.steps;
        let staircase = match &steps {
            Some(steps) => {
                let steps = steps.iter();
                WeightStaircase::new(steps.map(|step| (step.ln_weight.1, step.tilted)))
            }
            None => {
                let pairs = weight.iter().enumerate();
                let pairs: Vec<_> = pairs.map(|(number, b)| (order(number), *b)).collect();
                WeightStaircase::of_moments(&pairs)
            }
        };
        Ok(Self {
            ln_rho,
            ln_kappa,
            ln_a2,
            f0,
            radius_squared,
            gaussian: None,
            fractional: FractionalMoments {
                weight,
                square,
                largest,
                staircase,
            },
            steps: steps.map(Arc::from),
        })
    }

    /// The moments of Gaussian tokens in closed form: `rho = kap = e^{s^2}`, `A2 = e^{s^2} F0`,
    /// `F0 = tau_V + eta`.
    pub fn gaussian(output: GaussianOutput) -> Self {
        let f0 = Interval::point(output.tau_v()) + Interval::point(output.eta());
        // Rounded down: `A_q` falls where `eta` takes more.
        let share = (output.eta() / f0.upper()).next_down().max(0.0);
        Self {
            ln_rho: output.score_variance(),
            ln_kappa: output.score_variance(),
            ln_a2: (Interval::point(output.score_variance()) + f0.ln()).upper(),
            f0: f0.upper(),
            radius_squared: None,
            gaussian: Some(output),
            fractional: FractionalMoments::gaussian(output.score_variance(), share),
            steps: None,
        }
    }

    /// The moments of `m` copies of the output, one below the other: `A2`, `F0` and the squared radius times `m`.
    ///
    /// # Errors
    /// If `m F0` is not a finite number.
    pub(crate) fn times(&self, copies: Dimension) -> Result<Self> {
        let factor = Interval::point(copies.get() as f64);
        let scaled = |x: f64| (factor * Interval::point(x)).upper();
        let f0 = scaled(self.f0);
        if !(f0 < f64::INFINITY) {
            return refused("m E|X - m(a)|^2", f0, "a finite number");
        }
        let gaussian = |g: GaussianOutput| {
            GaussianOutput::new(g.score_variance(), scaled(g.tau_v()), scaled(g.eta()))
        };
        Ok(Self {
            ln_a2: (factor.ln() + Interval::point(self.ln_a2)).upper(),
            f0,
            radius_squared: self.radius_squared.map(scaled),
            gaussian: self.gaussian.map(gaussian).transpose()?,
            // Of Gaussian tokens they are per unit of `tau_V + eta`.
            fractional: match self.gaussian {
                Some(_) => self.fractional.clone(),
                None => self.fractional.times(factor.ln().upper()),
            },
            steps: None,
            ..*self
        })
    }

    /// `ln rho`.
    pub fn ln_rho(&self) -> f64 {
        self.ln_rho
    }

    /// `ln kap`.
    pub fn ln_kappa(&self) -> f64 {
        self.ln_kappa
    }

    /// `ln A2`; `-inf` if the output is constant.
    pub fn ln_a2(&self) -> f64 {
        self.ln_a2
    }

    /// `F0 = E |V(X - m(a))|^2`.
    pub fn f0(&self) -> f64 {
        self.f0
    }

    /// `sup |V(x - m(a))|^2` over the support, if the support is bounded.
    pub fn radius_squared(&self) -> Option<f64> {
        self.radius_squared
    }

    /// The Gaussian constants, if the tokens are Gaussian.
    pub fn gaussian_output(&self) -> Option<&GaussianOutput> {
        self.gaussian.as_ref()
    }

    pub(in crate::bound) fn steps(&self) -> Option<&[WeightStep]> {
        self.steps.as_deref()
    }

    pub(in crate::bound) fn fractional(&self) -> &FractionalMoments {
        &self.fractional
    }

    pub(crate) fn logarithms(&self) -> LogMoments {
        LogMoments {
            rho: self.ln_rho,
            kappa: self.ln_kappa,
            a2: self.ln_a2,
            f0: self.f0,
        }
    }
}

/// [`OutputLaw::about`] of laws that do not have it.
fn one_by_one(output: &dyn OutputLaw, tilt: &DVector<f64>, multiples: &[f64]) -> OutputAbout {
    let once = output.tilted(tilt);
    let deviation = |multiple: &f64| {
        let tilt = tilt * *multiple;
        let found = output.tilted(&tilt);
        let error = output.error(&tilt, &found);
        let shift: Interval = found
            .mean
            .iter()
            .zip(once.mean.iter())
            .map(|(x, y)| (Interval::point(*x) - Interval::point(*y)).square())
            .sum();
        let square = match found.variance == 0.0 && found.mean == once.mean {
            true => 0.0,
            false => (Interval::point(found.variance) + shift).upper(),
        };
        // `sqrt(v + e + (s + m)^2)` is at most `sqrt(v + s^2) + e / (2 sqrt(v + s^2)) + m`, and at most `sqrt(v + s^2) + sqrt(e) + m`.
        let of_variance = Interval::point(error.variance).sqrt().upper();
        let slope = 0.5 * error.variance / square.sqrt() * (1.0 + 8.0 * f64::EPSILON);
        let of_variance = if slope < of_variance {
            slope
        } else {
            of_variance
        };
        Deviation {
            cumulant: found.cumulant,
            of_cumulant: error.cumulant,
            square,
            error: (Interval::point(of_variance) + Interval::point(error.mean)).upper(),
        }
    };
    OutputAbout {
        deviations: multiples.iter().map(deviation).collect(),
        radius: output.radius(&once.mean),
        steps: None,
        error: output.error(tilt, &once),
        tilted: once,
    }
}

/// A logarithm of a moment, or infinity.
fn known_or_infinite(value: f64) -> f64 {
    if value.is_nan() { f64::INFINITY } else { value }
}

/// The interval of numbers at most `error` away from `value`.
fn around(value: f64, error: f64) -> Interval {
    let error = Interval::point(error.next_up());
    let (lower, upper) = (
        Interval::point(value) - error,
        Interval::point(value) + error,
    );
    Interval::new(lower.lower(), upper.upper()).unwrap_or(Interval::WHOLE)
}
