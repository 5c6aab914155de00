//! From a study to the contexts of its queries.

use nalgebra::{DMatrix, DVector};

use super::SampledStudy;
use crate::attention::QueryLaw;
use crate::error::{Error, Result};
use crate::law::LawKind;
use crate::parameter::refused;
use crate::sampling::{Design, Kept, SampledAttention};
use crate::study::question::MOST_CELLS;

/// The kept set and the tail of one query, counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted {
    pub kept: u64,
    pub tail: u64,
}

impl SampledStudy {
    /// The keys, one a column.
    pub(super) fn points(&self) -> Result<&DMatrix<f64>> {
        let unavailable = |why: &str| {
            Err(Error::Unavailable {
                what: "sampled attention",
                why: why.into(),
            })
        };
        let LawKind::Empirical(law) = self.study.question().kind else {
            return unavailable(
                "its tokens are the keys of a context: an empirical law, or a cache of keys and values",
            );
        };
        if law
            .weights()
            .iter()
            .any(|w| law.weights().first() != Some(w))
        {
            return unavailable("every key of a context counts once: give tokens without weights");
        }
        Ok(law.points())
    }

    /// The queries, one a column, and their weights.
    pub(super) fn queries(&self) -> Result<(&DMatrix<f64>, &[f64])> {
        match self.study.query.as_ref() {
            QueryLaw::List { queries, weights } => Ok((queries, weights)),
            QueryLaw::Gaussian(_) => Err(Error::Unavailable {
                what: "sampled attention at a Gaussian query",
                why: "it is computed query by query; give fixed queries".into(),
            }),
        }
    }

    /// The values of all keys, `N x m`.
    pub(super) fn values(&self) -> Result<DMatrix<f64>> {
        Ok((self.study.head.value() * self.points()?).transpose())
    }

    /// How the tail is drawn at one query.
    pub(super) fn design_at(&self, query: usize) -> Design {
        match &self.proxies {
            None => self.design.clone(),
            Some(proxies) => {
                let column = if proxies.ncols() == 1 { 0 } else { query };
                Design::ImportanceSampling(proxies.column(column).iter().copied().collect())
            }
        }
    }

    /// The name of the design.
    pub(super) fn design_name(&self) -> &'static str {
        self.design_at(0).name()
    }

    /// How keys are drawn where none is kept: as the tail is, but without proxies.
    pub(super) fn uniform_design(&self) -> Design {
        match self.design_at(0) {
            Design::ImportanceSampling(_) => Design::WithReplacement,
            design => design,
        }
    }

    /// The scores of all keys at one query.
    fn scores(&self, query: usize) -> Result<Vec<f64>> {
        let Some(z) = self.study.query.query(query) else {
            return refused("a query", query, "less than the number of queries");
        };
        let scores: DVector<f64> = self.points()?.tr_mul(&self.study.head.tilt(&z));
        Ok(scores.as_slice().to_vec())
    }

    /// The context at one query, with these values and nothing kept.
    pub(super) fn context(&self, query: usize, values: &DMatrix<f64>) -> Result<SampledAttention> {
        SampledAttention::new(&self.scores(query)?, values)
    }

    /// What was asked about, of a context at one query.
    pub(super) fn hybrid(
        &self,
        query: usize,
        context: SampledAttention,
    ) -> Result<SampledAttention> {
        context.keep(&self.kept)?.design(self.design_at(query))
    }

    /// Is nothing kept?
    pub(super) fn keeps_nothing(&self) -> bool {
        self.kept == Kept::none()
    }

    /// Refuses what [`SampledStudy::table`] would refuse; nothing is computed but scores.
    ///
    /// # Errors
    /// As there, but for a missing budget.
    pub fn check(&self) -> Result<()> {
        self.checked(self.budgets.len()).map(|_| ())
    }

    /// Refuses, before anything is computed, what could not be computed at some query; the sizes of the kept sets and tails.
    pub(super) fn checked(&self, budgets: usize) -> Result<Vec<Counted>> {
        let (queries, _) = self.queries()?;
        let cells = queries.ncols().saturating_mul(budgets);
        if cells > MOST_CELLS {
            return refused("queries x budgets", cells, "at most 250000");
        }
        // What is refused does not depend on the values.
        let values = DMatrix::zeros(self.points()?.ncols(), 1);
        let of = |query: usize| {
            let sampled = self.hybrid(query, self.context(query, &values)?)?;
            let counted = Counted {
                kept: sampled.kept_indices().len() as u64,
                tail: sampled.tail_size() as u64,
            };
            match self.budgets.last() {
                Some(&most) if most > counted.tail => refused(
                    "a budget",
                    format!(
                        "{most}, with {} keys that are not kept at query {query}",
                        counted.tail
                    ),
                    "at most the number of keys that are not kept",
                ),
                _ => Ok(counted),
            }
        };
        (0..queries.ncols()).map(of).collect()
    }
}
