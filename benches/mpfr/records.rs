//! Whole records: the value against the formula at the hypotheses and parameters reported.

use attention_bounds::bound::{
    Bound, FourthMoments, GaussianOutput, KnownMoments, SubGaussianMoments, Theorem, ValueSpectrum,
    fourth_moment_bound, output_bounds, participation_bounds, tail_bound,
};
use attention_bounds::parameter::{Positive, VarianceProxy};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rug::Float;

use super::draw::{Draw, LENGTHS, length, score_variance};
use super::tally::Tally;
use super::{float, formula};

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
        Theorem::CHERNOFF_BOUND | Theorem::SUB_GAUSSIAN_CHERNOFF => {
            formula::chernoff(h("ln rho"), h("ln A2"), h("F0"), h("L"), p("del"))
        }
        Theorem::CHERNOFF_TAIL => {
            formula::chernoff_tail(h("ln rho"), h("ln A2"), h("L"), h("eps"), p("del"))
        }
        Theorem::CHERNOFF_FOURTH_MOMENT => formula::chernoff_fourth(
            h("ln rho"),
            h("ln A2"),
            h("ln A4"),
            h("ln F4"),
            h("L"),
            p("del"),
        ),
        Theorem::LAPLACE_BOUND if bound.hypotheses().iter().any(|x| x.name == "tau_V") => {
            let scale = float(h("tau_V")) + h("eta");
            let (q, l) = (h("s^2"), h("L"));
            scale * formula::participation(q, q, l, p("th of I_2"), splits("splits of I_2"))
        }
        Theorem::LAPLACE_BOUND | Theorem::SUB_GAUSSIAN_LAPLACE => formula::laplace(
            (h("ln rho"), h("ln kap"), h("ln A2")),
            h("L"),
            (p("th of I_2"), splits("splits of I_2")),
            (p("th of I_4"), splits("splits of I_4")),
        ),
        Theorem::LAPLACE_PARTICIPATION => formula::participation(
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
pub fn run(random: &mut ChaCha8Rng, count: usize) -> Vec<Tally> {
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
                Theorem::CHERNOFF_BOUND => 0,
                Theorem::LAPLACE_BOUND => 1,
                Theorem::LAPLACE_PARTICIPATION => 2,
                Theorem::CHERNOFF_TAIL => 3,
                Theorem::CHERNOFF_FOURTH_MOMENT => 4,
                Theorem::SUB_GAUSSIAN_CHERNOFF => 5,
                Theorem::SUB_GAUSSIAN_LAPLACE => 6,
                Theorem::CRUDE_BOUND => 7,
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
