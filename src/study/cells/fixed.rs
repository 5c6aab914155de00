//! Exact values and bounds of prompts that hold fixed tokens.

use nalgebra::DVector;
use rayon::prelude::*;

use crate::attention::{FixedTokens, QueryLaw};
use crate::bound::{
    Bound, FixedMoments, KnownMoments, Theorem, fixed_tokens_bound, list_average, output_bounds,
};
use crate::error::Error;
use crate::exact::{Exact, ExactOutput, FixedOutput, fixed_output_error};
use crate::law::OutputLaw;
use crate::parameter::PromptLength;
use crate::record::Cell;
use crate::study::cells::gradient_bounds::not_available;
use crate::study::cells::moments::gaussian_moments;
use crate::study::cells::results::{
    AllBounds, BoundCells, ExactCells, average_of_exact, average_of_list,
};
use crate::study::options::TableOptions;
use crate::study::{Progress, Question};

/// Why a theorem says nothing.
pub(in crate::study) const HOLDS: &str = "the prompt holds fixed tokens";
/// Why a quantity has no value.
pub(in crate::study) const NOT_COMPUTED: &str = "it is not computed for prompts with fixed tokens";
const GAUSSIAN_QUERY: &str = "an average over a Gaussian query is not computed for prompts with fixed tokens; give fixed queries";

/// Exact results and shares of the fixed tokens: for every query of a list, and averaged over the query law.
pub(in crate::study) fn fixed_cells(
    question: &Question<'_>,
    fixed: &FixedTokens,
    lengths: &[PromptLength],
    progress: &dyn Progress,
) -> ExactCells {
    let QueryLaw::List { queries, weights } = question.query else {
        progress.step();
        return ExactCells {
            queries: Vec::new(),
            average: Err(GAUSSIAN_QUERY.to_owned()),
            shares: Some((Vec::new(), Err(GAUSSIAN_QUERY.to_owned()))),
        };
    };
    let value = question.head.value();
    let seen = question.tokens.through(value);
    let found: Vec<Cell<Vec<FixedOutput>>> = (0..queries.ncols())
        .into_par_iter()
        .map(|index| {
            let query = queries.column(index).into_owned();
            let tilt = question.head.tilt(&query);
            let result =
                fixed_output_error(seen.as_ref(), value, &tilt, &fixed.at(&query), lengths);
            progress.step();
            result.map_err(reason)
        })
        .collect();
    let outputs: Vec<Cell<Vec<ExactOutput>>> = each(&found, |one| one.output.clone());
    let shares: Vec<Cell<Vec<Exact>>> = each(&found, |one| one.share);
    ExactCells {
        average: average_of_list(&outputs, weights, lengths.len()),
        queries: outputs,
        shares: {
            let average = average_of_exact(shares.iter(), weights, lengths.len());
            Some((shares, average))
        },
    }
}

fn reason(error: Error) -> String {
    error.to_string()
}

fn each<T>(cells: &[Cell<Vec<FixedOutput>>], of: fn(&FixedOutput) -> T) -> Vec<Cell<Vec<T>>> {
    let part = |cell: &Cell<Vec<FixedOutput>>| match cell {
        Ok(list) => Ok(list.iter().map(of).collect()),
        Err(why) => Err(why.clone()),
    };
    cells.iter().map(part).collect()
}

/// T4.fixed of the output, and of every other theorem that it does not apply.
pub(in crate::study) fn fixed_bounds(
    question: &Question<'_>,
    fixed: &FixedTokens,
    lengths: &[PromptLength],
    options: &TableOptions,
    progress: &dyn Progress,
) -> AllBounds {
    let (queries, weights) = match question.query {
        QueryLaw::List { queries, weights } => (queries, weights),
        QueryLaw::Gaussian(_) => {
            progress.step();
            let why = "it is evaluated for single queries; give fixed queries";
            let none =
                |_: &PromptLength| Bound::not_applicable(Theorem::CHERNOFF_FIXED_TOKENS, why);
            return AllBounds {
                queries: Vec::new(),
                average: cells(lengths.iter().map(none).collect(), lengths, options),
            };
        }
    };
    let seen = question.tokens.through(question.head.value());
    let found: Vec<Vec<Bound>> = (0..queries.ncols())
        .into_par_iter()
        .map(|index| {
            let query = queries.column(index).into_owned();
            let tilt = question.head.tilt(&query);
            let moments = moments(question, seen.as_ref(), &tilt).and_then(|known| {
                let all = fixed.at(&query);
                let value = question.head.value();
                let fixed = FixedMoments::of(seen.as_ref(), value, &tilt, &all).map_err(reason)?;
                Ok((known, fixed))
            });
            progress.step();
            let record = |length: &PromptLength| match &moments {
                Ok((known, fixed)) => fixed_tokens_bound(known, fixed, *length),
                Err(why) => Bound::not_applicable(Theorem::CHERNOFF_FIXED_TOKENS, why),
            };
            lengths.iter().map(record).collect()
        })
        .collect();
    let average = (0..lengths.len()).filter_map(|place| {
        let records: Vec<Vec<Bound>> = found
            .iter()
            .map(|list| list.get(place).cloned().into_iter().collect())
            .collect();
        list_average(&records, weights).into_iter().next()
    });
    let average = cells(average.collect(), lengths, options);
    let found = found.into_iter();
    AllBounds {
        queries: found.map(|list| cells(list, lengths, options)).collect(),
        average,
    }
}

fn moments(
    question: &Question<'_>,
    seen: &dyn OutputLaw,
    tilt: &DVector<f64>,
) -> Cell<KnownMoments> {
    match question.kind.gaussian() {
        Some(tokens) => gaussian_moments(tokens, question.head.value(), tilt),
        None => KnownMoments::new(seen, tilt),
    }
    .map_err(reason)
}

/// The cells of a query whose bounds of the output are these, one a length.
fn cells(output: Vec<Bound>, lengths: &[PromptLength], options: &TableOptions) -> BoundCells {
    let others = |length: PromptLength| {
        let theorems = output_bounds(None, None, length).into_iter();
        theorems.map(|record| Bound::not_applicable(record.theorem(), HOLDS))
    };
    let none = |theorem: Theorem| -> Vec<Vec<Bound>> {
        let record = |_: &PromptLength| vec![Bound::not_applicable(theorem, HOLDS)];
        lengths.iter().map(record).collect()
    };
    let pairs = lengths.iter().zip(output);
    BoundCells {
        output: pairs
            .map(|(length, own)| std::iter::once(own).chain(others(*length)).collect())
            .collect(),
        lower: vec![None; lengths.len()],
        participation: none(Theorem::LAPLACE_PARTICIPATION),
        tail: options
            .tail
            .map_or_else(Vec::new, |_| none(Theorem::CHERNOFF_TAIL)),
        gradients: if options.gradients {
            not_available(HOLDS, lengths)
        } else {
            Default::default()
        },
    }
}
