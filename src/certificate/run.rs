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
/// [`Error::Unavailable`] if `coqc` cannot be started, the library does not compile, or the proof of a lemma is not found; the
/// message says which one, and has what Coq printed first. That a proof is not found does not show that the lemma is false: Coq's
/// interval arithmetic may be too wide.
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
        coqc(folder, name)?.map_err(|printed| Error::Unavailable {
            what: "the library of the certificates",
            why: format!("coqc refuses {name}: {}", first_lines(&printed)),
        })?;
    }
    let library = begun.elapsed();
    write("certificates.v", certificates)?;
    let begun = Instant::now();
    if let Err(printed) = coqc(folder, "certificates.v")? {
        return Err(unavailable(format!(
            "Coq did not find it for {}",
            refusal(certificates, &printed)
        )));
    }
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

/// Which lemma was not proved, and how that is to be read, from what Coq printed.
fn refusal(certificates: &str, printed: &str) -> String {
    let after = printed.split_once("certificates.v\", line ");
    let line = after.and_then(|(_, rest)| {
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse::<usize>().ok()
    });
    // The comment above a lemma says what it is about.
    let about = line.and_then(|line| {
        let above = certificates.lines().take(line).collect::<Vec<_>>();
        let comment = above
            .into_iter()
            .rev()
            .find(|text| text.starts_with("(* "))?;
        Some(comment.trim_matches(['(', '*', ')', ' ']).to_owned())
    });
    format!(
        "{}; this does not show that the bound is false, only that interval arithmetic inside Coq does not prove it. \
         Coq printed: {}",
        about.unwrap_or_else(|| "one of the lemmas".to_owned()),
        first_lines(printed)
    )
}

fn first_lines(printed: &str) -> String {
    let lines: Vec<&str> = printed.lines().take(4).collect();
    lines.join(" ").chars().take(400).collect()
}

/// Runs `coqc` on a file; `Err` with what it printed if it refuses.
fn coqc(folder: &Path, name: &str) -> Result<std::result::Result<(), String>> {
    let output = start(
        Command::new("coqc")
            .args(["-q", "-w", "-all", "-Q", ".", "AttentionBounds", name])
            .current_dir(folder),
    )?;
    Ok(if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_theorem_and_does_not_call_it_false() {
        let file = "(* heading *)\n\n(* T4 of query 0: at most 1 *)\nLemma a : 1 <= 1.\nProof. lra. Qed.\n\n\
                    (* T6 of query 0: at most 2 *)\nLemma b :\n  2 <= 1.\nProof. certify. Qed.\n";
        let printed =
            "File \"./certificates.v\", line 10, characters 16-20:\nError: In environment";
        let found = refusal(file, printed);
        assert!(
            found.starts_with("T6 of query 0: at most 2; this does not show"),
            "{found}"
        );
        assert!(refusal(file, "nothing known").starts_with("one of the lemmas;"));
    }
}
