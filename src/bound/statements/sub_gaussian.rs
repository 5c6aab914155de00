//! T6: attention output, and laws known only through a variance proxy.

use super::super::theorem::{ProofStatus, Statement};
use super::{A2, F0, LENGTH, SIGMA, TILT, constant, location};

const OWN_6: &str = "this project, docs/theory.md section 7";
const PROXY: &str =
    "X - E X has variance proxy sigma^2 (the error does not change if all tokens are translated)";
const LAMBDA: &str = "0 < lam < 1/(2 sigma^2 |V|^2) (a proof parameter)";

pub(crate) const OUTPUT_CONCENTRATION: Statement = Statement {
    id: "T6",
    name: "output-concentration",
    title: "The constants of T4 and T5 for attention output",
    statement: "f = V(X - m(a)): A2 = rho ( tr(V C(2a) V^T) + |V(m(2a) - m(a))|^2 ), \
        F0 = tr(V C(0) V^T) + |V(m(0) - m(a))|^2",
    hypotheses: &["the cumulant generating function of the token law is finite and known"],
    constants: &[
        TILT,
        A2,
        F0,
        constant("m(a), C(a)", "mean and covariance of the law tilted by a"),
    ],
    proof_idea: "w^2 / rho is the density of the law tilted by 2a, so A2 / rho is a second moment of f under it.",
    source: OWN_6,
    location: location("bound::KnownMoments", "src/bound/moments/mod.rs"),
    status: ProofStatus::ProvedOnPaper,
    lemmas: &[],
};

pub(crate) const TILTED_MEAN: Statement = Statement {
    id: "T6.tilted-mean",
    name: "tilted-mean",
    title: "The tilted mean of a centred sub-Gaussian law",
    statement: "|m(a)| <= 2 sigma^2 |a|",
    hypotheses: &["X centred with variance proxy sigma^2"],
    constants: &[SIGMA, TILT],
    proof_idea: "Donsker-Varadhan gives |m|^2 <= 2 sigma^2 KL for the relative entropy KL of the tilted law, \
        and KL = <a,m> - Lam(a) <= |a| |m|.",
    source: OWN_6,
    location: location("bound::SubGaussianMoments", "src/bound/sub_gaussian/mod.rs"),
    status: ProofStatus::MachineChecked,
    lemmas: &["proofs/tilted_mean.v::tilted_mean_le"],
};

pub(crate) const NORM_MGF: Statement = Statement {
    id: "T6.norm-mgf",
    name: "norm-mgf",
    title: "Moment generating function of the squared norm of a sub-Gaussian output",
    statement: "ln E e^{lam |VX - c|^2} <= D_lam(c) = -1/2 sum_j ln(1 - 2 lam sigma^2 nu_j) \
        + lam |c|^2 / (1 - 2 lam sigma^2 |V|^2)",
    hypotheses: &["X centred with variance proxy sigma^2", LAMBDA],
    constants: &[
        SIGMA,
        constant("nu_j", "eigenvalues of V V^T, the largest is |V|^2"),
    ],
    proof_idea: "e^{lam |v|^2} = E e^{sqrt(2 lam) <g,v>} for a standard normal g. Take the expectation over X \
        first, then the Gaussian integral over g in the eigenbasis of V V^T.",
    source: OWN_6,
    location: location(
        "bound::sub_gaussian::norm_mgf",
        "src/bound/sub_gaussian/mod.rs",
    ),
    status: ProofStatus::MachineChecked,
    lemmas: &["proofs/norm_mgf.v::norm_mgf"],
};

pub(crate) const SUB_GAUSSIAN_CHERNOFF: Statement = Statement {
    id: "T6.chernoff",
    name: "sub-gaussian-chernoff",
    title: "T4 for a law known only through its variance proxy",
    statement: "T4 with rho = e^{2 sigma^2 |a|^2}, A2 = rho (8 sigma^2 |a|^2 + D_lam(c)) / lam, \
        F0 = sigma^2 |V|_F^2 + |c|^2, |c| = 2 sigma^2 |V| |a|",
    hypotheses: &[PROXY, "L >= 2", LAMBDA, "1/L < del < 1 (a proof parameter)"],
    constants: &[LENGTH, SIGMA, TILT, constant("D_lam(c)", "see T6.norm-mgf")],
    proof_idea: "Lam >= 0 bounds rho. A2 = rho E|V(X-m)|^2 under the law tilted by 2a; Donsker-Varadhan for \
        lam |V(X-m)|^2 with relative entropy at most 8 sigma^2 |a|^2 and T6.norm-mgf bound it; T6.tilted-mean \
        bounds |c|. T4 increases in rho, A2 and F0.",
    source: OWN_6,
    location: location("bound::output_bounds", "src/bound/output.rs"),
    status: ProofStatus::MachineChecked,
    lemmas: &["proofs/sub_gaussian_bounds.v::sub_gaussian_chernoff"],
};

pub(crate) const SUB_GAUSSIAN_LAPLACE: Statement = Statement {
    id: "T6.laplace",
    name: "sub-gaussian-laplace",
    title: "T5 for a law known only through its variance proxy",
    statement: "T5 with rho = e^{2 sigma^2 |a|^2}, kap = e^{sigma^2 |a|^2}, \
        A2 = rho (8 sigma^2 |a|^2 + D_lam(c)) / lam, |c| = 2 sigma^2 |V| |a|",
    hypotheses: &[
        PROXY,
        "L >= 7",
        LAMBDA,
        "0 < th <= 1 (a proof parameter, one for each I_k)",
    ],
    constants: &[LENGTH, SIGMA, TILT, constant("D_lam(c)", "see T6.norm-mgf")],
    proof_idea: "The constants of T6.chernoff, and kap = exp(Lam(a) + Lam(-a)) <= e^{sigma^2 |a|^2}. T5 \
        increases in rho, kap and A2.",
    source: OWN_6,
    location: location("bound::output_bounds", "src/bound/output.rs"),
    status: ProofStatus::MachineChecked,
    lemmas: &["proofs/sub_gaussian_bounds.v::sub_gaussian_laplace"],
};

pub(crate) const CRUDE_BOUND: Statement = Statement {
    id: "T6.crude",
    name: "crude-bound",
    title: "A bound for every prompt length that grows like ln L",
    statement: "E|That - T|^2 <= E max_i |V(X_i - m(a))|^2 <= (ln L + D_lam(c)) / lam, |c| = 2 sigma^2 |V| |a|",
    hypotheses: &[PROXY, "L >= 1", LAMBDA],
    constants: &[LENGTH, SIGMA, TILT, constant("D_lam(c)", "see T6.norm-mgf")],
    proof_idea: "Jensen bounds the error by the largest |f_i|^2; lam times its mean is at most \
        ln(L E e^{lam |f|^2}); T6.norm-mgf and T6.tilted-mean finish.",
    source: OWN_6,
    location: location("bound::output_bounds", "src/bound/output.rs"),
    status: ProofStatus::MachineChecked,
    lemmas: &["proofs/sub_gaussian_bounds.v::sub_gaussian_crude"],
};

pub(crate) const CHERNOFF_ENTROPY: Statement = Statement {
    id: "T6.chernoff-entropy",
    name: "chernoff-entropy",
    title: "T4 and the crude bound joined, for a law known only through its variance proxy",
    statement: "E|That - T|^2 <= A2 / ((1-del)^2 L) + p (ln L + D_lam(c) - ln p) / lam, \
        p = exp( -(L / rho)(del + (1-del) ln(1-del)) ), rho = e^{2 sigma^2 |a|^2}, A2 the smaller of that of T6.chernoff and \
        (1 / (e lam')) e^{2 sigma^2 |a|^2 + D_lam'(c)}, |c| = 2 sigma^2 |V| |a|",
    hypotheses: &[PROXY, "L >= 3", LAMBDA, "0 < del < 1 (a proof parameter)"],
    constants: &[LENGTH, SIGMA, TILT, constant("D_lam(c)", "see T6.norm-mgf")],
    proof_idea: "As T4, with p a Chernoff bound of P(W <= (1-del) L) in which e^{-lw} is bounded by a parabola through \
        w = 0 that touches it at w = rho. On that event the error is at most the largest |f_i|^2, whose mean given an event of probability p \
        is at most (ln(L E e^{lam |f|^2}) - ln p) / lam.",
    source: OWN_6,
    location: location(
        "bound::chernoff_entropy_bound",
        "src/bound/chernoff/entropy.rs",
    ),
    status: ProofStatus::ProvedOnPaper,
    lemmas: &[],
};
