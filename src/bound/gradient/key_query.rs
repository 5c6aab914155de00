//! T9 `key-query-gradient`: the error of the gradient in `U` at one query.

use nalgebra::DVector;

use crate::bound::chernoff::fourth_moment;
use crate::bound::chernoff::fourth_moment::FourthMoments;
use crate::bound::moments::{LogMoments, check_exponent};
use crate::bound::{Bound, Theorem, chernoff, laplace};
use crate::error::Result;
use crate::interval::Interval;
use crate::law::Gaussian;
use crate::parameter::{PromptLength, refused};

/// Upper bounds of the moments on which T9 depends: `Y = X - m(a)`, `F = Y Y^T - C(a)`. T9 increases in each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GradientMoments {
    /// Of `V F`.
    pub(in crate::bound) first: LogMoments,
    /// `ln sqrt(E[w^2 |VY|^2] E[w^2 |Y|^2])`, `ln E[w^4 |VY|^2 |Y|^2]` and `ln(|V|^2 E|Y|^4)`.
    pub(in crate::bound) fourth: FourthMoments,
    /// `ln E[w^k |VY|^2 |Y|^2]` for `k = 2` and `k = 3`; `+inf` if it is not known.
    pub(in crate::bound) ln_capped: [f64; 2],
}

impl GradientMoments {
    /// From `ln rho`, `ln kap`, `ln E[w^2 |VF|^2]`, `E|VF|^2`, and the three logarithms of the second part in the
    /// order of the fields.
    pub(in crate::bound) fn new(
        ln_rho: f64,
        ln_kappa: f64,
        ln_a2: f64,
        f0: f64,
        ln_pairs: f64,
        ln_a4: f64,
        ln_f4: f64,
    ) -> Result<Self> {
        check_exponent("ln rho", ln_rho)?;
        check_exponent("ln kap", ln_kappa)?;
        if !(ln_a2 < f64::INFINITY && f0 >= 0.0 && f0 < f64::INFINITY) {
            return refused("E|V F|^2", f0, "a finite number, at least 0");
        }
        Ok(Self {
            first: LogMoments {
                rho: ln_rho,
                kappa: ln_kappa,
                a2: ln_a2,
                f0,
            },
            fourth: FourthMoments::new(ln_rho, ln_pairs, ln_a4, ln_f4)?,
            ln_capped: [f64::INFINITY; 2],
        })
    }

    /// With `ln E[w^k |VY|^2 |Y|^2]` for `k = 2` and `k = 3`, or upper bounds of them.
    pub(in crate::bound) fn with_capped(mut self, second: f64, third: f64) -> Self {
        self.ln_capped = [second, third];
        self
    }

    /// `ln E[w^2 |VF|^2]`.
    pub fn ln_a2(&self) -> f64 {
        self.first.a2
    }

    /// `E|VF|^2`.
    pub fn f0(&self) -> f64 {
        self.first.f0
    }

    /// Logarithm of the trivial bound of `E|V(Chat - C)|_F^2`, enclosed: `(sqrt(L F0) + sqrt(L F4))^2`.
    pub(in crate::bound) fn ln_jensen(&self, length: PromptLength) -> Interval {
        let half = Interval::point(0.5);
        let (first, second) = (
            half * Interval::point(self.first.f0).ln(),
            half * Interval::point(self.fourth.ln_f4),
        );
        Interval::point(length.as_f64()).ln() + first.ln_add(second).double()
    }
}

/// T9 at its best proof parameters, without the factor `|z|^2`.
pub(in crate::bound) struct Evaluated {
    /// At least the logarithm of the bound.
    pub ln_value: f64,
    /// Logarithms of `E|sum p_i V F_i|^2` and of the mixed fourth moment.
    pub(in crate::bound) ln_parts: (f64, f64),
    /// `del` of the first part if T4 was used.
    delta: Option<f64>,
    /// `th` and splits of `I_2` and `I_4` if T5 was used.
    laplace: Option<[(f64, f64); 2]>,
    /// `del` of the fourth moment.
    fourth_delta: f64,
}

/// `(sqrt(A) + sqrt(B))^2`, `A` the smaller of T4 and T5 for `V F` and `B` the mixed fourth moment; `L >= 2`.
pub(in crate::bound) fn evaluate(moments: &GradientMoments, length: f64) -> Evaluated {
    let first = &moments.first;
    let delta = chernoff::search(first, length).delta;
    let ln_chernoff = chernoff::ln_enclosure(first, length, delta).upper();
    let found = (length >= 7.0).then(|| laplace::search(first, length));
    let ln_laplace = found
        .as_ref()
        .map_or(f64::INFINITY, |f| f.ln_enclosure(first, length).upper());
    let by_laplace = ln_laplace < ln_chernoff;
    let ln_first = ln_chernoff.min(ln_laplace);
    let fourth_delta = fourth_moment::search(&moments.fourth, length).0;
    let ln_fourth = fourth_moment::ln_enclosure(&moments.fourth, length, fourth_delta).upper();
    Evaluated {
        ln_value: ln_square_of_sum(ln_first, ln_fourth).upper(),
        ln_parts: (ln_first, ln_fourth),
        delta: (!by_laplace).then_some(delta),
        laplace: found.filter(|_| by_laplace).map(|f| f.parameters()),
        fourth_delta,
    }
}

/// Logarithm of `(sqrt(e^x) + sqrt(e^y))^2`, enclosed.
pub(in crate::bound) fn ln_square_of_sum(x: f64, y: f64) -> Interval {
    let half = Interval::point(0.5);
    (half * Interval::point(x))
        .ln_add(half * Interval::point(y))
        .double()
}

impl Evaluated {
    pub fn dominant(&self) -> &'static str {
        match (self.ln_parts.0 >= self.ln_parts.1, self.laplace.is_some()) {
            (true, true) => "weighted covariances, by T5: E|sum p_i V F_i|^2",
            (true, false) => "weighted covariances, by T4: E|sum p_i V F_i|^2",
            (false, _) => "error of the mean: E|V(mhat - m)|^2 |mhat - m|^2",
        }
    }

    pub fn describe(&self, bound: Bound, moments: &GradientMoments) -> Bound {
        let first = &moments.first;
        let mut bound = bound
            .with_hypothesis("ln rho", first.rho)
            .with_hypothesis("ln kap", first.kappa)
            .with_hypothesis("ln E[w^2 |VF|^2]", first.a2)
            .with_hypothesis("E|VF|^2", first.f0);
        bound = moments.fourth.describe_mixed(bound);
        if let Some(delta) = self.delta {
            bound = bound.with_parameter("del", delta);
        }
        if let Some([second, fourth]) = self.laplace {
            bound = bound
                .with_parameter("th of I_2", second.0)
                .with_parameter("splits of I_2", second.1)
                .with_parameter("th of I_4", fourth.0)
                .with_parameter("splits of I_4", fourth.1);
        }
        bound.with_parameter("del of the fourth moment", self.fourth_delta)
    }
}

/// A float at least `|z|^2`; of a zero query 0.
pub(in crate::bound) fn query_square(query: &DVector<f64>) -> f64 {
    Interval::norm_squared(query.iter()).upper()
}

/// `e^{ln_value} |z|^2`, rounded up.
pub(in crate::bound) fn times_query(ln_value: f64, square: f64) -> f64 {
    if square == 0.0 {
        return 0.0;
    }
    (Interval::point(ln_value) + Interval::point(square).ln())
        .exp()
        .upper()
}

/// The trivial bound of `E|V(Chat - C)|_F^2 |z|^2` (theory T9, `gradient-trivial`), the smallest of those whose constants
/// are known:
///
/// * `L (sqrt(E|VF|^2) + sqrt(|V|^2 E|Y|^4))^2 |z|^2`, for each of `moments`;
/// * `4 r s |z|^2` if `support` holds floats `r`, `s` at least `sup |V(x - m(a))|^2` and `sup |x - m(a)|^2`.
pub fn key_query_trivial_bound(
    moments: &[&GradientMoments],
    support: Option<(f64, f64)>,
    query: &DVector<f64>,
    length: PromptLength,
) -> Bound {
    let square = query_square(query);
    let jensen = moments.iter().map(|moments| {
        (
            times_query(moments.ln_jensen(length).upper(), square),
            "Jensen: L (sqrt(E|VF|^2) + sqrt(|V|^2 E|X - m(a)|^4))^2 |z|^2",
        )
    });
    let support = support.map(|(output, token)| {
        let product = Interval::point(output) * Interval::point(token) * Interval::point(square);
        (
            product.double().double().upper(),
            "bounded support: 4 sup |V(x - m(a))|^2 sup |x - m(a)|^2 |z|^2",
        )
    });
    let least = jensen.chain(support).min_by(|x, y| x.0.total_cmp(&y.0));
    match least {
        Some((value, dominant)) => Bound::proved(Theorem::TRIVIAL_BOUND, value, value, dominant)
            .with_hypothesis("L", length.as_f64())
            .with_hypothesis("|z|^2", square),
        None => Bound::not_applicable(
            Theorem::TRIVIAL_BOUND,
            "the moments of the tokens or a bounded support must be known",
        ),
    }
}

/// The trivial bound of the same, averaged over a query, for tokens of bounded support: `4 r s E|z|^2`, with floats `r`, `s`
/// at least `sup |V(x - c)|^2` and `sup |x - c|^2` for any fixed `c` (theory T9, `gradient-trivial`).
pub fn key_query_average_trivial_bound(support: Option<(f64, f64)>, query: &Gaussian) -> Bound {
    let Some((output, token)) = support else {
        return Bound::not_applicable(
            Theorem::TRIVIAL_BOUND,
            "the support of the tokens is unbounded",
        );
    };
    let trace: Interval = query
        .covariance()
        .diagonal()
        .iter()
        .map(|x| Interval::point(*x))
        .sum();
    let square = trace + Interval::norm_squared(query.mean().iter());
    let value = Interval::point(output) * Interval::point(token) * square;
    let value = value.double().double().upper();
    Bound::proved(
        Theorem::TRIVIAL_BOUND,
        value,
        value,
        "bounded support: 4 sup |V(x - m(0))|^2 sup |x - m(0)|^2 E|z|^2",
    )
    .with_hypothesis("E|z|^2", square.upper())
}

/// T9 `key-query-gradient` as a record, for moments of a known law or of a sub-Gaussian class (`theorem` says which).
pub(crate) fn bound(
    theorem: Theorem,
    moments: &GradientMoments,
    query: &DVector<f64>,
    length: PromptLength,
    trivial: f64,
) -> Bound {
    if length.get() < 2 {
        return Bound::not_applicable(theorem, "L >= 2 is required");
    }
    let found = evaluate(moments, length.as_f64());
    let square = query_square(query);
    let value = times_query(found.ln_value, square);
    let bound = Bound::proved(theorem, value, trivial, found.dominant())
        .with_hypothesis("L", length.as_f64())
        .with_hypothesis("|z|^2", square);
    found.describe(bound, moments)
}
