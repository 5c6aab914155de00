//! Linear attention with all the blocks that reach the loss, not only `A` and `b`.

use nalgebra::{DMatrix, DVector};

use crate::error::{Error, Result};
use crate::parameter::PromptLength;
use crate::regression::numerics::newton;
use crate::regression::{RegressionHead, RegressionTask};

/// Scores `<A q, x_i> + <a, q> y_i` for a query `q`, values `<v, x_i> + b y_i`; or a gradient in these.
///
/// A start of gradient descent with full matrices has all four; the flow of T11 has `a = 0`, `v = 0` and keeps them.
#[derive(Debug, Clone, PartialEq)]
pub struct FullHead {
    /// `A` and `b`.
    pub regression: RegressionHead,
    /// `a`: how scores depend on labels.
    pub label_scores: DVector<f64>,
    /// `v`: how values depend on inputs.
    pub input_values: DVector<f64>,
}

/// A stationary point of the risk over all four blocks.
#[derive(Debug, Clone, PartialEq)]
pub struct FullOptimum {
    /// The point; `(c A, c a, v / c, b / c)` are others of the same risk.
    pub head: FullHead,
    /// The risk there.
    pub risk: f64,
    /// The norm of the gradient there.
    pub gradient: f64,
    /// The two smallest eigenvalues of the Hessian. One eigenvalue is 0 up to rounding, along the scale `c`.
    pub curvatures: [f64; 2],
}

impl FullOptimum {
    /// Is it a strict local minimum, up to the scale `c`? Then the eigenvalue of the scale is the smallest, below a thousandth of the next; at a saddle the
    /// smallest is negative and the scale's comes later.
    pub fn is_strict(&self) -> bool {
        let [scale, next] = self.curvatures;
        scale.abs() < 1e-3 * next
    }
}

impl FullHead {
    /// The head as one list: the columns of `A`, then `b`, `a` and `v`.
    pub fn to_vec(&self) -> Vec<f64> {
        let mut list = self.regression.to_vec();
        list.extend(self.label_scores.iter());
        list.extend(self.input_values.iter());
        list
    }

    /// The inverse of [`Self::to_vec`]; numbers beyond are not read, missing ones count as zero.
    pub fn from_slice(dimension: usize, list: &[f64]) -> Self {
        let (first, rest) = list.split_at(list.len().min(dimension * dimension + 1));
        let mut rest = rest.iter().copied();
        let mut vector = || DVector::from_fn(dimension, |_, _| rest.next().unwrap_or(0.0));
        Self {
            regression: RegressionHead::from_slice(dimension, first),
            label_scores: vector(),
            input_values: vector(),
        }
    }

    fn check(&self, task: &RegressionTask) -> Result<()> {
        self.regression.check(task)?;
        for (what, list) in [
            ("the label scores a", &self.label_scores),
            ("the input values v", &self.input_values),
        ] {
            if list.len() != task.dimension() {
                return Err(Error::shape(
                    what,
                    format!("{} entries", list.len()),
                    format!("{} (the dimension of the inputs)", task.dimension()),
                ));
            }
        }
        Ok(())
    }
}

/// The risk of linear attention over `L` examples, or over the infinite prompt (`None`), where it is the risk of softmax attention too.
///
/// With `Sig = S`, `M = S (b A + v a^T)`, `c = A^T S v`, `c_0 = E y^2 = tau^2 tr S + noise`, `c_2 = c_0^2 + 2 tau^4 tr S^2` and
///
/// ```text
/// e = c^T S c + 2 b c_0 a^T S c + b^2 c_2 a^T S a
/// p = tr(A^T S A S) (v^T S v + b^2 c_0) + 4 b tau^2 a^T S A^T S^2 v + (a^T S a)(c_0 v^T S v + b^2 c_2)
/// ```
///
/// it is `( tau^2 tr (M-I) S (M-I)^T + e + (p + tau^2 tr M S M^T + e) / L + noise ) / 2` (theory section 14, `full-linear-risk`).
///
/// # Errors
/// If the head has another dimension than the task.
///
/// # Examples
/// ```
/// use attention_bounds::nalgebra::{self, dmatrix, dvector};
/// use attention_bounds::regression::risk::full_linear::{FullHead, risk};
/// use attention_bounds::regression::{RegressionHead, RegressionTask};
///
/// // a = v = 0 over the infinite prompt: (b A - 1)^2 / 2 + noise / 2.
/// let task = RegressionTask::new(dmatrix![1.0], 0.5, 1.0)?;
/// let regression = RegressionHead::new(dmatrix![3.0], 1.0)?;
/// let head = FullHead { regression, label_scores: dvector![0.0], input_values: dvector![0.0] };
/// assert!((risk(&task, &head, None)? - 2.25).abs() < 1e-13);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn risk(task: &RegressionTask, head: &FullHead, length: Option<PromptLength>) -> Result<f64> {
    head.check(task)?;
    Ok(evaluate(task, head, inverse(length)).0)
}

/// Its gradient.
///
/// # Errors
/// If the head has another dimension than the task.
pub fn gradient(
    task: &RegressionTask,
    head: &FullHead,
    length: Option<PromptLength>,
) -> Result<FullHead> {
    head.check(task)?;
    Ok(evaluate(task, head, inverse(length)).1)
}

/// Where Newton's method comes from `start`, with a gradient of norm at most `tolerance`: a local minimum, or a saddle if a symmetry of `start` leads
/// there ([`FullOptimum::is_strict`] tells).
///
/// # Errors
/// If the head has another dimension than the task, or no such point is found.
pub fn minimise(
    task: &RegressionTask,
    start: &FullHead,
    length: PromptLength,
    tolerance: f64,
) -> Result<FullOptimum> {
    start.check(task)?;
    let dimension = task.dimension();
    let inverse = inverse(Some(length));
    let objective = |list: &[f64]| {
        let (value, gradient) = evaluate(task, &FullHead::from_slice(dimension, list), inverse);
        Ok((value, gradient.to_vec()))
    };
    let found = newton::minimise(&objective, &start.to_vec(), tolerance)?;
    let mut curvatures = found.curvatures.iter().copied();
    let mut next = || curvatures.next().unwrap_or(f64::NAN);
    Ok(FullOptimum {
        head: FullHead::from_slice(dimension, &found.point),
        risk: found.value,
        gradient: found.gradient,
        curvatures: [next(), next()],
    })
}

fn inverse(length: Option<PromptLength>) -> f64 {
    length.map_or(0.0, |length| 1.0 / length.as_f64())
}

/// Risk and gradient at `1/L`; shapes are checked by the callers.
fn evaluate(task: &RegressionTask, head: &FullHead, inverse: f64) -> (f64, FullHead) {
    let s = task.covariance();
    let (key_query, b) = (&head.regression.key_query, head.regression.value);
    let (a, v) = (&head.label_scores, &head.input_values);
    let tau = task.weight_variance();
    let label = task.label_variance();
    let squares = label * label + 2.0 * tau * tau * s.norm_squared();

    // The part of the mean prediction that is linear in w, and its gradient in b A + v a^T.
    let product = key_query * b + v * a.transpose();
    let signal = s * product;
    let error = &signal - DMatrix::identity(s.nrows(), s.ncols());
    let (error_s, signal_s) = (&error * s, &signal * s);
    let linear = tau * error_s.dot(&error);
    let noise = tau * signal_s.dot(&signal);
    let by_product = s * (error_s + signal_s * inverse) * tau;

    // The part that is even in w.
    let sv = s * v;
    let c = key_query.tr_mul(&sv);
    let (sc, sa) = (s * &c, s * a);
    let (a_sc, a_sa) = (a.dot(&sc), a.dot(&sa));
    let even = c.dot(&sc) + 2.0 * b * label * a_sc + b * b * squares * a_sa;
    let weight = 1.0 + inverse;
    let by_c = (&sc + &sa * (b * label)) * weight;

    // The variance of the scores times that of the values.
    let scores = s * key_query * s;
    let score_form = scores.dot(key_query);
    let value_form = v.dot(&sv);
    let ssv = s * &sv;
    let mixed = sa.dot(&key_query.tr_mul(&ssv));
    let spread = score_form * (value_form + b * b * label)
        + 4.0 * b * tau * mixed
        + a_sa * (label * value_form + b * b * squares);

    let value = 0.5 * (linear + even + inverse * (spread + noise + even) + task.noise_variance());
    let gradient = FullHead {
        regression: RegressionHead {
            key_query: &by_product * b
                + &sv * by_c.transpose()
                + (scores * (value_form + b * b * label) + &ssv * sa.transpose() * (2.0 * b * tau))
                    * inverse,
            value: by_product.dot(key_query)
                + weight * (label * a_sc + b * squares * a_sa)
                + inverse * (b * label * score_form + 2.0 * tau * mixed + b * squares * a_sa),
        },
        label_scores: by_product.tr_mul(v)
            + (&sc * (b * label) + &sa * (b * b * squares)) * weight
            + (s * key_query.tr_mul(&ssv) * (2.0 * b * tau)
                + &sa * (label * value_form + b * b * squares))
                * inverse,
        input_values: by_product * a
            + s * key_query * by_c
            + (sv * (score_form + label * a_sa) + s * (s * (key_query * sa)) * (2.0 * b * tau))
                * inverse,
    };
    (value, gradient)
}
