//! What can be missed of laws so small that everything about them can be added up.

use nalgebra::{DMatrix, DVector};

use super::allowance::Missed;
use super::gaussian_query::GaussianQuery;
use super::parts::top;
use super::tokens::{Carried, TokenParts};
use super::{Allowance, allowances};
use crate::attention::{Head, QueryLaw};
use crate::law::{Cube, Gaussian, RareAtom, TokenLaw};
use crate::monte_carlo::QueryChoice;
use crate::record::Metric;
use crate::study::question::Question;

fn scalar(x: f64) -> DMatrix<f64> {
    DMatrix::from_element(1, 1, x)
}

#[test]
fn the_largest_parts_come_first_and_the_last_in_proportion() {
    let parts = || {
        vec![
            (0.5, 1.0, 10.0),
            (0.2, 3.0, 1.0),
            (0.0, 9.0, 1e9),
            (0.3, 2.0, 4.0),
        ]
    };
    for (q, wanted) in [
        (0.0, 0.0),
        (0.1, 0.1),
        (0.2, 0.2),
        (0.3, 0.6),
        (0.5, 1.4),
        (1.0, 6.4),
    ] {
        assert!((top(parts(), q) - wanted).abs() < 1e-12, "{q}");
    }
    // A long list is not sorted as a whole, and gives the same.
    let long: Vec<_> = (0..1000)
        .map(|k| (1e-3, f64::from(k * 7919 % 1000), f64::from(k)))
        .collect();
    let mut sorted = long.clone();
    sorted.sort_by(|x, y| y.1.total_cmp(&x.1));
    let wanted: f64 = sorted.iter().take(5).map(|part| 1e-3 * part.2).sum();
    assert!((top(long, 5e-3) - wanted).abs() < 1e-12);
}

/// `E X` and `E[X | no token is h or -h]` for every metric of the rare-atom law in one dimension, by adding up the numbers of
/// tokens at `h` and `-h`.
fn enumerate(eps: f64, tilt: f64, length: u64) -> [(f64, f64); 5] {
    let h = 1.0;
    let centre = {
        let z = 1.0 - eps + eps * (tilt * h).cosh();
        let mean = eps * h * (tilt * h).sinh() / z;
        (mean, eps * h * h * (tilt * h).cosh() / z - mean * mean)
    };
    let quantities = |up: f64, down: f64| {
        let rest = length as f64 - up - down;
        let (a, b) = ((tilt * h).exp(), (-tilt * h).exp());
        let total = up * a + down * b + rest;
        let mean = h * (up * a - down * b) / total;
        let square = h * h * (up * a + down * b) / total;
        let error = mean - centre.0;
        let two = (up * a * a + down * b * b + rest) / (total * total);
        let slope = square - mean * mean - centre.1;
        [
            error * error,
            error,
            two,
            error * error,
            slope * slope * tilt * tilt,
        ]
    };
    let mut sums = [0.0; 5];
    let ln_factorial = |n: u64| (1..=n).map(|k| (k as f64).ln()).sum::<f64>();
    for up in 0..=length {
        for down in 0..=length - up {
            let rest = length - up - down;
            let ways =
                ln_factorial(length) - ln_factorial(up) - ln_factorial(down) - ln_factorial(rest);
            let probability =
                (ways + (up + down) as f64 * (0.5 * eps).ln() + rest as f64 * (-eps).ln_1p()).exp();
            let of = quantities(up as f64, down as f64);
            sums.iter_mut()
                .zip(of)
                .for_each(|(sum, x)| *sum += probability * x);
        }
    }
    let alone = quantities(0.0, 0.0);
    std::array::from_fn(|k| (sums[k], alone[k]))
}

const METRICS: [Metric; 5] = [
    Metric::Output,
    Metric::Bias { coordinate: 0 },
    Metric::Participation,
    Metric::ValueGradient,
    Metric::KeyQueryGradient,
];

/// If the prompts may have missed the atoms, and did, what they show lies within the allowance of the truth.
#[test]
fn a_missed_atom_is_allowed_for() {
    let one = scalar(1.0);
    let head = Head::new(one.clone(), one).unwrap();
    let mut tight = 0;
    for eps in [1e-6, 1e-4, 1e-2] {
        for tilt in [0.0, 0.5, 2.0, 6.0, 15.0] {
            for length in [1, 2, 7, 30] {
                let tokens = RareAtom::new(1.0, eps).unwrap();
                let query = QueryLaw::uniform(scalar(tilt)).unwrap();
                let question = Question::new(&tokens, &head, &query).unwrap();
                let key = |metric| (QueryChoice::Index(0), length, metric);
                let wanted = METRICS.map(key).into_iter().collect();
                // Just so few prompts that q is eps.
                let prompts = 100;
                let ln_alpha = (-eps).ln_1p() * (prompts * length) as f64;
                let found = allowances(&question, &wanted, prompts, [ln_alpha]);
                for (metric, (truth, seen)) in METRICS.into_iter().zip(enumerate(eps, tilt, length))
                {
                    let [allowance] = found[&key(metric)];
                    let (lowered, raised) = (allowance.lowered(truth), allowance.raised(truth));
                    let slack = 1e-12 * truth.abs().max(seen.abs());
                    assert!(
                        lowered <= seen + slack && seen <= raised + slack,
                        "eps {eps}, tilt {tilt}, L {length}, {metric:?}: {truth:e} {seen:e} in \
                         {lowered:e}..{raised:e}, {allowance:?}"
                    );
                    // The allowance is not idle: often no more than three times what is missing.
                    tight += usize::from(truth - lowered <= 3.0 * (truth - seen).abs() + slack);
                }
            }
        }
    }
    // Of 300.
    assert!(tight >= 150, "{tight}");
}

/// An outlier that was missed at any level counts, and what cannot move is not allowed for.
#[test]
fn what_is_constant_has_no_allowance() {
    let tokens = Gaussian::centred(scalar(1.0)).unwrap();
    let one = scalar(1.0);
    let query = QueryLaw::uniform(scalar(0.0)).unwrap();
    let head = Head::new(one.clone(), one).unwrap();
    let question = Question::new(&tokens, &head, &query).unwrap();
    let key = |length| (QueryChoice::Index(0), length, Metric::Participation);
    let wanted = [1, 50].map(key).into_iter().collect();
    let found = allowances(&question, &wanted, 100, [-20.0]);
    for length in [1, 50] {
        let [allowance] = found[&key(length)];
        let value = 1.0 / length as f64;
        assert_eq!(
            (allowance.lowered(value), allowance.raised(value)),
            (value, value)
        );
    }
}

/// More prompts, longer prompts and larger levels leave less open; nothing is allowed for at no level at all.
#[test]
fn allowances_shrink_with_the_sample() {
    let tokens = Cube::new(2, 1.0).unwrap();
    let identity = DMatrix::<f64>::identity(2, 2);
    let head = Head::new(identity.clone(), identity).unwrap();
    // Two coordinates that are not zero: no list of score atoms, Hölder's inequality instead.
    let tilt = DMatrix::from_column_slice(2, 2, &[0.7, 0.4, 0.2, -0.3]);
    let query = QueryLaw::uniform(tilt).unwrap();
    let question = Question::new(&tokens, &head, &query).unwrap();
    for choice in [QueryChoice::Index(1), QueryChoice::Average] {
        for metric in METRICS {
            let of = |prompts, ln_alpha| {
                let key = (choice, 40, metric);
                let found =
                    allowances(&question, &[key].into_iter().collect(), prompts, [ln_alpha]);
                let [allowance]: [Allowance; 1] = found[&key];
                assert!(allowance.is_known(), "{metric:?}");
                let value = 0.03;
                (value - allowance.lowered(value)).max(allowance.raised(value) - value)
            };
            let few = of(1000, -20.0);
            assert!(few > 0.0 && few < 0.1, "{choice:?} {metric:?} {few}");
            assert!(of(10_000, -20.0) < few && of(1000, -10.0) < few && of(1000, -40.0) > few);
            assert_eq!(of(1000, 0.0), 0.0);
        }
    }
}

/// A query of small weight that may not have been drawn is missed as a whole.
#[test]
fn a_missed_query_is_allowed_for() {
    let carried = |whole| Carried {
        missed: 0.0,
        whole,
        most: f64::INFINITY,
        first: 0.0,
    };
    let list = [
        (0.999, carried(1.0)),
        (0.001, carried(500.0)),
        (0.0, Carried::unknown()),
    ];
    let average = Carried::average(&list, 0.002);
    assert!(
        (average.missed - (0.001 * 500.0 + 0.001)).abs() < 1e-12,
        "{average:?}"
    );
    let average = Carried::average(&list, 1e-5);
    assert!((average.missed - 1e-5 * 500.0).abs() < 1e-12, "{average:?}");
}

/// One dimension: `s^2 = lam chi^2` is known, and so is what its largest values carry of `e^{s^2} (1 + s^2) / L`.
#[test]
fn gaussian_queries_miss_their_largest_scores() {
    let tokens = Gaussian::centred(scalar(1.0)).unwrap();
    let head = Head::new(scalar(1.0), scalar(1.0)).unwrap();
    for lam in [0.05, 0.2, 0.4] {
        let query = GaussianQuery::new(&tokens, &head, &Gaussian::centred(scalar(lam)).unwrap());
        for (eps, quantile) in [
            (0.02, 2.326_347_874_040_84_f64),
            (2e-4, 3.719_016_485_455_68),
        ] {
            // So many tokens that none is missed, and nothing saturates.
            let (length, missed) = (
                1e12,
                Missed {
                    prompts: eps,
                    tokens: 0.0,
                },
            );
            // 2 INT_quantile^inf e^{lam x^2} (1 + lam x^2) phi(x) dx, by steps of 1/2000.
            let wanted: f64 = (0..200_000)
                .map(|k| {
                    let x = quantile + (f64::from(k) + 0.5) / 2000.0;
                    let t = lam * x * x;
                    2.0 * (t - 0.5 * x * x).exp() * (1.0 + t)
                        / std::f64::consts::TAU.sqrt()
                        / 2000.0
                })
                .sum::<f64>()
                / length;
            let found = query
                .carried(Metric::Output, length as u64, missed)
                .unwrap();
            assert!(
                found >= wanted && found <= 2.0 * wanted,
                "{lam} {eps}: {found:e} {wanted:e}"
            );
            assert!(
                query
                    .carried(Metric::Participation, length as u64, missed)
                    .unwrap()
                    < found
            );
        }
        let bias = Metric::Bias { coordinate: 0 };
        let missed = Missed {
            prompts: 0.1,
            tokens: 0.01,
        };
        assert!(query.carried(bias, 10, missed).is_none());
    }
    // Without scores every query is the same, and only tokens can be missed.
    let still = GaussianQuery::new(&tokens, &head, &Gaussian::centred(scalar(0.0)).unwrap());
    let missed = Missed {
        prompts: 1e-3,
        tokens: 1e-5,
    };
    let found = still.carried(Metric::Participation, 100, missed).unwrap();
    assert!(found < 2e-3 * 0.01, "{found:e}");
}

/// Score atoms and Hölder's inequality speak of the same law: the second is the larger, and not by much.
#[test]
fn both_descriptions_of_a_law_agree() {
    let tokens = Cube::new(1, 1.5).unwrap();
    let head = Head::new(scalar(1.0), scalar(1.0)).unwrap();
    let query = QueryLaw::uniform(scalar(0.8)).unwrap();
    let question = Question::new(&tokens, &head, &query).unwrap();
    let through = tokens.through(head.value());
    let cells = [(100, Metric::Output)];
    let z = DVector::from_element(1, 0.8);
    let listed = TokenParts::new(&question, through.as_ref(), &z, &cells);
    let bounded = TokenParts::by_powers(&question, through.as_ref(), &z, &cells);
    for tokens in [1e-2, 1e-4, 1e-6] {
        let missed = Missed {
            prompts: 0.1,
            tokens,
        };
        let of = |parts: &TokenParts, metric| parts.carried(metric, 100, missed).missed;
        for metric in METRICS.into_iter().take(3) {
            let (one, two) = (of(&listed, metric), of(&bounded, metric));
            assert!(
                one <= two && two <= 8.0 * one,
                "{tokens} {metric:?}: {one:e} {two:e}"
            );
        }
    }
}
