//! What every part of Transfer Status speaks: transfers, messages, signatures, and the client as a
//! sans-IO state machine.
//!
//! Nothing here opens a socket, reads a clock or draws a random number: callers pass `now`.
//!
//! | module | what | feature |
//! |---|---|---|
//! | [`transfer`], [`timestamp`], [`amount`], [`metadata`] | a transfer and the values in it | `message` |
//! | [`update`] | what a backend posts | `message` |
//! | [`message`], [`error`] | what goes over the WebSocket, and error bodies | `message` |
//! | [`signature`] | the subscription signature: opaque text; minting and verifying need `hmac` | `message` |
//! | [`qr`], [`request`] | the payload of a QR code; what a backend hands to a client | `message` |
//! | [`json`] | how JSON is read, a level at a time | `message` |
//! | [`answer`] | what an HTTP answer that is no success means | `message` |
//! | `endpoint` | the address of a service, for clients and backends | `endpoint` |
//! | [`watch`] | what a client tells its user, for the drivers | `message` |
//! | [`sign`] | update signatures: [`sign::Signer`], [`sign::Verified`] | `hmac` |
//!
//! Bytes are verified before they are parsed, by type:
//!
//! ```
//! # #[cfg(feature = "hmac")] {
//! use transfer_status_protocol::{Status, TransferId, Update};
//! use transfer_status_protocol::sign::{self, Key, KeyRing, Signer, TimestampPolicy};
//!
//! let key = Key::new("a secret that only the backend and the server know").unwrap();
//! let update = Update::new(TransferId::new("transfer-123").unwrap(), Status::Completed);
//! let body = update.encode().unwrap();
//! let signature = Signer::new(key.clone()).sign_at(1_732_320_000, &body);
//!
//! let verified = sign::verify(
//!     &KeyRing::new(key), body, &signature, Some("1732320000"), 1_732_320_007, TimestampPolicy::Required,
//! ).unwrap();
//! assert_eq!(Update::decode(&verified).unwrap(), update);
//! # }
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(not(any(feature = "message", test)), no_std)]

#[cfg(feature = "message")]
pub mod amount;
#[cfg(feature = "message")]
pub mod answer;
pub mod close;
#[cfg(feature = "endpoint")]
pub mod endpoint;
#[cfg(feature = "message")]
pub mod error;
#[cfg(feature = "message")]
mod exact;
#[cfg(feature = "message")]
mod host;
#[cfg(feature = "message")]
pub mod json;
#[cfg(feature = "message")]
pub mod message;
#[cfg(feature = "message")]
pub mod metadata;
#[cfg(feature = "message")]
pub mod qr;
#[cfg(feature = "message")]
pub mod request;
pub mod session;
#[cfg(feature = "hmac")]
pub mod sign;
#[cfg(feature = "message")]
pub mod signature;
#[cfg(feature = "message")]
pub mod timestamp;
#[cfg(feature = "message")]
pub mod transfer;
#[cfg(feature = "message")]
pub mod update;
#[cfg(feature = "message")]
pub mod watch;

#[cfg(feature = "message")]
pub use self::{
    amount::Amount,
    error::{DecodeError, ErrorBody, ErrorCode},
    message::{ClientMessage, ServerMessage},
    metadata::Metadata,
    qr::QrPayload,
    request::TransferRequest,
    signature::Signature,
    timestamp::Timestamp,
    transfer::{Status, Transfer, TransferId},
    update::{Patch, Update},
};
