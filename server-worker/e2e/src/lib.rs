//! End-to-end tests: sdk-rust against the real server on local workerd.
//!
//! This library is their harness; the stories are in `tests/`. [`Server`] runs the built Worker as
//! `cargo xtask serve --control` does and can make its trouble (evict, kill, restart); [`Payment`] is one transfer on
//! it with both SDK ends; [`Socket`] and [`http`] speak to it byte by byte; [`Proxy`] is a bad network.
//!
//! `cargo xtask test` runs them. They are no default member of the workspace: plain `cargo test` needs no Node.js.
#![forbid(unsafe_code)]

pub mod http;
mod instruments;
mod list;
mod options;
mod payment;
mod proxy;
mod releases;
mod server;
mod socket;
pub mod story;
mod workplace;
mod wrangler;

pub use instruments::{Counts, ObjectCounts};
pub use options::{ADMIN_TOKEN, HMAC_SECRET, Options, SUBSCRIBE_HMAC_SECRET};
pub use payment::{Payment, QUICK, next_connection, next_status, unix_seconds};
pub use proxy::Proxy;
pub use releases::Release;
pub use server::{Server, Sockets};
pub use socket::{Said, Socket};
pub use workplace::operators_tool;
pub use wrangler::WranglerDev;

use std::time::Duration;

/// Longer than anything takes that is not meant to; only a failing test waits for it.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Between two looks at what has to be asked for.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// Fails the test instead of hanging it.
///
/// # Panics
/// When `work` takes longer than [`PATIENCE`].
pub async fn soon<T>(work: impl Future<Output = T>) -> T {
    within(PATIENCE, work).await
}

/// Waits until this is so, asking again and again: for what follows from an update and tells nobody.
///
/// # Panics
/// When it takes longer than [`PATIENCE`].
pub async fn until(is_so: impl AsyncFn() -> bool) {
    soon(async {
        while !is_so().await {
            tokio::time::sleep(ASK_AGAIN).await;
        }
    })
    .await;
}

/// [`soon`] for what takes longer by PROTOCOL.md.
///
/// # Panics
/// When `work` takes longer than `limit`.
pub async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(limit, work).await {
        Ok(value) => value,
        Err(_) => panic!("this should have happened within {limit:?}"),
    }
}
