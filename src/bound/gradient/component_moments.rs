//! T9: moments of one normal component (or point) of a tilted token law, and their means over the components.

use nalgebra::DMatrix;

use crate::bound::moments::check_non_negative;
use crate::bound::moments::gaussian_output::output_variance;
use crate::error::Result;
use crate::interval::Interval;

/// A covariance that is not zero, and what the moments use of it.
#[derive(Debug, Clone)]
pub(in crate::bound) struct Spread {
    covariance: DMatrix<f64>,
    /// `V Gamma`, one row after the other.
    pub(in crate::bound) through_value: Vec<Vec<Interval>>,
    /// `tr Gamma`, `tr(V Gamma V^T)`, `|Gamma|_F^2`, `|V Gamma|_F^2`.
    trace: Interval,
    tau_v: Interval,
    norm_squared: Interval,
    value_norm_squared: Interval,
}

/// What one component looks like under the law tilted by `k a`: its gate and its mean minus `m(a)`.
pub(in crate::bound) struct Tilted<'a> {
    pub(in crate::bound) gate: Interval,
    pub(in crate::bound) spread: Option<&'a Spread>,
    pub(in crate::bound) offset: Vec<Interval>,
    /// `V` times the offset.
    pub(in crate::bound) output: Vec<Interval>,
}

impl Spread {
    pub(in crate::bound) fn new(
        covariance: &DMatrix<f64>,
        value: &DMatrix<f64>,
        rows: &[Vec<Interval>],
    ) -> Result<Self> {
        let tau_v = output_variance(covariance, value);
        check_non_negative("tau_V", tau_v)?;
        let through_value: Vec<Vec<Interval>> = rows
            .iter()
            .map(|row| {
                covariance
                    .column_iter()
                    .map(|column| Interval::dot_with(column.iter(), row))
                    .collect()
            })
            .collect();
        Ok(Self {
            trace: covariance
                .diagonal()
                .iter()
                .map(|x| Interval::point(*x))
                .sum(),
            tau_v: Interval::up_to(tau_v),
            norm_squared: Interval::norm_squared(covariance.iter()),
            value_norm_squared: square(&through_value),
            through_value,
            covariance: covariance.clone(),
        })
    }

    /// `Gamma x`.
    pub(in crate::bound) fn image(&self, x: impl Iterator<Item = Interval>) -> Vec<Interval> {
        let x: Vec<Interval> = x.collect();
        self.covariance
            .row_iter()
            .map(|row| Interval::dot_with(row.iter(), &x))
            .collect()
    }
}

impl Tilted<'_> {
    /// `E|Y|^2`, `Y` normal with this offset and covariance.
    pub(in crate::bound) fn token_square(&self) -> Interval {
        let trace = self.spread.map_or(Interval::ZERO, |s| s.trace);
        trace + norm_squared(&self.offset)
    }

    /// `E|VY|^2`.
    pub(in crate::bound) fn output_square(&self) -> Interval {
        let tau_v = self.spread.map_or(Interval::ZERO, |s| s.tau_v);
        tau_v + norm_squared(&self.output)
    }

    /// `E|Y|^4 = (E|Y|^2)^2 + 2 |Gamma|_F^2 + 4 h^T Gamma h`.
    pub(in crate::bound) fn token_fourth(&self) -> Interval {
        let square = self.token_square().square();
        let Some(spread) = self.spread else {
            return square;
        };
        let image = spread.image(self.offset.iter().copied());
        let form = dot(&self.offset, &image).known_non_negative();
        square + (spread.norm_squared + form.double()).double()
    }

    /// `E|VY|^2 |Y|^2 = E|VY|^2 E|Y|^2 + 2 |V Gamma|_F^2 + 4 <V h, V Gamma h>`.
    fn mixed_fourth(&self) -> Interval {
        let product = self.output_square() * self.token_square();
        let Some(spread) = self.spread else {
            return product;
        };
        let form = dot(&self.output, &times(&spread.through_value, &self.offset));
        product + (spread.value_norm_squared + form.double()).double()
    }
}

pub(in crate::bound) fn mixed_fourth(list: &[Tilted<'_>]) -> Interval {
    mean_of(list, |t| t.mixed_fourth()).known_non_negative()
}

pub(in crate::bound) fn mean_of(
    list: &[Tilted<'_>],
    moment: impl Fn(&Tilted<'_>) -> Interval,
) -> Interval {
    list.iter().map(|t| t.gate * moment(t)).sum()
}

/// `V E[Y Y^T]` under the tilted law, one row after the other.
pub(in crate::bound) fn through_value(
    list: &[Tilted<'_>],
    m: usize,
    d: usize,
) -> Vec<Vec<Interval>> {
    let mut sum = vec![vec![Interval::ZERO; d]; m];
    for tilted in list {
        for (i, (row, y)) in sum.iter_mut().zip(&tilted.output).enumerate() {
            let scale = tilted.gate * *y;
            for (entry, h) in row.iter_mut().zip(&tilted.offset) {
                *entry = *entry + scale * *h;
            }
            if let Some(spread) = tilted.spread.and_then(|s| s.through_value.get(i)) {
                for (entry, x) in row.iter_mut().zip(spread) {
                    *entry = *entry + tilted.gate * *x;
                }
            }
        }
    }
    sum
}

fn dot(x: &[Interval], y: &[Interval]) -> Interval {
    x.iter().zip(y).map(|(x, y)| *x * *y).sum()
}

fn norm_squared(x: &[Interval]) -> Interval {
    x.iter().map(|x| x.square()).sum()
}

pub(in crate::bound) fn times(rows: &[Vec<Interval>], x: &[Interval]) -> Vec<Interval> {
    rows.iter().map(|row| dot(row, x)).collect()
}

pub(in crate::bound) fn inner(x: &[Vec<Interval>], y: &[Vec<Interval>]) -> Interval {
    x.iter().zip(y).map(|(x, y)| dot(x, y)).sum()
}

pub(in crate::bound) fn square(x: &[Vec<Interval>]) -> Interval {
    x.iter().map(|row| norm_squared(row)).sum()
}
