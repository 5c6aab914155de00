//! No circles between files or folders of `src/`, which stay small.
//!
//! A file uses another if it names an item that the other defines: paths are followed through `pub use` to the file of the
//! definition, so that a facade is no detour. What a facade exports counts as used by it. In every folder the files and
//! folders below it, with the uses between what they hold, form no circle either.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::sources::{Source, files_below, modules, sources};

/// Rooms whose circles are not looked at yet.
const STILL: &[&str] = &["exact", "law", "monte_carlo", "regression", "study"];
/// Most lines of a file.
const LINES: usize = 400;
/// Most files of a folder, not counting those of the folders in it.
const FILES: usize = 18;
/// Files and folders that are not small yet.
const LARGE: &[&str] = &["exact", "monte_carlo"];

/// For every file (or folder) what it uses, with one path for each.
type Uses = BTreeMap<String, BTreeMap<String, String>>;

/// Which file uses which; `lib.rs` holds the rooms and is left out.
fn uses_of_files(sources: &[Source]) -> Uses {
    let modules = modules(sources);
    let files: BTreeMap<Vec<String>, &str> = sources
        .iter()
        .map(|source| (source.module(), source.file.as_str()))
        .collect();
    let mut exports = BTreeMap::new();
    for source in sources {
        for named in source.named(&modules) {
            if let Some(name) = named.exported {
                assert_ne!(name, "*", "{}: name what is exported", source.file);
                exports.insert((source.module(), name), named.path);
            }
        }
    }
    // The file that defines what a path ends in: the longest module of it, unless that exports the next name from elsewhere.
    let defining = |path: &[String]| -> Option<&str> {
        let mut path = path.to_vec();
        for _ in 0..10 {
            let depth = (0..=path.len())
                .rev()
                .find(|n| files.contains_key(&path[..*n]))?;
            let (module, rest) = path.split_at(depth);
            let exported = rest.split_first().and_then(|(name, rest)| {
                Some((exports.get(&(module.to_vec(), name.clone()))?, rest))
            });
            match exported {
                Some((target, rest)) if [target, rest].concat() != path => {
                    path = [target, rest].concat();
                }
                _ => return files.get(module).copied(),
            }
        }
        None
    };
    let mut uses = Uses::new();
    for source in sources.iter().filter(|source| source.file != "lib.rs") {
        for named in source.named(&modules) {
            let target =
                defining(&named.path).filter(|file| *file != source.file && *file != "lib.rs");
            if let Some(target) = target {
                let of_file = uses.entry(source.file.clone()).or_default();
                of_file
                    .entry(target.to_owned())
                    .or_insert(named.path.join("::"));
            }
        }
    }
    uses
}

/// The same between the files and folders of a folder (`""` is `src` itself), by what they hold; its own `mod.rs` is left out.
fn uses_inside(files: &Uses, folder: &str) -> Uses {
    let child = |file: &str| -> Option<String> {
        let inside = match folder {
            "" => file,
            _ => file.strip_prefix(folder)?.strip_prefix('/')?,
        };
        let name = inside.split('/').next()?;
        (name != "mod.rs").then(|| name.to_owned())
    };
    let mut uses = Uses::new();
    for (from, targets) in files {
        for (to, path) in targets {
            if let (Some(a), Some(b)) = (child(from), child(to))
                && a != b
            {
                let why = format!("{from} names {path}");
                uses.entry(a).or_default().entry(b).or_insert(why);
            }
        }
    }
    uses
}

fn reached<'a>(uses: &'a Uses, from: &str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut next: Vec<&str> = uses
        .get(from)
        .into_iter()
        .flat_map(BTreeMap::keys)
        .map(String::as_str)
        .collect();
    while let Some(one) = next.pop() {
        if found.insert(one) {
            next.extend(
                uses.get(one)
                    .into_iter()
                    .flat_map(BTreeMap::keys)
                    .map(String::as_str),
            );
        }
    }
    found
}

/// What uses itself by way of others: each circle (or knot of circles) with the uses in it.
fn circles(uses: &Uses) -> Vec<(BTreeSet<&str>, Vec<String>)> {
    let mut found: Vec<(BTreeSet<&str>, Vec<String>)> = Vec::new();
    for one in uses.keys().map(String::as_str) {
        let forward = reached(uses, one);
        if !forward.contains(one) || found.iter().any(|(circle, _)| circle.contains(one)) {
            continue;
        }
        let circle: BTreeSet<&str> = forward
            .into_iter()
            .filter(|other| reached(uses, other).contains(one))
            .collect();
        let inside = circle.iter().flat_map(|from| {
            let targets = uses.get(*from).into_iter().flatten();
            targets
                .filter(|(to, _)| circle.contains(to.as_str()))
                .map(move |(to, why)| format!("{from} -> {to}: {why}"))
        });
        let inside = inside.collect();
        found.push((circle, inside));
    }
    found
}

/// Every folder with files, `""` for `src` itself.
fn folders<'a>(files: impl IntoIterator<Item = &'a str>) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::from([""]);
    for file in files {
        found.extend(file.match_indices('/').map(|(end, _)| &file[..end]));
    }
    found
}

fn is_in(file: &str, rooms: &[&str]) -> bool {
    rooms
        .iter()
        .any(|room| file.split('/').next() == Some(room))
}

#[test]
fn no_circle_between_files() {
    let uses = uses_of_files(&sources());
    assert!(uses.len() > 200, "{}", uses.len());
    for (circle, inside) in circles(&uses) {
        assert!(circle.iter().all(|file| is_in(file, STILL)), "{inside:#?}");
    }
}

#[test]
fn no_circle_between_folders() {
    let sources = sources();
    let uses = uses_of_files(&sources);
    for folder in folders(sources.iter().map(|source| source.file.as_str())) {
        let inside = uses_inside(&uses, folder);
        if !is_in(folder, STILL) {
            assert!(
                circles(&inside).is_empty(),
                "src/{folder}: {:#?}",
                circles(&inside)
            );
        }
    }
}

#[test]
fn circles_are_found() {
    let house = [
        // A facade and what it holds: `two` takes `One` by way of it.
        ("lib.rs", "pub mod a;\npub mod b;\npub use a::One;"),
        (
            "a/mod.rs",
            "mod one;\nmod two;\npub(crate) use one::One;\npub use two::Two;",
        ),
        ("a/two.rs", "use super::One;"),
        // One circle through two re-exports, one of them under another name.
        ("a/one.rs", "use crate::b::{Other, c};"),
        (
            "b/mod.rs",
            "pub mod c;\nmod deep;\npub use deep::Deep as Other;",
        ),
        ("b/deep.rs", "fn f() -> crate::a::One {}"),
        // No file of these two folders is in a circle, the folders are.
        ("b/c/mod.rs", "mod x;\nmod y;"),
        ("b/c/x.rs", "use crate::b::d::z::Z;"),
        ("b/c/y.rs", ""),
        ("b/d/z.rs", ""),
        (
            "b/d/w.rs",
            "use crate::b::c::y::Y; // use crate::b::c::x::X;",
        ),
    ];
    let sources: Vec<Source> = house
        .iter()
        .map(|(file, text)| Source::new(file, text))
        .collect();
    let uses = uses_of_files(&sources);
    let found = circles(&uses);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, BTreeSet::from(["a/one.rs", "b/deep.rs"]));
    assert_eq!(found[0].1.len(), 2);
    assert_eq!(uses["a/mod.rs"].len(), 2);
    assert_eq!(uses["a/two.rs"].keys().collect::<Vec<_>>(), ["a/one.rs"]);
    let in_circle: Vec<(&str, BTreeSet<String>)> = folders(house.map(|(file, _)| file))
        .into_iter()
        .flat_map(|folder| {
            let inside = uses_inside(&uses, folder);
            let own =
                |names: &BTreeSet<&str>| names.iter().map(|name| (*name).to_owned()).collect();
            circles(&inside)
                .iter()
                .map(|(circle, _)| (folder, own(circle)))
                .collect::<Vec<_>>()
        })
        .collect();
    let names = |names: [&str; 2]| names.map(str::to_owned).into();
    assert_eq!(
        in_circle,
        [("", names(["a", "b"])), ("b", names(["c", "d"]))]
    );
}

#[test]
fn files_and_folders_stay_small() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = files_below(&root);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for file in &files {
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        *counts.entry(folder).or_default() += 1;
        let lines = std::fs::read_to_string(root.join(file))
            .expect("a source file")
            .lines()
            .count();
        assert!(
            lines <= LINES || LARGE.contains(&file.as_str()),
            "{file} has {lines} lines"
        );
    }
    for (folder, count) in counts {
        assert!(
            count <= FILES || LARGE.contains(&folder),
            "src/{folder} has {count} files"
        );
    }
}
