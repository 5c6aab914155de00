//! Laws, heads and the files they are read from.

mod files;
mod gradients;
mod laws;
