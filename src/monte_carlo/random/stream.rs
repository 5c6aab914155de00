//! Random streams: which prompt draws which random numbers.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::monte_carlo::plan::{Cell, QueryChoice, Route};
use crate::parameter::PromptLength;

/// Tokens in a block of prompts, about.
const TOKENS: u64 = 1 << 18;
/// Most prompts in a block.
const MOST_PROMPTS: u64 = 1 << 10;

/// Prompts in a block: a power of two from 1 to 1024, chosen from the prompt length alone.
///
/// A block has its own random stream and is never divided. It holds about `2^18` tokens (a few
/// milliseconds), so that work is shared evenly and a stop is heeded soon; a prompt longer than that is a
/// block by itself.
///
/// # Examples
/// ```
/// use attention_bounds::PromptLength;
/// use attention_bounds::monte_carlo::block_prompts;
///
/// assert_eq!(block_prompts(PromptLength::new(1 << 10)?), 1 << 8);
/// assert_eq!(block_prompts(PromptLength::new(1 << 30)?), 1);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn block_prompts(length: PromptLength) -> u64 {
    let prompts = (TOKENS / length.get()).clamp(1, MOST_PROMPTS);
    1 << prompts.ilog2()
}

/// The stream of one block: ChaCha8 with stream number `block` and the key (seed, length, query, route).
///
/// The key has 256 bits, so no two (seed, cell, route) share a key, and ChaCha8 has `2^64` streams a key:
/// streams never overlap, and estimates of different cells are independent. Nothing here depends on
/// the number of threads, on the number of prompts or on how blocks are shared out.
pub fn block_stream(seed: u64, cell: Cell, route: Route, block: u64) -> ChaCha8Rng {
    let query = match cell.query {
        QueryChoice::Index(index) => index as u64,
        QueryChoice::Average => u64::MAX,
    };
    let route = match route {
        Route::Plain => *b"plain   ",
        Route::RaoBlackwell => *b"rao-blac",
    };
    keyed_stream(
        [
            seed.to_le_bytes(),
            cell.length.get().to_le_bytes(),
            query.to_le_bytes(),
            route,
        ],
        block,
    )
}

/// ChaCha8 with these 256 bits as key and this number of a stream.
pub(crate) fn keyed_stream(words: [[u8; 8]; 4], number: u64) -> ChaCha8Rng {
    let mut key = [0_u8; 32];
    for (place, byte) in key.iter_mut().zip(words.iter().flatten()) {
        *place = *byte;
    }
    let mut random = ChaCha8Rng::from_seed(key);
    random.set_stream(number);
    random
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use rand::Rng;

    use super::*;

    #[test]
    fn blocks_shrink_with_the_prompt() {
        let prompts = |length| block_prompts(PromptLength::new(length).unwrap());
        assert_eq!(prompts(1), 1024);
        assert_eq!(prompts(1024), 256);
        assert_eq!(prompts(1000), 256);
        assert_eq!(prompts(1 << 18), 1);
        assert_eq!(prompts(1 << 53), 1);
    }

    #[test]
    fn streams_differ_in_every_part_of_their_name() {
        let mut seen = HashSet::new();
        let mut count = 0;
        for seed in [0, 1, u64::MAX] {
            for length in [1, 2, 1 << 40] {
                for query in [
                    QueryChoice::Index(0),
                    QueryChoice::Index(1),
                    QueryChoice::Average,
                ] {
                    for route in [Route::Plain, Route::RaoBlackwell] {
                        for block in [0, 1, u64::MAX] {
                            let length = PromptLength::new(length).unwrap();
                            let cell = Cell { query, length };
                            seen.insert(block_stream(seed, cell, route, block).next_u64());
                            count += 1;
                        }
                    }
                }
            }
        }
        assert_eq!(seen.len(), count);
    }

    /// Pinned: a change of these values is a value-breaking change of every simulation.
    #[test]
    fn pinned_values() {
        let cell = Cell {
            query: QueryChoice::Index(2),
            length: PromptLength::new(1024).unwrap(),
        };
        let mut random = block_stream(7, cell, Route::Plain, 5);
        assert_eq!([random.next_u64(), random.next_u64()], PINNED);
    }
    const PINNED: [u64; 2] = [8_360_928_794_031_741_369, 14_940_528_340_769_274_375];
}
