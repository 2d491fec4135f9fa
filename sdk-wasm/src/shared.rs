//! What a watch and its task share, and how one wakes the other.

use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use transfer_status_protocol::session::Hint;
use transfer_status_protocol::watch::{Commands, WatchState};

/// Between the user's side and the task's. Bounded: the last of each kind of event, each hint once.
///
/// All of it runs on one thread; the lock makes a [`Watch`](crate::Watch) `Send`, which frameworks ask for.
#[derive(Debug, Default)]
pub(crate) struct Shared(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: WatchState,
    /// The task is gone.
    stopped: bool,
    commands: Commands,
    task: Option<Waker>,
    readers: Vec<Waker>,
}

impl Shared {
    /// Shows the user another state.
    pub(crate) fn tell(&self, state: &WatchState) {
        self.change(|inner| inner.state = state.clone());
    }

    /// No task is there any more.
    pub(crate) fn stop(&self) {
        self.change(|inner| inner.stopped = true);
    }

    /// Changes what the user can see, and wakes whoever waits for it.
    fn change(&self, change: impl FnOnce(&mut Inner)) {
        let readers = {
            let mut inner = self.lock();
            change(&mut inner);
            mem::take(&mut inner.readers)
        };
        readers.into_iter().for_each(Waker::wake);
    }

    /// Looks at the state once, and at whether the task is gone.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&WatchState, bool) -> T) -> T {
        let inner = self.lock();
        look(&inner.state, inner.stopped)
    }

    /// Looks at the state, and at whether the task is gone, until `look` has found something.
    pub(crate) fn poll_read<T>(
        &self,
        cx: &Context<'_>,
        look: impl FnOnce(&WatchState, bool) -> Option<T>,
    ) -> Poll<T> {
        let mut inner = self.lock();
        if let Some(found) = look(&inner.state, inner.stopped) {
            return Poll::Ready(found);
        }
        if !inner.readers.iter().any(|reader| reader.will_wake(cx.waker())) {
            inner.readers.push(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Changes what the task is to do, and wakes it.
    fn command(&self, change: impl FnOnce(&mut Commands)) {
        let task = {
            let mut inner = self.lock();
            change(&mut inner.commands);
            inner.task.take()
        };
        if let Some(task) = task {
            task.wake();
        }
    }

    pub(crate) fn hint(&self, hint: Hint) {
        self.command(|commands| commands.add(hint));
    }

    pub(crate) fn close(&self) {
        self.command(|commands| commands.close = true);
    }

    /// The user wants no more of the transfer; the task is woken when that changes.
    pub(crate) fn is_to_close(&self, cx: &Context<'_>) -> bool {
        let mut inner = self.lock();
        inner.task = Some(cx.waker().clone());
        inner.commands.close
    }

    /// The next hint after those up to `hinted`, which moves on.
    pub(crate) fn poll_hint(&self, cx: &Context<'_>, hinted: &mut u64) -> Poll<Hint> {
        let mut inner = self.lock();
        inner.task = Some(cx.waker().clone());
        match inner.commands.hint_after(*hinted) {
            Some((cursor, hint)) => {
                *hinted = cursor;
                Poll::Ready(hint)
            }
            None => Poll::Pending,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing here panics half-way, so what a panic elsewhere left is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
