//! The three right-hand sides of the printed Propositions 3.1 and 3.4.

use super::printed::PrintedHypotheses;
use crate::record::Metric;

/// Which averaged error a printed proposition bounds, and so by which powers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrintedForm {
    /// Proposition 3.1: `c1 sigma^6 ln(L) / L^{c2/sigma^2}` for the output.
    Output,
    /// Proposition 3.4: the same for the gradient in `V`.
    ValueGradient,
    /// Proposition 3.4: `c1 sigma^12 ln(L)^2 / L^{c2/sigma^2}` for the gradient in `U`.
    KeyQueryGradient,
}

impl PrintedForm {
    /// The form for a metric, if a printed proposition speaks of it.
    pub fn of(metric: Metric) -> Option<Self> {
        let mut all = [Self::Output, Self::ValueGradient, Self::KeyQueryGradient].into_iter();
        all.find(|form| form.metric() == metric)
    }

    /// The error that it bounds.
    pub fn metric(self) -> Metric {
        match self {
            Self::Output => Metric::Output,
            Self::ValueGradient => Metric::ValueGradient,
            Self::KeyQueryGradient => Metric::KeyQueryGradient,
        }
    }

    /// Number of the proposition in the paper.
    pub fn proposition(self) -> &'static str {
        match self {
            Self::Output => "3.1",
            Self::ValueGradient | Self::KeyQueryGradient => "3.4",
        }
    }

    /// The formula, for people.
    pub fn formula(self) -> &'static str {
        match self {
            Self::Output | Self::ValueGradient => "c1 sigma^6 ln(L) / L^(c2/sigma^2)",
            Self::KeyQueryGradient => "c1 sigma^12 ln(L)^2 / L^(c2/sigma^2)",
        }
    }

    /// The matrix of a gradient.
    pub fn matrix(self) -> Option<&'static str> {
        match self {
            Self::Output => None,
            Self::ValueGradient => Some("V"),
            Self::KeyQueryGradient => Some("U"),
        }
    }

    /// The right-hand side at these constants, with the `sigma` of the hypotheses.
    ///
    /// A query that is wider than 1-sub-Gaussian is divided by its parameter and `U` multiplied by it; the derivative
    /// in `U` of that head is smaller by the same factor, so the bound of its square is multiplied by the factor's square.
    pub fn right_side(self, c1: f64, c2: f64, found: &PrintedHypotheses, length: u64) -> f64 {
        match self {
            Self::Output | Self::ValueGradient => c1 * shape(found.sigma, c2, length, 1),
            Self::KeyQueryGradient => {
                c1 * shape(found.sigma, c2, length, 2) * found.query_sigma.max(1.0).powi(2)
            }
        }
    }
}

/// `(sigma^6 ln L)^order / L^{c2/sigma^2}`.
fn shape(sigma: f64, c2: f64, length: u64, order: i32) -> f64 {
    let logarithm = (length as f64).ln();
    (sigma.powi(6) * logarithm).powi(order) * (-c2 / (sigma * sigma) * logarithm).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMS: [PrintedForm; 3] = [
        PrintedForm::Output,
        PrintedForm::ValueGradient,
        PrintedForm::KeyQueryGradient,
    ];

    #[test]
    fn the_right_hand_sides_are_those_of_the_paper() {
        let mut found = PrintedHypotheses {
            sigma: 2.0,
            query_sigma: 0.5,
            failure: None,
            notes: Vec::new(),
        };
        let l = 50.0_f64;
        let power = l.powf(0.5 / 4.0);
        let first = 3.0 * 64.0 * l.ln() / power;
        let second = 3.0 * 4096.0 * l.ln().powi(2) / power;
        for (form, wanted) in FORMS.into_iter().zip([first, first, second]) {
            let value = form.right_side(3.0, 0.5, &found, 50);
            assert!((value / wanted - 1.0).abs() < 1e-13, "{form:?}");
            assert_eq!(form.right_side(3.0, 0.5, &found, 1), 0.0);
        }
        // A query three times too wide matters to the derivative in U alone.
        found.query_sigma = 3.0;
        for (form, wanted) in FORMS.into_iter().zip([first, first, 9.0 * second]) {
            let value = form.right_side(3.0, 0.5, &found, 50);
            assert!((value / wanted - 1.0).abs() < 1e-13, "{form:?}");
        }
    }

    #[test]
    fn a_form_and_its_metric_belong_together() {
        for form in FORMS {
            assert_eq!(PrintedForm::of(form.metric()), Some(form));
        }
        assert_eq!(PrintedForm::of(Metric::Participation), None);
    }
}
