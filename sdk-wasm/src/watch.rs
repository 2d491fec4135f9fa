//! A watch as the user holds it: a stream of events, the state as it stands, the outcome.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::Stream;
use transfer_status_protocol::session::{Connection, Hint};
use transfer_status_protocol::transfer::{Transfer, TransferId};
use transfer_status_protocol::watch::{Event, Problem, Snapshot, Stats, WatchError};

use crate::shared::Shared;

/// One watched transfer: a [`Stream`] of [`Event`]s that ends with [`Event::Closed`].
///
/// A snapshot is state, not a log: a slow reader skips what was overtaken, memory stays the same, and the final
/// status and the end are always seen. The watch reconnects for as long as it is held; dropping its last reader ends it.
///
/// What the browser says about network and page (online, offline, hidden, shown, kept in the back-forward cache) is
/// heard by itself.
///
/// ```no_run
/// # async fn run(client: transfer_status_wasm::Client, request: transfer_status_wasm::TransferRequest,
/// #     show: impl Fn(&str)) -> Result<(), transfer_status_wasm::WatchError> {
/// let transfer = client.watch_request(&request).start().finished().await?;
/// show(transfer.status.as_str());
/// # Ok(())
/// # }
/// ```
#[must_use = "a watch ends when it is dropped"]
pub struct Watch {
    transfer_id: TransferId,
    seen: u64,
    held: Arc<Held>,
}

/// Ends the watch with the last of its readers.
struct Held(WatchHandle);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Watch {
    pub(crate) fn new(transfer_id: TransferId, shared: Arc<Shared>) -> Self {
        Self {
            transfer_id,
            seen: 0,
            held: Arc::new(Held(WatchHandle { shared })),
        }
    }

    /// The transfer that is watched.
    pub fn transfer_id(&self) -> &TransferId {
        &self.transfer_id
    }

    /// The newest transfer known, `None` until the first has come.
    pub fn latest(&self) -> Option<Arc<Transfer>> {
        self.shared().read(|state, _| state.transfer())
    }

    /// How news travels at the moment.
    pub fn connection(&self) -> Connection {
        self.shared().read(|state, _| state.connection())
    }

    /// What keeps the watch from being live at the moment; `None` where nothing does, and once a status has come.
    pub fn last_problem(&self) -> Option<Problem> {
        self.shared().read(|state, _| state.problem().cloned())
    }

    /// What the watch has done so far, counted.
    pub fn stats(&self) -> Stats {
        self.shared().read(|state, _| state.stats())
    }

    /// The next event, `None` after [`Event::Closed`]. The same as the stream's, with no trait to import.
    ///
    /// When the future is dropped nothing is lost.
    pub async fn next(&mut self) -> Option<Event> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
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
    pub async fn wait_for(&self, mut is_so: impl FnMut(&Transfer) -> bool) -> Result<Transfer, WatchError> {
        poll_fn(|cx| {
            self.shared().poll_read(cx, |state, stopped| {
                if let Some(transfer) = state.transfer().filter(|transfer| is_so(transfer)) {
                    return Some(Ok((*transfer).clone()));
                }
                let end = (stopped || state.is_closed()).then(|| state.outcome())?;
                Some(Err(end.map_or_else(|error| error, |_| WatchError::Finished)))
            })
        })
        .await
    }

    /// Waits for the final status.
    ///
    /// # Errors
    /// The watch ended without one: refused by the server, closed on this side.
    pub async fn finished(&self) -> Result<Transfer, WatchError> {
        poll_fn(|cx| {
            self.shared().poll_read(cx, |state, stopped| {
                let over = stopped || state.is_closed();
                over.then(|| state.outcome().map(|transfer| (*transfer).clone()))
            })
        })
        .await
    }

    /// The state after it has changed from the one named by `cursor`; begin with 0. At once where it has changed, and
    /// once the watch has ended.
    ///
    /// It keeps no position: when the future is dropped nothing is lost, and the same cursor gives again what was not
    /// seen.
    pub async fn changed_after(&self, cursor: u64) -> Snapshot {
        poll_fn(|cx| {
            self.shared().poll_read(cx, |state, stopped| {
                let news = stopped || state.is_closed() || state.cursor() > cursor;
                news.then(|| state.snapshot(stopped))
            })
        })
        .await
    }

    /// A second reader of the same socket, with a position of its own: it begins with the state as it stands.
    ///
    /// The watch goes on until its last reader is dropped.
    pub fn subscribe(&self) -> Watch {
        Self {
            transfer_id: self.transfer_id.clone(),
            seen: 0,
            held: Arc::clone(&self.held),
        }
    }

    /// Tells the watch something about the world outside that the browser does not; it probes or connects at once.
    pub fn hint(&self, hint: Hint) {
        self.held.0.hint(hint);
    }

    /// Ends the watch, for every reader, and waits until its socket is closing.
    pub async fn close(self) {
        self.held.0.close();
        poll_fn(|cx| self.shared().poll_read(cx, |_, stopped| stopped.then_some(()))).await;
    }

    /// A handle to hint and close with while the stream is borrowed. It does not keep the watch going.
    pub fn handle(&self) -> WatchHandle {
        self.held.0.clone()
    }

    fn shared(&self) -> &Shared {
        &self.held.0.shared
    }
}

impl Stream for Watch {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        let seen = self.seen;
        let news = self
            .shared()
            .poll_read(cx, |state, stopped| match state.news_after(seen) {
                None if stopped || state.is_closed() => Some(None),
                news => news.map(Some),
            });
        news.map(|news| {
            news.map(|(cursor, event)| {
                self.seen = cursor;
                event
            })
        })
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared().read(|state, _| {
            f.debug_struct("Watch")
                .field("transfer_id", &self.transfer_id)
                .field("state", state)
                .finish_non_exhaustive()
        })
    }
}

/// Hints to and ends a [`Watch`] from elsewhere. Cheap to clone.
#[derive(Clone)]
pub struct WatchHandle {
    shared: Arc<Shared>,
}

impl WatchHandle {
    /// Tells the watch something about the world outside; it probes or connects at once.
    pub fn hint(&self, hint: Hint) {
        self.shared.hint(hint);
    }

    /// Ends the watch, for every reader; [`Event::Closed`] follows.
    pub fn close(&self) {
        self.shared.close();
    }
}

impl fmt::Debug for WatchHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchHandle").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use transfer_status_protocol::Signature;

    use super::*;
    use crate::{Client, SignatureError};

    #[test]
    fn where_a_page_is_rendered_on_a_server_a_watch_ends_at_once() {
        let client = Client::builder("https://status.example.com").build().unwrap();
        let id = TransferId::new("order-1042").unwrap();
        let signature = Signature::new("abc.def").unwrap();
        let mut watch = client.watch(id.clone()).signature(signature).start();
        let stopped = Some(Err(WatchError::Stopped));
        assert_eq!(watch.finished().now_or_never(), stopped);
        assert_eq!(watch.wait_for(|_| true).now_or_never(), stopped);
        assert_eq!(watch.next().now_or_never(), Some(None));
        assert_eq!(watch.next_status().now_or_never(), Some(None));
        let snapshot = watch.changed_after(0).now_or_never().unwrap();
        assert_eq!(snapshot.end, Some(Err(WatchError::Stopped)));
        assert_eq!(watch.close().now_or_never(), Some(()));

        let watch = client
            .watch(id)
            .refresh(|_, _| async { Err::<Signature, _>(SignatureError::retry("moved")) })
            .start();
        assert_eq!(watch.finished().now_or_never(), Some(Err(WatchError::Stopped)));
    }

    #[test]
    fn a_component_may_keep_a_watch_in_a_signal() {
        fn is_send_and_sync<T: Send + Sync>() {}
        is_send_and_sync::<Client>();
        is_send_and_sync::<Watch>();
        is_send_and_sync::<WatchHandle>();
    }

    #[test]
    fn a_watch_is_to_end_with_its_last_reader() {
        let client = Client::builder("https://status.example.com").build().unwrap();
        let id = TransferId::new("order-1042").unwrap();
        let watch = client.watch(id).start();
        let shared = Arc::clone(&watch.held.0.shared);
        let is_to_close = || shared.is_to_close(&Context::from_waker(std::task::Waker::noop()));
        let second = watch.subscribe();
        let handle = watch.handle();
        drop(watch);
        assert!(!is_to_close());
        drop(second);
        assert!(is_to_close(), "a handle does not keep it going");
        drop(handle);
    }
}
