//! What a watch knows, as it crosses the border: plain values, exact where a language's own type is not.

use transfer_status::{Connection, Scan, Snapshot, Stats, Status, Transfer, WatchError};

use crate::problem::FfiProblem;
use crate::watch::{FfiCursor, FfiQuestion};

/// A payment as it stands.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct FfiTransfer {
    /// Its name.
    pub id: String,
    /// Where it stands.
    pub status: FfiStatus,
    /// The status by its name, also one that this library does not know.
    pub status_name: String,
    /// Nothing follows after this one.
    pub is_final: bool,
    /// A text for people.
    pub message: Option<String>,
    /// How much: a decimal number with every digit as the backend wrote it.
    pub amount: Option<String>,
    /// Who receives.
    pub merchant_id: Option<String>,
    /// Who pays.
    pub customer_id: Option<String>,
    /// When it last changed, in milliseconds since 1970.
    pub updated_at_millis: i64,
    /// The same in RFC 3339, as the service writes it.
    pub updated_at: String,
    /// What the backend attached: a JSON object as it was sent.
    pub metadata: Option<String>,
    /// 1 for the first update, 0 for "announced, nothing reported yet"; none from a service that counts none.
    pub version: Option<u64>,
}

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum FfiStatus {
    /// Nothing has happened yet.
    Pending,
    /// Under way.
    Processing,
    /// Paid; final.
    Completed,
    /// Failed; final.
    Failed,
    /// Called off; final.
    Cancelled,
    /// One that this library does not know; `status_name` says which.
    Other,
}

/// How news travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum FfiConnection {
    /// No status has come yet.
    Connecting,
    /// The socket is open and has brought a status.
    Live,
    /// There is no socket now; what was shown may be out of date.
    Reconnecting,
    /// Sockets fail, but polls are answered.
    Polling,
}

/// The QR code was scanned, or the scan was taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct FfiScan {
    /// Scanned, or taken back.
    pub scanned: bool,
    /// When, in milliseconds since 1970.
    pub at_millis: i64,
}

/// A watch as it stands, in one piece.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct FfiSnapshot {
    /// Names this state: ask for what changed after it.
    pub cursor: FfiCursor,
    /// The newest transfer known.
    pub transfer: Option<FfiTransfer>,
    /// How news travels.
    pub connection: FfiConnection,
    /// The last scan of the QR code.
    pub scan: Option<FfiScan>,
    /// What keeps the watch from being live.
    pub problem: Option<FfiProblem>,
    /// The watch waits for a fresh signature; answer with this question's id.
    pub question: Option<FfiQuestion>,
    /// The end, once it has come. No other snapshot follows.
    pub end: Option<FfiEnd>,
}

/// How a watch ended.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum FfiEnd {
    /// With the final status, which is the transfer's.
    FinalStatus,
    /// The server refused, or closed with a code that makes trying again pointless.
    Refused {
        /// The close code (PROTOCOL.md, "Close codes").
        code: u16,
        /// A text that says why.
        text: String,
    },
    /// There is no signature any more.
    SignatureRefused {
        /// A text that says what to do.
        text: String,
    },
    /// Closed on this side.
    Closed,
    /// What carried the watch is gone.
    Stopped {
        /// A text that says why.
        text: String,
    },
}

/// What a watch has done so far, for a support log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct FfiStats {
    /// Sockets that were dialled.
    pub dials: u64,
    /// Dials that ended before the socket was open.
    pub failed_dials: u64,
    /// Sockets that opened after the first one.
    pub reconnects: u64,
    /// Messages that came in over sockets.
    pub frames: u64,
    /// Polls that were sent.
    pub polls: u64,
    /// Polls that got no usable answer.
    pub failed_polls: u64,
    /// Fresh signatures that were asked for.
    pub refreshes: u64,
    /// Milliseconds from the start of the watch to its first status.
    pub first_status_after_millis: Option<u64>,
}

impl From<&Transfer> for FfiTransfer {
    fn from(transfer: &Transfer) -> Self {
        Self {
            id: transfer.id.to_string(),
            status: FfiStatus::from(&transfer.status),
            status_name: transfer.status.as_str().to_owned(),
            is_final: transfer.status.is_final(),
            message: transfer.message.clone(),
            amount: transfer.amount.as_ref().map(|amount| amount.as_str().to_owned()),
            merchant_id: transfer.merchant_id.clone(),
            customer_id: transfer.customer_id.clone(),
            updated_at_millis: transfer.updated_at.unix_millis(),
            updated_at: transfer.updated_at.to_string(),
            metadata: transfer
                .metadata
                .as_ref()
                .map(|metadata| metadata.as_json().to_owned()),
            version: transfer.version,
        }
    }
}

impl From<&Status> for FfiStatus {
    fn from(status: &Status) -> Self {
        match status {
            Status::Pending => Self::Pending,
            Status::Processing => Self::Processing,
            Status::Completed => Self::Completed,
            Status::Failed => Self::Failed,
            Status::Cancelled => Self::Cancelled,
            _ => Self::Other,
        }
    }
}

impl From<Connection> for FfiConnection {
    fn from(connection: Connection) -> Self {
        match connection {
            Connection::Connecting => Self::Connecting,
            Connection::Live => Self::Live,
            Connection::Polling => Self::Polling,
            // Any other tells of a watch that is not live.
            _ => Self::Reconnecting,
        }
    }
}

impl From<&Scan> for FfiScan {
    fn from(scan: &Scan) -> Self {
        Self {
            scanned: scan.scanned,
            at_millis: scan.at.unix_millis(),
        }
    }
}

impl From<&WatchError> for FfiEnd {
    fn from(error: &WatchError) -> Self {
        let text = error.to_string();
        match error {
            WatchError::Refused { code, .. } => Self::Refused {
                code: code.get(),
                text,
            },
            WatchError::SignatureRefused => Self::SignatureRefused { text },
            WatchError::Closed => Self::Closed,
            _ => Self::Stopped { text },
        }
    }
}

impl FfiSnapshot {
    /// The state of a watch with the question that it has open.
    pub(crate) fn new(snapshot: &Snapshot, asked: u64, question: Option<FfiQuestion>) -> Self {
        let end = snapshot.end.as_ref();
        Self {
            cursor: FfiCursor {
                state: snapshot.cursor,
                asked,
            },
            transfer: snapshot.transfer.as_deref().map(FfiTransfer::from),
            connection: snapshot.connection.into(),
            scan: snapshot.scan.as_ref().map(FfiScan::from),
            problem: snapshot.problem.as_ref().map(FfiProblem::from),
            // Nobody waits for an answer any more.
            question: question.filter(|_| end.is_none()),
            end: end.map(|end| end.as_ref().map_or_else(FfiEnd::from, |()| FfiEnd::FinalStatus)),
        }
    }
}

impl From<Stats> for FfiStats {
    fn from(stats: Stats) -> Self {
        let millis = |after: std::time::Duration| u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        Self {
            dials: stats.dials,
            failed_dials: stats.failed_dials,
            reconnects: stats.reconnects,
            frames: stats.frames,
            polls: stats.polls,
            failed_polls: stats.failed_polls,
            refreshes: stats.refreshes,
            first_status_after_millis: stats.first_status_after.map(millis),
        }
    }
}
