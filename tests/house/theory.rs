//! The registry of theorems against docs/theory.md: same identifiers, names and standing.

use std::collections::BTreeSet;

use attention_bounds::bound::Theorem;

use crate::page::{headings, quoted, read, table};

const INDEX: [&str; 4] = ["id", "section", "status", "source"];

/// `T9` of `T9.value`, and of `T9` itself.
fn family(id: &str) -> &str {
    id.split('.').next().expect("split gives a part")
}

/// The id and the names of a row of the index; statements without a number have no id.
fn entries(cell: &str) -> (&str, Vec<&str>) {
    let id = cell.split('`').next().expect("split gives a part").trim();
    (id, quoted(cell))
}

#[test]
fn every_theorem_of_the_registry_is_in_the_index_of_the_theory() {
    let text = read("docs/theory.md");
    let index = table(&text, &INDEX);
    for theorem in Theorem::ALL {
        let rows: Vec<_> = index
            .iter()
            .filter(|row| entries(&row[0]).1.contains(&theorem.name()))
            .collect();
        if theorem.name() == theorem.id() {
            continue;
        }
        let [row] = rows[..] else {
            panic!("{theorem} {} is in {} rows", theorem.name(), rows.len());
        };
        let (id, _) = entries(&row[0]);
        let numbered = theorem.id().starts_with('T');
        assert!(
            if numbered {
                id == theorem.id() || id == family(theorem.id())
            } else {
                id.is_empty()
            },
            "{theorem}: {row:?}"
        );
        assert_eq!(row[2], "theorem", "{theorem}");
    }
}

#[test]
fn every_numbered_theorem_of_the_theory_is_in_the_registry() {
    let text = read("docs/theory.md");
    let index = table(&text, &INDEX);
    let numbers = |ids: &mut dyn Iterator<Item = &str>| -> BTreeSet<String> {
        ids.filter(|id| id.starts_with('T'))
            .map(|id| family(id).to_owned())
            .collect()
    };
    let registry = numbers(&mut Theorem::ALL.into_iter().map(Theorem::id));
    let indexed = numbers(&mut index.iter().map(|row| entries(&row[0]).0));
    assert_eq!(registry, indexed);
    // `## 5. T4 `chernoff-bound``: the number of the section, then the identifier.
    let titles = headings(&text);
    let stated = numbers(&mut titles.iter().filter_map(|(_, title)| {
        let (number, rest) = title.split_once(". ")?;
        number.parse::<u32>().ok()?;
        rest.split([' ', ':']).next()
    }));
    assert_eq!(registry, stated);
    assert!(registry.len() > 10);
}

#[test]
fn every_theorem_has_a_heading_and_every_indexed_name_is_in_the_text() {
    let text = read("docs/theory.md");
    let titles = headings(&text);
    let (body, index) = text.split_once("\n## Index\n").expect("an index");
    for theorem in Theorem::ALL {
        let name = format!("`{}`", theorem.name());
        assert!(
            titles.iter().any(|(_, title)| title.contains(&name)),
            "{theorem}: no heading names {name}"
        );
    }
    let rows = table(index, &INDEX);
    assert!(rows.len() > 10);
    for name in rows.iter().flat_map(|row| entries(&row[0]).1) {
        assert!(body.contains(&format!("`{name}`")), "{name}");
    }
}
