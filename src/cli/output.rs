//! Printing results, and how a command ends.

use std::io::{ErrorKind, Write};
use std::path::Path;

use crate::error::{Error, Result};

/// How a command that did its work ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Everything agrees: exit code 0.
    Success,
    /// A check found a violation: exit code 1.
    Violation,
    /// Stopped from outside, what is done is kept: exit code 130, and this message on standard error.
    Stopped(String),
}

/// Prints a result to standard output, or writes it to a file.
///
/// A reader that goes away (`| head`) is no error.
pub fn print(text: &str, file: Option<&Path>) -> Result<()> {
    match file {
        Some(path) => std::fs::write(path, text).map_err(|error| Error::File {
            path: path.to_path_buf(),
            reason: format!("cannot be written: {error}"),
        }),
        None => {
            let mut output = std::io::stdout().lock();
            match output
                .write_all(text.as_bytes())
                .and_then(|()| output.flush())
            {
                Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Error::File {
                    path: "standard output".into(),
                    reason: format!("cannot be written: {error}"),
                }),
                _ => Ok(()),
            }
        }
    }
}

/// A message in one line, as standard error shows it.
pub fn message_line(message: &str) -> String {
    format!("attention-bounds: {message}\n")
}

/// An error in one line, as standard error shows it.
pub fn error_line(message: &str) -> String {
    let words: Vec<&str> = message.split_whitespace().collect();
    format!("attention-bounds: error: {}\n", words.join(" "))
}
