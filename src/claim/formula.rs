//! Formulas that a user writes, such as `2 * exp(s^2) * (1 + s^2) / L`.

use super::parser::{Fault, parse};
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

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Number(f64),
    /// A variable by its place in the list that the formula was parsed with.
    Variable(usize),
    Negative(Box<Node>),
    Binary(Binary, Box<Node>, Box<Node>),
    Call(Function, Vec<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binary {
    Plus,
    Minus,
    Times,
    Over,
    Power,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Exp,
    Ln,
    Sqrt,
    Abs,
    Min,
    Max,
}

impl Formula {
    /// The functions a formula may call.
    pub const FUNCTIONS: &'static str = "exp, ln (also log), sqrt, abs, min, max";

    /// Reads a formula: numbers, `+ - * / ^`, parentheses, [`Self::FUNCTIONS`], `pi`, and these variables.
    ///
    /// `^` binds strongest and to the right (`2^3^2` is `2^9`), then the minus sign of a number (`-s^2` is `-(s^2)`), then
    /// `*` and `/`, then `+` and `-`. There is no implicit product.
    ///
    /// # Errors
    /// [`Error::Parameter`], with the place, for anything else, and for more than 500 characters.
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

impl Node {
    fn mentions(&self, variable: usize) -> bool {
        match self {
            Node::Number(_) => false,
            Node::Variable(place) => *place == variable,
            Node::Negative(node) => node.mentions(variable),
            Node::Binary(_, left, right) => left.mentions(variable) || right.mentions(variable),
            Node::Call(_, arguments) => arguments.iter().any(|node| node.mentions(variable)),
        }
    }

    /// The degree in these variables together, of a polynomial in them; none for anything else.
    fn degree(&self, variables: &[usize]) -> Option<u32> {
        match self {
            Node::Number(_) => Some(0),
            Node::Variable(place) => Some(u32::from(variables.contains(place))),
            Node::Negative(node) => node.degree(variables),
            Node::Binary(operator, left, right) => {
                let (left, right) = (left.degree(variables)?, right.degree(variables)?);
                match operator {
                    Binary::Plus | Binary::Minus => Some(left.max(right)),
                    Binary::Times => Some(left + right),
                    Binary::Over => (right == 0).then_some(left),
                    Binary::Power => (left == 0 && right == 0).then_some(0),
                }
            }
            Node::Call(_, arguments) => {
                let free = |node: &Node| node.degree(variables) == Some(0);
                arguments.iter().all(free).then_some(0)
            }
        }
    }

    fn value(&self, values: &[f64]) -> f64 {
        match self {
            Node::Number(number) => *number,
            Node::Variable(place) => values.get(*place).copied().unwrap_or(f64::NAN),
            Node::Negative(node) => -node.value(values),
            Node::Binary(operator, left, right) => {
                let (x, y) = (left.value(values), right.value(values));
                match operator {
                    Binary::Plus => x + y,
                    Binary::Minus => x - y,
                    Binary::Times => x * y,
                    Binary::Over => x / y,
                    Binary::Power => x.powf(y),
                }
            }
            Node::Call(function, arguments) => {
                let mut numbers = arguments.iter().map(|node| node.value(values));
                let first = numbers.next().unwrap_or(f64::NAN);
                // A NaN among the arguments must not get lost: f64::min and max would pass it over.
                let chosen = |keep: fn(f64, f64) -> bool| {
                    numbers.fold(first, |x, y| if x.is_nan() || keep(x, y) { x } else { y })
                };
                match function {
                    Function::Exp => first.exp(),
                    Function::Ln => first.ln(),
                    Function::Sqrt => first.sqrt(),
                    Function::Abs => first.abs(),
                    Function::Min => chosen(|x, y| x <= y),
                    Function::Max => chosen(|x, y| x >= y),
                }
            }
        }
    }
}
