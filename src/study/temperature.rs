//! How a head goes from averaging to copying as its scores grow.

use crate::attention::Head;
use crate::error::Result;
use crate::parameter::{Positive, PromptLength};
use crate::record::{TemperatureLine, cell};
use crate::study::cells::entropy::entropy_cells;
use crate::study::cells::exact::exact_cells;
use crate::study::{Question, Silent, Study};

impl Study {
    /// Also the expected entropy of the attention weights.
    #[must_use]
    pub fn entropy(&self) -> Self {
        self.with(|study| study.options.entropy = true)
    }

    /// Also entropy, participation and error with every score multiplied by these factors (inverse temperatures), in [`Study::rate`].
    ///
    /// # Errors
    /// For a factor that is not a positive number.
    pub fn temperatures(&self, factors: impl IntoIterator<Item = f64>) -> Result<Self> {
        let factors = factors
            .into_iter()
            .map(|factor| Positive::new("temperature", factor));
        let factors = factors.collect::<Result<_>>()?;
        Ok(self.with(|study| study.temperatures = factors))
    }
}

/// Entropy, participation and error, averaged over the query law, with every score times `beta`, for each factor and length.
///
/// # Errors
/// If a factor makes an entry of the head infinite.
pub(super) fn sweep(
    question: &Question<'_>,
    factors: &[Positive],
    lengths: &[PromptLength],
) -> Result<Vec<TemperatureLine>> {
    let mut lines = Vec::new();
    for factor in factors {
        let head = Head::with_tilt_bias(
            question.head.key_query() * factor.get(),
            question.head.value().clone(),
            question.head.tilt_bias() * factor.get(),
        )?;
        let scaled = Question {
            head: &head,
            ..*question
        };
        let (_, entropies) = entropy_cells(&scaled, lengths);
        let seen = scaled.tokens.through(scaled.head.value());
        let outputs = exact_cells(&scaled, seen.as_ref(), lengths, &Silent).average;
        for (place, length) in lengths.iter().enumerate() {
            let output = cell(&outputs, place);
            lines.push(TemperatureLine {
                factor: factor.get(),
                length: length.get(),
                entropy: cell(&entropies, place),
                participation: output.clone().map(|o| o.participation),
                error: output.map(|o| o.squared_error),
            });
        }
    }
    Ok(lines)
}
