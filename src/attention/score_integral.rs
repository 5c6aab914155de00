//! Integrals over the law of `s^2` of functions that a user wrote: adaptive Gauss-Kronrod sums in `x = ln(s^2 - offset)`.

use super::score_variance::{ScoreVarianceDensity, ScoreVarianceLaw};

/// Nodes in `(0, 1)` of the Kronrod rule of 15 points on `(-1, 1)`, its weights, and those of the Gauss rule of 7 points that
/// uses every second of them (zero elsewhere). Source: Piessens et al., QUADPACK (1983); a test checks their degrees.
const RULE: [(f64, f64, f64); 8] = [
    (0.991_455_371_120_812_6, 0.022_935_322_010_529_224, 0.0),
    (
        0.949_107_912_342_758_5,
        0.063_092_092_629_978_56,
        0.129_484_966_168_869_7,
    ),
    (0.864_864_423_359_769_1, 0.104_790_010_322_250_18, 0.0),
    (
        0.741_531_185_599_394_4,
        0.140_653_259_715_525_92,
        0.279_705_391_489_276_64,
    ),
    (0.586_087_235_467_691_1, 0.169_004_726_639_267_9, 0.0),
    (
        0.405_845_151_377_397_2,
        0.190_350_578_064_785_4,
        0.381_830_050_505_118_93,
    ),
    (0.207_784_955_007_898_47, 0.204_432_940_075_298_9, 0.0),
    (0.0, 0.209_482_141_084_727_82, 0.417_959_183_673_469_4),
];
/// Relative error at which the panels are fine enough, and above which there is no answer.
const FINE: f64 = 1e-11;
const COARSE: f64 = 1e-6;
const MOST_PANELS: usize = 1500;
/// How far to the left of the law's scale the integral starts, in `x`: any power of `s^2` that has a mean has its mass here.
const LEFT: f64 = 160.0;
/// Width of the first panels.
const WIDTH: f64 = 2.0;
/// A density below this is the end on the right.
const LEAST: f64 = 1e-290;

struct Panel {
    ends: (f64, f64),
    sums: Vec<f64>,
    errors: Vec<f64>,
}

/// `sum_i w_i F(x_i)` over a panel, by both rules.
fn panel(ends: (f64, f64), size: usize, f: &impl Fn(f64) -> Vec<f64>) -> Panel {
    let (middle, half) = (0.5 * (ends.0 + ends.1), 0.5 * (ends.1 - ends.0));
    let (mut kronrod, mut gauss) = (vec![0.0; size], vec![0.0; size]);
    for (node, fine, coarse) in RULE {
        for sign in [-1.0, 1.0] {
            if node == 0.0 && sign < 0.0 {
                continue;
            }
            let values = f(middle + sign * node * half);
            for ((k, g), value) in kronrod.iter_mut().zip(&mut gauss).zip(values) {
                *k += half * fine * value;
                *g += half * coarse * value;
            }
        }
    }
    let errors = kronrod.iter().zip(&gauss).map(|(k, g)| (k - g).abs());
    Panel {
        errors: errors.collect(),
        sums: kronrod,
        ends,
    }
}

/// `INT F(q) dq` over the law, for `size` functions at once: `at(q, density, F)` writes their values at `q = s^2`, densities included.
/// Returns the integrals, each raised by the difference of two quadrature rules, and the largest relative difference.
///
/// # Errors
/// In words, if an integral is infinite, not a number, or not found to a relative `1e-6`.
///
/// # Examples
/// ```
/// use attention_bounds::attention::{ScoreVarianceLaw, integrate};
/// use attention_bounds::nalgebra::{self, dmatrix};
/// use attention_bounds::{Gaussian, Head};
///
/// // E s^2 = E z^2 = 1.
/// let one = Gaussian::centred(dmatrix![1.0])?;
/// let law = ScoreVarianceLaw::new(&one, &Head::new(dmatrix![1.0], dmatrix![1.0])?, &one)?;
/// let (means, _) = integrate(&law, 1, |q, density, f| f[0] = q * density.density).unwrap();
/// assert!((means[0] - 1.0).abs() < 1e-6);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn integrate(
    law: &ScoreVarianceLaw,
    size: usize,
    at: impl Fn(f64, &ScoreVarianceDensity, &mut [f64]),
) -> Result<(Vec<f64>, f64), String> {
    // The last component is the mass, which is 1: a panel that misses a part of the law shows there.
    let integrand = |x: f64| {
        let excess = x.exp();
        let density = law.density(excess);
        let mut values = vec![0.0; size + 1];
        if density.density > 0.0 || density.response > 0.0 {
            at(law.offset() + excess, &density, &mut values[..size]);
            values[size] = density.density;
            values.iter_mut().for_each(|value| *value *= excess);
        }
        values
    };
    let mut panels = first_panels(law, size + 1, &integrand);
    loop {
        let totals = total(&panels, size + 1, |p| &p.sums);
        let errors = total(&panels, size + 1, |p| &p.errors);
        if totals.iter().any(|value| !value.is_finite()) {
            return Err("its average is infinite or not a number".into());
        }
        let share = |errors: &[f64]| {
            let shares = errors.iter().zip(&totals);
            shares.map(|(e, v)| ratio(*e, *v)).fold(0.0, f64::max)
        };
        let reached = share(&errors);
        if reached <= FINE || panels.len() >= MOST_PANELS {
            return finish(&panels, &integrand, totals, &errors, reached);
        }
        let worst = (0..panels.len())
            .max_by(|a, b| share(&panels[*a].errors).total_cmp(&share(&panels[*b].errors)))
            .unwrap_or(0);
        let (low, high) = panels.swap_remove(worst).ends;
        let middle = 0.5 * (low + high);
        panels
            .extend([(low, middle), (middle, high)].map(|ends| panel(ends, size + 1, &integrand)));
    }
}

/// Panels over the whole line, with ends where the law changes quickly.
fn first_panels(
    law: &ScoreVarianceLaw,
    size: usize,
    integrand: &impl Fn(f64) -> Vec<f64>,
) -> Vec<Panel> {
    let (mean, deviation) = law.mean_and_deviation();
    // Like everything here, above what the query does not move.
    let mean = mean - law.offset();
    let left = law.largest_eigenvalue().ln() - LEFT;
    let mut right = (mean + deviation).ln();
    // Ten doublings of s^2 span the exponents of floats.
    while law.density(right.exp()).density > LEAST && right < 700.0 {
        right += 0.05;
    }
    let mut ends: Vec<f64> = (0..)
        .map(|i| left + WIDTH * f64::from(i))
        .take_while(|x| *x < right)
        .collect();
    for centre in [mean, law.edge()] {
        for distance in [0.0, 1.0, -1.0, 4.0, -4.0, 16.0, -16.0] {
            ends.push((centre + distance * deviation).ln());
            ends.push((centre + distance * law.largest_eigenvalue()).ln());
        }
    }
    ends.push(right);
    ends.retain(|x| (left..=right).contains(x));
    ends.sort_by(f64::total_cmp);
    ends.dedup();
    ends.windows(2)
        .filter_map(|pair| match pair {
            [low, high] => Some(panel((*low, *high), size, integrand)),
            _ => None,
        })
        .collect()
}

fn total(panels: &[Panel], size: usize, pick: impl Fn(&Panel) -> &Vec<f64>) -> Vec<f64> {
    let mut totals = vec![0.0; size];
    for panel in panels {
        for (sum, part) in totals.iter_mut().zip(pick(panel)) {
            *sum += part;
        }
    }
    totals
}

/// `error / |value|`, 0 if there is no error.
fn ratio(error: f64, value: f64) -> f64 {
    if error == 0.0 {
        0.0
    } else {
        error / value.abs()
    }
}

/// Checks the mass and both ends, where nothing may be left.
fn finish(
    panels: &[Panel],
    integrand: &impl Fn(f64) -> Vec<f64>,
    mut totals: Vec<f64>,
    errors: &[f64],
    reached: f64,
) -> Result<(Vec<f64>, f64), String> {
    let left = panels
        .iter()
        .map(|p| p.ends.0)
        .fold(f64::INFINITY, f64::min);
    let right = panels
        .iter()
        .map(|p| p.ends.1)
        .fold(f64::NEG_INFINITY, f64::max);
    let rest = |x: f64| {
        let values = integrand(x);
        let shares = values
            .iter()
            .zip(&totals)
            .map(|(part, all)| ratio(part.abs(), *all));
        shares.fold(
            0.0,
            |most: f64, share| if share <= most { most } else { share },
        )
    };
    if !(rest(left) <= FINE && rest(right) <= FINE) {
        return Err(
            "its average is infinite, or rests on queries that are rarer than floats can say"
                .into(),
        );
    }
    let mass = totals.pop().unwrap_or(f64::NAN);
    if !(reached <= COARSE && (mass - 1.0).abs() <= COARSE) {
        return Err(format!(
            "its average was found to a relative {:e} only; {COARSE:e} is required",
            reached.max((mass - 1.0).abs())
        ));
    }
    for (value, error) in totals.iter_mut().zip(errors) {
        *value += error;
    }
    Ok((totals, reached))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_have_their_degrees() {
        for degree in [0, 1, 2, 12, 13, 20, 22] {
            let found = panel((-1.0, 1.0), 1, &|x| vec![x.powi(degree)]);
            let wanted = if degree % 2 == 0 {
                2.0 / f64::from(degree + 1)
            } else {
                0.0
            };
            assert!((found.sums[0] - wanted).abs() < 1e-15, "{degree}");
            // The Gauss rule is exact to degree 13.
            assert_eq!(found.errors[0] < 1e-15, degree <= 13, "{degree}");
        }
    }
}
