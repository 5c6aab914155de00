//! From a checked scenario to laws, head and queries.

mod layer;
mod sampling;

use nalgebra::{DMatrix, DVector};

use crate::attention::{FixedTokens, Head, QueryLaw, key_value_head, key_value_pairs};
use crate::error::{Error, Result};
use crate::file::read_head;
use crate::law::{Cube, Empirical, Gaussian, Mixture, Rademacher, RareAtom, Sphere, TokenLaw};
use crate::parameter::{Dimension, PromptLength};
use crate::study::Study;

use super::head::{HeadSpec, which};
use super::matrices::{Builder, dense};
use super::matrix::MatrixSpec;
use super::query::QuerySpec;
use super::specification::Scenario;
use super::table::TableSpec;
use super::tokens::{GaussianSpec, RareAtomWidth, TokenSpec};

/// Everything that a computation needs; all dimensions fit.
#[derive(Debug)]
pub struct Setting {
    /// The scenario as the user named it: a file name or `command line`.
    pub name: String,
    /// Tokens, query and head in one line, with what readers of files decided by themselves.
    pub description: String,
    /// The token law, of dimension `d`.
    pub tokens: Box<dyn TokenLaw>,
    /// The head: `U` is `d x e`, `V` is `m x d`.
    pub head: Head,
    /// The query law, of dimension `e`.
    pub query: QueryLaw,
    /// The tokens that are in every prompt, if there are any.
    pub fixed_tokens: Option<FixedTokens>,
    /// Dimension `k` of a key, if tokens are pairs of a key and a value.
    pub keys: Option<Dimension>,
    /// The prompt lengths, sorted, each once.
    pub lengths: Vec<PromptLength>,
}

/// Matrices a Gaussian law holds or works with: covariance, root, eigenvectors.
const GAUSSIAN_COPIES: u64 = 3;

impl Scenario {
    /// Reads the files that the scenario names and builds laws, head and queries.
    ///
    /// # Errors
    /// [`Error::Scenario`], naming the key, if a file cannot be used, a covariance is not positive
    /// semi-definite, dimensions do not fit, or the matrices would not fit in memory (more than 2^28
    /// entries in all); the last is found before anything is allocated.
    pub fn build(&self) -> Result<Setting> {
        self.built_by(&mut Builder::new(&self.origin))
    }

    fn built_by(&self, builder: &mut Builder) -> Result<Setting> {
        let (tokens, keys) = match &self.tokens {
            TokenSpec::KeyValue { keys, values } => {
                let (law, keys) = builder.pairs(keys, values)?;
                (law, Some(keys))
            }
            law => (builder.tokens(law)?, None),
        };
        let dimension = Dimension::new(tokens.dimension())?;
        let query = builder.query(&self.query, tokens.as_ref(), keys.unwrap_or(dimension))?;
        let head = match keys {
            Some(keys) => builder.cached_head(&self.head, keys, dimension, query.dimension())?,
            None => builder.head(&self.head, dimension, query.dimension())?,
        };
        let sizes = match keys {
            Some(keys) => format!("k = {}, m = {}", keys.get(), head.value().nrows()),
            None => format!("d = {}", dimension.get()),
        };
        let fixed_tokens = builder.fixed(&self.fixed, &head)?;
        Ok(Setting {
            name: self.origin.name.clone(),
            description: builder.described(format!("{} ({sizes})", self.describe())),
            tokens,
            head,
            query,
            fixed_tokens,
            keys,
            lengths: self.lengths.clone(),
        })
    }

    /// The study of this scenario, with its lengths.
    ///
    /// # Errors
    /// As [`Scenario::build`].
    pub fn study(&self) -> Result<Study> {
        if self.lengths.is_empty() {
            let accepted =
                "the table is required: the prompt lengths (without it, sample alone answers)";
            return Err(self.origin.refuse("grid", "nothing", accepted));
        }
        let study = self.asked(&mut Builder::new(&self.origin))?;
        study.lengths(self.lengths.iter().map(|length| length.get()))
    }

    /// The same without lengths.
    fn asked(&self, builder: &mut Builder) -> Result<Study> {
        let setting = self.built_by(builder)?;
        let mut study = Study::new(setting.tokens, setting.head, setting.query)?;
        if setting.keys.is_some() {
            study = study.of_cache();
        }
        if let Some(fixed) = setting.fixed_tokens {
            study = study.with_fixed(fixed)?;
        }
        Ok(study
            .named(&setting.name, &setting.description)
            .scenario(self.source_json()))
    }
}

impl Builder<'_> {
    fn tokens(&mut self, spec: &TokenSpec) -> Result<Box<dyn TokenLaw>> {
        if let TokenSpec::Sphere { dimension, .. }
        | TokenSpec::Rademacher { dimension, .. }
        | TokenSpec::Cube { dimension, .. } = spec
        {
            // Any law has a `d x d` covariance, sooner or later.
            let d = dimension.get();
            self.budget.matrices("tokens.dimension", 1, d, d)?;
        }
        let (key, built) = match spec {
            TokenSpec::Gaussian(law) => return Ok(Box::new(self.gaussian(law, "tokens", None)?)),
            TokenSpec::Mixture { components } => return self.mixture(components),
            TokenSpec::Sphere { dimension, radius } => {
                let law = Sphere::new(dimension.get(), radius.get());
                ("tokens.radius", law.map(boxed))
            }
            TokenSpec::Rademacher { dimension, scale } => {
                let law = Rademacher::new(dimension.get(), scale.get());
                ("tokens.scale", law.map(boxed))
            }
            TokenSpec::Cube {
                dimension,
                half_width,
            } => {
                let law = Cube::new(dimension.get(), half_width.get());
                ("tokens.half_width", law.map(boxed))
            }
            TokenSpec::RareAtom { width, probability } => {
                let (key, law) = match width {
                    RareAtomWidth::HalfWidth(h) => {
                        let law = RareAtom::new(h.get(), probability.get());
                        ("tokens.half_width", law)
                    }
                    RareAtomWidth::VarianceProxy(proxy) => {
                        let law = RareAtom::widest(proxy.get(), probability.get());
                        ("tokens.variance_proxy", law)
                    }
                };
                match &law {
                    Err(Error::Parameter { parameter, .. }) if *parameter == "probability" => {
                        ("tokens.probability", law.map(boxed))
                    }
                    _ => (key, law.map(boxed)),
                }
            }
            TokenSpec::KeyValue { keys, values } => return Ok(self.pairs(keys, values)?.0),
            TokenSpec::Empirical(table) => {
                let points = self.columns(table, "tokens.file")?;
                let (columns, count) = points.shape();
                self.budget.matrices("tokens.file", 2, count, columns)?;
                self.budget.matrices("tokens.file", 1, columns, columns)?;
                ("tokens.file", Empirical::of_columns(points).map(boxed))
            }
        };
        built.map_err(|error| self.at(key, error))
    }

    /// The law of the pairs of a cache, and the dimension of a key.
    fn pairs(
        &mut self,
        keys: &TableSpec,
        values: &TableSpec,
    ) -> Result<(Box<dyn TokenLaw>, Dimension)> {
        let (of_keys, of_values) = ("tokens.keys", "tokens.values");
        let keys = self.read(keys, of_keys)?;
        let values = self.read(values, of_values)?;
        let (count, k) = keys.shape();
        let m = values.ncols();
        self.remark(of_keys, vec![format!("{count} pairs")]);
        // As read, side by side, and in the law.
        self.budget.matrices(of_keys, 3, count, k)?;
        self.budget.matrices(of_values, 3, values.nrows(), m)?;
        // Covariance, key-query and value matrix.
        self.budget.matrices(of_values, 2, k + m, k + m)?;
        let law = key_value_pairs(&keys, &values).map_err(|error| self.at(of_values, error))?;
        Ok((boxed(law), Dimension::new(k)?))
    }

    fn mixture(&mut self, components: &[(f64, GaussianSpec)]) -> Result<Box<dyn TokenLaw>> {
        // A component whose own keys do not say its dimension has that of the first that does.
        let dimension = components.iter().find_map(|(_, law)| law.dimension());
        let mut laws = Vec::with_capacity(components.len());
        for (index, (weight, law)) in components.iter().enumerate() {
            let key = format!("tokens.components[{index}]");
            let law = self.gaussian(law, &key, dimension)?;
            if let Some(dimension) = dimension
                && law.mean().len() != dimension.get()
            {
                return Err(self.origin.refuse(
                    key,
                    format!("a law of dimension {}", law.mean().len()),
                    format!("dimension {}, as the first component has", dimension.get()),
                ));
            }
            laws.push((*weight, law));
        }
        Mixture::new(laws)
            .map(boxed)
            .map_err(|error| self.at("tokens.components", error))
    }

    fn gaussian(
        &mut self,
        spec: &GaussianSpec,
        key: &str,
        dimension: Option<Dimension>,
    ) -> Result<Gaussian> {
        let matrix_key = format!("{key}.covariance");
        let from_mean = spec.mean.as_ref().map(|mean| Dimension::new(mean.len()));
        let dimension = from_mean.transpose()?.or(dimension);
        let covariance = self.matrix(&spec.covariance, &matrix_key, dimension, GAUSSIAN_COPIES)?;
        let mean = match &spec.mean {
            Some(mean) if mean.len() != covariance.nrows() => {
                return Err(self.origin.refuse(
                    format!("{key}.mean"),
                    format!("{} numbers", mean.len()),
                    format!(
                        "{} numbers, one a row of the covariance",
                        covariance.nrows()
                    ),
                ));
            }
            Some(mean) => DVector::from_column_slice(mean),
            None => DVector::zeros(covariance.nrows()),
        };
        Gaussian::new(mean, covariance).map_err(|error| self.at(&matrix_key, error))
    }

    fn query(
        &mut self,
        spec: &QuerySpec,
        tokens: &dyn TokenLaw,
        dimension: Dimension,
    ) -> Result<QueryLaw> {
        match spec {
            QuerySpec::Gaussian(law) => self
                .gaussian(law, "query", Some(dimension))
                .map(QueryLaw::Gaussian),
            QuerySpec::Rows(rows) => QueryLaw::uniform(dense(rows).transpose())
                .map_err(|error| self.at("query.rows", error)),
            QuerySpec::File(table) => {
                let queries = self.columns(table, "query.file")?;
                self.budget
                    .matrices("query.file", 1, queries.ncols(), queries.nrows())?;
                QueryLaw::uniform(queries).map_err(|error| self.at("query.file", error))
            }
            QuerySpec::Tokens if dimension.get() != tokens.dimension() => Err(self.origin.refuse(
                "query.law",
                "tokens",
                "gaussian or fixed: a pair of a key and a value is no query",
            )),
            QuerySpec::Tokens => {
                QueryLaw::from_tokens(tokens).map_err(|error| self.at("query.law", error))
            }
        }
    }

    /// The head of pairs of a key in `R^keys` and a value, `tokens` coordinates together.
    fn cached_head(
        &self,
        spec: &HeadSpec,
        keys: Dimension,
        tokens: Dimension,
        query: usize,
    ) -> Result<Head> {
        let HeadSpec::Cached(scale) = spec else {
            return Err(self.origin.refuse(
                "head",
                spec.describe(),
                "scale = .. alone: key-value tokens have no matrices",
            ));
        };
        if query != keys.get() {
            return Err(self.origin.refuse(
                "query",
                format!("a query of dimension {query}"),
                format!("dimension {}, that of the keys", keys.get()),
            ));
        }
        let values = tokens.get() - keys.get();
        key_value_head(scale.number(keys.get()), keys.get(), values)
            .map_err(|error| self.at("head.scale", error))
    }

    fn head(&mut self, spec: &HeadSpec, tokens: Dimension, query: usize) -> Result<Head> {
        let (key_query, value, tilt_bias) = match spec {
            HeadSpec::Cached(_) => {
                let accepted = "the head of key-value tokens only; key_query and value, or weights, are required";
                return Err(self.origin.refuse("head", spec.describe(), accepted));
            }
            HeadSpec::Checkpoint(request) => {
                let key = "head.weights";
                self.budget.matrices(key, 1, tokens.get(), query)?;
                let found = read_head(request).map_err(|error| self.at(key, error))?;
                self.remark(key, found.remarks.clone());
                return self.checkpoint_head(found, tokens, query);
            }
            HeadSpec::Layer(request) => {
                let accepted =
                    format!("{}; table --layer asks for all heads", which(request.heads));
                return Err(self.origin.refuse("head.head", "nothing", accepted));
            }
            HeadSpec::Matrices {
                key_query,
                value,
                tilt_bias,
            } => (key_query, value, tilt_bias.as_deref()),
        };
        let head = self.head_matrices(key_query, value, tilt_bias, tokens)?;
        self.head_fits(head, ("head.key_query", "head.value"), tokens, query)
    }

    fn head_fits(
        &self,
        head: Head,
        (key_query, value): (&str, &str),
        tokens: Dimension,
        query: usize,
    ) -> Result<Head> {
        let (rows, columns) = head.key_query().shape();
        if (rows, columns) != (tokens.get(), query) {
            return Err(self.origin.refuse(
                key_query,
                format!("a key-query matrix of shape {rows} x {columns}"),
                format!(
                    "{} x {query}: tokens have dimension {}, the query has dimension {query}",
                    tokens.get(),
                    tokens.get()
                ),
            ));
        }
        self.value_fits(value, head.value(), tokens)?;
        Ok(head)
    }

    fn value_fits(&self, key: &str, value: &DMatrix<f64>, tokens: Dimension) -> Result<()> {
        if value.ncols() == tokens.get() {
            return Ok(());
        }
        Err(self.origin.refuse(
            key,
            format!(
                "a value matrix of shape {} x {}",
                value.nrows(),
                value.ncols()
            ),
            format!("m x {0}: tokens have dimension {0}", tokens.get()),
        ))
    }

    fn head_matrices(
        &mut self,
        key_query: &MatrixSpec,
        value: &MatrixSpec,
        tilt_bias: Option<&[f64]>,
        tokens: Dimension,
    ) -> Result<Head> {
        let key_query = self.matrix(key_query, "head.key_query", Some(tokens), 1)?;
        let value = self.matrix(value, "head.value", Some(tokens), 1)?;
        self.value_fits("head.value", &value, tokens)?;
        let bias = match tilt_bias {
            Some(bias) if bias.len() != tokens.get() => {
                return Err(self.origin.refuse(
                    "head.tilt_bias",
                    format!("{} numbers", bias.len()),
                    format!("{0} numbers: tokens have dimension {0}", tokens.get()),
                ));
            }
            Some(bias) => DVector::from_column_slice(bias),
            None => DVector::zeros(key_query.nrows()),
        };
        Head::with_tilt_bias(key_query, value, bias)
            .map_err(|error| self.at("head.key_query", error))
    }
}

fn boxed<L: TokenLaw + 'static>(law: L) -> Box<dyn TokenLaw> {
    Box::new(law)
}
