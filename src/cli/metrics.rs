//! What `table`, `check`, `simulate` and `certify` measure besides the output error.

use clap::Args;

use crate::error::Result;
use crate::record::Request;
use crate::study::Study;

/// What is measured besides the output error, and which formulas are compared.
#[derive(Debug, Clone, Default, PartialEq, Args)]
pub struct MetricArguments {
    /// Also bound the probability that the output error is at least EPS
    #[arg(long, value_name = "EPS", allow_negative_numbers = true)]
    tail: Option<f64>,
    /// Also give the expected participation E P_2
    #[arg(long)]
    participation: bool,
    /// Also give the expected entropy of the attention weights, in nats
    #[arg(long)]
    entropy: bool,
    /// Also give the bias E That - T, coordinate by coordinate
    #[arg(long)]
    bias: bool,
    /// Also give the squared errors of the gradients in V and U
    #[arg(long)]
    gradients: bool,
    /// Also simulate the operator norm of the error of the gradient in U
    #[arg(long, requires = "gradients")]
    operator_norm: bool,
    /// Also simulate quantiles of |That - T|, of these orders
    #[arg(
        long,
        value_name = "P,..",
        value_delimiter = ',',
        allow_negative_numbers = true
    )]
    quantiles: Vec<f64>,
    /// Compare with a bound of your own, a formula in L, d, s, sigma, rho, ... (see the guide); may be repeated
    #[arg(long, value_name = "FORMULA", allow_hyphen_values = true)]
    bound: Vec<String>,
    /// Compare with Propositions 3.1 and 3.4 of the paper as printed, with these constants (L >= 2)
    #[arg(long, value_name = "c1=..,c2=..", allow_hyphen_values = true)]
    printed: Option<String>,
}

impl MetricArguments {
    /// The study with these metrics and formulas asked for.
    ///
    /// # Errors
    /// For a flag whose value is not accepted.
    pub fn ask(&self, mut study: Study) -> Result<Study> {
        if let Some(eps) = self.tail {
            study = study.tail(eps)?;
        }
        if self.participation {
            study = study.participation();
        }
        if self.entropy {
            study = study.entropy();
        }
        if self.bias {
            study = study.bias();
        }
        if self.gradients {
            study = study.gradients();
        }
        if self.operator_norm {
            study = study.operator_norm();
        }
        if !self.quantiles.is_empty() {
            study = study.quantiles(self.quantiles.iter().copied())?;
        }
        for formula in &self.bound {
            study = study.bound(formula)?;
        }
        match &self.printed {
            Some(constants) => study.printed(constants),
            None => Ok(study),
        }
    }

    /// The metrics that a request stands for.
    pub fn of(request: &Request) -> Self {
        Self {
            tail: request.tail,
            participation: request.participation,
            entropy: request.entropy,
            bias: request.bias,
            gradients: request.gradients,
            operator_norm: request.operator_norm,
            quantiles: request.quantiles.clone(),
            bound: request.formulas.clone(),
            printed: request.printed.clone(),
        }
    }

    /// Any flag given?
    pub fn is_given(&self) -> bool {
        *self != Self::default()
    }

    /// Does some metric exist in a simulation only?
    pub fn needs_simulation(&self) -> bool {
        self.operator_norm || !self.quantiles.is_empty()
    }
}
