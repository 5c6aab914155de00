//! Standard normal numbers, many at a time.

use rand::{Rng, RngExt};

use super::ziggurat_table::{STRIPS, Strips, TAIL, density};

/// Numbers drawn at a time: their random words fit on the stack.
const CHUNK: usize = 256;

/// Fills `numbers` with independent standard normal numbers.
///
/// The Ziggurat method with 256 strips (Marsaglia and Tsang 2000, in the form of Doornik 2005): the lowest
/// 8 bits of a word choose the strip, the highest 52 the place in it. 1.2% of the words need more: they
/// are settled after the rest of their chunk of 256, with words drawn after those of the chunk, so that
/// the common case is a loop without branches. The result depends on the state of `random` and on
/// `numbers.len()` only.
pub fn fill_normals<R: Rng>(random: &mut R, numbers: &mut [f64]) {
    let strips: &Strips = &STRIPS;
    let abscissae = &strips.abscissae;
    let mut bytes = [0_u8; 8 * CHUNK];
    for chunk in numbers.chunks_mut(CHUNK) {
        let (bytes, _) = bytes.split_at_mut(8 * chunk.len());
        random.fill_bytes(bytes);
        let (words, _) = bytes.as_chunks::<8>();
        let mut open = [0_u8; CHUNK];
        let mut count = 0_usize;
        for (place, (number, word)) in chunk.iter_mut().zip(words).enumerate() {
            let word = u64::from_le_bytes(*word);
            let strip = (word & 0xff) as usize;
            let x = symmetric(word) * abscissae[strip];
            *number = x;
            // `count` is at most `place`, which is below 256: the mask only removes the bounds check.
            open[count & 0xff] = place as u8;
            count += usize::from(x.abs() >= abscissae[strip + 1]);
        }
        for &place in open.iter().take(count) {
            let place = usize::from(place);
            if let (Some(number), Some(word)) = (chunk.get_mut(place), words.get(place)) {
                *number = settle(strips, random, u64::from_le_bytes(*word));
            }
        }
    }
}

/// Uniform on the multiples of 2^-51 in `[-1, 1)`, from the highest 52 bits.
#[inline(always)]
fn symmetric(word: u64) -> f64 {
    f64::from_bits((word >> 12) | 0x4000_0000_0000_0000) - 3.0
}

/// Finishes a draw that began with `word`, drawing more words as needed.
fn settle<R: Rng>(strips: &Strips, random: &mut R, mut word: u64) -> f64 {
    let (abscissae, densities) = (&strips.abscissae, &strips.densities);
    loop {
        let strip = (word & 0xff) as usize;
        let place = symmetric(word);
        let x = place * abscissae[strip];
        if x.abs() < abscissae[strip + 1] {
            return x;
        }
        if strip == 0 {
            return tail(random).copysign(place);
        }
        let low = densities[strip];
        let height = low + (densities[strip + 1] - low) * random.random::<f64>();
        if height < density(x) {
            return x;
        }
        word = random.next_u64();
    }
}

/// A normal number given that it exceeds [`TAIL`] (Marsaglia 1964).
fn tail<R: Rng>(random: &mut R) -> f64 {
    loop {
        // 1 - u is in (0, 1], so the logarithms are finite.
        let x = -(1.0 - random.random::<f64>()).ln() / TAIL;
        let y = -(1.0 - random.random::<f64>()).ln();
        if 2.0 * y > x * x {
            return TAIL + x;
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn the_strips_have_equal_areas() {
        let area = STRIPS.abscissae[0] * (-0.5 * TAIL * TAIL).exp();
        for pair in STRIPS.abscissae[1..].windows(2) {
            let strip =
                pair[0] * ((-0.5 * pair[1] * pair[1]).exp() - (-0.5 * pair[0] * pair[0]).exp());
            assert!((strip / area - 1.0).abs() < 1e-11, "{pair:?}");
        }
        let bits = STRIPS.abscissae.iter().map(|x| x.to_bits());
        let all = bits.fold(0_u64, |all, bits| all.rotate_left(1) ^ bits);
        // Of the abscissae that 50 digits give.
        assert_eq!(all, 452_252_535_444_670_961);
    }

    /// Standard normal distribution function, by its continued fraction or its series.
    fn distribution(x: f64) -> f64 {
        if x < 0.0 {
            return 1.0 - distribution(-x);
        }
        let pdf = (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
        let (mut term, mut sum, mut k) = (x, x, 1.0);
        while term > 1e-17 * sum {
            k += 2.0;
            term *= x * x / k;
            sum += term;
        }
        0.5 + pdf * sum
    }

    fn draws(count: usize) -> Vec<f64> {
        let mut random = ChaCha8Rng::seed_from_u64(20_240_601);
        let mut numbers = vec![0.0; count];
        fill_normals(&mut random, &mut numbers);
        numbers
    }

    /// Kolmogorov-Smirnov at a false alarm level of 1e-6: `P(sqrt(n) D > 2.70) = 2 e^{-2 2.70^2} = 9.3e-7`.
    #[test]
    fn numbers_are_normal() {
        let mut numbers = draws(1 << 20);
        numbers.sort_by(f64::total_cmp);
        let n = numbers.len() as f64;
        let mut distance = 0.0_f64;
        for (rank, &x) in numbers.iter().enumerate() {
            let p = distribution(x);
            distance = distance
                .max((p - rank as f64 / n).abs())
                .max((p - (rank + 1) as f64 / n).abs());
        }
        assert!(distance * n.sqrt() < 2.70, "{}", distance * n.sqrt());
    }

    /// The part of each sign beyond `TAIL`, where another method draws: counts and means at 5 standard
    /// deviations each, a false alarm level of 4 * 5.7e-7.
    #[test]
    fn tails_have_their_share_and_their_mean() {
        let numbers = draws(1 << 22);
        let n = numbers.len() as f64;
        // P(X > R), E[X | X > R] = pdf(R) / P and the variance of X given X > R.
        let share = 1.0 - distribution(TAIL);
        let mean = (-0.5 * TAIL * TAIL).exp() / std::f64::consts::TAU.sqrt() / share;
        let variance = 1.0 + TAIL * mean - mean * mean;
        for sign in [1.0, -1.0] {
            let beyond: Vec<f64> = numbers
                .iter()
                .map(|x| sign * x)
                .filter(|x| *x > TAIL)
                .collect();
            let count = beyond.len() as f64;
            assert!(
                (count - n * share).abs() < 5.0 * (n * share).sqrt(),
                "{count}"
            );
            let average = beyond.iter().sum::<f64>() / count;
            assert!(
                (average - mean).abs() < 5.0 * (variance / count).sqrt(),
                "{average} {mean}"
            );
        }
    }

    /// Pinned: a change of these values is a value-breaking change of every simulation.
    #[test]
    fn pinned_values() {
        let numbers = draws(1000);
        let shown: Vec<String> = numbers.iter().take(4).map(|x| format!("{x:e}")).collect();
        assert_eq!(shown, PINNED);
        let sum: f64 = numbers.iter().map(|x| x.abs()).sum();
        assert_eq!(format!("{sum:e}"), PINNED_SUM);
    }
    const PINNED: [&str; 4] = [
        "-5.911808760407006e-1",
        "1.0341691458563758e0",
        "-1.9200010717223346e0",
        "-5.666210275621916e-1",
    ];
    const PINNED_SUM: &str = "7.907631445179727e2";
}
