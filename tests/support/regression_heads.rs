//! A task and heads that the tests of the experiment share.

use attention_bounds::regression::training::{HeadKind, Purpose, Settings, Weights, stream};

pub const HEADS: [HeadKind; 2] = [HeadKind::Softmax, HeadKind::Linear];

/// A task whose numbers all differ from the paper's.
pub fn settings(dimension: usize) -> Settings {
    Settings {
        dimension,
        correlation: -0.4,
        noise_variance: 0.3,
        task_variance: 0.7,
        seed: 11,
        ..Settings::paper()
    }
}

/// Larger entries than those of a start, so that no term of a gradient is small.
pub fn weights(settings: &Settings, scale: f64) -> Weights {
    let mut random = stream(5, HeadKind::Linear, 1, Purpose::Start);
    let mut weights = Weights::random(settings.dimension + 1, &mut random);
    for matrix in weights.matrices_mut() {
        matrix.entries_mut().iter_mut().for_each(|x| *x *= scale);
    }
    weights
}
