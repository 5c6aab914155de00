//! A law whose rare atoms decide the error: the witness of T12.

use nalgebra::{DMatrix, DVector};
use rand::Rng;

use super::atoms::check_size;
use super::{Empirical, OutputLaw, Resolution, ScoreAtoms, SourcedProxy, TokenLaw};
use crate::error::Result;
use crate::interval::Interval;
use crate::parameter::{Positive, VarianceProxy, refused};

/// `P(X = h) = P(X = -h) = eps / 2` and `P(X = 0) = 1 - eps`, in dimension 1.
///
/// `Lam(a) = ln(1 + eps (cosh(a h) - 1))`. The variance is `eps h^2`, and the variance proxy `G(eps) h^2`, see
/// [`RareAtom::unit_proxy`].
#[derive(Debug, Clone, PartialEq)]
pub struct RareAtom {
    half_width: f64,
    probability: f64,
    proxy: VarianceProxy,
    /// The three points `-h`, `0`, `h`.
    points: Empirical,
}

/// Smallest probability: far below it the exponentials of the proxy overflow.
const LEAST: f64 = 1e-100;
/// What a probability may be, in words.
const PROBABILITY: &str = "from 1e-100 up to, but not including, 1";
/// From 1/3 on the proxy is the variance; this float is below it by 1.9e-17.
const THIRD: f64 = 1.0 / 3.0;

impl RareAtom {
    /// Atoms `-h` and `h`, together of probability `eps`: `1e-75 <= h <= 1e75`, `1e-100 <= eps < 1`.
    ///
    /// # Errors
    /// For other numbers.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::law::{RareAtom, TokenLaw};
    /// use attention_bounds::nalgebra::{self, dvector};
    ///
    /// // The variance is eps h^2.
    /// let law = RareAtom::new(2.0, 0.125)?;
    /// assert!((law.tilted_covariance(&dvector![0.0])[0] - 0.5).abs() < 1e-14);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn new(half_width: f64, probability: f64) -> Result<Self> {
        let half_width = check_size("half_width", half_width)?;
        let unit = Self::unit_proxy(probability)?;
        // The three weights are floats: together they move eps by a few roundings, and G(eps) / eps falls.
        let unit = Interval::point(unit) * Interval::point(1.0 + 4.0 * f64::EPSILON);
        let proxy = (unit * Interval::point(half_width).square()).upper();
        let rows = DMatrix::from_column_slice(3, 1, &[-half_width, 0.0, half_width]);
        let atom = 0.5 * probability;
        Ok(Self {
            half_width,
            probability,
            proxy: VarianceProxy::new(proxy)?,
            points: Empirical::weighted(&rows, vec![atom, 1.0 - probability, atom])?,
        })
    }

    /// The law with atoms of total probability `eps` whose half width is the largest float with a variance proxy
    /// (as this crate computes it) of at most `sigma^2`.
    ///
    /// # Errors
    /// As [`RareAtom::new`], and if `sigma^2` is not greater than 0.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::law::RareAtom;
    ///
    /// // From eps = 1/3 on the proxy is the variance eps h^2.
    /// assert!((RareAtom::widest(1.0, 0.5)?.half_width() - 2f64.sqrt()).abs() < 1e-12);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn widest(variance_proxy: f64, probability: f64) -> Result<Self> {
        let wanted = Positive::new("variance_proxy", variance_proxy)?.get();
        let mut half_width = (wanted / Self::unit_proxy(probability)?).sqrt();
        // A few roundings away at most.
        for _ in 0..64 {
            let law = Self::new(half_width, probability)?;
            if law.proxy.get() <= wanted {
                return Ok(law);
            }
            half_width = half_width.next_down();
        }
        refused(
            "variance_proxy",
            wanted,
            "large enough for its square root to be computed with full precision",
        )
    }

    /// `G(eps) = sup_{x > 0} 2 ln(1 + eps (cosh x - 1)) / x^2`, the variance proxy of the law with `h = 1`, rounded up.
    ///
    /// With `N(x) = ln(1 + eps (cosh x - 1))` and `g = 2 N / x^2`:
    ///
    /// * `eps >= 1/3`: `G = eps`. In `1 + sum_k eps x^{2k} / (2k)! <= sum_k (eps x^2 / 2)^k / k!` every term on the
    ///   left is at most its neighbour, as `(2k - 1)!! >= 3^{k-1} >= eps^{1-k}`; and `g -> eps` at 0.
    /// * `eps < 1/3`: `g` increases and then decreases. `g' = 2 D / x^3` with `D = x N' - 2 N`, `D(0) = D'(0) = 0`
    ///   and `D'' = x N'''`, and `N'''` is a positive function times `(1 - eps)^2 - 2 eps^2 - eps (1 - eps) cosh x`, which is
    ///   positive at 0 and falls. So `D'` increases and then decreases, is positive up to that sign change `x_0`, and
    ///   negative from some point on (`D < 0` at `4 ln(2/eps)`); `D` is positive, then negative, with one zero `x`, and falls
    ///   from before `x` on. For `x_1 < x` in the falling part and `x_2 > x`,
    ///   `G = g(x_1) + INT_{x_1}^x 2 D / y^3 dy <= g(x_1) + 2 (x_2 - x_1) D(x_1) / x_1^3`.
    ///
    /// The zero is found by bisection and enclosed in `[x_1, x_2]`; the signs of `D` there and the bound are evaluated in interval
    /// arithmetic. The result is above the supremum by a relative `1e-11` at most for `eps <= 0.3`. Where the signs are not
    /// certain (`eps` next to `1/3`) the value at `1/3` is taken: `G` increases with `eps`.
    ///
    /// # Errors
    /// If not `1e-100 <= eps < 1`.
    pub fn unit_proxy(probability: f64) -> Result<f64> {
        if !(probability >= LEAST && probability < 1.0) {
            return refused("probability", probability, PROBABILITY);
        }
        if probability > THIRD {
            return Ok(probability);
        }
        let curve = Curve::new(probability);
        let zero = curve.zero();
        let bound = [1e-6, 1e-5, 1e-4]
            .into_iter()
            .find_map(|width| curve.bound(zero * (1.0 - width), zero * (1.0 + width)));
        let third = THIRD.next_up();
        Ok(bound.map_or(third, |g| g.min(third)))
    }

    /// `h`.
    pub fn half_width(&self) -> f64 {
        self.half_width
    }

    /// `eps`, the probability that a token is not 0.
    pub fn probability(&self) -> f64 {
        self.probability
    }
}

/// The functions `N`, `x N'` and `D` of [`RareAtom::unit_proxy`].
struct Curve {
    probability: f64,
    ln_probability: f64,
}

impl Curve {
    fn new(probability: f64) -> Self {
        Self {
            probability,
            ln_probability: probability.ln(),
        }
    }

    /// `N(x)` and `x N'(x)`, by `cosh x - 1 = e^x (1 - e^{-x})^2 / 2`, which neither cancels nor overflows here.
    fn values(&self, x: f64) -> (f64, f64) {
        let scale = 0.5 * (x + self.ln_probability).exp();
        let gap = -(-x).exp_m1();
        let excess = scale * gap * gap;
        let slope = scale * -(-2.0 * x).exp_m1();
        (excess.ln_1p(), x * slope / (1.0 + excess))
    }

    /// `N(x)` and `D(x)`, enclosed.
    fn enclosures(&self, x: f64) -> (Interval, Interval) {
        let x = Interval::point(x);
        let exponent = x + Interval::point(self.probability).ln();
        let scale = Interval::point(0.5) * exponent.exp();
        let excess = scale * (-x).exp_m1().square();
        let slope = scale * -(-x.double()).exp_m1();
        let value = excess.ln_1p();
        (value, x * slope / (Interval::ONE + excess) - value.double())
    }

    /// The zero of `D` beyond 0, to plain precision.
    fn zero(&self) -> f64 {
        let eps = self.probability;
        let turn = ((1.0 - eps).powi(2) - 2.0 * eps * eps) / (eps * (1.0 - eps));
        let (mut low, mut high) = (turn.max(1.0).acosh(), 4.0 * (2.0 / eps).ln());
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if !(middle > low && middle < high) {
                break;
            }
            let (value, slope) = self.values(middle);
            if slope > 2.0 * value {
                low = middle;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The bound of the supremum from `x_1` and `x_2`, if they enclose the zero for certain.
    fn bound(&self, left: f64, right: f64) -> Option<f64> {
        let (value, rise) = self.enclosures(left);
        let (_, fall) = self.enclosures(right);
        (rise.lower() > 0.0 && fall.upper() < 0.0).then(|| {
            let (left, right) = (Interval::point(left), Interval::point(right));
            let slack = (right - left) * rise / left;
            ((value + slack).double() / left.square()).upper()
        })
    }
}

impl TokenLaw for RareAtom {
    fn name(&self) -> &'static str {
        "rare-atom"
    }

    fn dimension(&self) -> usize {
        1
    }

    fn cumulant(&self, tilt: &DVector<f64>) -> f64 {
        self.points.cumulant(tilt)
    }

    fn tilted_mean(&self, tilt: &DVector<f64>) -> DVector<f64> {
        self.points.tilted_mean(tilt)
    }

    fn tilted_covariance(&self, tilt: &DVector<f64>) -> DMatrix<f64> {
        self.points.tilted_covariance(tilt)
    }

    /// `G(eps) h^2`, see [`RareAtom::unit_proxy`].
    fn variance_proxy(&self) -> SourcedProxy {
        SourcedProxy {
            proxy: self.proxy,
            source: "h^2 sup_x 2 ln(1 + eps (cosh x - 1)) / x^2 (T12; the best one, up to rounding)",
        }
    }

    fn sample(&self, random: &mut dyn Rng, token: &mut [f64]) {
        self.points.sample(random, token);
    }

    fn score_atoms(
        &self,
        tilt: &DVector<f64>,
        value: &DMatrix<f64>,
        resolution: Resolution,
    ) -> Result<ScoreAtoms> {
        self.points.score_atoms(tilt, value, resolution)
    }

    fn output_radius(&self, value: &DMatrix<f64>, centre: &DVector<f64>) -> Option<f64> {
        self.points.output_radius(value, centre)
    }

    fn through<'a>(&'a self, value: &DMatrix<f64>) -> Box<dyn OutputLaw + 'a> {
        self.points.through(value)
    }

    fn support(&self) -> Option<(DMatrix<f64>, Vec<f64>)> {
        self.points.support()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `g` of the documentation, for the tests.
    fn ratio(probability: f64, x: f64) -> f64 {
        2.0 * Curve::new(probability).values(x).0 / (x * x)
    }

    #[test]
    fn the_proxy_is_the_supremum() {
        for eps in [0.9, 0.4, 0.3333, 0.32, 0.1, 0.01, 1e-4, 1e-8, 1e-30, 1e-100] {
            let found = RareAtom::unit_proxy(eps).unwrap();
            let largest = (1..400_000)
                .map(|i| ratio(eps, 4.0 * (2.0 / eps).ln() * f64::from(i) / 4e5))
                .fold(eps, f64::max);
            assert!(found >= largest * (1.0 - 1e-15), "{eps}: {found} {largest}");
            let slack = if eps > 0.3 && eps < THIRD { 0.05 } else { 1e-9 };
            assert!(found <= largest * (1.0 + slack), "{eps}: {found} {largest}");
        }
        // 1 / (2 ln(2/eps)) (1 + o(1)).
        let small = RareAtom::unit_proxy(1e-100).unwrap() * 2.0 * (2e100_f64).ln();
        assert!((small - 1.0).abs() < 0.01, "{small}");
    }

    #[test]
    fn the_widest_law_has_the_proxy_asked_for() {
        for (sigma_squared, eps) in [(1.0, 1e-4), (9.0, 0.5), (0.3, 1e-12), (1e-120, 0.1)] {
            let law = RareAtom::widest(sigma_squared, eps).unwrap();
            let proxy = law.variance_proxy().proxy.get();
            assert!(proxy <= sigma_squared && proxy >= sigma_squared * (1.0 - 1e-14));
            let next = RareAtom::new(law.half_width() * (1.0 + 1e-15), eps).unwrap();
            assert!(next.variance_proxy().proxy.get() >= proxy);
        }
    }

    #[test]
    fn what_is_no_law() {
        for (half_width, eps) in [(0.0, 0.5), (-1.0, 0.5), (f64::NAN, 0.5), (1e200, 0.5)] {
            assert!(RareAtom::new(half_width, eps).is_err());
        }
        for eps in [0.0, 1.0, -0.1, f64::NAN, 1e-101, f64::INFINITY] {
            let message = RareAtom::new(1.0, eps).unwrap_err().to_string();
            assert!(message.contains("1e-100"), "{message}");
            assert!(RareAtom::widest(1.0, eps).is_err());
        }
        assert!(RareAtom::widest(0.0, 0.5).is_err() && RareAtom::widest(f64::NAN, 0.5).is_err());
    }
}
