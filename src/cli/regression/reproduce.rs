//! `reproduce`: the paper's stochastic-gradient experiment.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::error::{Error, Result};
use crate::record::Provenance;
use crate::regression::reproduction::{ReproduceAnswer, run as train};
use crate::regression::training::{HeadKind, Settings};
use crate::study::simulate::Route;

use crate::cli::output::{Destination, Outcome, check_destinations, print};
use crate::cli::progress::Bar;
use crate::cli::simulation::stop_signal;

/// Arguments of `reproduce`.
#[derive(Debug, Clone, Args)]
pub struct ReproduceArguments {
    /// Five lengths (10, 30, 100, 300, 1000) and 20,000 steps instead of 19 lengths and 300,000 steps
    #[arg(long)]
    quick: bool,
    /// Prompt lengths, separated by commas [default: 10,20,..,100,200,..,1000]
    #[arg(long, value_delimiter = ',', allow_hyphen_values = true)]
    lengths: Option<Vec<u64>>,
    /// Steps of gradient descent [default: 300000]
    #[arg(long, allow_negative_numbers = true)]
    steps: Option<u64>,
    /// Fresh prompts in each step [default: 128]
    #[arg(long, allow_negative_numbers = true)]
    batch: Option<u64>,
    /// Step size [default: 0.001]
    #[arg(long, allow_negative_numbers = true)]
    step_size: Option<f64>,
    /// Fresh prompts on which a trained head is evaluated [default: 100000]
    #[arg(long, allow_negative_numbers = true)]
    evaluation: Option<u64>,
    /// Dimension of x [default: 5]
    #[arg(long, allow_negative_numbers = true)]
    dimension: Option<usize>,
    /// rho of the covariance rho^|i-j| of x [default: 0.5]
    #[arg(long, allow_negative_numbers = true)]
    correlation: Option<f64>,
    /// Variance of the noise of y [default: 0.1]
    #[arg(long, allow_negative_numbers = true)]
    noise_variance: Option<f64>,
    /// Variance of a coordinate of the task vector w [default: 1/d]
    #[arg(long, allow_negative_numbers = true)]
    task_variance: Option<f64>,
    /// What is drawn for every prompt
    #[arg(long, value_enum, default_value_t = PromptRoute::Plain)]
    route: PromptRoute,
    /// Seed of the random streams [default: 1]
    #[arg(long)]
    seed: Option<u64>,
    /// Which heads are trained
    #[arg(long, value_enum, default_value_t = HeadChoice::Both)]
    head: HeadChoice,
    /// Threads; they change nothing but the time [default: all processors]
    #[arg(long, allow_negative_numbers = true)]
    threads: Option<usize>,
    /// Keep the state of the experiment in this file, and continue from it
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t = ReproduceFormat::Text)]
    format: ReproduceFormat,
    /// Write the result to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Draw risk and distance against L into PREFIX-risk.svg and PREFIX-distance.svg
    #[arg(long, value_name = "PREFIX")]
    plot: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum HeadChoice {
    Softmax,
    Linear,
    Both,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PromptRoute {
    /// Everything, token by token
    Plain,
    /// Task vector and query; tokens and noise are averaged exactly: same mean, less noise, any L at the same cost
    RaoBlackwell,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReproduceFormat {
    /// For a terminal
    Text,
    /// For programs
    Json,
    /// Comma-separated values
    Csv,
}

impl ReproduceArguments {
    fn settings(&self) -> Settings {
        let base = if self.quick {
            Settings::quick()
        } else {
            Settings::paper()
        };
        let dimension = self.dimension.unwrap_or(base.dimension);
        Settings {
            task_variance: self.task_variance.unwrap_or(1.0 / dimension as f64),
            dimension,
            correlation: self.correlation.unwrap_or(base.correlation),
            noise_variance: self.noise_variance.unwrap_or(base.noise_variance),
            lengths: self.lengths.clone().unwrap_or(base.lengths),
            heads: match self.head {
                HeadChoice::Softmax => vec![HeadKind::Softmax],
                HeadChoice::Linear => vec![HeadKind::Linear],
                HeadChoice::Both => base.heads,
            },
            steps: self.steps.unwrap_or(base.steps),
            batch: self.batch.unwrap_or(base.batch),
            step_size: self.step_size.unwrap_or(base.step_size),
            evaluation: self.evaluation.unwrap_or(base.evaluation),
            seed: self.seed.unwrap_or(base.seed),
            route: match self.route {
                PromptRoute::Plain => Route::Plain,
                PromptRoute::RaoBlackwell => Route::RaoBlackwell,
            },
        }
    }
}

pub fn run(arguments: &ReproduceArguments) -> Result<Outcome> {
    let settings = arguments.settings();
    // Checked before Ctrl-C is caught and before any file is touched.
    settings.check()?;
    let checkpoint = arguments.checkpoint.as_deref();
    let pictures = arguments.plot.as_deref().map(pictures).transpose()?;
    let picture = |number: usize| Some(Destination::Picture(&pictures.as_ref()?[number]));
    check_destinations(&[
        picture(0),
        picture(1),
        arguments.output.as_deref().map(Destination::Result),
        checkpoint.map(Destination::State),
    ])?;
    let stop = stop_signal(checkpoint)?;
    let bar = Bar::new();
    let answer = train(&settings, arguments.threads, checkpoint, Some(&stop), &bar)?;
    drop(bar);
    if let Some(pictures) = &pictures {
        draw(&answer, pictures)?;
    }
    let provenance = Provenance::now("reproduce", Some(settings.seed));
    let text = match arguments.format {
        ReproduceFormat::Text => answer.text(&provenance),
        ReproduceFormat::Json => answer.json(&provenance),
        ReproduceFormat::Csv => answer.csv(&provenance),
    };
    print(&text, arguments.output.as_deref())?;
    Ok(Outcome::Success)
}

/// The names of both pictures.
fn pictures(prefix: &Path) -> Result<[PathBuf; 2]> {
    let is_picture = |extension: &std::ffi::OsStr| {
        let kinds = ["svg", "png", "pdf", "jpg", "jpeg", "eps", "gif"];
        kinds
            .iter()
            .any(|kind| extension.eq_ignore_ascii_case(kind))
    };
    if prefix.extension().is_some_and(is_picture) {
        return Err(Error::File {
            path: prefix.to_path_buf(),
            reason: "is not accepted: --plot takes a prefix, and writes PREFIX-risk.svg and PREFIX-distance.svg".into(),
        });
    }
    Ok(["risk", "distance"].map(|name| {
        let mut path = prefix.as_os_str().to_os_string();
        path.push(format!("-{name}.svg"));
        path.into()
    }))
}

fn draw(answer: &ReproduceAnswer, [risk, distance]: &[PathBuf; 2]) -> Result<()> {
    for (path, picture) in [
        (risk, answer.risk_svg(&[])),
        (distance, answer.distance_svg(&[])),
    ] {
        let picture = picture.map_err(|why| Error::Unavailable {
            what: "the picture",
            why,
        })?;
        print(&picture, Some(path))?;
    }
    Ok(())
}
