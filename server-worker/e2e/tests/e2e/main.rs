//! The real server on local workerd, watched and fed by sdk-rust, and by bare sockets and requests where the SDK
//! would not say what a test wants to say.
//!
//! Tests of one configuration share a server, each with a transfer of its own; a test that kills a server, or counts
//! what it has woken or logged, starts one for itself.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod bad_input;
mod close_codes;
mod deaf;
mod evictions;
mod expiry;
mod history;
mod legacy;
mod network;
mod operator;
mod overdue;
mod panics;
mod proofs;
mod reading;
mod recent;
mod restarts;
mod scan;
mod secrecy;
mod settings;
mod trail;
mod updates;
mod values;
mod watching;

use std::sync::OnceLock;

use transfer_status_e2e::{Options, Server};

/// The server with nothing but its three secrets.
fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start(Options::default()))
}
