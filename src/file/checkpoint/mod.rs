//! One attention head of a safetensors checkpoint.
//!
//! [`layout`] finds the projections, [`cut`] the rows of a head, [`rotation`] inserts rotary positions; [`unread`] and
//! [`configuration`] look for what makes the head of the model another one than what was read.

mod configuration;
mod cut;
mod layout;
mod projection;
mod read;
mod request;
mod rotation;
mod sizes;
mod source;
mod unread;

pub use layout::{Layout, layout_names};
pub use read::read_head;
pub use request::{HeadRequest, HeadWeights};
pub use rotation::{Pairing, Rotation};
