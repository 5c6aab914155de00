//! Enclosures against MPFR: millions of random and extreme arguments, 400-bit reference values.
//!
//! `cargo bench --features mpfr --bench rounding` (the first build compiles GMP and MPFR, several minutes; then
//! two minutes). An optional argument after `--` multiplies the number of cases. Prints, for every function, the
//! number of cases, of enclosures that do not contain the true value, and how wide they are. Exit code 1 if
//! there is a failure.

mod mpfr;

use attention_bounds::bound::{
    Bound, FourthMoments, GaussianOutput, KnownMoments, MomentConstants, SubGaussianMoments,
    Theorem, ValueSpectrum, fourth_moment_bound, output_bounds, participation_bounds, tail_bound,
};
use attention_bounds::interval::Interval;
use attention_bounds::parameter::{Positive, PromptLength, VarianceProxy};
use mpfr::formula;
use mpfr::tally::Tally;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rug::Float;

/// Seconds of a run with this many cases for an operation: about two minutes on one core.
const OPERATIONS: usize = 200_000;
const FORMULAS: usize = 120_000;
const RECORDS: usize = 60_000;

fn main() {
    let factor: f64 = std::env::args()
        .skip(1)
        .find_map(|word| word.parse().ok())
        .unwrap_or(1.0);
    let count = |n: usize| (n as f64 * factor) as usize;
    let mut random = ChaCha8Rng::seed_from_u64(20_261_125);
    let mut tallies = operations(&mut random, count(OPERATIONS));
    tallies.extend(formulas(&mut random, count(FORMULAS)));
    tallies.extend(records(&mut random, count(RECORDS)));
    let mut failures = 0;
    let mut cases = 0;
    println!("{}", Tally::HEADING);
    for tally in &mut tallies {
        println!("{}", tally.line());
        failures += tally.failures();
        cases += tally.cases();
    }
    println!("{cases} cases, {failures} failures");
    if failures > 0 {
        std::process::exit(1);
    }
}

/// Random numbers in the shapes that are needed.
trait Draw {
    fn between(&mut self, low: f64, high: f64) -> f64;
    fn one_of(&mut self, list: &[f64]) -> f64;
    fn power_of_ten(&mut self, low: f64, high: f64) -> f64;
    fn any_finite(&mut self) -> f64;
}

impl Draw for ChaCha8Rng {
    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.random::<f64>()
    }

    fn one_of(&mut self, list: &[f64]) -> f64 {
        list[self.random_range(0..list.len())]
    }

    fn power_of_ten(&mut self, low: f64, high: f64) -> f64 {
        10f64.powf(self.between(low, high))
    }

    /// Any bit pattern that is a number: subnormal, huge, of either sign.
    fn any_finite(&mut self) -> f64 {
        loop {
            let x = f64::from_bits(self.random());
            if x.is_finite() {
                return x;
            }
        }
    }
}

fn operations(random: &mut ChaCha8Rng, count: usize) -> Vec<Tally> {
    let mut tallies = Vec::new();
    let mut run = |name: &str,
                   random: &mut ChaCha8Rng,
                   draw: &dyn Fn(&mut ChaCha8Rng) -> (f64, f64),
                   enclose: &dyn Fn(f64, f64) -> Interval,
                   truth: &dyn Fn(f64, f64) -> Float| {
        let mut tally = Tally::new(name);
        for _ in 0..count {
            let (x, y) = draw(random);
            tally.check(enclose(x, y), &truth(x, y), || format!("{x:e} {y:e}"));
        }
        tallies.push(tally);
    };
    let p = Interval::point;
    let pair = |r: &mut ChaCha8Rng| {
        if r.random() {
            (r.any_finite(), r.any_finite())
        } else {
            let x = r.between(-2.0, 2.0);
            (x, x * r.between(-2.0, 2.0))
        }
    };
    let divisor = |r: &mut ChaCha8Rng| loop {
        let (x, y) = pair(r);
        if y != 0.0 {
            return (x, y);
        }
    };
    run("x + y", random, &pair, &|x, y| p(x) + p(y), &mpfr::sum);
    run("x - y", random, &pair, &|x, y| p(x) - p(y), &|x, y| {
        mpfr::sum(x, -y)
    });
    run("x y", random, &pair, &|x, y| p(x) * p(y), &|x, y| {
        mpfr::float(x) * y
    });
    run("x / y", random, &divisor, &|x, y| p(x) / p(y), &|x, y| {
        mpfr::float(x) / y
    });
    run(
        "sqrt x",
        random,
        &|r| (r.any_finite().abs(), 0.0),
        &|x, _| p(x).sqrt(),
        &|x, _| mpfr::float(x).sqrt(),
    );
    let power = |r: &mut ChaCha8Rng| (r.between(-4.0, 4.0), r.random_range(0..12u32).into());
    run(
        "x^n",
        random,
        &power,
        &|x, n| p(x).powi(n as u32),
        &|x, n| rug::ops::Pow::pow(mpfr::float(x), n as u32),
    );
    let exponent = |r: &mut ChaCha8Rng| {
        let near_power = f64::from(r.random_range(-1080..1030i32)) * std::f64::consts::LN_2;
        let size = r.power_of_ten(-25.0, 0.0);
        let x = [
            r.between(-760.0, 720.0),
            r.between(-1.0, 1.0) * size,
            near_power * (1.0 + r.between(-1e-15, 1e-15)),
            -r.power_of_ten(0.0, 15.5),
            r.between(-2.0, 2.0),
        ];
        (x[r.random_range(0..x.len())], 0.0)
    };
    run("e^x", random, &exponent, &|x, _| p(x).exp(), &|x, _| {
        mpfr::float(x).exp()
    });
    run(
        "e^x - 1",
        random,
        &exponent,
        &|x, _| p(x).exp_m1(),
        &|x, _| mpfr::float(x).exp_m1(),
    );
    let positive = |r: &mut ChaCha8Rng| {
        let distance = r.power_of_ten(-16.0, 0.0);
        let x = [
            r.any_finite().abs(),
            1.0 + r.between(-1.0, 1.0) * distance,
            f64::from_bits(r.random_range(1..1u64 << 52)),
            2f64.powi(r.random_range(-1022..1023)) * (1.0 + r.between(-1e-15, 1e-15)),
            r.between(0.3, 3.0),
        ];
        (x[r.random_range(0..x.len())], 0.0)
    };
    run("ln x", random, &positive, &|x, _| p(x).ln(), &|x, _| {
        mpfr::float(x).ln()
    });
    let above_minus_one = |r: &mut ChaCha8Rng| {
        let (small, near, large) = (
            r.power_of_ten(-300.0, 0.0),
            r.power_of_ten(-15.9, 0.0),
            r.power_of_ten(-2.0, 300.0),
        );
        let x = [
            r.between(-1.0, 1.0) * small,
            -1.0 + near,
            large,
            r.between(-0.9, 3.0),
            (2f64.powf(r.between(-40.0, 40.0)) - 1.0).max(-0.999),
        ];
        (x[r.random_range(0..x.len())], 0.0)
    };
    run(
        "ln(1 + x)",
        random,
        &above_minus_one,
        &|x, _| p(x).ln_1p(),
        &|x, _| mpfr::float(x).ln_1p(),
    );
    let logarithms = |r: &mut ChaCha8Rng| {
        let x = r.between(-1000.0, 1000.0);
        (
            x,
            if r.random() {
                x + r.between(-40.0, 40.0)
            } else {
                r.between(-1000.0, 1000.0)
            },
        )
    };
    run(
        "ln(e^x + e^y)",
        random,
        &logarithms,
        &|x, y| p(x).ln_add(p(y)),
        &|x, y| {
            let distance: Float = mpfr::float(x.min(y)) - x.max(y);
            distance.exp().ln_1p() + x.max(y)
        },
    );
    tallies
}

const LENGTHS: [f64; 9] = [
    2.0,
    3.0,
    7.0,
    1e3,
    1e6,
    1e9,
    1e12,
    1e15,
    9_007_199_254_740_992.0,
];

fn length(value: f64) -> PromptLength {
    PromptLength::new(value as u64).expect("a length")
}

/// `s^2` for `s` up to 30, as often small.
fn score_variance(r: &mut ChaCha8Rng) -> f64 {
    let list = [
        0.0,
        r.between(0.0, 1.0),
        r.between(0.0, 30.0),
        r.between(0.0, 30.0).powi(2),
    ];
    r.one_of(&list)
}

/// `del` anywhere in `(1/L, 1)`, its first and last float included.
fn delta(r: &mut ChaCha8Rng, l: f64) -> f64 {
    let (first, last) = ((1.0 / l).next_up(), 1f64.next_down());
    let u = [
        r.between(0.0, 1.0),
        r.power_of_ten(-12.0, 0.0),
        1.0 - r.power_of_ten(-15.0, 0.0),
    ];
    let inner = first + (1.0 - first) * r.one_of(&u);
    let edges = [
        first,
        first * (1.0 + 1e-10),
        last,
        1.0 - 1e-9,
        inner,
        inner,
        inner,
        inner,
        inner,
        inner,
    ];
    r.one_of(&edges).clamp(first, last)
}

fn formulas(random: &mut ChaCha8Rng, count: usize) -> Vec<Tally> {
    let mut tallies: Vec<Tally> = [
        "T4 at del",
        "T4.tail at del",
        "T4.fourth at del",
        "I_k(n), one split",
        "I_k(n), two splits",
    ]
    .map(Tally::new)
    .into();
    for _ in 0..count {
        let r = &mut *random;
        let (q, l) = (score_variance(r), r.one_of(&LENGTHS));
        let (a2, f0) = (q + r.between(-20.0, 20.0), r.power_of_ten(-20.0, 20.0));
        let del = delta(r, l);
        let constants = MomentConstants::new(q, q, a2, f0).expect("constants");
        let found = constants.chernoff(length(l), del).expect("T4");
        tallies[0].check(found, &formula::chernoff(q, a2, f0, l, del), || {
            format!("{q:e} {a2:e} {f0:e} {l:e} {del:e}")
        });

        let (eps, edges) = (
            r.power_of_ten(-6.0, 6.0),
            [5e-324, 1e-9, r.between(0.0, 1.0), 1f64.next_down()],
        );
        let (del_tail, any) = (
            r.one_of(&edges).max(5e-324),
            if r.random() { l } else { 1.0 },
        );
        let found = constants.chernoff_tail(
            length(any),
            Positive::new("eps", eps).expect("eps"),
            del_tail,
        );
        tallies[1].check(
            found.expect("tail"),
            &formula::chernoff_tail(q, a2, any, eps, del_tail),
            || format!("{q:e} {a2:e} {any:e} {eps:e} {del_tail:e}"),
        );

        let (a4, f4) = (2.0 * a2 + r.between(0.0, 20.0), r.between(-20.0, 20.0));
        let moments = FourthMoments::new(q, a2, a4, f4).expect("moments");
        let found = moments.at(length(l), del).expect("fourth");
        tallies[2].check(
            found,
            &formula::chernoff_fourth(q, a2, a4, f4, l, del),
            || format!("{q:e} {a2:e} {a4:e} {f4:e} {l:e} {del:e}"),
        );

        let k = r.random_range(1..6u32);
        let n = [
            f64::from(k) + 1.0,
            10.0,
            1e3,
            1e6,
            1e12,
            1e15 - 1.0,
            9_007_199_254_740_992.0,
        ];
        let n = r.one_of(&n);
        let kappa = q + r.one_of(&[0.0, 1.0, 5.0]) * r.random::<f64>();
        let thetas = [
            1.0,
            1f64.next_down(),
            r.between(0.0, 1.0),
            r.power_of_ten(-26.0, 0.0),
            5e-324,
        ];
        let theta = r.one_of(&thetas).max(5e-324);
        let constants = MomentConstants::new(q, kappa, 0.0, 1.0).expect("constants");
        for splits in [1, 2] {
            let found = constants
                .inverse_moment(k, length(n), theta, splits)
                .expect("T5");
            let truth = formula::inverse_moment(k, n, q, kappa, theta, splits);
            tallies[2 + splits as usize].check(found, &truth, || {
                format!("{k} {n:e} {q:e} {kappa:e} {theta:e}")
            });
        }
    }
    tallies
}

fn hypothesis(bound: &Bound, name: &str) -> f64 {
    let found = bound.hypotheses().iter().find(|h| h.name == name);
    found.unwrap_or_else(|| panic!("{name} in {bound:?}")).value
}

fn parameter(bound: &Bound, name: &str) -> f64 {
    let found = bound.parameters().iter().find(|p| p.name == name);
    found.unwrap_or_else(|| panic!("{name} in {bound:?}")).value
}

/// The formula of a record at the hypotheses and parameters that it reports.
fn formula_of(bound: &Bound) -> Float {
    let h = |name| hypothesis(bound, name);
    let p = |name| parameter(bound, name);
    let splits = |name| p(name) as u32;
    match bound.theorem() {
        Theorem::ChernoffBound | Theorem::SubGaussianChernoff => {
            formula::chernoff(h("ln rho"), h("ln A2"), h("F0"), h("L"), p("del"))
        }
        Theorem::ChernoffTail => {
            formula::chernoff_tail(h("ln rho"), h("ln A2"), h("L"), h("eps"), p("del"))
        }
        Theorem::ChernoffFourthMoment => formula::chernoff_fourth(
            h("ln rho"),
            h("ln A2"),
            h("ln A4"),
            h("ln F4"),
            h("L"),
            p("del"),
        ),
        Theorem::LaplaceBound if bound.hypotheses().iter().any(|x| x.name == "tau_V") => {
            let scale = mpfr::float(h("tau_V")) + h("eta");
            let (q, l) = (h("s^2"), h("L"));
            scale * formula::participation(q, q, l, p("th of I_2"), splits("splits of I_2"))
        }
        Theorem::LaplaceBound | Theorem::SubGaussianLaplace => formula::laplace(
            (h("ln rho"), h("ln kap"), h("ln A2")),
            h("L"),
            (p("th of I_2"), splits("splits of I_2")),
            (p("th of I_4"), splits("splits of I_4")),
        ),
        Theorem::LaplaceParticipation => formula::participation(
            h("ln rho"),
            h("ln kap"),
            h("L"),
            p("th of I_2"),
            splits("splits of I_2"),
        ),
        other => panic!("no formula for {other}"),
    }
}

/// Whole evaluations: the value of a record against the formula at what the record reports.
fn records(random: &mut ChaCha8Rng, count: usize) -> Vec<Tally> {
    let mut tallies: Vec<Tally> = [
        "record T4",
        "record T5, Gaussian",
        "record T5.participation",
        "record T4.tail",
        "record T4.fourth",
        "record T6.chernoff",
        "record T6.laplace",
        "record T6.crude",
        "A2 of T6",
    ]
    .map(Tally::new)
    .into();
    for _ in 0..count {
        let r = &mut *random;
        let l = if r.random() {
            r.one_of(&LENGTHS)
        } else {
            r.power_of_ten(0.0, 15.0).floor()
        };
        let (q, tau) = (score_variance(r), r.power_of_ten(-10.0, 10.0));
        let eta = r.one_of(&[0.0, 0.3, 20.0]) * tau;
        let gaussian = GaussianOutput::new(q, tau, eta).expect("constants");
        let known = KnownMoments::gaussian(gaussian);
        let spectrum: Vec<f64> = (0..r.random_range(1..4))
            .map(|_| r.power_of_ten(-6.0, 2.0))
            .collect();
        let values = ValueSpectrum::from_eigenvalues(spectrum.clone()).expect("a spectrum");
        let (sigma2, tilt) = (r.power_of_ten(-2.0, 2.0), r.power_of_ten(-3.0, 0.8));
        let proxy = VarianceProxy::new(sigma2).expect("a proxy");
        let class = SubGaussianMoments::new(proxy, tilt, &values).expect("a class");
        let mut bounds = output_bounds(Some(&known), Some(&class), length(l));
        bounds.extend(participation_bounds(&known, length(l)));
        let eps = Positive::new("eps", r.power_of_ten(-4.0, 2.0)).expect("eps");
        bounds.push(tail_bound(&known, eps, length(l)));
        let ln_a2 = q + r.between(-5.0, 5.0);
        let fourth = FourthMoments::new(
            q,
            ln_a2,
            2.0 * ln_a2 + r.between(0.0, 9.0),
            r.between(-5.0, 5.0),
        );
        bounds.push(fourth_moment_bound(&fourth.expect("moments"), length(l)));
        for bound in &bounds {
            let index = match bound.theorem() {
                Theorem::ChernoffBound => 0,
                Theorem::LaplaceBound => 1,
                Theorem::LaplaceParticipation => 2,
                Theorem::ChernoffTail => 3,
                Theorem::ChernoffFourthMoment => 4,
                Theorem::SubGaussianChernoff => 5,
                Theorem::SubGaussianLaplace => 6,
                Theorem::CrudeBound => 7,
                _ => continue,
            };
            let Some(value) = bound.value() else {
                continue;
            };
            let show = || format!("{bound:?}");
            if index == 7 {
                let lam = parameter(bound, "lam");
                let truth = formula::crude(l, sigma2, tilt, lam, &spectrum);
                tallies[index].check_upper(value, &truth, show);
                continue;
            }
            tallies[index].check_upper(value, &formula_of(bound), show);
            if index == 5 {
                let lam = parameter(bound, "lam");
                let truth = formula::ln_second_moment(sigma2, tilt, lam, &spectrum);
                tallies[8].check_upper(hypothesis(bound, "ln A2"), &truth, show);
            }
        }
    }
    tallies
}
