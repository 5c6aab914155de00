//! Formulas that a user writes, such as `2 * exp(s^2) * (1 + s^2) / L`.
//!
//! Parsing is done by the crate `pest`. Small expression crates were tried and left: `exmex`, `fasteval` and
//! `mathexpr` read `-s^2` as `(-s)^2`, which turns `exp(-s^2)` into its inverse, and `meval`, which reads it as mathematics
//! does, rests on a parser that future compilers reject.

use pest::Parser;
use pest::iterators::Pairs;
use pest::pratt_parser::{Assoc, Op, PrattParser};

use crate::error::{Error, Result};
use crate::text::shortened;

/// Longest formula; it also bounds the depth of the tree.
const MOST_BYTES: usize = 500;

mod grammar {
    #![allow(missing_docs, reason = "the derive writes a type without comments")]
    #[derive(pest_derive::Parser)]
    #[grammar = "study/formula.pest"]
    pub struct Grammar;
}
use grammar::{Grammar, Rule};

/// A checked formula.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {
    text: String,
    node: Node,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Number(f64),
    /// A variable by its place in the list that the formula was parsed with.
    Variable(usize),
    Negative(Box<Node>),
    Binary(Binary, Box<Node>, Box<Node>),
    Call(Function, Vec<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Binary {
    Plus,
    Minus,
    Times,
    Over,
    Power,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
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
        let pairs = match Grammar::parse(Rule::formula, text) {
            Ok(pairs) => pairs,
            Err(error) => {
                let place = match error.location {
                    pest::error::InputLocation::Pos(place) => place,
                    pest::error::InputLocation::Span((place, _)) => place,
                };
                return refuse(format!(
                    "`{shown}` (not understood at character {})",
                    text.get(..place)
                        .map_or(place, |before| before.chars().count())
                        + 1
                ));
            }
        };
        // The whole formula is one expression.
        let Some(expression) = pairs.into_iter().find(|p| p.as_rule() == Rule::expression) else {
            return refuse(format!("`{shown}`"));
        };
        match tree(expression.into_inner(), variables, &precedences()) {
            Ok(node) => Ok(Self {
                text: text.trim().into(),
                node,
            }),
            Err(what) => refuse(format!("`{shown}` ({what})")),
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

fn precedences() -> PrattParser<Rule> {
    PrattParser::new()
        .op(Op::infix(Rule::plus, Assoc::Left) | Op::infix(Rule::minus, Assoc::Left))
        .op(Op::infix(Rule::times, Assoc::Left) | Op::infix(Rule::over, Assoc::Left))
        .op(Op::prefix(Rule::negation))
        .op(Op::infix(Rule::power, Assoc::Right))
}

/// The tree of an expression, or what is wrong with it.
fn tree(
    pairs: Pairs<'_, Rule>,
    variables: &[&str],
    precedences: &PrattParser<Rule>,
) -> std::result::Result<Node, String> {
    precedences
        .map_primary(|pair| match pair.as_rule() {
            Rule::number => pair
                .as_str()
                .parse()
                .map(Node::Number)
                .map_err(|_| format!("{} is not a number", pair.as_str())),
            Rule::name => match variables.iter().position(|name| *name == pair.as_str()) {
                Some(place) => Ok(Node::Variable(place)),
                None if pair.as_str() == "pi" => Ok(Node::Number(std::f64::consts::PI)),
                None => Err(format!(
                    "there is no variable {}; there are {}",
                    pair.as_str(),
                    variables.join(", ")
                )),
            },
            Rule::call => call(pair.into_inner(), variables, precedences),
            _ => tree(pair.into_inner(), variables, precedences),
        })
        .map_prefix(|_, node| Ok(Node::Negative(Box::new(node?))))
        .map_infix(|left, operator, right| {
            let operator = match operator.as_rule() {
                Rule::plus => Binary::Plus,
                Rule::minus => Binary::Minus,
                Rule::times => Binary::Times,
                Rule::over => Binary::Over,
                _ => Binary::Power,
            };
            Ok(Node::Binary(operator, Box::new(left?), Box::new(right?)))
        })
        .parse(pairs)
}

fn call(
    mut pairs: Pairs<'_, Rule>,
    variables: &[&str],
    precedences: &PrattParser<Rule>,
) -> std::result::Result<Node, String> {
    let name = pairs.next().map_or("", |pair| pair.as_str());
    let arguments = pairs
        .map(|pair| tree(pair.into_inner(), variables, precedences))
        .collect::<std::result::Result<Vec<_>, _>>()?;
    let (function, one) = match name {
        "exp" => (Function::Exp, true),
        "ln" | "log" => (Function::Ln, true),
        "sqrt" => (Function::Sqrt, true),
        "abs" => (Function::Abs, true),
        "min" => (Function::Min, false),
        "max" => (Function::Max, false),
        _ => {
            return Err(format!(
                "there is no function {name}; there are {}",
                Formula::FUNCTIONS
            ));
        }
    };
    match (one, arguments.len()) {
        (true, 1) | (false, 2..) => Ok(Node::Call(function, arguments)),
        (true, n) => Err(format!("{name} takes one argument, not {n}")),
        (false, n) => Err(format!("{name} takes two arguments or more, not {n}")),
    }
}
