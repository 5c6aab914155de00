//! The state of an experiment, and the file that holds it.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::descent::{RunState, STEP_BLOCK, WINDOWS};
use super::settings::Settings;
use crate::error::{Error, Result};
use crate::file::{read_text, replace};

/// Schema of the file; another schema is refused.
const SCHEMA: &str = "attention-bounds/experiment/1";
/// Largest file that is read (1 GiB).
const MAX_BYTES: u64 = 1 << 30;

/// Settings and all runs, one for each head and length.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    schema: String,
    /// The settings.
    pub settings: Settings,
    /// The runs: heads in the order of the settings, lengths within a head.
    pub runs: Vec<RunState>,
}

impl State {
    /// The state before the first step.
    ///
    /// # Errors
    /// As [`Settings::check`].
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::regression::training::{Settings, State};
    ///
    /// // Two heads, 19 lengths.
    /// assert_eq!(State::start(&Settings::paper())?.runs.len(), 38);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn start(settings: &Settings) -> Result<Self> {
        settings.check()?;
        let runs = settings.heads.iter().flat_map(|head| {
            let lengths = settings.lengths.iter();
            lengths.map(|length| RunState::start(settings, *head, *length))
        });
        Ok(Self {
            schema: SCHEMA.into(),
            runs: runs.collect(),
            settings: settings.clone(),
        })
    }

    /// Blocks of steps that are not done yet; the evaluation of a run counts as one.
    pub fn open_blocks(&self) -> u64 {
        let open = |run: &RunState| {
            let steps = self.settings.steps.saturating_sub(run.steps);
            steps.div_ceil(STEP_BLOCK) + u64::from(run.evaluation.is_none())
        };
        self.runs.iter().map(open).sum()
    }

    /// Is everything trained and evaluated?
    pub fn is_finished(&self) -> bool {
        self.open_blocks() == 0
    }

    /// The JSON of this state; floats read back to the same bits.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if it cannot be written, which no run can cause.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| Error::Unavailable {
            what: "the JSON of an experiment",
            why: error.to_string(),
        })
    }

    /// Reads what [`Self::write`] wrote, and checks that it is a state of an experiment with these settings.
    ///
    /// # Errors
    /// [`Error::File`] if it cannot be read, is not such a state, or is of other settings.
    pub fn read(path: &Path, settings: &Settings) -> Result<Self> {
        let refuse = |reason: String| Error::File {
            path: path.to_path_buf(),
            reason,
        };
        let text = read_text(path, MAX_BYTES)?;
        let state: Self = serde_json::from_str(&text)
            .map_err(|error| refuse(format!("is not the state of an experiment: {error}")))?;
        if state.schema != SCHEMA {
            return Err(refuse(format!(
                "has schema {:?}; {SCHEMA:?} is read",
                state.schema
            )));
        }
        if state.settings != *settings {
            return Err(refuse(
                "cannot be continued: it is of an experiment with other settings".into(),
            ));
        }
        state.check().map_err(|error| refuse(error.to_string()))?;
        Ok(state)
    }

    /// Do the runs belong to the settings, and does each of them make sense?
    pub(super) fn check(&self) -> Result<()> {
        let wrong = |why: String| Error::Unavailable {
            what: "the state of an experiment",
            why,
        };
        let start = Self::start(&self.settings)?;
        if start.runs.len() != self.runs.len() {
            return Err(wrong(format!("it has {} runs", self.runs.len())));
        }
        let settings = &self.settings;
        for (run, start) in self.runs.iter().zip(&start.runs) {
            let name = format!("{} at L = {}", run.head.name(), run.length);
            if (run.head, run.length) != (start.head, start.length) {
                return Err(wrong(format!("it has a run of {name} out of its place")));
            }
            let finished = run.steps == settings.steps;
            if !(finished || run.steps < settings.steps && run.steps.is_multiple_of(STEP_BLOCK)) {
                return Err(wrong(format!("{name} has done {} steps", run.steps)));
            }
            run.weights.check(settings.dimension + 1)?;
            let prompts: u64 = run.history.iter().map(|part| part.prompts).sum();
            if run.history.len() as u64 > WINDOWS
                || Some(prompts) != run.steps.checked_mul(settings.batch)
            {
                return Err(wrong(format!("the history of {name} is of other steps")));
            }
            if let Some(evaluation) = &run.evaluation
                && !(finished && evaluation.prompts == settings.evaluation)
            {
                return Err(wrong(format!("{name} is evaluated too early")));
            }
        }
        Ok(())
    }

    /// Writes the JSON to `path`: to a temporary file beside it, then renamed, so that an interruption at any
    /// moment leaves either the old file or the new one.
    ///
    /// # Errors
    /// [`Error::File`] if a file cannot be written or renamed.
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = self.to_json()?;
        replace(path, &text)
    }
}
