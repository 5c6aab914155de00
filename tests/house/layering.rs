//! The house as it is drawn: which room of `src/` may import which, read from the sources.
//!
//! A room is a module of `lib.rs`. What is asked is in `law` and `attention`; `exact`, `bound` and `monte_carlo` answer and do
//! not know each other; `study` puts their answers side by side, with the `claim`s of the reader, into `record`s, which
//! `render` turns into text. `regression` is all of in-context regression, `certificate` takes a printed number into Coq, and
//! `scenario` and `cli` are the program. Below them are rooms without mathematics of their own kind: `text`, `error`,
//! `parameter`, `interval`, `file`, `progress`.
//!
//! Every path that a file names counts, in `use` lines, re-exports and expressions alike; test modules and comments do not.

mod circles;
mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::OnceLock;

use sources::{modules, sources};

/// What each room imports, from below to above: exactly these arrows.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    // What came from outside is shown by one function.
    ("text", &[]),
    ("theory", &[]),
    ("progress", &[]),
    ("error", &["text"]),
    ("parameter", &["error"]),
    // How bounds are evaluated.
    ("interval", &["error"]),
    // Plain texts and matrices: no law, no attention.
    ("file", &["error"]),
    // What is asked.
    ("law", &["error", "parameter", "interval"]),
    ("attention", &["error", "law"]),
    // The three answers.
    ("exact", &["error", "parameter", "law", "attention"]),
    (
        "bound",
        &["text", "error", "parameter", "interval", "law", "attention"],
    ),
    (
        "monte_carlo",
        &["error", "parameter", "file", "law", "attention"],
    ),
    // Sampled attention: one question, its three answers in folders that do not know each other.
    (
        "sampling",
        &[
            "error",
            "parameter",
            "interval",
            "law",
            "exact",
            "bound",
            "monte_carlo",
        ],
    ),
    // Records only, see `records_and_their_rendering_compute_nothing`.
    ("record", &["text", "bound", "exact", "monte_carlo"]),
    // Formulas of the reader, and the propositions as printed.
    (
        "claim",
        &[
            "text",
            "error",
            "parameter",
            "law",
            "attention",
            "bound",
            "record",
        ],
    ),
    (
        "study",
        &[
            "error",
            "parameter",
            "progress",
            "file",
            "law",
            "attention",
            "exact",
            "bound",
            "monte_carlo",
            "sampling",
            "record",
            "claim",
        ],
    ),
    // All of in-context regression: exact risks, T10 with its bounds, and heads trained on simulated prompts.
    (
        "regression",
        &[
            "error",
            "parameter",
            "progress",
            "file",
            "law",
            "exact",
            "bound",
            "monte_carlo",
        ],
    ),
    // Records in, text out.
    (
        "render",
        &[
            "text",
            "bound",
            "exact",
            "monte_carlo",
            "record",
            "regression",
        ],
    ),
    // Records to Coq text; no mathematics of its own.
    ("certificate", &["error", "bound", "record", "render"]),
    (
        "scenario",
        &[
            "text",
            "error",
            "parameter",
            "file",
            "law",
            "attention",
            "sampling",
            "study",
            "regression",
        ],
    ),
    // No mathematics, see `the_command_line_holds_no_mathematics`.
    (
        "cli",
        &[
            "text",
            "error",
            "parameter",
            "progress",
            "bound",
            "record",
            "claim",
            "study",
            "regression",
            "render",
            "certificate",
            "scenario",
        ],
    ),
];

/// The three independent answers.
const ANSWERS: [&str; 3] = ["exact", "bound", "monte_carlo"];

/// A path used in a file: the room of the file, the file, and the path from the crate root.
#[derive(Debug, Clone)]
struct Import {
    room: String,
    file: String,
    path: Vec<String>,
}

impl Import {
    fn target(&self) -> &str {
        &self.path[0]
    }

    /// The imported name after the room: `Bound` of `crate::bound::Bound`.
    fn name(&self) -> &str {
        self.path.get(1).map_or("*", String::as_str)
    }
}

/// Every path that a file of one room names in another.
fn imports() -> &'static [Import] {
    static IMPORTS: OnceLock<Vec<Import>> = OnceLock::new();
    IMPORTS.get_or_init(|| {
        let modules = modules(sources());
        let mut all = Vec::new();
        for source in sources() {
            let Some(room) = source.module().first().cloned() else {
                continue;
            };
            for named in source.named(&modules) {
                if named.path.first().is_some_and(|target| *target != room) {
                    all.push(Import {
                        room: room.clone(),
                        file: source.file.clone(),
                        path: named.path,
                    });
                }
            }
        }
        assert!(all.len() > 100, "{}", all.len());
        all
    })
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
                import.file,
                import.path.join("::")
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_allowed_arrow_is_used() {
    let used: BTreeSet<(String, String)> = imports()
        .iter()
        .map(|import| (import.room.clone(), import.target().to_owned()))
        .collect();
    for (room, targets) in MAY_IMPORT {
        for target in *targets {
            let arrow = ((*room).to_owned(), (*target).to_owned());
            assert!(used.contains(&arrow), "no file of {room} uses {target}");
        }
    }
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
fn only_study_regression_and_sampling_see_more_than_one_of_the_answers() {
    let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for import in imports() {
        // Records may be printed together; functions that compute are what counts.
        let record = ["record", "render"].contains(&import.room.as_str()) && is_type(import.name());
        if ANSWERS.contains(&import.target()) && !record {
            let target = import.target().to_owned();
            seen.entry(import.room.clone()).or_default().insert(target);
        }
    }
    for (room, targets) in seen {
        assert!(
            ["study", "regression", "sampling"].contains(&room.as_str()) || targets.len() == 1,
            "{room} sees {targets:?}"
        );
    }
}

/// The plain route of the training is the witness for exact risks, so that nothing exact may reach it: of the folder
/// `regression/training` only the loss of the Rao-Blackwellised route takes anything from the rest of the room but the
/// task, and no file imports `exact` or `bound`.
#[test]
fn sampled_tokens_know_no_exact_value() {
    let modules = modules(sources());
    let training: Vec<_> = sources()
        .iter()
        .filter(|source| source.file.starts_with("regression/training/"))
        .collect();
    assert!(training.len() > 8);
    let mut taken = BTreeSet::new();
    for source in training {
        for named in source.named(&modules) {
            let path: Vec<&str> = named.path.iter().map(String::as_str).collect();
            let fine = match path.as_slice() {
                ["exact" | "bound", ..] => false,
                ["regression", inner, ..] => ["RegressionTask", "training"].contains(inner),
                _ => true,
            };
            if !fine {
                taken.insert((source.file.as_str(), path[..path.len().min(2)].join("::")));
            }
        }
    }
    let expected = (
        "regression/training/conditional.rs",
        "regression::participation".to_owned(),
    );
    assert_eq!(taken, [expected].into());
}

/// The three answers about sampled attention share the question alone.
#[test]
fn answers_about_sampled_attention_do_not_know_each_other() {
    let modules = modules(sources());
    let mut files = 0;
    for source in sources() {
        let Some(own) = source
            .file
            .strip_prefix("sampling/")
            .and_then(|rest| rest.split_once('/'))
            .map(|(folder, _)| folder)
        else {
            continue;
        };
        files += 1;
        for named in source.named(&modules) {
            let path: Vec<&str> = named.path.iter().map(String::as_str).collect();
            let fine = match path.as_slice() {
                ["sampling", inner, ..] => {
                    *inner == own || ["context", "design", "kept", "sampled"].contains(inner)
                }
                // Records of the other answers serve; what computes them does not.
                [room @ ("exact" | "bound" | "monte_carlo"), ..] => {
                    let of_simulation = *room == "monte_carlo";
                    match own {
                        "simulation" => of_simulation,
                        _ => !of_simulation,
                    }
                }
                _ => true,
            };
            assert!(fine, "{}: {path:?}", source.file);
        }
    }
    assert!(files > 10, "{files}");
}

#[test]
fn records_and_their_rendering_compute_nothing() {
    const RECORDS: [&str; 7] = [
        "Bound",
        "Hypothesis",
        "LowerBound",
        "ProofParameter",
        "ProofStatus",
        "Status",
        "Theorem",
    ];
    let both = ["record", "render"];
    for import in imports().iter().filter(|i| both.contains(&i.room.as_str())) {
        let fine = match import.target() {
            "bound" => RECORDS.contains(&import.name()),
            "exact" => ["Exact", "ExactRecord"].contains(&import.name()),
            "monte_carlo" => is_type(import.name()),
            _ => true,
        };
        assert!(fine, "{import:?}");
    }
}

#[test]
fn the_command_line_holds_no_mathematics() {
    for import in imports().iter().filter(|i| i.room == "cli") {
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
            "study" => ["scenario", "cli"].contains(&import.room.as_str()),
            _ => true,
        };
        assert!(fine, "{import:?}");
    }
}

#[test]
fn only_scenarios_read_numeric_files() {
    // Other rooms read and replace texts that they have written themselves.
    for import in imports().iter().filter(|i| i.target() == "file") {
        let text = ["read_text", "replace"].contains(&import.name());
        assert!(text || import.room == "scenario", "{import:?}");
    }
}
