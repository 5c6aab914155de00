//! Single-token sums over centred score atoms at one `t`.

use crate::exact::sums::compensated::OF_SUM;
use crate::exact::sums::kernel::Kernel;
use crate::law::Sum;

/// Of the output of one atom.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    /// `E[|f|^2 | S]`.
    pub square: f64,
    /// `|f|`.
    pub norm: f64,
    /// A bound of the rounding error in `f`, that of `T` included.
    pub rounding: f64,
}

impl Size {
    /// False if the output is the mean, exactly.
    pub fn counts(&self) -> bool {
        self.norm > 0.0 || self.rounding > 0.0
    }
}

/// Sums over the atoms at one `t`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct NodeSums<T> {
    /// `E[1 - e^{-x}]`.
    pub rise: T,
    /// `E e^{-x}`.
    pub stay: T,
    /// `E[x e^{-x}]`.
    pub near: T,
    /// `E[x^2 e^{-x}]` and `E[x^3 e^{-x}]`.
    pub bump: T,
    pub third_bump: T,
    /// `E[x^2 |f|^2 e^{-x}]`.
    pub square: T,
    /// `E[x^3 |f|^2 e^{-x}]`.
    pub third: T,
    /// `E[x^2 e^2 e^{-x}]`, `e` the rounding error of `f`.
    pub of_square: T,
    /// `E[x |f| e^{-x}]` and the same with `e`.
    pub direct: [T; 2],
    /// `E[x |f| (1 - e^{-x})]` and the same with `e`.
    pub other: [T; 2],
}

impl NodeSums<f64> {
    pub fn add(&mut self, p: f64, k: &Kernel, size: &Size) {
        let first = p * k.x * k.decay;
        let second = first * k.x;
        // An infinite x counts for nothing where the output is the mean.
        let whole = if size.counts() { k.whole } else { 0.0 };
        let left = p * whole * k.rise;
        self.rise += p * k.rise;
        self.stay += p * k.decay;
        self.near += first;
        self.bump += second;
        self.third_bump += second * k.x;
        self.square += second * size.square;
        self.third += second * k.x * size.square;
        self.of_square += second * size.rounding * size.rounding;
        self.direct[0] += first * size.norm;
        self.direct[1] += first * size.rounding;
        self.other[0] += left * size.norm;
        self.other[1] += left * size.rounding;
    }

    /// Bounds of the rounding of `G`, in norm: as the sum of `x f e^{-x}`, and of `x f (e^{-x} - 1)`.
    pub fn of_bias(&self, of_x: f64) -> (f64, f64) {
        let slope = (self.bump * self.square).sqrt();
        (
            (2.0 * of_x + OF_SUM) * self.direct[0] + of_x * slope + self.direct[1],
            (3.0 * of_x + OF_SUM) * self.other[0] + self.other[1],
        )
    }
}

impl NodeSums<Sum> {
    pub fn add(&mut self, part: &NodeSums<f64>) {
        self.rise.add(part.rise);
        self.stay.add(part.stay);
        self.near.add(part.near);
        self.bump.add(part.bump);
        self.third_bump.add(part.third_bump);
        self.square.add(part.square);
        self.third.add(part.third);
        self.of_square.add(part.of_square);
        for place in 0..2 {
            self.direct[place].add(part.direct[place]);
            self.other[place].add(part.other[place]);
        }
    }

    pub fn value(&self) -> NodeSums<f64> {
        NodeSums {
            rise: self.rise.value(),
            stay: self.stay.value(),
            near: self.near.value(),
            bump: self.bump.value(),
            third_bump: self.third_bump.value(),
            square: self.square.value(),
            third: self.third.value(),
            of_square: self.of_square.value(),
            direct: self.direct.map(Sum::value),
            other: self.other.map(Sum::value),
        }
    }
}
