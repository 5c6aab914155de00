//! How the tail is drawn.

use crate::error::{Error, Result};
use crate::parameter::refused;

/// How a part of the `n` keys of the tail is drawn, at a budget of `b`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Design {
    /// `b` different keys, every set of `b` with the same probability.
    WithoutReplacement,
    /// `b` independent draws, every key with the same probability.
    WithReplacement,
    /// Every key on its own with probability `b / n`; if nothing is kept, under the condition that at least one is drawn.
    Bernoulli,
    /// `b` independent draws, key `i` with a probability proportional to the proxy `i`: one number for each of the `N` keys of the context, greater
    /// than 0 for those of the tail.
    ImportanceSampling(Vec<f64>),
}

impl Design {
    /// The name in scenarios and records.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::sampling::Design;
    ///
    /// assert_eq!(Design::WithoutReplacement.name(), "without-replacement");
    /// ```
    pub fn name(&self) -> &'static str {
        match self {
            Self::WithoutReplacement => "without-replacement",
            Self::WithReplacement => "with-replacement",
            Self::Bernoulli => "bernoulli",
            Self::ImportanceSampling(_) => "importance-sampling",
        }
    }

    /// Refuses proxies that do not fit the keys: every key of the tail must have a chance.
    pub(in crate::sampling) fn check(&self, keys: usize, tail: &[usize]) -> Result<()> {
        let Self::ImportanceSampling(proxies) = self else {
            return Ok(());
        };
        if proxies.len() != keys {
            return Err(Error::shape(
                "the list of proxies",
                format!("{} numbers", proxies.len()),
                format!("{keys} numbers, one for each key"),
            ));
        }
        if let Some(proxy) = proxies.iter().find(|q| !(**q >= 0.0 && **q <= 1e75)) {
            return refused("a proxy", proxy, "a number from 0 to 1e75");
        }
        let of_tail = tail.iter().filter_map(|key| proxies.get(*key));
        match of_tail.into_iter().find(|q| !(**q >= 1e-75)) {
            Some(proxy) => refused("the proxy of a key of the tail", proxy, "at least 1e-75"),
            None => Ok(()),
        }
    }
}
