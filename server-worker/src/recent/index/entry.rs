//! What the list has of one transfer, and where in the order that stands.

use std::rc::Rc;

use transfer_status_protocol::{Status, Transfer};

use crate::domain::outbox::Mark;

/// A listed transfer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// The row that is its own.
    pub(crate) slot: u32,
    /// The version that is listed.
    pub(crate) version: u64,
    /// When it came to be, in Unix milliseconds.
    pub(crate) updated_at: i64,
    /// Its status.
    pub(crate) status: Status,
    /// Who receives.
    pub(crate) merchant_id: Option<String>,
    /// Who pays.
    pub(crate) customer_id: Option<String>,
    /// The transfer without its metadata, as JSON.
    pub(crate) doc: String,
    /// What its page has of it; `None`: nothing.
    pub(super) written: Option<Mark>,
    /// Whether this is what the transfer's room has, as far as one knows.
    pub(super) confirmed: bool,
    /// Its room is not asked before this Unix millisecond.
    pub(super) ask_after: i64,
}

impl Entry {
    pub(super) fn mark(&self) -> Mark {
        Mark {
            updated_at: self.updated_at,
            version: self.version,
        }
    }
}

/// A place in the list: newest first, and by id among those of the same millisecond.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// `updatedAt` in Unix milliseconds.
    pub(crate) updated_at: i64,
    /// The transfer's id.
    pub(crate) id: Rc<str>,
}

pub(super) fn mark_of(transfer: &Transfer) -> Mark {
    Mark {
        updated_at: transfer.updated_at.unix_millis(),
        version: transfer.version.unwrap_or(0),
    }
}
