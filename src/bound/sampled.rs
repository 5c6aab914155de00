//! T13 `sampled-attention`: what is proved of attention over a random part of the keys. Computed in [`crate::sampling`].

use crate::bound::theorem::{Constant, ProofStatus, Statement, Theorem};
use crate::bound::vocabulary::{constant, location};

const DESIGNS: &str = "b of the n keys that are not kept are drawn: with replacement, with replacement and probabilities q_i, without replacement, \
    or each by a coin of probability b/n";
const EPSILON: Constant = constant("eps", "deviation, greater than 0");
const BUDGET: Constant = constant("b", "draws, or their expected number");
const CENTRED_DRAW: Constant = constant(
    "Y",
    "n (f_i + F/n) / D for a key drawn at random, (f_i/q_i + F) / D with probabilities q_i, n f_i / D for coins; f_i = w_i (v_i - T), F the sum of f \
    over the kept keys, D that of all weights",
);
const WEIGHT_DRAW: Constant = constant(
    "u, s, rho",
    "n w_i / D (w_i / (q_i D)), its mean and its second moment; s is the share of the keys that are not kept",
);
const RATE: Constant = constant(
    "J",
    "the larger of (s^2/rho) (1 - x + x ln x), x = 1 - th/s, and th^2 / (2 (v + s th/3)), v the variance of u (rho for coins)",
);
const WAYS: Constant = constant(
    "r, B, C",
    "b, max|Y| and 1 with replacement; b (1 - b/n), max(b/n, 1 - b/n) max|Y| and 1 for coins; without replacement the best of min(b, n-b), max|Y|, 1 \
    and those of coins with C = sqrt(8 b (n-b) / n)",
);
const SOURCE: &str = "this project, docs/theory.md section 24";

impl Theorem {
    /// T13 `sampled-attention`: The error of attention over a random part of the keys, as an integral.
    pub const SAMPLED_ATTENTION: Theorem = Theorem::new(&Statement {
        id: "T13",
        name: "sampled-attention",
        title: "The error of attention over a random part of the keys, as an integral",
        statement: "E|That - T|^2 = INT_0^inf t e^{-t W0} E[ |F + c sum_S f|^2 e^{-t c sum_S w} ] dt, in closed form for each design",
        hypotheses: &[DESIGNS],
        constants: &[
            BUDGET,
            constant("W0, F", "sums of w and f over the kept keys"),
            constant("c", "n/b, or 1/(b q_i) for the key i"),
        ],
        proof_idea: "1/W^2 = INT t e^{-tW} dt; draws are independent, or coins are given how many of them fall.",
        source: "this project, docs/theory.md section 23",
        location: location("sampling::SampledAttention", "src/sampling/sampled.rs"),
        status: ProofStatus::ProvedOnPaper,
        lemmas: &[],
    });

    /// T13.mean `sampled-mean`: Explicit bound of the mean error.
    pub const SAMPLED_MEAN: Theorem = Theorem::new(&Statement {
        id: "T13.mean",
        name: "sampled-mean",
        title: "Explicit bound of the mean error of attention over a random part of the keys",
        statement: "E|That - T|^2 <= C r' E|Y|^2 / ((1-th)^2 b^2) + M^2 e^{-b J}",
        hypotheses: &[
            DESIGNS,
            "0 < th <= s, th < 1 (a proof parameter); no second term at th = s",
        ],
        constants: &[
            BUDGET,
            CENTRED_DRAW,
            WEIGHT_DRAW,
            RATE,
            constant(
                "r', C",
                "b with replacement, b (n-b)/(n-1) without, b (1 - b/n) for coins; C = 1, but 1 / (1 - (1 - b/n)^n) for coins if nothing is kept",
            ),
            constant("M", "max |v_i - T| over all keys"),
        ],
        proof_idea: "The variance of the numerator over (1-th)^2 D^2 where the denominator is at least (1-th) D, and M^2 where it is not, of which the \
            probability is a Poisson lower tail, or by Bernstein's inequality.",
        source: SOURCE,
        location: location("sampling::SampledBounds", "src/sampling/bound/mod.rs"),
        status: ProofStatus::ProvedOnPaper,
        lemmas: &[],
    });

    /// T13.markov `sampled-markov`: The probability of a deviation from the exact error.
    pub const SAMPLED_MARKOV: Theorem = Theorem::new(&Statement {
        id: "T13.markov",
        name: "sampled-markov",
        title: "The probability of a deviation from the exact error",
        statement: "P(|That - T| >= eps) <= E|That - T|^2 / eps^2",
        hypotheses: &["any design; the error is known with a proof"],
        constants: &[EPSILON],
        proof_idea: "Markov's inequality.",
        source: SOURCE,
        location: location("sampling::markov_bound", "src/sampling/bound/mod.rs"),
        status: ProofStatus::ProvedOnPaper,
        lemmas: &[],
    });

    /// T13.bernstein `sampled-bernstein`: Explicit exponential bound of the probability of a deviation.
    pub const SAMPLED_BERNSTEIN: Theorem = Theorem::new(&Statement {
        id: "T13.bernstein",
        name: "sampled-bernstein",
        title: "Explicit exponential bound of the probability of a deviation",
        statement: "P(|That - T| >= eps) <= 2 C exp( -b^2 eps'^2 / (2 (r E|Y|^2 + b eps' B / 3)) ) + e^{-b J}, \
            eps' = (1-th) eps",
        hypotheses: &[
            DESIGNS,
            "0 < th <= s, th < 1 (a proof parameter); no second term at th = s",
        ],
        constants: &[EPSILON, BUDGET, CENTRED_DRAW, WEIGHT_DRAW, RATE, WAYS],
        proof_idea: "Where the denominator is at least (1-th) D the numerator must be eps' D: Bernstein's inequality for vectors by \
            E cosh(|x + Y|) <= cosh(|x|) (1 + E[e^|Y| - 1 - |Y|]), and small denominators as in T13.mean. Without replacement by convexity \
            (Hoeffding), for those left out where they are fewer, and by coins given their number.",
        source: SOURCE,
        location: location("sampling::SampledBounds", "src/sampling/bound/mod.rs"),
        status: ProofStatus::ProvedOnPaper,
        lemmas: &[],
    });

    /// T13.norm `sampled-norm`: The probability of a deviation from the law of one draw.
    pub const SAMPLED_NORM: Theorem = Theorem::new(&Statement {
        id: "T13.norm",
        name: "sampled-norm",
        title: "The probability of a deviation from the law of one draw",
        statement: "P(|That - T| >= eps) <= 2 C e^{-lam} (1 + G)^r, G = E[k(a) (1 + x) + e^{-a} h(x)] + lam^2 |E Y u| / (b^2 eps), x = lam |Y| / (b eps), \
            a = lam (u - s) / b, h(x) = e^x - 1 - x, k(a) = h(-a); for coins the product over the keys of both faces",
        hypotheses: &[DESIGNS, "lam > 0 (a proof parameter)"],
        constants: &[
            EPSILON,
            BUDGET,
            CENTRED_DRAW,
            WEIGHT_DRAW,
            constant(
                "r, C",
                "b and 1 with replacement; without, min(b, n-b) and 1 (the sign of a is changed for those left out), or those of coins",
            ),
        ],
        proof_idea: "The event is |num| >= eps den, so Markov for cosh(lam |num| / (eps D)) e^{-lam den/D}, to which each draw adds a factor 1 + G. \
            That function is convex, so that sampling without replacement is covered.",
        source: SOURCE,
        location: location("sampling::SampledBounds", "src/sampling/bound/mod.rs"),
        status: ProofStatus::ProvedOnPaper,
        lemmas: &[],
    });

    /// T13.spectrum `sampled-spectrum`: The probability of a deviation from the covariance of one draw.
    pub const SAMPLED_SPECTRUM: Theorem = Theorem::new(&Statement {
        id: "T13.spectrum",
        name: "sampled-spectrum",
        title: "The probability of a deviation from the covariance of one draw",
        statement: "P(|That - T| >= eps) <= C e^{-kap (1-th)^2 / 2} det(I - kap beta Sig)^{-1/2} / (1 - (kap^2 (1-th)^2 + kap m) / R^2) \
            + e^{-b J}, Sig = r Cov(Y) / (b eps)^2, beta = 2 h(y) / y^2 at y = R B / (b eps)",
        hypotheses: &[
            DESIGNS,
            "0 < th <= s, th < 1 (no second term at th = s), R^2 > kap^2 (1-th)^2 + kap m and kap beta Sig < I (proof parameters)",
        ],
        constants: &[
            EPSILON,
            BUDGET,
            CENTRED_DRAW,
            WEIGHT_DRAW,
            RATE,
            WAYS,
            constant("m", "outputs"),
        ],
        proof_idea: "Markov for E e^{<g, num>} over a normal vector g of variance kap that is not longer than R; each draw is sub-Gaussian for such g, \
            and the normal integral is a determinant. The denominator as in T13.mean.",
        source: SOURCE,
        location: location("sampling::SampledBounds", "src/sampling/bound/mod.rs"),
        status: ProofStatus::ProvedOnPaper,
        lemmas: &[],
    });
}
