//! The smallest length from which on a value stays at most `epsilon`.

use std::collections::BTreeMap;

use super::Progress;
use super::cells::exact::{Curve, reason};
use crate::bound::{Bound, Theorem, lasts_until};
use crate::exact::Exact;
use crate::parameter::PromptLength;
use crate::record::{Cell, ReachedLength};

/// A value at some length and where it comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reached {
    value: f64,
    /// The value and its error.
    most: f64,
    theorem: Option<Theorem>,
}

impl Reached {
    /// An exact value.
    pub fn exact(exact: Exact) -> Self {
        Self {
            value: exact.value,
            most: exact.value + exact.error,
            theorem: None,
        }
    }

    /// The smallest valid bound; infinite if there is none.
    pub fn best(records: &[Bound]) -> Self {
        let found = records
            .iter()
            .filter_map(|bound| Some((bound.useful_value()?, bound.theorem())))
            .min_by(|x, y| x.0.total_cmp(&y.0));
        let value = found.map_or(f64::INFINITY, |found| found.0);
        Self {
            value,
            most: value,
            theorem: found.map(|found| found.1),
        }
    }
}

/// The longest prompt, as an exponent of 2.
const LONGEST: u32 = 53;
/// Values at most; more would mean an error that stays next to `epsilon` for many lengths.
const MOST_VALUES: usize = 2_000;

/// Values at lengths, each found once.
struct Values<'a> {
    curve: Curve<'a, Reached>,
    known: BTreeMap<u64, Reached>,
}

impl Values<'_> {
    fn at(&mut self, length: u64) -> Cell<Reached> {
        if let Some(found) = self.known.get(&length) {
            return Ok(*found);
        }
        if self.known.len() >= MOST_VALUES {
            return Err(format!(
                "that it stays small is not proved with {MOST_VALUES} values; the error is next to epsilon over a wide range of lengths"
            ));
        }
        let here = PromptLength::new(length).map_err(reason)?;
        let values = (self.curve)(&[here])?;
        let Some(&found) = values.first() else {
            return Err(format!("no value at L = {length}"));
        };
        self.known.insert(length, found);
        Ok(found)
    }
}

/// The smallest length from which on the value stays at most `epsilon`, up to `2^53`.
///
/// From a power of two on, values are found where T20 does not carry the one before; a power from which this fails is too short. Between the last
/// length at which it failed and the first power from which it does not, the same from where bisection finds that the value falls below.
///
/// `curve` gives the values at lengths up to `2^53`: those are reached whatever the answer, as the proof ends there.
pub(super) fn search(
    epsilon: f64,
    progress: &dyn Progress,
    curve: Curve<'_, Reached>,
) -> Cell<ReachedLength> {
    let mut values = Values {
        curve,
        known: BTreeMap::new(),
    };
    let (mut low, mut proved, mut first) = (0, None, None);
    for power in (0..=LONGEST).map(|k| 1 << k) {
        if power <= low {
            continue;
        }
        progress.start(1);
        low = match march(&mut values, power, PromptLength::MAX + 1, epsilon)? {
            None => {
                proved = Some(power);
                break;
            }
            Some(violated) => violated,
        };
        // The march began where the value is small.
        if low > power {
            first = first.or(Some(power));
        }
        progress.step();
    }
    let Some(mut proved) = proved else {
        return Err("more than 2^53 tokens are needed".to_owned());
    };
    while proved - low > 1 {
        progress.start(1);
        let crossing = crossing(&mut values, low, proved, epsilon)?;
        match march(&mut values, crossing, proved, epsilon)? {
            None => (low, proved) = (crossing - 1, crossing),
            Some(violated) => low = violated,
        }
        progress.step();
    }
    let found = values.at(proved)?;
    Ok(ReachedLength {
        length: proved,
        value: found.value,
        theorem: found.theorem,
        earlier: first
            .map(|power| crossing(&mut values, power / 2, power, epsilon))
            .transpose()?,
    })
}

/// Proves that the value stays at most `epsilon` from a length on to another; a length where it does not, if it fails.
fn march(values: &mut Values<'_>, from: u64, to: u64, epsilon: f64) -> Cell<Option<u64>> {
    let mut length = from;
    while length < to {
        let reached = values.at(length)?;
        if !(reached.most <= epsilon) {
            return Ok(Some(length));
        }
        let here = PromptLength::new(length).map_err(reason)?;
        length = lasts_until(here, reached.most, epsilon).get() + 1;
    }
    Ok(None)
}

/// A length where the value is at most `epsilon` and before it is not, between one where it is not (or 0) and one where it is.
fn crossing(values: &mut Values<'_>, mut low: u64, mut high: u64, epsilon: f64) -> Cell<u64> {
    while high - low > 1 {
        let between = low + (high - low) / 2;
        if values.at(between)?.most <= epsilon {
            high = between;
        } else {
            low = between;
        }
    }
    Ok(high)
}
