//! The network: what is under way, in both directions, and when it arrives.

use crate::seen::Seen;
use std::collections::BTreeMap;
use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::session::{
    ConnId, Failure, Frame, PollAnswer, PollId, SignatureAnswer, SignatureId,
};

/// A socket: the number of the client that holds it, and its name there.
pub(super) type End = (usize, ConnId);

/// A signature: the service refuses it when its number is too low, and when it is over, in the world's time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signature {
    pub(super) number: u64,
    pub(super) until: u64,
}

/// Something under way. What a client sends carries the signature that it held.
#[derive(Debug, Clone)]
pub(super) enum Parcel {
    Dial(End, Signature),
    Ping(End),
    PollRequest(usize, PollId, Option<u64>, Signature),
    SignatureRequest(usize, SignatureId),
    Opened(End),
    Frame(End, Frame<Seen, ()>),
    Closed(End, CloseCode),
    Failed(End, Failure),
    PollAnswer(usize, PollId, PollAnswer<Seen>),
    /// With the new signature and, where the host knows it, its lifetime, which may lie behind it.
    SignatureAnswer(usize, SignatureId, SignatureAnswer, Signature, Option<i64>),
    /// Between the tabs of a browser: the lock is granted.
    Granted(End),
    /// Between the tabs of a browser: a message on the channel to a link, from this tab.
    Message(End, usize, Word),
}

/// What tabs say to each other.
#[derive(Debug, Clone)]
pub(super) enum Word {
    /// A newcomer asks for the newest status.
    Newcomer,
    /// A follower's ping, for the socket.
    Ping,
    /// What the server said, and when it last proved that it is there.
    Frame(Frame<Seen, ()>, u64),
    /// The socket was lost, with this code.
    Lost(CloseCode),
    /// The lock was taken away: not a message, but as late as one.
    Robbed,
}

impl Parcel {
    /// The client that it is for; `None` where it is for the server.
    pub(super) fn client(&self) -> Option<usize> {
        match self {
            Self::Dial(..) | Self::Ping(_) | Self::PollRequest(..) | Self::SignatureRequest(..) => None,
            Self::Opened((client, _))
            | Self::Frame((client, _), _)
            | Self::Closed((client, _), _)
            | Self::Failed((client, _), _)
            | Self::Granted((client, _))
            | Self::Message((client, _), ..)
            | Self::PollAnswer(client, ..)
            | Self::SignatureAnswer(client, ..) => Some(*client),
        }
    }

    fn is_frame_for(&self, end: End) -> bool {
        matches!(self, Self::Frame(of, _) if *of == end)
    }

    /// The socket from whose server it comes.
    fn link(&self) -> Option<End> {
        match self {
            Self::Opened(end) | Self::Frame(end, _) | Self::Closed(end, _) => Some(*end),
            _ => None,
        }
    }

    /// What keeps its order on the way: a socket, or what one tab says to another.
    fn lane(&self) -> Option<(usize, u32, Option<usize>)> {
        match self {
            Self::Message((client, conn), from, _) => Some((*client, conn.number(), Some(*from))),
            _ => self.link().map(|(client, conn)| (client, conn.number(), None)),
        }
    }
}

/// What is under way, by arrival; what was sent first arrives first among those of one time.
#[derive(Debug, Default)]
pub(super) struct Network {
    pub(super) latency: u64,
    under_way: BTreeMap<(u64, u64), Parcel>,
    sent: u64,
    /// A link keeps its order, even when the latency shrinks.
    last_arrival: BTreeMap<(usize, u32, Option<usize>), u64>,
}

impl Network {
    pub(super) fn new(latency: u64) -> Self {
        Self {
            latency,
            ..Self::default()
        }
    }

    pub(super) fn send(&mut self, now: u64, parcel: Parcel) {
        self.send_after(now, self.latency, parcel);
    }

    /// Sends what takes another time than the network's.
    pub(super) fn send_after(&mut self, now: u64, latency: u64, parcel: Parcel) {
        let mut at = now + latency;
        if let Some(lane) = parcel.lane() {
            let last = self.last_arrival.entry(lane).or_default();
            at = at.max(*last);
            *last = at;
        }
        self.sent += 1;
        self.under_way.insert((at, self.sent), parcel);
    }

    /// When the next parcel arrives; one for a frozen client waits until it thaws.
    pub(super) fn next_arrival(&self, thaws: &[u64]) -> Option<((u64, u64), u64)> {
        let arrivals = self.under_way.iter().map(|(key, parcel)| {
            let thawed = parcel
                .client()
                .and_then(|client| thaws.get(client))
                .copied()
                .unwrap_or(0);
            (key.0.max(thawed), key.1, *key)
        });
        arrivals.min().map(|(at, _, key)| (key, at))
    }

    pub(super) fn take(&mut self, key: (u64, u64)) -> Option<Parcel> {
        self.under_way.remove(&key)
    }

    /// What is under way to this socket is lost.
    pub(super) fn lose(&mut self, end: End) {
        self.under_way.retain(|_, parcel| parcel.link() != Some(end));
    }

    /// The last two frames to this socket change places.
    pub(super) fn reorder(&mut self, end: End) {
        let mut frames = self
            .under_way
            .values_mut()
            .rev()
            .filter(|parcel| parcel.is_frame_for(end));
        if let (Some(last), Some(before)) = (frames.next(), frames.next()) {
            std::mem::swap(last, before);
        }
    }
}
