//! T9 `sub-gaussian-key-query-gradient` and `crude-key-query-gradient`: a law known only through its variance proxy.

use nalgebra::DVector;

use crate::bound::Bound;
use crate::bound::gradient::capped;
use crate::bound::gradient::key_query;
use crate::bound::gradient::key_query::{
    GradientMoments, key_query_trivial_bound, ln_square_of_sum, query_square, times_query,
};
use crate::bound::moments::value_spectrum::ValueSpectrum;
use crate::bound::sub_gaussian::SubGaussianMoments;
use crate::bound::theorem::{ProofStatus, Statement, Theorem};
use crate::bound::vocabulary::{
    CHAT, DEVIATION, GRADIENT_LAMBDA, GRADIENT_PROXY, LENGTH, RHO, SIGMA, SOURCE, TILT, constant,
    location,
};
use crate::error::Result;
use crate::interval::Interval;
use crate::parameter::{PromptLength, VarianceProxy};

impl Theorem {
    /// T9.key-query.sub-gaussian `sub-gaussian-key-query-gradient`: The squared error of the gradient in U for a law known only through its variance proxy.
    pub const SUB_GAUSSIAN_KEY_QUERY_GRADIENT: Theorem = Theorem::new(&Statement {
        id: "T9.key-query.sub-gaussian",
        name: "sub-gaussian-key-query-gradient",
        title: "The squared error of the gradient in U for a law known only through its variance proxy",
        statement: "T9.key-query with rho = e^{2 en}, kap = e^en, en = sigma^2 |a|^2, sqrt(E[w^k |VF|^2]) <= \
        (N(k,2;V) N(k,2;I))^{1/4} + e^{k en / 2} |V|_F |C| for k = 0, 2, A2V = N(2,1;V), A2I = N(2,1;I), \
        A4 = sqrt(N(4,2;V) N(4,2;I)), E|Y|^4 <= N(0,2;I); \
        N(k,j;V) = (j / (e lam))^j exp( k^2 en / 2 + D_lam ), D_lam as in T6.norm-mgf with \
        |c|^2 = max(4, k^2) sigma^4 |a|^2 |V|^2; |C| <= sigma^2 (4 en - ln(1-u)) / u",
        hypotheses: &[
            GRADIENT_PROXY,
            "L >= 2",
            GRADIENT_LAMBDA,
            "0 < u < 1 (a proof parameter)",
        ],
        constants: &[LENGTH, SIGMA, TILT, DEVIATION, CHAT],
        proof_idea: "E[w^k e^{lam |V(X-c)|^2}] is bounded like T6.norm-mgf, with the tilt ka inside the Gaussian integral, and \
        x^j <= (j/e)^j e^x. For k >= 1, |m(a) - k sigma^2 a| <= k sigma^2 |a|, because |m|^2 <= 2 sigma^2 <a,m>. \
        |C| is a variance under the tilted law: Donsker-Varadhan.",
        source: SOURCE,
        location: location(
            "bound::SubGaussianGradient",
            "src/bound/gradient/sub_gaussian.rs",
        ),
        status: ProofStatus::ProvedOnPaper,
        lemmas: &[],
    });

    /// T9.key-query.capped `capped-key-query-gradient`: The squared error of the gradient in U, with powers of heavy weights traded for powers of 1/L.
    pub const CAPPED_KEY_QUERY_GRADIENT: Theorem = Theorem::new(&Statement {
        id: "T9.key-query.capped",
        name: "capped-key-query-gradient",
        title: "The squared error of the gradient in U, with powers of heavy weights traded for powers of 1/L",
        statement: "T9.key-query with A at most A2F (L / (c(L-1))^2 + 6 L(L-1) rho / (c(L-2))^4) + L F0 r / (1-th), and B at most \
        L min( D4 / (c(L-1))^4, D3 / (3e (c(L-1))^3), 2 D2 / (3e^2 (c(L-1))^2) ) \
        + L(L-1) [ 3 P^2 / (c(L-2))^4 + min( (4/e) sqrt(rho D2) P / (c(L-2))^4, 16 sqrt(rho D4) P / (c(L-2))^5 ) ] \
        + 120 (L)_3 rho P^2 / (c(L-3))^6 + 840 (L)_4 rho^2 P^2 / (c(L-4))^8 + L |V|^2 E|Y|^4 r / (1-th)^3, \
        c = (1 - e^{-tau}) / tau, r = exp( -((L-1)/rho)(1 - e^{-th tau}) ), D_k = E[w^k |VY|^2 |Y|^2], P^2 = E[w^2 |VY|^2] E[w^2 |Y|^2], \
        A2F = E[w^2 |VF|^2], F0 = E|VF|^2",
        hypotheses: &[
            "a finite number of points and normal components, or a variance proxy (then without D3)",
            "L >= 2; the new bounds of A and B: L >= 5",
            "tau > 0 and 0 < th < 1 (proof parameters of A and of B)",
        ],
        constants: &[LENGTH, RHO, DEVIATION, CHAT, TILT],
        proof_idea: "T2 for both parts, its integral cut at t = tau / rho. Below the cut E e^{-tw} <= e^{-ct}, and (tw)^j e^{-tw} <= (j/e)^j takes \
        powers of w out of the fourth moment. Beyond it Jensen, and a Chernoff bound of the total weight.",
        source: SOURCE,
        location: location(
            "bound::key_query_bounds",
            "src/bound/gradient/sub_gaussian.rs",
        ),
        status: ProofStatus::ProvedOnPaper,
        lemmas: &[],
    });

    /// T9.key-query.crude `crude-key-query-gradient`: The squared error of the gradient in U: a bound for every prompt length that grows like (ln L)^2.
    pub const CRUDE_KEY_QUERY_GRADIENT: Theorem = Theorem::new(&Statement {
        id: "T9.key-query.crude",
        name: "crude-key-query-gradient",
        title: "The squared error of the gradient in U: a bound for every prompt length that grows like (ln L)^2",
        statement: "E|V(Chat - C(a))|_F^2 |z|^2 <= |z|^2 ( sqrt(K_V K_I) + |V|_F |C| )^2, \
        K = (1 + ln L + D_lam(c)) / lam for V and for I, |c| = 2 sigma^2 |V| |a|, |C| <= sigma^2 (4 en - ln(1-u)) / u",
        hypotheses: &[
            GRADIENT_PROXY,
            "L >= 1",
            GRADIENT_LAMBDA,
            "0 < u < 1 (a proof parameter)",
        ],
        constants: &[
            LENGTH,
            SIGMA,
            TILT,
            constant("en", "sigma^2 |a|^2"),
            constant("D_lam(c)", "see T6.norm-mgf"),
        ],
        proof_idea: "|V Chat|_F is at most the largest |V(X_i - m)| times the largest |X_i - m|. ln^2 is concave from e on, so \
        the second moment of lam max |X_i - m|^2 is at most (1 + ln(L E e^{lam |X - m|^2}))^2.",
        source: SOURCE,
        location: location(
            "bound::key_query_bounds",
            "src/bound/gradient/sub_gaussian.rs",
        ),
        status: ProofStatus::ProvedOnPaper,
        lemmas: &[],
    });
}

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
        let ln_norm = Interval::point(self.output.values.largest()).ln();
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
            Interval::point(self.output.values.sum()).ln() + Interval::point(norm).ln().double();
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
            .with_hypothesis("d", self.token.values.ratios().len() as f64);
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
    let theorem = Theorem::KEY_QUERY_GRADIENT;
    bounds.push(match known {
        Ok(moments) => key_query::bound(theorem, moments, query, length, least),
        Err(reason) => Bound::not_applicable(theorem, reason),
    });
    let theorem = Theorem::SUB_GAUSSIAN_KEY_QUERY_GRADIENT;
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
    let bound = Bound::proved(Theorem::CRUDE_KEY_QUERY_GRADIENT, value, least, dominant)
        .with_hypothesis("L", length.as_f64())
        .with_hypothesis("|z|^2", square);
    bounds.push(class.describe(bound, &crude.parameters));
    bounds
}
