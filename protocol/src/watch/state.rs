//! What passes between a watch and its driver: commands one way, the last of each kind of event the other way.

use std::sync::Arc;

use super::{Event, Scan, WatchError};
use crate::session::{CloseReason, Connection, Hint};
use crate::transfer::Transfer;

/// What the user wants of the driver. Equal hints that were not taken yet are one: this never grows.
#[derive(Debug, Clone, Default)]
pub struct Commands {
    /// The watch is to end.
    pub close: bool,
    hints: [Option<(u64, Hint)>; 5],
    count: u64,
}

impl Commands {
    /// Keeps `hint` for the driver to take.
    pub fn add(&mut self, hint: Hint) {
        // Online and offline share a place: only the later one is true.
        let place = match hint {
            Hint::Online | Hint::Offline => 0,
            Hint::Visible => 1,
            Hint::Foreground => 2,
            Hint::NetworkChanged => 3,
            Hint::Suspend | Hint::Resume => 4,
        };
        self.count += 1;
        if let Some(slot) = self.hints.get_mut(place) {
            *slot = Some((self.count, hint));
        }
    }

    /// The first hint after `cursor`, in the order they were given, with its own cursor; 0 is before all of them.
    pub fn hint_after(&self, cursor: u64) -> Option<(u64, Hint)> {
        self.hints
            .iter()
            .flatten()
            .copied()
            .filter(|(at, _)| *at > cursor)
            .min_by_key(|(at, _)| *at)
    }
}

/// All that a user may still want to know of a watch: the last of each kind of event, numbered as they came.
#[derive(Debug, Clone, Default)]
pub struct WatchState {
    count: u64,
    transfer: Option<Slot<Arc<Transfer>>>,
    connection: Option<Slot<Connection>>,
    scan: Option<Slot<Scan>>,
    closed: Option<Slot<CloseReason>>,
    /// What the server said last in an `error` message.
    refusal: Option<String>,
}

#[derive(Debug, Clone)]
struct Slot<T> {
    at: u64,
    value: T,
}

impl WatchState {
    /// Keeps `event`, in place of the one of its kind before it.
    pub fn record(&mut self, event: Event) {
        self.count += 1;
        let at = self.count;
        match event {
            Event::Status(value) => self.transfer = Some(Slot { at, value }),
            Event::Connection(value) => self.connection = Some(Slot { at, value }),
            Event::Scan(value) => self.scan = Some(Slot { at, value }),
            Event::Closed(value) => self.closed = Some(Slot { at, value }),
        }
    }

    /// Keeps what the server said in an `error` message, for [`WatchState::outcome`].
    pub fn record_refusal(&mut self, message: String) {
        self.refusal = Some(message);
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
            newer(&self.scan, cursor, Event::Scan),
            newer(&self.closed, cursor, Event::Closed),
        ]
        .into_iter()
        .flatten()
        .min_by_key(|(at, _)| *at)
    }

    /// The final status, or why there is none.
    ///
    /// # Errors
    /// The watch ended without a final status; [`WatchError::Stopped`] when it has not ended at all.
    pub fn outcome(&self) -> Result<Transfer, WatchError> {
        match (self.closed.as_ref().map(|slot| slot.value), &self.transfer) {
            (Some(CloseReason::Final), Some(transfer)) => Ok((*transfer.value).clone()),
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

    fn hints_of(commands: &Commands) -> Vec<Hint> {
        let mut cursor = 0;
        let mut hints = Vec::new();
        while let Some((at, hint)) = commands.hint_after(cursor) {
            cursor = at;
            hints.push(hint);
        }
        hints
    }

    #[test]
    fn hints_nobody_has_taken_yet_do_not_pile_up() {
        let mut commands = Commands::default();
        for _ in 0..1_000 {
            commands.add(Hint::Foreground);
            commands.add(Hint::Online);
            commands.add(Hint::NetworkChanged);
            commands.add(Hint::Offline);
            commands.add(Hint::Visible);
        }
        assert_eq!(
            hints_of(&commands),
            [
                Hint::Foreground,
                Hint::NetworkChanged,
                Hint::Offline,
                Hint::Visible
            ],
            "each once, in the order they were last given; offline is the last word on the network"
        );
    }

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
}
