//! The error of a whole layer: exact values, single heads and a simulation side by side.

use std::sync::Arc;

use nalgebra::DVector;

use super::question::{MOST_CELLS, Question};
use super::setting::IntoTokens;
use crate::attention::{Layer, QueryLaw};
use crate::error::{Error, Result};
use crate::exact::{Exact, LayerErrors};
use crate::law::{Empirical, TokenLaw};
use crate::monte_carlo::{Estimate, Reliability, layer_error_estimate};
use crate::parameter::{PromptLength, refused};
use crate::progress::{Progress, Silent};
use crate::record::{
    Cell, LayerRow, LayerSimulation, LayerTable, LayerValues, QueryLabel, Verdict,
};

/// Standard errors that an estimate may be from the exact value.
const STANDARD_ERRORS: f64 = 4.0;

/// A token law, a layer of heads that read the same prompt, and a list of queries.
///
/// ```
/// use attention_bounds::attention::Layer;
/// use attention_bounds::nalgebra::{self, dmatrix};
/// use attention_bounds::study::layer::LayerStudy;
/// use attention_bounds::{Empirical, Head, QueryLaw};
///
/// # fn main() -> attention_bounds::Result<()> {
/// // Two heads that look at opposite ends of a line, and whose outputs are added up.
/// let tokens = Empirical::new(&dmatrix![-1.0; 0.0; 1.0])?;
/// let head = |scale: f64| Head::new(dmatrix![scale], dmatrix![1.0]);
/// let layer = Layer::projected(vec![(head(1.0)?, dmatrix![1.0]), (head(-1.0)?, dmatrix![1.0])])?;
/// let study = LayerStudy::new(tokens, layer, QueryLaw::uniform(dmatrix![1.0])?)?;
/// let table = study.lengths([100])?.simulate(2_000, 1).table()?;
/// let exact = table.rows[0].exact.as_ref().unwrap();
/// assert!(exact.cross.value > 0.0 && !table.is_violated());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct LayerStudy {
    tokens: Arc<dyn TokenLaw>,
    layer: Arc<Layer>,
    query: Arc<QueryLaw>,
    lengths: Vec<PromptLength>,
    simulation: Option<(u64, u64)>,
    longest: Option<PromptLength>,
    progress: Arc<dyn Progress + Send>,
    description: String,
}

impl LayerStudy {
    /// A study of these tokens (in `R^d`), this layer (`U_h` is `d x e`) and these queries (in `R^e`).
    ///
    /// # Errors
    /// [`Error::Shape`] if the shapes do not fit; [`Error::Unavailable`] if the queries are no list.
    pub fn new(tokens: impl IntoTokens, layer: Layer, query: QueryLaw) -> Result<Self> {
        let tokens = tokens.into_tokens();
        for head in layer.heads() {
            Question::new(tokens.as_ref(), head, &query)?;
        }
        let QueryLaw::List { weights, .. } = &query else {
            return Err(Error::Unavailable {
                what: "the error of a layer",
                why: "it is computed at a list of queries, not for a Gaussian query".into(),
            });
        };
        let (heads, queries) = (layer.heads().len(), weights.len());
        let description = format!("{} tokens; {queries} queries; {heads} heads", tokens.name());
        Ok(Self {
            tokens,
            layer: Arc::new(layer),
            query: Arc::new(query),
            lengths: Vec::new(),
            simulation: None,
            longest: None,
            progress: Arc::new(Silent),
            description,
        })
    }

    fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut study = self.clone();
        change(&mut study);
        study
    }

    /// The prompt lengths of the table; they are sorted, each once.
    ///
    /// # Errors
    /// [`Error::Parameter`] for one that is not between 1 and 2^53.
    pub fn lengths(&self, lengths: impl IntoIterator<Item = u64>) -> Result<Self> {
        let lengths = lengths.into_iter().map(PromptLength::new);
        let mut lengths = lengths.collect::<Result<Vec<_>>>()?;
        lengths.sort_unstable();
        lengths.dedup();
        Ok(self.with(|study| study.lengths = lengths))
    }

    /// Also simulate this many prompts for every query and length, from this seed.
    #[must_use]
    pub fn simulate(&self, prompts: u64, seed: u64) -> Self {
        self.with(|study| study.simulation = Some((prompts, seed)))
    }

    /// Prompts longer than this are not simulated.
    ///
    /// # Errors
    /// [`Error::Parameter`] if it is not a prompt length.
    pub fn longest(&self, length: u64) -> Result<Self> {
        let length = PromptLength::new(length)?;
        Ok(self.with(|study| study.longest = Some(length)))
    }

    /// Who is told of every step.
    #[must_use]
    pub fn progress(&self, progress: impl Progress + Send + 'static) -> Self {
        self.with(|study| study.progress = Arc::new(progress))
    }

    /// A line that describes the setting.
    #[must_use]
    pub fn described(&self, description: &str) -> Self {
        self.with(|study| study.description = description.to_owned())
    }

    /// The errors of the layer at every query and on average, with a simulation if one was asked for.
    ///
    /// Where an exact value is not available (tokens that are not of finite support, scores too far apart) its cell says why.
    ///
    /// # Errors
    /// [`Error::Unavailable`] without a length, [`Error::Parameter`] for a request that is too large, or a number of prompts that is
    /// not accepted.
    pub fn table(&self) -> Result<LayerTable> {
        if self.lengths.is_empty() {
            return Err(Error::Unavailable {
                what: "the table",
                why: "no prompt length is given".into(),
            });
        }
        let QueryLaw::List { queries, weights } = self.query.as_ref() else {
            return refused("queries", "a Gaussian query", "a list");
        };
        let cells = queries.ncols().saturating_mul(self.lengths.len());
        if cells > MOST_CELLS {
            return refused("queries x lengths", cells, "at most 250000");
        }
        let steps = queries.ncols() * if self.simulation.is_some() { 2 } else { 1 };
        self.progress.start(steps as u64);
        let columns: Vec<DVector<f64>> = queries.column_iter().map(|z| z.into_owned()).collect();
        let estimates = self.estimates(&columns)?;
        let exact = self.exact(&columns);
        let mut rows = Vec::new();
        for (index, (exact, estimates)) in exact.iter().zip(&estimates).enumerate() {
            let found = self.lengths.iter().zip(exact).zip(estimates);
            rows.extend(found.map(|((length, exact), estimate)| {
                row(
                    QueryLabel::Index(index),
                    *length,
                    exact.clone(),
                    estimate.clone(),
                )
            }));
        }
        for (place, length) in self.lengths.iter().enumerate() {
            let own = exact.iter().map(|list| at(list, place));
            let average = own
                .collect::<Cell<Vec<_>>>()
                .map(|list| average(&list, weights));
            let own = estimates.iter().filter_map(|list| list.get(place)?.clone());
            let own = own.collect::<Cell<Vec<Estimate>>>();
            let all = own.map(|list| (list.len() == weights.len()).then(|| joined(&list, weights)));
            rows.push(row(QueryLabel::Average, *length, average, all.transpose()));
        }
        Ok(LayerTable {
            description: self.description.clone(),
            rows,
            simulation: self.simulation.map(|(prompts, seed)| LayerSimulation {
                prompts,
                seed,
                standard_errors: STANDARD_ERRORS,
            }),
            notes: self.notes(),
        })
    }

    fn notes(&self) -> Vec<String> {
        let joined = if self.layer.outputs().is_empty() {
            "without an output projection the outputs of the heads stand one under the other, and the error of the layer is the sum over its heads"
        } else {
            "single heads: what the error would be if every head read a prompt of its own"
        };
        vec![joined.to_owned()]
    }

    /// Exact values by query and length.
    fn exact(&self, queries: &[DVector<f64>]) -> Vec<Vec<Cell<LayerValues>>> {
        let count = self.lengths.len();
        let without = |reason: String| vec![vec![Err(reason); count]; queries.len()];
        let tokens = match self.tokens.support() {
            Some((points, weights)) => Empirical::weighted(&points.transpose(), weights),
            None => {
                return without(format!(
                    "the error of a layer is exact for tokens of finite support, not for {} tokens",
                    self.tokens.name()
                ));
            }
        };
        let tokens = match tokens {
            Ok(tokens) => tokens,
            Err(error) => return without(error.to_string()),
        };
        let errors = match LayerErrors::new(&tokens, &self.layer) {
            Ok(errors) => errors,
            Err(error) => return without(error.to_string()),
        };
        let cells = queries.iter().map(|query| {
            let found = errors.at(query, &self.lengths);
            self.progress.step();
            match found {
                Ok(list) => list
                    .into_iter()
                    .map(|found| {
                        Ok(LayerValues {
                            layer: found.total,
                            single_heads: found.alone,
                            cross: found.cross,
                        })
                    })
                    .collect(),
                Err(error) => vec![Err(error.to_string()); count],
            }
        });
        cells.collect()
    }

    /// Estimates by query and length; `None` where there is no simulation.
    fn estimates(&self, queries: &[DVector<f64>]) -> Result<Vec<Vec<Option<Cell<Estimate>>>>> {
        let lists = queries.iter().enumerate().map(|(index, query)| {
            let cells = self.lengths.iter().map(|&length| {
                let Some((prompts, seed)) = self.simulation else {
                    return Ok(None);
                };
                if self.longest.is_some_and(|longest| length > longest) {
                    return Ok(None);
                }
                let (tokens, place) = (self.tokens.as_ref(), (index, query));
                match layer_error_estimate(tokens, &self.layer, place, length, prompts, seed) {
                    Ok(estimate) => Ok(Some(Ok(estimate))),
                    Err(Error::Unavailable { why, .. }) => Ok(Some(Err(why))),
                    Err(error) => Err(error),
                }
            });
            let cells = cells.collect::<Result<Vec<_>>>();
            if self.simulation.is_some() {
                self.progress.step();
            }
            cells
        });
        lists.collect()
    }
}

fn row(
    query: QueryLabel,
    length: PromptLength,
    exact: Cell<LayerValues>,
    estimate: Option<Cell<Estimate>>,
) -> LayerRow {
    let verdict = match (&exact, &estimate) {
        (Ok(exact), Some(Ok(estimate))) => verdict(exact.layer, estimate),
        _ => Verdict::Inconclusive,
    };
    LayerRow {
        query,
        length: length.get(),
        exact,
        estimate,
        verdict,
    }
}

/// Within so many standard errors, those of the exact value besides; where few prompts carry the estimate its standard error says too little.
fn verdict(exact: Exact, estimate: &Estimate) -> Verdict {
    let allowed = STANDARD_ERRORS * estimate.standard_error + exact.error;
    let near = (estimate.mean - exact.value).abs() <= allowed;
    if near || estimate.standardised(exact.value) == 0.0 {
        return Verdict::Consistent;
    }
    match Estimate::reliability(estimate.largest_share) {
        Reliability::Reliable => Verdict::Violated,
        Reliability::HeavyTail | Reliability::Unseen => Verdict::Inconclusive,
    }
}

fn at(list: &[Cell<LayerValues>], place: usize) -> Cell<LayerValues> {
    let missing = || Err("no value was computed".to_owned());
    list.get(place).cloned().unwrap_or_else(missing)
}

fn average(list: &[LayerValues], weights: &[f64]) -> LayerValues {
    let of = |part: fn(&LayerValues) -> Exact| {
        Exact::average(list.iter().map(part).zip(weights.iter().copied()))
    };
    LayerValues {
        layer: of(|values| values.layer),
        single_heads: of(|values| values.single_heads),
        cross: of(|values| values.cross),
    }
}

/// The average of independent estimates with these weights.
pub(super) fn joined(list: &[Estimate], weights: &[f64]) -> Estimate {
    let sum = |of: &dyn Fn(&Estimate, f64) -> f64| -> f64 {
        list.iter().zip(weights).map(|(one, w)| of(one, *w)).sum()
    };
    let standard_error = sum(&|one, w| (w * one.standard_error).powi(2)).sqrt();
    let third = sum(&|one, w| one.skewness * (w * one.standard_error).powi(3));
    let shares = list.iter().filter_map(|one| one.largest_share);
    Estimate {
        mean: sum(&|one, w| w * one.mean),
        standard_error,
        prompts: list.iter().map(|one| one.prompts).sum(),
        seed: list.first().map_or(0, |one| one.seed),
        skewness: if standard_error > 0.0 {
            third / standard_error.powi(3)
        } else {
            0.0
        },
        // The worst of them.
        largest_share: shares.reduce(f64::max),
    }
}
