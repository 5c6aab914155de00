//! All prompts over finitely many points, by their counts.

/// Visits all counts of `left` tokens with their multinomial probabilities.
pub fn each_composition(
    counts: &mut Vec<usize>,
    position: usize,
    left: usize,
    probability: f64,
    weights: &[f64],
    visit: &mut impl FnMut(&[usize], f64),
) {
    if position + 1 == weights.len() {
        counts[position] = left;
        visit(counts, probability * weights[position].powi(left as i32));
        return;
    }
    let mut factor = 1.0;
    for c in 0..=left {
        counts[position] = c;
        let p = probability * factor * weights[position].powi(c as i32);
        each_composition(counts, position + 1, left - c, p, weights, visit);
        factor *= (left - c) as f64 / (c + 1) as f64;
    }
}
