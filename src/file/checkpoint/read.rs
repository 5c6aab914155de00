//! From a request to the matrices of a head, or of all heads of its layer.

use nalgebra::DVector;

use super::cut::Cut;
use super::layout::Layout;
use super::request::{HeadRequest, HeadWeights, LayerWeights};
use super::source::Source;
use super::{configuration, output, unread};
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
    let mut place = Place::open(request)?;
    place.head(request).map(|(head, _)| head)
}

/// Reads all heads of the layer, whichever the request names, and the output projection where the checkpoint has one.
///
/// The output projection is `o_proj`, `out_proj`, `c_proj`, `proj`, `dense`, `out_lin`, `wo` or `to_out.0` beside the other projections, or
/// `output.dense` beside their module (BERT, vision transformers). Head `h` has the `h`-th of its slices of columns, in order; its bias shifts
/// every output alike and is not read.
///
/// # Errors
/// As [`read_head`], or if several output projections fit, or its columns are not those of the heads' outputs.
pub fn read_layer(request: &HeadRequest) -> Result<LayerWeights> {
    let mut place = Place::open(request)?;
    let (mut heads, mut shape) = (Vec::new(), (0, false));
    for head in 0..request.heads {
        let (found, transposed) = place.head(&HeadRequest {
            head,
            ..request.clone()
        })?;
        shape = (found.value.nrows(), transposed);
        heads.push(found);
    }
    let (value, transposed) = shape;
    let outputs = output::slices(
        &mut place.source,
        &place.prefix,
        (request.heads, value),
        transposed,
    )?;
    let mut remarks = heads
        .first()
        .map_or(Vec::new(), |head| head.remarks.clone());
    if outputs.is_none() {
        remarks.push(
            "the checkpoint has no output projection, so the outputs of the heads are put one under the other"
                .to_owned(),
        );
    }
    Ok(LayerWeights {
        heads,
        outputs,
        remarks,
    })
}

/// A layer of an open checkpoint.
struct Place {
    source: Source,
    prefix: String,
    layout: &'static Layout,
}

impl Place {
    fn open(request: &HeadRequest) -> Result<Self> {
        let source = Source::open(&request.weights)?;
        let prefix = match request.prefix.trim_end_matches('.') {
            "" => String::new(),
            prefix => format!("{prefix}."),
        };
        let layout = Layout::find(&source, &prefix, request.layout)?;
        Ok(Self {
            source,
            prefix,
            layout,
        })
    }

    /// One head, and whether its projections are stored `input x output`.
    fn head(&mut self, request: &HeadRequest) -> Result<(HeadWeights, bool)> {
        let Self {
            source,
            prefix,
            layout,
        } = self;
        let cut = Cut::new(source, prefix, layout, request)?;
        let mut remarks = cut.remarks(layout);
        remarks
            .extend(unread::check(source, prefix, layout).map_err(|reason| source.refuse(reason))?);
        if let Some(content) = source.configuration()? {
            let found = configuration::check(&content, request, &cut);
            remarks.extend(found.map_err(|reason| source.refuse(reason))?);
        }
        let query = cut.query.read(source)?;
        let mut key = cut.key.read(source)?;
        let value = cut.value.read(source)?;
        let bias = match &cut.query_bias {
            Some(piece) => DVector::from_column_slice(piece.read(source)?.as_slice()),
            None => DVector::zeros(query.nrows()),
        };
        let size = check_size(key.ncols() as u64, query.ncols() as u64);
        size.map_err(|reason| source.refuse(reason))?;
        if let Some(rotation) = &cut.rotation {
            rotation.rotate(&mut key);
        } else if layout.positions {
            remarks.push("positions (rotary or other) are left out; rope = { base, offset } puts every token at one offset from the query".into());
        }
        let head = HeadWeights {
            key_query: key.tr_mul(&query) * cut.scale,
            query_bias: key.tr_mul(&bias) * cut.scale,
            value,
            remarks,
        };
        Ok((head, cut.value.transposed))
    }
}
