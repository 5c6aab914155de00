//! In-context linear regression, exactly (theory sections 13 and 14; the paper's Theorem 5.1 in v1, 5.2 in v2).
//!
//! A prompt holds `L` labelled examples `(x_i, y_i)`, `y_i = <w, x_i> + noise`, of a task `w ~ N(0, tau^2 I)`; the head
//! sees them and a query `(x, 0)` and predicts the last coordinate of its output. Of the parameters of the head two
//! blocks move under gradient flow from a symmetric start: `A`, the `d x d` block of the key-query matrix, and `b`, the
//! last entry of the value matrix ([`RegressionHead`]). The risk is `R = E (prediction - y)^2 / 2`:
//!
//! * [`infinite`]: of the infinite prompt, its gradient and the limit of its flow;
//! * [`finite`]: of softmax attention over `L` tokens, exactly, with its gradient;
//! * [`linear`]: of linear attention over `L` tokens, a polynomial in `1/L`;
//! * [`full_linear`]: of linear attention whose other blocks are not zero, and its other local minima;
//! * [`flow`]: gradient flow of each, and [`optimum`]: the minimum of the finite-prompt risk;
//! * [`curvature`]: the smallest curvature of the infinite-prompt risk;
//! * [`expansion`]: the constants of `1/L`;
//! * [`bayes`]: what no predictor can beat;
//! * [`approximate_loss`]: a closed form of the literature for isotropic tokens, and where it breaks.

pub mod approximate_loss;
pub mod bayes;
mod contour;
pub mod curvature;
pub mod expansion;
pub mod finite;
pub mod flow;
pub mod full_linear;
mod head;
pub mod infinite;
pub mod linear;
mod newton;
pub mod optimum;
pub(crate) mod participation_curve;
mod participation_table;
mod rosenbrock;
mod task;

pub use head::RegressionHead;
pub use task::RegressionTask;
