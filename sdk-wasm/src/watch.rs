//! A watch as the user holds it: a stream of events, the latest transfer, the outcome.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::Stream;
use transfer_status_protocol::session::{Connection, Hint};
use transfer_status_protocol::transfer::{Transfer, TransferId};
use transfer_status_protocol::watch::{Event, WatchError};

use crate::shared::Shared;

/// One watched transfer: a [`Stream`] of [`Event`]s that ends with [`Event::Closed`].
///
/// A snapshot is state, not a log: a slow reader skips what was overtaken, memory stays the same, and the final
/// status and the end are always seen. The watch reconnects for as long as it is held; dropping it ends it.
///
/// What the browser says about network and page (online, offline, hidden, shown, kept in the back-forward cache) is
/// heard by itself.
///
/// ```no_run
/// # async fn run(client: transfer_status_wasm::Client, id: transfer_status_wasm::TransferId,
/// #     signature: transfer_status_wasm::Signature, show: impl Fn(&str)
/// # ) -> Result<(), transfer_status_wasm::WatchError> {
/// let transfer = client.watch(id, signature).finished().await?;
/// show(transfer.status.as_str());
/// # Ok(())
/// # }
/// ```
pub struct Watch {
    transfer_id: TransferId,
    seen: u64,
    handle: WatchHandle,
}

impl Watch {
    pub(crate) fn new(transfer_id: TransferId, shared: Arc<Shared>) -> Self {
        Self {
            transfer_id,
            seen: 0,
            handle: WatchHandle { shared },
        }
    }

    /// The transfer that is watched.
    pub fn transfer_id(&self) -> &TransferId {
        &self.transfer_id
    }

    /// The newest transfer known, `None` until the first has come.
    pub fn latest(&self) -> Option<Arc<Transfer>> {
        self.handle.shared.read(|state| state.transfer())
    }

    /// How news travels at the moment.
    pub fn connection(&self) -> Connection {
        self.handle.shared.read(|state| state.connection())
    }

    /// The next event, `None` after [`Event::Closed`]. The same as the stream's, with no trait to import.
    ///
    /// When the future is dropped nothing is lost.
    pub async fn next(&mut self) -> Option<Event> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Waits for the final status.
    ///
    /// # Errors
    /// The watch ended without one: refused by the server, closed on this side.
    pub async fn finished(&self) -> Result<Transfer, WatchError> {
        poll_fn(|cx| {
            self.handle
                .shared
                .poll_read(cx, |state, over| over.then(|| state.outcome()))
        })
        .await
    }

    /// Tells the watch something about the world outside that the browser does not; it probes or connects at once.
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
        let seen = self.seen;
        let news = self
            .handle
            .shared
            .poll_read(cx, |state, over| match state.news_after(seen) {
                None if over => Some(None),
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

impl Drop for Watch {
    fn drop(&mut self) {
        self.handle.close();
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handle.shared.read(|state| {
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

    /// Ends the watch; [`Event::Closed`] follows.
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
        let mut watch = client.watch(id.clone(), Signature::new("abc.def").unwrap());
        assert_eq!(watch.finished().now_or_never(), Some(Err(WatchError::Stopped)));
        assert_eq!(watch.next().now_or_never(), Some(None));

        let watch = client
            .watch_with(id, || async { Err(SignatureError::Retry) })
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
}
