//! The border between `transfer-status` and the two phone languages: records, enums, a client and a watch.
//!
//! UniFFI makes Swift and Kotlin from what is exported here; the hand-written faces in `swift` and `kotlin` make an
//! `AsyncSequence` and a `Flow` of it. Nothing here decides anything: what a watch does is decided by the session below
//! `transfer-status`, what a user sees by the faces.
//!
//! - **State crosses, not events.** [`FfiWatch::changed_after`] keeps no position: a caller that was cancelled asks
//!   again with the cursor that it has, and nothing is lost.
//! - **Nothing calls out.** Where a watch needs a fresh signature, its snapshot says so, and the face answers.
//! - **Nothing throws but [`FfiError`].** A panic below is one too.
//! - **One thread** carries all clients of a process, and goes with the last one (see `engine`).
//!
//! UniFFI generates the `unsafe` that a border needs; what is written here by hand has none.
#![deny(unsafe_op_in_unsafe_fn)]

mod client;
mod engine;
mod error;
mod problem;
mod questions;
mod records;
mod requests;
mod scan;
#[cfg(feature = "testing")]
mod testing;
mod trust;
mod watch;

pub use client::{FfiClient, FfiClientOptions, FfiHint, FfiTarget};
pub use error::FfiError;
pub use problem::{FfiProblem, FfiProblemKind};
pub use records::{FfiConnection, FfiEnd, FfiScan, FfiSnapshot, FfiStats, FfiStatus, FfiTransfer};
pub use scan::{FfiQr, FfiQrFault, FfiRequest, read_qr, read_request};
#[cfg(feature = "testing")]
pub use testing::{FfiTestClock, client_with_clock, panic_inside, panic_while_waiting};
pub use watch::{FfiCancel, FfiCursor, FfiQuestion, FfiReason, FfiWatch};

uniffi::setup_scaffolding!();
