//! The tree of a formula and its value.

/// The functions a formula may call.
pub(super) const FUNCTIONS: &str = "exp, ln (also log), sqrt, abs, min, max";

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

impl Node {
    pub(super) fn mentions(&self, variable: usize) -> bool {
        match self {
            Node::Number(_) => false,
            Node::Variable(place) => *place == variable,
            Node::Negative(node) => node.mentions(variable),
            Node::Binary(_, left, right) => left.mentions(variable) || right.mentions(variable),
            Node::Call(_, arguments) => arguments.iter().any(|node| node.mentions(variable)),
        }
    }

    /// The degree in these variables together, of a polynomial in them; none for anything else.
    pub(super) fn degree(&self, variables: &[usize]) -> Option<u32> {
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

    pub(super) fn value(&self, values: &[f64]) -> f64 {
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
