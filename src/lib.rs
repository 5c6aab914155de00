//! How far is softmax attention over a prompt of `L` tokens from its infinite-prompt limit?
//!
//! For i.i.d. prompt tokens `X_1, ..., X_L` of a law `mu` and a query `z`, an attention head with key-query
//! matrix `U` and value matrix `V` returns `That = V sum_i p_i X_i`, where the weights `p_i` are the softmax of the
//! scores `<U z, X_i>`. As `L` grows, `That` tends to `T = V grad Lam(U z)`, where `Lam` is the cumulant
//! generating function of `mu`. This crate computes the expected squared error `E|That - T|^2` at any `L`:
//!
//! * [`exact`]: its value, by a one-dimensional integral whose cost does not grow with `L`, without simulation;
//! * [`bound`]: explicit upper bounds, each a theorem with its hypotheses and proof parameters;
//! * [`monte_carlo`]: seeded simulation by a route that shares nothing with either but the samplers;
//! * [`certificate`]: Coq lemmas that single printed bounds are at least their theorem's formula;
//! * [`sampling`]: the error of attention that reads some keys of a given context for certain and draws from the others;
//! * [`regression`]: in-context regression: exact risks, gradient flows, and the paper's heads trained by gradient descent;
//! * [`study`]: the three side by side, with verdicts; the smallest sufficient `L`, and the rate.
//!
//! The front door is [`Study`]:
//!
//! ```
//! use attention_bounds::nalgebra::{self, DMatrix, dmatrix};
//! use attention_bounds::{Gaussian, Head, QueryLaw, Study};
//!
//! # fn main() -> attention_bounds::Result<()> {
//! // Standard normal tokens in the plane, U = V = I, and one query.
//! let identity = DMatrix::identity(2, 2);
//! let tokens = Gaussian::centred(identity.clone())?;
//! let head = Head::new(identity.clone(), identity)?;
//! let study = Study::new(tokens, head, QueryLaw::uniform(dmatrix![1.0; 0.0])?)?;
//!
//! let table = study.lengths([100, 1_000_000])?.table()?;
//! for row in &table.rows {
//!     let exact = row.exact.as_ref().expect("Gaussian tokens have exact values");
//!     let best = row.best().expect("some theorem applies");
//!     println!("L = {}: {:.4e} <= {:.4e} ({})", row.length, exact.value, best.value, best.theorem);
//!     assert!(exact.value <= best.value);
//! }
//! // L E|That - T|^2 tends to e^{s^2} (tau_V + eta) = 3 e, here s^2 = eta = 1 and tau_V = 2.
//! let limit = 3.0 * 1f64.exp() / 1e6;
//! assert!((table.rows[1].exact.as_ref().unwrap().value / limit - 1.0).abs() < 1e-3);
//! # Ok(())
//! # }
//! ```
//!
//! # Conventions
//!
//! * Errors are **squared** and are expectations over the prompt; [`theory`] states and proves everything.
//! * Vectors are columns; a list of tokens or queries is a matrix with one a column. `U` is `d x e`, `V` is
//!   `m x d`, for tokens in `R^d` and queries in `R^e`. A `1/sqrt(k)` scale of the scores is absorbed in `U`.
//! * `sigma^2` is a **variance proxy**, 1 for a standard normal law, and not a psi_2 norm
//!   ([`parameter::VarianceProxy::from_psi2_norm`] converts).
//! * A bound never lies below what it bounds: it is the upper end of an [`interval`], never clamped, and
//!   says whether it is vacuous or which hypothesis fails ([`bound::Status`]). An exact value
//!   carries its numerical error ([`exact::Exact::error`]), with a proof or as an estimate, and says which.
//! * Nothing panics on bad input: every fallible function returns [`error::Error`], which names the value
//!   and what is accepted.
//!
//! # An exact value is not a bound
//!
//! A value with its error ([`exact::Exact`]) and an upper bound with its theorem ([`bound::Bound`])
//! are different types without a conversion, so neither can be passed for the other. Averaging bounds over
//! queries:
//!
//! ```
//! use attention_bounds::bound::{GaussianOutput, KnownMoments, list_average, trivial_bound};
//! use attention_bounds::parameter::PromptLength;
//!
//! let output = GaussianOutput::new(1.0, 2.0, 1.0).unwrap();
//! let length = PromptLength::new(100).unwrap();
//! let bound = trivial_bound(Some(&KnownMoments::gaussian(output)), None, length);
//! let average = list_average(&[vec![bound]], &[1.0]);
//! assert!(average[0].value().unwrap() >= 3.0);
//! ```
//!
//! The same call with an exact value does not compile:
//!
//! ```compile_fail,E0308
//! use attention_bounds::bound::list_average;
//! use attention_bounds::exact::gaussian_participation;
//! use attention_bounds::parameter::PromptLength;
//!
//! let length = PromptLength::new(100).unwrap();
//! let exact = gaussian_participation(1.0, &[length]).unwrap()[0].second;
//! let average = list_average(&[vec![exact]], &[1.0]);
//! ```
//!
//! # Rooms
//!
//! Data flow one way. What is asked: [`law`], [`attention`]. Three answers that do not know each other: [`exact`],
//! [`bound`], [`monte_carlo`]. [`sampling`] holds question and answers of attention over a part of a given context. [`study`] puts
//! the answers side by side, with [`claim`]s of one's own, into the records of [`mod@record`], which [`render`] turns into text.
//! [`regression`] is in-context regression, [`certificate`] the way of a printed number into Coq. The program (feature `cli`) adds
//! `scenario` and `cli`. A test reads the imports and holds this.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod attention;
pub mod bound;
#[cfg(feature = "certificate")]
pub mod certificate;
pub mod claim;
#[cfg(feature = "cli")]
pub mod cli;
pub mod error;
pub mod exact;
pub mod file;
pub mod interval;
pub mod law;
pub mod monte_carlo;
pub mod parameter;
pub mod progress;
pub mod record;
pub mod regression;
pub mod render;
pub mod sampling;
#[cfg(feature = "cli")]
pub mod scenario;
pub mod study;
pub mod text;
pub mod theory;

pub use attention::{Head, QueryLaw};
pub use error::{Error, Result};
pub use law::{Cube, Empirical, Gaussian, Mixture, Rademacher, RareAtom, Sphere, TokenLaw};
pub use parameter::PromptLength;
pub use record::Table;
pub use study::{Study, length::Epsilon};

/// Vectors and matrices of the interface.
pub use nalgebra;
/// Random numbers, for the sampler of a law of one's own.
pub use rand;

/// The examples of README.md, compiled and run as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct ReadmeExamples;
