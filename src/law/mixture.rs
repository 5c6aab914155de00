//! Gaussian mixture tokens.

use std::any::Any;

use nalgebra::{DMatrix, DVector};
use rand::{Rng, RngExt};

use super::atoms::{AtomList, LARGEST_SQUARE, check_tilt_and_value};
use super::{
    CLOSED_FORM, Gaussian, LawAccuracy, OutputLaw, Resolution, ScoreAtoms, SourcedProxy, Through,
    TokenLaw,
};
use crate::error::{Error, Result};
use crate::interval::Interval;
use crate::parameter::{VarianceProxy, refused};

/// How far the weights of a mixture may be from summing to 1 before they are normalised.
const WEIGHT_TOLERANCE: f64 = 1e-9;

/// `sum_k p_k N(m_k, Gamma_k)`, any means and any positive semi-definite covariances.
///
/// `Lam(a) = ln sum_k p_k e^{Lam_k(a)}`, and the tilted law is the mixture of the tilted components with
/// the gates `g_k(a) = p_k e^{Lam_k(a) - Lam(a)}` as weights (T0).
#[derive(Debug, Clone, PartialEq)]
pub struct Mixture {
    weights: Vec<f64>,
    components: Vec<Gaussian>,
    proxy: SourcedProxy,
}

impl Mixture {
    /// The mixture with these weights and components.
    ///
    /// Needs at least one component, all of one dimension, and positive weights that sum to 1 within
    /// `1e-9` (they are then divided by their sum).
    ///
    /// # Errors
    /// [`Error::Shape`] or [`Error::Parameter`] if they are not so, or two means are more than `1e75` apart.
    ///
    /// ```
    /// use attention_bounds::{Gaussian, Mixture, law::TokenLaw, nalgebra::{self, dmatrix, dvector}};
    /// let part = |x| (0.5, Gaussian::new(dvector![x], dmatrix![0.0]).unwrap());
    /// assert!((Mixture::new(vec![part(-1.0), part(1.0)]).unwrap().cumulant(&dvector![2.0]) - 2f64.cosh().ln()).abs() < 1e-14);
    /// ```
    pub fn new(weighted: Vec<(f64, Gaussian)>) -> Result<Self> {
        let (weights, components): (Vec<f64>, Vec<Gaussian>) = weighted.into_iter().unzip();
        let Some(first) = components.first() else {
            return Err(Error::shape(
                "the mixture",
                "0 components",
                "at least one component",
            ));
        };
        let dimension = first.dimension();
        for (index, component) in components.iter().enumerate() {
            if component.dimension() != dimension {
                return Err(Error::shape(
                    format!("component {index} of the mixture"),
                    format!("dimension {}", component.dimension()),
                    format!("dimension {dimension}, that of component 0"),
                ));
            }
        }
        let weights = normalised(weights, WEIGHT_TOLERANCE)?;
        let proxy = proxy(&weights, &components)?;
        Ok(Self {
            weights,
            components,
            proxy,
        })
    }

    /// The weights `p_k`; they sum to 1.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The components.
    pub fn components(&self) -> &[Gaussian] {
        &self.components
    }

    /// The gates `g_k(tilt)`: the weights of the components under the tilted law.
    pub fn gates(&self, tilt: &DVector<f64>) -> Vec<f64> {
        let (cumulant, exponents) = self.exponents(tilt);
        exponents.iter().map(|e| (e - cumulant).exp()).collect()
    }

    /// `Lam(tilt)` and `ln p_k + Lam_k(tilt)`.
    fn exponents(&self, tilt: &DVector<f64>) -> (f64, Vec<f64>) {
        let exponents: Vec<f64> = self
            .weights
            .iter()
            .zip(&self.components)
            .map(|(weight, component)| weight.ln() + component.cumulant(tilt))
            .collect();
        (log_sum_exp(&exponents), exponents)
    }
}

/// `ln sum_k e^{x_k}`, by the largest.
fn log_sum_exp(exponents: &[f64]) -> f64 {
    let largest = exponents.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = exponents.iter().map(|e| (e - largest).exp()).sum();
    largest + sum.ln()
}

/// Checks that weights are positive and sum to 1 within `tolerance`, and divides them by their sum.
pub(super) fn normalised(mut weights: Vec<f64>, tolerance: f64) -> Result<Vec<f64>> {
    let invalid = |value: String, required: &'static str| refused("weight", value, required);
    for (index, &weight) in weights.iter().enumerate() {
        if !(weight > 0.0 && weight.is_finite()) {
            return invalid(
                format!("{weight} (number {index})"),
                "a number greater than 0",
            );
        }
    }
    let total: f64 = weights.iter().sum();
    if !((total - 1.0).abs() <= tolerance) {
        return invalid(
            format!("a list with sum {total}"),
            "a list with sum 1 (within 1e-9)",
        );
    }
    for weight in &mut weights {
        *weight /= total;
    }
    Ok(weights)
}

/// `max_k |Gamma_k|` plus a proxy of the law of the component means.
///
/// Given its component, `X - E X` is Gaussian around `m_k - m`, so the two factors of
/// `E e^{<v, X - E X>}` are bounded one after the other.
fn proxy(weights: &[f64], components: &[Gaussian]) -> Result<SourcedProxy> {
    let largest = components
        .iter()
        .map(|c| c.variance_proxy().proxy.get())
        .fold(0.0, f64::max);
    let mut diameter = Interval::ZERO;
    for (index, one) in components.iter().enumerate() {
        for other in components.iter().take(index) {
            diameter = diameter.max(distance_squared(one.mean(), other.mean()));
        }
    }
    let (factor, source) = match weights {
        _ if diameter == Interval::ZERO => (
            0.0,
            "largest eigenvalue of the component covariances (the component means are equal)",
        ),
        &[first, second] => (
            two_point_proxy(first, second),
            "largest eigenvalue of the component covariances, plus the optimal proxy of the law of the two \
             component means (Kearns and Saul 1998; Buldygin and Moskvichova 2013)",
        ),
        _ => (
            0.25,
            "largest eigenvalue of the component covariances, plus a quarter of the squared diameter of the \
             component means (Hoeffding's lemma along every direction)",
        ),
    };
    let sum = Interval::point(largest) + Interval::point(factor) * diameter;
    // By the lower end: means that are `1e75` apart pass.
    if !(diameter.lower() <= LARGEST_SQUARE) {
        return refused(
            "mean",
            format!("a list of means {:e} apart", diameter.sqrt().upper()),
            "within 1e75 of the other means",
        );
    }
    let proxy = VarianceProxy::new(sum.upper())?;
    Ok(SourcedProxy { proxy, source })
}

/// `|x - y|^2`.
fn distance_squared(x: &DVector<f64>, y: &DVector<f64>) -> Interval {
    x.iter()
        .zip(y.iter())
        .map(|(x, y)| (Interval::point(*x) - Interval::point(*y)).square())
        .sum()
}

/// Optimal variance proxy of a law on two points at distance 1 with probabilities `p <= 1/2` and `1 - p` in the ratio of two
/// positive weights: `(1 - 2p) / (2 (ln(1-p) - ln p))`, 1/4 at `p = 1/2`; a float at least that.
///
/// In interval arithmetic from the weights on, and from the smaller one: `1 - 2p` of the larger one is 1 or -1 to all digits of a
/// float long before the proxy, about `1 / (2 ln(1/p))`, is 0.
fn two_point_proxy(first: f64, second: f64) -> f64 {
    let weight = Interval::point;
    let p = weight(first.min(second)) / (weight(first) + weight(second));
    let gap = Interval::ONE - p.double();
    if !(gap.lower() > 1e-4) {
        // The series x / artanh x = 1 - x^2/3 - ..., x = 1 - 2p: an upper bound within x^2 / 12 < 1e-9.
        return 0.25;
    }
    // ln((1-p)/p); near p = 1/2 its two parts cancel, and near 0 their ratio overflows.
    let ln_odds = if p.upper() < 0.25 {
        (-p).ln_1p() - p.ln()
    } else {
        (gap / p).ln_1p()
    };
    (gap / ln_odds.double()).upper().min(0.25)
}

impl TokenLaw for Mixture {
    fn name(&self) -> &'static str {
        "mixture"
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }

    fn dimension(&self) -> usize {
        self.components.first().map_or(0, |c| c.dimension())
    }

    fn cumulant(&self, tilt: &DVector<f64>) -> f64 {
        self.exponents(tilt).0
    }

    fn tilted_mean(&self, tilt: &DVector<f64>) -> DVector<f64> {
        let mut mean = DVector::zeros(self.dimension());
        for (gate, component) in self.gates(tilt).iter().zip(&self.components) {
            mean.axpy(*gate, &component.tilted_mean(tilt), 1.0);
        }
        mean
    }

    fn tilted_covariance(&self, tilt: &DVector<f64>) -> DMatrix<f64> {
        let mean = self.tilted_mean(tilt);
        let mut covariance = DMatrix::zeros(self.dimension(), self.dimension());
        for (gate, component) in self.gates(tilt).iter().zip(&self.components) {
            let offset = component.tilted_mean(tilt) - &mean;
            covariance += component.covariance() * *gate;
            covariance.ger(*gate, &offset, &offset, 1.0);
        }
        covariance
    }

    /// `max_k |Gamma_k|` plus the proxy of the law of the component means: `D^2 / 4` for diameter `D`,
    /// and the optimal `(1 - 2p) D^2 / (2 ln((1-p)/p))` for two components.
    fn variance_proxy(&self) -> SourcedProxy {
        self.proxy.clone()
    }

    /// [`CLOSED_FORM`] relative to what cancels: in the exponents `ln p_k + Lam_k`, whose errors are those of the gates, the parts
    /// of `Lam_k`; in mean and covariance the tilted means of the components, as their gates weigh them. Assumed.
    fn accuracy(&self, tilt: &DVector<f64>) -> LawAccuracy {
        let exponent = self
            .components
            .iter()
            .zip(&self.weights)
            .map(|(component, weight)| component.exponent_size(tilt) - weight.ln())
            .fold(1.0, f64::max);
        let square: f64 = self
            .components
            .iter()
            .zip(self.gates(tilt))
            .map(|(component, gate)| gate * component.mean_size(tilt).powi(2))
            .sum();
        let relative = CLOSED_FORM * exponent;
        LawAccuracy {
            relative,
            // The covariances of the components, weighted, may be sqrt(d) times as large as their sum.
            covariance: relative * (self.dimension() as f64).sqrt(),
            scale: square.sqrt(),
        }
    }

    fn sample(&self, random: &mut dyn Rng, token: &mut [f64]) {
        let mut uniform: f64 = random.random();
        let mut chosen = self.components.first();
        for (weight, component) in self.weights.iter().zip(&self.components) {
            chosen = Some(component);
            uniform -= weight;
            if uniform < 0.0 {
                break;
            }
        }
        if let Some(component) = chosen {
            component.sample(random, token);
        }
    }

    /// The atoms of all components, one after the other: atoms need not have distinct scores.
    fn score_atoms(
        &self,
        tilt: &DVector<f64>,
        value: &DMatrix<f64>,
        resolution: Resolution,
    ) -> Result<ScoreAtoms> {
        check_tilt_and_value(self.dimension(), tilt, value)?;
        let mut atoms = AtomList::new(value.nrows());
        // Relative to the component with most tilted mass.
        let gates = self.gates(tilt);
        let heaviest = gates
            .iter()
            .zip(&self.components)
            .max_by(|x, y| x.0.total_cmp(y.0));
        let origin = heaviest.map_or_else(|| DVector::zeros(tilt.len()), |(_, c)| c.mean().clone());
        atoms.set_origin(&origin, tilt, value);
        for (weight, component) in self.weights.iter().zip(&self.components) {
            component.append_atoms(&mut atoms, *weight, tilt, value, &origin, &resolution)?;
        }
        atoms.finish(
            self.components
                .iter()
                .all(|c| c.score_deviation(tilt) == 0.0),
        )
    }

    fn output_radius(&self, value: &DMatrix<f64>, centre: &DVector<f64>) -> Option<f64> {
        self.components
            .iter()
            .map(|c| c.output_radius(value, centre))
            .try_fold(0.0_f64, |largest, radius| Some(largest.max(radius?)))
    }

    fn through<'a>(&'a self, value: &DMatrix<f64>) -> Box<dyn OutputLaw + 'a> {
        Box::new(Through::new(self, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(mean: f64, variance: f64) -> Gaussian {
        Gaussian::new(
            DVector::from_element(1, mean),
            DMatrix::from_element(1, 1, variance),
        )
        .unwrap()
    }

    #[test]
    fn bad_mixtures_are_refused() {
        assert!(Mixture::new(vec![]).is_err());
        assert!(Mixture::new(vec![(0.5, component(0.0, 1.0))]).is_err());
        assert!(Mixture::new(vec![(f64::NAN, component(0.0, 1.0))]).is_err());
        assert!(
            Mixture::new(vec![
                (1.5, component(0.0, 1.0)),
                (-0.5, component(0.0, 1.0))
            ])
            .is_err()
        );
        let plane = Gaussian::centred(DMatrix::identity(2, 2)).unwrap();
        assert!(Mixture::new(vec![(0.5, component(0.0, 1.0)), (0.5, plane)]).is_err());
    }

    #[test]
    fn two_point_proxy_is_between_its_limits() {
        let proxy = |p: f64| two_point_proxy(p, 1.0 - p);
        assert_eq!(proxy(0.5), 0.25);
        assert!((proxy(0.5 + 1e-3) - 0.25).abs() < 1e-6);
        assert!((proxy(0.1) - 0.8 / (2.0 * 9.0_f64.ln())).abs() < 1e-15);
        assert_eq!(two_point_proxy(0.3, 0.7), two_point_proxy(0.7, 0.3));
        // 1 - 2p is 1 as a float, and p is as small as floats get.
        for p in [1e-17, 1e-300, f64::MIN_POSITIVE] {
            let limit = 0.5 / -p.ln();
            let found = two_point_proxy(1.0, p);
            assert!((found / limit - 1.0).abs() < 1e-13, "{p:e}: {found}");
        }
        // A subnormal p / (1 + p) is known to a few parts only.
        let least = two_point_proxy(1.0, f64::from_bits(1));
        assert!(least >= 0.5 / 744.5 && least < 0.5 / 740.0, "{least}");
    }

    #[test]
    fn one_component_is_that_gaussian() {
        let law = Mixture::new(vec![(1.0, component(0.7, 2.0))]).unwrap();
        let tilt = DVector::from_element(1, 1.3);
        assert_eq!(law.cumulant(&tilt), component(0.7, 2.0).cumulant(&tilt));
        assert_eq!(law.variance_proxy().proxy.get(), 2.0);
    }

    #[test]
    fn huge_cumulants_do_not_overflow() {
        let law = Mixture::new(vec![
            (0.3, component(-1.0, 1.0)),
            (0.7, component(1.0, 4.0)),
        ])
        .unwrap();
        let tilt = DVector::from_element(1, 1e4);
        let wanted = 0.7_f64.ln() + 1e4 + 2e8;
        assert!((law.cumulant(&tilt) / wanted - 1.0).abs() < 1e-15);
        assert_eq!(law.gates(&tilt), vec![0.0, 1.0]);
    }
}
