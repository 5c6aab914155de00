//! Memory: nothing is allocated for a prompt, and a piece of a prompt is all that is kept of it.

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};

use attention_bounds::attention::{Head, QueryLaw};
use attention_bounds::law::{Gaussian, Rademacher, TokenLaw};
use attention_bounds::monte_carlo::{Cell, Control, Plan, QueryChoice, Route, Simulation};
use nalgebra::DMatrix;
use support::simulation::{cell, run_with};

static CALLS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

/// Counts what the system's allocator is asked for.
struct Counting;

// SAFETY: every call is handed on unchanged to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add(layout.size() as u64, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Calls and bytes of a run on one thread.
fn allocated(tokens: &dyn TokenLaw, cell: Cell, query: &QueryLaw, plan: Plan) -> (u64, u64) {
    let dimension = tokens.dimension();
    let matrix = DMatrix::from_fn(dimension, dimension, |i, j| {
        (i as f64 - 2.0 * j as f64).sin()
    });
    let head = Head::new(&matrix * 0.1, matrix).unwrap();
    let simulation = Simulation::new(tokens, &head, query, vec![cell], plan).unwrap();
    let before = (CALLS.load(Ordering::Relaxed), BYTES.load(Ordering::Relaxed));
    run_with(1, &simulation, &Control::default());
    let after = (CALLS.load(Ordering::Relaxed), BYTES.load(Ordering::Relaxed));
    (after.0 - before.0, after.1 - before.1)
}

/// One test, so that nothing else allocates meanwhile.
#[test]
fn prompts_are_free_of_allocation_and_length() {
    let gaussian = Gaussian::centred(DMatrix::identity(8, 8)).unwrap();
    let signs = Rademacher::new(8, 1.0).unwrap();
    let random = QueryLaw::gaussian(gaussian.clone());
    let list = QueryLaw::uniform(DMatrix::identity(8, 8)).unwrap();
    let cases: [(&dyn TokenLaw, &QueryLaw, Route); 4] = [
        (&gaussian, &random, Route::Plain),
        (&gaussian, &random, Route::RaoBlackwell),
        (&gaussian, &list, Route::Plain),
        (&signs, &list, Route::Plain),
    ];
    for (tokens, query, route) in cases {
        let plan = |prompts| Plan {
            value_gradient: true,
            key_query_gradient: true,
            thresholds: vec![0.5],
            ..Plan::new(prompts, 1, route)
        };
        let average = |length| cell(QueryChoice::Average, length);
        // All of these fit one block, so only prompts could make a difference; the histograms have a few more
        // bins, and a tree allocates for about every sixth.
        let (few, _) = allocated(tokens, average(200), query, plan(64));
        let (many, _) = allocated(tokens, average(200), query, plan(1024));
        assert!(many <= few + 120, "{route:?}: {few} and {many} allocations");
        // A prompt a hundred times as long needs no more memory.
        let (_, short) = allocated(tokens, average(3000), query, plan(4));
        let (_, long) = allocated(tokens, average(300_000), query, plan(4));
        assert!(
            long <= short + 20_000,
            "{route:?}: {short} and {long} bytes"
        );
        assert!(long < 4 << 20, "{route:?}: {long} bytes");
    }
}
