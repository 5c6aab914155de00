//! From a request to the matrices of the head.

use nalgebra::DVector;

use super::cut::Cut;
use super::layout::Layout;
use super::request::{HeadRequest, HeadWeights};
use super::source::Source;
use super::{configuration, unread};
use crate::error::{Error, Result};
use crate::file::element::check_size;

/// Reads one head of a checkpoint.
///
/// Key biases shift all scores of a query alike and value biases all outputs alike, so that neither changes an error and
/// neither is read; the query bias is. Rotated keys stand at one position relative to the query, see [`Rotation`](super::Rotation).
///
/// Only headers and the rows of the head are read, after their sizes were compared with the length of the file.
///
/// # Errors
/// [`Error::File`] if the checkpoint is not complete, no layout or several fit, shapes do not fit the numbers of heads, a
/// number is not finite, or the layer has what makes a score no bilinear function of token and query (norms of queries or
/// keys, a soft cap, attention sinks); the message names the tensor and what can be said or done instead.
/// [`Error::Parameter`] for a head outside `0..heads`.
pub fn read_head(request: &HeadRequest) -> Result<HeadWeights> {
    if request.head >= request.heads {
        return Err(Error::Parameter {
            parameter: "head",
            value: format!("{} of {}", request.head, request.heads),
            required: "a head number from 0 to the number of heads less 1",
            theorem: None,
        });
    }
    let mut source = Source::open(&request.weights)?;
    let prefix = match request.prefix.trim_end_matches('.') {
        "" => String::new(),
        prefix => format!("{prefix}."),
    };
    let layout = Layout::find(&source, &prefix, request.layout)?;
    let cut = Cut::new(&source, &prefix, layout, request)?;
    let mut remarks = cut.remarks(layout);
    remarks
        .extend(unread::check(&source, &prefix, layout).map_err(|reason| source.refuse(reason))?);
    if let Some(content) = source.configuration()? {
        let found = configuration::check(&content, request, &cut);
        remarks.extend(found.map_err(|reason| source.refuse(reason))?);
    }
    let query = cut.query.read(&mut source)?;
    let mut key = cut.key.read(&mut source)?;
    let value = cut.value.read(&mut source)?;
    let bias = match &cut.query_bias {
        Some(piece) => DVector::from_column_slice(piece.read(&mut source)?.as_slice()),
        None => DVector::zeros(query.nrows()),
    };
    let size = check_size(key.ncols() as u64, query.ncols() as u64);
    size.map_err(|reason| source.refuse(reason))?;
    if let Some(rotation) = &cut.rotation {
        rotation.rotate(&mut key);
    } else if layout.positions {
        remarks.push("positions (rotary or other) are left out; rope = { base, offset } puts every token at one offset from the query".into());
    }
    Ok(HeadWeights {
        key_query: key.tr_mul(&query) * cut.scale,
        query_bias: key.tr_mul(&bias) * cut.scale,
        value,
        remarks,
    })
}
