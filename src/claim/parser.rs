//! From the text of a formula to its tree, by recursive descent.
//!
//! `^` binds strongest and to the right, then the sign, then `*` and `/`, then `+` and `-`. Expression crates were tried and
//! left: `exmex`, `fasteval` and `mathexpr` read `-s^2` as `(-s)^2`, which turns `exp(-s^2)` into its inverse.

use super::tree::{Binary, FUNCTIONS, Function, Node};

/// What is wrong with a text.
pub(super) enum Fault {
    /// It is not understood from this byte on.
    Place(usize),
    /// A name or a number of arguments, in words.
    Meaning(String),
}

type Parsed<T> = std::result::Result<T, Fault>;

/// The tree of a whole text; `variables` are numbered in their order.
pub(super) fn parse(text: &str, variables: &[&str]) -> Parsed<Node> {
    let mut parser = Parser {
        text,
        place: 0,
        variables,
    };
    let node = parser.sum()?;
    parser.skip_blanks();
    if parser.place < text.len() {
        return Err(Fault::Place(parser.place));
    }
    Ok(node)
}

struct Parser<'a> {
    text: &'a str,
    /// The byte that is read next.
    place: usize,
    variables: &'a [&'a str],
}

fn binary(operator: Binary, left: Node, right: Node) -> Node {
    Node::Binary(operator, Box::new(left), Box::new(right))
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.place..).unwrap_or("")
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.place += rest.len() - rest.trim_start_matches([' ', '\t']).len();
    }

    /// Reads this character, if it is the next one after blanks.
    fn eat(&mut self, wanted: char) -> bool {
        self.skip_blanks();
        let found = self.rest().starts_with(wanted);
        if found {
            self.place += wanted.len_utf8();
        }
        found
    }

    /// Reads as many of these characters as there are.
    fn run(&mut self, of: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let read = rest.len() - rest.trim_start_matches(of).len();
        self.place += read;
        rest.get(..read).unwrap_or("")
    }

    fn sum(&mut self) -> Parsed<Node> {
        self.chain([('+', Binary::Plus), ('-', Binary::Minus)], Self::product)
    }

    fn product(&mut self) -> Parsed<Node> {
        self.chain([('*', Binary::Times), ('/', Binary::Over)], Self::signed)
    }

    /// Operands with these operators between them, joined from left to right.
    fn chain(
        &mut self,
        operators: [(char, Binary); 2],
        operand: fn(&mut Self) -> Parsed<Node>,
    ) -> Parsed<Node> {
        let mut left = operand(self)?;
        while let Some((_, operator)) = operators.into_iter().find(|(sign, _)| self.eat(*sign)) {
            left = binary(operator, left, operand(self)?);
        }
        Ok(left)
    }

    /// `-` binds less than `^`, so `-s^2` is `-(s^2)`; the right side of `^` may have a sign.
    fn signed(&mut self) -> Parsed<Node> {
        if self.eat('-') {
            return Ok(Node::Negative(Box::new(self.signed()?)));
        }
        let base = self.primary()?;
        if self.eat('^') {
            return Ok(binary(Binary::Power, base, self.signed()?));
        }
        Ok(base)
    }

    fn primary(&mut self) -> Parsed<Node> {
        if self.eat('(') {
            let node = self.sum()?;
            return self.close(node);
        }
        let start = self.place;
        let name = self.name();
        if name.is_empty() {
            return self.number(start);
        }
        if self.eat('(') {
            return self.call(name);
        }
        match self.variables.iter().position(|known| *known == name) {
            Some(variable) => Ok(Node::Variable(variable)),
            None if name == "pi" => Ok(Node::Number(std::f64::consts::PI)),
            None => Err(Fault::Meaning(format!(
                "there is no variable {name}; there are {}",
                self.variables.join(", ")
            ))),
        }
    }

    fn close(&mut self, node: Node) -> Parsed<Node> {
        if self.eat(')') {
            Ok(node)
        } else {
            Err(Fault::Place(self.place))
        }
    }

    fn name(&mut self) -> &'a str {
        if self.rest().starts_with(|c: char| c.is_ascii_alphabetic()) {
            self.run(|c| c.is_ascii_alphanumeric() || c == '_')
        } else {
            ""
        }
    }

    /// Digits with a point somewhere, then perhaps an exponent.
    fn number(&mut self, start: usize) -> Parsed<Node> {
        let digits = |c: char| c.is_ascii_digit();
        let whole = self.run(digits).len();
        let mut fraction = 0;
        if self.rest().starts_with('.') {
            self.place += 1;
            fraction = self.run(digits).len();
        }
        if whole + fraction == 0 {
            return Err(Fault::Place(start));
        }
        let end = self.place;
        if self.rest().starts_with(['e', 'E']) {
            self.place += 1;
            if self.rest().starts_with(['+', '-']) {
                self.place += 1;
            }
            if self.run(digits).is_empty() {
                // Not an exponent, so not part of the number.
                self.place = end;
            }
        }
        let text = self.text.get(start..self.place).unwrap_or("");
        let number = text.parse().map(Node::Number);
        number.map_err(|_| Fault::Meaning(format!("{text} is not a number")))
    }

    fn call(&mut self, name: &str) -> Parsed<Node> {
        let mut arguments = vec![self.sum()?];
        while self.eat(',') {
            arguments.push(self.sum()?);
        }
        let (function, one) = match name {
            "exp" => (Function::Exp, true),
            "ln" | "log" => (Function::Ln, true),
            "sqrt" => (Function::Sqrt, true),
            "abs" => (Function::Abs, true),
            "min" => (Function::Min, false),
            "max" => (Function::Max, false),
            _ => {
                return Err(Fault::Meaning(format!(
                    "there is no function {name}; there are {}",
                    FUNCTIONS
                )));
            }
        };
        let count = arguments.len();
        let node = self.close(Node::Call(function, arguments))?;
        match (one, count) {
            (true, 1) | (false, 2..) => Ok(node),
            (true, n) => Err(Fault::Meaning(format!(
                "{name} takes one argument, not {n}"
            ))),
            (false, n) => Err(Fault::Meaning(format!(
                "{name} takes two arguments or more, not {n}"
            ))),
        }
    }
}
