//! Gradient descent on fresh prompts, in blocks of steps.

use pulp::{Arch, Simd, WithSimd};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};

use super::conditional::ConditionalLoss;
use super::prompt::Prompt;
use super::prompt_law::PromptLaw;
use super::response::Response;
use super::settings::{HeadKind, Settings};
use super::stream::{Purpose, stream};
use super::weights::{BatchSums, Circuit, Weights};
use crate::error::{Error, Result};
use crate::monte_carlo::Route;

/// Steps in a block: each block has its own random stream, and a run stops only between blocks.
pub const STEP_BLOCK: u64 = 100;
/// Parts of a run for which the mean loss is kept.
pub const WINDOWS: u64 = 20;

/// Sums of the loss `(f - y)^2 / 2` over prompts.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct LossSums {
    /// Number of the last step of these.
    pub step: u64,
    /// Number of prompts.
    pub prompts: u64,
    /// Sum of the losses.
    pub sum: f64,
    /// Sum of their squares.
    pub squares: f64,
}

impl LossSums {
    pub(super) fn add(&mut self, sums: &BatchSums) {
        self.prompts += sums.prompts();
        self.sum += sums.loss();
        self.squares += sums.squares();
    }

    /// Mean loss.
    pub fn mean(&self) -> f64 {
        self.sum / self.prompts as f64
    }

    /// Standard error of the mean.
    ///
    /// The loss has a coefficient of variation of order one, so the difference of squares loses no digits that
    /// matter.
    pub fn standard_error(&self) -> f64 {
        let count = self.prompts as f64;
        let variance = (self.squares - self.sum * self.mean()) / (count - 1.0);
        (variance.max(0.0) / count).sqrt()
    }
}

/// Where a run has come to: all that is needed to continue it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunState {
    /// The kind of head.
    pub head: HeadKind,
    /// Prompt length `L`.
    pub length: u64,
    /// Steps that are done.
    pub steps: u64,
    /// The weights after them.
    pub weights: Weights,
    /// The loss on the way, in [`WINDOWS`] parts of the run: on fresh prompts, so it estimates the risk.
    pub history: Vec<LossSums>,
    /// The loss of the final weights on prompts of their own.
    pub evaluation: Option<LossSums>,
}

impl RunState {
    /// The state before the first step.
    pub fn start(settings: &Settings, head: HeadKind, length: u64) -> Self {
        let mut random = stream(settings.seed, head, length, Purpose::Start);
        Self {
            head,
            length,
            steps: 0,
            weights: Weights::random(settings.dimension + 1, &mut random),
            history: Vec::new(),
            evaluation: None,
        }
    }
}

/// How loss and gradient of a prompt are found.
#[derive(Debug)]
enum Pass {
    /// From its tokens.
    Plain(Response),
    /// In expectation over its tokens, which are not drawn.
    RaoBlackwell(ConditionalLoss),
}

/// Steps of one run; all memory is allocated once.
#[derive(Debug)]
pub struct Trainer<'a> {
    settings: &'a Settings,
    vector_unit: Arch,
    prompt: Prompt,
    pass: Pass,
    circuit: Circuit,
    direction: Vec<f64>,
    sums: BatchSums,
    gradient: Weights,
}

impl<'a> Trainer<'a> {
    /// Memory for runs of this head and length, by the route of the settings.
    ///
    /// # Errors
    /// As [`Settings::check`].
    pub fn new(settings: &'a Settings, head: HeadKind, length: u64) -> Result<Self> {
        let law = PromptLaw::new(settings)?;
        let size = law.size();
        let (tokens, pass) = match settings.route {
            Route::Plain => {
                let tokens = length as usize;
                (tokens, Pass::Plain(Response::new(head, size, tokens)))
            }
            Route::RaoBlackwell => {
                let loss = ConditionalLoss::new(head, size, length)?;
                (0, Pass::RaoBlackwell(loss))
            }
        };
        Ok(Self {
            settings,
            vector_unit: Arch::new(),
            prompt: Prompt::new(law, tokens),
            pass,
            circuit: Circuit::zeros(size),
            direction: vec![0.0; size],
            sums: BatchSums::new(size),
            gradient: Weights::zeros(size),
        })
    }

    /// Loss and gradient sums of `prompts` fresh prompts.
    pub fn batch(
        &mut self,
        weights: &Weights,
        prompts: u64,
        random: &mut Xoshiro256PlusPlus,
    ) -> &BatchSums {
        self.circuit.set(weights);
        self.sums.clear();
        self.vector_unit.dispatch(Batch {
            trainer: self,
            prompts,
            random,
        });
        &self.sums
    }

    /// The next block of steps.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the weights do not stay finite.
    pub fn block(&mut self, state: &mut RunState) -> Result<()> {
        let block = state.steps / STEP_BLOCK;
        let blocks = self.settings.steps.div_ceil(STEP_BLOCK);
        let purpose = Purpose::Steps(block);
        let mut random = stream(self.settings.seed, state.head, state.length, purpose);
        let steps = STEP_BLOCK.min(self.settings.steps - state.steps);
        let window = (block * WINDOWS.min(blocks) / blocks) as usize;
        if state.history.len() <= window {
            state.history.resize(window + 1, LossSums::default());
        }
        for _ in 0..steps {
            self.batch(&state.weights, self.settings.batch, &mut random);
            self.sums.gradient(&state.weights, &mut self.gradient);
            state
                .weights
                .descend(self.settings.step_size, &self.gradient);
            state.steps += 1;
            if let Some(part) = state.history.last_mut() {
                part.add(&self.sums);
                part.step = state.steps;
            }
        }
        if !state.weights.is_finite() {
            return Err(Error::Unavailable {
                what: "the trained head",
                why: format!(
                    "the weights of the {} head at L = {} are not finite after {} steps; --step-size {} is too large",
                    state.head.name(),
                    state.length,
                    state.steps,
                    self.settings.step_size
                ),
            });
        }
        Ok(())
    }
}

/// The prompts of a batch, compiled for each kind of vector unit that the processor may have.
struct Batch<'a, 'b> {
    trainer: &'a mut Trainer<'b>,
    prompts: u64,
    random: &'a mut Xoshiro256PlusPlus,
}

impl WithSimd for Batch<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Trainer {
            prompt,
            pass,
            circuit,
            direction,
            sums,
            ..
        } = self.trainer;
        match pass {
            Pass::Plain(response) => {
                for _ in 0..self.prompts {
                    prompt.draw(self.random);
                    circuit.direction(prompt.query(), direction);
                    response.evaluate(prompt, direction, &circuit.values);
                    sums.add(response, prompt.query(), prompt.target());
                }
            }
            Pass::RaoBlackwell(loss) => {
                for _ in 0..self.prompts {
                    prompt.draw(self.random);
                    circuit.direction(prompt.query(), direction);
                    loss.evaluate(prompt, direction, &circuit.values);
                    sums.add_conditional(loss, prompt.query());
                }
            }
        }
    }
}
