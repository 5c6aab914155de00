//! What the Monte Carlo tests share: running a simulation, and standardised differences.

use attention_bounds::attention::{Head, QueryLaw};
use attention_bounds::law::TokenLaw;
use attention_bounds::monte_carlo::{
    Cell, CellEstimates, Control, Estimate, Partial, Plan, QueryChoice, Shard, Simulation,
};
use attention_bounds::parameter::PromptLength;
use nalgebra::DMatrix;

/// `|difference| / standard error` above this has probability 2e-7 for a normal difference. Seeds are fixed, so
/// a test that passes once passes always; the level says how surprising a failure after a change of
/// streams would be.
pub const STANDARD_ERRORS: f64 = 5.2;

pub fn cell(query: QueryChoice, length: u64) -> Cell {
    Cell {
        query,
        length: PromptLength::new(length).unwrap(),
    }
}

pub fn first(length: u64) -> Cell {
    cell(QueryChoice::Index(0), length)
}

pub fn one_query(coordinates: &[f64]) -> QueryLaw {
    QueryLaw::uniform(DMatrix::from_column_slice(
        coordinates.len(),
        1,
        coordinates,
    ))
    .unwrap()
}

/// Runs a simulation with a pool of `threads` threads.
pub fn run_with(threads: usize, simulation: &Simulation<'_>, control: &Control<'_>) -> Partial {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    let begin = simulation.begin(Shard::whole()).unwrap();
    pool.install(|| simulation.advance(begin, control)).unwrap()
}

pub fn estimates(
    tokens: &dyn TokenLaw,
    head: &Head,
    query: &QueryLaw,
    cells: Vec<Cell>,
    plan: Plan,
) -> Vec<CellEstimates> {
    let simulation = Simulation::new(tokens, head, query, cells, plan).unwrap();
    let begin = simulation.begin(Shard::whole()).unwrap();
    simulation
        .advance(begin, &Control::default())
        .unwrap()
        .estimates()
        .unwrap()
}

/// Asserts that an estimate agrees with a known value.
#[track_caller]
pub fn agrees(what: &str, estimate: Estimate, value: f64) {
    let difference = (estimate.mean - value).abs();
    // Rounding, where the standard error is zero.
    let allowed = STANDARD_ERRORS * estimate.standard_error + 1e-12 * value.abs();
    assert!(
        difference <= allowed,
        "{what}: {estimate:?}, expected {value}"
    );
}

/// Asserts that two independent estimates of the same quantity agree.
#[track_caller]
pub fn same(what: &str, one: Estimate, two: Estimate) {
    let error = one.standard_error.hypot(two.standard_error);
    let difference = (one.mean - two.mean).abs();
    assert!(
        difference <= STANDARD_ERRORS * error + 1e-12 * one.mean.abs(),
        "{what}: {one:?} against {two:?}"
    );
}
