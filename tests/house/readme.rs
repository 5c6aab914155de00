//! README.md: every command of its console blocks runs, in order, and prints what the page shows.

use std::collections::BTreeSet;
use std::process::Command;

use crate::page::{blocks, read, root};

/// What a user types in a checkout; the program of this build stands in for it.
const PROGRAM: &str = "cargo run --release --";

/// The commands of each console block, with the lines of the text block that follows it.
fn examples(text: &str) -> Vec<(Vec<String>, Vec<String>)> {
    let blocks = blocks(text);
    let mut examples = Vec::new();
    for (place, (language, block)) in blocks.iter().enumerate() {
        if language != "console" {
            continue;
        }
        let commands = block.lines().filter_map(|line| line.strip_prefix("$ "));
        // This test is a part of `./test`.
        let commands = commands.filter(|command| !command.starts_with("./test"));
        let shown = match blocks.get(place + 1) {
            Some((language, block)) if language == "text" => block.as_str(),
            _ => "",
        };
        examples.push((
            commands.map(|c| c.trim().to_owned()).collect(),
            shown.lines().map(|l| l.trim_end().to_owned()).collect(),
        ));
    }
    examples
}

/// Standard output of a command that must succeed and answer.
fn answer(command: &str) -> String {
    let arguments = command
        .strip_prefix(PROGRAM)
        .unwrap_or_else(|| panic!("`{command}` does not begin with `{PROGRAM}`"));
    // The shell takes the quotes away, as a user's does.
    let line = format!("\"$PROGRAM\" {arguments}");
    let output = Command::new("sh")
        .args(["-c", &line])
        .env("PROGRAM", env!("CARGO_BIN_EXE_attention-bounds"))
        .current_dir(root())
        .output()
        .expect("a shell");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "`{command}`: {error}");
    let printed = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(!printed.trim().is_empty(), "`{command}` prints nothing");
    printed
}

#[test]
fn every_command_runs_and_prints_what_the_page_shows() {
    // Where a user's build leaves what the commands of the page write.
    std::fs::create_dir_all(root().join("target")).expect("a folder");
    let mut ran = 0;
    let mut compared = 0;
    for (commands, shown) in examples(&read("README.md")) {
        let mut printed = BTreeSet::new();
        for command in &commands {
            let answer = answer(command);
            printed.extend(answer.lines().map(|line| line.trim_end().to_owned()));
            ran += 1;
        }
        for line in shown.iter().filter(|line| !line.is_empty()) {
            assert!(
                printed.contains(line),
                "README.md shows a line that {commands:?} does not print:\n{line}"
            );
            compared += 1;
        }
    }
    assert!(
        ran >= 10 && compared >= 20,
        "{ran} commands, {compared} lines"
    );
}

#[test]
fn examples_are_read() {
    let text = "```console\n$ cargo run --release -- a\nprinted\n$ ./test --all\n```\nwords\n```text\nx  \n```\n\
        ```console\n$ cargo run --release -- b\n```\n```rust\nlet y;\n```\n";
    let found = examples(text);
    assert_eq!(found[0].0, ["cargo run --release -- a"]);
    assert_eq!(found[0].1, ["x"]);
    assert_eq!(found[1].0, ["cargo run --release -- b"]);
    assert!(found[1].1.is_empty());
    assert_eq!(found.len(), 2);
}
