//! What a watch and its driver share, and how one wakes the other.

use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use transfer_status_protocol::session::Hint;
use transfer_status_protocol::watch::{Commands, Event, WatchState};

/// Between the user's side and the driver's. Bounded: the last of each kind of event, each hint once.
///
/// All of it runs on one thread; the lock makes a [`Watch`](crate::Watch) `Send`, which frameworks ask for.
#[derive(Debug, Default)]
pub(crate) struct Shared(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: WatchState,
    /// The driver is gone.
    stopped: bool,
    commands: Commands,
    /// The page is about to sleep.
    away: bool,
    driver: Option<Waker>,
    readers: Vec<Waker>,
}

/// What the driver is to do next, one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    /// The user wants no more of the transfer.
    Close,
    /// The page goes to sleep: its socket must go first.
    Sleep,
    /// A hint, with its cursor.
    Hint(u64, Hint),
}

impl Shared {
    /// Changes what the user can see, and wakes whoever waits for it.
    fn tell(&self, change: impl FnOnce(&mut Inner)) {
        let readers = {
            let mut inner = self.lock();
            change(&mut inner);
            mem::take(&mut inner.readers)
        };
        readers.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn record(&self, event: Event) {
        self.tell(|inner| inner.state.record(event));
    }

    pub(crate) fn record_refusal(&self, message: String) {
        self.tell(|inner| inner.state.record_refusal(message));
    }

    /// No driver is there any more.
    pub(crate) fn stop(&self) {
        self.tell(|inner| inner.stopped = true);
    }

    /// Looks at the state once.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&WatchState) -> T) -> T {
        look(&self.lock().state)
    }

    /// Looks at the state, with whether it is the last, until `look` has found something.
    pub(crate) fn poll_read<T>(
        &self,
        cx: &Context<'_>,
        look: impl FnOnce(&WatchState, bool) -> Option<T>,
    ) -> Poll<T> {
        let mut inner = self.lock();
        let over = inner.stopped || inner.state.is_closed();
        if let Some(found) = look(&inner.state, over) {
            return Poll::Ready(found);
        }
        if !inner.readers.iter().any(|reader| reader.will_wake(cx.waker())) {
            inner.readers.push(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Changes what the driver is to do, and wakes it.
    fn command(&self, change: impl FnOnce(&mut Inner)) {
        let driver = {
            let mut inner = self.lock();
            change(&mut inner);
            inner.driver.take()
        };
        if let Some(driver) = driver {
            driver.wake();
        }
    }

    pub(crate) fn hint(&self, hint: Hint) {
        self.command(|inner| inner.commands.add(hint));
    }

    pub(crate) fn close(&self) {
        self.command(|inner| inner.commands.close = true);
    }

    pub(crate) fn sleep(&self) {
        self.command(|inner| inner.away = true);
    }

    /// The next command; hints up to `hinted` were taken before.
    pub(crate) fn poll_command(&self, cx: &Context<'_>, hinted: u64) -> Poll<Command> {
        let mut inner = self.lock();
        if inner.commands.close {
            Poll::Ready(Command::Close)
        } else if mem::take(&mut inner.away) {
            Poll::Ready(Command::Sleep)
        } else if let Some((cursor, hint)) = inner.commands.hint_after(hinted) {
            Poll::Ready(Command::Hint(cursor, hint))
        } else {
            inner.driver = Some(cx.waker().clone());
            Poll::Pending
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing here panics half-way, so what a panic elsewhere left is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
