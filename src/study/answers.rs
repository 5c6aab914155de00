//! What a [`Study`] answers.

use super::cache;
use super::cells::entropy::entropy_deficit;
use super::estimates::estimate_lines;
use super::length::{self, Epsilon};
use super::setting::Study;
use super::simulate::{self, Partial, Shard, Simulation};
use super::verdict::{self, summary::summary};
use super::{claims, fit, rate, table, temperature};
use crate::claim::PrintedForm;
use crate::error::Result;
use crate::record::{FitAnswer, LengthAnswer, RateAnswer, SimulationAnswer, Table};

impl Study {
    /// Exact value and every bound of each metric, query and length; with a simulation beside them if one is asked for.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable) without a length, or for what only a simulation gives;
    /// [`Error::Stopped`](crate::Error::Stopped) if the simulation was; otherwise as the constants of the bounds.
    /// An exact value that is not available is no error: its cell says why.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::nalgebra::{self, dmatrix};
    /// use attention_bounds::{Gaussian, Head, QueryLaw, Study};
    ///
    /// // U = 0: attention is the mean of the prompt, with the error Var X / L.
    /// let head = Head::new(dmatrix![0.0], dmatrix![1.0])?;
    /// let study = Study::new(Gaussian::centred(dmatrix![2.0])?, head, QueryLaw::uniform(dmatrix![1.0])?)?;
    /// let table = study.lengths([8])?.table()?;
    /// assert!((table.rows[0].exact.as_ref().unwrap().value - 0.25).abs() < 1e-12);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn table(&self) -> Result<Table> {
        self.check_request(self.simulation.is_some())?;
        let question = self.question();
        let mut rows = table::rows(
            &question,
            &self.lengths,
            &self.options,
            self.progress.as_ref(),
        )?;
        let of_formulas = claims::add_formulas(&question, &self.formulas, &mut rows)?;
        let mut notes = table::notes(&question)?;
        if self.cache {
            notes.push(cache::NOTE.to_owned());
        }
        if self.options.entropy
            && let Some(deficit) = entropy_deficit(&question)
        {
            notes.push(format!(
                "entropy (T18): ln L - E H tends to KL(mu_a | mu) = {deficit:.6}, averaged over the queries"
            ));
        }
        notes.extend(of_formulas);
        if let Some(printed) = &self.printed {
            notes.extend(claims::add_printed(&question, printed, &mut rows)?);
        }
        if self.negative_control {
            claims::add_negative_control(&mut rows);
        }
        let family = match &self.simulation {
            None => {
                verdict::compare_with_exact(&mut rows);
                None
            }
            Some(request) => {
                let partial = self.share(Shard::whole())?;
                let orders = simulate::orders(&self.options.quantiles);
                let estimates = partial.estimates()?;
                let route = partial.plan().route;
                Some(verdict::judge(
                    &question,
                    &mut rows,
                    &estimates,
                    &orders,
                    request,
                    route,
                    self.levels,
                ))
            }
        };
        Ok(Table {
            rows,
            notes,
            scenario: self.name.clone(),
            description: self.description.clone(),
            request: self.request(),
            simulation: family,
            check: None,
        })
    }

    /// The table with a simulation (10,000 prompts, seed 1, unless asked otherwise) and the verdicts counted:
    /// does anything contradict a bound, an exact value or a formula?
    ///
    /// # Errors
    /// As [`Study::table`].
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::nalgebra::{self, dmatrix};
    /// use attention_bounds::{Gaussian, Head, QueryLaw, Study};
    ///
    /// let one = Gaussian::centred(dmatrix![1.0])?;
    /// let head = Head::new(dmatrix![1.0], dmatrix![1.0])?;
    /// let study = Study::new(one, head, QueryLaw::uniform(dmatrix![1.0])?)?.lengths([1000])?;
    /// // The error is about 2e/L: a formula that claims half of it is refuted.
    /// assert!(study.bound("exp(s^2)/L")?.check()?.is_violated());
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn check(&self) -> Result<Table> {
        let mut study = self.clone();
        study.simulation = Some(self.simulation_request());
        let mut table = study.table()?;
        table.check = Some(summary(&table.rows, self.negative_control));
        Ok(table)
    }

    /// The smallest prompt length with a squared error of at most `epsilon`: by the exact value and by the best bound.
    ///
    /// ```
    /// use attention_bounds::nalgebra::{DMatrix, dmatrix};
    /// use attention_bounds::{Epsilon, Gaussian, Head, QueryLaw, Study};
    ///
    /// # fn main() -> attention_bounds::Result<()> {
    /// let one = DMatrix::identity(1, 1);
    /// let study = Study::new(
    ///     Gaussian::centred(one.clone())?,
    ///     Head::new(one.clone(), one)?,
    ///     QueryLaw::uniform(dmatrix![1.0])?,
    /// )?;
    /// let exact = study.length(0.1)?.exact.unwrap();
    /// assert!(exact.value <= 0.1 && exact.length < 100);
    /// let relative = study.length(Epsilon::relative(0.1))?;
    /// assert!((relative.epsilon - 0.1).abs() < 1e-12, "T = 1 here");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter) if `epsilon` is not positive; [`Error::Unavailable`](crate::Error::Unavailable) for
    /// prompts with fixed tokens; otherwise as [`length::smallest`].
    pub fn length(&self, epsilon: impl Into<Epsilon>) -> Result<LengthAnswer> {
        let why = "and that no longer prompt is worse (T20) is proved without them";
        self.without_fixed("the smallest prompt length", why)?;
        let progress = self.progress.as_ref();
        let mut answer = length::smallest(&self.question(), &epsilon.into(), progress)?;
        answer.description.clone_from(&self.description);
        Ok(answer)
    }

    /// How fast the error falls: T8 where it applies, the limit of `L` times the error, and local slopes between the
    /// lengths of the study.
    ///
    /// # Errors
    /// As [`rate::rate`].
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::nalgebra::{self, dmatrix};
    /// use attention_bounds::{Gaussian, Head, QueryLaw, Study};
    ///
    /// // T8 with lam = U^2 = 1/4: kappa = 1, and L times the error tends to (1 - 2 lam)^{-1/2} (1 + lam / (1 - 2 lam)).
    /// let one = Gaussian::centred(dmatrix![1.0])?;
    /// let head = Head::new(dmatrix![0.5], dmatrix![1.0])?;
    /// let rate = Study::new(one.clone(), head, QueryLaw::gaussian(one))?.lengths([10])?.rate()?;
    /// assert_eq!(rate.kappa.unwrap(), 1.0);
    /// assert!((rate.limiting_constant.unwrap() - 1.5 * 2f64.sqrt()).abs() < 1e-12);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn rate(&self) -> Result<RateAnswer> {
        let mut answer = rate::rate(&self.question(), &self.lengths, self.progress.as_ref())?;
        answer.description.clone_from(&self.description);
        answer.temperatures =
            temperature::sweep(&self.question(), &self.temperatures, &self.lengths)?;
        Ok(answer)
    }

    /// The smallest `c1` of a printed proposition for each `c2`, over the lengths of the study; with the rare-atom law
    /// of T12 at each length if `witness`.
    ///
    /// # Errors
    /// As [`fit::fit`]; [`Error::Unavailable`](crate::Error::Unavailable) for prompts with fixed tokens.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::claim::PrintedForm;
    /// use attention_bounds::nalgebra::{self, dmatrix};
    /// use attention_bounds::{Gaussian, Head, QueryLaw, Study};
    ///
    /// // U = 0: the error is 1/L, so c1 ln(L) / L^{c2} with c2 = 1 needs c1 = 1 / ln L.
    /// let one = Gaussian::centred(dmatrix![1.0])?;
    /// let head = Head::new(dmatrix![0.0], dmatrix![1.0])?;
    /// let study = Study::new(one.clone(), head, QueryLaw::gaussian(one))?.lengths([100])?;
    /// let c1 = study.fit(PrintedForm::Output, &[1.0], false)?.points[0].c1;
    /// assert!((c1 * 100f64.ln() - 1.0).abs() < 1e-10);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn fit(&self, form: PrintedForm, exponents: &[f64], witness: bool) -> Result<FitAnswer> {
        let why = "of which the printed propositions do not speak";
        self.without_fixed("the fit of the printed proposition", why)?;
        if form != PrintedForm::Output {
            self.without_cache()?;
        }
        let question = self.question();
        let progress = self.progress.as_ref();
        let mut answer = fit::fit(&question, form, &self.lengths, exponents, witness, progress)?;
        answer.description.clone_from(&self.description);
        Ok(answer)
    }

    /// The simulation of everything that the table shows, not yet run.
    ///
    /// # Errors
    /// As [`Simulation::new`].
    pub fn simulation(&self) -> Result<Simulation<'_>> {
        if self.options.gradients {
            self.without_cache()?;
        }
        let request = self.simulation_request();
        simulate::simulation(&self.question(), &self.lengths, &self.options, &request)
    }

    /// Runs one share of the simulation; what the checkpoint holds already is not drawn again.
    ///
    /// # Errors
    /// As [`Study::simulation`]; [`Error::Stopped`](crate::Error::Stopped) if it was stopped;
    /// [`Error::File`](crate::Error::File) if the checkpoint cannot be used.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::monte_carlo::{Partial, Shard};
    /// use attention_bounds::nalgebra::{self, dmatrix};
    /// use attention_bounds::{Gaussian, Head, QueryLaw, Study};
    ///
    /// let one = Gaussian::centred(dmatrix![1.0])?;
    /// let head = Head::new(dmatrix![1.0], dmatrix![1.0])?;
    /// let study = Study::new(one, head, QueryLaw::uniform(dmatrix![1.0])?)?.lengths([10])?.simulate(4000);
    /// // Two shares, made anywhere, join to the run to the last bit.
    /// let parts = [study.share(Shard::new(1, 2)?)?, study.share(Shard::new(2, 2)?)?];
    /// assert_eq!(Partial::merge(&parts)?, study.share(Shard::whole())?);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn share(&self, shard: Shard) -> Result<Partial> {
        let run = simulate::RunOptions {
            checkpoint: self.checkpoint.as_deref(),
            stop: Some(&self.stop),
            progress: self.progress.as_ref(),
        };
        simulate::run(&self.simulation()?, shard, &run)
    }

    /// Every estimate of the simulation with its interval.
    ///
    /// # Errors
    /// As [`Study::share`].
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::nalgebra::{self, dmatrix};
    /// use attention_bounds::{Head, QueryLaw, Rademacher, Study};
    ///
    /// // U = 0: the error is Var X / L.
    /// let head = Head::new(dmatrix![0.0], dmatrix![1.0])?;
    /// let study = Study::new(Rademacher::new(1, 1.0)?, head, QueryLaw::uniform(dmatrix![1.0])?)?;
    /// let line = study.lengths([10])?.simulate(4000).estimates()?.lines.remove(0);
    /// assert!((line.mean - 0.1).abs() < 5.0 * line.standard_error.unwrap());
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn estimates(&self) -> Result<SimulationAnswer> {
        let partial = self.share(Shard::whole())?;
        let orders = simulate::orders(&self.options.quantiles);
        Ok(SimulationAnswer {
            description: self.description.clone(),
            route: partial.plan().route,
            prompts: partial.plan().prompts,
            confidence: 1.0 - self.levels.interval.get(),
            lines: estimate_lines(
                &self.question(),
                &partial.estimates()?,
                &orders,
                self.levels.interval,
            ),
        })
    }
}
