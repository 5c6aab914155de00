//! Printing results, where they go, and how a command ends.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::Path;

use crate::error::{Error, Result};
use crate::text;

/// How a command that did its work ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Everything agrees: exit code 0.
    Success,
    /// A check found a violation: exit code 1.
    Violation,
    /// Stopped by Ctrl-C, what was done until then printed: exit code 130.
    Stopped {
        /// Heads that are done.
        done: usize,
        /// Heads in all.
        of: usize,
    },
}

/// A file that a command is going to write.
#[derive(Debug, Clone, Copy)]
pub enum Destination<'a> {
    /// A result, written in place.
    Result(&'a Path),
    /// A picture, which is written as SVG.
    Picture(&'a Path),
    /// The state of a run, which is read first if it is there, and replaced as a whole.
    State(&'a Path),
}

impl<'a> Destination<'a> {
    fn path(self) -> &'a Path {
        match self {
            Self::Result(path) | Self::Picture(path) | Self::State(path) => path,
        }
    }

    fn check(self) -> Result<()> {
        let path = self.path();
        let cannot = |error| Err(unwritten(path, error));
        let refuse = |reason: &str| {
            Err(Error::File {
                path: path.to_path_buf(),
                reason: reason.into(),
            })
        };
        let is_svg = |e: &std::ffi::OsStr| e.eq_ignore_ascii_case("svg");
        if matches!(self, Self::Picture(_)) && !path.extension().is_some_and(is_svg) {
            return refuse("a picture is written as SVG, so its name must end in .svg");
        }
        let found = std::fs::metadata(path);
        if found.as_ref().is_ok_and(|data| data.is_dir()) || path.to_string_lossy().ends_with('/') {
            return refuse("is a folder; the name of a file is required");
        }
        match (self, found) {
            (Self::State(_), Ok(data)) if !data.is_file() => refuse("is not a regular file"),
            // It is replaced by a file that is made beside it.
            (Self::State(_), _) => {
                let folder = path.parent().filter(|f| !f.as_os_str().is_empty());
                let beside = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")));
                beside.map_or_else(cannot, |_| Ok(()))
            }
            (_, Ok(data)) if data.is_file() => {
                let opened = File::options().append(true).open(path);
                opened.map_or_else(cannot, |_| Ok(()))
            }
            // A terminal or a pipe, such as /dev/stdout.
            (_, Ok(_)) => Ok(()),
            (_, Err(_)) => File::create_new(path)
                .and_then(|_| std::fs::remove_file(path))
                .or_else(cannot),
        }
    }
}

/// Refuses, before anything is computed, what could not be written afterwards.
///
/// # Errors
/// [`Error::File`] for a folder that is missing or read-only, a name that is a folder, a picture that is not named `.svg`, and a
/// file that would be written twice.
pub fn check_destinations(files: &[Option<Destination<'_>>]) -> Result<()> {
    let files: Vec<Destination> = files.iter().flatten().copied().collect();
    for (index, file) in files.iter().enumerate() {
        file.check()?;
        let mut before = files.iter().take(index);
        if before.any(|one| one.path() == file.path()) {
            return Err(Error::File {
                path: file.path().to_path_buf(),
                reason: "is named for two different results".into(),
            });
        }
    }
    Ok(())
}

/// Prints a result to standard output, or writes it to a file.
///
/// A reader that goes away (`| head`) is no error.
pub fn print(text: &str, file: Option<&Path>) -> Result<()> {
    let text = text::visible_lines(text);
    match file {
        Some(path) => std::fs::write(path, &text).map_err(|error| unwritten(path, error)),
        None => {
            let mut output = std::io::stdout().lock();
            match output
                .write_all(text.as_bytes())
                .and_then(|()| output.flush())
            {
                Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                    Err(unwritten("standard output".as_ref(), error))
                }
                _ => Ok(()),
            }
        }
    }
}

fn unwritten(path: &Path, error: std::io::Error) -> Error {
    Error::File {
        path: path.to_path_buf(),
        reason: format!("cannot be written: {error}"),
    }
}

/// A message in one line on standard error, whatever is in it. All that standard error shows but a progress bar is
/// written here.
pub fn complain(message: &str) {
    let line = format!("attention-bounds: {}\n", text::one_line(message));
    // If standard error cannot be written there is nowhere left to say so.
    let _ = std::io::stderr().write_all(line.as_bytes());
}
