//! The one error type of the crate: what was given, what is required, and which theorem requires it.

use std::path::PathBuf;

use crate::text::{plain, shortened};

/// Everything that can go wrong between an input and a result.
///
/// Every variant names the offending value and what would have been accepted, so that the one line it
/// prints is enough to mend the input. What comes from the input is printed with control characters written out
/// ([`visible`](crate::text::visible)) and, where it is long, cut in its middle.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A parameter lies outside its admissible set.
    #[error("{parameter} = {} is not accepted: it must be {required}{}", plain(.value), needed_by(.theorem))]
    Parameter {
        /// Name of the parameter, as the theory writes it.
        parameter: &'static str,
        /// The value that was given.
        value: String,
        /// The admissible set, in words.
        required: &'static str,
        /// Identifier of the theorem that needs it, where it is a theorem's hypothesis.
        theorem: Option<&'static str>,
    },
    /// Two shapes do not fit.
    #[error("{} has shape {}, but {} is required", plain(.what), plain(.found), plain(.required))]
    Shape {
        /// The object with the wrong shape.
        what: String,
        /// Its shape.
        found: String,
        /// The shape that fits.
        required: String,
    },
    /// A file cannot be used.
    #[error("{}: {}", shortened(&.path.to_string_lossy()), plain(.reason))]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it and what is accepted.
        reason: String,
    },
    /// A key of a scenario has a value that is not accepted.
    #[error("{}: {} = {} is not accepted: {}", shortened(.source_name), shortened(.key), plain(.value), plain(.accepted))]
    Scenario {
        /// The scenario file, or `command line`.
        source_name: String,
        /// Dotted path of the key.
        key: String,
        /// The value found there.
        value: String,
        /// What is accepted instead.
        accepted: String,
    },
    /// A quantity is not available for this law or head; the reason says why.
    #[error("{what} is not available: {}", plain(.why))]
    Unavailable {
        /// The quantity.
        what: &'static str,
        /// Why it is not available, and what is.
        why: String,
    },
    /// A run was stopped from outside before its end.
    #[error("stopped: {done} of {} blocks are done{}", .done + .open, kept_in(.kept))]
    Stopped {
        /// Blocks that are done.
        done: u64,
        /// Blocks that are not.
        open: u64,
        /// The file that keeps what is done, if there is one.
        kept: Option<PathBuf>,
    },
    /// A numerical method did not reach the accuracy asked of it.
    #[error("{what}: {}, {wanted:e} is required", reached_error(.reached))]
    Accuracy {
        /// The computation.
        what: &'static str,
        /// The estimated relative error.
        reached: f64,
        /// The relative error that was asked for.
        wanted: f64,
    },
}

fn reached_error(reached: &f64) -> String {
    if reached.is_finite() {
        format!("relative error {reached:e} was reached")
    } else {
        "no relative error could be reached".to_owned()
    }
}

fn needed_by(theorem: &Option<&'static str>) -> String {
    theorem.map_or_else(String::new, |id| format!(" (needed by {id})"))
}

fn kept_in(file: &Option<PathBuf>) -> String {
    file.as_ref().map_or_else(String::new, |path| {
        format!(
            " and kept in {}; the same command continues",
            path.display()
        )
    })
}

/// Result of any fallible operation of this crate.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A shape error; `found` and `required` are printed as they are.
    pub fn shape(
        what: impl Into<String>,
        found: impl ToString,
        required: impl Into<String>,
    ) -> Self {
        Error::Shape {
            what: what.into(),
            found: found.to_string(),
            required: required.into(),
        }
    }
}
