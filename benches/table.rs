//! Whole examples: exact values and bounds of the MiniLM head and of the paper's setting.
//!
//! `cargo bench --bench table`. `RAYON_NUM_THREADS=1` keeps it to one core.

use std::path::Path;

use attention_bounds::record::Row;
use attention_bounds::scenario::{Scenario, Setting};
use attention_bounds::study::TableOptions;
use attention_bounds::study::{Question, Silent, table};
use divan::Bencher;

fn main() {
    divan::main();
}

fn setting(name: &str) -> Setting {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(name);
    Scenario::load(&path)
        .and_then(|scenario| scenario.build())
        .expect("an example that is built")
}

fn rows(setting: &Setting) -> Vec<Row> {
    let question = Question::new(setting.tokens.as_ref(), &setting.head, &setting.query)
        .expect("shapes that fit");
    let options = TableOptions::default();
    table::rows(&question, &setting.lengths, &options, &Silent).expect("rows")
}

/// 64 queries, 8 lengths, 2,048 atoms in dimension 384; reading the files is not counted.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn minilm(bencher: Bencher) {
    let setting = setting("minilm.toml");
    bencher.bench(|| rows(&setting));
}

/// Reading the files of the MiniLM example and building its law.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn minilm_setting() -> Setting {
    setting("minilm.toml")
}

/// A Gaussian query, averaged over, at 8 lengths.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn paper(bencher: Bencher) {
    let setting = setting("paper.toml");
    bencher.bench(|| rows(&setting));
}
