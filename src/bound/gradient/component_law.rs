//! Moments of the gradient in `U` for a law made of points and Gaussian components (theory T9, `gradient-moments`).

use nalgebra::{DMatrix, DVector};

use crate::bound::gradient::component_moments::{
    Spread, Tilted, inner, mean_of, mixed_fourth, square, through_value, times,
};
use crate::bound::gradient::key_query::GradientMoments;
use crate::bound::moments::value_spectrum::ValueSpectrum;
use crate::bound::theorem::{ProofStatus, Statement, Theorem};
use crate::bound::vocabulary::{CHAT, DEVIATION, KAPPA, LENGTH, RHO, SOURCE, TILT, location};
use crate::error::{Error, Result};
use crate::interval::Interval;

impl Theorem {
    /// T9.key-query `key-query-gradient`: The squared error of the gradient in U, known law.
    pub const KEY_QUERY_GRADIENT: Theorem = Theorem::new(&Statement {
        id: "T9.key-query",
        name: "key-query-gradient",
        title: "The squared error of the gradient in U, known law",
        statement: "E|V(Chat - C(a))|_F^2 |z|^2 <= |z|^2 (sqrt(A) + sqrt(B))^2, A the smaller of T4 and T5 for f = V F, \
        B = (A4 / L^3 + 3 A2V A2I / L^2) / (1-del)^4 + L |V|^2 E|Y|^4 exp( -(del L - 1)^2 / (2 (L-1) rho) ), \
        A4 = E[w^4 |VY|^2 |Y|^2], A2V = E[w^2 |VY|^2], A2I = E[w^2 |Y|^2]",
        hypotheses: &[
            "a finite number of points and normal components",
            "average over a Gaussian query: Gaussian tokens; the sum over panels in s^2 of the bound on each \
            (theory, key-query-gradient-average)",
            "L >= 2; T5: L >= 7",
            "1/L < del < 1 and 0 < th <= 1 (proof parameters)",
        ],
        constants: &[LENGTH, RHO, KAPPA, DEVIATION, CHAT, TILT],
        proof_idea: "Chat - C = sum p_i F_i - (mhat - m)(mhat - m)^T, and E[w F] = 0. The triangle inequality of L2, T4 or \
        T5 for the first part, and for |V(mhat - m)|^2 |mhat - m|^2 the proof of T4's fourth moment with two \
        functions.",
        source: SOURCE,
        location: location("bound::ComponentLaw", "src/bound/gradient/component_law.rs"),
        status: ProofStatus::ProvedOnPaper,
        lemmas: &[],
    });
}

/// Products of intervals that one tilt may cost: a few seconds.
const MOST_PRODUCTS: usize = 200_000_000;

/// A token law that is a mixture of normal laws, points among them, seen through a value matrix.
///
/// Every number is an interval from the floats of the law on, so that the moments are upper bounds without any
/// assumption about the law's own arithmetic.
#[derive(Debug, Clone)]
pub struct ComponentLaw {
    components: Vec<Component>,
    /// `V`, one row after the other.
    value: Vec<Vec<Interval>>,
    /// At least `|V|^2`.
    value_norm_squared: f64,
}

/// Weight, mean and covariance (`None` for a point) of one component.
pub type LawComponent<'a> = (f64, DVector<f64>, Option<&'a DMatrix<f64>>);

#[derive(Debug, Clone)]
struct Component {
    weight: f64,
    /// Mean, relative to that of the first component: only differences matter (`shift-invariance`).
    mean: Vec<Interval>,
    /// `V` times it.
    output: Vec<Interval>,
    spread: Option<Spread>,
}

/// Score of a component, its variance, `Gamma a` and `V Gamma a`.
struct Image {
    score: Interval,
    variance: Interval,
    mean: Vec<Interval>,
    output: Vec<Interval>,
}

impl ComponentLaw {
    /// From weights (positive; divided by their sum), means and covariances (`None` for a point), and `V` (`m x d`).
    ///
    /// # Errors
    /// If there is no component, shapes do not fit, an entry is not finite or one tilt would take too long.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::bound::ComponentLaw;
    /// use attention_bounds::nalgebra::{self, dmatrix, dvector};
    ///
    /// // N(0, 1), V = 1: F = X^2 - 1, and E F^2 = 2.
    /// let variance = dmatrix![1.0];
    /// let law = ComponentLaw::new(&[(1.0, dvector![0.0], Some(&variance))], &dmatrix![1.0])?;
    /// let f0 = law.moments(&dvector![0.0])?.f0();
    /// assert!(f0 >= 2.0 && f0 < 2.0 + 1e-9);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn new(components: &[LawComponent<'_>], value: &DMatrix<f64>) -> Result<Self> {
        let (m, d) = value.shape();
        let Some((_, first, _)) = components.first() else {
            return Err(Error::shape(
                "the token law",
                "no component",
                "at least one",
            ));
        };
        let with_spread = components.iter().filter(|c| c.2.is_some()).count();
        let products = components.len().saturating_mul(4 * m * d + 2 * m + d)
            + with_spread.saturating_mul(d * d * (m + 2));
        if products > MOST_PRODUCTS {
            return Err(Error::Unavailable {
                what: "the moments of the gradient in U",
                why: format!(
                    "they take {products} products of intervals, and at most {MOST_PRODUCTS} are tried"
                ),
            });
        }
        let rows: Vec<Vec<Interval>> = value
            .row_iter()
            .map(|row| row.iter().map(|x| Interval::point(*x)).collect())
            .collect();
        let mut list = Vec::with_capacity(components.len());
        for (weight, mean, covariance) in components {
            let fits = mean.len() == d && covariance.is_none_or(|c| c.shape() == (d, d));
            let finite = mean.iter().all(|x| x.is_finite())
                && covariance.is_none_or(|c| c.iter().all(|x| x.is_finite()));
            if !(fits && finite && *weight > 0.0 && *weight < f64::INFINITY) {
                return Err(Error::shape(
                    "a component of the token law",
                    format!("weight {weight}, mean of length {}", mean.len()),
                    format!("a positive weight, finite entries, dimension {d}"),
                ));
            }
            let mean: Vec<Interval> = mean
                .iter()
                .zip(first.iter())
                .map(|(x, y)| Interval::point(*x) - Interval::point(*y))
                .collect();
            list.push(Component {
                weight: *weight,
                output: times(&rows, &mean),
                mean,
                spread: covariance
                    .filter(|c| c.amax() > 0.0)
                    .map(|c| Spread::new(c, value, &rows))
                    .transpose()?,
            });
        }
        Ok(Self {
            components: list,
            value: rows,
            value_norm_squared: ValueSpectrum::new(value)?.largest(),
        })
    }

    /// The moments at the tilt `a`.
    ///
    /// # Errors
    /// If the tilt does not fit or a moment is not finite.
    pub fn moments(&self, tilt: &DVector<f64>) -> Result<GradientMoments> {
        let images: Vec<Image> = self.components.iter().map(|c| c.image(tilt)).collect();
        let cumulant = |k: f64| ln_sum(&self.exponents(&images, k));
        let [at_zero, at_one, at_two, at_three, at_four, opposite] =
            [0.0, 1.0, 2.0, 3.0, 4.0, -1.0].map(cumulant);
        // Lam(ka) - k Lam(a) of the law whose weights are divided by their sum e^{Lam(0)}; Jensen: at least 0.
        let ln_rho = (at_two - at_one.double() + at_zero).known_non_negative();
        let three = Interval::point(3.0);
        let ln_rho_four =
            (at_four - at_one.double().double() + three * at_zero).known_non_negative();
        let ln_rho_three = (at_three - three * at_one + at_zero.double()).known_non_negative();
        let ln_kappa = (at_one + opposite - at_zero.double()).known_non_negative();

        let mean = self.mean(&images, at_one);
        let at = |k: f64, cumulant: Interval| self.tilted(&images, k, cumulant, &mean);
        let [zero, one, two, four] =
            [(0.0, at_zero), (1.0, at_one), (2.0, at_two), (4.0, at_four)].map(|(k, c)| at(k, c));
        let triple = at(3.0, at_three);
        let covariance = through_value(&one, self.value.len(), tilt.len());
        let squared = square(&covariance);
        // E|V(Y Y^T - C)|_F^2 = E|VY|^2 |Y|^2 - 2 <V E[Y Y^T], V C> + |V C|_F^2.
        let spread = |list: &[Tilted<'_>]| {
            let second = through_value(list, self.value.len(), tilt.len());
            let cross = inner(&second, &covariance);
            (mixed_fourth(list) - cross.double() + squared).known_non_negative()
        };
        let second: Interval = mean_of(&two, |t| t.output_square());
        let second_token: Interval = mean_of(&two, |t| t.token_square());
        let fourth: Interval = mean_of(&zero, |t| t.token_fourth());
        let norm = Interval::point(self.value_norm_squared);
        let half = Interval::point(0.5);
        let moments = GradientMoments::new(
            ln_rho.upper(),
            ln_kappa.upper(),
            (ln_rho + spread(&two).ln()).upper(),
            spread(&zero).upper(),
            (ln_rho + half * (second.ln() + second_token.ln())).upper(),
            (ln_rho_four + mixed_fourth(&four).ln()).upper(),
            (norm * fourth).ln().upper(),
        )?;
        Ok(moments.with_capped(
            (ln_rho + mixed_fourth(&two).ln()).upper(),
            (ln_rho_three + mixed_fourth(&triple).ln()).upper(),
        ))
    }

    /// `ln weight + k score + k^2 variance / 2` of every component.
    fn exponents(&self, images: &[Image], k: f64) -> Vec<Interval> {
        let (k, half) = (Interval::point(k), Interval::point(0.5 * k * k));
        self.components
            .iter()
            .zip(images)
            .map(|(c, i)| Interval::point(c.weight).ln() + k * i.score + half * i.variance)
            .collect()
    }

    /// `m(a)`, relative to the first mean.
    fn mean(&self, images: &[Image], cumulant: Interval) -> Vec<Interval> {
        let dimension = self.components.first().map_or(0, |c| c.mean.len());
        let mut mean = vec![Interval::ZERO; dimension];
        let exponents = self.exponents(images, 1.0);
        for ((component, image), exponent) in self.components.iter().zip(images).zip(exponents) {
            let gate = (exponent - cumulant).exp();
            for ((sum, x), y) in mean.iter_mut().zip(&component.mean).zip(&image.mean) {
                *sum = *sum + gate * (*x + *y);
            }
        }
        mean
    }

    fn tilted(
        &self,
        images: &[Image],
        k: f64,
        cumulant: Interval,
        mean: &[Interval],
    ) -> Vec<Tilted<'_>> {
        let mean_output = times(&self.value, mean);
        let exponents = self.exponents(images, k);
        let scale = Interval::point(k);
        let shifted = |x: &[Interval], y: &[Interval], m: &[Interval]| -> Vec<Interval> {
            let moved = x.iter().zip(y).zip(m);
            moved.map(|((x, y), m)| *x + scale * *y - *m).collect()
        };
        self.components
            .iter()
            .zip(images)
            .zip(exponents)
            .map(|((component, image), exponent)| Tilted {
                gate: (exponent - cumulant).exp(),
                spread: component.spread.as_ref(),
                offset: shifted(&component.mean, &image.mean, mean),
                output: shifted(&component.output, &image.output, &mean_output),
            })
            .collect()
    }
}

impl Component {
    fn image(&self, tilt: &DVector<f64>) -> Image {
        let score = Interval::dot_with(tilt.iter(), &self.mean);
        let Some(spread) = &self.spread else {
            return Image {
                score,
                variance: Interval::ZERO,
                mean: vec![Interval::ZERO; self.mean.len()],
                output: vec![Interval::ZERO; self.output.len()],
            };
        };
        let mean = spread.image(tilt.iter().map(|x| Interval::point(*x)));
        Image {
            score,
            variance: Interval::dot_with(tilt.iter(), &mean).known_non_negative(),
            output: spread
                .through_value
                .iter()
                .map(|row| Interval::dot_with(tilt.iter(), row))
                .collect(),
            mean,
        }
    }
}

/// `ln sum e^{x_i}`, by the largest.
fn ln_sum(exponents: &[Interval]) -> Interval {
    let largest = exponents
        .iter()
        .map(|x| x.upper())
        .fold(f64::NEG_INFINITY, f64::max);
    let largest = Interval::point(largest);
    let sum: Interval = exponents.iter().map(|x| (*x - largest).exp()).sum();
    largest + sum.ln()
}
