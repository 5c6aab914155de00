//! The attention heads of one layer, and the output projection that joins them.

use nalgebra::DMatrix;

use super::Head;
use crate::error::{Error, Result};

/// Heads that read the same prompt, and how their outputs are joined.
///
/// The layer returns `sum_h O_h That_h`, where `O_h` (`m x k_h`) is the slice of columns of the output matrix `W_O` that belongs to
/// head `h`, or, without an output matrix, the outputs of the heads one under the other. An output bias shifts every output alike and changes no error.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    heads: Vec<Head>,
    /// One a head, or none.
    outputs: Vec<DMatrix<f64>>,
}

impl Layer {
    /// Heads whose outputs are put one under the other.
    ///
    /// # Errors
    /// [`Error::Shape`] if there is no head, or the key-query matrices (`d x e`) are not of one shape.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::Head;
    /// use attention_bounds::attention::Layer;
    /// use attention_bounds::nalgebra::{self, dmatrix};
    ///
    /// let head = Head::new(dmatrix![1.0], dmatrix![1.0])?;
    /// let layer = Layer::concatenated(vec![head.clone(), head])?;
    /// assert_eq!((layer.heads().len(), layer.dimension()), (2, 2));
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn concatenated(heads: Vec<Head>) -> Result<Self> {
        let Some(first) = heads.first() else {
            return Err(Error::shape("the layer", "no head", "at least one head"));
        };
        let (d, e) = first.key_query().shape();
        if let Some(head) = heads.iter().find(|head| head.key_query().shape() != (d, e)) {
            let (rows, columns) = head.key_query().shape();
            return Err(Error::shape(
                "the key-query matrix of a head",
                format!("{rows} x {columns}"),
                format!("{d} x {e}, as that of the first head"),
            ));
        }
        Ok(Self {
            heads,
            outputs: Vec::new(),
        })
    }

    /// Heads `V_h` (`k_h x d`) with their slices `O_h` (`m x k_h`) of the output matrix.
    ///
    /// # Errors
    /// [`Error::Shape`] as [`Layer::concatenated`], or if a slice has not as many columns as its head has outputs, slices have different numbers
    /// of rows, or an entry is not finite.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::Head;
    /// use attention_bounds::attention::Layer;
    /// use attention_bounds::nalgebra::{self, dmatrix};
    ///
    /// // Two heads that are added up.
    /// let head = Head::new(dmatrix![1.0], dmatrix![1.0])?;
    /// let layer = Layer::projected(vec![(head.clone(), dmatrix![1.0]), (head.clone(), dmatrix![1.0])])?;
    /// assert_eq!(layer.dimension(), 1);
    /// assert!(Layer::projected(vec![(head, dmatrix![1.0, 2.0])]).is_err());
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn projected(parts: Vec<(Head, DMatrix<f64>)>) -> Result<Self> {
        let (heads, outputs): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        let layer = Self {
            outputs,
            ..Self::concatenated(heads)?
        };
        let rows = layer.dimension();
        for (head, output) in layer.heads.iter().zip(&layer.outputs) {
            let columns = head.value().nrows();
            if output.shape() != (rows, columns) {
                return Err(Error::shape(
                    "the output projection of a head",
                    format!("{} x {}", output.nrows(), output.ncols()),
                    format!("{rows} x {columns}, one column an output of the head"),
                ));
            }
            if !output.iter().all(|x| x.is_finite()) {
                return Err(Error::shape(
                    "the output projection of a head",
                    "an entry that is not finite",
                    "finite entries",
                ));
            }
        }
        Ok(layer)
    }

    /// The heads; at least one.
    pub fn heads(&self) -> &[Head] {
        &self.heads
    }

    /// The slices `O_h` of the output matrix, one a head; empty if the outputs are put one under the other.
    pub fn outputs(&self) -> &[DMatrix<f64>] {
        &self.outputs
    }

    /// Dimensions `d` of a token and `e` of a query.
    pub fn shape(&self) -> (usize, usize) {
        self.heads
            .first()
            .map_or((0, 0), |head| head.key_query().shape())
    }

    /// Dimension `m` of the output of the layer.
    pub fn dimension(&self) -> usize {
        match self.outputs.first() {
            Some(output) => output.nrows(),
            None => self.heads.iter().map(|head| head.value().nrows()).sum(),
        }
    }
}
