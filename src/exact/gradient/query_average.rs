//! The error of the key-query gradient, averaged over a Gaussian query by a sum over the score variance.

use rayon::prelude::*;

use crate::attention::{Head, TiltForm, TiltWeight, WeightedScoreVarianceLaw};
use crate::error::Result;
use crate::exact::average::output::OF_AVERAGE;
use crate::exact::average::query_lattice::Lattice;
use crate::exact::gradient::agreement::{added, halved_until_they_agree};
use crate::exact::gradient::nodes::GradientFactors;
use crate::exact::gradient::scores::gradient_factors;
use crate::exact::{Exact, ROUNDING};
use crate::law::Gaussian;
use crate::parameter::PromptLength;

/// What multiplies `|z|^2` in the error, besides functions of `s`.
const WEIGHTS: [TiltWeight; 5] = [
    TiltWeight::Constant,
    TiltWeight::Form(TiltForm::Token),
    TiltWeight::Form(TiltForm::Output),
    TiltWeight::Form(TiltForm::Cross),
    TiltWeight::Product(TiltForm::Token, TiltForm::Output),
];

/// Relative accuracy of the densities of the score variance.
const DENSITY: f64 = 1e-11;

/// `E_z E|V (Chat - C)|_F^2 |z|^2` for Gaussian tokens and a Gaussian query, one result a length.
///
/// # Errors
/// If shapes do not fit, if `s` would have to exceed 200, or if the lattice does not converge.
pub(in crate::exact) fn average_over_score_variance(
    tokens: &Gaussian,
    head: &Head,
    query: &Gaussian,
    lengths: &[PromptLength],
) -> Result<Vec<Exact>> {
    let law = WeightedScoreVarianceLaw::new(tokens, head, query)?;
    let scores = law.score_variance();
    let constants = Constants::new(tokens, head);
    let longest = lengths.iter().map(|l| l.as_f64()).fold(1.0, f64::max);
    let mut lattices = Lattice::cover(scores, longest)?;
    let averages = if lattices.is_empty() {
        constants.errors(scores.offset(), law.means(WEIGHTS), lengths)?
    } else {
        let sum = |lattices: &[Lattice]| -> Result<Vec<Exact>> {
            let nodes: Result<Vec<Vec<Exact>>> = lattices
                .iter()
                .flat_map(|lattice| (0..lattice.count).map(move |index| (lattice, index)))
                .collect::<Vec<_>>()
                .into_par_iter()
                .map(|(lattice, index)| {
                    let (excess, slope) = lattice.point(scores, index);
                    let weight = slope * lattice.step;
                    let masses = law.densities(excess, WEIGHTS).map(|f| weight * f);
                    constants.errors(scores.offset() + excess, masses, lengths)
                })
                .collect();
            Ok(added(&nodes?, lengths.len()))
        };
        halved_until_they_agree(sum(&lattices)?, || {
            let halfway: Vec<Lattice> = lattices.iter().map(Lattice::between).collect();
            lattices
                .iter_mut()
                .for_each(|lattice| *lattice = lattice.halved());
            sum(&halfway)
        })?
    };
    // One token has all the weight for every query: Chat = 0.
    let [query_square] = law.means([TiltWeight::Constant]);
    Ok(lengths
        .iter()
        .zip(averages)
        .map(|(length, average)| match length.get() {
            1 => constants.single_token(query_square),
            _ => average,
        })
        .collect())
}

/// What the error depends on, besides the query.
struct Constants {
    /// `tr Gamma`.
    token_trace: f64,
    /// `tau_V = tr(V Gamma V^T)`.
    output_trace: f64,
    /// `|V Gamma|_F^2`.
    square: f64,
}

impl Constants {
    fn new(tokens: &Gaussian, head: &Head) -> Self {
        let seen = head.value() * tokens.covariance();
        Self {
            token_trace: tokens.covariance().trace(),
            // Non-negative; the maximum removes a rounding error only.
            output_trace: seen.dot(head.value()).max(0.0),
            square: seen.norm_squared(),
        }
    }

    fn single_token(&self, query_square: f64) -> Exact {
        let value = self.square * query_square;
        Exact::estimated(value, ROUNDING * value, OF_AVERAGE)
    }

    /// The error integrated against masses of the [`WEIGHTS`] at one `s^2`, one result a length.
    fn errors(
        &self,
        score_variance: f64,
        masses: [f64; WEIGHTS.len()],
        lengths: &[PromptLength],
    ) -> Result<Vec<Exact>> {
        let [constant, ..] = masses;
        if !(constant > 0.0) {
            return Ok(vec![Exact::ZERO; lengths.len()]);
        }
        let factors = gradient_factors(score_variance.sqrt(), lengths)?;
        Ok(factors
            .iter()
            .map(|f| self.combine(f, score_variance, masses))
            .collect())
    }

    /// `gaussian-gradient` with `G = Gamma - v v^T`, `v = h / s`, multiplied out: see the theory,
    /// `gradient-query-average`.
    fn combine(
        &self,
        factors: &GradientFactors,
        score_variance: f64,
        [constant, token, output, cross, product]: [f64; WEIGHTS.len()],
    ) -> Exact {
        let inverse = if score_variance > 0.0 {
            1.0 / score_variance
        } else {
            0.0
        };
        let f = factors;
        let pairs = f.participation.plus(f.third.scaled(-2.0)).plus(f.squared);
        let both = f.squared.plus(pairs);
        let terms = [
            both.scaled(self.square * constant),
            pairs.scaled(self.token_trace * self.output_trace * constant),
            f.second
                .plus(pairs.scaled(-1.0))
                .scaled((self.output_trace * token + self.token_trace * output) * inverse),
            f.second
                .plus(f.cross)
                .plus(both.scaled(-1.0))
                .scaled(2.0 * cross * inverse),
            f.fourth
                .plus(f.second.scaled(-4.0))
                .plus(both)
                .plus(pairs)
                .plus(f.cross.scaled(-2.0))
                .scaled(product * inverse * inverse),
        ];
        let size: f64 = terms.iter().map(|term| term.value.abs()).sum();
        let sum = terms.into_iter().fold(Exact::ZERO, Exact::plus);
        Exact::estimated(sum.value, sum.error + DENSITY * size, OF_AVERAGE)
    }
}
