//! A watch as the user holds it: a stream of events, the state as it stands, the outcome.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::Stream;
use tokio::sync::watch;
use tokio_stream::wrappers::WatchStream;
use transfer_status_protocol::session::{Connection, Hint};
use transfer_status_protocol::transfer::{Transfer, TransferId};
use transfer_status_protocol::watch::{Commands, Event, Problem, Snapshot, Stats, WatchError, WatchState};

/// One watched transfer: a [`Stream`] of [`Event`]s that ends with [`Event::Closed`].
///
/// A snapshot is state, not a log: a slow reader skips what was overtaken, memory stays the same, and the final
/// status and the end are always seen. The watch reconnects for as long as it is held; dropping its last reader ends it.
///
/// ```no_run
/// # async fn run(client: transfer_status::Client, request: transfer_status::TransferRequest
/// # ) -> Result<(), transfer_status::WatchError> {
/// let transfer = client.watch_request(&request).start().finished().await?;
/// println!("the payment is {}", transfer.status);
/// # Ok(())
/// # }
/// ```
#[must_use = "a watch ends when it is dropped"]
pub struct Watch {
    transfer_id: TransferId,
    states: watch::Receiver<WatchState>,
    changes: WatchStream<WatchState>,
    seen: u64,
    handle: WatchHandle,
}

impl Watch {
    pub(crate) fn new(
        transfer_id: TransferId,
        states: watch::Receiver<WatchState>,
        commands: watch::Sender<Commands>,
    ) -> Self {
        let handle = WatchHandle {
            commands: Arc::new(commands),
        };
        Self::reader(transfer_id, states, handle)
    }

    fn reader(transfer_id: TransferId, states: watch::Receiver<WatchState>, handle: WatchHandle) -> Self {
        Self {
            transfer_id,
            changes: WatchStream::from_changes(states.clone()),
            states,
            seen: 0,
            handle,
        }
    }

    /// The transfer that is watched.
    pub fn transfer_id(&self) -> &TransferId {
        &self.transfer_id
    }

    /// The newest transfer known, `None` until the first has come.
    pub fn latest(&self) -> Option<Arc<Transfer>> {
        self.states.borrow().transfer()
    }

    /// How news travels at the moment.
    pub fn connection(&self) -> Connection {
        self.states.borrow().connection()
    }

    /// What keeps the watch from being live at the moment; `None` where nothing does, and once a status has come.
    pub fn last_problem(&self) -> Option<Problem> {
        self.states.borrow().problem().cloned()
    }

    /// What the watch has done so far, counted.
    pub fn stats(&self) -> Stats {
        self.states.borrow().stats()
    }

    /// The next event, `None` after [`Event::Closed`]. The same as the stream's, with no trait to import.
    ///
    /// When the future is dropped nothing is lost.
    pub async fn next(&mut self) -> Option<Event> {
        let seen = self.seen;
        let is_news = |state: &WatchState| state.news_after(seen).is_some() || state.is_closed();
        // Where the driver is gone, what it said last is still there.
        let _gone = self.states.wait_for(is_news).await.is_err();
        self.take_news()
    }

    /// The next status, `None` after the end; skips every other event.
    ///
    /// When the future is dropped nothing is lost but the events that were skipped.
    pub async fn next_status(&mut self) -> Option<Arc<Transfer>> {
        while let Some(event) = self.next().await {
            if let Event::Status(transfer) = event {
                return Some(transfer);
            }
        }
        None
    }

    /// Waits until `is_so` of the newest transfer.
    ///
    /// # Errors
    /// The watch ended before; [`WatchError::Finished`] with a final status of which it is not so.
    ///
    /// ```no_run
    /// # async fn run(watch: transfer_status::Watch) -> Result<(), transfer_status::WatchError> {
    /// use transfer_status::Status;
    ///
    /// let begun = watch.wait_for(|transfer| transfer.status != Status::Pending).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn wait_for(&self, mut is_so: impl FnMut(&Transfer) -> bool) -> Result<Transfer, WatchError> {
        let mut found = None;
        let look = |state: &WatchState| {
            found = state.transfer().filter(|transfer| is_so(transfer));
            found.is_some() || state.is_closed()
        };
        let mut states = self.states.clone();
        let end = match states.wait_for(look).await {
            Ok(state) => state.outcome().map(|_| WatchError::Finished),
            Err(_) => Err(WatchError::Stopped),
        };
        match found {
            Some(transfer) => Ok((*transfer).clone()),
            None => Err(end.unwrap_or_else(|error| error)),
        }
    }

    /// Waits for the final status.
    ///
    /// # Errors
    /// The watch ended without one: refused by the server, closed on this side.
    pub async fn finished(&self) -> Result<Transfer, WatchError> {
        let mut states = self.states.clone();
        let state = states
            .wait_for(WatchState::is_closed)
            .await
            .map_err(|_| WatchError::Stopped)?;
        state.outcome().map(|transfer| (*transfer).clone())
    }

    /// The state after it has changed from the one named by `cursor`; begin with 0. At once where it has changed, and
    /// once the watch has ended.
    ///
    /// It keeps no position: when the future is dropped nothing is lost, and the same cursor gives again what was not
    /// seen. For bindings whose caller may be cancelled at any time.
    ///
    /// ```no_run
    /// # async fn run(watch: transfer_status::Watch, show: impl Fn(&transfer_status::Snapshot)) {
    /// let mut cursor = 0;
    /// loop {
    ///     let snapshot = watch.changed_after(cursor).await;
    ///     show(&snapshot);
    ///     if snapshot.end.is_some() {
    ///         break;
    ///     }
    ///     cursor = snapshot.cursor;
    /// }
    /// # }
    /// ```
    pub async fn changed_after(&self, cursor: u64) -> Snapshot {
        let mut states = self.states.clone();
        let changed = states
            .wait_for(|state| state.cursor() > cursor || state.is_closed())
            .await;
        match changed {
            Ok(state) => state.snapshot(false),
            Err(_) => self.states.borrow().snapshot(true),
        }
    }

    /// The watch as it stands, at once.
    pub fn snapshot(&self) -> Snapshot {
        let over = self.states.has_changed().is_err();
        self.states.borrow().snapshot(over)
    }

    /// A second reader of the same socket, with a position of its own: it begins with the state as it stands.
    ///
    /// The watch goes on until its last reader is dropped.
    pub fn subscribe(&self) -> Watch {
        Self::reader(self.transfer_id.clone(), self.states.clone(), self.handle.clone())
    }

    /// Tells the watch something about the world outside; it probes or connects at once.
    pub fn hint(&self, hint: Hint) {
        self.handle.hint(hint);
    }

    /// Ends the watch, for every reader, and waits until its socket has been closed in good order, at most a second.
    ///
    /// Dropping the watch ends it as well, but a program that exits right after may not have sent the close frame.
    pub async fn close(mut self) {
        self.handle.close();
        while self.states.changed().await.is_ok() {}
    }

    /// A handle to hint and close with while the stream is borrowed. It does not keep the watch going.
    pub fn handle(&self) -> WatchHandle {
        self.handle.clone()
    }

    /// The oldest event that was not seen yet.
    fn take_news(&mut self) -> Option<Event> {
        let (cursor, event) = self.states.borrow().news_after(self.seen)?;
        self.seen = cursor;
        Some(event)
    }
}

impl Stream for Watch {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        loop {
            if let Some(event) = self.take_news() {
                return Poll::Ready(Some(event));
            }
            if self.states.borrow().is_closed() {
                return Poll::Ready(None);
            }
            match Pin::new(&mut self.changes).poll_next(cx) {
                Poll::Ready(Some(_)) => {}
                // The driver is gone; what it said last may have come after the look above.
                Poll::Ready(None) => return Poll::Ready(self.take_news()),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("transfer_id", &self.transfer_id)
            .field("state", &*self.states.borrow())
            .finish_non_exhaustive()
    }
}

/// Hints to and ends a [`Watch`] from elsewhere. Cheap to clone.
#[derive(Debug, Clone)]
pub struct WatchHandle {
    commands: Arc<watch::Sender<Commands>>,
}

impl WatchHandle {
    /// Tells the watch something about the world outside; it probes or connects at once.
    pub fn hint(&self, hint: Hint) {
        self.commands.send_modify(|commands| commands.add(hint));
    }

    /// Ends the watch, for every reader; [`Event::Closed`] follows.
    pub fn close(&self) {
        self.commands.send_modify(|commands| commands.close = true);
    }
}
