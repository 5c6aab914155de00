//! One head in a few numbers.

use nalgebra::{DMatrix, DVector};

use crate::attention::QueryLaw;
use crate::error::{Error, Result};
use crate::law::TokenLaw;
use crate::parameter::{Positive, refused};
use crate::record::{HeadProfile, LengthError, cell};
use crate::study::cells::entropy::entropy_cells;
use crate::study::cells::exact::exact_cells;
use crate::study::length::{response_squared, smallest_exact};
use crate::study::question::Remembered;
use crate::study::{Question, Silent, Study};

impl Study {
    /// The head in a few numbers, each an average over a list of queries: score deviation `s`, `rho`, at the longest prompt `E P_2`, its
    /// inverse and the entropy; the exact error at each length and, for a threshold `epsilon` relative to `E|T|^2`, the smallest prompt length.
    ///
    /// No bound is evaluated. Errors, `E P_2` and entropy are those of [`Study::table`], the smallest length is that of [`Study::length`], bit for
    /// bit. `s^2` is the variance of the scores `<a, X>`, and `rho = e^{Lam(2a) - 2 Lam(a)}`, both in floating point.
    ///
    /// # Errors
    /// [`Error::Unavailable`] without a length, for a Gaussian query law and for prompts with fixed tokens; [`Error::Parameter`] if `epsilon` is not
    /// a finite number greater than 0, `s` or `rho` is none, or for more than [`MOST_CELLS`](crate::study::MOST_CELLS) cells. What has no value is a reason in its place.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::nalgebra::{self, dmatrix};
    /// use attention_bounds::{Head, QueryLaw, Rademacher, Study};
    ///
    /// // Two fair signs, a = 1: s = 1, rho = cosh(2) / cosh(1)^2.
    /// let head = Head::new(dmatrix![1.0], dmatrix![1.0])?;
    /// let study = Study::new(Rademacher::new(1, 1.0)?, head, QueryLaw::uniform(dmatrix![1.0])?)?;
    /// let found = study.lengths([100])?.profile(Some(0.01))?;
    /// assert!((found.score_deviation - 1.0).abs() < 1e-14);
    /// assert!((found.rho - 2f64.cosh() / 1f64.cosh().powi(2)).abs() < 1e-14);
    /// let length = study.length(attention_bounds::Epsilon::relative(0.01))?.exact;
    /// assert_eq!(found.reached, Some(length));
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn profile(&self, epsilon: Option<f64>) -> Result<HeadProfile> {
        let what = "the profile of a head";
        self.without_fixed(what, "and its length search is proved without them")?;
        let epsilon = epsilon
            .map(|epsilon| Positive::new("epsilon", epsilon))
            .transpose()?;
        let unavailable = |why: &str| Error::Unavailable {
            what,
            why: why.into(),
        };
        let whole = self.question();
        let remembered = Remembered::new(whole.seen());
        let question = Question {
            remembered: Some(&remembered),
            ..whole
        };
        let QueryLaw::List { queries, weights } = question.query else {
            return Err(unavailable(
                "it is an average over a list of queries; give fixed queries",
            ));
        };
        let Some(longest) = self.lengths.len().checked_sub(1) else {
            return Err(unavailable("no prompt length is given"));
        };
        // Some 200 lengths are tried for the threshold.
        question.check_size(self.lengths.len() + 100, 1)?;
        let (mut score_deviation, mut rho) = (0.0, 0.0);
        for (query, weight) in queries.column_iter().zip(weights) {
            let tilt = question.head.tilt(&query.into_owned());
            score_deviation += weight * deviation(question.tokens, &tilt);
            let twice = question.tokens.cumulant(&(&tilt * 2.0));
            rho += weight * (twice - 2.0 * question.tokens.cumulant(&tilt)).exp();
        }
        for (name, average) in [("s", score_deviation), ("rho", rho)] {
            if !average.is_finite() {
                return refused(name, average, "finite: tokens or tilts must be smaller");
            }
        }
        let outputs =
            exact_cells(&question, question.seen().as_ref(), &self.lengths, &Silent).average;
        let (_, entropies) = entropy_cells(&question, &self.lengths);
        let relative_to = response_squared(&question)?;
        let participation = cell(&outputs, longest).map(|output| output.participation);
        let errors = self.lengths.iter().enumerate().map(|(place, length)| {
            let exact = cell(&outputs, place).map(|output| output.squared_error);
            let relative = exact.as_ref().ok().map(|exact| exact.value / relative_to);
            LengthError {
                length: length.get(),
                relative: relative.filter(|relative| relative.is_finite()),
                exact,
            }
        });
        Ok(HeadProfile {
            score_deviation,
            rho,
            effective_length: participation.clone().map(|p| p.value.recip()),
            participation,
            entropy: cell(&entropies, longest),
            relative_to,
            errors: errors.collect(),
            reached: epsilon.map(|epsilon| {
                let epsilon = epsilon.get() * relative_to;
                if !(epsilon > 0.0) {
                    return Err(format!("E|T|^2 is {relative_to}"));
                }
                smallest_exact(&question, epsilon, &Silent)
            }),
        })
    }
}

/// The standard deviation of the score `<tilt, X>`: the score is the output of the value matrix `tilt^T`.
fn deviation(tokens: &dyn TokenLaw, tilt: &DVector<f64>) -> f64 {
    let value = DMatrix::from_row_slice(1, tilt.len(), tilt.as_slice());
    let origin = DVector::zeros(tilt.len());
    tokens.through(&value).tilted(&origin).variance.sqrt()
}
