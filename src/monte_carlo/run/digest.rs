//! A fingerprint of tokens, head and query, so that results of different scenarios are never joined.

use nalgebra::DVector;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::attention::{FixedTokens, Head, QueryLaw};
use crate::law::TokenLaw;

/// Tokens that a law is known by.
const SAMPLES: usize = 16;

/// FNV-1a with 128 bits: it finds mistakes, it does not resist forgery.
struct Hash(u128);

impl Hash {
    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 ^= u128::from(*byte);
            self.0 = self
                .0
                .wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        }
    }

    /// A list of numbers, with its length.
    fn numbers<'a>(&mut self, numbers: impl ExactSizeIterator<Item = &'a f64>) {
        self.bytes(&(numbers.len() as u64).to_le_bytes());
        for number in numbers {
            self.bytes(&number.to_bits().to_le_bytes());
        }
    }
}

/// 32 hexadecimal digits that depend on the token law, the head and the query law.
///
/// Head and query enter with all their numbers. A token law enters by its name, its dimension, its first
/// draws from a fixed stream, and its cumulant and mean at tilt zero and at a fixed tilt of length about 1,
/// which depend on every parameter it has. Fixed tokens enter with all their numbers.
pub(super) fn digest(
    tokens: &dyn TokenLaw,
    head: &Head,
    query: &QueryLaw,
    fixed: Option<&FixedTokens>,
) -> String {
    let mut hash = Hash(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
    hash.bytes(tokens.name().as_bytes());
    let dimension = tokens.dimension();
    let mut random = ChaCha8Rng::from_seed(*b"fingerprint of an attention head");
    let mut token = vec![0.0; dimension];
    for _ in 0..SAMPLES {
        tokens.sample(&mut random, &mut token);
        hash.numbers(token.iter());
    }
    let scale = 1.0 / (dimension.max(1) as f64).sqrt();
    let tilt = DVector::from_fn(dimension, |j, _| scale * (1.0 + j as f64).cos());
    for tilt in [tilt, DVector::zeros(dimension)] {
        hash.numbers([tokens.cumulant(&tilt)].iter());
        hash.numbers(tokens.tilted_mean(&tilt).as_slice().iter());
    }
    hash.numbers(head.key_query().as_slice().iter());
    hash.numbers(head.value().as_slice().iter());
    hash.numbers(head.tilt_bias().as_slice().iter());
    match query {
        QueryLaw::List { queries, weights } => {
            hash.bytes(b"list");
            hash.numbers(queries.as_slice().iter());
            hash.numbers(weights.iter());
        }
        QueryLaw::Gaussian(law) => {
            hash.bytes(b"gaussian");
            hash.numbers(law.mean().as_slice().iter());
            hash.numbers(law.covariance().as_slice().iter());
        }
    }
    if let Some(fixed) = fixed {
        hash.bytes(b"fixed");
        hash.numbers(fixed.tokens().as_slice().iter());
        hash.bytes(&[u8::from(fixed.holds_query())]);
    }
    format!("{:032x}", hash.0)
}
