//! T4.fixed: the bound of T4 for prompts that hold tokens which are always there.

use nalgebra::{DMatrix, DVector};

use crate::bound::chernoff;
use crate::bound::logarithm::ln_add;
use crate::bound::minimise::{Unit, decay_range, minimise};
use crate::bound::moments::{LogMoments, check_delta};
use crate::bound::theorem::{ProofStatus, Statement, Theorem};
use crate::bound::vocabulary::{A2, CENTRED, F0, LENGTH, RHO, constant, location};
use crate::bound::{Bound, KnownMoments};
use crate::error::{Error, Result};
use crate::interval::Interval;
use crate::law::OutputLaw;
use crate::parameter::{PromptLength, refused};

impl Theorem {
    /// T4.fixed `chernoff-fixed-tokens`: T4 for prompts with fixed tokens.
    pub const CHERNOFF_FIXED_TOKENS: Theorem = Theorem::new(&Statement {
        id: "T4.fixed",
        name: "chernoff-fixed-tokens",
        title: "T4 for prompts that hold tokens which are always there",
        statement: "E|That - T|^2 <= (|F|^2 + L A2) / (W0 + (1-del) L)^2 + L F0 exp( -(del L - 1)^2 / (2 (L-1) rho) ) \
        + max_j |V x0_j - T|^2 exp( -L del^2 / (2 rho) )",
        hypotheses: &[
            CENTRED,
            "the prompt is L i.i.d. tokens and the fixed tokens x0_j",
            "L >= 2",
            "1/L < del < 1 (a proof parameter)",
        ],
        constants: &[
            LENGTH,
            RHO,
            A2,
            F0,
            constant(
                "W0",
                "sum_j w0_j, w0_j = exp(<a,x0_j> - Lam(a)), the weight of the fixed tokens",
            ),
            constant("F", "sum_j w0_j (V x0_j - T)"),
        ],
        proof_idea: "That - T = (F + sum w_i f_i) / (W0 + W) and E|F + sum w_i f_i|^2 = |F|^2 + L A2. Where the random weights sum to less than \
        (1-del) L, Jensen: the random tokens as in T4, the fixed ones at most the largest |V x0_j - T|^2, by the tail of T4.",
        source: "this project, docs/theory.md section 20",
        location: location("bound::fixed_tokens_bound", "src/bound/chernoff/fixed.rs"),
        status: ProofStatus::ProvedOnPaper,
        lemmas: &[],
    });
}

/// What T4.fixed uses of fixed tokens: a lower bound of `W0`, upper bounds of `|F|` and of `max_j |V x0_j - T|`, the first two as logarithms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FixedMoments {
    ln_weight: f64,
    ln_pull: f64,
    distance: f64,
}

/// Half the distance of 1 and the next float.
const UNIT: f64 = 0.5 * f64::EPSILON;

impl FixedMoments {
    /// From `ln W0` and `ln |F|` (`-inf` is zero) and the largest distance `|V x0_j - T|`.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless the logarithms are less than `+inf` and the distance is finite and at least 0.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::bound::FixedMoments;
    ///
    /// assert!(FixedMoments::new(0.0, f64::NEG_INFINITY, 1.0).is_ok());
    /// assert!(FixedMoments::new(f64::NAN, 0.0, 1.0).is_err());
    /// ```
    pub fn new(ln_weight: f64, ln_pull: f64, distance: f64) -> Result<Self> {
        for (name, value) in [("ln W0", ln_weight), ("ln |F|", ln_pull)] {
            if !(value < f64::INFINITY) {
                return refused(name, value, "less than infinity");
            }
        }
        if !(0.0..f64::INFINITY).contains(&distance) {
            let required = "a finite number, at least 0; the fixed tokens must be smaller";
            return refused("max |V x0 - T|", distance, required);
        }
        Ok(Self {
            ln_weight,
            ln_pull,
            distance,
        })
    }

    /// Of the columns of `tokens` (`d x n`), for the law `output` seen through the matrix `value`.
    ///
    /// # Errors
    /// [`Error::Shape`] if they do not fit; as [`FixedMoments::new`] if something is out of range.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::bound::{FixedMoments, KnownMoments, fixed_tokens_bound};
    /// use attention_bounds::law::{Rademacher, TokenLaw};
    /// use attention_bounds::nalgebra::{self, dmatrix, dvector};
    /// use attention_bounds::parameter::PromptLength;
    ///
    /// // Signs without a tilt and a fixed token at 2: the error is (L + 4) / (L + 1)^2.
    /// let (law, value, tilt) = (Rademacher::new(1, 1.0)?, dmatrix![1.0], dvector![0.0]);
    /// let seen = law.through(&value);
    /// let fixed = FixedMoments::of(seen.as_ref(), &value, &tilt, &dmatrix![2.0])?;
    /// let known = KnownMoments::new(seen.as_ref(), &tilt)?;
    /// let bound = fixed_tokens_bound(&known, &fixed, PromptLength::new(1000)?).value().unwrap();
    /// assert!(bound >= 1004.0 / 1001f64.powi(2) && bound < 2e-3);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn of(
        output: &dyn OutputLaw,
        value: &DMatrix<f64>,
        tilt: &DVector<f64>,
        tokens: &DMatrix<f64>,
    ) -> Result<Self> {
        let dimension = output.dimension();
        let fits = tokens.nrows() == dimension && tilt.len() == dimension;
        if !(fits && value.ncols() == dimension && tokens.ncols() > 0) {
            return Err(Error::shape(
                "the matrix of fixed tokens",
                format!("{} x {}", tokens.nrows(), tokens.ncols()),
                format!("{dimension} x n, n at least 1"),
            ));
        }
        let found = output.tilted(tilt);
        let error = output.error(tilt, &found);
        let scores: Vec<Interval> = tokens
            .column_iter()
            .map(|token| Interval::dot(tilt.iter(), token.iter()))
            .collect();
        let zero = Interval::point(f64::NEG_INFINITY);
        let all = scores.iter().fold(zero, |sum, score| sum.ln_add(*score));
        let off = error.cumulant.next_up();
        let cumulant =
            Interval::point(found.cumulant) + Interval::new(-off, off).unwrap_or(Interval::WHOLE);
        let ln_weight = all - cumulant;
        // c = F / W0, coordinate by coordinate, and what the outputs V x0_j and T are off by.
        let size = Interval::norm_squared(value.iter()).sqrt();
        let terms = Interval::point(UNIT * (dimension as f64 + 4.0));
        let mut centre = vec![Interval::ZERO; value.nrows()];
        let (mut moved, mut distance) = (Interval::ZERO, 0.0_f64);
        for (token, score) in tokens.column_iter().zip(&scores) {
            let share = (*score - all).exp().min(Interval::ONE);
            let seen = value * token;
            let gaps: Vec<Interval> = seen
                .iter()
                .zip(found.mean.iter())
                .map(|(y, t)| Interval::point(*y) - Interval::point(*t))
                .collect();
            let rounding = terms * size * Interval::norm_squared(token.iter()).sqrt()
                + Interval::point(error.mean);
            let square: Interval = gaps.iter().map(|gap| gap.square()).sum();
            let far = (square.sqrt() + rounding).upper();
            // NaN must not be passed over.
            distance = if far > distance || far.is_nan() {
                far
            } else {
                distance
            };
            moved = moved + share * rounding;
            for (sum, gap) in centre.iter_mut().zip(&gaps) {
                *sum = *sum + share * *gap;
            }
        }
        let square: Interval = centre.iter().map(|x| x.square()).sum();
        let pull = square.sqrt() + moved;
        let ln_pull = (ln_weight + pull.known_non_negative().ln()).upper();
        Self::new(ln_weight.lower(), ln_pull, distance)
    }

    /// A lower bound of `ln W0`.
    pub fn ln_weight(&self) -> f64 {
        self.ln_weight
    }

    /// An upper bound of `ln |F|`.
    pub fn ln_pull(&self) -> f64 {
        self.ln_pull
    }

    /// An upper bound of `max_j |V x0_j - T|`.
    pub fn distance(&self) -> f64 {
        self.distance
    }

    /// The bound of [`fixed_tokens_bound`] at a given `del`, enclosed, for moments of the random tokens; `L >= 2`, `1/L < del < 1`.
    ///
    /// # Errors
    /// If `L = 1` or `del` is not certainly between `1/L` and 1.
    pub fn at(&self, known: &KnownMoments, length: PromptLength, delta: f64) -> Result<Interval> {
        check_delta(delta, length.as_f64())?;
        Ok(ln_enclosure(&known.logarithms(), self, length.as_f64(), delta).exp())
    }
}

/// Bounds `E|That - T|^2` of prompts with fixed tokens (theory T4.fixed), `L >= 2`:
///
/// `(|F|^2 + L A2) / (W0 + (1-del) L)^2 + L F0 exp( -(del L - 1)^2 / (2 (L-1) rho) ) + max_j |V x0_j - T|^2 exp( -L del^2 / (2 rho) )`,
/// minimised over `1/L < del < 1`. It falls with `W0` and grows with the other constants.
///
/// The trivial bound is `L F0 + max_j |V x0_j - T|^2`. Both values are upper ends of enclosures at the reported `del` and constants.
pub fn fixed_tokens_bound(
    known: &KnownMoments,
    fixed: &FixedMoments,
    length: PromptLength,
) -> Bound {
    let theorem = Theorem::CHERNOFF_FIXED_TOKENS;
    if length.get() < 2 {
        return Bound::not_applicable(theorem, "L >= 2 is required");
    }
    let moments = known.logarithms();
    let l = length.as_f64();
    let (delta, dominant) = search(&moments, fixed, l);
    let value = ln_enclosure(&moments, fixed, l, delta).exp().upper();
    let trivial =
        Interval::point(l) * Interval::point(moments.f0) + Interval::point(fixed.distance).square();
    Bound::proved(theorem, value, trivial.upper(), dominant)
        .with_hypothesis("L", l)
        .with_hypothesis("ln rho", moments.rho)
        .with_hypothesis("ln A2", moments.a2)
        .with_hypothesis("F0", moments.f0)
        .with_hypothesis("ln W0", fixed.ln_weight)
        .with_hypothesis("ln |F|", fixed.ln_pull)
        .with_hypothesis("max |V x0 - T|", fixed.distance)
        .with_parameter("del", delta)
}

/// The best `del` and the term that dominates there; `L >= 2`. A search in plain floats.
fn search(moments: &LogMoments, fixed: &FixedMoments, length: f64) -> (f64, &'static str) {
    let ln_length = length.ln();
    let ln_others = (length - 1.0).ln();
    let ln_rate = ln_others - moments.rho - std::f64::consts::LN_2;
    let ln_tail = ln_length - moments.rho - std::f64::consts::LN_2;
    let sum = ln_add(2.0 * fixed.ln_pull, ln_length + moments.a2);
    let random = ln_length + moments.f0.ln();
    let pulled = 2.0 * fixed.distance.ln();
    // As in T4, 1 - del = (1 - 1/L)(1 - u) and del L - 1 = (L - 1) u.
    let terms = |x: f64| {
        let u = Unit::logistic(x);
        let delta = 1.0 / length + (1.0 - 1.0 / length) * u.value();
        let weight = ln_add(fixed.ln_weight, ln_others + u.ln_complement);
        [
            sum - 2.0 * weight,
            random - (ln_rate + 2.0 * u.ln).exp(),
            pulled - (ln_tail + 2.0 * delta.ln()).exp(),
        ]
    };
    let least = sum - 2.0 * ln_add(fixed.ln_weight, ln_others);
    let (lower, upper) = decay_range(ln_rate, 2.0, random.max(pulled) - least + 50.0);
    let found = minimise(lower, upper, |x| {
        let [first, second, third] = terms(x);
        ln_add(ln_add(first, second), third)
    });
    let [first, second, third] = terms(found.at);
    let dominant = if first >= second.max(third) {
        "weighted sum: (|F|^2 + L A2) / (W0 + (1 - del) L)^2"
    } else if second >= third {
        "small total weight, random tokens: L F0 exp(-(del L - 1)^2 / (2 (L - 1) rho))"
    } else {
        "small total weight, fixed tokens: max |V x0 - T|^2 exp(-L del^2 / (2 rho))"
    };
    (chernoff::delta(Unit::logistic(found.at), length), dominant)
}

/// Logarithm of the bound at a float `del`, `1/L < del < 1`, enclosed.
fn ln_enclosure(moments: &LogMoments, fixed: &FixedMoments, length: f64, delta: f64) -> Interval {
    let (l, del) = (Interval::point(length), Interval::point(delta));
    let ln_length = l.ln();
    let sum = Interval::point(fixed.ln_pull)
        .double()
        .ln_add(ln_length + Interval::point(moments.a2));
    let weight = Interval::point(fixed.ln_weight).ln_add(ln_length + (Interval::ONE - del).ln());
    let random = ln_length + Interval::point(moments.f0).ln()
        - chernoff::exponent(delta, moments.rho, length);
    let tail = l * del.square() / Interval::point(2.0) * (-Interval::point(moments.rho)).exp();
    let pulled = Interval::point(fixed.distance).ln().double() - tail;
    (sum - weight.double()).ln_add(random).ln_add(pulled)
}
