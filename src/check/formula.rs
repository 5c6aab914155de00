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
    #[grammar = "check/formula.pest"]
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
                    text.get(..place).map_or(place, |before| before.chars().count()) + 1
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
        self.node.degree(variables).is_some_and(|degree| degree <= 1)
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value(text: &str) -> f64 {
        Formula::new(text, &["L", "s", "norm_U"])
            .unwrap()
            .value(&[4.0, 3.0, 0.5])
    }

    #[test]
    fn precedences_are_those_of_mathematics() {
        for (text, wanted) in [
            ("1 + 2 * 3", 7.0),
            ("7 - 2 - 1", 4.0),
            ("8 / 4 / 2", 1.0),
            ("8 / 4 * 2", 4.0),
            ("-s^2", -9.0),
            ("(-s)^2", 9.0),
            ("2^-1", 0.5),
            ("2^3^2", 512.0),
            ("2^-2^2", 0.0625),
            ("2 * -s^2", -18.0),
            ("5 - -3", 8.0),
            ("--3", 3.0),
            ("-2 * -3", 6.0),
            ("1 - s * L", -11.0),
            ("1e-3*L", 4e-3),
            (".5 + 1.", 1.5),
            ("2.5E2", 250.0),
            ("exp(-s^2)", (-9.0f64).exp()),
            ("sqrt(L) + ln(exp(2)) + log(1)", 4.0),
            ("min(L, s, 7) + max(L, s)", 7.0),
            ("abs(1 - s) * norm_U", 1.0),
            ("2*pi", std::f64::consts::TAU),
            ("L^(1/2)", 2.0),
        ] {
            assert!(
                (value(text) - wanted).abs() <= 1e-15 * wanted.abs(),
                "{text}: {}",
                value(text)
            );
        }
        assert!(value("min(L, ln(-1))").is_nan() && value("max(ln(-1), L)").is_nan());
        assert_eq!(value("1/0"), f64::INFINITY);
    }

    #[test]
    fn variables_are_known_by_name() {
        let formula = Formula::new(" s + exp(s) ", &["L", "s"]).unwrap();
        assert!(formula.mentions(1) && !formula.mentions(0));
        assert_eq!(formula.text(), "s + exp(s)");
    }

    #[test]
    fn what_is_no_formula() {
        let refusal = |text: &str| Formula::new(text, &["L", "s"]).unwrap_err().to_string();
        for (text, part) in [
            ("", "character 1"),
            ("2 L", "character 3"),
            ("2L", "character 2"),
            ("(L", "character 3"),
            ("L +", "character 4"),
            ("L ** 2", "character 4"),
            ("sigma^2", "no variable sigma; there are L, s"),
            ("sin(L)", "no function sin"),
            ("exp(1, 2)", "one argument, not 2"),
            ("min(1)", "two arguments or more, not 1"),
            ("L = 3", "character 3"),
        ] {
            assert!(refusal(text).contains(part), "{text}: {}", refusal(text));
        }
        // Characters are counted, not bytes.
        assert!(refusal("ü").contains("character 1"), "{}", refusal("ü"));
        assert!(refusal("2*\u{1b}").contains("`2*\\u{1b}` (not understood at character 3)"));
        let long = refusal(&"(".repeat(501));
        assert!(long.contains("(501 bytes)") && long.len() < 350, "{long}");
        // Deep, but within the limit: no stack overflow.
        let deep = format!("{}1{}", "(".repeat(249), ")".repeat(249));
        assert_eq!(Formula::new(&deep, &[]).unwrap().value(&[]), 1.0);
    }

    #[test]
    fn linear_formulas() {
        let linear = |text: &str| Formula::new(text, &["L", "x", "y"]).unwrap().is_linear_in(&[1, 2]);
        for text in ["x", "3*x/L - y*exp(L)", "-(x + y)/2 + L^2", "L*2*(1 - x)", "min(L, 2)"] {
            assert!(linear(text), "{text}");
        }
        for text in ["x*y", "x^2", "1/x", "min(x, 1)", "2^y", "exp(-x)", "L*(x*(1+y))"] {
            assert!(!linear(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[-+*/^()0-9.eLs, a-z]{0,60}") {
            if let Ok(formula) = Formula::new(&text, &["L", "s"]) {
                let _ = formula.value(&[2.0, 1.0]);
            }
        }
    }
}
