//! Client for Transfer Status in browsers, for front ends in Rust: Leptos, Yew, Dioxus, or none.
//!
//! A payment goes `pending → processing → completed | failed | cancelled`. Whoever holds the transfer's signature
//! watches it live: a [`Client`] gives a [`Watch`], a [`Stream`](futures_util::Stream) of [`Event`]s with the types
//! of the tokio client.
//!
//! A [`Watch`] reconnects by itself for as long as it is held: with backoff, over a dead link, through deploys of the
//! service, when the page wakes up or comes back from the back-forward cache, and by HTTP polling where sockets do not
//! get through. The user sees each version at most once, never an older one after a newer one, and the final one
//! always. What keeps it from being live is told as a [`Problem`], and logged once by
//! [`tracing`](https://docs.rs/tracing).
//!
//! ```no_run
//! use transfer_status_wasm::{Client, Event, TransferRequest};
//! use wasm_bindgen_futures::spawn_local;
//!
//! # fn run(answer: &str, show: impl Fn(String) + 'static) -> Result<(), Box<dyn std::error::Error>> {
//! let request: TransferRequest = serde_json::from_str(answer)?; // from the shop's backend
//! let client = Client::builder("https://status.example.com").build()?;
//! let mut watch = client.watch_request(&request).start();
//! spawn_local(async move {
//!     while let Some(event) = watch.next().await {
//!         if let Event::Status(transfer) = event {
//!             show(transfer.status.to_string());
//!         }
//!     }
//! });
//! # Ok(())
//! # }
//! ```
//!
//! [`Client::get`] asks for the transfer once, and [`Client::scan`] tells its watchers that the code was scanned.
//!
//! # In a component
//! [`Client`], [`Watch`] and [`WatchHandle`] are `Send` and `Sync`, as the signals and clean-up functions of a
//! framework ask for. In Leptos:
//!
//! ```ignore
//! #[component]
//! fn PaymentStatus(id: TransferId, signature: Signature) -> impl IntoView {
//!     let client = expect_context::<Client>();
//!     let (transfer, set_transfer) = signal(None::<Arc<Transfer>>);
//!     Effect::new(move || {
//!         let mut watch = client.watch(id.clone()).signature(signature.clone()).start();
//!         let handle = watch.handle();
//!         on_cleanup(move || handle.close());
//!         spawn_local(async move {
//!             while let Some(event) = watch.next().await {
//!                 if let Event::Status(news) = event {
//!                     set_transfer.try_set(Some(news));
//!                 }
//!             }
//!         });
//!     });
//!     view! {
//!         <p role="status">
//!             {move || transfer.get().map_or("connecting".to_owned(), |transfer| transfer.status.to_string())}
//!         </p>
//!     }
//! }
//! ```
//!
//! An effect runs in the browser alone. Where a page is rendered on a server, outside WebAssembly, a watch ends at
//! once with [`WatchError::Stopped`] and opens nothing.
#![forbid(unsafe_code)]

mod client;
mod clock;
mod host;
mod page;
mod poll;
mod refresh;
mod request_error;
mod requests;
mod shared;
mod socket;
mod start;
mod task;
mod watch;

pub use client::{BuildError, Client, ClientBuilder};
pub use refresh::SignatureSource;
pub use request_error::RequestError;
pub use start::WatchBuilder;
pub use watch::{Watch, WatchHandle};

pub use transfer_status_protocol::amount::InvalidAmount;
pub use transfer_status_protocol::close::CloseCode;
pub use transfer_status_protocol::endpoint::InvalidUrl;
pub use transfer_status_protocol::metadata::InvalidMetadata;
pub use transfer_status_protocol::qr::InvalidQrPayload;
pub use transfer_status_protocol::session::{CloseReason, Connection, Hint};
pub use transfer_status_protocol::signature::InvalidSignature;
pub use transfer_status_protocol::timestamp::InvalidTimestamp;
pub use transfer_status_protocol::transfer::{InvalidStatus, InvalidTransferId};
pub use transfer_status_protocol::watch::{
    Event, FreshSignature, InvalidTiming, Problem, ProblemKind, RefreshReason, Scan, SignatureError,
    Snapshot, Stats, Timing, WatchError,
};
pub use transfer_status_protocol::{
    Amount, DecodeError, ErrorBody, ErrorCode, Metadata, QrPayload, Signature, Status, Timestamp, Transfer,
    TransferId, TransferRequest,
};
