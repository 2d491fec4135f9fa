//! A watch as the user holds it: a stream of events, the latest transfer, the outcome.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::Stream;
use tokio::sync::watch;
use tokio_stream::wrappers::WatchStream;
use transfer_status_protocol::session::{Connection, Hint};
use transfer_status_protocol::transfer::{Transfer, TransferId};
use transfer_status_protocol::watch::{Commands, Event, WatchError, WatchState};

/// One watched transfer: a [`Stream`] of [`Event`]s that ends with [`Event::Closed`].
///
/// A snapshot is state, not a log: a slow reader skips what was overtaken, memory stays the same, and the final
/// status and the end are always seen. The watch reconnects for as long as it is held; dropping it ends it.
///
/// ```no_run
/// # async fn run(client: transfer_status::Client, id: transfer_status::TransferId,
/// #     signature: transfer_status::Signature) -> Result<(), transfer_status::WatchError> {
/// let transfer = client.watch(id, signature).finished().await?;
/// println!("the payment is {}", transfer.status);
/// # Ok(())
/// # }
/// ```
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
        let changes = WatchStream::from_changes(states.clone());
        let handle = WatchHandle {
            commands: Arc::new(commands),
        };
        Self {
            transfer_id,
            states,
            changes,
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

    /// The next event, `None` after [`Event::Closed`]. The same as the stream's, with no trait to import.
    ///
    /// When the future is dropped nothing is lost.
    pub async fn next(&mut self) -> Option<Event> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// The first event after `cursor`, with its own cursor; begin with 0. `None` after [`Event::Closed`].
    ///
    /// Unlike the stream it keeps no position: when the future is dropped nothing is lost, and the same cursor
    /// gives again what was not seen. For bindings whose caller may be cancelled at any time.
    pub async fn next_after(&self, cursor: u64) -> Option<(u64, Event)> {
        let mut states = self.states.clone();
        let state = states
            .wait_for(|state| state.news_after(cursor).is_some() || state.is_closed())
            .await;
        match state {
            Ok(state) => state.news_after(cursor),
            Err(_) => self.states.borrow().news_after(cursor),
        }
    }

    /// Waits for the final status.
    ///
    /// # Errors
    /// The watch ended without one: refused by the server, closed on this side.
    pub async fn finished(&self) -> Result<Transfer, WatchError> {
        let mut states = self.states.clone();
        let state = states
            .wait_for(|state| state.is_closed())
            .await
            .map_err(|_| WatchError::Stopped)?;
        state.outcome()
    }

    /// Tells the watch something about the world outside; it probes or connects at once.
    ///
    /// Most systems stop the clock of timers while the device sleeps: hint [`Hint::Foreground`] on waking.
    pub fn hint(&self, hint: Hint) {
        self.handle.hint(hint);
    }

    /// Ends the watch; [`Event::Closed`] follows.
    pub fn close(&self) {
        self.handle.close();
    }

    /// A handle to hint and close with while the stream is borrowed. It does not keep the watch going.
    pub fn handle(&self) -> WatchHandle {
        self.handle.clone()
    }
}

impl Stream for Watch {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        loop {
            let news = self.states.borrow().news_after(self.seen);
            if let Some((cursor, event)) = news {
                self.seen = cursor;
                return Poll::Ready(Some(event));
            }
            if self.states.borrow().is_closed() {
                return Poll::Ready(None);
            }
            match Pin::new(&mut self.changes).poll_next(cx) {
                Poll::Ready(Some(_)) => {}
                // The driver is gone; what it said last may have come after the look above.
                Poll::Ready(None) => {
                    let last = self.states.borrow().news_after(self.seen);
                    return Poll::Ready(last.map(|(cursor, event)| {
                        self.seen = cursor;
                        event
                    }));
                }
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

    /// Ends the watch; [`Event::Closed`] follows.
    pub fn close(&self) {
        self.commands.send_modify(|commands| commands.close = true);
    }
}
