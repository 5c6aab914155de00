//! Numbers of heads and their dimensions, from the shapes of the projections and what was said.

use super::projection::Projection;
use super::request::HeadRequest;

/// Numbers of heads, dimension of a key and of a value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    pub(super) heads: usize,
    pub(super) key_value_heads: usize,
    pub(super) key: usize,
    pub(super) value: usize,
}

/// The sizes of three projections.
pub(super) fn separate(
    request: &HeadRequest,
    query: &Projection,
    key: &Projection,
    value: &Projection,
) -> Result<Sizes, String> {
    let heads = request.heads;
    let dimension = query.rows / heads;
    if dimension == 0 || !query.rows.is_multiple_of(heads) {
        return Err(format!(
            "{} has {} rows, which cannot be divided among {heads} heads",
            query.tensor, query.rows
        ));
    }
    if let Some(said) = request.head_dimension.filter(|said| *said != dimension) {
        return Err(format!(
            "{} has {} rows, not those of {heads} heads of dimension {said}",
            query.tensor, query.rows
        ));
    }
    let key_value_heads = request.key_value_heads.unwrap_or(heads);
    check_groups(heads, key_value_heads)?;
    if key.rows != key_value_heads * dimension {
        let hint = match key.rows / dimension {
            groups
                if request.key_value_heads.is_none()
                    && groups * dimension == key.rows
                    && heads.is_multiple_of(groups.max(1)) =>
            {
                format!("; if {heads} heads are right, say key_value_heads = {groups}")
            }
            _ => String::new(),
        };
        return Err(format!(
            "{} has {} rows, and {key_value_heads} key heads of dimension {dimension} (the query rows of a head) need {}{hint}",
            key.tensor,
            key.rows,
            key_value_heads * dimension
        ));
    }
    if value.rows == 0 || !value.rows.is_multiple_of(key_value_heads) {
        return Err(format!(
            "{} has {} rows, which cannot be divided among {key_value_heads} heads",
            value.tensor, value.rows
        ));
    }
    if value.columns != key.columns {
        return Err(format!(
            "{} has {} columns and {} has {}; both act on tokens",
            key.tensor, key.columns, value.tensor, value.columns
        ));
    }
    Ok(Sizes {
        heads,
        key_value_heads,
        key: dimension,
        value: value.rows / key_value_heads,
    })
}

/// The sizes of one projection that holds all three.
pub(super) fn together(request: &HeadRequest, fused: &Projection) -> Result<Sizes, String> {
    let (heads, rows) = (request.heads, fused.rows);
    let cannot = |what: String| {
        format!(
            "{} has {rows} rows of output, which cannot be divided among {what}",
            fused.tensor
        )
    };
    let key_value_heads = match (request.key_value_heads, request.head_dimension) {
        (Some(said), _) => said,
        (None, Some(dimension)) => {
            // heads + 2 groups pieces of this dimension.
            let pieces = rows / dimension.max(1);
            let groups = pieces.saturating_sub(heads) / 2;
            if pieces * dimension != rows || groups == 0 || heads + 2 * groups != pieces {
                return Err(cannot(format!(
                    "{heads} heads of dimension {dimension}, and as many keys as values"
                )));
            }
            groups
        }
        // With other shapes, a wrong guess could divide the rows just as well.
        (None, None) if rows == 3 * fused.columns => heads,
        (None, None) => {
            return Err(format!(
                "{} has {rows} rows of output for {} of input, not three times as many: say key_value_heads or head_dimension",
                fused.tensor, fused.columns
            ));
        }
    };
    check_groups(heads, key_value_heads)?;
    let pieces = heads + 2 * key_value_heads;
    let dimension = rows / pieces;
    if dimension == 0 || rows % pieces != 0 {
        return Err(cannot(format!(
            "{heads} heads with {key_value_heads} keys and values"
        )));
    }
    if let Some(said) = request.head_dimension.filter(|said| *said != dimension) {
        return Err(cannot(format!(
            "{heads} heads with {key_value_heads} keys and values of dimension {said}"
        )));
    }
    Ok(Sizes {
        heads,
        key_value_heads,
        key: dimension,
        value: dimension,
    })
}

fn check_groups(heads: usize, key_value_heads: usize) -> Result<(), String> {
    if key_value_heads == 0 || !heads.is_multiple_of(key_value_heads) {
        return Err(format!(
            "{heads} heads cannot share {key_value_heads} key-value heads evenly"
        ));
    }
    Ok(())
}

/// The first rows of query, key and value in a fused projection.
pub(super) fn starts(sizes: Sizes, head: usize, grouped: bool) -> [usize; 3] {
    let shared = sizes.heads / sizes.key_value_heads;
    let group = head / shared;
    let places = if grouped {
        // Each group: its queries, its key, its value.
        let first = group * (shared + 2);
        [first + head % shared, first + shared, first + shared + 1]
    } else {
        [
            head,
            sizes.heads + group,
            sizes.heads + sizes.key_value_heads + group,
        ]
    };
    places.map(|place| place * sizes.key)
}
