//! Reading the project's own pages: files, headings, tables and blocks of code.

use std::path::Path;

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of a file, named from the root of the project.
pub fn read(file: &str) -> String {
    let path = root().join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The anchor that GitHub makes of a heading.
fn anchor(heading: &str) -> String {
    heading
        .trim()
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || ['_', '-', ' '].contains(c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// The headings of a page with their anchors, outside of code blocks.
pub fn headings(text: &str) -> Vec<(String, String)> {
    let mut in_code = false;
    let mut found = Vec::new();
    for line in text.lines() {
        in_code ^= line.starts_with("```");
        let heading = line.trim_start_matches('#');
        if !in_code && heading.len() < line.len() && heading.starts_with(' ') {
            found.push((anchor(heading), heading.trim().to_owned()));
        }
    }
    found
}

/// The cells of the rows of every table whose first row is `columns`, without that row and the rule below it.
pub fn table(text: &str, columns: &[&str]) -> Vec<Vec<String>> {
    let cells = |line: &str| -> Vec<String> {
        let inner = line
            .trim_end()
            .trim_start_matches('|')
            .trim_end_matches('|');
        inner
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect()
    };
    let mut lines = text.lines().peekable();
    let mut rows = Vec::new();
    while let Some(line) = lines.next() {
        if !line.starts_with('|') || cells(line) != columns {
            continue;
        }
        lines.next();
        while let Some(line) = lines.next_if(|line| line.starts_with('|')) {
            rows.push(cells(line));
        }
    }
    rows
}

/// The language and the text of every fenced block of code.
pub fn blocks(text: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => open = Some((language.trim().to_owned(), String::new())),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some((_, block)), None) => {
                block.push_str(line);
                block.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block of code is not closed");
    blocks
}

/// What stands between back quotes.
pub fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// Is `word` somewhere in `text`, not as a part of a longer name?
pub fn has_word(text: &str, word: &str) -> bool {
    let part_of_a_name = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(start, _)| {
        !text[..start].ends_with(part_of_a_name)
            && !text[start + word.len()..].starts_with(part_of_a_name)
    })
}

#[test]
fn pages_are_read() {
    let text = "# One `a-b`\n\n```console\n# not a heading\n```\n## 2. T1, (x): y_z\n\n\
        | id | x |\n|---|---|\n| T1 | `a` and `b/c::d` |\n| T2 | - |\n\n| other |\n|---|\n| T3 |\n";
    let found = headings(text);
    assert_eq!(found[0], ("one-a-b".to_owned(), "One `a-b`".to_owned()));
    assert_eq!(found[1].0, "2-t1-x-y_z");
    assert_eq!(found.len(), 2);
    let rows = table(text, &["id", "x"]);
    assert_eq!(rows, [["T1", "`a` and `b/c::d`"], ["T2", "-"]]);
    assert_eq!(quoted(&rows[0][1]), ["a", "b/c::d"]);
    assert!(table(text, &["id", "y"]).is_empty());
    assert_eq!(
        blocks(text),
        [("console".to_owned(), "# not a heading\n".to_owned())]
    );
    assert!(
        has_word("fn a_b(x)", "a_b") && !has_word("fn a_bc(x)", "a_b") && !has_word("xa_b", "a_b")
    );
}
