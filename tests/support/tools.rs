//! What a machine may lack: a test that needs it says so, and `./test` names it at the end.

use std::path::Path;
use std::process::Command;

/// Is Coq there, with the libraries of proofs/README.md? `check` is what cannot be run without it.
pub fn coq(check: &str) -> bool {
    let libraries = || -> Option<bool> {
        let output = Command::new("coqc").arg("-where").output().ok()?;
        let folder = String::from_utf8(output.stdout).ok()?;
        let contributed = Path::new(folder.trim()).join("user-contrib");
        let names = ["mathcomp/analysis", "Coquelicot", "Interval"];
        Some(names.iter().all(|name| contributed.join(name).is_dir()))
    };
    there("Coq", libraries().unwrap_or(false), check)
}

/// Is there a program that answers `--version`? `check` is what cannot be run without it.
pub fn program(name: &str, check: &str) -> bool {
    let answers = Command::new(name).arg("--version").output().is_ok();
    there(name, answers, check)
}

/// A line in target/not-run, which `./test` empties first and prints last. `./test --all` installs what is
/// missing and sets `ATTENTION_BOUNDS_REQUIRE_TOOLS`: then it is a failure.
fn there(tool: &str, there: bool, check: &str) -> bool {
    if !there {
        assert!(
            std::env::var_os("ATTENTION_BOUNDS_REQUIRE_TOOLS").is_none(),
            "{tool} is not installed: {check}"
        );
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("not-run");
        std::fs::create_dir_all(&folder).expect("a folder for what was not run");
        let line = format!("{check} ({tool} is not installed)\n");
        std::fs::write(folder.join(tool), line).expect("a line for what was not run");
    }
    there
}
