//! T12 `minimax-rate`: no bound that knows norms and variance proxies only can decay faster than T7.

use libm::erfc;

use crate::bound::theorem::{ProofStatus, Statement, Theorem};
use crate::bound::vocabulary::{LENGTH, SIGMA, constant, location};
use crate::error::{Error, Result};
use crate::parameter::{Positive, PromptLength};

impl Theorem {
    /// T12 `minimax-rate`: The exponent of T7 is the best that norms and variance proxies allow.
    pub const MINIMAX_RATE: Theorem = Theorem::new(&Statement {
        id: "T12",
        name: "minimax-rate",
        title: "The exponent of T7 is the best that norms and variance proxies allow",
        statement: "sup E_z E|That - T|^2 >= (4/25) sigma^2 |V|^2 ln(2L/3) P(|Z| >= ln(2L) / (q sqrt(2 ln(2L/3)))) over the class of \
        T7, which is L^{-1/(4 q^2)} up to powers of ln L",
        hypotheses: &[
            "the class: X - E X has variance proxy sigma^2, a centred query of variance proxy 1, no query bias, U and V of \
         these operator norms",
            "L >= 8",
            "sigma, |U| and |V| greater than 0",
        ],
        constants: &[
            LENGTH,
            SIGMA,
            constant("q", "sigma |U|"),
            constant("Z", "a standard normal number"),
        ],
        proof_idea: "Rare atoms: P(X = +-h) = 1/(2L), X = 0 otherwise. Their variance proxy allows h^2 >= 2 sigma^2 ln(2L/3). With \
        constant probability the prompt holds none, so That = 0, while T is of size h once |a| h >= ln(2L).",
        source: "this project, docs/theory.md section 12",
        location: location("bound::minimax_lower_bound", "src/bound/rate/minimax.rs"),
        status: ProofStatus::ProvedOnPaper,
        lemmas: &[],
    });
}

/// Shortest prompt of the statement.
const SHORTEST: u64 = 8;

/// What every bound of `E_z E|That - T|^2` in terms of `L`, `sigma`, `|U|`, `|V|` must be at least, rounded down.
///
/// With `q = sigma |U|` (the query has variance proxy 1) and a standard normal `Z`,
/// `(4/25) sigma^2 |V|^2 ln(2L/3) P(|Z| >= ln(2L) / (q sqrt(2 ln(2L/3))))`: the rare-atom law with `eps = 1/L` and the largest half
/// width has at least this error. It is `L^{-1/(4 q^2)}` up to powers of `ln L`. The exact error of that law is larger, see
/// [`RareAtom`](crate::law::RareAtom).
///
/// # Errors
/// If `L < 8`, or a number is not greater than 0 and finite.
///
/// # Examples
/// ```
/// use attention_bounds::bound::minimax_lower_bound;
/// use attention_bounds::parameter::PromptLength;
///
/// // For very large |U| the probability tends to 1.
/// let least = minimax_lower_bound(1.0, 1e9, 1.0, PromptLength::new(150)?)?;
/// assert!((least / (0.16 * 100f64.ln()) - 1.0).abs() < 1e-6);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn minimax_lower_bound(
    sigma: f64,
    key_query_norm: f64,
    value_norm: f64,
    length: PromptLength,
) -> Result<f64> {
    if length.get() < SHORTEST {
        return Err(Error::Parameter {
            parameter: "L",
            value: length.get().to_string(),
            required: "at least 8",
            theorem: Some("T12"),
        });
    }
    let sigma = Positive::new("sigma", sigma)?.get();
    let q = Positive::new(
        "sigma |U|",
        sigma * Positive::new("|U|", key_query_norm)?.get(),
    )?
    .get();
    let scale = sigma * Positive::new("|V|", value_norm)?.get();
    let length = length.as_f64();
    let logarithm = (2.0 * length / 3.0).ln();
    // P(|Z| >= t) = erfc(t / sqrt 2); the 2 of sqrt(2 ln) and that of erfc make one factor 1/2.
    let tail = erfc((2.0 * length).ln() / (2.0 * q * logarithm.sqrt()));
    // Logarithms and erfc are accurate to 1e-12 where the value is not subnormal.
    Ok(0.16 * scale * scale * logarithm * tail * (1.0 - 1e-9))
}

#[cfg(test)]
mod tests {
    use crate::bound::rate::minimax::*;

    #[test]
    fn the_formula_at_known_points() {
        let at = |sigma, u, v, l| {
            minimax_lower_bound(sigma, u, v, PromptLength::new(l).unwrap()).unwrap()
        };
        // By 30-digit arithmetic (mpmath).
        for (q, length, wanted) in [
            (1.0, 10_000, 0.025_745_531_477_266_981),
            (0.75, 100_000_000, 6.280_521_327_542_854_7e-5),
        ] {
            let found = at(1.0, q, 1.0, length);
            assert!(found < wanted && found > wanted * (1.0 - 2e-9), "{found}");
        }
        // sigma and |V| scale, sigma |U| is what counts.
        let scaled = at(3.0, 0.5, 2.0, 1000) / at(1.5, 1.0, 1.0, 1000);
        assert!((scaled - 16.0).abs() < 1e-12, "{scaled}");
        // The local exponent tends to 1 / (4 q^2).
        let slope = (at(1.0, 0.75, 1.0, 1 << 40) / at(1.0, 0.75, 1.0, 1 << 50)).log2() / 10.0;
        assert!((slope - 1.0 / 2.25).abs() < 0.05, "{slope}");
    }

    #[test]
    fn what_the_statement_does_not_cover() {
        let length = |l| PromptLength::new(l).unwrap();
        let message = minimax_lower_bound(1.0, 1.0, 1.0, length(7)).unwrap_err();
        assert!(message.to_string().contains("at least 8"), "{message}");
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(minimax_lower_bound(bad, 1.0, 1.0, length(8)).is_err());
            assert!(minimax_lower_bound(1.0, bad, 1.0, length(8)).is_err());
            assert!(minimax_lower_bound(1.0, 1.0, bad, length(8)).is_err());
        }
    }
}
