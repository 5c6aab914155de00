//! One and two tokens by direct sums in interval arithmetic.

use super::question::Question;
use attention_bounds::interval::Interval;

/// The answers for one and for two tokens, as sums over pairs in interval arithmetic: squared error, `E P_2`, gradient in `U`, gradient in
/// `V`, bias.
pub fn by_pairs(question: &Question) -> Vec<Interval> {
    let point = Interval::point;
    let (d, m, n) = (
        question.points.nrows(),
        question.value.nrows(),
        question.weights.len(),
    );
    let total: Interval = question.weights.iter().map(|w| point(*w)).sum();
    let p: Vec<Interval> = question.weights.iter().map(|w| point(*w) / total).collect();
    // Relative to the heaviest point, as differences of coordinates.
    let heaviest = (0..n)
        .max_by(|i, j| {
            let size =
                |i: usize| question.weights[i].ln() + question.points.column(i).dot(&question.tilt);
            size(*i).total_cmp(&size(*j))
        })
        .unwrap();
    let x: Vec<Vec<Interval>> = (0..n)
        .map(|i| {
            (0..d)
                .map(|k| point(question.points[(k, i)]) - point(question.points[(k, heaviest)]))
                .collect()
        })
        .collect();
    let dot = |x: &[Interval], y: &[Interval]| -> Interval {
        x.iter().zip(y).map(|(a, b)| *a * *b).sum()
    };
    let tilt: Vec<Interval> = question.tilt.iter().map(|a| point(*a)).collect();
    let scores: Vec<Interval> = x.iter().map(|x| dot(x, &tilt)).collect();
    let e: Vec<Interval> = scores.iter().map(|s| s.exp()).collect();
    let z = dot(&p, &e);
    let tilted: Vec<Interval> = p.iter().zip(&e).map(|(p, e)| *p * *e / z).collect();
    let mean: Vec<Interval> = (0..d)
        .map(|k| (0..n).map(|i| tilted[i] * x[i][k]).sum())
        .collect();
    let y: Vec<Vec<Interval>> = x
        .iter()
        .map(|x| x.iter().zip(&mean).map(|(x, m)| *x - *m).collect())
        .collect();
    let rows: Vec<Vec<Interval>> = question
        .value
        .row_iter()
        .map(|r| r.iter().map(|v| point(*v)).collect())
        .collect();
    let covariance =
        |i: usize, j: usize| -> Interval { (0..n).map(|k| tilted[k] * y[k][i] * y[k][j]).sum() };
    let limit: Vec<Vec<Interval>> = (0..d)
        .map(|i| (0..d).map(|j| covariance(i, j)).collect())
        .collect();
    let mut sums = vec![point(0.0); 4 + m];
    let mut add = |probability: Interval, q: &[Interval], participation: Interval| {
        let gap: Vec<Interval> = (0..d)
            .map(|k| (0..n).map(|i| q[i] * y[i][k]).sum())
            .collect();
        let out: Vec<Interval> = rows.iter().map(|row| dot(row, &gap)).collect();
        let square = |x: &[Interval]| -> Interval { x.iter().map(|x| x.square()).sum() };
        let mut spread = point(0.0);
        for j in 0..d {
            let column: Vec<Interval> = (0..d)
                .map(|i| {
                    (0..n)
                        .map(|k| q[k] * (y[k][i] - gap[i]) * (y[k][j] - gap[j]))
                        .sum::<Interval>()
                        - limit[i][j]
                })
                .collect();
            spread = spread + square(&rows.iter().map(|row| dot(row, &column)).collect::<Vec<_>>());
        }
        let terms = [square(&out), participation, spread, square(&gap)]
            .into_iter()
            .chain(out);
        for (sum, term) in sums.iter_mut().zip(terms) {
            *sum = *sum + probability * term;
        }
    };
    let unit = |i: usize, q: Interval| -> Vec<Interval> {
        (0..n)
            .map(|k| if k == i { q } else { point(0.0) })
            .collect()
    };
    for i in 0..n {
        if question.length == 1 {
            add(p[i], &unit(i, point(1.0)), point(1.0));
            continue;
        }
        for j in 0..n {
            // 1 / (1 + e^{s_j - s_i}); one point twice has it all.
            let share = |i: usize, j: usize| {
                let difference: Vec<Interval> =
                    x[j].iter().zip(&x[i]).map(|(a, b)| *a - *b).collect();
                point(1.0) / (point(1.0) + dot(&difference, &tilt).exp())
            };
            let (a, b) = (share(i, j), share(j, i));
            let mut q = unit(i, a);
            q[j] = if i == j { point(1.0) } else { b };
            add(p[i] * p[j], &q, a.square() + b.square());
        }
    }
    sums
}
