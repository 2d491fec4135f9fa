//! What takes long, told while it goes on: a line when a stage begins to last, a sign of life, and a line at its end.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

/// A stage that is over sooner is not worth a line.
const WORTH_A_LINE: Duration = Duration::from_secs(2);
/// How often a stage that goes on says so.
const SIGN_OF_LIFE: Duration = Duration::from_secs(20);

/// Counts from its making; shared by stages that run side by side.
pub(crate) struct Progress {
    begun: Instant,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self {
            begun: Instant::now(),
        }
    }

    /// Does `work` and tells how it goes, with the seconds since the beginning in front.
    ///
    /// # Errors
    /// Those of `work`.
    pub(crate) fn stage<T>(&self, name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let begun = Instant::now();
        thread::scope(|scope| {
            let (over, is_over) = mpsc::channel::<()>();
            scope.spawn(move || {
                let mut patience = WORTH_A_LINE;
                while is_over.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
                    self.tell(&format!("{name} …"));
                    patience = SIGN_OF_LIFE;
                }
            });
            let result = work();
            drop(over);
            if begun.elapsed() >= WORTH_A_LINE {
                let word = if result.is_ok() { "done" } else { "failed" };
                self.tell(&format!("{name}: {word}, {:.0} s", begun.elapsed().as_secs_f64()));
            }
            result
        })
    }

    /// Since its making.
    pub(crate) fn seconds(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    /// One call, so that lines of stages side by side do not mix. On stderr: what a command prints may be read by others.
    fn tell(&self, what: &str) {
        eprintln!("[{:>4.0} s] {what}", self.begun.elapsed().as_secs_f64());
    }
}
