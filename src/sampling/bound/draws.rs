//! What the bounds use of a context: one draw from the tail, enclosed.

use nalgebra::DMatrix;

use crate::interval::Interval;
use crate::sampling::design::Design;
use crate::sampling::sampled::SampledAttention;

/// Most groups of keys in the search for proof parameters.
const GROUPS: usize = 512;
/// Keys whose outer products are added up at once.
const CHUNK: usize = 256;

/// A key of the tail, or several that are counted as one (in searches only).
#[derive(Debug, Clone, Copy)]
pub(super) struct Atom {
    /// The probability `q` of a draw; `1/n` for coins.
    pub chance: Interval,
    /// `|Y|`.
    pub reach: Interval,
    /// `u - s`; `u` for coins whose number is not fixed.
    pub weight: Interval,
}

/// One draw `(Y, u)` from the tail, in units of the denominator `D`: theory, section 24.
#[derive(Debug)]
pub(super) struct Draws {
    /// The keys of the tail.
    pub atoms: Vec<Atom>,
    /// The same in at most [`GROUPS`] groups.
    pub groups: Vec<Atom>,
    /// `n`.
    pub tail: u64,
    /// `s = E u`, the share of the tail.
    pub share: Interval,
    /// `rho = E u^2`.
    pub weight_square: Interval,
    /// `v`, the variance of `u`; for coins `rho`.
    pub weight_variance: Interval,
    /// `E|Y|^2`.
    pub reach_square: Interval,
    /// `B = max|Y|`.
    pub most: Interval,
    /// `|E Y u|`.
    pub cross: Interval,
    /// `max_i |v_i - T|^2` over all keys.
    pub farthest_square: Interval,
    /// `E Y Y^T` in plain floats, for values of at most [`Draws::MAX_COVARIANCE`] coordinates.
    pub covariance: Option<DMatrix<f64>>,
    /// What [`Draws::covariance`] is off by at most, in operator norm.
    pub covariance_error: Interval,
}

/// Sums over the keys of a context, enclosed.
struct Sums {
    weight: Interval,
    values: Vec<Interval>,
}

impl Draws {
    /// Most coordinates of which the covariance is used: it costs `n m^2`.
    pub const MAX_COVARIANCE: usize = 128;

    pub fn new(attention: &SampledAttention) -> Self {
        let context = attention.context();
        let m = context.coordinates();
        let weights: Vec<Interval> = context.ln_weights.iter().map(|x| weight(*x)).collect();
        let reference: Vec<f64> = context.limit.iter().copied().collect();
        let sums = |keys: &mut dyn Iterator<Item = usize>, from: &[Interval]| {
            let mut sums = Sums {
                weight: Interval::ZERO,
                values: vec![Interval::ZERO; m],
            };
            for key in keys {
                let w = weights.get(key).copied().unwrap_or(Interval::WHOLE);
                sums.weight = sums.weight + w;
                let pairs = context.value(key).iter().zip(from);
                for (sum, (x, from)) in sums.values.iter_mut().zip(pairs) {
                    *sum = *sum + w * (Interval::point(*x) - *from);
                }
            }
            sums
        };
        // T, from the plain mean and what is left of it.
        let points: Vec<Interval> = reference.iter().map(|x| Interval::point(*x)).collect();
        let all = sums(&mut (0..context.keys()), &points);
        let limit: Vec<Interval> = points
            .iter()
            .zip(&all.values)
            .map(|(from, sum)| *from + *sum / all.weight)
            .collect();
        let kept = sums(&mut attention.kept_indices().iter().copied(), &limit);
        let total = all.weight;
        let coins = *attention.drawn_by() == Design::Bernoulli;
        // F/D, which centres a draw; coins are centred by themselves.
        let centre: Vec<Interval> = kept
            .values
            .iter()
            .map(|f| if coins { Interval::ZERO } else { *f / total })
            .collect();
        let share = (Interval::ONE - kept.weight / total).known_non_negative();
        let chances = chances(attention);
        let tail = attention.tail_indices();
        let mut found = Self {
            atoms: Vec::with_capacity(tail.len()),
            groups: Vec::new(),
            tail: tail.len() as u64,
            share,
            weight_square: Interval::ZERO,
            weight_variance: Interval::ZERO,
            reach_square: Interval::ZERO,
            most: Interval::ZERO,
            cross: Interval::ZERO,
            farthest_square: Interval::ZERO,
            covariance: (m <= Self::MAX_COVARIANCE).then(|| DMatrix::zeros(m, m)),
            covariance_error: Interval::ZERO,
        };
        let mut cross = vec![Interval::ZERO; m];
        let mut chunk: Vec<f64> = Vec::new();
        let mut inexact = Interval::ZERO;
        for (key, chance) in tail.iter().zip(&chances) {
            let w = weights.get(*key).copied().unwrap_or(Interval::WHOLE);
            let u = w / (*chance * total);
            let (mut square, mut widths) = (Interval::ZERO, Interval::ZERO);
            let root = chance.upper().sqrt();
            let pairs = context.value(*key).iter().zip(&limit);
            for (sum, ((x, limit), centre)) in cross.iter_mut().zip(pairs.zip(&centre)) {
                let y = u * (Interval::point(*x) - *limit) + *centre;
                square = square + y.square();
                *sum = *sum + *chance * (y * u);
                if found.covariance.is_some() {
                    widths = widths + Interval::point(y.width().next_up()).square();
                    chunk.push(root * (0.5 * (y.lower() + y.upper())));
                }
            }
            let reach = Interval::point(square.sqrt().upper());
            found.weight_square = found.weight_square + *chance * u.square();
            found.reach_square = found.reach_square + *chance * square;
            found.most = found.most.max(reach);
            inexact = inexact + *chance * (reach * widths.sqrt());
            let weight = if coins { u } else { u - share };
            found.weight_variance = found.weight_variance + *chance * weight.square();
            found.atoms.push(Atom {
                chance: *chance,
                reach,
                weight,
            });
            if chunk.len() >= CHUNK * m {
                found.add_products(m, &mut chunk);
            }
        }
        found.add_products(m, &mut chunk);
        found.cross = cross.iter().map(|x| x.square()).sum::<Interval>().sqrt();
        found.covariance_error = found.covariance_error(tail.len() + m, inexact);
        found.farthest_square = (0..context.keys())
            .map(|key| distance_square(context.value(key), &limit))
            .fold(Interval::ZERO, Interval::max);
        found.groups = groups(&found.atoms);
        found
    }

    /// Adds the outer products of the columns of `chunk` to the covariance.
    fn add_products(&mut self, m: usize, chunk: &mut Vec<f64>) {
        if let Some(covariance) = self.covariance.as_mut().filter(|_| !chunk.is_empty()) {
            let columns = DMatrix::from_column_slice(m, chunk.len() / m, chunk);
            covariance.gemm(1.0, &columns, &columns.transpose(), 1.0);
        }
        chunk.clear();
    }

    /// Rounding of sums of `terms` products, in any order, each factor off by three roundings, and of the middles of the enclosures of `Y`.
    fn covariance_error(&self, terms: usize, inexact: Interval) -> Interval {
        let rounding = Interval::point((terms as f64 + 16.0) * f64::EPSILON);
        rounding * self.reach_square + inexact.double()
    }
}

/// `w`, of which the logarithm is known up to one rounding.
fn weight(ln_weight: f64) -> Interval {
    if ln_weight == 0.0 {
        return Interval::ONE;
    }
    Interval::new(ln_weight.next_down(), ln_weight.next_up())
        .unwrap_or(Interval::WHOLE)
        .exp()
}

/// The probabilities of a draw, one for each key of the tail.
fn chances(attention: &SampledAttention) -> Vec<Interval> {
    let tail = attention.tail_indices();
    if let Design::ImportanceSampling(proxies) = attention.drawn_by() {
        let proxies: Vec<Interval> = tail
            .iter()
            .map(|key| Interval::point(proxies.get(*key).copied().unwrap_or(f64::NAN)))
            .collect();
        let total: Interval = proxies.iter().copied().sum();
        return proxies.into_iter().map(|proxy| proxy / total).collect();
    }
    vec![Interval::ONE / Interval::point(tail.len() as f64); tail.len()]
}

fn distance_square(value: &[f64], limit: &[Interval]) -> Interval {
    let pairs = value.iter().zip(limit);
    pairs
        .map(|(x, t)| (Interval::point(*x) - *t).square())
        .sum()
}

/// Keys of about the same reach as one.
fn groups(atoms: &[Atom]) -> Vec<Atom> {
    if atoms.len() <= GROUPS {
        return atoms.to_vec();
    }
    let mut sorted: Vec<&Atom> = atoms.iter().collect();
    sorted.sort_by(|x, y| x.reach.upper().total_cmp(&y.reach.upper()));
    let size = atoms.len().div_ceil(GROUPS);
    let group = |members: &[&Atom]| {
        let chance: f64 = members.iter().map(|atom| atom.chance.upper()).sum();
        let mean = |of: &dyn Fn(&Atom) -> f64| {
            let parts = members.iter().map(|atom| atom.chance.upper() * of(atom));
            Interval::point(parts.sum::<f64>() / chance)
        };
        Atom {
            chance: Interval::point(chance),
            reach: mean(&|atom| atom.reach.upper().powi(2)).sqrt(),
            weight: mean(&|atom| atom.weight.upper()),
        }
    };
    sorted.chunks(size).map(group).collect()
}
