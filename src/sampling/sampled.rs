//! The question: a context, what is kept of it, and how the rest is drawn.

use std::sync::Arc;

use nalgebra::{DMatrix, DVector};

use crate::error::Result;
use crate::law::Sum;
use crate::parameter::refused;
use crate::sampling::context::Context;
use crate::sampling::design::Design;
use crate::sampling::kept::Kept;

/// Attention of one query over a kept set and a random part of the other keys.
///
/// Nothing is kept and the design is [`Design::WithoutReplacement`] unless said otherwise. Clones share the context, so that several kept sets and
/// designs of one context cost little memory.
///
/// # Examples
/// ```
/// use attention_bounds::nalgebra::{self, dmatrix};
/// use attention_bounds::sampling::{Design, Kept, SampledAttention};
///
/// // Three keys whose values are their scores; the heaviest is kept, one of the others is drawn.
/// let context = SampledAttention::new(&[0.0, 1.0, 3.0], &dmatrix![0.0; 1.0; 3.0])?;
/// assert!((context.limit()[0] - 2.64557940).abs() < 1e-8);
/// let sampled = context.keep(&Kept::new().top(1))?.design(Design::WithoutReplacement)?;
/// assert_eq!((sampled.kept_indices(), sampled.tail_size()), ([2].as_slice(), 2));
/// # Ok::<(), attention_bounds::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SampledAttention {
    context: Arc<Context>,
    kept: Vec<usize>,
    tail: Vec<usize>,
    design: Design,
}

impl SampledAttention {
    /// A context of `N` keys: their scores at one query (any bias and `1/sqrt(k)` included) and their values, an `N x m` matrix with a row a key.
    ///
    /// # Errors
    /// [`Error::Shape`](crate::Error::Shape) if there is not one row a score; [`Error::Parameter`](crate::Error::Parameter) if there is no key or no
    /// coordinate, a score is not a number or beyond `1e300`, or an entry of a value beyond `1e140`.
    pub fn new(scores: &[f64], values: &DMatrix<f64>) -> Result<Self> {
        let context = Context::new(scores, values)?;
        Ok(Self {
            kept: Vec::new(),
            tail: (0..context.keys()).collect(),
            context: Arc::new(context),
            design: Design::WithoutReplacement,
        })
    }

    /// The same context with these keys kept; the others are the tail.
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter) for an index that is in the list twice or not less than `N`, and if no tail is left; as
    /// [`SampledAttention::design`].
    pub fn keep(self, kept: &Kept) -> Result<Self> {
        let marks = kept.marks(&self.context.ln_weights)?;
        let (kept, tail): (Vec<usize>, Vec<usize>) =
            (0..marks.len()).partition(|key| marks.get(*key) == Some(&true));
        self.design.check(marks.len(), &tail)?;
        Ok(Self { kept, tail, ..self })
    }

    /// The same context and kept set with the tail drawn by this design.
    ///
    /// # Errors
    /// If the proxies of [`Design::ImportanceSampling`] are not one for each key, each from `1e-75` (kept keys: 0) to `1e75`.
    pub fn design(self, design: Design) -> Result<Self> {
        design.check(self.context.keys(), &self.tail)?;
        Ok(Self { design, ..self })
    }

    /// `T`, attention over all keys.
    pub fn limit(&self) -> &DVector<f64> {
        &self.context.limit
    }

    /// The keys that are kept, in increasing order.
    pub fn kept_indices(&self) -> &[usize] {
        &self.kept
    }

    /// How many keys are not kept, `n`.
    pub fn tail_size(&self) -> usize {
        self.tail.len()
    }

    /// The share of the attention that the kept keys have, `sum_K w / sum w`.
    pub fn kept_share(&self) -> f64 {
        self.kept_weight() / self.context.total
    }

    /// How the tail is drawn.
    pub fn drawn_by(&self) -> &Design {
        &self.design
    }

    /// Refuses a budget of 0 or of more keys than the tail has.
    pub(in crate::sampling) fn check_budget(&self, budget: u64) -> Result<()> {
        if budget >= 1 && budget <= self.tail.len() as u64 {
            return Ok(());
        }
        let required = "from 1 to the number of keys that are not kept";
        refused("the budget", budget, required)
    }

    /// The context.
    pub(in crate::sampling) fn context(&self) -> &Context {
        &self.context
    }

    /// The keys that are not kept, in increasing order.
    pub(in crate::sampling) fn tail_indices(&self) -> &[usize] {
        &self.tail
    }

    /// `W0 = sum_K w`, where the heaviest key of the context has the weight 1.
    pub(in crate::sampling) fn kept_weight(&self) -> f64 {
        let weights = &self.context.weights;
        let kept = self.kept.iter().filter_map(|key| weights.get(*key));
        kept.copied().collect::<Sum>().value()
    }
}
