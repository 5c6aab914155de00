//! Bounds of the errors of the two gradients, for every query of a question (theory T9).

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use crate::attention::{Head, ScoreVarianceLaw};
use crate::bound::{
    Bound, ComponentLaw, GaussianGradient, GaussianQueryAverage, KeyQueryAverage, KnownMoments,
    LawComponent, SubGaussianGradient, SubGaussianMoments, Theorem, UniformKeyQueryGradient,
    UniformRate, ValueSpectrum, key_query_average_trivial_bound, key_query_bounds, output_variance,
    value_gradient_bounds, value_gradient_spectrum,
};
use crate::error::Result;
use crate::law::{Gaussian, LawKind, TokenLaw, norm_above};
use crate::parameter::{Dimension, PromptLength, VarianceProxy};
use crate::study::Question;
use crate::study::cells::averages::average_records;
use crate::study::cells::moments::{bounded_support, first_value, gaussian_moments, tilt_norms};

/// One list of records a length, for each gradient.
#[derive(Debug, Clone, Default)]
pub(in crate::study) struct GradientCells {
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
            Theorem::TRIVIAL_BOUND,
            Theorem::VALUE_GRADIENT,
            Theorem::SUB_GAUSSIAN_VALUE_GRADIENT,
        ]),
        key_query: records(&[
            Theorem::TRIVIAL_BOUND,
            Theorem::KEY_QUERY_GRADIENT,
            Theorem::SUB_GAUSSIAN_KEY_QUERY_GRADIENT,
            Theorem::CAPPED_KEY_QUERY_GRADIENT,
            Theorem::CRUDE_KEY_QUERY_GRADIENT,
        ]),
    }
}

/// What the bounds of all queries share.
pub(in crate::study) struct Gradients<'a> {
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
            components: components(question, value),
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
        let of_token = match question.kind.gaussian() {
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
        let integrated = match question.kind.gaussian() {
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
                let trivial = first_value(&records);
                let rate = &uniform.0;
                records.push(
                    rate.bound(length, trivial)
                        .under(Theorem::UNIFORM_VALUE_GRADIENT),
                );
                records.push(
                    rate.gaussian_query_bound(length, trivial)
                        .under(Theorem::VALUE_GRADIENT_GAUSSIAN_QUERY),
                );
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
        let integrated = question
            .kind
            .gaussian()
            .map(|tokens| KeyQueryAverage::new(tokens, question.head, query))
            .transpose()?;
        let key_query = lengths.par_iter().map(|&length| {
            let mut records = match &integrated {
                Some(average) => average.bounds(length),
                None => vec![
                    key_query_average_trivial_bound(support, query),
                    Bound::not_applicable(
                        Theorem::KEY_QUERY_GRADIENT,
                        "its integral over a Gaussian query is computed for Gaussian tokens only; give fixed queries",
                    ),
                ],
            };
            let trivial = first_value(&records);
            records.push(uniform.1.bound(length, trivial));
            records.push(uniform.1.gaussian_query_bound(length, trivial));
            records
        });
        Ok(GradientCells {
            value: value?,
            key_query: key_query.collect(),
        })
    }

    /// T7 and T9 for this question.
    fn uniform(&self, query: &Gaussian) -> Result<(UniformRate, UniformKeyQueryGradient)> {
        let (norm, query_proxy, offset) = tilt_norms(self.question, query)?;
        let query_dimension = Dimension::new(query.mean().len())?;
        let of_law = |tokens: &Gaussian| {
            GaussianGradient::new(tokens.covariance(), self.question.head.value())
        };
        let gaussian = self.question.kind.gaussian().map(of_law).transpose()?;
        let stacked = self.stacked.clone();
        let value = UniformRate::new(self.proxy, query_proxy, norm, query_dimension, stacked)?;
        let key_query = UniformKeyQueryGradient::new(
            (self.proxy, query_proxy),
            norm,
            (query_dimension, self.dimension),
            self.values.clone(),
            gaussian,
        )?;
        let mean = norm_above(query.mean().as_slice());
        Ok((
            value.with_offset(offset)?,
            key_query.with_offset(offset, mean)?,
        ))
    }
}

/// The trivial bound, and T5 and T6 integrated over the query, as cases of T9.
fn value_averages(records: Vec<Bound>) -> Vec<Bound> {
    records
        .into_iter()
        .filter_map(|bound| match bound.theorem() {
            Theorem::TRIVIAL_BOUND => Some(bound),
            // T6 is the smallest of all; T5 alone is not better.
            Theorem::OUTPUT_CONCENTRATION => Some(bound.under(Theorem::VALUE_GRADIENT)),
            _ => None,
        })
        .collect()
}

/// The token law as a list of points and normal components, if it is one.
fn components(
    question: &Question<'_>,
    value: &DMatrix<f64>,
) -> std::result::Result<ComponentLaw, String> {
    let made = match (question.kind, question.tokens.support()) {
        (LawKind::Gaussian(gaussian), _) => {
            // Shift-invariance: the mean may be left out.
            let origin = DVector::zeros(gaussian.dimension());
            ComponentLaw::new(&[(1.0, origin, Some(gaussian.covariance()))], value)
        }
        (LawKind::Mixture(mixture), _) => {
            let list: Vec<LawComponent<'_>> = mixture
                .weights()
                .iter()
                .zip(mixture.components())
                .map(|(w, c)| (*w, c.mean().clone(), Some(c.covariance())))
                .collect();
            ComponentLaw::new(&list, value)
        }
        (_, Some((points, weights))) => {
            let list: Vec<LawComponent<'_>> = points
                .column_iter()
                .zip(weights)
                .map(|(x, w)| (w, x.into_owned(), None))
                .collect();
            ComponentLaw::new(&list, value)
        }
        (_, None) => {
            return Err(
                "the moments of the gradient in U are known for points, normal laws and their mixtures"
                    .into(),
            );
        }
    };
    made.map_err(|error| error.to_string())
}

/// The averages of both gradients over a list of queries.
pub(super) fn average_of_list(
    queries: &[&GradientCells],
    weights: &[f64],
    lengths: usize,
) -> GradientCells {
    let column = |pick: &dyn Fn(&GradientCells) -> &Vec<Vec<Bound>>, theorem| {
        let lists: Vec<&Vec<Vec<Bound>>> = queries.iter().map(|cells| pick(cells)).collect();
        let mut averages = average_records(&lists, weights, lengths);
        for records in &mut averages {
            records.retain(|b| b.theorem() != Theorem::OUTPUT_CONCENTRATION);
            records.push(Bound::not_applicable(
                theorem,
                "a centred sub-Gaussian query law with a known variance proxy is required; the queries are a list",
            ));
        }
        averages
    };
    GradientCells {
        value: column(&|c| &c.value, Theorem::UNIFORM_VALUE_GRADIENT),
        key_query: column(&|c| &c.key_query, Theorem::UNIFORM_KEY_QUERY_GRADIENT),
    }
}
