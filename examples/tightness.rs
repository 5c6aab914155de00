//! Writes docs/tightness.md: bound divided by exact value, for the theorems that bound an error.
//!
//! `cargo run --release --example tightness > docs/tightness.md` (about a minute). The numbers are rounded to three digits; nothing in
//! them is simulated.

use attention_bounds::attention::{Head, QueryLaw};
use attention_bounds::bound::Theorem;
use attention_bounds::error::Result;
use attention_bounds::law::{Gaussian, RareAtom, TokenLaw};
use attention_bounds::parameter::PromptLength;
use attention_bounds::record::{Metric, QueryLabel, Row};
use attention_bounds::render::round_nearest;
use attention_bounds::scenario::Scenario;
use attention_bounds::study::TableOptions;
use attention_bounds::study::{Question, Silent, table};
use nalgebra::{DMatrix, DVector};

const LENGTHS: [u64; 5] = [100, 10_000, 1_000_000, 100_000_000, 1_000_000_000_000];
const DEVIATIONS: [f64; 7] = [0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0];
const RATIOS: [f64; 7] = [0.1, 0.25, 0.4, 0.5, 0.75, 1.0, std::f64::consts::SQRT_2];
/// Tokens and queries of the first table.
const DIMENSION: usize = 5;

fn main() -> Result<()> {
    println!(
        "# How tight the bounds are\n\n\
         Each number is **bound / exact value**, so 1 is best. Written by\n\n\
         ```console\n$ cargo run --release --example tightness > docs/tightness.md\n```\n\n\
         from exact values (T2, T3) and bounds alone. `-` means that the theorem does not apply or has overflowed. Numbers of 1e5 or more say \
         that the bound is far too large to be of use there."
    );
    pointwise()?;
    averages()?;
    real_head()
}

/// Slack over (L, s) at fixed queries.
fn pointwise() -> Result<()> {
    println!(
        "\n## Fixed queries: Gaussian tokens\n\n\
         Tokens `N(0, I)` in dimension {DIMENSION}, `U = V = I`, a query of length `s` (the standard deviation of a score). T4 and T5 know the law; \
         T6.chernoff, T6.laplace and T6.crude know its variance proxy only. T9 bounds the gradients: \
         T9.key-query.capped is the sharper form of T9.key-query. T19 is a lower bound, as a share of the exact value."
    );
    let tokens = Gaussian::centred(DMatrix::identity(DIMENSION, DIMENSION))?;
    let head = Head::new(
        DMatrix::identity(DIMENSION, DIMENSION),
        DMatrix::identity(DIMENSION, DIMENSION),
    )?;
    let mut queries = DMatrix::zeros(DIMENSION, DEVIATIONS.len());
    queries.set_row(0, &DVector::from_row_slice(&DEVIATIONS).transpose());
    let query = QueryLaw::uniform(queries)?;
    let question = Question::new(&tokens, &head, &query)?;
    let options = TableOptions {
        participation: true,
        gradients: true,
        ..Default::default()
    };
    let rows = table::rows(&question, &lengths()?, &options, &Silent)?;
    for (metric, theorem) in [
        (Metric::Output, Theorem::TRIVIAL_BOUND),
        (Metric::Output, Theorem::CHERNOFF_BOUND),
        (Metric::Output, Theorem::LAPLACE_BOUND),
        (Metric::Output, Theorem::FRACTIONAL_MOMENTS),
        (Metric::Output, Theorem::TWO_CHORD_FRACTIONAL_MOMENTS),
        (Metric::Output, Theorem::LOWER_BOUND),
        (Metric::Output, Theorem::SUB_GAUSSIAN_CHERNOFF),
        (Metric::Output, Theorem::SUB_GAUSSIAN_LAPLACE),
        (Metric::Output, Theorem::CHERNOFF_ENTROPY),
        (Metric::Output, Theorem::CRUDE_BOUND),
        (Metric::Participation, Theorem::LAPLACE_PARTICIPATION),
        (Metric::ValueGradient, Theorem::VALUE_GRADIENT),
        (Metric::KeyQueryGradient, Theorem::KEY_QUERY_GRADIENT),
        (Metric::KeyQueryGradient, Theorem::CAPPED_KEY_QUERY_GRADIENT),
        (
            Metric::KeyQueryGradient,
            Theorem::SUB_GAUSSIAN_KEY_QUERY_GRADIENT,
        ),
        (Metric::KeyQueryGradient, Theorem::CRUDE_KEY_QUERY_GRADIENT),
    ] {
        heading(&theorem.label(), "s", &DEVIATIONS);
        for length in LENGTHS {
            let cells = (0..DEVIATIONS.len()).map(|index| {
                let found = rows.iter().find(|row| {
                    (row.metric, row.query, row.length)
                        == (metric, QueryLabel::Index(index), length)
                });
                slack(found, theorem)
            });
            line(length, cells);
        }
    }
    Ok(())
}

/// Slack of T7 over (L, q), against the law that shows its exponent optimal and against Gaussian tokens.
fn averages() -> Result<()> {
    println!(
        "\n## A query on average\n\n\
         T7 and T7.gaussian know two variance proxies only, so what counts is the worst law of the class. `d = 1`, `sigma = 1`, `V = 1`, `U = q`, a standard normal query: T7, and T7.gaussian, which knows besides that the query is normal, \
         against the rare-atom law with `eps = 1/L` (T12, the worst law known here), and against Gaussian tokens, where T5, T15, T6 (the smaller of them) and T19, which know the law, are \
         integrated over the query; `lam = q^2`."
    );
    let one = DMatrix::identity(1, 1);
    let query = QueryLaw::gaussian(Gaussian::centred(one.clone())?);
    for (rare, theorem) in [
        (true, Theorem::UNIFORM_RATE),
        (true, Theorem::UNIFORM_RATE_GAUSSIAN_QUERY),
        (false, Theorem::UNIFORM_RATE),
        (false, Theorem::UNIFORM_RATE_GAUSSIAN_QUERY),
        (false, Theorem::LAPLACE_BOUND),
        (false, Theorem::FRACTIONAL_MOMENTS),
        (false, Theorem::OUTPUT_CONCENTRATION),
        (false, Theorem::LOWER_BOUND),
    ] {
        let law = if rare {
            "rare atoms"
        } else {
            "Gaussian tokens"
        };
        heading(&format!("{} / {law}", theorem.label()), "q", &RATIOS);
        for length in LENGTHS {
            let tokens: Box<dyn TokenLaw> = if rare {
                Box::new(RareAtom::widest(1.0, 1.0 / length as f64)?)
            } else {
                Box::new(Gaussian::centred(one.clone())?)
            };
            let mut cells = Vec::new();
            for q in RATIOS {
                let head = Head::new(&one * q, one.clone())?;
                let question = Question::new(tokens.as_ref(), &head, &query)?;
                let rows = table::rows(
                    &question,
                    &[PromptLength::new(length)?],
                    &TableOptions::default(),
                    &Silent,
                )?;
                cells.push(slack(rows.first(), theorem));
            }
            line(length, cells.into_iter());
        }
    }
    Ok(())
}

/// The head of the example, averaged over its 64 queries.
fn real_head() -> Result<()> {
    println!(
        "\n## A trained head\n\n\
         `examples/minilm.toml`, averaged over its queries. T16 is the upper end of the enclosure of the exact value, less 1; T19 a lower bound.\n\n\
         | `L` | T16 - 1 | T4 | T5 | T15 | T15.chords | T6 output-concentration | T19 |\n|---|---|---|---|---|---|---|---|"
    );
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/minilm.toml");
    let setting = Scenario::load(&path)?.build()?;
    let question = Question::new(setting.tokens.as_ref(), &setting.head, &setting.query)?;
    let rows = table::rows(
        &question,
        &setting.lengths,
        &TableOptions::default(),
        &Silent,
    )?;
    for row in rows.iter().filter(|row| row.query == QueryLabel::Average) {
        let excess = row.exact.as_ref().map(|e| e.upper() / e.value - 1.0);
        let known = [
            Theorem::CHERNOFF_BOUND,
            Theorem::LAPLACE_BOUND,
            Theorem::FRACTIONAL_MOMENTS,
            Theorem::TWO_CHORD_FRACTIONAL_MOMENTS,
            Theorem::OUTPUT_CONCENTRATION,
            Theorem::LOWER_BOUND,
        ];
        let bounds: Vec<String> = known.map(|theorem| slack(Some(row), theorem)).into();
        let excess = excess.map_or("-".into(), |excess| format!("{excess:.0e}"));
        println!("| {} | {excess} | {} |", row.length, bounds.join(" | "));
    }
    Ok(())
}

fn lengths() -> Result<Vec<PromptLength>> {
    LENGTHS.iter().map(|&l| PromptLength::new(l)).collect()
}

fn heading(name: &str, variable: &str, values: &[f64]) {
    let titles: Vec<String> = values
        .iter()
        .map(|v| format!("`{variable}` = {}", (v * 1e4).round() / 1e4))
        .collect();
    println!("\n### {name}\n\n| `L` | {} |", titles.join(" | "));
    println!("|---|{}", "---|".repeat(values.len()));
}

fn line(length: u64, cells: impl Iterator<Item = String>) {
    let cells: Vec<String> = cells.collect();
    println!("| {:e} | {} |", length as f64, cells.join(" | "));
}

/// Bound over exact value, three digits.
fn slack(row: Option<&Row>, theorem: Theorem) -> String {
    let ratio = row.and_then(|row| {
        let bound = match theorem == Theorem::LOWER_BOUND {
            true => row.lower_bounds.first()?.value,
            false => {
                let found = row.bounds.iter().find(|b| b.theorem() == theorem);
                found?.value()?
            }
        };
        let exact = row.exact.as_ref().ok()?;
        Some(bound / exact.value)
    });
    match ratio {
        Some(ratio) if ratio < 1000.0 => format!("{ratio:.3}"),
        Some(ratio) if ratio.is_finite() => round_nearest(ratio, 3),
        _ => "-".into(),
    }
}
