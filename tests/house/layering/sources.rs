//! The sources of `src/` as text: without comments and test modules, and the paths that they name.

use std::collections::BTreeSet;
use std::path::Path;

/// A file of `src/`.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its path below `src/`, with `/`.
    pub file: String,
    /// Its text, without comments and without the test modules at its end.
    pub code: String,
}

/// A path that a file names, from the crate root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub path: Vec<String>,
    /// The name under which a `pub use` exports it.
    pub exported: Option<String>,
}

impl Source {
    pub fn new(file: &str, text: &str) -> Self {
        Self {
            file: file.to_owned(),
            code: production_code(text),
        }
    }

    /// The module that the file is, from the crate root.
    pub fn module(&self) -> Vec<String> {
        let stem = self.file.strip_suffix(".rs").unwrap_or(&self.file);
        let mut parts: Vec<String> = stem.split('/').map(str::to_owned).collect();
        if parts.last().is_some_and(|last| last == "mod") || parts == ["lib"] {
            parts.pop();
        }
        parts
    }

    /// Every path of the crate that the file names, in `use` lines and in expressions; `modules` are those of the crate.
    pub fn named(&self, modules: &BTreeSet<Vec<String>>) -> Vec<Named> {
        let module = self.module();
        let (uses, body) = without_uses(&self.code);
        let mut found = Vec::new();
        for (statement, public) in uses {
            let mut leaves = Vec::new();
            use_tree(&statement, &[], &mut leaves);
            for (path, name) in leaves {
                if let Some(path) = absolute(&path, &module, modules) {
                    let exported = public.then_some(name);
                    found.push(Named { path, exported });
                }
            }
        }
        let children = modules
            .iter()
            .filter(|m| m.split_last().is_some_and(|(_, parent)| parent == module))
            .filter_map(|m| m.last());
        let heads = ["crate", "super", "self"].map(str::to_owned);
        for head in heads.iter().chain(children) {
            for (start, _) in body.match_indices(&format!("{head}::")) {
                let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
                if body[..start].ends_with(is_word) {
                    continue;
                }
                let path: Vec<String> = path_at(&body[start..]);
                found.extend(absolute(&path, &module, modules).map(|path| Named {
                    path,
                    exported: None,
                }));
            }
        }
        found
    }
}

/// Every file of `src/` but tests and the program's own `main.rs`.
pub fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    for file in files_below(&root) {
        if !file.ends_with("tests.rs") && file != "main.rs" {
            let text = std::fs::read_to_string(root.join(&file)).expect("a readable source file");
            found.push(Source::new(&file, &text));
        }
    }
    assert!(found.len() > 200, "{}", found.len());
    found
}

/// The paths of all Rust files below a folder, tests too, from that folder and with `/`.
pub fn files_below(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            found.extend(
                files_below(&path)
                    .iter()
                    .map(|below| format!("{name}/{below}")),
            );
        } else if name.ends_with(".rs") {
            found.push(name);
        }
    }
    found.sort();
    found
}

/// The modules of these files.
pub fn modules(sources: &[Source]) -> BTreeSet<Vec<String>> {
    sources.iter().map(Source::module).collect()
}

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

/// The `use` statements, with whether they export, and the code without them. `pub(in path)` is no path that is used.
fn without_uses(code: &str) -> (Vec<(String, bool)>, String) {
    let (mut uses, mut body) = (Vec::new(), String::new());
    let mut open: Option<(String, bool)> = None;
    for line in code.lines() {
        let (mut start, mut public) = (line.trim_start(), false);
        if open.is_none()
            && let Some(rest) = start.strip_prefix("pub")
        {
            let restricted = rest.strip_prefix('(').and_then(|r| r.split_once(')'));
            (start, public) = (restricted.map_or(rest, |(_, rest)| rest).trim_start(), true);
        }
        if let Some(rest) = start.strip_prefix("use ") {
            open = Some((rest.to_owned(), public));
        } else if let Some((statement, _)) = &mut open {
            statement.push_str(line);
        } else {
            body.push_str(if public { start } else { line });
            body.push('\n');
        }
        if let Some((statement, public)) = open.take() {
            match statement.split_once(';') {
                Some((statement, _)) => uses.push((statement.to_owned(), public)),
                None => open = Some((statement, public)),
            }
        }
    }
    (uses, body)
}

/// Every path of a use tree with the name it gets: `a::{b, c::d as e}` gives `a::b` and `a::c::d`, `b` and `e`. Returns
/// what follows the tree.
fn use_tree<'a>(
    text: &'a str,
    prefix: &[String],
    found: &mut Vec<(Vec<String>, String)>,
) -> &'a str {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = rest.trim_start();
            if let Some(after) = rest.strip_prefix('}') {
                return after;
            }
            let after = use_tree(rest, prefix, found).trim_start();
            rest = after.strip_prefix(',').unwrap_or(after);
            if rest.is_empty() {
                return rest;
            }
        }
    }
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '*';
    let (name, mut rest) = text.split_at(text.find(|c| !is_name(c)).unwrap_or(text.len()));
    if name.is_empty() {
        // Not a path: skip a character, so that the caller moves on.
        let mut characters = text.chars();
        characters.next();
        return characters.as_str();
    }
    let mut path = prefix.to_vec();
    if name != "self" || prefix.is_empty() {
        path.push(name.to_owned());
    }
    if let Some(after) = rest.strip_prefix("::") {
        return use_tree(after, &path, found);
    }
    let mut called = path.last().cloned().unwrap_or_default();
    if let Some(after) = rest.strip_prefix(" as ") {
        rest = after.trim_start_matches(is_name);
        called = after[..after.len() - rest.len()].to_owned();
    }
    found.push((path, called));
    rest
}

/// The path at the beginning of a text.
fn path_at(text: &str) -> Vec<String> {
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let end = text.find(|c| !is_path(c)).unwrap_or(text.len());
    let parts = text[..end].split("::").filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}

/// A path as a module names it, from the crate root; `None` if it leads out of the crate.
fn absolute(
    path: &[String],
    module: &[String],
    modules: &BTreeSet<Vec<String>>,
) -> Option<Vec<String>> {
    let (head, rest) = path.split_first()?;
    let joined = |base: &[String], rest: &[String]| [base, rest].concat();
    match head.as_str() {
        "crate" => Some(rest.to_vec()),
        "self" => Some(joined(module, rest)),
        "super" => {
            let climbed = path.iter().take_while(|part| *part == "super").count();
            let base = module.get(..module.len().checked_sub(climbed)?)?;
            Some(joined(base, &path[climbed..]))
        }
        _ => {
            let child = joined(module, std::slice::from_ref(head));
            modules.contains(&child).then(|| joined(module, path))
        }
    }
}

#[test]
fn the_reader_of_paths_reads() {
    let source = Source::new(
        "room/inner/file.rs",
        "pub use crate::a::{B, c::{d as D, self, E}};\nlet x = crate::f::g(1); // crate::no\n\
         use super::super::\n    h::I as J;\npub(in crate::no) fn k(x: super::L) {}\nuse std::fmt;\nlet y = child::m();\n\
         #[cfg(test)]\nmod tests {\n    crate::no\n}\n",
    );
    let modules = [["room", "inner", "file", "child"]
        .map(str::to_owned)
        .to_vec()]
    .into();
    let found: Vec<(String, Option<String>)> = source
        .named(&modules)
        .into_iter()
        .map(|named| (named.path.join("::"), named.exported))
        .collect();
    let expected = [
        ("a::B", Some("B")),
        ("a::c::d", Some("D")),
        ("a::c", Some("c")),
        ("a::c::E", Some("E")),
        ("h::I", None),
        ("f::g", None),
        ("room::inner::L", None),
        ("room::inner::file::child::m", None),
    ];
    let expected = expected.map(|(path, name)| (path.to_owned(), name.map(str::to_owned)));
    assert_eq!(found, expected);
}
