//! Attention over a part of the keys of a context: exact errors by budget, side by side with other ways of reading as many keys, with bounds and a
//! simulation; and the smallest budgets for an error.

mod bounds;
mod budget;
mod context;
mod deviation;
mod rows;
mod simulation;
mod table;

use nalgebra::DMatrix;

use crate::error::{Error, Result};
use crate::parameter::{Positive, refused};
use crate::sampling::{Design, Kept};
use crate::study::Progress;
use crate::study::setting::Study;

/// A [`Study`] whose tokens are the keys of a context of which a part is read ([`Study::sampled`]).
///
/// # Examples
/// ```
/// use attention_bounds::nalgebra::{DMatrix, dmatrix};
/// use attention_bounds::record::{QueryLabel, Reading};
/// use attention_bounds::sampling::{Design, Kept};
/// use attention_bounds::{QueryLaw, Study};
///
/// # fn main() -> attention_bounds::Result<()> {
/// // A cache of 40 keys: the last 4 and the heaviest 4 are read, and 8 of the others.
/// let keys = DMatrix::from_fn(40, 1, |i, _| (i as f64).sin());
/// let values = DMatrix::from_fn(40, 2, |i, j| 1.0 + (i as f64 + j as f64).cos());
/// let study = Study::from_cache(&keys, &values, 1.0, QueryLaw::uniform(dmatrix![0.5])?)?;
/// let sampled = study.sampled(Kept::new().window(4).top(4), Design::WithoutReplacement)?;
/// let table = sampled.budgets([8])?.compare().simulate(2_000, 1).table()?;
/// assert!(!table.is_violated());
///
/// // The scores are nearly flat, so that as many of the heaviest keys alone are worse.
/// let error = |reading: Reading| {
///     let mut rows = table.rows.iter();
///     let row = rows.find(|row| row.query == QueryLabel::Average && row.reading == reading);
///     row.and_then(|row| row.relative).unwrap()
/// };
/// assert!(error(Reading::Hybrid) < 0.5 * error(Reading::Top));
///
/// // Draws proportional to a proxy of the weights, here the weights themselves.
/// let proxies = keys.map(|key| (0.5 * key).exp());
/// let table = sampled.importance(&proxies)?.budgets([8])?.table()?;
/// assert_eq!(table.design, "importance-sampling");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SampledStudy {
    study: Study,
    kept: Kept,
    design: Design,
    /// Proxies for importance sampling: a row a key, and one column or one for each query.
    proxies: Option<DMatrix<f64>>,
    budgets: Vec<u64>,
    compare: bool,
    deviation: Option<Positive>,
    simulation: Option<(u64, u64)>,
}

impl Study {
    /// The same tokens, head and queries, the tokens taken for the `N` keys of a context, in the order of the list: the keys of `kept` are read for
    /// certain, others are drawn by this design (T13 `sampled-attention`). Prompt lengths have no meaning here.
    ///
    /// # Errors
    /// [`Error::Unavailable`] for tokens that are no list of equally likely points ([`Empirical`](crate::Empirical), [`Study::from_cache`]), a Gaussian
    /// query, and fixed tokens.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::nalgebra::{self, dmatrix};
    /// use attention_bounds::sampling::{Design, Kept};
    /// use attention_bounds::{Empirical, Head, QueryLaw, Rademacher, Study};
    ///
    /// // Three keys whose values are their scores; the heaviest is kept, one of the two others is drawn: W0 = e^3 and a draw counts twice.
    /// let tokens = Empirical::new(&dmatrix![0.0; 1.0; 3.0])?;
    /// let head = Head::new(dmatrix![1.0], dmatrix![1.0])?;
    /// let study = Study::new(tokens, head, QueryLaw::uniform(dmatrix![1.0])?)?;
    /// let table = study.sampled(Kept::new().top(1), Design::WithoutReplacement)?.budgets([1])?.table()?;
    /// let weights = [0f64, 1.0, 3.0].map(f64::exp);
    /// let limit = (weights[1] + 3.0 * weights[2]) / weights.iter().sum::<f64>();
    /// let error = |v: f64| ((3.0 * weights[2] + 2.0 * v * v.exp()) / (weights[2] + 2.0 * v.exp()) - limit).powi(2);
    /// let exact = table.rows[0].exact.as_ref().unwrap();
    /// assert!((exact.value - (error(0.0) + error(1.0)) / 2.0).abs() < 1e-12);
    ///
    /// // A law that is no list of keys, and keys of unequal weight, are no context.
    /// let head = Head::new(dmatrix![1.0], dmatrix![1.0])?;
    /// let signs = Study::new(Rademacher::new(1, 1.0)?, head.clone(), QueryLaw::uniform(dmatrix![1.0])?)?;
    /// assert!(signs.sampled(Kept::none(), Design::Bernoulli).is_err());
    /// let weighted = Empirical::weighted(&dmatrix![0.0; 1.0], vec![0.25, 0.75])?;
    /// let weighted = Study::new(weighted, head, QueryLaw::uniform(dmatrix![1.0])?)?;
    /// assert!(weighted.sampled(Kept::none(), Design::Bernoulli).is_err());
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn sampled(&self, kept: Kept, design: Design) -> Result<SampledStudy> {
        let why = "and keys that are always read are named by the kept set";
        self.without_fixed("sampled attention with fixed tokens", why)?;
        let sampled = SampledStudy {
            study: self.clone(),
            kept,
            design,
            proxies: None,
            budgets: Vec::new(),
            compare: false,
            deviation: None,
            simulation: None,
        };
        sampled.points()?;
        sampled.queries()?;
        Ok(sampled)
    }
}

impl SampledStudy {
    /// Who is told of every step.
    #[must_use]
    pub fn progress(&self, progress: impl Progress + Send + 'static) -> Self {
        let asked = self.study.progress(progress);
        self.with(|study| study.study = asked)
    }

    /// Confidence of each interval, and the probability that chance alone makes any verdict of a run wrong.
    ///
    /// # Errors
    /// As [`Study::confidence`] and [`Study::error_probability`].
    pub fn levels(&self, confidence: f64, error_probability: f64) -> Result<Self> {
        let study = self.study.confidence(confidence)?;
        let asked = study.error_probability(error_probability)?;
        Ok(self.with(|study| study.study = asked))
    }

    fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut study = self.clone();
        change(&mut study);
        study
    }

    /// Draw with replacement, a key with a probability proportional to its proxy: a matrix of one row a key, and of one column for all queries or one
    /// column for each.
    ///
    /// # Errors
    /// [`Error::Shape`] if it has another shape. Proxies that are not accepted are refused by [`SampledStudy::table`].
    pub fn importance(&self, proxies: &DMatrix<f64>) -> Result<Self> {
        let (keys, queries) = (self.points()?.ncols(), self.queries()?.1.len());
        let (rows, columns) = proxies.shape();
        if rows != keys || (columns != 1 && columns != queries) {
            return Err(Error::shape(
                "the table of proxies",
                format!("{rows} x {columns}"),
                format!("{keys} x 1 or {keys} x {queries}, a row for each key"),
            ));
        }
        Ok(self.with(|study| study.proxies = Some(proxies.clone())))
    }

    /// The budgets of the table: how many draws. They are sorted, each once.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a budget of 0. That it is at most the number of keys that are not kept is checked by [`SampledStudy::table`].
    pub fn budgets(&self, budgets: impl IntoIterator<Item = u64>) -> Result<Self> {
        let mut budgets: Vec<u64> = budgets.into_iter().collect();
        budgets.sort_unstable();
        budgets.dedup();
        if budgets.first() == Some(&0) {
            return refused("a budget", 0, "at least 1 draw");
        }
        Ok(self.with(|study| study.budgets = budgets))
    }

    /// Also the errors of the heaviest keys alone, and of draws from all keys, at the same numbers of keys read.
    #[must_use]
    pub fn compare(&self) -> Self {
        self.with(|study| study.compare = true)
    }

    /// Also what is known of `P(|That - T|^2 >= epsilon |T|^2)`, at every query.
    ///
    /// # Errors
    /// [`Error::Parameter`] if `epsilon` is not a finite number greater than 0.
    pub fn tail(&self, epsilon: f64) -> Result<Self> {
        let epsilon = Positive::new("--tail", epsilon)?;
        Ok(self.with(|study| study.deviation = Some(epsilon)))
    }

    /// Also simulate: so many draws of the tail for every query and budget, from this seed.
    #[must_use]
    pub fn simulate(&self, prompts: u64, seed: u64) -> Self {
        self.with(|study| study.simulation = Some((prompts, seed)))
    }
}
