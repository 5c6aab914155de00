//! The kernels of single-token sums at one `x = t w`.

use std::sync::LazyLock;

use crate::exact::sums::interpolation::DENSITY;

/// `x = t w`, `e^{-x}` and `1 - e^{-x}` for one atom at one `t`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kernel {
    /// `x`, or 0 where `e^{-x}` underflows, so that products with `e^{-x}` are 0 and not `NaN`.
    pub x: f64,
    /// `x` itself; infinite where it overflows, so that no sum with it is taken for small.
    pub whole: f64,
    /// `e^{-x}`.
    pub decay: f64,
    /// `1 - e^{-x}`, with full relative accuracy.
    pub rise: f64,
}

impl Kernel {
    /// `x`, or 0 if it is infinite: sums with it are used only where that atom counts for nothing.
    pub fn finite(&self) -> f64 {
        if self.whole < f64::INFINITY {
            self.whole
        } else {
            0.0
        }
    }

    /// `1 - (1 + x) e^{-x}`, the integral of `y^2 e^{-y}` against `d ln y` below `x`.
    pub fn bump_below(&self) -> f64 {
        if self.x > 0.0 && self.x < 1e-4 {
            self.x * self.x * (0.5 - self.x / 3.0)
        } else {
            self.rise - self.x * self.decay
        }
    }
}

/// The kernel at `x`.
pub(crate) fn kernel(x: f64) -> Kernel {
    if x > 735.0 {
        return Kernel {
            x: 0.0,
            whole: x,
            decay: 0.0,
            rise: 1.0,
        };
    }
    let (decay, rise) = if x < 0.5 {
        let rise = -libm::expm1(-x);
        (1.0 - rise, rise)
    } else {
        let decay = libm::exp(-x);
        (decay, 1.0 - decay)
    };
    Kernel {
        x,
        whole: x,
        decay,
        rise,
    }
}

/// The kernel at a point of the lattice in `ln x`, and `e^{-x/4}`.
#[derive(Debug, Clone, Copy)]
pub(in crate::exact) struct LatticeKernel {
    pub kernel: Kernel,
    pub wide: f64,
}

impl LatticeKernel {
    fn new(place: i64) -> Self {
        let x = libm::exp(place as f64 / DENSITY);
        Self {
            kernel: kernel(x),
            wide: libm::exp(-0.25 * x),
        }
    }
}

/// Places `ln x = -64` to 8, between which nearly all are.
const KEPT: (i64, usize) = (-64 * DENSITY as i64, 72 * DENSITY as usize);

/// The kernel at `ln x = place / 32`, whose `x` is within a unit in the last place.
pub(in crate::exact) fn lattice_kernel(place: i64) -> LatticeKernel {
    static TABLE: LazyLock<Vec<LatticeKernel>> = LazyLock::new(|| {
        let (first, count) = KEPT;
        (first..).take(count).map(LatticeKernel::new).collect()
    });
    let kept = usize::try_from(place - KEPT.0).ok();
    match kept.and_then(|place| TABLE.get(place)) {
        Some(found) => *found,
        None => LatticeKernel::new(place),
    }
}
