//! A host under the real session: it dials, polls, asks and shows, over a network that fails.

mod network;
mod poll;
mod session;
mod trouble;

use std::collections::HashMap;

use transfer_status_protocol::Transfer;
use transfer_status_protocol::session::{Order, Session, Snapshot, Stage};
use transfer_status_protocol::signature::Signature;

use crate::fault::Fault;
use crate::judge::State;
use crate::plan::Ms;

/// What comes to a client over a link.
#[derive(Debug, Clone)]
pub(crate) enum Word {
    Opened,
    Frame(String),
    Pong,
    Closed(u16),
    Failed,
}

/// What was shown, and where the session believes it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    order: Order,
    state: State,
}

impl Snapshot for Seen {
    fn order(&self) -> Order {
        self.order
    }
}

/// What is known of a signature by who made it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mint {
    /// Which of the service's keys; `None`: none of them.
    pub(crate) key: Option<usize>,
    /// The last Unix second.
    pub(crate) expiry: i64,
}

/// Which way something goes over a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Down,
    Up,
}

struct Link {
    is_dead: bool,
    latency: Ms,
    /// When the last that was sent arrives, either way: nothing overtakes it.
    last_down: Ms,
    last_up: Ms,
    first_frame: Option<Ms>,
}

pub(crate) struct Client {
    session: Session<Seen, ()>,
    /// When the session wants to be woken; the number tells the latest wish apart.
    wake: Option<Ms>,
    wish: u64,
    links: HashMap<u32, Link>,
    signature: Signature,
    pub(crate) mint: Mint,
    pub(crate) frozen_until: Ms,
    pub(crate) offline_until: Ms,
    pub(crate) clock: Ms,
    pub(crate) is_closed: bool,
    counted: i64,
    /// A link that had held is gone since then.
    lost_held: Option<Ms>,
}

impl Client {
    pub(crate) fn has_timer(&self) -> bool {
        self.wake.is_some()
    }
}

fn seen(transfer: &Transfer, fault: Option<Fault>, counted: i64) -> Option<Seen> {
    let mut order = transfer.order();
    if fault == Some(Fault::OlderAfterNewer) {
        order = Order {
            version: None,
            updated_at_ms: counted,
            stage: order.stage,
        };
        if order.stage == Stage::Unknown {
            return None;
        }
    }
    Some(Seen {
        order,
        state: State::of_transfer(&transfer.encode())?,
    })
}
