//! What a trained head does: its risk on fresh prompts, and how far its matrices are from linear attention.

use nalgebra::{DMatrix, DVector};

use super::descent::{LossSums, RunState, Trainer};
use super::prompt_law::PromptLaw;
use super::settings::Settings;
use super::stream::{Purpose, stream};
use super::weights::{Circuit, Weights};
use crate::error::Result;
use crate::monte_carlo::Route;

/// Prompts in a block of an evaluation; each block has its own random stream.
const EVALUATION_BLOCK: u64 = 1024;

/// The risk of the weights of a run, averaged over tokens and noise exactly: by the Rao-Blackwellised route, whatever the route of the
/// training, on `settings.evaluation` task vectors and queries of their own.
///
/// An independent value beside the evaluation of a run on the plain route, with a smaller standard error. NaN if softmax scores have a variance above
/// 40,000.
///
/// # Errors
/// As [`Trainer::new`].
pub fn conditional_risk(settings: &Settings, state: &RunState) -> Result<LossSums> {
    let settings = Settings {
        route: Route::RaoBlackwell,
        ..settings.clone()
    };
    let mut trainer = Trainer::new(&settings, state.head, state.length)?;
    let sums = evaluate(&settings, state, &mut trainer, Purpose::Average, &|| false);
    Ok(sums.unwrap_or_default())
}

/// The loss of the weights of a run on `settings.evaluation` prompts of their own; `None` if stopped before the end.
pub(super) fn evaluate(
    settings: &Settings,
    state: &RunState,
    trainer: &mut Trainer<'_>,
    purpose: fn(u64) -> Purpose,
    stopped: &dyn Fn() -> bool,
) -> Option<LossSums> {
    let mut sums = LossSums {
        step: state.steps,
        ..LossSums::default()
    };
    for block in 0..settings.evaluation.div_ceil(EVALUATION_BLOCK) {
        if stopped() {
            return None;
        }
        let purpose = purpose(block);
        let mut random = stream(settings.seed, state.head, state.length, purpose);
        let prompts = EVALUATION_BLOCK.min(settings.evaluation - block * EVALUATION_BLOCK);
        sums.add(trainer.batch(&state.weights, prompts, &mut random));
    }
    Some(sums)
}

/// The blocks of a head that matter, and those that should vanish.
///
/// With `B = K^T Q / sqrt(d+1)` and `u` the last row of `O V`, the score of a token `(x, y)` for a query `q` is
/// `<A q, x> + <a, q> y` and its value `<v, x> + b y`. In the infinite-prompt limit a head with `a = 0`, `v = 0`
/// predicts `b <A q, Sig w>`, for the softmax as for the linear head, so `b A = Sig^{-1}` is optimal. The pairs
/// `(c A, b / c)` all predict the same; the balanced one has `b = tr(Sig^{-2})^{1/4}`.
///
/// With `a` and `v` not zero the part of the limiting prediction that is linear in `w` is
/// `<(b A + v a^T) q, Sig w>`: `v a^T` can stand in for `b A`, but only with rank one, and it brings noise. Training can stay
/// there for long.
#[derive(Debug, Clone, PartialEq)]
pub struct Blocks {
    /// `A`, the first `d` rows and columns of `B`.
    pub inputs: DMatrix<f64>,
    /// `b`, the last entry of `u`.
    pub label: f64,
    /// `b A`.
    pub product: DMatrix<f64>,
    /// `|b A - Sig^{-1}|_F`.
    pub distance: f64,
    /// `b A + v a^T`.
    pub linear_part: DMatrix<f64>,
    /// `|b A + v a^T - Sig^{-1}|_F`.
    pub linear_distance: f64,
    /// `|a|`: how much the scores depend on labels.
    pub label_scores: f64,
    /// `|v|`: how much the values depend on inputs.
    pub input_values: f64,
}

impl Blocks {
    /// The blocks of these weights.
    ///
    /// # Errors
    /// As [`Settings::check`], and [`Error::Shape`](crate::error::Error::Shape) if the weights are of another size.
    pub fn new(settings: &Settings, weights: &Weights) -> Result<Self> {
        let law = PromptLaw::new(settings)?;
        weights.check(law.size())?;
        let d = law.dimension();
        let circuit = Circuit::of(weights);
        let scores = circuit.scores.to_matrix();
        let inputs = scores.view((0, 0), (d, d)).into_owned();
        let label = circuit.values.last().copied().unwrap_or_default();
        let product = &inputs * label;
        let label_scores = scores.view((d, 0), (1, d));
        let input_values = DVector::from_iterator(d, circuit.values.iter().copied().take(d));
        let linear_part = &product + &input_values * label_scores;
        let precision = law.precision();
        Ok(Self {
            distance: (&product - &precision).norm(),
            linear_distance: (&linear_part - &precision).norm(),
            label_scores: label_scores.norm(),
            input_values: input_values.norm(),
            linear_part,
            inputs,
            label,
            product,
        })
    }

    /// `tr(Sig^{-2})^{1/4}`, the `b` of the balanced solution.
    ///
    /// # Errors
    /// As [`Settings::check`].
    pub fn balanced_label(settings: &Settings) -> Result<f64> {
        Ok(PromptLaw::new(settings)?.precision().norm().sqrt())
    }
}

/// The risk of always predicting 0: `E y^2 / 2 = (v d + noise variance) / 2`, as `tr Sig = d`.
pub fn zero_risk(settings: &Settings) -> f64 {
    0.5 * (settings.task_variance * settings.dimension as f64 + settings.noise_variance)
}

/// The risk of whoever knows `w`: half the variance of the noise. No head is below.
pub fn least_risk(settings: &Settings) -> f64 {
    0.5 * settings.noise_variance
}
