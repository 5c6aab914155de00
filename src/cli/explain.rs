//! `theorems`: every theorem of the registry in one line; `explain`: one of them in full.

use clap::Args;

use crate::bound::Theorem;
use crate::error::Result;
use crate::render::wrap;

use super::output::{Outcome, print};

pub fn list() -> Result<Outcome> {
    let mut text = String::new();
    for theorem in Theorem::ALL {
        let status = theorem.status().to_string();
        text.push_str(&format!(
            "{:<17} {:<23} {status:<16} {}\n",
            theorem.id(),
            theorem.name(),
            theorem.statement().title
        ));
    }
    text.push_str("\nattention-bounds explain THEOREM says more about one; id or name.\n");
    print(&text, None)?;
    Ok(Outcome::Success)
}

/// Arguments of `explain`.
#[derive(Debug, Clone, Args)]
pub struct ExplainArguments {
    /// Id or name of a theorem, for example T5 or laplace-bound
    theorem: String,
}

pub fn run(arguments: &ExplainArguments) -> Result<Outcome> {
    print(&explanation(Theorem::from_name(&arguments.theorem)?), None)?;
    Ok(Outcome::Success)
}

fn explanation(theorem: Theorem) -> String {
    let statement = theorem.statement();
    let mut lines = vec![format!("{}: {}", theorem.label(), statement.title)];
    let mut part = |title: &str, content: Vec<String>| {
        if !content.is_empty() {
            lines.extend([String::new(), title.to_string()]);
            lines.extend(content.iter().flat_map(|text| wrap(&format!("  {text}"))));
        }
    };
    part("Statement", vec![statement.statement.into()]);
    part(
        "Hypotheses",
        statement.hypotheses.iter().map(|h| h.to_string()).collect(),
    );
    let constants = statement.constants.iter();
    part(
        "Constants",
        constants
            .map(|c| format!("{}: {}", c.symbol, c.meaning))
            .collect(),
    );
    part("Idea of the proof", vec![statement.proof_idea.into()]);
    part("Source", vec![statement.source.into()]);
    let location = statement.location;
    part(
        "In the code",
        vec![format!("{} ({})", location.path, location.file)],
    );
    let mut status = vec![statement.status.to_string()];
    status.extend(statement.lemmas.iter().map(|lemma| format!("Coq: {lemma}")));
    part("Status", status);
    lines.join("\n") + "\n"
}
