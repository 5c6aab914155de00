//! The propositions of the paper as printed, with constants that the user gives.

use nalgebra::{DMatrix, DVector};

use crate::attention::{Head, QueryLaw};
use crate::error::{Error, Result};
use crate::law::{Empirical, TokenLaw, operator_norm};
use crate::parameter::Positive;

/// `c1` and `c2` of Propositions 3.1 and 3.4.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Printed {
    c1: f64,
    c2: f64,
}

/// What the printed propositions assume, at a question.
#[derive(Debug, Clone, PartialEq)]
pub struct PrintedHypotheses {
    /// The `sigma` of the proposition: that of the tokens, or 1 if theirs is smaller.
    pub sigma: f64,
    /// Root of the variance proxy of the query, which the proposition wants to be at most 1.
    pub query_sigma: f64,
    /// The hypothesis that fails, if one does.
    pub failure: Option<String>,
    /// Each hypothesis in words.
    pub notes: Vec<String>,
}

impl Printed {
    /// `c1` and `c2`.
    pub fn constants(&self) -> (f64, f64) {
        (self.c1, self.c2)
    }

    /// Reads `c1=..,c2=..`, in either order.
    ///
    /// # Errors
    /// For anything else, and for constants that are not finite and greater than 0.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::claim::Printed;
    ///
    /// assert_eq!(Printed::parse("c2=0.5,c1=3")?.constants(), (3.0, 0.5));
    /// assert!(Printed::parse("c1=3").is_err());
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        let refuse = || Error::Parameter {
            parameter: "--printed",
            value: text.to_owned(),
            required: "c1=NUMBER,c2=NUMBER, both finite and greater than 0",
            theorem: None,
        };
        let (mut c1, mut c2) = (None, None);
        for part in text.split(',') {
            let (name, value) = part.split_once('=').ok_or_else(refuse)?;
            let value: f64 = value.trim().parse().map_err(|_| refuse())?;
            let value = Positive::new("constant", value)
                .map_err(|_| refuse())?
                .get();
            let place = match name.trim() {
                "c1" => &mut c1,
                "c2" => &mut c2,
                _ => return Err(refuse()),
            };
            if place.replace(value).is_some() {
                return Err(refuse());
            }
        }
        match (c1, c2) {
            (Some(c1), Some(c2)) => Ok(Self { c1, c2 }),
            _ => Err(refuse()),
        }
    }
}

/// Refuses `L = 1`, where the printed propositions are false.
///
/// # Errors
/// If a length is 1; the message holds the counterexample.
pub fn check_length(length: u64) -> Result<()> {
    if length >= 2 {
        return Ok(());
    }
    Err(Error::Parameter {
        parameter: "L",
        value: length.to_string(),
        required: "at least 2 for the printed Propositions 3.1 and 3.4: at L = 1 their right-hand sides are 0 (ln 1 = 0), \
                   but d = 1, mu = nu = N(0,1), U = 0, V = 1 has errors 1, 1 and 1 (machine-checked, \
                   proofs/sub_gaussian/counterexample_length_one.v)",
        theorem: None,
    })
}

/// Which hypotheses of the printed propositions hold.
///
/// # Errors
/// If the proxy of a list of queries cannot be computed.
///
/// # Examples
/// ```
/// use attention_bounds::claim::hypotheses;
/// use attention_bounds::nalgebra::{self, dmatrix};
/// use attention_bounds::{Gaussian, Head, QueryLaw};
///
/// let (tokens, query) = (Gaussian::centred(dmatrix![0.25])?, Gaussian::centred(dmatrix![4.0])?);
/// let head = Head::new(dmatrix![1.0], dmatrix![1.0])?;
/// let found = hypotheses(&tokens, &head, &QueryLaw::gaussian(query))?;
/// // sigma = 1/2 counts as 1, and the query is 2-sub-Gaussian.
/// assert!(found.sigma == 1.0 && (found.query_sigma - 2.0).abs() < 1e-12 && found.failure.is_none());
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn hypotheses(
    tokens: &dyn TokenLaw,
    head: &Head,
    query: &QueryLaw,
) -> Result<PrintedHypotheses> {
    let proxy = tokens.variance_proxy().proxy;
    let token_mean = tokens
        .tilted_mean(&DVector::zeros(tokens.dimension()))
        .norm();
    let (query_mean, query_sigma, fourth) = query_moments(query)?;
    let (u, v) = (operator_norm(head.key_query()), operator_norm(head.value()));
    let sigma = proxy.sigma().max(1.0);
    let mut notes = vec![if proxy.sigma() >= 1.0 {
        format!("printed propositions: sigma = {sigma} >= 1 holds")
    } else {
        format!(
            "printed propositions: the tokens have sigma = {} < 1; they are 1-sub-Gaussian too, and sigma = 1 is used",
            proxy.sigma()
        )
    }];
    notes.push(if token_mean <= CENTRED * proxy.sigma() {
        "printed propositions: mu is centred".into()
    } else {
        format!(
            "printed propositions: mu has a mean of norm {token_mean:.6}; the propositions are read for X - E X, which has the \
             same errors at a head without query bias (shift-invariance)"
        )
    });
    notes.push(if query_sigma <= 1.0 {
        format!("printed propositions: nu is 1-sub-Gaussian (its own parameter is at most {query_sigma:.6})")
    } else {
        format!(
            "printed propositions: nu is {query_sigma:.6}-sub-Gaussian, so they are read for the query divided by that and U \
             multiplied by it: c1 and c2, which may depend on U, are those of |U| = {:.6}",
            u * query_sigma
        )
    });
    notes.push(format!(
        "printed propositions: the moment assumptions hold (moment-assumption-is-free), with M = 2 |V| |U| (E|z|^4)^(1/4) = {:.6}",
        2.0 * v * u * fourth.powf(0.25)
    ));
    let failure = if query_mean > CENTRED * query_sigma {
        Some(format!(
            "nu must be centred, and its mean has norm {query_mean:.6}"
        ))
    } else if head.tilt_bias().iter().any(|b| *b != 0.0) {
        Some("the head must have no query bias".into())
    } else {
        None
    };
    Ok(PrintedHypotheses {
        sigma,
        query_sigma,
        failure,
        notes,
    })
}

/// A mean that is this small beside the deviation is rounding.
const CENTRED: f64 = 1e-9;

/// Norm of the mean, root of the variance proxy, and `E|z|^4`.
fn query_moments(query: &QueryLaw) -> Result<(f64, f64, f64)> {
    match query {
        QueryLaw::Gaussian(law) => {
            let covariance = law.covariance();
            // Of the centred law; an uncentred one is refused.
            let fourth = covariance.trace().powi(2) + 2.0 * covariance.norm_squared();
            Ok((law.mean().norm(), operator_norm(covariance).sqrt(), fourth))
        }
        QueryLaw::List { queries, weights } => {
            let kept: Vec<(DVector<f64>, f64)> = queries
                .column_iter()
                .zip(weights)
                .filter(|(_, w)| **w > 0.0)
                .map(|(z, w)| (z.into_owned(), *w))
                .collect();
            let columns: Vec<DVector<f64>> = kept.iter().map(|(z, _)| z.clone()).collect();
            let rows = DMatrix::from_columns(&columns).transpose();
            let law = Empirical::weighted(&rows, kept.iter().map(|(_, w)| *w).collect())?;
            let mean = law.tilted_mean(&DVector::zeros(queries.nrows())).norm();
            let fourth = kept.iter().map(|(z, w)| w * z.norm_squared().powi(2)).sum();
            Ok((mean, law.variance_proxy().proxy.sigma(), fourth))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_read() {
        let printed = Printed::parse("c2=0.5, c1=3").unwrap();
        assert_eq!(printed, Printed { c1: 3.0, c2: 0.5 });
        for bad in [
            "",
            "c1=1",
            "c1=1,c2",
            "c1=1,c2=x",
            "c1=0,c2=1",
            "c1=1,c2=nan",
            "c1=1,c1=2",
            "c1=1,c2=inf",
            "c1=1,c3=2",
        ] {
            let message = Printed::parse(bad).unwrap_err().to_string();
            assert!(message.contains("c1=NUMBER,c2=NUMBER"), "{message}");
        }
    }

    #[test]
    fn length_one_is_refused() {
        let message = check_length(1).unwrap_err().to_string();
        assert!(message.contains("N(0,1)") && message.contains("errors 1, 1 and 1"));
        assert!(check_length(2).is_ok());
    }
}
