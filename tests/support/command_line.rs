//! Running the program in tests: a line of arguments, and what is expected of it.

use std::process::Output;

use assert_cmd::cargo::cargo_bin_cmd;

/// Runs the program with these arguments, separated by blanks.
pub fn run(arguments: &str) -> Output {
    cargo_bin_cmd!("attention-bounds")
        .args(arguments.split_whitespace())
        .output()
        .unwrap()
}

/// Standard output of a run that must succeed.
pub fn stdout(arguments: &str) -> String {
    let output = run(arguments);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{arguments}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

/// Exit code 2, nothing on standard output, one line on standard error that holds these parts.
pub fn refused(arguments: &str, parts: &[&str]) {
    let output = run(arguments);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments}: {error}");
    assert!(output.stdout.is_empty(), "{arguments} printed a result");
    assert_eq!(error.matches('\n').count(), 1, "{error:?}");
    for part in parts {
        assert!(error.contains(part), "{part:?} is not in {error:?}");
    }
}
