//! The error of a whole layer: 12 heads with an output projection in 384 dimensions, 2,048 tokens, 8 queries, 4 lengths.
//!
//! `cargo bench --bench layer` prints the seconds of each query and of all.

use std::time::Instant;

use attention_bounds::attention::Layer;
use attention_bounds::exact::LayerErrors;
use attention_bounds::law::Empirical;
use attention_bounds::{Head, PromptLength};
use nalgebra::{DMatrix, DVector};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

const HEADS: usize = 12;
const WIDTH: usize = 384;
const TOKENS: usize = 2048;
const QUERIES: usize = 8;
const LENGTHS: [u64; 4] = [256, 2_048, 16_384, 131_072];

fn main() {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    // Entries of variance 1; scores then have a standard deviation of about 1.5.
    let mut matrix = |rows: usize, columns: usize, size: f64| {
        let side = 3f64.sqrt() * size;
        DMatrix::from_fn(rows, columns, |_, _| random.random_range(-side..side))
    };
    let width = WIDTH / HEADS;
    let small = 1.0 / (WIDTH as f64).sqrt();
    let tokens = Empirical::new(&matrix(TOKENS, WIDTH, 1.0)).expect("tokens");
    let parts = (0..HEADS).map(|_| {
        let key = matrix(width, WIDTH, small);
        let key_query = key.tr_mul(&matrix(width, WIDTH, 1.5 * small)) / (width as f64).sqrt();
        let head = Head::new(key_query, matrix(width, WIDTH, small)).expect("a head");
        (head, matrix(WIDTH, width, small))
    });
    let layer = Layer::projected(parts.collect()).expect("a layer");
    let lengths = LENGTHS.map(|length| PromptLength::new(length).expect("a length"));
    let queries: Vec<DVector<f64>> = (0..QUERIES)
        .map(|_| matrix(WIDTH, 1, 1.0).column(0).into_owned())
        .collect();
    let start = Instant::now();
    let errors = LayerErrors::new(&tokens, &layer).expect("a layer of these tokens");
    println!(
        "outputs of the tokens: {:.2} s",
        start.elapsed().as_secs_f64()
    );
    for query in &queries {
        let own = Instant::now();
        let found = errors.at(query, &lengths).expect("errors");
        let last = found.last().expect("a length");
        println!(
            "{:.2} s: at L = {} the layer {:.9e} +- {:.0e}, single heads {:.9e}",
            own.elapsed().as_secs_f64(),
            LENGTHS[3],
            last.total.value,
            last.total.error,
            last.alone.value
        );
    }
    println!("all: {:.2} s", start.elapsed().as_secs_f64());
}
