//! All heads of the layer of a checkpoint.

use crate::attention::{Head, Layer};
use crate::error::Result;
use crate::file::{HeadWeights, read_layer};
use crate::parameter::Dimension;
use crate::scenario::fixed::FixedSpec;
use crate::scenario::head::HeadSpec;
use crate::scenario::matrices::Builder;
use crate::scenario::specification::Scenario;
use crate::study::layer::LayerStudy;

impl Scenario {
    /// The study of all heads of the layer that the scenario names, whichever head it says, with its lengths.
    ///
    /// # Errors
    /// As [`Scenario::build`]; if the head is not one of a checkpoint, or the scenario has fixed tokens.
    pub fn layer_study(&self) -> Result<LayerStudy> {
        let refuse = |key: &str, found: &str, accepted: &str| {
            Err(self.origin.refuse(key.to_owned(), found, accepted))
        };
        let Some(spec @ HeadSpec::Layer(request)) = &self.head.layer() else {
            let accepted = "the checkpoint of a layer: --layer asks for all heads of one";
            return refuse("head.weights", "nothing", accepted);
        };
        if self.fixed != FixedSpec::default() {
            let accepted =
                "none: the error of a layer is computed for prompts without fixed tokens";
            return refuse("head.fixed_tokens", "fixed tokens", accepted);
        }
        let mut builder = Builder::new(&self.origin);
        let tokens = builder.tokens(&self.tokens)?;
        let dimension = Dimension::new(tokens.dimension())?;
        let query = builder.query(&self.query, tokens.as_ref(), dimension)?;
        let key = "head.weights";
        let (d, e) = (dimension.get(), query.dimension());
        builder.budget.matrices(key, request.heads as u64, d, e)?;
        let found = read_layer(request).map_err(|error| builder.at(key, error))?;
        builder.remark(key, found.remarks);
        let heads = found
            .heads
            .into_iter()
            .map(|head| builder.checkpoint_head(head, dimension, e));
        let heads = heads.collect::<Result<Vec<_>>>()?;
        let layer = match found.outputs {
            Some(outputs) => Layer::projected(heads.into_iter().zip(outputs).collect()),
            None => Layer::concatenated(heads),
        };
        let layer = layer.map_err(|error| builder.at(key, error))?;
        let described = Self {
            head: spec.clone(),
            ..self.clone()
        };
        let description = format!("{} (d = {d})", described.describe());
        Ok(LayerStudy::new(tokens, layer, query)?
            .lengths(self.lengths.iter().map(|length| length.get()))?
            .described(&builder.described(description)))
    }
}

impl Builder<'_> {
    pub(super) fn checkpoint_head(
        &self,
        found: HeadWeights,
        tokens: Dimension,
        query: usize,
    ) -> Result<Head> {
        let key = "head.weights";
        let head = Head::with_tilt_bias(found.key_query, found.value, found.query_bias)
            .map_err(|error| self.at(key, error))?;
        self.head_fits(head, (key, key), tokens, query)
    }
}
