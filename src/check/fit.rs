//! The smallest constant that makes a printed proposition (3.1, 3.4) true on a grid of exact values.

use nalgebra::DMatrix;

use super::bounds::square_root_above;
use super::exact::{exact_cells, reason};
use super::gradient::{Gradient, gradient_average};
use super::printed::{PrintedHypotheses, check_length, hypotheses};
use super::printed_form::PrintedForm;
use super::rate::spectrum;
use super::{Progress, Question};
use crate::attention::{Head, QueryLaw};
use crate::bound::{UniformRate, ValueSpectrum};
use crate::error::{Error, Result};
use crate::exact::{Exact, scalar_query_average};
use crate::law::{Gaussian, RareAtom, operator_norm};
use crate::parameter::{Dimension, Positive, PromptLength, VarianceProxy};
use crate::report::{Cell, FitAnswer, FitPoint, PrintedWords, UniformExponent, WitnessPoint};

/// Most values of `c2` of one range.
pub const MOST_STEPS: u64 = 1000;

/// The values of `c2` that a text names: one number, or `from,to,steps` (equally spaced, both ends included).
///
/// # Errors
/// For anything else; numbers must be finite and greater than 0, steps from 2 to 1000.
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

/// The smallest `c1` for each `c2` (see [`read_range`]) such that `error <= right side` on the grid.
///
/// The right side is that of the form ([`PrintedForm::right_side`]): `c1 sigma^6 ln(L) / L^{c2/sigma^2}` for the output and the
/// gradient in `V`, `c1 sigma^12 ln(L)^2 / L^{c2/sigma^2}` for that in `U`. `error` is the exact average error plus its numerical
/// error. With `witness` also the rare-atom law of T12 with `eps = 1/L`, at the scenario's `sigma` and `|U|` times the query's
/// parameter, beside T7; for the output only.
///
/// # Errors
/// If a length is 1, a witness is asked for a gradient, there is no exact average, or a hypothesis of the proposition fails.
pub fn fit(
    question: &Question<'_>,
    form: PrintedForm,
    lengths: &[PromptLength],
    exponents: &[f64],
    witness: bool,
    progress: &dyn Progress,
) -> Result<FitAnswer> {
    if witness && form != PrintedForm::Output {
        return Err(Error::Parameter {
            parameter: "--metric",
            value: form.metric().name().to_owned(),
            required: "output with --witness: T7 and the rare atoms of T12 are about the output error",
            theorem: None,
        });
    }
    for length in lengths {
        check_length(length.get())?;
    }
    let unavailable = |why: String| Error::Unavailable {
        what: "the fit of the printed proposition",
        why,
    };
    let mut found = hypotheses(question)?;
    if let Some(why) = found.failure {
        return Err(unavailable(why));
    }
    if form == PrintedForm::KeyQueryGradient && found.query_sigma > 1.0 {
        found.notes.push(format!(
            "printed propositions: the right-hand side for the gradient in U is multiplied by {:.6}, the square of nu's parameter",
            found.query_sigma.powi(2)
        ));
    }
    progress.start(1);
    let errors = average_errors(question, form, lengths, progress).map_err(unavailable)?;
    let points = exponents
        .iter()
        .filter_map(|&c2| smallest(form, c2, &found, lengths, &errors))
        .collect();
    let proxy = question.tokens.variance_proxy().proxy;
    let key_query = operator_norm(question.head.key_query()) * found.query_sigma;
    let q = proxy.sigma() * key_query;
    let witness = if witness {
        lengths
            .iter()
            .map(|&length| witness_at(proxy, key_query, length))
            .collect::<Result<_>>()?
    } else {
        Vec::new()
    };
    Ok(FitAnswer {
        description: String::new(),
        metric: form.metric(),
        printed: PrintedWords {
            proposition: form.proposition(),
            formula: form.formula(),
            matrix: form.matrix(),
        },
        sigma: found.sigma,
        lengths: lengths.iter().map(|l| l.get()).collect(),
        points,
        kappa: kappa(question, form)?,
        q,
        uniform: uniform_exponent(form, q),
        witness,
        notes: found.notes,
    })
}

/// The exact average errors of the form's metric.
fn average_errors(
    question: &Question<'_>,
    form: PrintedForm,
    lengths: &[PromptLength],
    progress: &dyn Progress,
) -> Cell<Vec<Exact>> {
    let gradient = match form {
        PrintedForm::Output => {
            let average = exact_cells(question, lengths, progress).average?;
            return Ok(average.iter().map(|cell| cell.squared_error).collect());
        }
        PrintedForm::ValueGradient => Gradient::Value,
        PrintedForm::KeyQueryGradient => Gradient::KeyQuery,
    };
    let errors = gradient_average(question, lengths, gradient);
    progress.step();
    errors
}

/// T8's exponent and whether it is a theorem there.
fn kappa(question: &Question<'_>, form: PrintedForm) -> Result<Cell<(f64, bool)>> {
    if form != PrintedForm::Output {
        return Ok(Err(
            "T8 speaks of the output error, not of a gradient's".to_owned()
        ));
    }
    Ok(match (question.query, question.tokens.as_gaussian()) {
        (QueryLaw::Gaussian(query), Some(tokens)) => {
            let spectrum = spectrum(question, tokens, query)?;
            Ok((spectrum.kappa(), spectrum.lambda() < 0.5))
        }
        _ => Err("T8 speaks of Gaussian tokens and a Gaussian query".to_owned()),
    })
}

/// `min(1, 1/(4 q^2))`, the exponent of T7, which is also T9's for the gradient in `V`: that bound is T7 for stacked identities, and
/// T12's law shows that it is the best for the class there too (theory, `uniform-value-gradient`).
fn uniform_exponent(form: PrintedForm, q: f64) -> UniformExponent {
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

/// The smallest `c1`, and the length at which it binds.
fn smallest(
    form: PrintedForm,
    c2: f64,
    found: &PrintedHypotheses,
    lengths: &[PromptLength],
    errors: &[Exact],
) -> Option<FitPoint> {
    lengths
        .iter()
        .zip(errors)
        .map(|(length, error)| FitPoint {
            c2,
            exponent: c2 / (found.sigma * found.sigma),
            c1: (error.value + error.error) / form.right_side(1.0, c2, found, length.get()),
            binds_at: length.get(),
        })
        .max_by(|x, y| x.c1.total_cmp(&y.c1))
}

/// The rare-atom law of T12 at `eps = 1/L`, `d = 1`, `V = 1`, a standard normal query, and T7.
fn witness_at(proxy: VarianceProxy, key_query: f64, length: PromptLength) -> Result<WitnessPoint> {
    let probability = 1.0 / length.as_f64();
    let law = RareAtom::widest(proxy.get(), probability)?;
    let one = DMatrix::identity(1, 1);
    let head = Head::new(&one * key_query, one.clone())?;
    let query = Gaussian::centred(one.clone())?;
    let exact: Cell<Exact> = scalar_query_average(&law, &head, &query, &[length])
        .map_err(reason)
        .and_then(|found| {
            let first = found.first().map(|cell| cell.squared_error);
            first.ok_or_else(|| "no value was computed".to_owned())
        });
    // U is rounded up by the square root of its square, as in a table.
    let rate = UniformRate::new(
        proxy,
        VarianceProxy::new(1.0)?,
        square_root_above(key_query * key_query),
        Dimension::new(1)?,
        ValueSpectrum::new(&one)?,
    )?;
    Ok(WitnessPoint {
        length: length.get(),
        probability,
        half_width: law.half_width(),
        exact,
        bound: rate.bound(length, f64::INFINITY).value(),
    })
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
        let errors: Vec<Exact> = [0.5, 0.2, 0.01]
            .map(|value| Exact { value, error: 1e-9 })
            .into();
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
                assert!(error.value <= bound);
                reached += usize::from(bound <= error.value * (1.0 + 1e-6));
            }
            assert_eq!(reached, 1);
        }
    }
}
