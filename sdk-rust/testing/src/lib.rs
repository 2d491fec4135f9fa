//! A Transfer Status service within the process, for the tests of backends and apps.
//!
//! [`FakeService`] holds transfers in memory. The clients and publishers that it hands out are the real ones; what they
//! dial is a pipe, and what they speak over it the real protocol. [`ScriptedWatch`] is one watch on such a service.
//!
//! With tokio's paused clock (`#[tokio::test(start_paused = true)]`) a test waits for nothing: a backoff, a poll's
//! interval and a deadline of 45 s are over at once.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use transfer_status::{Status, Update};
//! use transfer_status_testing::FakeService;
//!
//! let service = FakeService::new();
//!
//! // What reports, in place of the bank:
//! let publisher = service.publisher().build()?;
//! publisher.publish(&Update::new("order-1042".parse()?, Status::Processing)).await?;
//!
//! // What your program watches with:
//! let client = service.client().build()?;
//! let mut watch = client.watch("order-1042".parse()?).signature(service.signature("order-1042")).start();
//! assert_eq!(watch.next_status().await.map(|transfer| transfer.status.clone()), Some(Status::Processing));
//!
//! service.update(Update::new("order-1042".parse()?, Status::Completed))?;
//! assert_eq!(watch.finished().await?.status, Status::Completed);
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

/// The README's Rust is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod clock;
mod connector;
mod ledger;
mod scripted;
mod serve;
mod service;
mod socket;

pub use clock::TokioClock;
pub use connector::Connector;
pub use ledger::Conflict;
pub use scripted::ScriptedWatch;
pub use service::FakeService;
