//! Which keys are read for certain.

use crate::error::Result;
use crate::parameter::refused;

/// The keys that are read for certain: a list, and the union of the first, the last and the heaviest keys.
///
/// # Examples
/// ```
/// use attention_bounds::sampling::Kept;
///
/// // Attention sinks, a sliding window and the heaviest keys, as sparse attention reads them.
/// let kept = Kept::new().sink(4).window(64).top(32);
/// assert_ne!(kept, Kept::none());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    indices: Vec<usize>,
    sink: usize,
    window: usize,
    top: usize,
}

impl Kept {
    /// Nothing is kept.
    pub fn none() -> Self {
        Self::default()
    }

    /// Nothing yet; to be followed by [`Kept::sink`], [`Kept::window`], [`Kept::top`].
    pub fn new() -> Self {
        Self::default()
    }

    /// Exactly these keys, counted from 0.
    pub fn indices(indices: impl IntoIterator<Item = usize>) -> Self {
        Self {
            indices: indices.into_iter().collect(),
            ..Self::default()
        }
    }

    /// And the first `count` keys of the context.
    #[must_use]
    pub fn sink(self, count: usize) -> Self {
        Self {
            sink: count,
            ..self
        }
    }

    /// And the last `count` keys of the context.
    #[must_use]
    pub fn window(self, count: usize) -> Self {
        Self {
            window: count,
            ..self
        }
    }

    /// And the `count` keys with the largest scores, of equal ones the first.
    #[must_use]
    pub fn top(self, count: usize) -> Self {
        Self { top: count, ..self }
    }

    /// For every key whether it is kept.
    pub(in crate::sampling) fn marks(&self, scores: &[f64]) -> Result<Vec<bool>> {
        let keys = scores.len();
        let mut marks = vec![false; keys];
        for &index in &self.indices {
            match marks.get_mut(index) {
                Some(mark) if !*mark => *mark = true,
                Some(_) => return refused("a kept index", index, "in the list once only"),
                None => return refused("a kept index", index, "less than the number of keys"),
            }
        }
        marks.iter_mut().take(self.sink).for_each(|m| *m = true);
        let window = marks.iter_mut().rev().take(self.window);
        window.for_each(|mark| *mark = true);
        let mut order: Vec<(usize, f64)> = scores.iter().copied().enumerate().collect();
        // Stable: of equal scores the first stays first.
        order.sort_by(|x, y| y.1.total_cmp(&x.1));
        for (index, _) in order.into_iter().take(self.top) {
            if let Some(mark) = marks.get_mut(index) {
                *mark = true;
            }
        }
        if marks.iter().all(|mark| *mark) {
            let all = format!("all {keys} keys");
            return refused(
                "the kept set",
                all,
                "a part of the keys: a tail must be left",
            );
        }
        Ok(marks)
    }
}
