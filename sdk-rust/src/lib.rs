//! Client and publisher for Transfer Status, on tokio.
//!
//! A payment goes `pending → processing → completed | failed | cancelled`. A backend reports each step with a signed
//! update; whoever holds the transfer's signature watches it live.
//!
//! | who | does | with | feature |
//! |---|---|---|---|
//! | a backend | lets somebody watch a transfer | [`Minter`] → [`TransferRequest`] | `hmac` |
//! | a backend | reports a new status | [`Publisher`] | `publisher` (default) |
//! | a terminal, a service, an app | watches | [`Client`] → [`Watch`] | `client` (default) |
//!
//! A [`Watch`] reconnects by itself for as long as it is held: with backoff, over a dead link, through deploys of
//! the service, and by HTTP polling where sockets do not get through. The user sees each version at most once, never
//! an older one after a newer one, and the final one always. What keeps it from being live is told as a [`Problem`].
//!
//! [`Client::get`] and [`Client::scan`] are single requests: a transfer as it stands, a code that was read.
//!
//! TLS is [`rustls`], its provider named explicitly: nothing is installed for the whole process. Logs go to
//! [`tracing`](https://docs.rs/tracing) and hold no secret and no signature.
//!
//! | feature | TLS |
//! |---|---|
//! | `webpki-roots` (default), `native-roots`, `platform-verifier` | whose certificates are trusted: [`Roots`] |
//! | `ring` (default), `aws-lc-rs` | what computes; `aws-lc-rs` where both are on |
//!
//! With none of a line, `build` asks for a configuration of your own.
//!
//! # Example
//! The backend of a shop mints a transfer request and hands it to the shop's page; a terminal watches it.
//!
//! ```
//! use std::time::Duration;
//! # #[cfg(all(feature = "client", feature = "publisher", feature = "ring", feature = "webpki-roots"))]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use transfer_status::{Client, Key, Minter, Publisher, Status, Update};
//!
//! // The backend, which holds the secrets of the service:
//! let minter = Minter::new(Key::new("the service's SUBSCRIBE_HMAC_SECRET")?);
//! let request = minter.mint("order-1042".parse()?, "merchant-7", Duration::from_secs(15 * 60))?;
//! let answer = serde_json::to_string(&request)?; // to create-transfer-request
//!
//! // The terminal, which holds none:
//! let client = Client::builder("https://status.example.com").build()?;
//! let request = serde_json::from_str(&answer)?;
//! # if false {
//! let watch = client.watch_request(&request).start();
//!
//! // The backend again, when the bank says so:
//! let publisher = Publisher::builder("https://status.example.com", Key::new("the service's HMAC_SECRET")?).build()?;
//! publisher.publish(&Update::new("order-1042".parse()?, Status::Completed)).await?;
//!
//! let transfer = watch.finished().await?;
//! assert_eq!(transfer.status, Status::Completed);
//! # }
//! # Ok(())
//! # }
//! # #[cfg(not(all(feature = "client", feature = "publisher", feature = "ring", feature = "webpki-roots")))]
//! # fn main() {}
//! ```
#![forbid(unsafe_code)]

/// The README's Rust is compiled with the tests.
#[cfg(all(doctest, feature = "client", feature = "publisher"))]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(feature = "_http")]
mod answer;
#[cfg(feature = "_http")]
mod attempts;
#[cfg(feature = "client")]
mod client;
#[cfg(feature = "client")]
mod clock;
#[cfg(feature = "_http")]
mod error;
#[cfg(feature = "client")]
mod host;
#[cfg(feature = "hmac")]
mod mint;
#[cfg(feature = "publisher")]
mod publisher;
#[cfg(feature = "client")]
mod refresh;
#[cfg(feature = "_http")]
mod retry;
#[cfg(feature = "client")]
mod start;
#[cfg(feature = "client")]
mod task;
#[cfg(feature = "_http")]
mod transport;
#[cfg(feature = "client")]
mod watch;

#[cfg(feature = "client")]
pub use client::{Client, ClientBuilder, RequestError};
#[cfg(feature = "client")]
pub use clock::{Clock, SystemClock};
#[cfg(feature = "_http")]
pub use error::{BuildError, TransportCause, TransportError};
#[cfg(feature = "hmac")]
pub use mint::{MintError, Minter};
#[cfg(feature = "publisher")]
pub use publisher::{ClockSkew, PublishError, Publisher, PublisherBuilder};
#[cfg(feature = "client")]
pub use refresh::SignatureSource;
#[cfg(feature = "_http")]
pub use retry::RetryPolicy;
#[cfg(feature = "_http")]
pub use rustls;
#[cfg(feature = "client")]
pub use start::WatchBuilder;
#[cfg(feature = "_http")]
pub use transport::Roots;
#[cfg(feature = "client")]
pub use watch::{Watch, WatchHandle};

pub use transfer_status_protocol::amount::InvalidAmount;
pub use transfer_status_protocol::close::CloseCode;
#[cfg(feature = "_http")]
pub use transfer_status_protocol::endpoint::InvalidUrl;
pub use transfer_status_protocol::metadata::InvalidMetadata;
pub use transfer_status_protocol::qr::InvalidQrPayload;
#[cfg(feature = "client")]
pub use transfer_status_protocol::session::{CloseReason, Connection, Hint};
#[cfg(feature = "hmac")]
pub use transfer_status_protocol::sign::{
    self, InvalidKey, Key, KeyRing, Signer, TimestampPolicy, Verified, VerifyError,
};
pub use transfer_status_protocol::signature::InvalidSignature;
#[cfg(feature = "hmac")]
pub use transfer_status_protocol::signature::{self, Claims, InvalidClaims, SubscriptionError};
pub use transfer_status_protocol::timestamp::InvalidTimestamp;
pub use transfer_status_protocol::transfer::{InvalidStatus, InvalidTransferId};
pub use transfer_status_protocol::update::InvalidUpdate;
#[cfg(feature = "client")]
pub use transfer_status_protocol::watch::{
    Event, FreshSignature, InvalidTiming, Problem, ProblemKind, RefreshReason, Scan, SignatureError,
    Snapshot, Stats, Timing, WatchError,
};
pub use transfer_status_protocol::{
    Amount, DecodeError, ErrorBody, ErrorCode, Metadata, Patch, QrPayload, Signature, Status, Timestamp,
    Transfer, TransferId, TransferRequest, Update,
};
