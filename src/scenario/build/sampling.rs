//! From the table `[sampling]` to sampled attention.

use crate::error::{Error, Result};
use crate::sampling::Design;
use crate::scenario::fixed::FixedSpec;
use crate::scenario::matrices::Builder;
use crate::scenario::query::QuerySpec;
use crate::scenario::sampling::DesignSpec;
use crate::scenario::specification::Scenario;
use crate::scenario::tokens::TokenSpec;
use crate::study::sampling::SampledStudy;

/// The key that an error is about.
fn key_of(error: &Error) -> &'static str {
    match error {
        Error::Parameter { parameter, .. } if parameter.contains("kept") => "sampling.keep",
        Error::Parameter { parameter, .. } if parameter.contains("budget") => "sampling.budgets",
        Error::Parameter { parameter, .. } if parameter.contains("proxy") => "sampling.proxy",
        _ => "sampling",
    }
}

impl Scenario {
    /// The sampled attention of this scenario: its tokens are the keys of the context, in the order of their file.
    ///
    /// # Errors
    /// As [`Scenario::build`]; [`Error::Scenario`] without a table `[sampling]`, for tokens that are no list, and as
    /// [`Study::sampled`](crate::Study::sampled).
    pub fn sampled(&self) -> Result<SampledStudy> {
        let Some(spec) = &self.sampling else {
            let accepted = "the table is required: { keep, design, budgets }";
            return Err(self.origin.refuse("sampling", "nothing", accepted));
        };
        if !matches!(
            &self.tokens,
            TokenSpec::Empirical(_) | TokenSpec::KeyValue { .. }
        ) {
            let accepted = "empirical or key-value: a context is a list of keys; draws from another law are what table is about";
            let found = self.tokens.describe();
            return Err(self.origin.refuse("tokens.law", found, accepted));
        }
        if let QuerySpec::Gaussian(_) = &self.query {
            let accepted = "fixed: the error of a context is computed query by query";
            return Err(self.origin.refuse("query.law", "gaussian", accepted));
        }
        if self.fixed != FixedSpec::default() {
            let accepted = "nothing: keys that are always read are named by sampling.keep";
            return Err(self
                .origin
                .refuse("head.fixed_tokens", "fixed tokens", accepted));
        }
        let mut builder = Builder::new(&self.origin);
        let (design, proxies) = match &spec.design {
            DesignSpec::Uniform(design) => (design.clone(), None),
            DesignSpec::Proxies(table) => (
                Design::WithReplacement,
                Some(builder.read(table, "sampling.proxy")?),
            ),
        };
        let study = self.asked(&mut builder)?;
        let at = |error| builder.at(key_of(&error), error);
        let study = study.sampled(spec.kept.clone(), design).map_err(at)?;
        let study = match proxies {
            None => study,
            Some(proxies) => {
                let at = |error| builder.at("sampling.proxy", error);
                study.importance(&proxies).map_err(at)?
            }
        };
        let study = study.budgets(spec.budgets.iter().copied()).map_err(at)?;
        study.check().map_err(at)?;
        Ok(study)
    }
}
