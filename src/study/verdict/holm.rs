//! Holm's procedure.

/// Which of these hypotheses are rejected, such that the probability of any false rejection is at most
/// `error`, whatever the dependence between the p-values (S. Holm, Scand. J. Statist. 6, 1979, 65-70).
///
/// The smallest p-value is compared with `error / n`, the next with `error / (n - 1)`, and so on until one is larger.
/// NaN is never rejected.
pub(in crate::study) fn holm(p_values: &[f64], error: f64) -> Vec<bool> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    let p = |place: usize| p_values.get(place).copied().unwrap_or(f64::NAN);
    order.sort_by(|x, y| p(*x).total_cmp(&p(*y)));
    let mut rejected = vec![false; p_values.len()];
    for (rank, place) in order.into_iter().enumerate() {
        let open = (p_values.len() - rank) as f64;
        // Times, not over: a quotient of the smallest floats would be zero.
        if !(p(place) * open <= error) {
            break;
        }
        if let Some(slot) = rejected.get_mut(place) {
            *slot = true;
        }
    }
    rejected
}

#[cfg(test)]
mod tests {
    use crate::study::verdict::holm::*;
    use rand::{RngExt, SeedableRng};

    #[test]
    fn steps_down_until_the_first_that_is_too_large() {
        // Thresholds 0.0125, 0.01667, 0.025, 0.05.
        assert_eq!(
            holm(&[0.012, 0.03, 0.016, 0.04], 0.05),
            [true, false, true, false]
        );
        assert_eq!(
            holm(&[0.013, 0.001, 0.02, 0.045], 0.05),
            [true, true, true, true]
        );
        // The second fails, so nothing after it is rejected, though 0.049 <= 0.05.
        assert_eq!(holm(&[0.001, 0.049], 0.05), [true, true]);
        assert_eq!(holm(&[0.03, 0.049], 0.05), [false, false]);
        assert_eq!(holm(&[f64::NAN, 0.02], 0.05), [false, true]);
        assert!(holm(&[], 0.05).is_empty());
    }

    /// Ten true hypotheses, 20,000 times: a false rejection in at most 5% of the runs (binomial limit at
    /// 5.2 deviations), and in more than 4%, for independent p-values are nearly the worst case.
    #[test]
    fn family_wise_error_is_kept() {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(3);
        let mut runs = 0;
        for _ in 0..20_000 {
            let p: Vec<f64> = (0..10).map(|_| random.random()).collect();
            runs += i32::from(holm(&p, 0.05).contains(&true));
        }
        assert!((800..=1161).contains(&runs), "{runs}");
    }
}
