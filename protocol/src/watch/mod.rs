//! What a watch tells its user, the same on every platform, and what passes between it and its driver.
//!
//! The drivers (tokio, the browser) carry out what [`session`](crate::session) says. Between one of them and its user
//! stand [`WatchState`], the last of each kind of event, and [`Commands`]; [`read_frame`] and [`read_poll`] read what
//! came from the service.

mod error;
mod read;
mod state;

#[cfg(feature = "endpoint")]
pub use crate::endpoint::InvalidUrl;
pub use error::{SignatureError, WatchError};
pub use read::{MAX_ANSWER, Notice, read_frame, read_poll};
pub use state::{Commands, WatchState};

use std::sync::Arc;

use crate::session::{CloseReason, Connection};
use crate::timestamp::Timestamp;
use crate::transfer::Transfer;

/// What a watch tells its user.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// News of the transfer: each version at most once, never an older one after a newer one, the final always.
    Status(Arc<Transfer>),
    /// News travels in another way from now on.
    Connection(Connection),
    /// A phone has scanned, or un-scanned, the transfer's QR code.
    Scan(Scan),
    /// The end of the watch. Nothing follows.
    Closed(CloseReason),
}

/// A phone has scanned the transfer's QR code, or taken it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scan {
    /// False when it was taken back.
    pub scanned: bool,
    /// When, by the server's clock.
    pub at: Timestamp,
}
