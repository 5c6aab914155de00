//! What the trained heads do, as records.

use serde::Serialize;

use crate::regression::training::{HeadKind, Settings};

/// The trained heads of an experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct ReproduceAnswer {
    /// The settings.
    pub settings: Settings,
    /// The risk of always predicting 0.
    pub zero_risk: f64,
    /// The risk of whoever knows `w`.
    pub least_risk: f64,
    /// `tr(Sig^{-2})^{1/4}`.
    pub balanced_label: f64,
    /// One line for each head and length.
    pub lines: Vec<TrainedHead>,
    /// Remarks.
    pub notes: Vec<String>,
}

/// One trained head; the blocks are those of [`Blocks`](crate::regression::training::Blocks).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrainedHead {
    /// The kind of head.
    pub head: HeadKind,
    /// Prompt length `L`.
    pub length: u64,
    /// Steps of training.
    pub steps: u64,
    /// Mean of `(f - y)^2 / 2` over the prompts of the evaluation.
    pub risk: f64,
    /// Its standard error.
    pub risk_standard_error: f64,
    /// The mean of `E[(f - y)^2 / 2 | w, query]`, exact in tokens and noise, over as many task vectors and queries of their own.
    pub conditional_risk: f64,
    /// Its standard error.
    pub conditional_standard_error: f64,
    /// The least risk of the kind of head at this length, exactly (T11).
    pub exact_risk: Option<f64>,
    /// `|b A - Sig^{-1}|_F` of the head with that risk.
    pub exact_distance: Option<f64>,
    /// `|b A - Sig^{-1}|_F`.
    pub distance: f64,
    /// `|b A + v a^T - Sig^{-1}|_F`.
    pub linear_distance: f64,
    /// `b`.
    #[serde(rename = "b")]
    pub label: f64,
    /// `|a|`.
    pub label_scores: f64,
    /// `|v|`.
    pub input_values: f64,
    /// `b A`, row after row.
    pub product: Vec<Vec<f64>>,
    /// `A`, row after row.
    pub inputs: Vec<Vec<f64>>,
    /// The mean loss on the way.
    pub history: Vec<LossPoint>,
}

/// The mean loss over a part of the steps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LossPoint {
    /// Last step of the part.
    pub step: u64,
    /// Mean loss.
    pub loss: f64,
    /// Its standard error.
    pub standard_error: f64,
}
