//! Readers of numeric files: tables (`.npy`, `.npz`, `.csv`, `.tsv`, `.safetensors`) and heads of checkpoints.
//!
//! They return plain matrices, and know neither laws nor attention. A file is never trusted: every size that a
//! header states is compared with the length of the file before anything of that size is allocated, and whatever
//! is wrong becomes an [`Error::File`](crate::error::Error::File) that names the file and what is accepted. What a reader decided by itself
//! (a header skipped, a layout recognised) is a remark of its answer.

#[cfg(feature = "files")]
mod checkpoint;
#[cfg(feature = "files")]
mod element;
#[cfg(feature = "files")]
mod npy;
#[cfg(feature = "files")]
mod npz;
#[cfg(feature = "files")]
mod numbers;
mod regular;
#[cfg(feature = "files")]
mod table;
#[cfg(feature = "files")]
mod tensors;
#[cfg(feature = "files")]
mod text;

#[cfg(feature = "files")]
pub use checkpoint::{
    HeadRequest, HeadWeights, LayerWeights, Layout, Pairing, Rotation, layout_names, read_head,
    read_layer,
};
#[cfg(feature = "files")]
pub use numbers::{NumberTable, TableOptions};
pub use regular::{open_regular, read_text, replace};
#[cfg(feature = "files")]
pub use table::{read_columns, read_table};
