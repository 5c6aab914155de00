//! What a result is: the rows of a table, what was compared, and where a table comes from.

mod answer;
mod comparison;
mod fit;
mod layer;
mod metric;
mod provenance;
mod recheck;
mod row;
mod sampling;
mod scan;
mod simulation;

pub use answer::{LengthAnswer, LocalSlope, RateAnswer, ReachedLength, TemperatureLine};
pub use comparison::{
    Against, CheckSummary, Claim, Comparison, Detectable, Family, NegativeControl, Simulated,
    Verdict, Witness,
};
pub use fit::{FitAnswer, FitPoint, PrintedWords, UniformExponent, WitnessPoint};
pub use layer::{LayerRow, LayerSimulation, LayerTable, LayerValues};
pub(crate) use metric::cell;
pub use metric::{Cell, Metric, QueryLabel};
pub use provenance::Provenance;
pub use recheck::{Difference, RecheckAnswer};
pub use row::{Best, Request, Row, TABLE_SCHEMA, Table};
pub use sampling::{
    BudgetDeviation, BudgetOf, BudgetRow, KeptPart, ProvedBudget, ReachedBudget, Reading,
    RowDeviation, RuleBudget, SampleBudgets, SampleRow, SampleSimulation, SampleTable,
    SimulatedBudget, SimulatedDeviation,
};
pub use scan::{HeadProfile, LengthError, ScanAnswer, ScanRow};
pub use simulation::{EstimateLine, SimulationAnswer};
