//! Bounds of the errors of the two gradients, for every query of a question (theory T9).

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use super::Question;
use super::bounds::{average_records, bounded_support, gaussian_moments, square_root_above};
use crate::attention::{Head, QueryLaw, ScoreVarianceLaw};
use crate::bound::{
    Bound, ComponentLaw, GaussianGradient, GaussianQueryAverage, KeyQueryAverage, KnownMoments,
    LawComponent, SubGaussianGradient, SubGaussianMoments, Theorem, UniformKeyQueryGradient,
    UniformRate, ValueSpectrum, key_query_average_trivial_bound, key_query_bounds, output_variance,
    value_gradient_bounds, value_gradient_spectrum,
};
use crate::error::Result;
use crate::law::{Gaussian, TokenLaw};
use crate::parameter::{Dimension, PromptLength, VarianceProxy};

/// One list of records a length, for each gradient.
#[derive(Debug, Clone, Default)]
pub(super) struct GradientCells {
    /// Of `m E|mhat - m(a)|^2`.
    pub value: Vec<Vec<Bound>>,
    /// Of `E|V(Chat - C(a))|_F^2 |z|^2`.
    pub key_query: Vec<Vec<Bound>>,
}

/// No bound but the reason, for every length.
pub(super) fn not_available(why: &str, lengths: &[PromptLength]) -> GradientCells {
    let records = |theorems: &[Theorem]| -> Vec<Vec<Bound>> {
        let record = |theorem: &Theorem| Bound::not_applicable(*theorem, why);
        let all: Vec<Bound> = theorems.iter().map(record).collect();
        lengths.iter().map(|_| all.clone()).collect()
    };
    GradientCells {
        value: records(&[
            Theorem::TrivialBound,
            Theorem::ValueGradient,
            Theorem::SubGaussianValueGradient,
        ]),
        key_query: records(&[
            Theorem::TrivialBound,
            Theorem::KeyQueryGradient,
            Theorem::SubGaussianKeyQueryGradient,
            Theorem::CappedKeyQueryGradient,
            Theorem::CrudeKeyQueryGradient,
        ]),
    }
}

/// What the bounds of all queries share.
pub(super) struct Gradients<'a> {
    question: &'a Question<'a>,
    proxy: VarianceProxy,
    outputs: Dimension,
    dimension: Dimension,
    /// Of `V V^T`, of the identity of the token dimension, and of the stacked identities.
    values: ValueSpectrum,
    identity: ValueSpectrum,
    stacked: ValueSpectrum,
    /// The moments of the token law, or why there are none.
    components: std::result::Result<ComponentLaw, String>,
}

impl<'a> Gradients<'a> {
    pub fn new(question: &'a Question<'a>) -> Result<Self> {
        let value = question.head.value();
        let (outputs, dimension) = (
            Dimension::new(value.nrows())?,
            Dimension::new(value.ncols())?,
        );
        Ok(Self {
            question,
            proxy: question.tokens.variance_proxy().proxy,
            outputs,
            dimension,
            values: ValueSpectrum::new(value)?,
            identity: ValueSpectrum::from_eigenvalues(vec![1.0; value.ncols()])?,
            stacked: value_gradient_spectrum(outputs, dimension)?,
            components: components(question.tokens, value),
        })
    }

    /// The bounds at one query; `of_output` are the moments of the output there.
    pub fn pointwise(
        &self,
        of_output: &KnownMoments,
        query: &DVector<f64>,
        lengths: &[PromptLength],
    ) -> Result<GradientCells> {
        let question = self.question;
        let tilt = question.head.tilt(query);
        let identity = DMatrix::identity(tilt.len(), tilt.len());
        let of_token = match question.tokens.as_gaussian() {
            Some(tokens) => gaussian_moments(tokens, &identity, &tilt)?,
            None => KnownMoments::new(question.tokens.through(&identity).as_ref(), &tilt)?,
        };
        let stacked = SubGaussianMoments::of_tilt(self.proxy, &tilt, &self.stacked)?;
        let class = SubGaussianGradient::of_tilt(self.proxy, &tilt, &self.values, &self.identity)?;
        let known = self
            .components
            .as_ref()
            .map_err(Clone::clone)
            .and_then(|law| law.moments(&tilt).map_err(|e| e.to_string()));
        let known = known.as_ref().map_err(String::as_str);
        let support = of_output.radius_squared().zip(of_token.radius_squared());
        let value: Result<Vec<Vec<Bound>>> = lengths
            .iter()
            .map(|&l| value_gradient_bounds(&of_token, &stacked, self.outputs, l))
            .collect();
        let key_query = lengths
            .iter()
            .map(|&l| key_query_bounds(known, &class, support, query, l));
        Ok(GradientCells {
            value: value?,
            key_query: key_query.collect(),
        })
    }

    /// The averages over a Gaussian query.
    pub fn gaussian_query(
        &self,
        query: &Gaussian,
        lengths: &[PromptLength],
    ) -> Result<GradientCells> {
        let question = self.question;
        // sqrt(m) I stands for m identities stacked; its rounding is within the allowance of these averages.
        let root = (self.outputs.get() as f64).sqrt();
        let stacked = DMatrix::identity(self.dimension.get(), self.dimension.get()) * root;
        let integrated = match question.tokens.as_gaussian() {
            Some(tokens) => {
                let head = Head::with_tilt_bias(
                    question.head.key_query().clone(),
                    stacked.clone(),
                    question.head.tilt_bias().clone(),
                )?;
                let law = ScoreVarianceLaw::new(tokens, &head, query)?;
                let variance = output_variance(tokens.covariance(), &stacked);
                Some(GaussianQueryAverage::output(&law, variance))
            }
            None => None,
        };
        let uniform = self.uniform(query)?;
        let value: Result<Vec<Vec<Bound>>> = lengths
            .par_iter()
            .map(|&length| {
                let mut records = match &integrated {
                    Some(average) => value_averages(average.output_bounds(length)?),
                    None => vec![bounded_support(question.tokens, &stacked)],
                };
                let trivial = records
                    .first()
                    .and_then(Bound::value)
                    .unwrap_or(f64::INFINITY);
                records.push(match &uniform {
                    Ok((rate, _)) => rate
                        .bound(length, trivial)
                        .under(Theorem::UniformValueGradient),
                    Err(reason) => Bound::not_applicable(Theorem::UniformValueGradient, *reason),
                });
                records.extend(uniform.as_ref().ok().map(|(rate, _)| {
                    rate.gaussian_query_bound(length, trivial)
                        .under(Theorem::ValueGradientGaussianQuery)
                }));
                Ok(records)
            })
            .collect();
        // Both are four times a squared radius about m(0).
        let quarter = |value: &DMatrix<f64>| {
            bounded_support(question.tokens, value)
                .value()
                .map(|r| 0.25 * r)
        };
        let identity = DMatrix::identity(self.dimension.get(), self.dimension.get());
        let support = quarter(question.head.value()).zip(quarter(&identity));
        let integrated = match question.tokens.as_gaussian() {
            Some(tokens) => Some(KeyQueryAverage::new(tokens, question.head, query)?),
            None => None,
        };
        let key_query = lengths.par_iter().map(|&length| {
            let mut records = match &integrated {
                Some(average) => average.bounds(length),
                None => vec![
                    key_query_average_trivial_bound(support, query),
                    Bound::not_applicable(
                        Theorem::KeyQueryGradient,
                        "its integral over a Gaussian query is computed for Gaussian tokens only; give fixed queries",
                    ),
                ],
            };
            let trivial = records
                .first()
                .and_then(Bound::value)
                .unwrap_or(f64::INFINITY);
            records.push(match &uniform {
                Ok((_, rate)) => rate.bound(length, trivial),
                Err(reason) => Bound::not_applicable(Theorem::UniformKeyQueryGradient, *reason),
            });
            let gaussian = uniform.as_ref().ok();
            records.extend(gaussian.map(|(_, rate)| rate.gaussian_query_bound(length, trivial)));
            records
        });
        Ok(GradientCells {
            value: value?,
            key_query: key_query.collect(),
        })
    }

    /// T7 and T9 for this question, or the hypothesis that fails.
    #[allow(
        clippy::type_complexity,
        reason = "an error of evaluation and a hypothesis that fails are different things"
    )]
    fn uniform(
        &self,
        query: &Gaussian,
    ) -> Result<std::result::Result<(UniformRate, UniformKeyQueryGradient), &'static str>> {
        if let Some(reason) = super::bounds::not_centred(self.question, query) {
            return Ok(Err(reason));
        }
        // The operator norm is the root of the largest eigenvalue of the square, of which this is an upper bound.
        let covariance = ValueSpectrum::new(query.covariance())?.largest();
        let norm = ValueSpectrum::new(self.question.head.key_query())?.largest();
        let query_proxy = VarianceProxy::new(square_root_above(covariance))?;
        let norm = square_root_above(norm);
        let query_dimension = Dimension::new(query.mean().len())?;
        let gaussian = match self.question.tokens.as_gaussian() {
            Some(tokens) => Some(GaussianGradient::new(
                tokens.covariance(),
                self.question.head.value(),
            )?),
            None => None,
        };
        let value = UniformRate::new(
            self.proxy,
            query_proxy,
            norm,
            query_dimension,
            self.stacked.clone(),
        )?;
        let key_query = UniformKeyQueryGradient::new(
            (self.proxy, query_proxy),
            norm,
            (query_dimension, self.dimension),
            self.values.clone(),
            gaussian,
        )?;
        Ok(Ok((value, key_query)))
    }
}

/// The trivial bound, and T5 and T6 integrated over the query, as cases of T9.
fn value_averages(records: Vec<Bound>) -> Vec<Bound> {
    records
        .into_iter()
        .filter_map(|bound| match bound.theorem() {
            Theorem::TrivialBound => Some(bound),
            // T6 is the smallest of all; T5 alone is not better.
            Theorem::OutputConcentration => Some(bound.under(Theorem::ValueGradient)),
            _ => None,
        })
        .collect()
}

/// The token law as a list of points and normal components, if it is one.
fn components(
    tokens: &dyn TokenLaw,
    value: &DMatrix<f64>,
) -> std::result::Result<ComponentLaw, String> {
    let made = if let Some(gaussian) = tokens.as_gaussian() {
        // Shift-invariance: the mean may be left out.
        let origin = DVector::zeros(gaussian.dimension());
        ComponentLaw::new(&[(1.0, origin, Some(gaussian.covariance()))], value)
    } else if let Some(mixture) = tokens.as_mixture() {
        let list: Vec<LawComponent<'_>> = mixture
            .weights()
            .iter()
            .zip(mixture.components())
            .map(|(w, c)| (*w, c.mean().clone(), Some(c.covariance())))
            .collect();
        ComponentLaw::new(&list, value)
    } else if let Some((points, weights)) = tokens.support() {
        let list: Vec<LawComponent<'_>> = points
            .column_iter()
            .zip(weights)
            .map(|(x, w)| (w, x.into_owned(), None))
            .collect();
        ComponentLaw::new(&list, value)
    } else {
        return Err(
            "the moments of the gradient in U are known for points, normal laws and their mixtures"
                .into(),
        );
    };
    made.map_err(|error| error.to_string())
}

/// The averages of both gradients over a list of queries.
pub(super) fn average(
    queries: &[&GradientCells],
    query: &QueryLaw,
    lengths: usize,
) -> GradientCells {
    let QueryLaw::List { weights, .. } = query else {
        return GradientCells::default();
    };
    let column = |pick: &dyn Fn(&GradientCells) -> &Vec<Vec<Bound>>, theorem| {
        let lists: Vec<&Vec<Vec<Bound>>> = queries.iter().map(|cells| pick(cells)).collect();
        let mut averages = average_records(&lists, weights, lengths);
        for records in &mut averages {
            records.retain(|b| b.theorem() != Theorem::OutputConcentration);
            records.push(Bound::not_applicable(
                theorem,
                "a centred sub-Gaussian query law with a known variance proxy is required; the queries are a list",
            ));
        }
        averages
    };
    GradientCells {
        value: column(&|c| &c.value, Theorem::UniformValueGradient),
        key_query: column(&|c| &c.key_query, Theorem::UniformKeyQueryGradient),
    }
}
