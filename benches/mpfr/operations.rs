//! Every operation of interval arithmetic.

use attention_bounds::interval::Interval;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rug::Float;

use super::draw::Draw;
use super::tally::Tally;
use super::{float, sum};

/// Compares `count` random arguments of each.
pub fn run(random: &mut ChaCha8Rng, count: usize) -> Vec<Tally> {
    let mut tallies = Vec::new();
    let mut compare = |name: &str,
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
    compare("x + y", random, &pair, &|x, y| p(x) + p(y), &sum);
    compare("x - y", random, &pair, &|x, y| p(x) - p(y), &|x, y| {
        sum(x, -y)
    });
    compare("x y", random, &pair, &|x, y| p(x) * p(y), &|x, y| {
        float(x) * y
    });
    compare("x / y", random, &divisor, &|x, y| p(x) / p(y), &|x, y| {
        float(x) / y
    });
    compare(
        "sqrt x",
        random,
        &|r: &mut ChaCha8Rng| (r.any_finite().abs(), 0.0),
        &|x, _| p(x).sqrt(),
        &|x, _| float(x).sqrt(),
    );
    let power = |r: &mut ChaCha8Rng| (r.between(-4.0, 4.0), r.random_range(0..12u32).into());
    compare(
        "x^n",
        random,
        &power,
        &|x, n| p(x).powi(n as u32),
        &|x, n| rug::ops::Pow::pow(float(x), n as u32),
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
    compare("e^x", random, &exponent, &|x, _| p(x).exp(), &|x, _| {
        float(x).exp()
    });
    compare(
        "e^x - 1",
        random,
        &exponent,
        &|x, _| p(x).exp_m1(),
        &|x, _| float(x).exp_m1(),
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
    compare("ln x", random, &positive, &|x, _| p(x).ln(), &|x, _| {
        float(x).ln()
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
    compare(
        "ln(1 + x)",
        random,
        &above_minus_one,
        &|x, _| p(x).ln_1p(),
        &|x, _| float(x).ln_1p(),
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
    compare(
        "ln(e^x + e^y)",
        random,
        &logarithms,
        &|x, y| p(x).ln_add(p(y)),
        &|x, y| {
            let distance: Float = float(x.min(y)) - x.max(y);
            distance.exp().ln_1p() + x.max(y)
        },
    );
    tallies
}
