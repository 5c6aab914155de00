//! A progress bar on a terminal.

use std::io::IsTerminal;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::progress::Progress;

/// Work shorter than this shows no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// A bar on standard error: only if that is a terminal, and only after a second of work.
#[derive(Debug)]
pub struct Bar {
    terminal: bool,
    template: &'static str,
    started: Instant,
    total: AtomicU64,
    done: AtomicU64,
    bar: OnceLock<ProgressBar>,
}

impl Bar {
    /// A bar that is not shown yet, with an estimate of the time that is left: for steps of about the same work.
    pub fn new() -> Self {
        Self::with_template("{bar:40} {pos}/{len} {elapsed}{msg}")
    }

    /// A bar for steps whose work differs too much to say how much time is left.
    pub fn without_estimate() -> Self {
        Self::with_template("{bar:40} step {pos} of {len} done, {elapsed}")
    }

    fn with_template(template: &'static str) -> Self {
        Self {
            terminal: std::io::stderr().is_terminal(),
            template,
            started: Instant::now(),
            total: AtomicU64::new(0),
            done: AtomicU64::new(0),
            bar: OnceLock::new(),
        }
    }
}

impl Default for Bar {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress for Bar {
    fn start(&self, total: u64) {
        self.total.fetch_add(total, Ordering::Relaxed);
    }

    fn step(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if !self.terminal || self.started.elapsed() < PATIENCE {
            return;
        }
        let bar = self.bar.get_or_init(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
                .with_elapsed(self.started.elapsed());
            // The clock goes on during a long step.
            bar.enable_steady_tick(PATIENCE);
            // An invalid template would only cost the style.
            if let Ok(style) = ProgressStyle::with_template(self.template) {
                bar.set_style(style);
            }
            bar
        });
        let total = self.total.load(Ordering::Relaxed);
        bar.set_length(total);
        bar.set_position(done);
        // By the mean of all steps. An estimate of the crate would see all steps before the bar at once, and no time left.
        let open = total.saturating_sub(done);
        let mean = self.started.elapsed().as_secs_f64() / done as f64;
        let left = Duration::try_from_secs_f64(mean * open as f64).unwrap_or(Duration::MAX);
        // Where all that was announced is done, more may follow.
        bar.set_message(match open {
            0 => String::new(),
            _ => format!(" (about {} left)", HumanDuration(left)),
        });
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}
