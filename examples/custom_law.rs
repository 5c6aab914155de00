//! A token law of one's own, Wigner's semicircle law on `[-1, 1]`: exact errors, bounds, a simulation and its verdicts.

use attention_bounds::law::{OutputLaw, Resolution, ScoreAtoms, SourcedProxy, Through, TokenLaw};
use attention_bounds::nalgebra::{self, DMatrix, DVector, dmatrix};
use attention_bounds::parameter::VarianceProxy;
use attention_bounds::rand::{Rng, RngExt};
use attention_bounds::{Head, QueryLaw, Result, Study};

/// Nodes `cos(k pi / (n + 1))` and weights `2 sin^2(k pi / (n + 1)) / (n + 1)` of the Gauss rule of this law: they integrate
/// `e^{a x}` to rounding as long as `n` is well above `|a|`.
fn nodes(scale: f64) -> impl Iterator<Item = (f64, f64)> {
    let n = 64 + 2 * scale.abs() as usize;
    let step = std::f64::consts::PI / (n + 1) as f64;
    (1..=n).map(move |k| {
        let angle = k as f64 * step;
        (angle.cos(), 2.0 * angle.sin().powi(2) / (n + 1) as f64)
    })
}

#[derive(Debug)]
struct Semicircle;
impl Semicircle {
    /// `E[X^k e^{a X}]` divided by `e^{|a|}`, which cannot overflow.
    fn moment(&self, tilt: f64, k: i32) -> f64 {
        let term = |(x, w): (f64, f64)| w * x.powi(k) * (tilt * x - tilt.abs()).exp();
        nodes(tilt).map(term).sum()
    }
}

impl TokenLaw for Semicircle {
    fn name(&self) -> &'static str {
        "semicircle"
    }
    fn dimension(&self) -> usize {
        1
    }
    fn cumulant(&self, tilt: &DVector<f64>) -> f64 {
        tilt[0].abs() + self.moment(tilt[0], 0).ln()
    }
    fn tilted_mean(&self, tilt: &DVector<f64>) -> DVector<f64> {
        DVector::from_element(1, self.moment(tilt[0], 1) / self.moment(tilt[0], 0))
    }
    fn tilted_covariance(&self, tilt: &DVector<f64>) -> DMatrix<f64> {
        let mean = self.tilted_mean(tilt)[0];
        dmatrix![self.moment(tilt[0], 2) / self.moment(tilt[0], 0) - mean * mean]
    }
    fn variance_proxy(&self) -> SourcedProxy {
        SourcedProxy {
            proxy: VarianceProxy::new(0.25).expect("positive"),
            source: "one coordinate of a uniform point on the unit sphere of R^4",
        }
    }
    fn sample(&self, random: &mut dyn Rng, token: &mut [f64]) {
        let (radius, turn): (f64, f64) = random.random(); // One coordinate of a uniform point of the disc.
        token[0] = radius.sqrt() * (std::f64::consts::TAU * turn).cos();
    }
    fn score_atoms(
        &self,
        tilt: &DVector<f64>,
        value: &DMatrix<f64>,
        _: Resolution,
    ) -> Result<ScoreAtoms> {
        let atom = |(x, w): (f64, f64)| (w, x * tilt[0], value * x);
        let atoms: Vec<_> = nodes(4.0 * tilt[0]).map(atom).collect();
        ScoreAtoms::of_points(atoms, false)
    }
    fn output_radius(&self, value: &DMatrix<f64>, centre: &DVector<f64>) -> Option<f64> {
        Some((value - centre).norm().max((value + centre).norm()))
    }
    fn through<'a>(&'a self, value: &DMatrix<f64>) -> Box<dyn OutputLaw + 'a> {
        Box::new(Through::new(self, value))
    }
}

fn main() -> Result<()> {
    let head = Head::new(dmatrix![2.0], dmatrix![1.0])?;
    let study = Study::new(Semicircle, head, QueryLaw::uniform(dmatrix![1.0, 3.0])?)?;
    print!("{}", study.lengths([16, 256])?.simulate(4_000).check()?);
    Ok(())
}
