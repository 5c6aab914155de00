//! Rotary positions.

use nalgebra::DMatrix;

/// Which coordinates of a head are rotated together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pairing {
    /// Coordinates `i` and `i + n/2` of the first `n` (Llama, GPT-NeoX: `rotate_half`).
    Halves,
    /// Coordinates `2i` and `2i + 1` (GPT-J, the original files of Llama).
    Neighbours,
}

/// The rotary embedding of a key at a fixed position relative to the query.
///
/// Pair `i` of the first `n` coordinates of a key is rotated by the angle `offset * base^(-2i/n)`: the score of a query at
/// position `p` and a token at position `p + offset`. A token before the query has a negative offset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rotation {
    /// The base of the frequencies, greater than 0; 10000 for most models.
    pub base: f64,
    /// Position of the token less that of the query.
    pub offset: f64,
    /// `n`, if not the dimension of a key.
    pub dimension: Option<usize>,
    /// Which coordinates form a pair; if not said, that of the layout, see the guide.
    pub pairing: Option<Pairing>,
}

/// A rotation of keys of a known dimension, checked.
#[derive(Debug)]
pub(super) struct Turn {
    offset: f64,
    base: f64,
    /// Coordinates that are rotated: even, at most the dimension.
    dimension: usize,
    pairing: Pairing,
}

impl Rotation {
    /// The rotation of keys of this dimension, paired as `usual` if nothing is said.
    pub(super) fn turn(&self, keys: usize, usual: Pairing) -> Result<Turn, String> {
        if !(self.base > 0.0 && self.base.is_finite() && self.offset.is_finite()) {
            return Err("the base of rope must be greater than 0 and its offset finite".into());
        }
        let dimension = self.dimension.unwrap_or(keys);
        if dimension == 0 || !dimension.is_multiple_of(2) || dimension > keys {
            return Err(format!(
                "{dimension} coordinates cannot be rotated in pairs: an even number up to {keys}, the dimension of a key, is required"
            ));
        }
        Ok(Turn {
            offset: self.offset,
            base: self.base,
            dimension,
            pairing: self.pairing.unwrap_or(usual),
        })
    }
}

impl Turn {
    /// Rotates keys, one a column.
    pub(super) fn rotate(&self, keys: &mut DMatrix<f64>) {
        let half = self.dimension / 2;
        for pair in 0..half {
            let exponent = -(2.0 * pair as f64) / self.dimension as f64;
            let (sine, cosine) = (self.offset * self.base.powf(exponent)).sin_cos();
            let (first, second) = match self.pairing {
                Pairing::Halves => (pair, pair + half),
                Pairing::Neighbours => (2 * pair, 2 * pair + 1),
            };
            for mut key in keys.column_iter_mut() {
                if let (Some(&x), Some(&y)) = (key.get(first), key.get(second)) {
                    key[first] = cosine * x - sine * y;
                    key[second] = cosine * y + sine * x;
                }
            }
        }
    }

    pub(super) fn remark(&self) -> String {
        let pairing = match self.pairing {
            Pairing::Halves => "halves",
            Pairing::Neighbours => "neighbours",
        };
        format!(
            "every token at offset {} from the query: rotary base {}, {} coordinates, pairing {pairing}",
            self.offset, self.base, self.dimension
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROTATION: Rotation = Rotation {
        base: 100.0,
        offset: 2.0,
        dimension: None,
        pairing: None,
    };

    fn identity(rotation: Rotation) -> DMatrix<f64> {
        let mut keys = DMatrix::identity(6, 6);
        rotation.turn(6, Pairing::Halves).unwrap().rotate(&mut keys);
        keys
    }

    #[test]
    fn positions_add_and_lengths_stay() {
        for pairing in [Pairing::Halves, Pairing::Neighbours] {
            let at = |offset| {
                identity(Rotation {
                    offset,
                    pairing: Some(pairing),
                    ..ROTATION
                })
            };
            assert!((at(2.0) * at(-5.0) - at(-3.0)).amax() < 1e-15);
            assert!((at(7.0).transpose() * at(7.0) - DMatrix::identity(6, 6)).amax() < 1e-15);
        }
    }

    #[test]
    fn pairs_and_angles_are_those_of_the_formula() {
        let neighbours = Rotation {
            pairing: Some(Pairing::Neighbours),
            dimension: Some(4),
            ..ROTATION
        };
        // The image of the first vector, and of the second: angles 2 and 2 / 100^(1/3).
        let angle = 2.0 / 100.0_f64.cbrt();
        for (rotation, place, entry) in [
            (ROTATION, (0, 0), 2.0_f64.cos()),
            (ROTATION, (3, 0), 2.0_f64.sin()),
            (ROTATION, (1, 1), angle.cos()),
            (ROTATION, (4, 1), angle.sin()),
            (neighbours, (1, 0), 2.0_f64.sin()),
            (neighbours, (3, 2), 0.2_f64.sin()),
        ] {
            assert!(
                (identity(rotation)[place] - entry).abs() < 1e-15,
                "{place:?}"
            );
        }
        let turned = identity(neighbours);
        assert_eq!((turned[(4, 4)], turned[(5, 5)]), (1.0, 1.0));
        let base = f64::NAN;
        let mut bad = vec![Rotation { base, ..ROTATION }];
        bad.extend([Some(0), Some(3), Some(8)].map(|dimension| Rotation {
            dimension,
            ..ROTATION
        }));
        for rotation in bad {
            assert!(rotation.turn(6, Pairing::Halves).is_err(), "{rotation:?}");
        }
    }
}
