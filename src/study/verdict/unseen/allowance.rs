//! How far the mean of a quantity can be from that of the prompts that can be seen.

/// What draws that all failed to show something leave open.
#[derive(Debug, Clone, Copy)]
pub(super) struct Missed {
    /// `eps`: the part of the prompts that may be missing.
    pub prompts: f64,
    /// `q`: the part of the tokens.
    pub tokens: f64,
}

impl Missed {
    /// By `prompts` prompts of `length` tokens, except with probability `alpha`.
    pub fn new(ln_alpha: f64, prompts: u64, length: u64) -> Self {
        let part = |draws: f64| -(ln_alpha / draws).exp_m1();
        Self {
            prompts: part(prompts as f64),
            tokens: part(prompts as f64 * length as f64),
        }
    }
}

/// The limits of a quantity, and what of it may be missing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::study) struct Allowance {
    /// Nothing that is measured is smaller; none for a quantity with a sign.
    pub least: Option<f64>,
    /// Nothing that is measured is larger.
    pub most: f64,
    /// `eps`, see [`Missed`].
    pub prompts: f64,
    /// What the missing prompts may carry; infinite if that is not known.
    pub carried: f64,
    /// The part of the mean by which that of the prompts that can be seen may exceed it; at most that of the missing prompts.
    pub excess: f64,
}

impl Allowance {
    /// Nothing is known.
    pub const UNKNOWN: Self = Self {
        least: None,
        most: f64::INFINITY,
        prompts: 1.0,
        carried: f64::INFINITY,
        excess: f64::INFINITY,
    };

    /// Is there a limit to what may be missing?
    pub fn is_known(&self) -> bool {
        self.carried < f64::INFINITY || self.most < f64::INFINITY
    }

    /// The least mean of what can be seen, if the true mean is at least `value`.
    pub fn lowered(&self, value: f64) -> f64 {
        if self.least.is_none() {
            return value - self.signed();
        }
        // value <= (1 - eps) seen + eps most.
        let by_supremum = self.prompts * (self.most - value).max(0.0) / (1.0 - self.prompts);
        value - self.carried.min(by_supremum)
    }

    /// The largest mean of what can be seen, if the true mean is at most `value`.
    pub fn raised(&self, value: f64) -> f64 {
        let Some(least) = self.least else {
            return value + self.signed();
        };
        // value >= (1 - eps) seen + eps least.
        let by_prompts = self.prompts * (value - least).max(0.0) / (1.0 - self.prompts);
        let by_weights = value.max(0.0) * self.excess / (1.0 - self.excess).max(0.0);
        value + by_prompts.min(by_weights)
    }

    /// Of a quantity with a sign, whose absolute value is at most `most`.
    fn signed(&self) -> f64 {
        self.carried.min(2.0 * self.prompts * self.most)
    }
}
