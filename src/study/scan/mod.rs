//! Every head of every layer of a model.

mod profile;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use crate::attention::{Head, QueryLaw};
use crate::error::{Error, Result};
use crate::law::TokenLaw;
use crate::record::{HeadProfile, ScanAnswer, ScanRow};
use crate::study::{Progress, Study};

/// What is asked of every head.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanRequest {
    /// One line that describes model, tokens and queries.
    pub description: String,
    /// The number of heads of every layer.
    pub heads: usize,
    /// The prompt lengths.
    pub lengths: Vec<u64>,
    /// The relative error whose smallest prompt length is asked for.
    pub epsilon: Option<f64>,
}

/// One layer.
pub struct ScanLayer<'a> {
    /// Its number.
    pub number: usize,
    /// Tokens and queries, or why they cannot be read: then no head of the layer has a profile.
    pub inputs: Result<LayerInputs>,
    /// A head by its number, from 0; called from several threads.
    pub head: Box<dyn Fn(usize) -> Result<LayerHead> + Sync + 'a>,
}

/// What enters a layer.
#[derive(Debug, Clone)]
pub struct LayerInputs {
    /// The token law.
    pub tokens: Arc<dyn TokenLaw>,
    /// The query law.
    pub query: QueryLaw,
    /// What the reader decided by itself.
    pub remarks: Vec<String>,
}

/// One head of a layer.
#[derive(Debug, Clone)]
pub struct LayerHead {
    /// Its matrices.
    pub head: Head,
    /// What the reader decided by itself.
    pub remarks: Vec<String>,
}

/// The profile ([`Study::profile`]) of every head of every layer, the heads of a layer in parallel; the rows do not depend on the number of threads.
///
/// A head that cannot be read or has no profile is a row with the reason. Soon after `stop` becomes true the answer holds the heads that are done.
///
/// # Errors
/// [`Error::Unavailable`], with the first reason, if no head at all has a profile and the scan was not stopped.
///
/// # Examples
/// ```
/// use std::sync::{Arc, atomic::AtomicBool};
///
/// use attention_bounds::nalgebra::{self, dmatrix};
/// use attention_bounds::study::Silent;
/// use attention_bounds::study::scan::{LayerHead, LayerInputs, ScanLayer, ScanRequest, scan};
/// use attention_bounds::{Empirical, Head, QueryLaw};
///
/// // Two heads on the tokens -1 and 1; the second has larger scores, so that fewer tokens share its attention.
/// let tokens = Arc::new(Empirical::new(&dmatrix![-1.0; 1.0])?);
/// let query = QueryLaw::uniform(dmatrix![1.0])?;
/// let layer = ScanLayer {
///     number: 0,
///     inputs: Ok(LayerInputs { tokens, query, remarks: Vec::new() }),
///     head: Box::new(|number| {
///         let head = Head::new(dmatrix![1.0 + number as f64], dmatrix![1.0])?;
///         Ok(LayerHead { head, remarks: Vec::new() })
///     }),
/// };
/// let request = ScanRequest { description: String::new(), heads: 2, lengths: vec![100], epsilon: None };
/// let answer = scan([layer].into_iter(), &request, &AtomicBool::new(false), &Silent)?;
/// let effective = |head: usize| answer.rows[head].profile.as_ref().unwrap().effective_length.clone().unwrap();
/// assert!(100.0 > effective(0) && effective(0) > effective(1));
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn scan<'a>(
    layers: impl ExactSizeIterator<Item = ScanLayer<'a>>,
    request: &ScanRequest,
    stop: &AtomicBool,
    progress: &dyn Progress,
) -> Result<ScanAnswer> {
    let stopped = || stop.load(Ordering::Relaxed);
    let asked = layers.len() * request.heads;
    progress.start(asked as u64);
    let mut lengths = request.lengths.clone();
    lengths.sort_unstable();
    lengths.dedup();
    let (mut rows, mut notes) = (Vec::new(), Vec::new());
    let mut note = |remarks: Vec<String>| {
        for remark in remarks {
            if !notes.contains(&remark) {
                notes.push(remark);
            }
        }
    };
    for layer in layers {
        if stopped() {
            break;
        }
        let of_head = |head: usize| {
            if stopped() {
                return None;
            }
            let (profile, remarks) = match profile(&layer, head, request) {
                Ok((profile, remarks)) => (Ok(profile), remarks),
                Err(error) => (Err(error.to_string()), Vec::new()),
            };
            progress.step();
            let row = ScanRow {
                layer: layer.number,
                head,
                profile,
            };
            Some((row, remarks))
        };
        let found: Vec<_> = (0..request.heads)
            .into_par_iter()
            .filter_map(of_head)
            .collect();
        if let Ok(inputs) = &layer.inputs {
            note(inputs.remarks.clone());
        }
        for (row, remarks) in found {
            note(remarks);
            rows.push(row);
        }
    }
    let first = rows.first().and_then(|row: &ScanRow| {
        let reason = row.profile.as_ref().err()?;
        Some(format!("layer {}, head {}: {reason}", row.layer, row.head))
    });
    match first {
        Some(first) if rows.len() == asked && rows.iter().all(|row| row.profile.is_err()) => {
            Err(Error::Unavailable {
                what: "the profile of any head",
                why: first,
            })
        }
        _ => Ok(ScanAnswer {
            description: request.description.clone(),
            lengths,
            epsilon: request.epsilon,
            asked,
            rows,
            notes,
        }),
    }
}

/// The profile of one head, and what its reader decided by itself.
fn profile(
    layer: &ScanLayer<'_>,
    head: usize,
    request: &ScanRequest,
) -> Result<(HeadProfile, Vec<String>)> {
    let inputs = layer.inputs.as_ref().map_err(Clone::clone)?;
    let LayerHead { head, remarks } = (layer.head)(head)?;
    let study = Study::new(Arc::clone(&inputs.tokens), head, inputs.query.clone())?;
    let study = study.lengths(request.lengths.iter().copied())?;
    Ok((study.profile(request.epsilon)?, remarks))
}
