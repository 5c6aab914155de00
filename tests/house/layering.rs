//! Data flow one way: which room of `src/` may import which, read from the sources.
//!
//! A room is a module of `lib.rs`. Every path that starts with `crate::`, or with enough `super::` to leave
//! its room, counts, in `use` lines and in expressions alike; test modules and comments do not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What each room may import. A new room needs a line here, and so does a new arrow between rooms.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    // What came from outside is shown by one function.
    ("text", &[]),
    ("error", &["text"]),
    ("theory", &[]),
    ("parameter", &["error"]),
    // How bounds are evaluated.
    ("interval", &["error"]),
    // Plain matrices: no law, no attention.
    ("file", &["error"]),
    ("law", &["error", "parameter", "interval"]),
    ("attention", &["error", "parameter", "law"]),
    ("exact", &["error", "parameter", "law", "attention"]),
    ("progress", &[]),
    (
        "bound",
        &["error", "parameter", "interval", "law", "attention"],
    ),
    ("monte_carlo", &["error", "parameter", "law", "attention"]),
    // All of in-context regression: exact risks, T10 with its bounds, and heads trained on simulated prompts.
    (
        "regression",
        &[
            "error",
            "parameter",
            "progress",
            "law",
            "exact",
            "bound",
            "monte_carlo",
            "record",
        ],
    ),
    // Records only, see `render_takes_records_and_computes_nothing`.
    ("record", &["error", "bound", "exact", "monte_carlo"]),
    // Records in, text out.
    (
        "render",
        &[
            "error",
            "bound",
            "exact",
            "monte_carlo",
            "record",
            "regression",
        ],
    ),
    (
        "study",
        &[
            "error",
            "parameter",
            "law",
            "attention",
            "exact",
            "bound",
            "monte_carlo",
            "progress",
            "record",
        ],
    ),
    (
        "scenario",
        &[
            "error",
            "parameter",
            "law",
            "attention",
            "file",
            "regression",
        ],
    ),
    // Records to Coq text; no mathematics of its own.
    ("certificate", &["error", "bound", "record", "render"]),
    // No mathematics, see `the_command_line_holds_no_mathematics`.
    (
        "cli",
        &[
            "error",
            "parameter",
            "bound",
            "certificate",
            "progress",
            "record",
            "regression",
            "render",
            "scenario",
            "study",
        ],
    ),
];

/// The three independent answers.
const ANSWERS: [&str; 3] = ["exact", "bound", "monte_carlo"];

/// A path used in a file: the room of the file, the file, and the path from the crate root.
#[derive(Debug, Clone)]
struct Import {
    room: String,
    file: PathBuf,
    path: Vec<String>,
}

impl Import {
    fn target(&self) -> &str {
        &self.path[0]
    }

    /// The imported names after the room: `Bound` of `crate::bound::Bound`.
    fn name(&self) -> &str {
        self.path.get(1).map_or("*", String::as_str)
    }
}

fn source_files(folder: &Path, to: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            source_files(&path, to);
        } else if path.extension().is_some_and(|e| e == "rs")
            && !path.to_string_lossy().ends_with("tests.rs")
        {
            to.push(path);
        }
    }
}

/// The source without comments and without the test modules at its end.
fn production_code(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut kept = String::new();
    for (index, line) in lines.iter().enumerate() {
        let opens_tests = line.trim() == "#[cfg(test)]"
            && lines
                .get(index + 1)
                .is_some_and(|l| l.starts_with("mod ") && l.ends_with('{'));
        if opens_tests {
            break;
        }
        kept.push_str(line.split("//").next().unwrap_or(""));
        kept.push('\n');
    }
    kept
}

/// Every path of a use tree: `a::{b, c::d}` gives `a::b` and `a::c::d`. Returns what follows the tree.
fn use_tree<'a>(text: &'a str, prefix: &[String], found: &mut Vec<Vec<String>>) -> &'a str {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = rest.trim_start();
            if let Some(after) = rest.strip_prefix('}') {
                return after;
            }
            let after = use_tree(rest, prefix, found);
            let after = after.trim_start();
            rest = after.strip_prefix(',').unwrap_or(after);
            if rest.is_empty() {
                return rest;
            }
        }
    }
    let end = text
        .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '*'))
        .unwrap_or(text.len());
    let (name, mut rest) = text.split_at(end);
    if name.is_empty() {
        // Not a path: skip a character, so that the caller moves on.
        let mut characters = text.chars();
        characters.next();
        return characters.as_str();
    }
    let mut path = prefix.to_vec();
    path.push(name.to_owned());
    if let Some(after) = rest.strip_prefix("::") {
        return use_tree(after, &path, found);
    }
    // `as other` does not change what is imported.
    if let Some(after) = rest.strip_prefix(" as ") {
        rest = after.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
    }
    found.push(path);
    rest
}

/// The paths from the crate root that a piece of code at this module depth uses.
fn crate_paths(code: &str, depth: usize) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for (start, _) in code.match_indices("crate::") {
        let whole_word = !code[..start].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        if whole_word {
            use_tree(&code[start + "crate::".len()..], &[], &mut found);
        }
    }
    // `super::` as often as the module is deep is the crate root.
    let climb = "super::".repeat(depth);
    for (start, _) in code.match_indices(&climb) {
        if !code[..start].ends_with("super::") {
            use_tree(&code[start + climb.len()..], &[], &mut found);
        }
    }
    found
}

fn imports() -> Vec<Import> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    source_files(&root, &mut files);
    let mut all = Vec::new();
    for file in files {
        let inside = file.strip_prefix(&root).expect("a file of src").to_owned();
        let mut modules: Vec<String> = inside
            .with_extension("")
            .iter()
            .map(|part| part.to_string_lossy().into_owned())
            .collect();
        if modules.last().is_some_and(|m| m == "mod") {
            modules.pop();
        }
        let room = modules[0].clone();
        if room == "lib" || room == "main" {
            continue;
        }
        let text = std::fs::read_to_string(&file).expect("a readable source file");
        for path in crate_paths(&production_code(&text), modules.len()) {
            if path[0] != room {
                all.push(Import {
                    room: room.clone(),
                    file: inside.clone(),
                    path,
                });
            }
        }
    }
    all
}

#[test]
fn the_reader_of_imports_reads() {
    let code =
        "use crate::a::{B, c::{d, E}};\nlet x = crate::f::g(1);\nuse super::super::h::I as J;";
    let paths: Vec<String> = crate_paths(code, 2).iter().map(|p| p.join("::")).collect();
    assert_eq!(paths, ["a::B", "a::c::d", "a::c::E", "f::g", "h::I"]);
    assert!(crate_paths("use super::h;", 2).is_empty());
    let code = production_code("use a; // crate::b\n#[cfg(test)]\nmod tests {\n    crate::c\n}\n");
    assert_eq!(code, "use a; \n");
    // Something is read at all: these arrows exist.
    let all = imports();
    for (from, to) in [("study", "exact"), ("study", "bound"), ("record", "exact")] {
        assert!(
            all.iter().any(|i| i.room == from && i.target() == to),
            "{from} -> {to}"
        );
    }
    assert!(all.len() > 100, "{}", all.len());
}

#[test]
fn every_import_is_an_allowed_arrow() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_IMPORT.iter().copied().collect();
    let mut wrong = BTreeSet::new();
    for import in imports() {
        let fine = allowed
            .get(import.room.as_str())
            .is_some_and(|targets| targets.contains(&import.target()));
        if !fine {
            wrong.insert(format!(
                "{} imports {}",
                import.file.display(),
                import.path.join("::")
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_room_has_its_line() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs");
    let library = std::fs::read_to_string(root).expect("lib.rs");
    for line in library.lines() {
        if let Some(room) = line
            .strip_prefix("pub mod ")
            .and_then(|l| l.strip_suffix(';'))
        {
            assert!(
                MAY_IMPORT.iter().any(|(name, _)| *name == room),
                "{room} has no line in MAY_IMPORT"
            );
        }
    }
}

#[test]
fn exact_values_bounds_and_estimates_do_not_import_each_other() {
    for import in imports() {
        let both = ANSWERS.contains(&import.room.as_str()) && ANSWERS.contains(&import.target());
        assert!(!both, "{import:?}");
    }
}

/// A type, by the naming convention of the language; a function otherwise.
fn is_type(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
}

#[test]
fn only_study_and_regression_see_more_than_one_of_the_answers() {
    let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for import in imports() {
        // Records may be printed together; functions that compute are what counts.
        let record = ["record", "render"].contains(&import.room.as_str()) && is_type(import.name());
        if ANSWERS.contains(&import.target()) && !record {
            let target = import.target().to_owned();
            seen.entry(import.room).or_default().insert(target);
        }
    }
    for (room, targets) in seen {
        assert!(
            room == "study" || room == "regression" || targets.len() == 1,
            "{room} sees {targets:?}"
        );
    }
}

/// The plain route of the training is the witness for exact risks, so that nothing exact may reach it: of the folder
/// `regression/training` only the loss of the Rao-Blackwellised route takes anything from the rest of the room but the
/// task, and no file imports `exact` or `bound`.
#[test]
fn sampled_tokens_know_no_exact_value() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    source_files(&root.join("regression/training"), &mut files);
    assert!(files.len() > 8);
    let mut taken = BTreeSet::new();
    for file in files {
        let code = production_code(&std::fs::read_to_string(&file).expect("a source file"));
        // Paths out of the folder start with `crate::`, so that they are seen here.
        assert!(!code.contains("super::super::"), "{}", file.display());
        for path in crate_paths(&code, 3) {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            let fine = match path.as_slice() {
                ["exact" | "bound", ..] => false,
                ["regression", inner, ..] => ["RegressionTask", "training"].contains(inner),
                _ => true,
            };
            if !fine {
                taken.insert((
                    file.strip_prefix(&root).unwrap().to_owned(),
                    path.join("::"),
                ));
            }
        }
    }
    let places: BTreeSet<_> = taken
        .iter()
        .map(|(file, path)| (file.as_path(), path.split("::").nth(1)))
        .collect();
    let conditional = Path::new("regression/training/conditional.rs");
    assert_eq!(
        places,
        [(conditional, Some("participation"))].into(),
        "{taken:?}"
    );
}

#[test]
fn render_takes_records_and_computes_nothing() {
    const RECORDS: [&str; 6] = [
        "Bound",
        "Hypothesis",
        "ProofParameter",
        "ProofStatus",
        "Status",
        "Theorem",
    ];
    for import in imports().into_iter().filter(|i| i.room == "record") {
        let fine = match import.target() {
            "bound" => RECORDS.contains(&import.name()),
            "exact" => import.name() == "Exact",
            "monte_carlo" => is_type(import.name()),
            _ => true,
        };
        assert!(fine, "{import:?}");
    }
}

#[test]
fn the_command_line_holds_no_mathematics() {
    for import in imports().into_iter().filter(|i| i.room == "cli") {
        assert!(
            import.target() != "bound" || import.name() == "Theorem",
            "{import:?}"
        );
        assert!(
            !["law", "attention", "exact", "monte_carlo"].contains(&import.target()),
            "{import:?}"
        );
    }
}

#[test]
fn nothing_below_knows_scenarios_or_the_command_line() {
    for import in imports() {
        let fine = match import.target() {
            "cli" => false,
            "scenario" => import.room == "cli",
            "study" => import.room == "cli",
            _ => true,
        };
        assert!(fine, "{import:?}");
    }
}

#[test]
fn only_scenarios_read_numeric_files() {
    for import in imports().into_iter().filter(|i| i.target() == "file") {
        assert_eq!(import.room, "scenario", "{import:?}");
    }
}
