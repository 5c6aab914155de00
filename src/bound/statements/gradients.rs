//! T9: the gradients of an attention head.

use super::super::theorem::{ProofStatus, Statement};
use super::{KAPPA, LENGTH, RHO, SIGMA, TILT, constant, location};
use crate::bound::theorem::Constant;

const SOURCE: &str = "this project, docs/theory.md section 11; makes explicit Proposition 3.4 of E. Boursier, C. Boyer, \
    \"Softmax as Linear Attention in the Large-Prompt Regime: a Measure-based Perspective\", arXiv 2512.11784, ICML 2026";
const PROXY: &str =
    "X - E X has variance proxy sigma^2 (the error does not change if all tokens are translated)";
const QUERY: &str = "the query is m_z + z, z centred with variance proxy varsigma^2";
const LAMBDA: &str = "0 < lam < 1/(2 sigma^2 |V|^2), and 0 < lam < 1/(2 sigma^2) for V = I (a proof parameter of each N)";
const ROWS: Constant = constant("m", "rows of V");
const DEVIATION: Constant = constant(
    "Y, F",
    "X - m(a), and Y Y^T - C(a), with m(a) and C(a) mean and covariance of the law tilted by a",
);
const CHAT: Constant = constant(
    "Chat, mhat",
    "sum p_i (X_i - mhat)(X_i - mhat)^T and sum p_i X_i",
);

pub(crate) const VALUE_GRADIENT: Statement = Statement {
    id: "T9.value",
    name: "value-gradient",
    title: "The squared error of the gradient in V, known law",
    statement: "m E|mhat - m(a)|^2 <= the smaller of T4 and T5 for V = I, with m A2 and m F0; Gaussian tokens: \
        A2 = m e^{s^2} (tr Gamma + |Gamma a|^2)",
    hypotheses: &[
        "the cumulant generating function of the token law is finite and known",
        "L >= 2; T5: L >= 7, Gaussian tokens L >= 4",
    ],
    constants: &[LENGTH, ROWS, CHAT, TILT],
    proof_idea: "The gradient of a scalar function of the output in V is an outer product with mhat. \
        m |mhat - m(a)|^2 is the squared output error of m identities stacked: T4 and T5.",
    source: SOURCE,
    location: location(
        "bound::value_gradient_bounds",
        "src/bound/value_gradient.rs",
    ),
    status: ProofStatus::ProvedOnPaper,
    lemmas: &[],
};

pub(crate) const KEY_QUERY_GRADIENT: Statement = Statement {
    id: "T9.key-query",
    name: "key-query-gradient",
    title: "The squared error of the gradient in U, known law",
    statement: "E|V(Chat - C(a))|_F^2 |z|^2 <= |z|^2 (sqrt(A) + sqrt(B))^2, A the smaller of T4 and T5 for f = V F, \
        B = (A4 / L^3 + 3 A2V A2I / L^2) / (1-del)^4 + L |V|^2 E|Y|^4 exp( -(del L - 1)^2 / (2 (L-1) rho) ), \
        A4 = E[w^4 |VY|^2 |Y|^2], A2V = E[w^2 |VY|^2], A2I = E[w^2 |Y|^2]",
    hypotheses: &[
        "a finite number of points and normal components",
        "average over a Gaussian query: Gaussian tokens; the sum over panels in s^2 of the bound on each \
            (theory, key-query-gradient-average)",
        "L >= 2; T5: L >= 7",
        "1/L < del < 1 and 0 < th <= 1 (proof parameters)",
    ],
    constants: &[LENGTH, RHO, KAPPA, DEVIATION, CHAT, TILT],
    proof_idea: "Chat - C = sum p_i F_i - (mhat - m)(mhat - m)^T, and E[w F] = 0. The triangle inequality of L2, T4 or \
        T5 for the first part, and for |V(mhat - m)|^2 |mhat - m|^2 the proof of T4's fourth moment with two \
        functions.",
    source: SOURCE,
    location: location("bound::ComponentLaw", "src/bound/component_law.rs"),
    status: ProofStatus::ProvedOnPaper,
    lemmas: &[],
};

pub(crate) const SUB_GAUSSIAN_VALUE_GRADIENT: Statement = Statement {
    id: "T9.value.sub-gaussian",
    name: "sub-gaussian-value-gradient",
    title: "The squared error of the gradient in V for a law known only through its variance proxy",
    statement: "m E|mhat - m(a)|^2 <= the smallest of T6.chernoff, T6.laplace and T6.crude with nu_j = m for j = 1 .. d",
    hypotheses: &[PROXY, "L >= 1"],
    constants: &[
        LENGTH,
        SIGMA,
        TILT,
        ROWS,
        constant("d", "dimension of a token"),
    ],
    proof_idea: "m |mhat - m(a)|^2 is the squared output error of m identities stacked, whose V V^T has the eigenvalue m \
        with multiplicity d, and zeros.",
    source: SOURCE,
    location: location(
        "bound::value_gradient_spectrum",
        "src/bound/value_gradient.rs",
    ),
    status: ProofStatus::ProvedOnPaper,
    lemmas: &[],
};

pub(crate) const SUB_GAUSSIAN_KEY_QUERY_GRADIENT: Statement = Statement {
    id: "T9.key-query.sub-gaussian",
    name: "sub-gaussian-key-query-gradient",
    title: "The squared error of the gradient in U for a law known only through its variance proxy",
    statement: "T9.key-query with rho = e^{2 en}, kap = e^en, en = sigma^2 |a|^2, sqrt(E[w^k |VF|^2]) <= \
        (N(k,2;V) N(k,2;I))^{1/4} + e^{k en / 2} |V|_F |C| for k = 0, 2, A2V = N(2,1;V), A2I = N(2,1;I), \
        A4 = sqrt(N(4,2;V) N(4,2;I)), E|Y|^4 <= N(0,2;I); \
        N(k,j;V) = (j / (e lam))^j exp( k^2 en / 2 + D_lam ), D_lam as in T6.norm-mgf with \
        |c|^2 = max(4, k^2) sigma^4 |a|^2 |V|^2; |C| <= sigma^2 (4 en - ln(1-u)) / u",
    hypotheses: &[PROXY, "L >= 2", LAMBDA, "0 < u < 1 (a proof parameter)"],
    constants: &[LENGTH, SIGMA, TILT, DEVIATION, CHAT],
    proof_idea: "E[w^k e^{lam |V(X-c)|^2}] is bounded like T6.norm-mgf, with the tilt ka inside the Gaussian integral, and \
        x^j <= (j/e)^j e^x. For k >= 1, |m(a) - k sigma^2 a| <= k sigma^2 |a|, because |m|^2 <= 2 sigma^2 <a,m>. \
        |C| is a variance under the tilted law: Donsker-Varadhan.",
    source: SOURCE,
    location: location(
        "bound::SubGaussianGradient",
        "src/bound/sub_gaussian_gradient.rs",
    ),
    status: ProofStatus::ProvedOnPaper,
    lemmas: &[],
};

pub(crate) const CAPPED_KEY_QUERY_GRADIENT: Statement = Statement {
    id: "T9.key-query.capped",
    name: "capped-key-query-gradient",
    title: "The squared error of the gradient in U, with powers of heavy weights traded for powers of 1/L",
    statement: "T9.key-query with A at most A2F (L / (c(L-1))^2 + 6 L(L-1) rho / (c(L-2))^4) + L F0 r / (1-th), and B at most \
        L min( D4 / (c(L-1))^4, D3 / (3e (c(L-1))^3), 2 D2 / (3e^2 (c(L-1))^2) ) \
        + L(L-1) [ 3 P^2 / (c(L-2))^4 + min( (4/e) sqrt(rho D2) P / (c(L-2))^4, 16 sqrt(rho D4) P / (c(L-2))^5 ) ] \
        + 120 (L)_3 rho P^2 / (c(L-3))^6 + 840 (L)_4 rho^2 P^2 / (c(L-4))^8 + L |V|^2 E|Y|^4 r / (1-th)^3, \
        c = (1 - e^{-tau}) / tau, r = exp( -((L-1)/rho)(1 - e^{-th tau}) ), D_k = E[w^k |VY|^2 |Y|^2], P^2 = E[w^2 |VY|^2] E[w^2 |Y|^2], \
        A2F = E[w^2 |VF|^2], F0 = E|VF|^2",
    hypotheses: &[
        "a finite number of points and normal components, or a variance proxy (then without D3)",
        "L >= 2; the new bounds of A and B: L >= 5",
        "tau > 0 and 0 < th < 1 (proof parameters of A and of B)",
    ],
    constants: &[LENGTH, RHO, DEVIATION, CHAT, TILT],
    proof_idea: "T2 for both parts, its integral cut at t = tau / rho. Below the cut E e^{-tw} <= e^{-ct}, and (tw)^j e^{-tw} <= (j/e)^j takes \
        powers of w out of the fourth moment. Beyond it Jensen, and a Chernoff bound of the total weight.",
    source: SOURCE,
    location: location(
        "bound::key_query_bounds",
        "src/bound/sub_gaussian_gradient.rs",
    ),
    status: ProofStatus::ProvedOnPaper,
    lemmas: &[],
};

pub(crate) const CRUDE_KEY_QUERY_GRADIENT: Statement = Statement {
    id: "T9.key-query.crude",
    name: "crude-key-query-gradient",
    title: "The squared error of the gradient in U: a bound for every prompt length that grows like (ln L)^2",
    statement: "E|V(Chat - C(a))|_F^2 |z|^2 <= |z|^2 ( sqrt(K_V K_I) + |V|_F |C| )^2, \
        K = (1 + ln L + D_lam(c)) / lam for V and for I, |c| = 2 sigma^2 |V| |a|, |C| <= sigma^2 (4 en - ln(1-u)) / u",
    hypotheses: &[PROXY, "L >= 1", LAMBDA, "0 < u < 1 (a proof parameter)"],
    constants: &[
        LENGTH,
        SIGMA,
        TILT,
        constant("en", "sigma^2 |a|^2"),
        constant("D_lam(c)", "see T6.norm-mgf"),
    ],
    proof_idea: "|V Chat|_F is at most the largest |V(X_i - m)| times the largest |X_i - m|. ln^2 is concave from e on, so \
        the second moment of lam max |X_i - m|^2 is at most (1 + ln(L E e^{lam |X - m|^2}))^2.",
    source: SOURCE,
    location: location(
        "bound::key_query_bounds",
        "src/bound/sub_gaussian_gradient.rs",
    ),
    status: ProofStatus::ProvedOnPaper,
    lemmas: &[],
};

pub(crate) const UNIFORM_VALUE_GRADIENT: Statement = Statement {
    id: "T9.value.uniform",
    name: "uniform-value-gradient",
    title: "The squared error of the gradient in V averaged over a sub-Gaussian query",
    statement: "E_z m E|mhat - m(a)|^2 <= T7 with nu_j = m for j = 1 .. d; Gaussian tokens and query: also the \
        integral of T9.value over the query",
    hypotheses: &[PROXY, QUERY, "L >= 2", "0 < th < 1/2 (a proof parameter)"],
    constants: &[LENGTH, SIGMA, ROWS, constant("d", "dimension of a token")],
    proof_idea: "m |mhat - m(a)|^2 is the squared output error of m identities stacked: T7.",
    source: SOURCE,
    location: location(
        "bound::value_gradient_spectrum",
        "src/bound/value_gradient.rs",
    ),
    status: ProofStatus::ProvedOnPaper,
    lemmas: &[],
};

pub(crate) const UNIFORM_KEY_QUERY_GRADIENT: Statement = Statement {
    id: "T9.key-query.uniform",
    name: "uniform-key-query-gradient",
    title: "The squared error of the gradient in U averaged over a sub-Gaussian query",
    statement: "E_z E|V(Chat - C(a))|_F^2 |z|^2 <= varsigma^2 (1-2th)^{-d/2} \
        max( sup_{y <= Y} g(y) F(y) e^{-th y}, g(Y) c(Y) e^{-th Y} ), g(y) = (sqrt(y) + |m_z| / varsigma)^2, F(y) the smallest of T9.key-query.sub-gaussian, \
        T9.key-query.crude and, for Gaussian tokens, T9.key-query at sigma^2 |a|^2 = (q sqrt(y) + s)^2, without |z|^2; c the crude bound",
    hypotheses: &[PROXY, QUERY, "L >= 2", "3/Y <= th < 1/2 (proof parameters)"],
    constants: &[
        LENGTH,
        SIGMA,
        constant("q", "sigma |U| varsigma"),
        constant(
            "s",
            "sigma |U m_z + b|, 0 for a centred query without query bias",
        ),
        constant("d", "dimension of the query"),
        constant("y", "|z|^2 / varsigma^2"),
    ],
    proof_idea: "As T7, with the factor |z|^2 inside the supremum. At fixed proof parameters the crude bound grows at most \
        like y^2 and g like y, so g(y) c(y) e^{-th y} decreases from Y >= 3/th on.",
    source: SOURCE,
    location: location(
        "bound::UniformKeyQueryGradient",
        "src/bound/gradient_uniform.rs",
    ),
    status: ProofStatus::ProvedOnPaper,
    lemmas: &[],
};

const GAUSSIAN_QUERY: &str =
    "the query is m_z + z, z normal, centred, with covariance at most varsigma^2 I";

pub(crate) const VALUE_GRADIENT_GAUSSIAN_QUERY: Statement = Statement {
    id: "T9.value.gaussian-query",
    name: "value-gradient-gaussian-query",
    title: "The squared error of the gradient in V averaged over a Gaussian query, tokens known through their variance proxy",
    statement: "E_z m E|mhat - m(a)|^2 <= T7.gaussian with nu_j = m for j = 1 .. d",
    hypotheses: &[PROXY, GAUSSIAN_QUERY, "L >= 2"],
    constants: &[LENGTH, SIGMA, ROWS, constant("d", "dimension of a token")],
    proof_idea: "m |mhat - m(a)|^2 is the squared output error of m identities stacked: T7.gaussian.",
    source: SOURCE,
    location: location(
        "bound::UniformRate::gaussian_query_bound",
        "src/bound/uniform_rate_gaussian.rs",
    ),
    status: ProofStatus::ProvedOnPaper,
    lemmas: &[],
};

pub(crate) const KEY_QUERY_GRADIENT_GAUSSIAN_QUERY: Statement = Statement {
    id: "T9.key-query.gaussian-query",
    name: "key-query-gradient-gaussian-query",
    title: "The squared error of the gradient in U averaged over a Gaussian query",
    statement: "E_z E|V(Chat - C(a))|_F^2 |z|^2 <= varsigma^2 [ H(y_1) + sum_{i=1}^{n-1} (H(y_{i+1}) - H(y_i)) S(y_i) \
        + (g(Y) c(Y) - H(Y))_+ S(Y) + g(Y) c(Y) S(Y) (3/r + 6/r^2 + 6/r^3) ], H(y) = g(y) F(y), F, g and c as in T9.key-query.uniform, \
        S(y) = P(chi^2_d > y), r = (Y - d) / 2",
    hypotheses: &[
        PROXY,
        GAUSSIAN_QUERY,
        "L >= 2",
        "0 = y_0 < y_1 < .. < y_n = Y, Y > d (proof parameters)",
    ],
    constants: &[
        LENGTH,
        SIGMA,
        constant("q", "sigma |U| varsigma"),
        constant(
            "s",
            "sigma |U m_z + b|, 0 for a centred query without query bias",
        ),
        constant("d", "dimension of the query"),
        constant("y", "|z|^2 / varsigma^2"),
    ],
    proof_idea: "As T7.gaussian, for g(y) F(y). Beyond Y the crude bound grows at most like y^2, and S decreases at the rate r / Y at least.",
    source: SOURCE,
    location: location(
        "bound::UniformKeyQueryGradient::gaussian_query_bound",
        "src/bound/gradient_uniform_gaussian.rs",
    ),
    status: ProofStatus::ProvedOnPaper,
    lemmas: &[],
};
