//! T4 and T5 at random constants and proof parameters, the ends of their ranges included.

use attention_bounds::bound::{FourthMoments, MomentConstants};
use attention_bounds::parameter::Positive;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::draw::{Draw, LENGTHS, delta, length, score_variance};
use super::formula;
use super::tally::Tally;

/// Compares `count` random arguments of each.
pub fn run(random: &mut ChaCha8Rng, count: usize) -> Vec<Tally> {
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
