//! `sample`: attention over a part of the keys of a context.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use toml::{Table, Value};

use crate::error::{Error, Result};
use crate::parameter::{ErrorProbability, Positive};
use crate::record::Provenance;
use crate::scenario::Scenario;
use crate::study::sampling::SampledStudy;

use super::flags::{ScenarioArguments, number};
use super::output::{Destination, Outcome, check_destinations, print};
use super::progress::Bar;
use super::simulation::{LevelArguments, PROMPTS, SEED};
use super::style::{FormatName, Queries, outcome};

/// Simulated draws for each budget that is tried where neither scenario nor flags say it.
const DEVIATION_PROMPTS: u64 = 2_000;

/// Arguments of `sample`.
#[derive(Debug, Clone, Args)]
pub struct SampleArguments {
    #[command(flatten)]
    scenario: ScenarioArguments,
    #[command(flatten)]
    keep: KeepArguments,
    /// How the keys that are not kept are drawn [default: the scenario's, or without-replacement]
    #[arg(long, value_enum)]
    design: Option<DesignName>,
    /// Proxies of the weights for importance sampling: a row a key, one column or one for each query (.npy or .csv)
    #[arg(long, value_name = "FILE")]
    proxy: Option<PathBuf>,
    /// Numbers of draws, separated by commas
    #[arg(long, value_delimiter = ',', allow_hyphen_values = true)]
    budgets: Vec<String>,
    /// Also the heaviest keys alone, and draws from all keys, at equal numbers of keys read
    #[arg(long)]
    compare: bool,
    /// Instead of a table: the smallest budget for which E|That - T|^2 is at most this part of |T|^2
    #[arg(long, value_name = "EPS", allow_negative_numbers = true)]
    epsilon: Option<f64>,
    /// With --epsilon: also budgets for which a larger error has at most this probability, by proof, by simulation and by a published rule
    #[arg(
        long,
        value_name = "DELTA",
        requires = "epsilon",
        allow_negative_numbers = true
    )]
    delta: Option<f64>,
    /// Also bounds of the probability that |That - T|^2 is at least this part of |T|^2
    #[arg(
        long,
        value_name = "EPS",
        conflicts_with = "epsilon",
        allow_negative_numbers = true
    )]
    tail: Option<f64>,
    /// Simulate too, and compare
    #[arg(long)]
    monte_carlo: bool,
    /// Simulated draws for each query and budget [default: the scenario's, or 10000; with --delta 2000]
    #[arg(long)]
    prompts: Option<u64>,
    /// Seed of the random streams [default: the scenario's, or 1]
    #[arg(long)]
    seed: Option<u64>,
    #[command(flatten)]
    levels: LevelArguments,
    /// Draw the average error against the number of keys read into this file
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t = FormatName::Text)]
    format: FormatName,
    /// Queries shown by text, markdown and latex
    #[arg(long, value_enum, default_value_t = Queries::Auto)]
    queries: Queries,
    /// Caption of the LaTeX table
    #[arg(long)]
    caption: Option<String>,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Keys that are read for certain; any of these flags replaces what the scenario keeps.
#[derive(Debug, Clone, Args)]
struct KeepArguments {
    /// Keep the first keys of the context, so many
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    sink: Option<i64>,
    /// Keep the last keys, so many
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    window: Option<i64>,
    /// Keep the keys with the largest scores, so many
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    top: Option<i64>,
    /// Keep these keys: numbers from 0, separated by commas
    #[arg(
        long,
        value_name = "I,..",
        value_delimiter = ',',
        allow_negative_numbers = true
    )]
    keep: Vec<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DesignName {
    /// Different keys, all with the same probability
    WithoutReplacement,
    /// Independent draws, all keys with the same probability
    WithReplacement,
    /// A coin for every key
    Bernoulli,
    /// Independent draws with probabilities proportional to --proxy
    ImportanceSampling,
}

pub fn run(arguments: &SampleArguments) -> Result<Outcome> {
    arguments.levels.check()?;
    arguments.check()?;
    check_destinations(&[
        arguments.plot.as_deref().map(Destination::Picture),
        arguments.output.as_deref().map(Destination::Result),
    ])?;
    let scenario = arguments
        .scenario
        .changed(|table| arguments.change(table))?;
    let study = scenario.sampled()?.progress(Bar::new());
    let study = arguments.levels.ask_sampled(&study)?;
    match arguments.epsilon {
        Some(epsilon) => arguments.budgets(&scenario, &study, epsilon),
        None => arguments.table(&scenario, study),
    }
}

impl SampleArguments {
    /// Refuses, before any file is read, what does not belong together.
    fn check(&self) -> Result<()> {
        let refuse = |what, why: &str| {
            Err(Error::Unavailable {
                what,
                why: why.into(),
            })
        };
        for (name, value) in [("--epsilon", self.epsilon), ("--tail", self.tail)] {
            value.map(|value| Positive::new(name, value)).transpose()?;
        }
        self.delta
            .map(|delta| ErrorProbability::new("--delta", delta))
            .transpose()?;
        let of_table = self.compare || self.monte_carlo || self.plot.is_some();
        if self.epsilon.is_some() && (of_table || !self.budgets.is_empty()) {
            let why = "it searches the smallest budgets, and prints no table";
            return refuse(
                "--epsilon with --budgets, --compare, --monte-carlo or --plot",
                why,
            );
        }
        let simulation = self.prompts.is_some() || self.seed.is_some();
        if simulation && !self.monte_carlo && self.delta.is_none() {
            let why = "there is a simulation with --monte-carlo or --delta only";
            return refuse("--prompts or --seed", why);
        }
        if self.caption.is_some() && self.format != FormatName::Latex {
            return refuse("--caption", "it belongs to --format latex");
        }
        Ok(())
    }

    /// The scenario with what the flags say.
    fn change(&self, scenario: &mut Table) {
        // Flags that describe a scenario leave the lengths out.
        if let Some(Value::Table(grid)) = scenario.get("grid")
            && grid.is_empty()
        {
            scenario.remove("grid");
        }
        let own = scenario
            .entry("sampling")
            .or_insert_with(|| Table::new().into());
        // What is no table is refused when it is read.
        let Value::Table(own) = own else {
            return;
        };
        let keep = self.keep.table();
        if !keep.is_empty() {
            own.insert("keep".into(), keep.into());
        }
        if let Some(design) = self.design.and_then(|design| design.to_possible_value()) {
            own.insert("design".into(), design.get_name().into());
            own.remove("proxy");
        }
        if let Some(proxy) = &self.proxy {
            let here = std::path::absolute(proxy).unwrap_or_else(|_| proxy.clone());
            own.insert("proxy".into(), here.to_string_lossy().into_owned().into());
        }
        if self.epsilon.is_some() {
            // They are searched.
            own.remove("budgets");
        }
        if !self.budgets.is_empty() {
            let budgets: Vec<Value> = self.budgets.iter().map(|text| number(text)).collect();
            own.insert("budgets".into(), budgets.into());
        }
    }

    fn table(&self, scenario: &Scenario, mut study: SampledStudy) -> Result<Outcome> {
        if scenario
            .sampling
            .as_ref()
            .is_none_or(|spec| spec.budgets.is_empty())
        {
            return Err(Error::Scenario {
                source_name: scenario.origin.name.clone(),
                key: "sampling.budgets".into(),
                value: "nothing".into(),
                accepted: "numbers of draws are required, here or by --budgets; or --epsilon, which searches them".into(),
            });
        }
        if self.compare {
            study = study.compare();
        }
        if let Some(epsilon) = self.tail {
            study = study.tail(epsilon)?;
        }
        let seed = self.seed(scenario);
        if self.monte_carlo {
            let prompts = self.prompts(scenario).unwrap_or(PROMPTS);
            study = study.simulate(prompts, seed);
        }
        let table = study.table()?;
        let provenance = Provenance::now(&scenario.origin.name, self.monte_carlo.then_some(seed));
        if let Some(path) = &self.plot {
            let picture = table.svg().map_err(|why| Error::Unavailable {
                what: "the picture",
                why,
            })?;
            print(&picture, Some(path))?;
        }
        let every = match self.queries {
            Queries::All => Some(true),
            Queries::Average => Some(false),
            Queries::Auto => None,
        };
        let text = match self.format {
            FormatName::Text => table.text(&provenance, every),
            FormatName::Json => table.json(&provenance),
            FormatName::Csv => table.csv(&provenance),
            FormatName::Markdown => table.markdown(&provenance, every),
            FormatName::Latex => table.latex(&provenance, every, self.caption.as_deref()),
        };
        print(&text, self.output.as_deref())?;
        Ok(outcome(table.is_violated()))
    }

    fn prompts(&self, scenario: &Scenario) -> Option<u64> {
        self.prompts
            .or(scenario.monte_carlo.map(|said| said.prompts))
    }

    fn seed(&self, scenario: &Scenario) -> u64 {
        let said = scenario.monte_carlo.map(|said| said.seed);
        self.seed.or(said).unwrap_or(SEED)
    }

    fn budgets(&self, scenario: &Scenario, study: &SampledStudy, epsilon: f64) -> Result<Outcome> {
        let (prompts, seed) = (self.prompts(scenario), self.seed(scenario));
        let study = study.simulate(prompts.unwrap_or(DEVIATION_PROMPTS), seed);
        let answer = study.smallest_budgets(epsilon, self.delta)?;
        let provenance = Provenance::now(&scenario.origin.name, self.delta.map(|_| seed));
        let text = match self.format {
            FormatName::Text => answer.text(&provenance),
            FormatName::Json => answer.json(&provenance),
            FormatName::Csv => answer.csv(&provenance),
            FormatName::Markdown => answer.markdown(&provenance),
            FormatName::Latex => answer.latex(&provenance, self.caption.as_deref()),
        };
        print(&text, self.output.as_deref())?;
        Ok(Outcome::Success)
    }
}

impl KeepArguments {
    /// What `sampling.keep` would be in a file.
    fn table(&self) -> Table {
        let counts = [
            ("sink", self.sink),
            ("window", self.window),
            ("top", self.top),
        ];
        let given = counts
            .into_iter()
            .filter_map(|(key, count)| Some((key.to_owned(), count?.into())));
        let mut table: Table = given.collect();
        if !self.keep.is_empty() {
            let indices: Vec<Value> = self.keep.iter().map(|index| (*index).into()).collect();
            table.insert("indices".into(), indices.into());
        }
        table
    }
}
