//! The snapshot that the tests carry.

use transfer_status_protocol::session::{Order, Snapshot, Stage};

/// One state of the transfer. `truth` is its place in what really happened, whatever the service tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) truth: u64,
    pub(crate) order: Order,
}

impl Snapshot for Seen {
    fn order(&self) -> Order {
        self.order
    }
}

impl Seen {
    /// Version `version` of a transfer still under way.
    pub(crate) fn version(version: u64) -> Self {
        let order = Order {
            version: Some(version),
            updated_at_ms: version as i64 * 1_000,
            stage: Stage::Open,
        };
        Self {
            truth: version,
            order,
        }
    }

    /// The same state as the final one.
    pub(crate) fn and_final(mut self) -> Self {
        self.order.stage = Stage::Final;
        self
    }

    /// The same state under a name that the client does not know.
    pub(crate) fn and_unknown(mut self) -> Self {
        self.order.stage = Stage::Unknown;
        self
    }

    /// The same state, so many milliseconds later.
    pub(crate) fn later(mut self, ms: i64) -> Self {
        self.order.updated_at_ms += ms;
        self
    }

    /// The same state as the earlier service tells it.
    pub(crate) fn unversioned(mut self) -> Self {
        self.order.version = None;
        self
    }
}
