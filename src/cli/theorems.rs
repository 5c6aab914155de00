//! `theorems`: every theorem of the registry in one line.

use crate::bound::Theorem;
use crate::error::Result;

use super::output::{Outcome, print};

/// Runs `theorems`.
pub fn run() -> Result<Outcome> {
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
