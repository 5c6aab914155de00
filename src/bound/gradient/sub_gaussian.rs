//! T9 `sub-gaussian-key-query-gradient` and `crude-key-query-gradient`: a law known only through its variance proxy.

use nalgebra::DVector;

use crate::bound::gradient::capped;
use crate::bound::gradient::key_query;
use crate::bound::gradient::key_query::{
    GradientMoments, key_query_trivial_bound, ln_square_of_sum, query_square, times_query,
};
use crate::bound::moments::value_spectrum::ValueSpectrum;
use crate::bound::sub_gaussian::SubGaussianMoments;
use crate::bound::{Bound, Theorem};
use crate::error::Result;
use crate::interval::Interval;
use crate::parameter::{PromptLength, VarianceProxy};

/// A sub-Gaussian token law at one tilt, seen through `V` and as it is: all that T9 uses of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SubGaussianGradient<'a> {
    output: SubGaussianMoments<'a>,
    token: SubGaussianMoments<'a>,
}

/// Moments with the proof parameters at which they were evaluated.
pub(in crate::bound) struct Moments {
    pub moments: GradientMoments,
    pub parameters: Vec<(&'static str, f64)>,
}

/// `ln` of the crude bound of `E|V(Chat - C)|_F^2`, its proof parameters, and whether the largest tokens dominate.
pub(in crate::bound) struct Crude {
    pub ln_value: f64,
    pub parameters: [(&'static str, f64); 3],
    pub tokens_dominate: bool,
}

/// The weighted moments `N(k, j)` in use: `k`, `j`, and the names of their `lam` for `VY` and for `Y`.
const IN_USE: [(u32, u32, &str, &str); 4] = [
    (0, 2, "lam of E|VY|^4", "lam of E|Y|^4"),
    (2, 2, "lam of E[w^2 |VY|^4]", "lam of E[w^2 |Y|^4]"),
    (4, 2, "lam of E[w^4 |VY|^4]", "lam of E[w^4 |Y|^4]"),
    (2, 1, "lam of E[w^2 |VY|^2]", "lam of E[w^2 |Y|^2]"),
];

impl<'a> SubGaussianGradient<'a> {
    /// From the variance proxy of `X - E X`, the tilt, the spectrum of `V V^T` and that of the identity of the
    /// token dimension.
    ///
    /// # Errors
    /// As [`SubGaussianMoments::of_tilt`].
    pub fn of_tilt(
        proxy: VarianceProxy,
        tilt: &DVector<f64>,
        values: &'a ValueSpectrum,
        identity: &'a ValueSpectrum,
    ) -> Result<Self> {
        Ok(Self {
            output: SubGaussianMoments::of_tilt(proxy, tilt, values)?,
            token: SubGaussianMoments::of_tilt(proxy, tilt, identity)?,
        })
    }

    /// At `sigma^2 |a|^2 = energy`, for the average over the query.
    pub(in crate::bound) fn at_energy(
        sigma_squared: f64,
        energy: f64,
        values: &'a ValueSpectrum,
        identity: &'a ValueSpectrum,
    ) -> Self {
        Self {
            output: SubGaussianMoments::at_energy(sigma_squared, energy, values),
            token: SubGaussianMoments::at_energy(sigma_squared, energy, identity),
        }
    }

    /// Upper bounds of the moments of T9, each at its own best `lam`.
    pub(in crate::bound) fn moments(&self) -> Result<Moments> {
        let mut parameters = Vec::new();
        let half = Interval::point(0.5);
        // Cauchy-Schwarz: E[w^k |VY|^j |Y|^j] <= sqrt(N(k, j; V) N(k, j; I)).
        let [at_zero, at_two, at_four, pairs] =
            IN_USE.map(|(power, order, of_output, of_token)| {
                let output = self.output.ln_weighted_moment(power, order);
                let token = self.token.ln_weighted_moment(power, order);
                parameters.push((of_output, output.lambda));
                parameters.push((of_token, token.lambda));
                let product = half * (Interval::point(output.value) + Interval::point(token.value));
                (product.upper(), token.value)
            });
        let (ln_covariance, u) = self.ln_covariance();
        parameters.push(("u of |C(a)|", u));
        let energy = Interval::point(self.output.energy());
        let ln_norm = Interval::point(self.output.values().largest()).ln();
        let weighted = (energy.double() + Interval::point(ln_covariance)).upper();
        let moments = GradientMoments::new(
            energy.double().upper(),
            energy.upper(),
            ln_square_of_sum(at_two.0, weighted).upper(),
            ln_square_of_sum(at_zero.0, ln_covariance).exp().upper(),
            pairs.0,
            at_four.0,
            (ln_norm + Interval::point(at_zero.1)).upper(),
        )?;
        // With two powers of the weight; the moment with three is not evaluated.
        Ok(Moments {
            moments: moments.with_capped(at_two.0, f64::INFINITY),
            parameters,
        })
    }

    /// `ln |V C(a)|_F^2`, from `|V C|_F <= |V|_F |C|`, and its proof parameter.
    fn ln_covariance(&self) -> (f64, f64) {
        let (norm, u) = self.output.covariance_norm();
        let value =
            Interval::point(self.output.values().sum()).ln() + Interval::point(norm).ln().double();
        (value.upper(), u)
    }

    /// `(sqrt(K_V K_I) + |V|_F |C|)^2`, `K = (1 + ln L + D_lam(c)) / lam`: any `L >= 1`.
    pub(in crate::bound) fn crude(&self, length: f64) -> Crude {
        // T6's crude bound at a float that is at least e L.
        let length = (Interval::ONE.exp() * Interval::point(length)).upper();
        let (output, token) = (self.output.crude(length), self.token.crude(length));
        // sqrt(E max |VY|^4 E max |Y|^4) <= K_V K_I.
        let product = Interval::point(output.value).ln() + Interval::point(token.value).ln();
        let (ln_covariance, u) = self.ln_covariance();
        Crude {
            ln_value: ln_square_of_sum(product.upper(), ln_covariance).upper(),
            parameters: [
                ("lam of V", output.lambda),
                ("lam of I", token.lambda),
                ("u of |C(a)|", u),
            ],
            tokens_dominate: product.upper() >= ln_covariance,
        }
    }

    fn describe(&self, bound: Bound, parameters: &[(&'static str, f64)]) -> Bound {
        if bound.value().is_none() {
            return bound;
        }
        let bound = self
            .output
            .describe(bound)
            .with_hypothesis("d", self.token.values().ratios().len() as f64);
        parameters.iter().fold(bound, |bound, (name, value)| {
            bound.with_parameter(name, *value)
        })
    }
}

/// T9 and its crude form for a sub-Gaussian class at one query, in this order, compared with the trivial bound, which
/// takes the class's own moments into account; it comes first.
///
/// * `known`: the moments of the token law at the tilt, if they are known; then T9 for them follows the trivial bound.
/// * `support`: see [`key_query_trivial_bound`].
pub fn key_query_bounds(
    known: std::result::Result<&GradientMoments, &str>,
    class: &SubGaussianGradient<'_>,
    support: Option<(f64, f64)>,
    query: &DVector<f64>,
    length: PromptLength,
) -> Vec<Bound> {
    let of_class = class.moments();
    let moments: Vec<&GradientMoments> = known
        .iter()
        .copied()
        .chain(of_class.iter().map(|found| &found.moments))
        .collect();
    let trivial = key_query_trivial_bound(&moments, support, query, length);
    let least = trivial.value().unwrap_or(f64::INFINITY);
    let mut bounds = vec![trivial];
    let theorem = Theorem::KeyQueryGradient;
    bounds.push(match known {
        Ok(moments) => key_query::bound(theorem, moments, query, length, least),
        Err(reason) => Bound::not_applicable(theorem, reason),
    });
    let theorem = Theorem::SubGaussianKeyQueryGradient;
    bounds.push(match &of_class {
        Ok(found) => {
            let bound = key_query::bound(theorem, &found.moments, query, length, least);
            class.describe(bound, &found.parameters)
        }
        Err(reason) => Bound::not_applicable(theorem, reason.to_string()),
    });
    // The moments of the class where those of the law are not known.
    let capped = known.ok().or(of_class.as_ref().ok().map(|m| &m.moments));
    bounds.extend(capped.map(|m| capped::bound(m, query, length, least)));
    let crude = class.crude(length.as_f64());
    let square = query_square(query);
    let value = times_query(crude.ln_value, square);
    let dominant = if crude.tokens_dominate {
        "largest of L tokens: (1 + ln L + D_lam(c)) / lam"
    } else {
        "tilted covariance: |V|_F |C(a)|"
    };
    let bound = Bound::proved(Theorem::CrudeKeyQueryGradient, value, least, dominant)
        .with_hypothesis("L", length.as_f64())
        .with_hypothesis("|z|^2", square);
    bounds.push(class.describe(bound, &crude.parameters));
    bounds
}
