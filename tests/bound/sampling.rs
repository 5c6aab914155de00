//! T13: bounds of sampled attention against every draw, against simulation, and against their formulas.

use attention_bounds::Error;
use attention_bounds::bound::{Bound, Status, Theorem};
use attention_bounds::exact::Exact;
use attention_bounds::parameter::{ErrorProbability, Positive};
use attention_bounds::sampling::{
    Design, Kept, SampledAttention, SampledBounds, Variances, markov_bound, published_budget,
    simulate,
};
use nalgebra::{DMatrix, DVector};
use rand::RngExt;

use crate::support::sampled_draws::{SampledCase, seeded};

fn positive(value: f64) -> Positive {
    Positive::new("eps", value).unwrap()
}

/// Contexts of at most 9 keys: no bound is below what all draws give.
fn no_bound_is_below_all_draws(cases: usize) {
    let mut random = seeded(13);
    let (mut useful, mut checked) = ([0; 5], 0);
    for case in 0..cases {
        let keys = random.random_range(2..10);
        let kept = random.random_range(0..keys).min(keys - 1);
        let m = random.random_range(1..5);
        let mut sampled = SampledCase::random(&mut random, keys, kept, m, case);
        if case % 3 == 0 {
            // The kept keys have nearly all of the attention.
            sampled
                .kept
                .iter()
                .for_each(|key| sampled.scores[*key] += 4.0);
        }
        let attention = sampled.attention();
        let most = (attention.tail_size() as u64).min(if case % 4 % 2 == 1 { 5 } else { 9 });
        let budget = random.random_range(1..=most);
        let outcomes = sampled.outcomes(budget);
        let mean: f64 = outcomes.iter().map(|(p, e)| p * e * e).sum();
        let bounds = SampledBounds::new(&attention);
        let of_mean = bounds.mean_error(budget).unwrap();
        assert!(
            of_mean.value().unwrap() >= mean * (1.0 - 1e-10) - 1e-28,
            "{case}: {mean}"
        );
        useful[4] += usize::from(of_mean.useful_value().is_some());
        // Thresholds just below errors that occur: the largest, a random one, one between.
        let largest = outcomes.iter().map(|(_, e)| *e).fold(0.0, f64::max);
        let some = outcomes[random.random_range(0..outcomes.len())].1;
        for threshold in [largest, some, 0.5 * largest] {
            let epsilon = threshold * (1.0 - 1e-9);
            if !(epsilon > 1e-9) {
                continue;
            }
            let probability: f64 = outcomes
                .iter()
                .filter(|(_, e)| *e >= epsilon)
                .map(|(p, _)| p)
                .sum();
            let all = bounds
                .failure_probabilities(positive(epsilon), budget)
                .unwrap();
            for (bound, useful) in all.iter().zip(&mut useful) {
                let Some(value) = bound.value() else { continue };
                assert!(
                    value >= probability * (1.0 - 1e-12),
                    "{case} {budget}: {bound:?} {probability}"
                );
                *useful += usize::from(value < 1.0);
                checked += 1;
            }
        }
    }
    assert!(checked > 7 * cases, "{checked}");
    assert!(useful.iter().all(|count| *count > cases / 80), "{useful:?}");
}

#[test]
fn no_bound_is_below_enumeration() {
    no_bound_is_below_all_draws(400);
}

#[test]
#[ignore = "long: run by ./test --all"]
fn no_bound_is_below_enumeration_of_many() {
    no_bound_is_below_all_draws(2000);
}

/// Larger tails, each at a threshold where the best bound says something; each lower limit errs with probability 1e-7.
#[test]
fn no_bound_is_below_simulation() {
    let error = ErrorProbability::new("error", 1e-7).unwrap();
    let mut random = seeded(14);
    let mut best = std::collections::BTreeMap::<String, usize>::new();
    for case in 0..24 {
        let m = [1, 2, 8][case % 3];
        let kept = [0, 8][case / 4 % 2];
        let sampled = SampledCase::random(&mut random, 300, kept, m, case);
        let attention = sampled.attention();
        let budget = random.random_range(40..attention.tail_size() as u64 - 20);
        let bounds = SampledBounds::new(&attention);
        let mean = bounds.mean_error(budget).unwrap().value().unwrap();
        let thresholds = [1.5, 2.2, 3.0].map(|factor| positive(factor * mean.sqrt()));
        let found = simulate(&attention, budget, &thresholds, (4000, 5, case as u64)).unwrap();
        assert!(found.error.interval(error).lower <= mean);
        for (threshold, deviation) in thresholds.iter().zip(&found.deviations) {
            let least = deviation.interval(error).lower;
            let all = bounds.failure_probabilities(*threshold, budget).unwrap();
            for bound in &all {
                assert!(
                    bound.value().is_none_or(|value| value >= least),
                    "{case}: {bound:?} {least}"
                );
            }
            let least = bounds.failure_probability(*threshold, budget).unwrap();
            *best.entry(least.theorem().id().to_owned()).or_default() += 1;
        }
    }
    // Each of the three is the best one somewhere.
    assert!(best.len() >= 3, "{best:?}");
}

/// `(r, B' / B, C, is a sum over coins, sign of a)`.
type Way = (f64, f64, f64, bool, f64);

/// What the formulas of section 24 need, in plain floats.
struct Constants {
    b: f64,
    n: f64,
    s: f64,
    rho: f64,
    reach: Vec<f64>,
    weight: Vec<f64>,
    chance: Vec<f64>,
    cross: f64,
    covariance: DMatrix<f64>,
    farthest: f64,
    coins: bool,
}

impl Constants {
    fn of(sampled: &SampledCase, budget: u64) -> Self {
        let (tail, chance) = (sampled.tail(), sampled.chances());
        let weights: Vec<f64> = sampled.scores.iter().map(|s| s.exp()).collect();
        let total: f64 = weights.iter().sum();
        let limit = sampled.limit();
        let off = |key: usize| sampled.values.row(key).transpose() - &limit;
        let coins = sampled.design == Design::Bernoulli;
        let mut pull = DVector::zeros(limit.len());
        for key in &sampled.kept {
            pull += off(*key) * weights[*key];
        }
        if coins {
            pull.fill(0.0);
        }
        let u: Vec<f64> = tail
            .iter()
            .zip(&chance)
            .map(|(key, q)| weights[*key] / (q * total))
            .collect();
        let y: Vec<DVector<f64>> = tail
            .iter()
            .zip(&u)
            .map(|(key, u)| off(*key) * *u + &pull / total)
            .collect();
        let mean = |of: &dyn Fn(usize) -> f64| (0..u.len()).map(|i| chance[i] * of(i)).sum::<f64>();
        let s = mean(&|i| u[i]);
        let mut covariance = DMatrix::zeros(limit.len(), limit.len());
        let mut cross = DVector::zeros(limit.len());
        for i in 0..u.len() {
            covariance += &y[i] * y[i].transpose() * chance[i];
            cross += &y[i] * (chance[i] * u[i]);
        }
        Self {
            b: budget as f64,
            n: tail.len() as f64,
            s,
            rho: mean(&|i| u[i] * u[i]),
            reach: y.iter().map(|y| y.norm()).collect(),
            weight: u.iter().map(|u| if coins { *u } else { u - s }).collect(),
            cross: cross.norm(),
            covariance,
            farthest: (0..weights.len())
                .map(|key| off(key).norm())
                .fold(0.0, f64::max),
            chance,
            coins,
        }
    }

    fn mean(&self, of: impl Fn(f64, f64) -> f64) -> f64 {
        let pairs = self.reach.iter().zip(&self.weight).zip(&self.chance);
        pairs.map(|((y, u), q)| q * of(*y, *u)).sum()
    }

    fn small(&self, theta: f64) -> f64 {
        if theta >= self.s * (1.0 - 1e-13) {
            return 0.0;
        }
        let x = 1.0 - theta / self.s;
        let poisson = self.s * self.s / self.rho * (1.0 - x + x * x.ln());
        let variance = self.mean(|_, u| u * u);
        let bernstein = theta * theta / (2.0 * (variance + self.s * theta / 3.0));
        (-self.b * poisson.max(bernstein)).exp()
    }

    fn ways(&self, sampled: &SampledCase) -> Vec<Way> {
        let p = self.b / self.n;
        let coins = |c: f64| (self.b * (1.0 - p), p.max(1.0 - p), c, true, 1.0);
        match sampled.design {
            Design::Bernoulli if sampled.kept.is_empty() => {
                vec![coins(1.0 / (1.0 - (1.0 - p).powf(self.n)))]
            }
            Design::Bernoulli => vec![coins(1.0)],
            Design::WithoutReplacement => {
                let out = self.n - self.b;
                let sign = if out < self.b { -1.0 } else { 1.0 };
                vec![
                    (self.b.min(out), 1.0, 1.0, false, sign),
                    coins((8.0 * self.b * out / self.n).sqrt()),
                ]
            }
            _ => vec![(self.b, 1.0, 1.0, false, 1.0)],
        }
    }
}

fn h(x: f64) -> f64 {
    // e^x - 1 - x, by its series where it cancels.
    if x.abs() < 0.1 {
        (2..12)
            .rev()
            .fold(0.0, |sum, k| (sum + 1.0) * x / f64::from(k))
            * x
    } else {
        x.exp() - 1.0 - x
    }
}

fn parameter(bound: &Bound, name: &str) -> f64 {
    let found = bound.parameters().iter().find(|p| p.name == name);
    found
        .unwrap_or_else(|| panic!("{bound:?} has no {name}"))
        .value
}

#[test]
fn bounds_are_their_formulas_at_the_parameters_they_report() {
    let mut random = seeded(15);
    for case in 0..64 {
        let (m, kept) = (1 + case % 3, [0, 5][case / 4 % 2]);
        let sampled = SampledCase::random(&mut random, 60, kept, m, case);
        let attention = sampled.attention();
        let budget = random.random_range(20..50);
        let bounds = SampledBounds::new(&attention);
        let c = Constants::of(&sampled, budget);
        let b = c.b;
        let ways = c.ways(&sampled);
        let least = |of: &dyn Fn(&Way) -> f64| ways.iter().map(of).fold(f64::INFINITY, f64::min);
        let square = c.mean(|y, _| y * y);
        let most = c.reach.iter().copied().fold(0.0, f64::max);

        let mean = bounds.mean_error(budget).unwrap();
        let theta = parameter(&mean, "th");
        let count = match sampled.design {
            Design::WithoutReplacement => b * (c.n - b) / (c.n - 1.0),
            Design::Bernoulli => b * (1.0 - b / c.n) * ways[0].2,
            _ => b,
        };
        let formula =
            count * square / ((1.0 - theta).powi(2) * b * b) + c.farthest.powi(2) * c.small(theta);
        close(case, &mean, formula);

        let epsilon = 2.5 * formula.sqrt();
        let all = bounds
            .failure_probabilities(positive(epsilon), budget)
            .unwrap();
        assert_eq!(all.len(), 4);
        close(case, &all[0], mean.value().unwrap() / (epsilon * epsilon));

        let theta = parameter(&all[1], "th");
        let e = (1.0 - theta) * epsilon;
        let numerator = least(&|(r, stretch, factor, _, _)| {
            let below = 2.0 * (r * square + b * e * stretch * most / 3.0);
            2.0 * factor * (-b * b * e * e / below).exp()
        });
        close(case, &all[1], numerator + c.small(theta));

        let lambda = parameter(&all[2], "lam");
        let (of_reach, of_weight) = (lambda / (b * epsilon), lambda / b);
        let norm = least(&|(r, _, factor, coins, sign)| {
            let p = b / c.n;
            let growth = if *coins {
                let ln = |y: f64, u: f64| {
                    let (x, a) = (y * of_reach, u * of_weight);
                    let face = |a: f64, x: f64| (-a).exp() * (1.0 + h(x));
                    let pull = x * p * (1.0 - p) * ((-(1.0 - p) * a).exp() - (p * a).exp()).abs();
                    (p * face((1.0 - p) * a, (1.0 - p) * x)
                        + (1.0 - p) * face(-p * a, p * x)
                        + pull)
                        .ln()
                };
                (c.n * c.mean(ln)).exp()
            } else {
                let one = c.mean(|y, u| {
                    let (x, a) = (y * of_reach, sign * u * of_weight);
                    h(-a) * (1.0 + x) + (-a).exp() * h(x)
                });
                (1.0 + one + of_reach * of_weight * c.cross).powf(*r)
            };
            2.0 * factor * (-lambda).exp() * growth
        });
        close(case, &all[2], norm);
        assert_eq!(c.coins, sampled.design == Design::Bernoulli);

        if *all[3].status() == (Status::Vacuous { trivial: 1.0 }) || all[3].value().is_none() {
            continue;
        }
        let (theta, kappa, radius) = (
            parameter(&all[3], "th"),
            parameter(&all[3], "kap"),
            parameter(&all[3], "R"),
        );
        let t = 1.0 - theta;
        let spectrum = least(&|(r, stretch, factor, _, _)| {
            let y = radius * stretch * most / (b * epsilon);
            let beta = 2.0 * h(y) / (y * y);
            let sigma = &c.covariance * (r / (b * epsilon).powi(2));
            let inside = DMatrix::identity(m, m) - sigma * (kappa * beta);
            if inside.clone().cholesky().is_none() {
                return f64::INFINITY;
            }
            let missing = (kappa * kappa * t * t + kappa * m as f64) / (radius * radius);
            factor * (-0.5 * kappa * t * t).exp() / inside.determinant().sqrt() / (1.0 - missing)
        });
        close(case, &all[3], spectrum + c.small(theta));
    }
}

fn close(case: usize, bound: &Bound, formula: f64) {
    let value = bound.value().unwrap();
    assert!(
        value >= formula * (1.0 - 1e-11) && value <= formula * (1.0 + 1e-8),
        "{case}: {bound:?} {formula}"
    );
}

/// Many outputs of the same spread: the spectrum proves what a union over directions cannot.
#[test]
fn each_bound_has_its_place() {
    let mut random = seeded(16);
    let values = DMatrix::from_fn(5000, 32, |_, _| 2.0 * random.random::<f64>() - 1.0);
    let attention = SampledAttention::new(&[0.0; 5000], &values).unwrap();
    let bounds = SampledBounds::new(&attention);
    let (epsilon, delta) = (positive(0.3), ErrorProbability::new("delta", 0.05).unwrap());
    let (budget, proof) = bounds.smallest_budget(epsilon, delta).unwrap().unwrap();
    assert!(proof.value().unwrap() <= 0.05);
    let before = bounds.failure_probability(epsilon, budget - 1).unwrap();
    assert!(before.value().unwrap() > 0.05);
    // tr Cov = 32/3, so that 119 draws have the mean error eps^2.
    assert!(budget > 119 && budget < 550, "{budget}");
    assert_eq!(proof.theorem(), Theorem::SAMPLED_SPECTRUM);
    let all = bounds.failure_probabilities(epsilon, budget).unwrap();
    let value = |place: usize| all[place].value().unwrap();
    assert!((0..3).all(|place| value(place) > 2.0 * value(3)), "{all:?}");
}

#[test]
fn nothing_is_claimed_where_nothing_is_known() {
    let values = DMatrix::from_row_slice(3, 1, &[0.0, 1.0, 3.0]);
    let attention = SampledAttention::new(&[0.0, 1.0, 3.0], &values).unwrap();
    let bounds = SampledBounds::new(&attention);
    for budget in [0, 4] {
        assert!(matches!(
            bounds.mean_error(budget),
            Err(Error::Parameter { .. })
        ));
        assert!(bounds.failure_probability(positive(1.0), budget).is_err());
        assert!(simulate(&attention, budget, &[], (10, 1, 0)).is_err());
    }
    let estimate = Exact::estimated(0.1, 0.01, "for a reason");
    assert_eq!(markov_bound(&estimate, positive(1.0)).value(), None);
    // With replacement even the whole tail may miss.
    let repeated = attention.clone().design(Design::WithReplacement).unwrap();
    let delta = ErrorProbability::new("delta", 1e-3).unwrap();
    let bounds = SampledBounds::new(&repeated);
    assert!(
        bounds
            .smallest_budget(positive(0.1), delta)
            .unwrap()
            .is_none()
    );
    // Without, it does not.
    let bounds = SampledBounds::new(&attention);
    let (budget, proof) = bounds
        .smallest_budget(positive(0.1), delta)
        .unwrap()
        .unwrap();
    assert_eq!((budget, proof.value()), (3, Some(0.0)));
    // Equal values: no error, at any budget.
    let equal = SampledAttention::new(&[0.0, 1.0, 3.0], &DMatrix::from_element(3, 2, 0.1)).unwrap();
    let bound = SampledBounds::new(&equal).mean_error(1).unwrap();
    assert!(bound.value().unwrap() < 1e-28, "{bound:?}");
    // Scores at the ends of the floats, and large values.
    let extreme = SampledAttention::new(&[-1e300, 0.0, 1e300], &(values * 1e100)).unwrap();
    let extreme = extreme.keep(&Kept::new().top(1)).unwrap();
    let bound = SampledBounds::new(&extreme).mean_error(1).unwrap();
    assert!(bound.value().unwrap() < 1e190);
}

#[test]
fn the_published_rule() {
    let mut random = seeded(17);
    let sampled = SampledCase::random(&mut random, 4000, 10, 3, 1);
    let attention = sampled.attention();
    let (epsilon, delta) = (positive(0.1), ErrorProbability::new("delta", 0.05).unwrap());
    let rule = published_budget(&attention, epsilon, delta, Variances::True).unwrap();
    // n sqrt(tr Sigma) / |N| and n sigma / D, plainly; the 97.5% quantile of the normal law is 1.959964.
    let weights: Vec<f64> = sampled.scores.iter().map(|s| s.exp()).collect();
    let tail = sampled.tail();
    let n = tail.len() as f64;
    let deviation = |of: &dyn Fn(usize) -> f64| {
        let mean = tail.iter().map(|key| of(*key)).sum::<f64>() / n;
        tail.iter()
            .map(|key| (of(*key) - mean).powi(2))
            .sum::<f64>()
            / n
    };
    let trace: f64 = (0..3)
        .map(|k| deviation(&|key| weights[key] * sampled.values[(key, k)]))
        .sum();
    let total: f64 = weights.iter().sum();
    let size = sampled.limit().norm() * total;
    let of = |z: f64, d: f64, e: f64| (z * n * d / e).powi(2).ceil() as u64;
    assert_eq!(
        rule.numerator,
        of(1.959_963_984_540_054, trace.sqrt(), 0.1 * size)
    );
    let of_weights = deviation(&|key| weights[key]).sqrt();
    assert_eq!(
        rule.denominator,
        of(1.959_963_984_540_054, of_weights, 0.1 * total)
    );
    // Attention: no split is better than this, and it is a split.
    let ends = rule.numerator.max(rule.denominator);
    assert!(rule.attention > 4 * ends, "{rule:?}");
    // eps_1, eps_2 = 0.05 = eps / 2 in all at equal delta: z(0.025) = 2.241403.
    let parts = n * (trace.sqrt() / size + of_weights / total);
    assert!(rule.attention as f64 <= (2.241_403 * parts / 0.05).powi(2) + 1.0);
    // A large pilot knows the variances.
    let pilot = |keys, seed| {
        published_budget(&attention, epsilon, delta, Variances::Pilot { keys, seed }).unwrap()
    };
    let ratio = pilot(200_000, 1).attention as f64 / rule.attention as f64;
    assert!((ratio - 1.0).abs() < 0.05, "{ratio}");
    assert_eq!(pilot(50, 1), pilot(50, 1));
    assert_ne!(pilot(50, 1), pilot(50, 2));
    assert!(published_budget(&attention, positive(1.0), delta, Variances::True).is_err());
    let one = Variances::Pilot { keys: 1, seed: 1 };
    assert!(published_budget(&attention, epsilon, delta, one).is_err());
    let zero = SampledAttention::new(&[0.0, 0.0], &DMatrix::zeros(2, 1)).unwrap();
    assert!(published_budget(&zero, epsilon, delta, Variances::True).is_err());
}
