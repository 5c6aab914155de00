//! A stiff integrator: the Rosenbrock method RODAS of order 4 with an embedded method of order 3.
//!
//! E. Hairer, G. Wanner, "Solving Ordinary Differential Equations II", section IV.7 and VI.4, in the transformed variables that need no
//! product with the Jacobian matrix. It is stiffly accurate and L-stable, and linearly implicit: one factorisation and six solves a step, no
//! Newton iteration. Explicit methods are no choice here: the flow at `L` tokens has rates that differ by a factor of order `L`.

use nalgebra::{DMatrix, DVector};

use crate::error::{Error, Result};

/// `f` of `d state / d time = f(state)`.
pub(in crate::regression) type Slope<'a> = dyn Fn(&DVector<f64>) -> Result<DVector<f64>> + 'a;

/// The Jacobian matrix of `f`, by central differences of relative step `1e-6`.
fn jacobian(slope: &Slope<'_>, state: &DVector<f64>) -> Result<DMatrix<f64>> {
    let step = 1e-6 * state.norm().max(1e-3);
    let mut columns = Vec::with_capacity(state.len());
    for i in 0..state.len() {
        let mut moved = state.clone();
        moved[i] += step;
        let up = slope(&moved)?;
        moved[i] -= 2.0 * step;
        columns.push((up - slope(&moved)?) / (2.0 * step));
    }
    Ok(DMatrix::from_columns(&columns))
}

const GAMMA: f64 = 0.25;
/// `a_{ij}`, `j < i`, of stages 2 to 6.
const STAGES: [&[f64]; 5] = [
    &[1.544],
    &[0.946_678_528_081_582_6, 0.255_701_169_898_328_4],
    &[
        3.314_825_187_068_521,
        2.896_124_015_972_201,
        0.998_641_913_997_781_7,
    ],
    &[
        1.221_224_509_226_641,
        6.019_134_481_288_629,
        12.537_083_329_320_87,
        -0.687_886_036_105_895_0,
    ],
    &[
        1.221_224_509_226_641,
        6.019_134_481_288_629,
        12.537_083_329_320_87,
        -0.687_886_036_105_895_0,
        1.0,
    ],
];
/// `c_{ij}`, `j < i`, of stages 2 to 6.
const COUPLINGS: [&[f64]; 5] = [
    &[-5.668_8],
    &[-2.430_093_356_833_875, -0.206_359_915_709_191_5],
    &[
        -0.107_352_905_815_137_5,
        -9.594_562_251_023_355,
        -20.470_286_148_096_16,
    ],
    &[
        7.496_443_313_967_647,
        -10.246_804_314_643_52,
        -33.999_903_528_199_05,
        11.708_908_932_061_60,
    ],
    &[
        8.083_246_795_921_522,
        -7.981_132_988_064_893,
        -31.521_594_328_743_71,
        16.319_305_431_231_36,
        -6.058_818_238_834_054,
    ],
];

/// A trial step: the new state, and the difference from the embedded method.
struct Trial {
    state: DVector<f64>,
    difference: DVector<f64>,
}

/// One step of size `step` from `state`, where the slope and the Jacobian matrix are given.
fn trial(
    system: &Slope<'_>,
    state: &DVector<f64>,
    slope: &DVector<f64>,
    jacobian: &DMatrix<f64>,
    step: f64,
) -> Result<Option<Trial>> {
    let size = state.len();
    let matrix = DMatrix::from_diagonal_element(size, size, 1.0 / (GAMMA * step)) - jacobian;
    let factors = matrix.lu();
    let mut stages: Vec<DVector<f64>> = Vec::with_capacity(6);
    let Some(first) = factors.solve(slope) else {
        return Ok(None);
    };
    stages.push(first);
    let mut last = state.clone();
    for (stage, coupling) in STAGES.iter().zip(COUPLINGS) {
        last = state.clone();
        for (a, k) in stage.iter().zip(&stages) {
            last.axpy(*a, k, 1.0);
        }
        if !last.iter().all(|x| x.is_finite()) {
            return Ok(None);
        }
        let mut right = system(&last)?;
        for (c, k) in coupling.iter().zip(&stages) {
            right.axpy(c / step, k, 1.0);
        }
        let Some(next) = factors.solve(&right) else {
            return Ok(None);
        };
        stages.push(next);
    }
    // Stiffly accurate: the sixth stage is both the correction and the difference of the two methods.
    Ok(stages.pop().map(|difference| Trial {
        state: last + &difference,
        difference,
    }))
}

/// What is told of time, state and slope at every accepted step; says whether to stop.
pub(in crate::regression) type Watch<'a> =
    dyn FnMut(f64, &DVector<f64>, &DVector<f64>) -> Result<bool> + 'a;

/// Steps, at most; rejected ones count.
const MOST_STEPS: usize = 20_000;

/// Integrates from time 0 until `watch` says to stop or the last of `times` is reached.
///
/// Steps end at every one of `times` (ascending, positive). `watch` sees the start and every accepted step, with the slope there.
///
/// # Errors
/// Those of the system, or if the step size falls to nothing.
pub(in crate::regression) fn integrate(
    system: &Slope<'_>,
    start: DVector<f64>,
    times: &[f64],
    tolerance: f64,
    watch: &mut Watch<'_>,
) -> Result<()> {
    let (mut time, mut state) = (0.0, start);
    let mut slope = system(&state)?;
    if watch(time, &state, &slope)? {
        return Ok(());
    }
    let floor = 1e-3 * tolerance * state.norm().max(f64::MIN_POSITIVE);
    let mut step = 1e-3 * state.norm().max(f64::MIN_POSITIVE) / slope.norm().max(f64::MIN_POSITIVE);
    let mut attempts = 0;
    for &goal in times {
        while time < goal {
            let jacobian = jacobian(system, &state)?;
            loop {
                attempts += 1;
                if attempts > MOST_STEPS || !(time + step > time) {
                    return Err(Error::Accuracy {
                        what: "the gradient flow: the step of the integrator relative to the time",
                        reached: step / goal.max(1e-300),
                        wanted: tolerance,
                    });
                }
                // A step that would end just before the goal is stretched to it.
                let last = time + 1.01 * step >= goal;
                let size = if last { goal - time } else { step };
                let tried = trial(system, &state, &slope, &jacobian, size)?;
                let error = tried.as_ref().map_or(f64::INFINITY, |trial| {
                    let scale =
                        |i: usize| floor + tolerance * state[i].abs().max(trial.state[i].abs());
                    let sum: f64 = (0..state.len())
                        .map(|i| (trial.difference[i] / scale(i)).powi(2))
                        .sum();
                    (sum / state.len() as f64).sqrt()
                });
                let factor = (0.9 * error.powf(-0.25)).clamp(0.2, 6.0);
                if let Some(trial) = tried
                    && error <= 1.0
                {
                    time = if last { goal } else { time + size };
                    state = trial.state;
                    slope = system(&state)?;
                    // What a shortened last step proposes says nothing against the step before it.
                    step = if last {
                        (size * factor).max(step)
                    } else {
                        size * factor
                    };
                    break;
                }
                step = if error.is_finite() {
                    size * factor
                } else {
                    0.1 * size
                };
            }
            if watch(time, &state, &slope)? {
                return Ok(());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_four_and_that_of_the_difference_three() {
        // `y' = -y^2`, `y = 1/(1+t)`.
        let riccati = |y: &DVector<f64>| Ok(y.map(|v| -v * v));
        let at = |step: f64| {
            let state = DVector::from_element(1, 1.0);
            let slope = riccati(&state).unwrap();
            let jacobian = jacobian(&riccati, &state).unwrap();
            let trial = trial(&riccati, &state, &slope, &jacobian, step)
                .unwrap()
                .unwrap();
            (
                (trial.state[0] - 1.0 / (1.0 + step)).abs(),
                trial.difference[0].abs(),
            )
        };
        let (coarse, fine) = (at(0.1), at(0.05));
        // Local errors of order 5 and 4: halving the step divides them by 32 and 16.
        let (method, embedded) = (coarse.0 / fine.0, coarse.1 / fine.1);
        assert!((24.0..45.0).contains(&method), "{method}");
        assert!((12.0..22.0).contains(&embedded), "{embedded}");
    }

    #[test]
    fn a_stiff_problem_is_followed_within_the_tolerance_in_few_steps() {
        // `u' = -1e5 (u - v^2) - 2 v^2`, `v' = -v`, with the solution `u = v^2 = e^{-2t}`.
        let stiff = |y: &DVector<f64>| {
            let square = y[1] * y[1];
            let first = -1e5 * (y[0] - square) - 2.0 * square;
            Ok(DVector::from_vec(vec![first, -y[1]]))
        };
        let mut steps = 0;
        let mut end = DVector::zeros(2);
        let start = DVector::from_vec(vec![1.0, 1.0]);
        integrate(&stiff, start, &[1.0, 5.0], 1e-6, &mut |_, state, _| {
            steps += 1;
            end = state.clone();
            Ok(false)
        })
        .unwrap();
        approx::assert_relative_eq!(end[1], (-5f64).exp(), max_relative = 1e-5);
        approx::assert_relative_eq!(end[0], (-10f64).exp(), max_relative = 1e-4);
        // An explicit method needs more than 100,000 steps for stability alone.
        assert!(steps < 1000, "{steps}");
    }
}
