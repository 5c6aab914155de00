//! Which closed forms a token law has, found out in one place.

use super::{Empirical, Gaussian, Mixture, TokenLaw};

/// A token law by what is known in closed form of it.
///
/// ```
/// use attention_bounds::law::{LawKind, Sphere, Gaussian};
/// use attention_bounds::nalgebra::DMatrix;
///
/// let gaussian = Gaussian::centred(DMatrix::identity(2, 2)).unwrap();
/// assert!(LawKind::of(&gaussian).gaussian().is_some());
/// assert!(matches!(LawKind::of(&Sphere::new(2, 1.0).unwrap()), LawKind::Other));
/// ```
#[derive(Debug, Clone, Copy)]
pub enum LawKind<'a> {
    /// Normal: T1 and T3, and all that follows from them.
    Gaussian(&'a Gaussian),
    /// A mixture of normal laws, whose moments are closed forms (T9).
    Mixture(&'a Mixture),
    /// The rows of a table.
    Empirical(&'a Empirical),
    /// Known through its cumulant generating function and its score atoms.
    Other,
}

impl<'a> LawKind<'a> {
    /// The kind of a law.
    pub fn of(law: &'a dyn TokenLaw) -> Self {
        let Some(law) = law.as_any() else {
            return LawKind::Other;
        };
        if let Some(gaussian) = law.downcast_ref() {
            LawKind::Gaussian(gaussian)
        } else if let Some(mixture) = law.downcast_ref() {
            LawKind::Mixture(mixture)
        } else if let Some(empirical) = law.downcast_ref() {
            LawKind::Empirical(empirical)
        } else {
            LawKind::Other
        }
    }

    /// The law, if it is Gaussian.
    pub fn gaussian(self) -> Option<&'a Gaussian> {
        match self {
            LawKind::Gaussian(law) => Some(law),
            _ => None,
        }
    }
}
