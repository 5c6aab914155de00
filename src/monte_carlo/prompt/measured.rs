//! What is measured on a prompt.

use super::softmax::WeightSums;

/// What one prompt gave.
#[derive(Debug)]
pub(in crate::monte_carlo) struct Measured {
    /// The quantities of the plan in their order, then the output error `That - T` (its conditional mean on
    /// the Rao-Blackwellised route).
    pub numbers: Vec<f64>,
    /// `|That - T|`, if the plan needs it.
    pub error: f64,
    /// A number with mean zero, correlated with the quantities (Rao-Blackwellised route only).
    pub control: f64,
}

/// Writes what every plan measures: the squared output error, `P_2`, `P_3` and `1 / P_2`; the places of the other numbers.
pub(super) fn write_first<'a>(
    numbers: &'a mut [f64],
    square: f64,
    sums: &WeightSums,
) -> std::slice::IterMut<'a, f64> {
    let two = sums.participation_two();
    let mut places = numbers.iter_mut();
    let first = [square, two, sums.participation_three(), 1.0 / two];
    for (number, place) in first.into_iter().zip(places.by_ref()) {
        *place = number;
    }
    places
}
