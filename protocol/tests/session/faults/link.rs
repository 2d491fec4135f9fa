//! The network: what is under way, in both directions, and when it arrives.

use super::schedule::Schedule;
use crate::seen::Seen;
use std::collections::BTreeMap;
use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::session::{ConnId, Frame, PollAnswer, PollId, SignatureAnswer, SignatureId};

/// Something under way. What a client sends carries the number of the signature that it held.
#[derive(Debug, Clone)]
pub(super) enum Parcel {
    Dial(ConnId, u64),
    Ping(ConnId),
    PollRequest(PollId, Option<u64>, u64),
    SignatureRequest(SignatureId),
    Opened(ConnId),
    Frame(ConnId, Frame<Seen, ()>),
    Closed(ConnId, CloseCode),
    PollAnswer(PollId, PollAnswer<Seen>),
    SignatureAnswer(SignatureId, SignatureAnswer),
}

impl Parcel {
    pub(super) fn is_for_client(&self) -> bool {
        !matches!(
            self,
            Self::Dial(..) | Self::Ping(_) | Self::PollRequest(..) | Self::SignatureRequest(_)
        )
    }

    fn is_frame_for(&self, client: ConnId) -> bool {
        matches!(self, Self::Frame(conn, _) if *conn == client)
    }

    fn is_for(&self, client: ConnId) -> bool {
        matches!(self, Self::Opened(conn) | Self::Frame(conn, _) | Self::Closed(conn, _) if *conn == client)
    }
}

/// What is under way, by arrival; what was sent first arrives first among those of one time.
#[derive(Debug, Default)]
pub(super) struct Network {
    pub(super) latency: u64,
    under_way: BTreeMap<(u64, u64), Parcel>,
    sent: u64,
    /// A link keeps its order, even when the latency shrinks.
    last_arrival: BTreeMap<u32, u64>,
}

impl Network {
    pub(super) fn new(latency: u64) -> Self {
        Self {
            latency,
            ..Self::default()
        }
    }

    pub(super) fn send(&mut self, now: u64, parcel: Parcel) {
        let mut at = now + self.latency;
        if let Parcel::Opened(conn) | Parcel::Frame(conn, _) | Parcel::Closed(conn, _) = &parcel {
            let last = self.last_arrival.entry(conn.number()).or_default();
            at = at.max(*last);
            *last = at;
        }
        self.sent += 1;
        self.under_way.insert((at, self.sent), parcel);
    }

    /// When the next parcel arrives; one for a frozen client waits until it thaws.
    pub(super) fn next_arrival(&self, thaws: u64) -> Option<((u64, u64), u64)> {
        let arrivals = self.under_way.iter().map(|(key, parcel)| {
            let at = if parcel.is_for_client() {
                key.0.max(thaws)
            } else {
                key.0
            };
            (at, key.1, *key)
        });
        arrivals.min().map(|(at, _, key)| (key, at))
    }

    pub(super) fn take(&mut self, key: (u64, u64)) -> Option<Parcel> {
        self.under_way.remove(&key)
    }

    /// What is under way to this socket is lost.
    pub(super) fn lose(&mut self, client: ConnId) {
        self.under_way.retain(|_, parcel| !parcel.is_for(client));
    }

    /// The last two frames to this socket change places.
    pub(super) fn reorder(&mut self, client: ConnId) {
        let mut frames = self
            .under_way
            .values_mut()
            .rev()
            .filter(|parcel| parcel.is_frame_for(client));
        if let (Some(last), Some(before)) = (frames.next(), frames.next()) {
            std::mem::swap(last, before);
        }
    }
}

/// The history of the transfer, as the server knows it.
#[derive(Debug)]
pub(super) struct History {
    states: Vec<Seen>,
    pub(super) old_service: bool,
}

impl History {
    pub(super) fn new(schedule: &Schedule) -> Self {
        let mut announced = Seen::version(0);
        // The server makes this time up when it is asked: it may be later than that of the first update.
        announced.order.updated_at_ms = 100_000;
        Self {
            states: vec![announced],
            old_service: schedule.old_service,
        }
    }

    pub(super) fn is_final(&self) -> bool {
        self.states.last().is_some_and(|state| state.order.is_final)
    }

    pub(super) fn publish(&mut self, later: u64, is_final: bool) {
        if self.is_final() {
            return;
        }
        let mut next = Seen::version(self.states.len() as u64);
        let before = self.states.last().filter(|_| self.states.len() > 1);
        next.order.updated_at_ms = before.map_or(1_000, |before| before.order.updated_at_ms) + later as i64;
        next.order.is_final = is_final;
        self.states.push(next);
    }

    /// The state so many versions ago; `None` where the old service says "not found".
    pub(super) fn tell(&self, back: u64) -> Option<Seen> {
        let state = *self
            .states
            .get(self.states.len().saturating_sub(1 + back as usize))?;
        match self.old_service {
            true => (state.truth > 0).then(|| state.unversioned()),
            false => Some(state),
        }
    }
}
