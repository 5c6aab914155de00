//! The library as another crate sees it: a crate outside of this one, with its own manifest, builds and runs.

use std::path::Path;
use std::process::Command;

use crate::page::{blocks, read, root};

/// Features of this library that the programs need, beside none of the default ones.
const FEATURES: &str = "[]";

/// What the programs depend on beside this library, as lines of a manifest.
const OTHER_DEPENDENCIES: &str = "";

/// Writes a crate with these programs, `(name, source)`, in `folder`.
fn write_crate(folder: &Path, programs: &[(&str, String)]) {
    let manifest = format!(
        "[package]\nname = \"another-crate\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\
         [dependencies]\nattention-bounds = {{ path = '{}', default-features = false, features = {FEATURES} }}\n\
         {OTHER_DEPENDENCIES}\
         [profile.dev]\ndebug = false\nincremental = false\n\
         [workspace]\n",
        root().display()
    );
    let sources = folder.join("src/bin");
    // Nothing of an earlier run.
    let _ = std::fs::remove_dir_all(folder.join("src"));
    std::fs::create_dir_all(&sources).expect("a folder");
    std::fs::write(folder.join("Cargo.toml"), manifest).expect("a manifest");
    // The versions that this crate is tested with, which are on this machine.
    std::fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock")).expect("a lock file");
    for (name, source) in programs {
        std::fs::write(sources.join(name).with_extension("rs"), source).expect("a source file");
    }
}

/// Builds the crate and runs each of its programs.
fn build_and_run(folder: &Path, programs: &[(&str, String)]) {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    for (name, _) in programs {
        let output = Command::new(&cargo)
            .args(["run", "--offline", "--quiet", "--bin", name])
            .current_dir(folder)
            .env("CARGO_TARGET_DIR", folder.join("target"))
            .output()
            .expect("cargo");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {error}");
    }
}

/// The library example of README.md.
fn readme_example() -> String {
    let blocks = blocks(&read("README.md"));
    let mut rust = blocks
        .into_iter()
        .filter(|(language, _)| language == "rust");
    let (_, example) = rust.next().expect("README.md has a rust block");
    assert!(example.contains("fn main"), "{example}");
    example
}

#[test]
#[ignore = "long: run by ./test --all"]
fn another_crate_builds_and_runs() {
    let programs = [
        ("readme", readme_example()),
        ("custom_law", read("examples/custom_law.rs")),
    ];
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("another-crate");
    write_crate(&folder, &programs);
    build_and_run(&folder, &programs);
}
