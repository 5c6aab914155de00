//! The smallest constant that makes a printed proposition (3.1, 3.4) true on a grid of exact values.

use nalgebra::DMatrix;
use rayon::prelude::*;

use crate::attention::{Head, QueryLaw};
use crate::bound::{UniformRate, ValueSpectrum};
use crate::claim::{PrintedForm, check_length, hypotheses, smallest, uniform_exponent};
use crate::error::{Error, Result};
use crate::exact::{Exact, scalar_query_average};
use crate::law::{Gaussian, RareAtom, operator_norm};
use crate::parameter::{Dimension, PromptLength, VarianceProxy, refused};
use crate::record::Cell;
use crate::record::{FitAnswer, FitPoint, PrintedWords, WitnessPoint};
use crate::study::cells::exact::{exact_cells, reason};
use crate::study::cells::exact_gradients::{Gradient, gradient_average};
use crate::study::cells::moments::square_root_above;
use crate::study::rate::spectrum;
use crate::study::{Progress, Question};

/// Most lengths of a fit with a witness.
pub const MOST_WITNESSES: usize = 500;

/// The smallest `c1` for each `c2` (see [`read_range`](crate::claim::read_range)) such that `error <= right side` on the grid.
///
/// The right side is that of the form ([`PrintedForm::right_side`]): `c1 sigma^6 ln(L) / L^{c2/sigma^2}` for the output and the
/// gradient in `V`, `c1 sigma^12 ln(L)^2 / L^{c2/sigma^2}` for that in `U`. `error` is the exact average error plus its numerical
/// error. With `witness` also the rare-atom law of T12 with `eps = 1/L`, at the scenario's `sigma` and `|U|` times the query's
/// parameter, beside T7; for the output only.
///
/// # Errors
/// If a length is 1, a witness is asked for a gradient or for more than 500 lengths, there is no exact average, a hypothesis of
/// the proposition fails, or a `c1` overflows.
pub fn fit(
    question: &Question<'_>,
    form: PrintedForm,
    lengths: &[PromptLength],
    exponents: &[f64],
    witness: bool,
    progress: &dyn Progress,
) -> Result<FitAnswer> {
    if witness && form != PrintedForm::Output {
        return refused(
            "--metric",
            form.metric().name(),
            "output with --witness: T7 and the rare atoms of T12 are about the output error",
        );
    }
    for length in lengths {
        check_length(length.get())?;
    }
    question.check_size(lengths.len(), 1)?;
    if witness && lengths.len() > MOST_WITNESSES {
        return refused(
            "grid.lengths",
            format!("{} lengths", lengths.len()),
            "at most 500 lengths with --witness: each has a law of its own, averaged over a Gaussian query",
        );
    }
    let unavailable = |why: String| Error::Unavailable {
        what: "the fit of the printed proposition",
        why,
    };
    let mut found = hypotheses(question.tokens, question.head, question.query)?;
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
    let errors: Vec<f64> = errors.iter().map(|e| e.value + e.error).collect();
    let points: Vec<FitPoint> = exponents
        .iter()
        .filter_map(|&c2| smallest(form, c2, &found, lengths, &errors))
        .collect();
    if let Some(point) = points.iter().find(|point| !point.c1.is_finite()) {
        return refused(
            "--c2",
            format!("{:e} (at L = {})", point.c2, point.binds_at),
            "small enough: there the smallest c1 is larger than every float",
        );
    }
    let proxy = question.tokens.variance_proxy().proxy;
    let key_query = operator_norm(question.head.key_query()) * found.query_sigma;
    let q = proxy.sigma() * key_query;
    let witness = if witness {
        lengths
            .par_iter()
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
            let seen = question.tokens.through(question.head.value());
            let average = exact_cells(question, seen.as_ref(), lengths, progress).average?;
            return Ok(average.iter().map(|cell| cell.squared_error).collect());
        }
        PrintedForm::ValueGradient => Gradient::Value,
        PrintedForm::KeyQueryGradient => Gradient::KeyQuery,
    };
    let errors = gradient_average(question, lengths, gradient);
    progress.step();
    errors
}

/// T8's exponent.
fn kappa(question: &Question<'_>, form: PrintedForm) -> Result<Cell<f64>> {
    if form != PrintedForm::Output {
        return Ok(Err(
            "T8 speaks of the output error, not of a gradient's".to_owned()
        ));
    }
    Ok(match (question.query, question.kind.gaussian()) {
        (QueryLaw::Gaussian(query), Some(tokens)) => Ok(spectrum(question, tokens, query)?.kappa()),
        _ => Err("T8 speaks of Gaussian tokens and a Gaussian query".to_owned()),
    })
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
