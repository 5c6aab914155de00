//! Formulas that a user writes, such as `2 * exp(s^2) * (1 + s^2) / L`.

use super::parser::{Fault, parse};
use super::tree::{FUNCTIONS, Node};
use crate::error::{Error, Result};
use crate::text::shortened;

/// Longest formula; it also bounds the depth of the tree.
const MOST_BYTES: usize = 500;

/// A checked formula.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {
    text: String,
    node: Node,
}

impl Formula {
    /// The functions a formula may call.
    pub const FUNCTIONS: &'static str = FUNCTIONS;

    /// Reads a formula: numbers, `+ - * / ^`, parentheses, [`Self::FUNCTIONS`], `pi`, and these variables.
    ///
    /// `^` binds strongest and to the right (`2^3^2` is `2^9`), then the minus sign of a number (`-s^2` is `-(s^2)`), then
    /// `*` and `/`, then `+` and `-`. There is no implicit product.
    ///
    /// # Errors
    /// [`Error::Parameter`], with the place, for anything else, and for more than 500 characters.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::claim::Formula;
    ///
    /// let formula = Formula::new("-2^2 * x / L", &["L", "x"])?;
    /// assert_eq!(formula.value(&[8.0, 10.0]), -5.0);
    /// assert!(formula.is_linear_in(&[1]) && !formula.is_linear_in(&[0]));
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn new(text: &str, variables: &[&str]) -> Result<Self> {
        let refuse = |value: String| {
            Err(Error::Parameter {
                parameter: "formula",
                value,
                required: "a formula of at most 500 characters with + - * / ^, parentheses, numbers, pi, the \
                           functions exp, ln, log, sqrt, abs, min, max and the variables of the guide",
                theorem: None,
            })
        };
        let shown = shortened(text);
        if text.len() > MOST_BYTES {
            return refuse(format!("`{shown}` ({} bytes)", text.len()));
        }
        match parse(text, variables) {
            Ok(node) => Ok(Self {
                text: text.trim().into(),
                node,
            }),
            Err(Fault::Place(place)) => refuse(format!(
                "`{shown}` (not understood at character {})",
                text.get(..place)
                    .map_or(place, |before| before.chars().count())
                    + 1
            )),
            Err(Fault::Meaning(what)) => refuse(format!("`{shown}` ({what})")),
        }
    }

    /// The formula as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Does the formula contain the variable of this place?
    pub fn mentions(&self, variable: usize) -> bool {
        self.node.mentions(variable)
    }

    /// Is it linear (or affine) in these variables: are they only added, subtracted, negated, and multiplied or divided by what
    /// contains none of them?
    pub fn is_linear_in(&self, variables: &[usize]) -> bool {
        self.node
            .degree(variables)
            .is_some_and(|degree| degree <= 1)
    }

    /// Its value; `values` are those of the variables that it was parsed with, in their order. May be infinite or
    /// NaN, like any formula.
    pub fn value(&self, values: &[f64]) -> f64 {
        self.node.value(values)
    }
}
