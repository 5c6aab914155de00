//! T14 `two-heads`: heads that read the same prompt, and the error of a whole layer.
//!
//! [`lattice`] has the nodes of the double integral and a basis of the kernels at all of them, [`head`] what belongs to one head,
//! [`pair`] the integral of two heads, and [`errors`] the sum over all pairs.

pub mod errors;
mod head;
mod lattice;
mod pair;
