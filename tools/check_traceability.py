#!/usr/bin/env python3
"""Checks docs/traceability.md against the registry of theorems, the sources, the tests and the theory.

usage: python3 tools/check_traceability.py

One line for each problem; the exit code is 1 if there is any. What is checked:
  * every id of the registry (src/bound/statements/) has exactly one row, and every row an id of the registry;
  * name and status of a row are those of the registry;
  * the statement links to a heading of docs/theory.md that names the theorem or its section;
  * every `file` and `file::item` exists, items being functions or types in Rust and lemmas in Coq;
  * the item that the registry itself points to is among the Rust functions of the row;
  * property tests are tests, and a theorem has a Coq lemma exactly if its status is machine-checked;
  * every Coq lemma is a headline theorem of the proofs, so that it is built and its axioms are checked.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = "docs/traceability.md"
THEORY = "docs/theory.md"
COLUMNS = ["id", "name", "status", "statement", "Rust function", "Coq lemma", "property test", "oracle"]
STATUS = {
    "ProvedOnPaper": "proved on paper",
    "MachineChecked": "machine-checked",
    "Conjecture": "conjecture",
}

problems = []


def headlines():
    """(file, theorem) of every headline theorem."""
    lines = (ROOT / "proofs/headline_theorems.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    return {(f"proofs/{file}.v", theorem) for _, file, theorem in rows}


HEADLINES = headlines()


def problem(text):
    problems.append(text)


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def registry():
    """id -> name, status, (path, file) of every statement, in the order of the source."""
    found = {}
    for source in sorted((ROOT / "src/bound/statements").glob("*.rs")):
        text = source.read_text(encoding="utf-8")
        for block in re.split(r"\bpub\(crate\) const ", text)[1:]:
            where = f"{source.relative_to(ROOT)}: {block.split(':')[0]}"
            fields = {}
            for key, pattern in {
                "id": r'\bid: "([^"]+)"',
                "name": r'\bname: "([^"]+)"',
                "status": r"\bstatus: ProofStatus::(\w+)",
                "lemmas": r'\blemmas: &\[([^\]]*)\]',
                "location": r'\blocation: location\(\s*"([^"]+)",\s*"([^"]+)",?\s*\)',
            }.items():
                match = re.search(pattern, block)
                if match is None:
                    problem(f"{where}: no {key} is found")
                else:
                    fields[key] = match.groups() if key == "location" else match.group(1)
            if len(fields) < 5:
                continue
            if fields["status"] not in STATUS:
                problem(f"{where}: status {fields['status']} is unknown to this script")
            if fields["id"] in found:
                problem(f"{where}: {fields['id']} is in the registry twice")
            found[fields["id"]] = fields
    listed = re.search(r"const ALL: \[Theorem; (\d+)\]", read("src/bound/theorem.rs"))
    if listed is None or int(listed.group(1)) != len(found):
        problem(f"src/bound/theorem.rs: ALL does not list the {len(found)} statements of src/bound/statements/")
    return found


def rows():
    """The rows of the table, as dictionaries by column."""
    lines = [line for line in read(PAGE).splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    if not cells or cells[0] != COLUMNS:
        problem(f"{PAGE}: the columns must be {' | '.join(COLUMNS)}")
        return []
    table = []
    for cell in cells[2:]:
        if len(cell) != len(COLUMNS):
            problem(f"{PAGE}: {len(cell)} columns instead of {len(COLUMNS)} in the row of {cell[0]}")
        else:
            table.append(dict(zip(COLUMNS, cell)))
    return table


def anchor(heading):
    """The anchor that GitHub makes of a heading."""
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


def anchors():
    found = {}
    for line in read(THEORY).splitlines():
        match = re.match(r"#+ (.+)", line)
        if match:
            name = anchor(match.group(1))
            if name in found:
                problem(f"{THEORY}: two headings have the anchor #{name}")
            found[name] = match.group(1)
    return found


def has_item(text, item, suffix):
    item = re.escape(item)
    if suffix == ".v":
        return re.search(rf"\b(Lemma|Theorem|Corollary|Proposition)\s+{item}\b", text)
    return re.search(rf"\b(fn|struct|enum|trait)\s+{item}\b", text)


def is_test(text, item):
    """A function under #[test], or one in a proptest! block that has the attribute."""
    function = re.search(rf"\bfn\s+{re.escape(item)}\b", text)
    return function is not None and text.rfind("#[test]", max(0, function.start() - 400), function.start()) >= 0


def references(row, column):
    """The (file, item or None) of the back-quoted references of a cell, each checked to exist."""
    found = []
    for reference in re.findall(r"`([^`]+)`", row[column]):
        if "/" not in reference:
            continue
        file, _, item = reference.partition("::")
        where = f"{PAGE}: {row['id']}, {column}"
        path = ROOT / file
        if not path.is_file():
            problem(f"{where}: there is no file {file}")
            continue
        if item and not has_item(path.read_text(encoding="utf-8"), item, path.suffix):
            problem(f"{where}: {item} is not in {file}")
            continue
        found.append((file, item or None))
    return found


def check_row(row, fields, headings):
    where = f"{PAGE}: {row['id']}"
    if row["name"] != fields["name"]:
        problem(f"{where}: the name is {row['name']}, the registry says {fields['name']}")
    status = STATUS.get(fields["status"])
    if row["status"] != status:
        problem(f"{where}: the status is {row['status']}, the registry says {status}")
    link = re.fullmatch(r"\[([^\]]+)\]\(theory\.md#([^)]+)\)", row["statement"])
    if link is None:
        problem(f"{where}: the statement must be a link [section](theory.md#anchor)")
    elif link.group(2) not in headings:
        problem(f"{where}: {THEORY} has no heading with the anchor #{link.group(2)}")
    elif fields["name"] not in headings[link.group(2)]:
        problem(f"{where}: the heading #{link.group(2)} of {THEORY} does not name {fields['name']}")
    functions = references(row, "Rust function")
    path, file = fields["location"]
    if (file, path.rsplit("::", 1)[-1]) not in functions:
        problem(f"{where}: the registry points to {path} in {file}, which the row does not name")
    lemmas = references(row, "Coq lemma")
    stated = re.findall(r'"([^"]+)"', fields["lemmas"])
    if stated != [f"{file}::{lemma}" for file, lemma in lemmas]:
        problem(f"{where}: the registry names the lemmas {', '.join(stated) or 'none'}")
    for file, lemma in lemmas:
        # Only headline theorems have their axioms printed and checked.
        if (file, lemma) not in HEADLINES:
            problem(f"{where}: {lemma} of {file} is not in proofs/headline_theorems.txt")
    if (row["Coq lemma"] == "-") == (status == "machine-checked") or (row["Coq lemma"] != "-" and not lemmas):
        problem(f"{where}: a Coq lemma (proofs/folder/file.v::lemma) is required if and only if it is machine-checked")
    tests = references(row, "property test")
    if not tests:
        problem(f"{where}: a property test is required")
    for file, test in tests:
        if test is None or not is_test(read(file), test):
            problem(f"{where}: {test or file} is not a test")
    if not row["oracle"] or (row["oracle"] == "-"):
        problem(f"{where}: an oracle is required")
    if not references(row, "oracle") and status != "conjecture":
        problem(f"{where}: the oracle must name a file")


def main():
    theorems, headings, table = registry(), anchors(), rows()
    seen = [row["id"] for row in table]
    for theorem in theorems:
        if seen.count(theorem) != 1:
            problem(f"{PAGE}: {theorem} has {seen.count(theorem)} rows; exactly one is required")
    for row in table:
        if row["id"] in theorems:
            check_row(row, theorems[row["id"]], headings)
        else:
            problem(f"{PAGE}: {row['id']} is not in the registry")
    for text in problems:
        print(text)
    if problems:
        sys.exit(1)
    print(f"{len(theorems)} theorems are traced")


if __name__ == "__main__":
    main()
