//! What a [`Study`] refuses before anything is computed.

use super::setting::Study;
use crate::claim::check_length;
use crate::error::{Error, Result};

impl Study {
    /// What is refused before anything is computed.
    pub(super) fn check_request(&self, simulated: bool) -> Result<()> {
        if self.lengths.is_empty() {
            return Err(Error::Unavailable {
                what: "the table",
                why: "no prompt length is given".into(),
            });
        }
        if !simulated && (self.options.operator_norm || !self.options.quantiles.is_empty()) {
            return Err(Error::Unavailable {
                what: "the table",
                why: "operator norms and quantiles come from a simulation only".into(),
            });
        }
        if self.options.gradients {
            self.without_cache()?;
        }
        if self.negative_control {
            let why = "and T5, of which the control is a half, does not apply to it";
            self.without_fixed("the negative control", why)?;
        }
        if self.printed.is_some() {
            for length in &self.lengths {
                check_length(length.get())?;
            }
        }
        Ok(())
    }

    /// Refuses what is not known of prompts with fixed tokens.
    pub(super) fn without_fixed(&self, what: &'static str, why: &str) -> Result<()> {
        match self.fixed {
            None => Ok(()),
            Some(_) => Err(Error::Unavailable {
                what,
                why: format!("the prompt holds fixed tokens, {why}"),
            }),
        }
    }
}
