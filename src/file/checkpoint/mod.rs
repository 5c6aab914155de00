//! One attention head of a safetensors checkpoint, or all heads of a layer.
//!
//! [`layout`] finds the projections, [`cut`] the rows of a head, [`output`] the columns of the output projection, [`rotation`] inserts rotary positions; [`unread`] and
//! [`configuration`] look for what makes the head of the model another one than what was read.

mod configuration;
mod cut;
mod layout;
mod output;
mod projection;
mod read;
mod request;
mod rotation;
mod sizes;
mod source;
mod unread;

pub use layout::{Layout, layout_names};
pub use read::{read_head, read_layer};
pub use request::{HeadRequest, HeadWeights, LayerWeights};
pub use rotation::{Pairing, Rotation};
