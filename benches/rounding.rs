//! Enclosures against MPFR: millions of random and extreme arguments, 400-bit reference values.
//!
//! `cargo bench --features mpfr --bench rounding` (the first build compiles GMP and MPFR, several minutes; then
//! a minute). An optional argument after `--` multiplies the number of cases. Prints, for every function, the
//! number of cases, of enclosures that do not contain the true value, and how wide they are. Exit code 1 if
//! there is a failure.

mod mpfr;

use mpfr::tally::Tally;
use mpfr::{formulas, operations, records};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Cases for an operation, a formula and a round of records.
const OPERATIONS: usize = 200_000;
const FORMULAS: usize = 120_000;
const RECORDS: usize = 60_000;

fn main() {
    let factor: f64 = std::env::args()
        .skip(1)
        .find_map(|word| word.parse().ok())
        .unwrap_or(1.0);
    let count = |n: usize| (n as f64 * factor) as usize;
    let mut random = ChaCha8Rng::seed_from_u64(20_261_125);
    let mut tallies = operations::run(&mut random, count(OPERATIONS));
    tallies.extend(formulas::run(&mut random, count(FORMULAS)));
    tallies.extend(records::run(&mut random, count(RECORDS)));
    let mut failures = 0;
    let mut cases = 0;
    println!("{}", Tally::HEADING);
    for tally in &mut tallies {
        println!("{}", tally.line());
        failures += tally.failures();
        cases += tally.cases();
    }
    println!("{cases} cases, {failures} failures");
    if failures > 0 {
        std::process::exit(1);
    }
}
