//! All runs of an experiment, shared among threads.

use super::checkpoint::State;
use super::descent::{RunState, Trainer};
use super::evaluation::evaluate;
use super::settings::Settings;
use super::stream::Purpose;
use crate::error::Result;
use crate::monte_carlo::{Control, Shared};

/// Continues an experiment on the threads of the current rayon pool, until it is finished or stopped.
///
/// A run (one head, one length) stays on one thread, since every step needs the one before; longer prompts
/// come first, so that no long run is left for the end. The result depends neither on the number of threads
/// nor on where it was stopped before: the steps of a block that was under way are forgotten and done again.
///
/// # Errors
/// [`Error::Unavailable`](crate::error::Error::Unavailable) if `state` contradicts itself or if weights do not stay finite;
/// [`Error::File`](crate::error::Error::File) if the checkpoint cannot be written.
pub fn advance(state: State, control: &Control<'_>) -> Result<State> {
    state.check()?;
    let mut order: Vec<usize> = (0..state.runs.len()).collect();
    order.sort_by_key(|place| std::cmp::Reverse(state.runs.get(*place).map(|run| run.length)));
    let settings = state.settings.clone();
    let shared = Shared::new(state, control, State::write);
    let task = |(): &mut (), task: u64| {
        let place = order.get(task as usize);
        place.map_or(Ok(()), |place| run(&shared, &settings, *place))
    };
    shared.work(order.len() as u64, || (), task);
    shared.finish()
}

/// Trains and evaluates one head; its state is taken over after every block.
fn run(shared: &Shared<'_, State>, settings: &Settings, place: usize) -> Result<()> {
    let Some(mut run) = shared.see(|state| state.runs.get(place).cloned()) else {
        return Ok(());
    };
    let keep = |run: &RunState| {
        shared.keep(|state| {
            if let Some(slot) = state.runs.get_mut(place) {
                slot.clone_from(run);
            }
        })
    };
    let mut trainer = Trainer::new(settings, run.head, run.length)?;
    while run.steps < settings.steps {
        if shared.stopped() {
            return Ok(());
        }
        trainer.block(&mut run)?;
        keep(&run)?;
    }
    if run.evaluation.is_none() {
        let (purpose, stopped) = (Purpose::Evaluation, || shared.stopped());
        run.evaluation = evaluate(settings, &run, &mut trainer, purpose, &stopped);
        if run.evaluation.is_some() {
            keep(&run)?;
        }
    }
    Ok(())
}
