//! From the files of a scan to tokens, queries and heads, layer by layer.

use std::sync::Arc;

use nalgebra::DMatrix;

use super::{LayerQueries, LayerSpec, ScanScenario};
use crate::attention::{Head, QueryLaw};
use crate::error::{Error, Result};
use crate::file::{HeadRequest, open_regular, read_head};
use crate::law::Empirical;
use crate::scenario::matrices::Builder;
use crate::scenario::section::Origin;
use crate::study::scan::{LayerHead, LayerInputs, ScanLayer};

impl ScanScenario {
    /// Refuses files that are not there, before anything is computed.
    ///
    /// # Errors
    /// [`Error::Scenario`], naming the key.
    pub fn check_files(&self) -> Result<()> {
        let builder = Builder::new(&self.origin);
        for layer in &self.layers {
            let weights = &layer.head.weights;
            if let Err(error) = std::fs::metadata(weights) {
                let reason = format!("cannot be read: {error}");
                let path = weights.clone();
                return Err(builder.at("scan.weights", Error::File { path, reason }));
            }
            open_regular(&layer.tokens.path).map_err(|error| builder.at("scan.tokens", error))?;
            if let LayerQueries::File(table) = &layer.queries {
                open_regular(&table.path).map_err(|error| builder.at("scan.queries", error))?;
            }
        }
        Ok(())
    }

    /// The layers; files are read when a layer, and weights when a head of it, is asked for.
    pub fn layers(&self) -> impl ExactSizeIterator<Item = ScanLayer<'_>> {
        self.layers.iter().map(|layer| ScanLayer {
            number: layer.number,
            inputs: layer.inputs(&self.origin),
            head: Box::new(|head| layer.head(head)),
        })
    }
}

impl LayerSpec {
    fn inputs(&self, origin: &Origin) -> Result<LayerInputs> {
        let mut builder = Builder::new(origin);
        let points = builder.columns(&self.tokens, "scan.tokens")?;
        let (columns, count) = points.shape();
        builder.budget.matrices("scan.tokens", 2, count, columns)?;
        let (key, queries) = match &self.queries {
            LayerQueries::File(table) => ("scan.queries", builder.columns(table, "scan.queries")?),
            LayerQueries::Spaced(number) => {
                let number = *number;
                if number > count {
                    let accepted = format!("an integer from 1 to {count}, the number of tokens");
                    return Err(origin.refuse("scan.queries", number, accepted));
                }
                let places = (0..number).map(|i| (2 * i + 1) * count / (2 * number));
                let chosen: Vec<_> = places.map(|place| points.column(place)).collect();
                ("scan.tokens", DMatrix::from_columns(&chosen))
            }
        };
        let (width, number) = queries.shape();
        builder.budget.matrices(key, 2, number, width)?;
        // Every head has a key-query matrix of this shape.
        builder.budget.matrices("scan.weights", 1, columns, width)?;
        let tokens =
            Empirical::of_columns(points).map_err(|error| builder.at("scan.tokens", error))?;
        let query = QueryLaw::uniform(queries).map_err(|error| builder.at(key, error))?;
        Ok(LayerInputs {
            tokens: Arc::new(tokens),
            query,
            remarks: builder.remarks,
        })
    }

    fn head(&self, head: usize) -> Result<LayerHead> {
        let found = read_head(&HeadRequest {
            head,
            ..self.head.clone()
        })?;
        let remarks = found.remarks.into_iter();
        Ok(LayerHead {
            head: Head::with_tilt_bias(found.key_query, found.value, found.query_bias)?,
            remarks: remarks
                .map(|remark| format!("scan.weights: {remark}"))
                .collect(),
        })
    }
}
