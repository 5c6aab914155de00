//! In-context linear regression (theory sections 13 and 14; the paper's Theorem 5.1 in v1, 5.2 in v2).
//!
//! A prompt holds `L` labelled examples `(x_i, y_i)`, `y_i = <w, x_i> + noise`, of a task `w ~ N(0, tau^2 I)`; the head
//! sees them and a query `(x, 0)` and predicts the last coordinate of its output. Of the parameters of the head two
//! blocks move under gradient flow from a symmetric start: `A`, the `d x d` block of the key-query matrix, and `b`, the
//! last entry of the value matrix ([`RegressionHead`]). The risk is `R = E (prediction - y)^2 / 2`:
//!
//! * [`risk`]: its exact value and gradient at `L` examples, for the infinite prompt and for linear attention;
//! * [`flow`]: gradient flow of each, and the minimum;
//! * [`training`]: the paper's stochastic gradient descent with full matrices, and [`reproduction`], what comes out of it
//!   beside the exact optimum;
//! * [`transfer`]: the prompt length from which on the flow ends as well as that of the infinite prompt (T10).

pub mod flow;
mod head;
mod numerics;
mod participation;
pub mod reproduction;
pub mod risk;
mod task;
pub mod training;
pub mod transfer;

pub use head::RegressionHead;
pub use task::RegressionTask;
