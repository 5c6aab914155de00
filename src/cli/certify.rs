//! `certify`: a Coq file with one lemma for every printed bound, and Coq's answer.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::certificate::{Certificates, find_coq, run as prove};
use crate::error::{Error, Result};
use crate::record::{Provenance, QueryLabel, Row, Table};

use super::flags::ScenarioArguments;
use super::metrics::MetricArguments;
use super::output::{Destination, Outcome, check_destinations, print};
use super::progress::Bar;

/// Arguments of `certify`.
#[derive(Debug, Clone, Args)]
pub struct CertifyArguments {
    #[command(flatten)]
    scenario: ScenarioArguments,
    #[command(flatten)]
    metrics: MetricArguments,
    /// Queries whose bounds are certified
    #[arg(long, value_enum, default_value_t = CertifiedQueries::Auto)]
    queries: CertifiedQueries,
    /// Certify finite bounds that are vacuous too
    #[arg(long)]
    vacuous: bool,
    /// Write the Coq file here
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Let Coq check it (coqc and coq-interval must be installed)
    #[arg(long)]
    run: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CertifiedQueries {
    /// Every query and the average
    All,
    /// The average only (its parts are lemmas too)
    Average,
    /// The average only if there are more than 8 queries
    Auto,
}

/// Queries beyond which only the average is certified unless all are asked for, as in a table.
const MANY: usize = 8;

pub fn run(arguments: &CertifyArguments) -> Result<Outcome> {
    if !arguments.run && arguments.output.is_none() {
        return Err(Error::Unavailable {
            what: "the certificate",
            why: "--output FILE (write it), --run (let Coq check it) or both are required".into(),
        });
    }
    check_destinations(&[arguments.output.as_deref().map(Destination::Result)])?;
    if arguments.run {
        find_coq()?;
    }
    let scenario = arguments.scenario.scenario()?;
    let study = arguments.metrics.ask(scenario.study()?)?;
    let table = study.progress(Bar::new()).table()?;
    let rows = selected(&table, arguments.queries);
    let certificates = Certificates::new(&rows, arguments.vacuous);
    let text = certificates.text(&heading(&table));
    if let Some(path) = &arguments.output {
        print(&text, Some(path))?;
    }
    let mut answer = report(&table, &certificates);
    if arguments.run {
        let folder = tempfile::tempdir().map_err(|error| Error::File {
            path: std::env::temp_dir(),
            reason: format!("a folder for Coq's files cannot be made in it: {error}"),
        })?;
        let proved = prove(folder.path(), &text)?;
        answer.push_str(&format!(
            "Coq proved all {} lemmas in {:.1} s (and compiled the library they use in {:.1} s).\n",
            certificates.lemmas.len(),
            proved.certificates.as_secs_f64(),
            proved.library.as_secs_f64()
        ));
    }
    print(&answer, None)?;
    Ok(Outcome::Success)
}

/// Writes the certificates of a table to a file, for `table --certify`.
pub fn write(table: &Table, path: &std::path::Path) -> Result<()> {
    let rows = selected(table, CertifiedQueries::Auto);
    print(
        &Certificates::new(&rows, false).text(&heading(table)),
        Some(path),
    )
}

fn selected(table: &Table, queries: CertifiedQueries) -> Vec<Row> {
    let single = table.rows.iter().filter_map(|row| match row.query {
        QueryLabel::Index(index) => Some(index),
        QueryLabel::Average => None,
    });
    let count = single.max().map_or(0, |most| most + 1);
    let all = match queries {
        CertifiedQueries::All => true,
        CertifiedQueries::Average => false,
        CertifiedQueries::Auto => count <= MANY,
    };
    let kept = |row: &&Row| all || row.query == QueryLabel::Average;
    table.rows.iter().filter(kept).cloned().collect()
}

fn heading(table: &Table) -> Vec<String> {
    vec![
        "Certificates of printed bounds: each lemma states that a function of bounds_definitions.v, at the exact \
         rationals of the floats used, is at most the printed decimal."
            .to_owned(),
        SCOPE.to_owned(),
        Provenance::now(&table.scenario, None).line(),
        table.description.clone(),
        "To check: make -C proofs build, then coqc -Q proofs AttentionBounds FILE; or attention-bounds certify --run."
            .to_owned(),
    ]
}

/// What a certificate says, and on what it rests.
const SCOPE: &str = "A lemma says that the formula of the theorem, at the constants in it (sigma^2, F0, rho, kap, A2, s^2, tau_V, eta, |V|^2), is at \
most the printed decimal. The constants are taken from the calculator, which rounds them up (docs/rounding.md, Constants): that they bound \
those of the law is not proved by Coq, and neither is the theorem here (proofs/README.md).";

/// What is certified and what is not.
fn report(table: &Table, certificates: &Certificates) -> String {
    let mut text = format!(
        "{}\n{} lemmas for {} printed bounds\n",
        table.description,
        certificates.lemmas.len(),
        certificates.certified()
    );
    let mut reasons: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for left in &certificates.left_out {
        *reasons.entry((&left.theorem, &left.reason)).or_default() += 1;
    }
    for ((theorem, reason), count) in reasons {
        text.push_str(&format!(
            "no certificate for {count} values of {theorem}: {reason}
"
        ));
    }
    text.push_str(&format!("{SCOPE}\n"));
    text.push_str(&format!(
        "{}\n",
        Provenance::now(&table.scenario, None).line()
    ));
    text
}
