//! [`Study`]: what is asked, put together step by step.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::options::TableOptions;
use super::question::Question;
use super::simulate::SimulationRequest;
use super::verdict::Levels;
use crate::attention::{FixedTokens, Head, QueryLaw};
use crate::claim::{Formula, Printed, VARIABLES};
use crate::error::Result;
use crate::law::{LawKind, TokenLaw};
use crate::monte_carlo::Route;
use crate::parameter::{ErrorProbability, Positive, Probability, PromptLength, refused};
use crate::progress::{Progress, Silent};
use crate::record::Request;

/// The simulation where nothing else is said.
const USUAL: SimulationRequest = SimulationRequest {
    prompts: 10_000,
    seed: 1,
    route: None,
    longest: None,
    average_only: false,
};

/// The front door: a token law, a head, a query law, and what is asked of them.
///
/// A study owns what it asks about and never changes: every method that asks for more returns a new study, which
/// shares the matrices of the old one. Then [`Study::table`], [`Study::check`], [`Study::length`], [`Study::rate`]
/// and their like answer.
///
/// ```
/// use attention_bounds::{Gaussian, Head, QueryLaw, Study};
/// use attention_bounds::nalgebra::{DMatrix, dmatrix};
///
/// # fn main() -> attention_bounds::Result<()> {
/// // Standard normal tokens in the plane, U = V = I, one query.
/// let identity = DMatrix::identity(2, 2);
/// let tokens = Gaussian::centred(identity.clone())?;
/// let head = Head::new(identity.clone(), identity)?;
/// let study = Study::new(tokens, head, QueryLaw::uniform(dmatrix![1.0; 0.0])?)?;
///
/// let table = study.lengths([100, 10_000])?.table()?;
/// let row = &table.rows[0];
/// assert!(row.exact.as_ref().unwrap().value <= row.best().unwrap().value);
///
/// let checked = study.lengths([100])?.simulate(2_000).seed(7).check()?;
/// assert!(!checked.is_violated());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Study {
    pub(super) tokens: Arc<dyn TokenLaw>,
    pub(super) head: Arc<Head>,
    pub(super) query: Arc<QueryLaw>,
    pub(super) fixed: Option<Arc<FixedTokens>>,
    /// Are the tokens pairs of a key and a value, without matrices of their own?
    pub(super) cache: bool,
    pub(super) lengths: Vec<PromptLength>,
    pub(super) options: TableOptions,
    pub(super) temperatures: Vec<Positive>,
    pub(super) formulas: Vec<Formula>,
    pub(super) printed: Option<Printed>,
    pub(super) negative_control: bool,
    pub(super) simulation: Option<SimulationRequest>,
    pub(super) levels: Levels,
    pub(super) checkpoint: Option<Arc<Path>>,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) progress: Arc<dyn Progress + Send>,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) request: Request,
}

/// A token law that a [`Study`] can own: any law, boxed or shared ones included.
pub trait IntoTokens {
    /// The law, shared.
    fn into_tokens(self) -> Arc<dyn TokenLaw>;
}

impl<L: TokenLaw + 'static> IntoTokens for L {
    fn into_tokens(self) -> Arc<dyn TokenLaw> {
        Arc::new(self)
    }
}

impl IntoTokens for Box<dyn TokenLaw> {
    fn into_tokens(self) -> Arc<dyn TokenLaw> {
        Arc::from(self)
    }
}

impl IntoTokens for Arc<dyn TokenLaw> {
    fn into_tokens(self) -> Arc<dyn TokenLaw> {
        self
    }
}

/// The queries in a few words.
pub(super) fn asked_with(query: &QueryLaw) -> String {
    match query {
        QueryLaw::Gaussian(_) => "a Gaussian query".to_owned(),
        QueryLaw::List { weights, .. } if weights.len() == 1 => "1 query".to_owned(),
        QueryLaw::List { weights, .. } => format!("{} queries", weights.len()),
    }
}

impl Study {
    /// A study of these tokens (in `R^d`), this head (`U` is `d x e`, `V` is `m x d`) and these queries (in `R^e`).
    ///
    /// # Errors
    /// [`Error::Shape`](crate::Error::Shape) if the shapes do not fit.
    pub fn new(tokens: impl IntoTokens, head: Head, query: QueryLaw) -> Result<Self> {
        let tokens = tokens.into_tokens();
        Question::new(tokens.as_ref(), &head, &query)?;
        let asked_with = asked_with(&query);
        let (d, e) = head.key_query().shape();
        let description = format!(
            "{} tokens; {asked_with}; head: U {d} x {e}, V {} x {d}",
            tokens.name(),
            head.value().nrows()
        );
        Ok(Self {
            tokens,
            head: Arc::new(head),
            query: Arc::new(query),
            fixed: None,
            cache: false,
            lengths: Vec::new(),
            options: TableOptions::default(),
            temperatures: Vec::new(),
            formulas: Vec::new(),
            printed: None,
            negative_control: false,
            simulation: None,
            levels: Levels::default(),
            checkpoint: None,
            stop: Arc::default(),
            progress: Arc::new(Silent),
            name: "library".to_owned(),
            description,
            request: Request::default(),
        })
    }

    pub(super) fn question(&self) -> Question<'_> {
        Question {
            tokens: self.tokens.as_ref(),
            head: &self.head,
            query: &self.query,
            kind: LawKind::of(self.tokens.as_ref()),
            fixed: self.fixed.as_deref(),
            remembered: None,
        }
    }

    pub(super) fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut study = self.clone();
        change(&mut study);
        study
    }

    /// The prompt lengths `L` of the answers; they are sorted, each once.
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter) if there is none, or for one that is not between 1 and 2^53.
    pub fn lengths(&self, lengths: impl IntoIterator<Item = u64>) -> Result<Self> {
        let mut lengths = lengths
            .into_iter()
            .map(PromptLength::new)
            .collect::<Result<Vec<_>>>()?;
        if lengths.is_empty() {
            return refused(
                "lengths",
                "an empty list",
                "a list of at least one prompt length",
            );
        }
        lengths.sort_unstable();
        lengths.dedup();
        Ok(self.with(|study| study.lengths = lengths))
    }

    /// Also the squared errors of the gradients in `V` and `U`.
    #[must_use]
    pub fn gradients(&self) -> Self {
        self.with(|study| study.options.gradients = true)
    }

    /// Also the operator norm of the error of the gradient in `U`, by simulation only; asks for the gradients too.
    #[must_use]
    pub fn operator_norm(&self) -> Self {
        self.with(|study| {
            study.options.gradients = true;
            study.options.operator_norm = true;
        })
    }

    /// Also the expected participation `E P_2`.
    #[must_use]
    pub fn participation(&self) -> Self {
        self.with(|study| study.options.participation = true)
    }

    /// Also the bias `E That - T`, coordinate by coordinate.
    #[must_use]
    pub fn bias(&self) -> Self {
        self.with(|study| study.options.bias = true)
    }

    /// Also `P(|That - T| >= eps)`.
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter) if `eps` is not a finite number greater than 0.
    pub fn tail(&self, eps: f64) -> Result<Self> {
        let eps = Positive::new("--tail", eps)?;
        Ok(self.with(|study| study.options.tail = Some(eps)))
    }

    /// Also quantiles of `|That - T|` of these orders, by simulation only.
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter) for an order that is not between 0 and 1.
    pub fn quantiles(&self, orders: impl IntoIterator<Item = f64>) -> Result<Self> {
        let check = |order: f64| {
            if order > 0.0 && order < 1.0 {
                Probability::new(order)
            } else {
                refused("--quantiles", order, "orders between 0 and 1")
            }
        };
        let orders = orders.into_iter().map(check).collect::<Result<_>>()?;
        Ok(self.with(|study| study.options.quantiles = orders))
    }

    /// Also compare with a bound of one's own: a formula in [`VARIABLES`], such as `2*rho*(d + s^2)/L`.
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter) if it is not a formula.
    pub fn bound(&self, formula: &str) -> Result<Self> {
        let formula = Formula::new(formula, &VARIABLES)?;
        Ok(self.with(|study| study.formulas.push(formula)))
    }

    /// Also compare with Propositions 3.1 and 3.4 of the paper as printed, with constants `c1=..,c2=..`.
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter) if the constants cannot be read; [`Study::table`] refuses `L = 1`.
    pub fn printed(&self, constants: &str) -> Result<Self> {
        let printed = Printed::parse(constants)?;
        Ok(self.with(|study| {
            study.printed = Some(printed);
            study.request.printed = Some(constants.to_owned());
        }))
    }

    /// Also compare with a bound that is false on purpose (half of T5), which a simulation must reject.
    #[must_use]
    pub fn negative_control(&self) -> Self {
        self.with(|study| study.negative_control = true)
    }

    /// Simulate this many prompts for each cell.
    #[must_use]
    pub fn simulate(&self, prompts: u64) -> Self {
        self.with(|study| study.simulation_mut().prompts = prompts)
    }

    /// The seed of the random streams, 1 if not said.
    #[must_use]
    pub fn seed(&self, seed: u64) -> Self {
        self.with(|study| study.simulation_mut().seed = seed)
    }

    /// How prompts are drawn; the fastest way that serves, if not said.
    #[must_use]
    pub fn route(&self, route: Route) -> Self {
        self.with(|study| study.simulation_mut().route = Some(route))
    }

    /// Prompts longer than this are not simulated.
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter) if it is not a prompt length.
    pub fn longest(&self, length: u64) -> Result<Self> {
        let length = PromptLength::new(length)?;
        Ok(self.with(|study| study.simulation_mut().longest = Some(length)))
    }

    /// Simulate the average over the queries of a list, not each query.
    #[must_use]
    pub fn average_only(&self) -> Self {
        self.with(|study| study.simulation_mut().average_only = true)
    }

    /// Confidence of each interval for itself alone, 0.95 if not said.
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter) if it is not at least 1/2 and less than 1.
    pub fn confidence(&self, confidence: f64) -> Result<Self> {
        let interval = ErrorProbability::new("1 - confidence", 1.0 - confidence)?;
        Ok(self.with(|study| study.levels.interval = interval))
    }

    /// Probability that chance alone makes any verdict of a run wrong, 1e-6 if not said.
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter) if it is not greater than 0 and at most 1/2.
    pub fn error_probability(&self, probability: f64) -> Result<Self> {
        let family = ErrorProbability::new("--error-probability", probability)?;
        Ok(self.with(|study| study.levels.family = family))
    }

    /// Keep the state of a simulation in this file, and continue from it.
    #[must_use]
    pub fn checkpoint(&self, file: &Path) -> Self {
        self.with(|study| study.checkpoint = Some(Arc::from(file)))
    }

    /// A simulation stops soon after this becomes true, with [`Error::Stopped`](crate::Error::Stopped).
    #[must_use]
    pub fn stop(&self, stop: Arc<AtomicBool>) -> Self {
        self.with(|study| study.stop = stop)
    }

    /// Who is told of every step.
    #[must_use]
    pub fn progress(&self, progress: impl Progress + Send + 'static) -> Self {
        self.with(|study| study.progress = Arc::new(progress))
    }

    /// The name of the setting in the provenance of its answers, and a line that describes it.
    #[must_use]
    pub fn named(&self, name: &str, description: &str) -> Self {
        self.with(|study| {
            study.name = name.to_owned();
            study.description = description.to_owned();
        })
    }

    /// The scenario that the study was made of, from which a table can be computed again.
    #[must_use]
    pub fn scenario(&self, scenario: serde_json::Value) -> Self {
        self.with(|study| study.request.scenario = scenario)
    }

    fn simulation_mut(&mut self) -> &mut SimulationRequest {
        self.simulation.get_or_insert(USUAL)
    }

    /// The simulation that was asked for, or the usual one.
    pub(super) fn simulation_request(&self) -> SimulationRequest {
        self.simulation.unwrap_or(USUAL)
    }

    /// Everything that determines the table besides its simulation.
    pub(super) fn request(&self) -> Request {
        let options = &self.options;
        Request {
            scenario: self.request.scenario.clone(),
            bias: options.bias,
            participation: options.participation,
            entropy: options.entropy,
            gradients: options.gradients,
            operator_norm: options.operator_norm,
            tail: options.tail.map(Positive::get),
            quantiles: super::simulate::orders(&options.quantiles),
            formulas: self.formulas.iter().map(|f| f.text().to_owned()).collect(),
            printed: self.request.printed.clone(),
            negative_control: self.negative_control,
        }
    }
}
