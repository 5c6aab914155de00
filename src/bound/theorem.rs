//! What a theorem is: its statement, where it comes from, and how far it is established.

use std::fmt;

use serde::{Serialize, Serializer};

/// A theorem of the theory pages, and everything there is to say about it.
///
/// Each is a constant of this type, written beside the code that computes it; [`Theorem::ALL`] lists them.
///
/// ```
/// use attention_bounds::bound::Theorem;
///
/// assert_eq!(Theorem::CHERNOFF_BOUND.id(), "T4");
/// assert_eq!(Theorem::from_name("chernoff-bound").unwrap(), Theorem::CHERNOFF_BOUND);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theorem(&'static Statement);

/// How far a statement is established.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProofStatus {
    /// A proof is written out in docs/theory.md.
    ProvedOnPaper,
    /// A Coq lemma states and proves it.
    MachineChecked,
}

impl fmt::Display for ProofStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            ProofStatus::ProvedOnPaper => "proved on paper",
            ProofStatus::MachineChecked => "machine-checked",
        })
    }
}

/// A constant of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Constant {
    /// As the formula writes it.
    pub symbol: &'static str,
    /// What it is.
    pub meaning: &'static str,
}

/// Where a theorem is in the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Location {
    /// Path of the function or type, from the crate root.
    pub path: &'static str,
    /// Its file, from the root of the source tree.
    pub file: &'static str,
}

/// Everything there is to say about a theorem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// Identifier of the theory pages, such as `T4.tail`.
    pub id: &'static str,
    /// Short name, such as `chernoff-tail`.
    pub name: &'static str,
    /// What it says, in words.
    pub title: &'static str,
    /// What it says, as a formula.
    pub statement: &'static str,
    /// What it needs.
    pub hypotheses: &'static [&'static str],
    /// The constants of the formula.
    pub constants: &'static [Constant],
    /// The idea of its proof.
    pub proof_idea: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// Where it is in the code.
    pub location: Location,
    /// How far it is established.
    pub status: ProofStatus,
    /// The Coq lemmas that state it, as `file::lemma`; there are some exactly if it is machine-checked.
    pub lemmas: &'static [&'static str],
}

impl Theorem {
    pub(in crate::bound) const fn new(statement: &'static Statement) -> Self {
        Self(statement)
    }

    /// The full statement.
    pub fn statement(self) -> &'static Statement {
        self.0
    }

    /// Identifier, such as `T4.tail`.
    pub fn id(self) -> &'static str {
        self.statement().id
    }

    /// Short name, such as `chernoff-tail`.
    pub fn name(self) -> &'static str {
        self.statement().name
    }

    /// Identifier and name; the name alone if it begins with the identifier.
    pub fn label(self) -> String {
        if self.name().starts_with(self.id()) {
            self.name().to_string()
        } else {
            format!("{} {}", self.id(), self.name())
        }
    }

    /// How far the statement is established.
    pub fn status(self) -> ProofStatus {
        self.statement().status
    }
}

impl fmt::Display for Theorem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

impl Serialize for Theorem {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}
