//! What a watch tells its user, the same on every platform, and the driver that all of them share.
//!
//! [`Driver`] is sans-IO as the [`session`](crate::session) in it: a [`Host`] (tokio, the browser) dials, polls, asks
//! for signatures and tells, and decides nothing. Between a driver and its user stand [`WatchState`], the last of each
//! kind of event, and [`Commands`].

mod commands;
mod driver;
mod error;
mod problem;
mod read;
mod refresh;
mod retry_after;
mod state;
mod stats;
mod timing;

pub use commands::Commands;
pub use driver::{Attempt, Driver, Host, Input, Now, Start, Step};
pub use error::WatchError;
pub use problem::{Problem, ProblemKind, Warnings};
pub use read::{Answer, MAX_ANSWER};
pub use refresh::{FreshSignature, RefreshReason, SignatureError};
pub use retry_after::retry_after_ms;
pub use state::{Snapshot, WatchState};
pub use stats::Stats;
pub use timing::{InvalidTiming, Timing};

use std::sync::Arc;

use crate::error::ErrorBody;
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
    /// What keeps the watch from being live is new, was met again, or is gone. The watch goes on trying all the same.
    Problem(Option<Problem>),
    /// The server says what is wrong, in its own words. Where it matters a close follows.
    ServerError(ErrorBody),
    /// A phone has scanned, or un-scanned, the transfer's QR code.
    Scan(Scan),
    /// The end of the watch. Nothing follows.
    Closed(CloseReason),
}

/// A phone has scanned the transfer's QR code, or taken it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scan {
    /// False when it was taken back.
    pub scanned: bool,
    /// When, by the server's clock.
    pub at: Timestamp,
}
