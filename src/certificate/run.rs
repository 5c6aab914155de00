//! Checking certificates with Coq.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use super::library::FILES;
use crate::error::{Error, Result};

/// What Coq proved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Proved {
    /// Time for the certificates.
    pub certificates: Duration,
    /// Time for the library that they use.
    pub library: Duration,
}

/// Compiles the library and a certificate file in `folder` with `coqc`.
///
/// # Errors
/// [`Error::Unavailable`] if `coqc` cannot be started, the library does not compile, or a lemma is not proved; the
/// message has what Coq printed first.
pub fn run(folder: &Path, certificates: &str) -> Result<Proved> {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        let written = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        written
            .and_then(|()| std::fs::write(&path, text))
            .map_err(|error| Error::File {
                path,
                reason: format!("cannot be written: {error}"),
            })
    };
    let begun = Instant::now();
    for (name, text) in FILES {
        write(name, text)?;
        compile(folder, name)?;
    }
    let library = begun.elapsed();
    write("certificates.v", certificates)?;
    let begun = Instant::now();
    compile(folder, "certificates.v")?;
    Ok(Proved {
        certificates: begun.elapsed(),
        library,
    })
}

/// Finds out, before anything else is done, whether `coqc` can be started.
///
/// # Errors
/// [`Error::Unavailable`] if it cannot.
pub fn find_coq() -> Result<()> {
    start(Command::new("coqc").arg("--version")).map(|_| ())
}

fn unavailable(why: String) -> Error {
    Error::Unavailable {
        what: "the proof",
        why,
    }
}

fn start(command: &mut Command) -> Result<Output> {
    command.output().map_err(|error| {
        unavailable(format!(
            "coqc cannot be started ({error}); install Coq with coq-interval (Debian: coq, libcoq-interval)"
        ))
    })
}

fn compile(folder: &Path, name: &str) -> Result<()> {
    let output = start(
        Command::new("coqc")
            .args(["-q", "-w", "-all", "-Q", ".", "AttentionBounds", name])
            .current_dir(folder),
    )?;
    if output.status.success() {
        return Ok(());
    }
    let printed = String::from_utf8_lossy(&output.stderr);
    let first: Vec<&str> = printed.lines().take(6).collect();
    Err(unavailable(format!(
        "coqc refuses {name}: {}",
        first.join(" ")
    )))
}
