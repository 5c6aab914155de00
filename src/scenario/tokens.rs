//! The `[tokens]` table: the law of one prompt token.

use crate::error::Result;
use crate::parameter::{Dimension, Positive};

use super::matrix::{self, MatrixSpec};
use super::section::{Field, Section};
use super::table::TableSpec;

const LAWS: &str = "gaussian, mixture, sphere, rademacher, cube, rare-atom, empirical or key-value";

/// A token law of a scenario, not yet built.
#[derive(Debug, Clone, PartialEq)]
pub enum TokenSpec {
    /// `N(mean, covariance)`.
    Gaussian(GaussianSpec),
    /// A mixture of Gaussian laws.
    Mixture {
        /// Weight and law of each component.
        components: Vec<(f64, GaussianSpec)>,
    },
    /// Uniform on the sphere of a radius, in `R^dimension`.
    Sphere {
        /// Dimension of a token.
        dimension: Dimension,
        /// Radius of the sphere.
        radius: Positive,
    },
    /// Independent coordinates, each `+scale` or `-scale` with probability 1/2.
    Rademacher {
        /// Dimension of a token.
        dimension: Dimension,
        /// Size of a coordinate, 1 if not said.
        scale: Positive,
    },
    /// Uniform on `[-half_width, half_width]^dimension`.
    Cube {
        /// Dimension of a token.
        dimension: Dimension,
        /// Half of the edge.
        half_width: Positive,
    },
    /// Atoms `-h` and `h` of total probability `eps`, and 0 otherwise, in dimension 1.
    RareAtom {
        /// `h`, or the variance proxy that determines it.
        width: RareAtomWidth,
        /// `eps`.
        probability: Positive,
    },
    /// The rows of a file, equally likely.
    Empirical(TableSpec),
    /// The pairs of a key and its value that a head has cached, equally likely.
    KeyValue {
        /// One key a row.
        keys: TableSpec,
        /// One value a row.
        values: TableSpec,
    },
}

/// How far out the atoms of a rare-atom law are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RareAtomWidth {
    /// `h` itself.
    HalfWidth(Positive),
    /// As far as this variance proxy `sigma^2` allows.
    VarianceProxy(Positive),
}

/// A Gaussian law of a scenario, not yet built.
#[derive(Debug, Clone, PartialEq)]
pub struct GaussianSpec {
    /// The mean; zero if not said.
    pub mean: Option<Vec<f64>>,
    /// The covariance.
    pub covariance: MatrixSpec,
}

impl GaussianSpec {
    /// Reads `mean` and `covariance` of a table.
    pub(super) fn read(section: &Section) -> Result<Self> {
        let accepted = "a list of finite numbers";
        Ok(Self {
            mean: section.optional("mean", |field| field.numbers(accepted))?,
            covariance: MatrixSpec::read(&section.require("covariance", matrix::ACCEPTED)?)?,
        })
    }

    pub(super) fn describe(&self) -> String {
        let covariance = self.covariance.describe();
        let mean = if self.mean.is_some() {
            "mean given, "
        } else {
            ""
        };
        format!("gaussian, {mean}covariance {covariance}")
    }

    /// The dimension that mean and covariance give without reading a file.
    pub(super) fn dimension(&self) -> Option<Dimension> {
        let from_covariance = self.covariance.shape(None).map(|(rows, _)| rows);
        let size = from_covariance.or_else(|| self.mean.as_ref().map(Vec::len))?;
        Dimension::new(size).ok()
    }
}

impl TokenSpec {
    pub(super) fn read(section: &Section) -> Result<Self> {
        let law = section.require("law", LAWS)?;
        match law.text(LAWS)? {
            "gaussian" => {
                section.only(&["law", "mean", "covariance"])?;
                Ok(TokenSpec::Gaussian(GaussianSpec::read(section)?))
            }
            "mixture" => {
                section.only(&["law", "components"])?;
                let accepted = "a list of { weight, mean, covariance }";
                let components = section.require("components", accepted)?.list(accepted)?;
                Ok(TokenSpec::Mixture {
                    components: components
                        .iter()
                        .map(component)
                        .collect::<Result<Vec<_>>>()?,
                })
            }
            "sphere" => {
                section.only(&["law", "dimension", "radius"])?;
                Ok(TokenSpec::Sphere {
                    dimension: dimension(section)?,
                    radius: positive(&section.require("radius", POSITIVE)?, "radius")?,
                })
            }
            "rademacher" => {
                section.only(&["law", "dimension", "scale"])?;
                let scale = match section.get("scale") {
                    Some(field) => positive(&field, "scale")?,
                    None => Positive::new("scale", 1.0)?,
                };
                Ok(TokenSpec::Rademacher {
                    dimension: dimension(section)?,
                    scale,
                })
            }
            "cube" => {
                section.only(&["law", "dimension", "half_width"])?;
                Ok(TokenSpec::Cube {
                    dimension: dimension(section)?,
                    half_width: positive(&section.require("half_width", POSITIVE)?, "half_width")?,
                })
            }
            "rare-atom" => {
                section.only(&["law", "half_width", "variance_proxy", "probability"])?;
                let width = match (section.get("half_width"), section.get("variance_proxy")) {
                    (Some(field), None) => {
                        RareAtomWidth::HalfWidth(positive(&field, "half_width")?)
                    }
                    (None, Some(field)) => {
                        RareAtomWidth::VarianceProxy(positive(&field, "variance_proxy")?)
                    }
                    (Some(_), Some(field)) => {
                        return Err(field.refuse("half_width or variance_proxy, not both"));
                    }
                    (None, None) => {
                        return Err(section.missing(
                            "half_width",
                            "half_width = .. or variance_proxy = .., greater than 0",
                        ));
                    }
                };
                Ok(TokenSpec::RareAtom {
                    width,
                    probability: positive(
                        &section.require("probability", "a number between 0 and 1")?,
                        "probability",
                    )?,
                })
            }
            "empirical" => {
                section.only(&["law", "file", "header", "index", "tensor"])?;
                TableSpec::read(section, "file").map(TokenSpec::Empirical)
            }
            "key-value" => {
                section.only(&["law", "keys", "values"])?;
                let table = |key| TableSpec::of_field(&section.require(key, CACHED)?, CACHED);
                Ok(TokenSpec::KeyValue {
                    keys: table("keys")?,
                    values: table("values")?,
                })
            }
            _ => Err(law.refuse(LAWS)),
        }
    }

    pub(super) fn describe(&self) -> String {
        match self {
            TokenSpec::Gaussian(law) => law.describe(),
            TokenSpec::Mixture { components } => {
                format!("mixture of {} gaussian laws", components.len())
            }
            TokenSpec::Sphere { radius, .. } => format!("sphere of radius {}", radius.get()),
            TokenSpec::Rademacher { scale, .. } => format!("rademacher, scale {}", scale.get()),
            TokenSpec::Cube { half_width, .. } => {
                format!("cube of half width {}", half_width.get())
            }
            TokenSpec::RareAtom { width, probability } => {
                let width = match width {
                    RareAtomWidth::HalfWidth(h) => format!("half width {}", h.get()),
                    RareAtomWidth::VarianceProxy(proxy) => {
                        format!("variance proxy {}", proxy.get())
                    }
                };
                format!("rare atoms of {width}, probability {}", probability.get())
            }
            TokenSpec::Empirical(table) => format!("rows of {}", table.describe()),
            TokenSpec::KeyValue { keys, values } => {
                format!(
                    "key-value pairs of {} and {}",
                    keys.describe(),
                    values.describe()
                )
            }
        }
    }
}

/// What `keys` and `values` may be.
const CACHED: &str = "the path of a table of numbers, or a table { file, header, index, tensor }";
const POSITIVE: &str = "a finite number greater than 0";

fn positive(field: &Field, name: &'static str) -> Result<Positive> {
    Positive::new(name, field.number(POSITIVE)?).map_err(|_| field.refuse(POSITIVE))
}

fn dimension(section: &Section) -> Result<Dimension> {
    matrix::dimension(&section.require("dimension", matrix::DIMENSION)?)
}

fn component(field: &Field) -> Result<(f64, GaussianSpec)> {
    let section = field.section("a table { weight, mean, covariance }")?;
    section.only(&["weight", "mean", "covariance"])?;
    let weight = positive(&section.require("weight", POSITIVE)?, "weight")?;
    Ok((weight.get(), GaussianSpec::read(&section)?))
}
