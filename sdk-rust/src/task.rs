//! The task of one watch: waits for one thing to happen, has the driver handle it, and again.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::yield_now;
use tokio::time::sleep;
use transfer_status_protocol::session::Hint;
use transfer_status_protocol::watch::{Commands, Driver, Input, Start, Step};

use crate::clock::{Clock, now};
use crate::host::{Done, TokioHost};

/// So many things may come in a row before the clock and the user's commands are looked at: a peer that never stops
/// talking must not keep a deadline from coming, nor the user from leaving.
const IN_A_ROW: u8 = 64;

/// One watch, from its start to its end.
pub(crate) struct Task {
    pub(crate) host: TokioHost,
    pub(crate) commands: watch::Receiver<Commands>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// What the task waits for.
enum Next {
    Done(Done),
    Commands,
    /// Nobody holds the watch any more.
    Dropped,
    Due,
}

/// After this hint, connections that were made before may lead nowhere.
fn may_be_elsewhere(hint: Hint) -> bool {
    matches!(
        hint,
        Hint::NetworkChanged | Hint::Online | Hint::Foreground | Hint::Resume
    )
}

impl Task {
    /// Runs until the watch has ended.
    pub(crate) async fn run(mut self, start: Start) {
        let (mut driver, mut step) = Driver::start(start, now(&*self.clock), &mut self.host);
        let (mut hinted, mut commanded, mut in_a_row) = (0, true, 0);
        // Before the first wait nothing has been dialed.
        while let Some(hint) = self.hint_after(&mut hinted) {
            step = driver.handle(now(&*self.clock), Input::Hint(hint), &mut self.host);
        }
        while let Step::Wait(due) = step {
            let next = self.next(due, &mut commanded, in_a_row >= IN_A_ROW).await;
            let now = now(&*self.clock);
            in_a_row = match next {
                Next::Done(_) => in_a_row + 1,
                _ => 0,
            };
            step = match next {
                Next::Done(done) => driver.handle(now, done.input(), &mut self.host),
                Next::Commands => match self.hint_after(&mut hinted) {
                    Some(hint) => {
                        // One at a time: there may be another.
                        self.commands.mark_changed();
                        driver.handle(now, Input::Hint(hint), &mut self.host)
                    }
                    None => driver.handle(now, Input::Due, &mut self.host),
                },
                Next::Dropped => driver.handle(now, Input::Close, &mut self.host),
                Next::Due => driver.handle(now, Input::Due, &mut self.host),
            };
        }
        self.host.doing.close().await;
    }

    /// The next hint that was not taken yet.
    fn hint_after(&self, hinted: &mut u64) -> Option<Hint> {
        let (cursor, hint) = self.commands.borrow().hint_after(*hinted)?;
        *hinted = cursor;
        if may_be_elsewhere(hint) {
            self.host.transport.forget_idle();
        }
        Some(hint)
    }

    /// Waits for one thing to happen. What has come in goes before timers: a process that was stopped for a while finds
    /// both, and what is in its buffers says that the link is good.
    async fn next(&mut self, due: Option<Duration>, commanded: &mut bool, enough: bool) -> Next {
        if self.host.state.is_closed() || self.commands.borrow().close {
            return Next::Dropped;
        }
        if enough {
            return match self.commands.has_changed() {
                Ok(true) => {
                    self.commands.mark_unchanged();
                    Next::Commands
                }
                _ => Next::Due,
            };
        }
        tokio::select! {
            biased;
            done = self.host.doing.next() => Next::Done(done),
            changed = self.commands.changed(), if *commanded => {
                *commanded = changed.is_ok();
                Next::Commands
            }
            () = self.host.state.closed() => Next::Dropped,
            () = async {
                match due {
                    Some(due) => sleep(due).await,
                    None => pending().await,
                }
                // What was woken together with this timer, a connection that carries an answer say, goes first.
                yield_now().await;
            } => Next::Due,
        }
    }
}
