//! The smallest constant of a printed proposition, and the exponents beside it.

use super::printed::PrintedHypotheses;
use super::printed_form::PrintedForm;
use crate::error::{Error, Result};
use crate::parameter::{Positive, PromptLength};
use crate::record::{FitPoint, UniformExponent};

/// Most values of `c2` of one range.
pub const MOST_STEPS: u64 = 1000;
/// The values of `c2` that a text names: one number, or `from,to,steps` (equally spaced, both ends included).
///
/// # Errors
/// For anything else; numbers must be finite and greater than 0, steps from 2 to 1000.
///
/// # Examples
/// ```
/// use attention_bounds::claim::read_range;
///
/// assert_eq!(read_range("1,2,3")?, [1.0, 1.5, 2.0]);
/// assert_eq!(read_range("0.5")?, [0.5]);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn read_range(text: &str) -> Result<Vec<f64>> {
    let refuse = || Error::Parameter {
        parameter: "--c2",
        value: text.to_owned(),
        required: "a number greater than 0, or FROM,TO,STEPS with 0 < FROM < TO and 2 to 1000 steps",
        theorem: None,
    };
    let number = |part: &str| {
        let value = part.trim().parse::<f64>().map_err(|_| refuse())?;
        Ok(Positive::new("c2", value).map_err(|_| refuse())?.get())
    };
    let parts: Vec<&str> = text.split(',').collect();
    match parts.as_slice() {
        [one] => Ok(vec![number(one)?]),
        [from, to, steps] => {
            let (from, to) = (number(from)?, number(to)?);
            let steps: u64 = steps.trim().parse().map_err(|_| refuse())?;
            if !(from < to && (2..=MOST_STEPS).contains(&steps)) {
                return Err(refuse());
            }
            let last = (steps - 1) as f64;
            Ok((0..steps)
                .map(|i| from + (to - from) * (i as f64 / last))
                .collect())
        }
        _ => Err(refuse()),
    }
}

/// `min(1, 1/(4 q^2))`, the exponent of T7, which is also T9's for the gradient in `V`: that bound is T7 for stacked identities, and
/// T12's law shows that it is the best for the class there too (theory, `uniform-value-gradient`).
///
/// # Examples
/// ```
/// use attention_bounds::claim::{PrintedForm, uniform_exponent};
///
/// assert_eq!(uniform_exponent(PrintedForm::Output, 1.0).value, Ok(0.25));
/// assert_eq!(uniform_exponent(PrintedForm::Output, 0.1).value, Ok(1.0));
/// ```
pub fn uniform_exponent(form: PrintedForm, q: f64) -> UniformExponent {
    let exponent = if q > 0.0 {
        (0.25 / (q * q)).min(1.0)
    } else {
        1.0
    };
    let (theorem, value) = match form {
        PrintedForm::Output => ("T7", Ok(exponent)),
        PrintedForm::ValueGradient => ("T9.value.uniform", Ok(exponent)),
        PrintedForm::KeyQueryGradient => (
            "T9.key-query.uniform",
            Err("the theory states none for the gradient in U (section 11)".to_owned()),
        ),
    };
    UniformExponent { theorem, value }
}

/// The smallest `c1` with `error <= right side` at every length, and the length at which it binds; `errors` are upper ends.
pub fn smallest(
    form: PrintedForm,
    c2: f64,
    found: &PrintedHypotheses,
    lengths: &[PromptLength],
    errors: &[f64],
) -> Option<FitPoint> {
    lengths
        .iter()
        .zip(errors)
        .map(|(length, error)| FitPoint {
            c2,
            exponent: c2 / (found.sigma * found.sigma),
            c1: error / form.right_side(1.0, c2, found, length.get()),
            binds_at: length.get(),
        })
        .max_by(|x, y| x.c1.total_cmp(&y.c1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_c2() {
        assert_eq!(read_range("0.5").unwrap(), [0.5]);
        assert_eq!(read_range("0.5, 1.5,3").unwrap(), [0.5, 1.0, 1.5]);
        for bad in [
            "", "x", "0", "-1", "1,2", "2,1,3", "1,2,1", "1,2,1001", "1,2,3,4", "nan", "inf",
            "1,2,2.5",
        ] {
            let message = read_range(bad).unwrap_err().to_string();
            assert!(message.contains("FROM,TO,STEPS"), "{message}");
        }
    }

    #[test]
    fn the_smallest_constant_is_reached_and_never_passed() {
        let lengths: Vec<PromptLength> =
            [2, 10, 1000].map(|l| PromptLength::new(l).unwrap()).into();
        let errors = [0.5, 0.2, 0.01];
        for (form, c2, sigma) in [
            (PrintedForm::Output, 0.1, 1.0),
            (PrintedForm::ValueGradient, 0.9, 1.0),
            (PrintedForm::Output, 2.0, 1.5),
            (PrintedForm::KeyQueryGradient, 2.0, 1.5),
        ] {
            let found = PrintedHypotheses {
                sigma,
                query_sigma: 1.25,
                failure: None,
                notes: Vec::new(),
            };
            let point = smallest(form, c2, &found, &lengths, &errors).unwrap();
            let mut reached = 0;
            for (length, error) in lengths.iter().zip(&errors) {
                let bound = form.right_side(point.c1, c2, &found, length.get());
                // Two roundings of c1.
                assert!(*error <= bound * (1.0 + 4.0 * f64::EPSILON));
                reached += usize::from(bound <= *error * (1.0 + 1e-6));
            }
            assert_eq!(reached, 1);
        }
    }
}
