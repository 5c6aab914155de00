//! Random arguments.

use attention_bounds::parameter::PromptLength;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Random numbers in the shapes that are needed.
pub trait Draw {
    fn between(&mut self, low: f64, high: f64) -> f64;
    fn one_of(&mut self, list: &[f64]) -> f64;
    fn power_of_ten(&mut self, low: f64, high: f64) -> f64;
    fn any_finite(&mut self) -> f64;
}

impl Draw for ChaCha8Rng {
    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.random::<f64>()
    }

    fn one_of(&mut self, list: &[f64]) -> f64 {
        list[self.random_range(0..list.len())]
    }

    fn power_of_ten(&mut self, low: f64, high: f64) -> f64 {
        10f64.powf(self.between(low, high))
    }

    /// Any bit pattern that is a number: subnormal, huge, of either sign.
    fn any_finite(&mut self) -> f64 {
        loop {
            let x = f64::from_bits(self.random());
            if x.is_finite() {
                return x;
            }
        }
    }
}

/// Prompt lengths.
pub const LENGTHS: [f64; 9] = [
    2.0,
    3.0,
    7.0,
    1e3,
    1e6,
    1e9,
    1e12,
    1e15,
    9_007_199_254_740_992.0,
];

/// A length.
pub fn length(value: f64) -> PromptLength {
    PromptLength::new(value as u64).expect("a length")
}

/// `s^2` for `s` up to 30, as often small.
pub fn score_variance(r: &mut ChaCha8Rng) -> f64 {
    let list = [
        0.0,
        r.between(0.0, 1.0),
        r.between(0.0, 30.0),
        r.between(0.0, 30.0).powi(2),
    ];
    r.one_of(&list)
}

/// `del` anywhere in `(1/L, 1)`, its first and last float included.
pub fn delta(r: &mut ChaCha8Rng, l: f64) -> f64 {
    let (first, last) = ((1.0 / l).next_up(), 1f64.next_down());
    let u = [
        r.between(0.0, 1.0),
        r.power_of_ten(-12.0, 0.0),
        1.0 - r.power_of_ten(-15.0, 0.0),
    ];
    let inner = first + (1.0 - first) * r.one_of(&u);
    let edges = [
        first,
        first * (1.0 + 1e-10),
        last,
        1.0 - 1e-9,
        inner,
        inner,
        inner,
        inner,
        inner,
        inner,
    ];
    r.one_of(&edges).clamp(first, last)
}
