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

/// Writes `P_2`, `P_3` and `1 / P_2` behind the output error.
pub(super) fn participation(numbers: &mut [f64], sums: &WeightSums) {
    let two = sums.participation_two();
    for (place, number) in numbers
        .iter_mut()
        .zip([two, sums.participation_three(), 1.0 / two])
    {
        *place = number;
    }
}
