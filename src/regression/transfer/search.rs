//! The smallest `ln L` at which a bound of T10.gaussian is small enough.

use super::record::GaussianLength;
use crate::bound::regression::gaussian::QueryErrors;
use crate::error::Result;

/// Largest `ln L` tried.
const LARGEST: f64 = 1e5;
/// Accuracy of `ln L`.
const RESOLUTION: f64 = 1e-3;
/// Guesses with either kind of errors, at most.
const GUESSES: usize = 8;
/// The room within which weaker bounds come.
const NEAR: f64 = 0.1;

/// Finds a bound if all gaps are multiplied by `e^room`.
type Holds<'a> = dyn Fn(&QueryErrors, f64) -> Option<GaussianLength> + 'a;

/// The smallest `ln L`, to [`RESOLUTION`], at which `holds` finds a bound with no room, by doubling and halving.
///
/// What costs is the errors at a length. So the length is guessed first: the logarithm of the room that is left falls nearly linearly as `ln L`
/// grows, and a few guesses, the first with weaker bounds, spare most of the halvings.
///
/// # Errors
/// Those of `errors`.
pub(super) fn smallest(
    errors: &dyn Fn(f64) -> Result<QueryErrors>,
    holds: &Holds<'_>,
) -> Result<std::result::Result<GaussianLength, String>> {
    let known = guessed(errors, holds)?;
    let bound = |ln_length: f64| Ok(holds(&errors(ln_length)?, 0.0));
    let at = |ln_length: f64, best: &mut Option<GaussianLength>| -> Result<bool> {
        if ln_length >= known.1 || ln_length <= known.0 {
            return Ok(ln_length >= known.1);
        }
        let found = bound(ln_length)?;
        *best = found.or(*best);
        Ok(found.is_some())
    };
    let mut best = None;
    let (mut low, mut high) = (2.0, 20.0);
    while !at(high, &mut best)? {
        (low, high) = (high, 1.5 * high);
        if high > LARGEST {
            return Ok(Err(format!(
                "no L up to e^{LARGEST:e} makes the bound small enough"
            )));
        }
    }
    while high - low > RESOLUTION {
        let middle = 0.5 * (low + high);
        if at(middle, &mut best)? {
            high = middle;
        } else {
            low = middle;
        }
    }
    if best.is_none_or(|found| found.ln_length != high) {
        best = bound(high)?;
    }
    Ok(best.ok_or_else(|| "no bound was found".to_owned()))
}

/// Two values of `ln L` near each other with a bound at the second and none at the first; `-inf` and `inf` where none is known.
fn guessed(errors: &dyn Fn(f64) -> Result<QueryErrors>, holds: &Holds<'_>) -> Result<(f64, f64)> {
    let mut known = (f64::NEG_INFINITY, f64::INFINITY);
    let (mut guess, mut slope) = (20.0, 1.0);
    for fine in [false, true] {
        let mut before: Option<(f64, f64)> = None;
        for _ in 0..GUESSES {
            let found = errors(guess)?;
            let found = if fine { found } else { found.coarsened() };
            let Some(room) = room(&|room| holds(&found, room).is_some()) else {
                return Ok(known);
            };
            if let Some((length, last)) = before {
                slope = ((room - last) / (guess - length)).clamp(0.05, 1.0);
            }
            before = Some((guess, room));
            if !fine && room.abs() < NEAR {
                guess -= room / slope;
                break;
            }
            if fine && room >= 0.0 {
                known.1 = known.1.min(guess);
            } else if fine {
                known.0 = known.0.max(guess);
            }
            if known.1 - known.0 < 4.0 * RESOLUTION {
                return Ok(known);
            }
            // The next guess lies on the other side, by a little.
            let beyond = if room >= 0.0 { -RESOLUTION } else { RESOLUTION };
            let next = guess - room / slope + beyond;
            guess = if known.1 - known.0 < f64::INFINITY {
                next.clamp(known.0 + 0.25 * RESOLUTION, known.1 - 0.25 * RESOLUTION)
            } else {
                next.clamp(2.0, LARGEST)
            };
        }
    }
    Ok(known)
}

/// The largest `room` at which `holds` is true, to a thousandth; none if there is no such number below 1e5 in size.
fn room(holds: &dyn Fn(f64) -> bool) -> Option<f64> {
    let sign = if holds(0.0) { 1.0 } else { -1.0 };
    let changes = |size: f64| holds(sign * size) == (sign < 0.0);
    let (mut near, mut far) = (0.0, 0.25);
    while !changes(far) {
        (near, far) = (far, 2.0 * far);
        if far > LARGEST {
            return None;
        }
    }
    while far - near > RESOLUTION.max(1e-5 * far) {
        let middle = 0.5 * (near + far);
        if changes(middle) {
            far = middle;
        } else {
            near = middle;
        }
    }
    // The end at which it holds.
    Some(if sign > 0.0 { near } else { -far })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_room_is_found_on_both_sides_of_zero() {
        for end in [-4000.0, -3.7, -0.001, 0.0, 0.2, 900.0] {
            let found = room(&|room| room <= end).unwrap();
            assert!(found <= end && end - found < 0.05, "{end}: {found}");
        }
        assert!(room(&|_| false).is_none() && room(&|_| true).is_none());
    }
}
