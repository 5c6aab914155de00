//! T14: the error of a layer against enumeration of all prompts, and what is known of it without.

use attention_bounds::attention::Layer;
use attention_bounds::error::Result;
use attention_bounds::exact::{LayerError, LayerErrors, output_error};
use attention_bounds::law::{Empirical, TokenLaw};
use attention_bounds::{Head, PromptLength};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::support::compositions::each_composition;

struct Random(Xoshiro256PlusPlus);

impl Random {
    fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// Entries between -1 and 1.
    fn matrix(&mut self, rows: usize, columns: usize) -> DMatrix<f64> {
        DMatrix::from_fn(rows, columns, |_, _| self.0.random_range(-1.0..1.0))
    }

    fn tokens(&mut self, count: usize, dimension: usize) -> Empirical {
        let weights: Vec<f64> = (0..count).map(|_| self.0.random_range(0.05..1.0)).collect();
        let sum: f64 = weights.iter().sum();
        let weights = weights.iter().map(|w| w / sum).collect();
        Empirical::weighted(&self.matrix(count, dimension), weights).unwrap()
    }

    fn head(&mut self, outputs: usize, dimension: usize, scale: f64) -> Head {
        let tilt = self.matrix(dimension, 2) * scale;
        let bias = self.matrix(dimension, 1).column(0).into_owned();
        Head::with_tilt_bias(tilt, self.matrix(outputs, dimension), bias).unwrap()
    }
}

fn lengths(list: &[u64]) -> Vec<PromptLength> {
    list.iter()
        .map(|&l| PromptLength::new(l).unwrap())
        .collect()
}

fn errors(
    tokens: &Empirical,
    layer: &Layer,
    query: &DVector<f64>,
    list: &[u64],
) -> Vec<LayerError> {
    LayerErrors::new(tokens, layer)
        .unwrap()
        .at(query, &lengths(list))
        .unwrap()
}

/// `E|sum_h O_h (That_h - T_h)|^2` over all prompts, by the counts of their tokens.
fn enumerated(tokens: &Empirical, layer: &Layer, query: &DVector<f64>, length: usize) -> f64 {
    let count = tokens.weights().len();
    // Attention weights of counts, for every head: the population is that of the probabilities.
    let output = |shares: &[f64]| {
        let mut sum = DVector::zeros(layer.dimension());
        for (head, projection) in layer.heads().iter().zip(layer.outputs()) {
            let scores = tokens.points().tr_mul(&head.tilt(query));
            let largest = scores.max();
            let weights = DVector::from_fn(count, |i, _| shares[i] * (scores[i] - largest).exp());
            sum += projection * head.value() * tokens.points() * &weights / weights.sum();
        }
        sum
    };
    let limit = output(tokens.weights());
    let mut total = 0.0;
    each_composition(
        &mut vec![0; count],
        0,
        length,
        1.0,
        tokens.weights(),
        &mut |counts, p| {
            let shares: Vec<f64> = counts.iter().map(|c| *c as f64).collect();
            total += p * (output(&shares) - &limit).norm_squared();
        },
    );
    total
}

#[test]
fn all_prompts_are_enumerated() {
    let mut random = Random::new(14);
    let query = dvector![0.7, -0.4];
    let mut compared = 0;
    for (count, heads, outputs, dimension, scale) in [
        (3, 2, 1, 2, 1.0),
        (4, 3, 2, 2, 0.1),
        (4, 3, 2, 3, 4.0),
        (3, 2, 3, 2, 20.0),
        (4, 2, 2, 2, 60.0),
    ] {
        let tokens = random.tokens(count, dimension);
        let parts = (0..heads).map(|_| {
            (
                random.head(outputs, dimension, scale),
                random.matrix(2, outputs),
            )
        });
        let layer = Layer::projected(parts.collect()).unwrap();
        let all = [1, 2, 3, 4, 12];
        // Scores far apart put most prompts at an error that one token makes: still 1e-10 of what single heads add up to.
        for (found, length) in errors(&tokens, &layer, &query, &all).iter().zip(all) {
            let truth = enumerated(&tokens, &layer, &query, length as usize);
            let off = (found.total.value - truth).abs();
            assert!(
                off <= 2e-12 * found.alone.value,
                "{scale} {length}: {off:e} of {found:?}"
            );
            assert!(
                off <= found.total.error + 1e-13 * truth,
                "{scale} {length}: {off:e} of {found:?}"
            );
            assert!(
                found.total.error <= 1e-9 * found.alone.value,
                "{scale} {length}: {found:?}"
            );
            assert!(found.total.unproved.is_some());
            compared += 1;
        }
    }
    assert_eq!(compared, 25);
}

/// Two copies of a head with `O = I` twice make twice the output, at any length; with opposite signs they cancel.
#[test]
fn copies_of_a_head_add_up_and_cancel() {
    let mut random = Random::new(2);
    let tokens = random.tokens(40, 3);
    let head = random.head(2, 3, 3.0);
    let query = dvector![1.0, 0.5];
    let all = [1, 2, 5, 100, 1 << 20, 1 << 53];
    let seen = tokens.through(head.value());
    let one = output_error(seen.as_ref(), &head.tilt(&query), &lengths(&all)).unwrap();
    let eye = DMatrix::identity(2, 2);
    for (sign, factor) in [(1.0, 4.0), (-1.0, 0.0)] {
        let parts = vec![(head.clone(), eye.clone()), (head.clone(), &eye * sign)];
        let layer = Layer::projected(parts).unwrap();
        for (found, one) in errors(&tokens, &layer, &query, &all).iter().zip(&one) {
            let one = one.squared_error.value;
            let off = (found.total.value - factor * one).abs();
            assert!(
                off <= 1e-11 * one && off <= found.total.error,
                "{off:e} {one:e} {found:?}"
            );
            assert!((found.alone.value - 2.0 * one).abs() <= 1e-12 * one);
        }
    }
}

#[test]
fn outputs_at_right_angles_have_no_cross_term() {
    let mut random = Random::new(3);
    let tokens = random.tokens(20, 3);
    let heads: Vec<Head> = (0..2).map(|_| random.head(1, 3, 2.0)).collect();
    let (query, all) = (dvector![1.0, 0.5], [1, 3, 1000]);
    let outputs = [dmatrix![3.0; 4.0; 0.0], dmatrix![-4.0; 3.0; 2.0]];
    let parts = heads.iter().cloned().zip(outputs.clone()).collect();
    let found = errors(&tokens, &Layer::projected(parts).unwrap(), &query, &all);
    // The same without a projection: heads one under the other, times the lengths of the columns.
    let scaled = heads.iter().zip(&outputs).map(|(head, output)| {
        Head::with_tilt_bias(
            head.key_query().clone(),
            head.value() * output.norm(),
            head.tilt_bias().clone(),
        )
        .unwrap()
    });
    let layer = Layer::concatenated(scaled.collect()).unwrap();
    for (found, plain) in found.iter().zip(errors(&tokens, &layer, &query, &all)) {
        assert!(
            found.cross.value.abs() <= 1e-15 * found.alone.value,
            "{found:?}"
        );
        assert!((found.total.value / plain.total.value - 1.0).abs() < 1e-12);
        assert!(plain.total.unproved.is_none() && plain.cross.value == 0.0);
    }
}

/// `L` times the error tends to `E|sum_h w_h f_h|^2`.
#[test]
fn long_prompts_have_the_limit_of_the_central_limit_theorem() {
    let mut random = Random::new(5);
    let tokens = random.tokens(300, 4);
    let parts = (0..3).map(|_| (random.head(2, 4, 2.0), random.matrix(3, 2)));
    let layer = Layer::projected(parts.collect()).unwrap();
    let query = dvector![0.3, 0.9];
    let mut sum = DMatrix::zeros(3, 300);
    for (head, output) in layer.heads().iter().zip(layer.outputs()) {
        let tilt = head.tilt(&query);
        let cumulant = tokens.cumulant(&tilt);
        let mean = tokens.tilted_mean(&tilt);
        for (mut column, x) in sum.column_iter_mut().zip(tokens.points().column_iter()) {
            column += output * head.value() * (x - &mean) * (tilt.dot(&x) - cumulant).exp();
        }
    }
    let squares = sum.column_iter().map(|column| column.norm_squared());
    let limit: f64 = squares.zip(tokens.weights()).map(|(s, p)| s * p).sum();
    for (found, length) in errors(&tokens, &layer, &query, &[1 << 20, 1 << 36, 1 << 52])
        .iter()
        .zip([20, 36, 52])
    {
        let length = 2f64.powi(length);
        let ratio = length * found.total.value / limit - 1.0;
        assert!(
            ratio.abs() <= 100.0 / length + 1e-11,
            "{length:e}: {ratio:e}"
        );
        assert!(found.total.error <= 1e-9 * found.total.value, "{found:?}");
    }
}

/// The lattice depends on all lengths, the answer does not.
#[test]
fn lengths_may_be_asked_together_or_alone() {
    let mut random = Random::new(6);
    let tokens = random.tokens(30, 3);
    let parts = (0..2).map(|_| (random.head(2, 3, 8.0), random.matrix(2, 2)));
    let layer = Layer::projected(parts.collect()).unwrap();
    let query = dvector![0.3, 0.9];
    let all = [1, 2, 3, 1000, 1 << 30, 1 << 53];
    for (together, length) in errors(&tokens, &layer, &query, &all).iter().zip(all) {
        let alone = errors(&tokens, &layer, &query, &[length])[0];
        let off = (together.cross.value - alone.cross.value).abs();
        assert!(
            off <= 2e-12 * alone.alone.value,
            "{length}: {together:?} {alone:?}"
        );
    }
}

#[test]
fn what_does_not_fit_is_refused() -> Result<()> {
    let mut random = Random::new(7);
    let tokens = random.tokens(5, 3);
    let head = random.head(2, 3, 1.0);
    assert!(Layer::concatenated(Vec::new()).is_err());
    assert!(Layer::projected(Vec::new()).is_err());
    assert!(Layer::concatenated(vec![head.clone(), random.head(2, 4, 1.0)]).is_err());
    let slices = |one: DMatrix<f64>, other| {
        Layer::projected(vec![(head.clone(), one), (head.clone(), other)])
    };
    assert!(slices(DMatrix::zeros(4, 2), DMatrix::zeros(3, 2)).is_err());
    assert!(slices(DMatrix::zeros(4, 2), DMatrix::zeros(4, 1)).is_err());
    assert!(slices(DMatrix::zeros(4, 2), DMatrix::from_element(4, 2, f64::NAN)).is_err());
    let layer = slices(DMatrix::zeros(4, 2), DMatrix::zeros(4, 2))?;
    assert!(LayerErrors::new(&random.tokens(5, 2), &layer).is_err());
    let all = lengths(&[10]);
    let errors = LayerErrors::new(&tokens, &layer)?;
    assert!(errors.at(&dvector![1.0], &all).is_err());
    assert!(errors.at(&dvector![f64::NAN, 1.0], &all).is_err());
    assert_eq!(errors.at(&dvector![1.0, 1.0], &all)?[0].total.value, 0.0);
    // Scores so far apart that weights are no floats, or that nodes would be too many.
    for size in [300.0, 900.0, 1e9, 1e300] {
        let text = errors
            .at(&dvector![size, size], &all)
            .unwrap_err()
            .to_string();
        assert!(text.contains("score") && text.len() < 400, "{text}");
    }
    Ok(())
}
