//! The output projection of a layer, and the columns of it that belong to each head.

use nalgebra::DMatrix;

use super::source::Source;
use crate::error::Result;

/// Its names beside the other projections.
const NAMES: [&str; 8] = [
    "o_proj", "out_proj", "c_proj", "proj", "dense", "out_lin", "wo", "to_out.0",
];
/// Its name beside the module of the other projections, in BERT and vision transformers.
const OUTSIDE: &str = "output.dense";

/// The name of its weight, if the layer has one.
///
/// # Errors
/// If there are several.
fn find(source: &Source, prefix: &str) -> Result<Option<String>> {
    let inside = NAMES.iter().map(|name| format!("{prefix}{name}.weight"));
    // What the prefix is under: all up to the last dot but that at its end.
    let parent = prefix.trim_end_matches('.').rsplit_once('.');
    let outside = parent.map(|(parent, _)| format!("{parent}.{OUTSIDE}.weight"));
    let mut found = inside.chain(outside).filter(|name| source.has(name));
    match (found.next(), found.next()) {
        (Some(one), Some(other)) => Err(source.refuse(format!(
            "{one} and {other} may both be the output projection of the layer; keep the one that is"
        ))),
        (found, _) => Ok(found),
    }
}

/// The slices `m x value` of the output projection, one a head; none without one. `transposed` is how the other projections are stored.
///
/// # Errors
/// If there are several projections, or its columns are not `value` for each head.
pub(super) fn slices(
    source: &mut Source,
    prefix: &str,
    (heads, value): (usize, usize),
    transposed: bool,
) -> Result<Option<Vec<DMatrix<f64>>>> {
    let Some(name) = find(source, prefix)? else {
        return Ok(None);
    };
    let (rows, columns) = source.shape(&name)?;
    let (outputs, inputs) = if transposed {
        (columns, rows)
    } else {
        (rows, columns)
    };
    if inputs != heads * value {
        return Err(source.refuse(format!(
            "{name} has {inputs} columns of input, and {heads} heads with {value} outputs each need {}",
            heads * value
        )));
    }
    let slice = |head: usize| {
        let own = head * value..(head + 1) * value;
        if transposed {
            Ok(source.block(&name, own, 0..outputs)?.transpose())
        } else {
            source.block(&name, 0..outputs, own)
        }
    };
    (0..heads).map(slice).collect::<Result<Vec<_>>>().map(Some)
}
