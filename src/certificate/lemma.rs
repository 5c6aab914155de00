//! The lemmas of a table.

use std::collections::HashMap;

use super::rational::{decimal, exact};
use super::term::{is_rational, precision, term};
use crate::bound::{Formula, Part};
use crate::record::{Metric, QueryLabel, Row};
use crate::render::Decimal;

/// Digits of the decimals that people read.
const PRINTED: usize = 4;
/// Digits of the bounds that an average is made of.
const FINE: usize = 12;
/// Relative margin of them.
const MARGIN: f64 = 1e-11;

/// A lemma of a certificate file.
#[derive(Debug, Clone, PartialEq)]
pub struct Lemma {
    /// Its name.
    pub name: String,
    /// Which cell of the table it is about, in words.
    pub about: String,
    /// The decimal that it proves the bound to be at most.
    pub decimal: String,
    text: String,
}

/// A printed bound without a certificate.
#[derive(Debug, Clone, PartialEq)]
pub struct LeftOut {
    /// Which cell of the table, in words.
    pub about: String,
    /// The theorem, in words.
    pub theorem: String,
    /// Why.
    pub reason: String,
}

/// The certificates of the bounds of a table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Certificates {
    /// One lemma for each printed bound that has one, and the lemmas that averages need.
    pub lemmas: Vec<Lemma>,
    /// Printed bounds that have none.
    pub left_out: Vec<LeftOut>,
    /// Lemmas about a term, by the term, so that none is proved twice.
    fine: HashMap<String, String>,
}

impl Certificates {
    /// The certificates of every valid bound of these rows, and of those that are vacuous but finite if `vacuous`.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::certificate::Certificates;
    /// use attention_bounds::nalgebra::{self, dmatrix};
    /// use attention_bounds::{Gaussian, Head, QueryLaw, Study};
    ///
    /// let head = Head::new(dmatrix![1.0], dmatrix![1.0])?;
    /// let study = Study::new(Gaussian::centred(dmatrix![1.0])?, head, QueryLaw::uniform(dmatrix![1.0])?)?;
    /// let rows = study.lengths([1000])?.table()?.rows;
    /// // Every valid bound has a lemma or a reason.
    /// let valid = rows.iter().flat_map(|row| &row.bounds).filter(|bound| bound.useful_value().is_some()).count();
    /// let found = Certificates::new(&rows, false);
    /// assert_eq!(found.certified() + found.left_out.len(), valid);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn new(rows: &[Row], vacuous: bool) -> Self {
        let mut all = Self::default();
        for row in rows {
            for bound in &row.bounds {
                let printed = bound.value().filter(|value| value.is_finite());
                let Some(value) = printed.filter(|_| vacuous || bound.useful_value().is_some())
                else {
                    continue;
                };
                let theorem = bound.theorem().label();
                let about = format!("{theorem} of {}", cell(row));
                let Some(printed) = Decimal::at_least(value, PRINTED) else {
                    continue;
                };
                let made = match bound.formula() {
                    None => Err("it is not a formula that the proofs define: an integral, a supremum, T15 or T6.chernoff-entropy".to_owned()),
                    Some(Formula::Average(parts)) => all.average(parts, &printed, &about),
                    Some(formula) => single(formula, &printed, all.next_name(), &about),
                };
                match made {
                    Ok(lemma) => all.lemmas.push(lemma),
                    Err(reason) => all.left_out.push(LeftOut {
                        about,
                        theorem,
                        reason,
                    }),
                }
            }
        }
        all
    }

    /// Number of printed bounds that have a certificate.
    pub fn certified(&self) -> usize {
        self.lemmas.len() - self.fine.len()
    }

    /// The text of the Coq file: what it needs, every lemma, and what is left out, as comments.
    pub fn text(&self, heading: &[String]) -> String {
        let mut text = String::new();
        for line in heading {
            text.push_str(&comment(line));
        }
        text.push_str(
            "From Coq Require Import Reals List Lra.\n\
             From AttentionBounds Require Import bounds_definitions certificate_library.\n\
             Local Open Scope R_scope.\n",
        );
        for lemma in &self.lemmas {
            text.push('\n');
            text.push_str(&comment(&format!(
                "{}: at most {}",
                lemma.about, lemma.decimal
            )));
            text.push_str(&lemma.text);
        }
        for left in &self.left_out {
            text.push('\n');
            text.push_str(&comment(&format!(
                "No certificate: {}: {}",
                left.about, left.reason
            )));
        }
        text
    }

    /// `(w_1 b_1 + ... + w_n b_n) / (w_1 + ... + w_n)`, from a lemma for each `b_i` with more digits.
    fn average(&mut self, parts: &[Part], printed: &Decimal, about: &str) -> Result<Lemma, String> {
        let overflow = || "an argument is not finite".to_owned();
        let (mut sum, mut weights, mut uses) = (Vec::new(), Vec::new(), Vec::new());
        for part in parts {
            let weight = exact(part.weight).ok_or_else(overflow)?;
            let value = term(&part.formula).ok_or_else(overflow)?;
            if !is_rational(&part.formula) {
                uses.push(self.fine(part, &value, about)?);
            }
            sum.push(format!("{weight} * {}", parenthesised(&value)));
            weights.push(weight);
        }
        uses.sort();
        uses.dedup();
        let uses: Vec<String> = uses
            .iter()
            .map(|name| format!("pose proof {name}. "))
            .collect();
        let name = self.next_name();
        Ok(Lemma {
            text: format!(
                "Lemma {name} :\n  ({}) / ({})\n  <= {}.\nProof. {}lra. Qed.\n",
                sum.join("\n   + "),
                weights.join(" + "),
                decimal(printed),
                uses.concat()
            ),
            name,
            about: about.to_owned(),
            decimal: printed.to_string(),
        })
    }

    /// A name that no lemma has yet.
    fn next_name(&self) -> String {
        format!("certificate_{}", self.lemmas.len() + 1)
    }

    /// The name of a lemma about this term, with many digits; made if there is none yet.
    fn fine(&mut self, part: &Part, value: &str, about: &str) -> Result<String, String> {
        if let Some(name) = self.fine.get(value) {
            return Ok(name.clone());
        }
        // Coq computes with 64 bits and wants a margin of about 1e-12.
        let digits = Decimal::at_least(part.value * (1.0 + MARGIN), FINE)
            .ok_or("the value is not finite")?;
        let name = format!("part_{}", self.fine.len() + 1);
        let about = format!("a part of {about}");
        self.lemmas
            .push(single(&part.formula, &digits, name.clone(), &about)?);
        self.fine.insert(value.to_owned(), name.clone());
        Ok(name)
    }
}

fn single(
    formula: &Formula,
    printed: &Decimal,
    name: String,
    about: &str,
) -> Result<Lemma, String> {
    let value = term(formula).ok_or("an argument is not finite")?;
    let proof = match precision(formula) {
        _ if is_rational(formula) => "lra".to_owned(),
        64 => "certify".to_owned(),
        bits => format!("certify_bits {bits}%positive"),
    };
    Ok(Lemma {
        text: format!(
            "Lemma {name} :\n  {value}\n  <= {}.\nProof. {proof}. Qed.\n",
            decimal(printed)
        ),
        name,
        about: about.to_owned(),
        decimal: printed.to_string(),
    })
}

fn parenthesised(term: &str) -> String {
    if term.contains(' ') && !term.starts_with('(') {
        format!("({term})")
    } else {
        term.to_owned()
    }
}

/// A Coq comment; the text cannot end it.
fn comment(text: &str) -> String {
    let text = text
        .replace("(*", "( *")
        .replace("*)", "* )")
        .replace('"', "'");
    format!("(* {} *)\n", text.replace(['\n', '\r'], " "))
}

fn cell(row: &Row) -> String {
    let metric = match row.metric {
        Metric::Bias { coordinate } => format!("bias {coordinate}"),
        metric => metric.name().to_owned(),
    };
    let query = match row.query {
        QueryLabel::Index(index) => format!("query {index}"),
        QueryLabel::Average => "the average over queries".to_owned(),
    };
    format!("{metric}, {query}, L = {}", row.length)
}
