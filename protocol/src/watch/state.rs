//! All that a user may still want to know of a watch: the last of each kind of event, and the outcome.

use std::sync::Arc;

use super::{Event, Problem, Scan, Stats, WatchError};
use crate::error::ErrorBody;
use crate::session::{CloseReason, Connection};
use crate::transfer::Transfer;

/// The last of each kind of event, numbered as they came. A driver writes it, the user's side of a watch reads it.
#[derive(Debug, Clone, Default)]
pub struct WatchState {
    count: u64,
    transfer: Option<Slot<Arc<Transfer>>>,
    connection: Option<Slot<Connection>>,
    problem: Option<Slot<Option<Problem>>>,
    server_error: Option<Slot<ErrorBody>>,
    scan: Option<Slot<Scan>>,
    closed: Option<Slot<CloseReason>>,
    /// What the server said since the last status: it explains an end.
    pub(super) refusal: Option<String>,
    pub(super) stats: Stats,
}

#[derive(Debug, Clone)]
struct Slot<T> {
    at: u64,
    value: T,
}

/// A watch as it stands: what a screen shows, in one piece.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// Names this state; ask for what changed after it. 0 is before all states.
    pub cursor: u64,
    /// The newest transfer known, `None` until the first has come.
    pub transfer: Option<Arc<Transfer>>,
    /// How news travels.
    pub connection: Connection,
    /// The last scan of the QR code.
    pub scan: Option<Scan>,
    /// What keeps the watch from being live.
    pub problem: Option<Problem>,
    /// The end, once it has come: `Ok` with the final status. No other snapshot follows.
    pub end: Option<Result<(), WatchError>>,
}

impl WatchState {
    /// Keeps `event`, in place of the one of its kind before it.
    pub(super) fn record(&mut self, event: Event) {
        self.count += 1;
        let at = self.count;
        match event {
            Event::Status(value) => self.transfer = Some(Slot { at, value }),
            Event::Connection(value) => self.connection = Some(Slot { at, value }),
            Event::Problem(value) => self.problem = Some(Slot { at, value }),
            Event::ServerError(value) => self.server_error = Some(Slot { at, value }),
            Event::Scan(value) => self.scan = Some(Slot { at, value }),
            Event::Closed(value) => self.closed = Some(Slot { at, value }),
        }
    }

    /// The newest transfer known.
    pub fn transfer(&self) -> Option<Arc<Transfer>> {
        self.transfer.as_ref().map(|slot| Arc::clone(&slot.value))
    }

    /// How news travels at the moment.
    pub fn connection(&self) -> Connection {
        self.connection
            .as_ref()
            .map_or(Connection::Connecting, |slot| slot.value)
    }

    /// What keeps the watch from being live at the moment.
    pub fn problem(&self) -> Option<&Problem> {
        self.problem.as_ref()?.value.as_ref()
    }

    /// What the watch has done so far.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// The number of the newest event.
    pub fn cursor(&self) -> u64 {
        self.count
    }

    /// [`Event::Closed`] was recorded: nothing follows.
    pub fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    /// The oldest event kept that came after `cursor`, with its own cursor; 0 is before all of them.
    pub fn news_after(&self, cursor: u64) -> Option<(u64, Event)> {
        fn newer<T: Clone>(
            slot: &Option<Slot<T>>,
            cursor: u64,
            event: impl Fn(T) -> Event,
        ) -> Option<(u64, Event)> {
            let slot = slot.as_ref().filter(|slot| slot.at > cursor)?;
            Some((slot.at, event(slot.value.clone())))
        }
        [
            newer(&self.transfer, cursor, Event::Status),
            newer(&self.connection, cursor, Event::Connection),
            newer(&self.problem, cursor, Event::Problem),
            newer(&self.server_error, cursor, Event::ServerError),
            newer(&self.scan, cursor, Event::Scan),
            newer(&self.closed, cursor, Event::Closed),
        ]
        .into_iter()
        .flatten()
        .min_by_key(|(at, _)| *at)
    }

    /// The state in one piece. `over` says that no driver is there any more to change it.
    pub fn snapshot(&self, over: bool) -> Snapshot {
        Snapshot {
            cursor: self.count,
            transfer: self.transfer(),
            connection: self.connection(),
            scan: self.scan.as_ref().map(|slot| slot.value),
            problem: self.problem().cloned(),
            end: (over || self.is_closed()).then(|| self.outcome().map(|_| ())),
        }
    }

    /// The final status, or why there is none.
    ///
    /// # Errors
    /// The watch ended without a final status; [`WatchError::Stopped`] when it has not ended at all.
    pub fn outcome(&self) -> Result<Arc<Transfer>, WatchError> {
        match (self.closed.as_ref().map(|slot| slot.value), &self.transfer) {
            (Some(CloseReason::Final), Some(transfer)) => Ok(Arc::clone(&transfer.value)),
            (Some(CloseReason::Server(code)), _) => Err(WatchError::Refused {
                code,
                message: self.refusal.clone(),
            }),
            (Some(CloseReason::SignatureRefused), _) => Err(WatchError::SignatureRefused),
            (Some(CloseReason::User), _) => Err(WatchError::Closed),
            (Some(CloseReason::Final) | None, _) => Err(WatchError::Stopped),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_each_kind_of_event_the_last_is_kept_in_the_order_they_came() {
        let mut state = WatchState::default();
        state.record(Event::Connection(Connection::Connecting));
        state.record(Event::Closed(CloseReason::User));
        state.record(Event::Connection(Connection::Live));
        assert_eq!(state.news_after(0), Some((2, Event::Closed(CloseReason::User))));
        assert_eq!(
            state.news_after(2),
            Some((3, Event::Connection(Connection::Live)))
        );
        assert_eq!(state.news_after(3), None);
    }

    #[test]
    fn a_snapshot_ends_with_the_watch_or_with_what_carried_it() {
        let mut state = WatchState::default();
        assert_eq!(state.snapshot(false).end, None);
        assert_eq!(state.snapshot(true).end, Some(Err(WatchError::Stopped)));
        state.record(Event::Closed(CloseReason::User));
        let snapshot = state.snapshot(false);
        assert_eq!(
            (snapshot.cursor, snapshot.end),
            (1, Some(Err(WatchError::Closed)))
        );
    }
}
