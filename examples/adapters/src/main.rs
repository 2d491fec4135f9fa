//! The Rust SDK behind the adapter protocol (`README.md` beside this package): commands on stdin, events on stdout, and
//! with `--verbose` the SDK's log at its most verbose on stderr.
//!
//! The modules beside `host` are the front end's too, which is another SDK with the same names on another host.
#![forbid(unsafe_code)]

mod adapter;
mod command;
mod host;
mod qr;
mod questions;
mod told;

use transfer_status as sdk;

use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};
use tracing_subscriber::filter::LevelFilter;

use crate::adapter::Adapter;

/// Hints are calls here, so all of them can be given but "hidden".
const CAN: [&str; 19] = [
    "watch",
    "refresh",
    "late-signature",
    "notice",
    "problem",
    "qr",
    "qr-write",
    "allow-plain-text",
    "causes",
    "upgrade-status",
    "signals",
    "roots",
    "hint:online",
    "hint:offline",
    "hint:visible",
    "hint:foreground",
    "hint:networkChanged",
    "hint:suspend",
    "hint:resume",
];

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() {
    if std::env::args().any(|argument| argument == "--verbose") {
        tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_writer(std::io::stderr)
            .with_ansi(false)
            .init();
    }
    host::say(&json!({"event": "ready", "sdk": "rust", "can": CAN}).to_string());
    let mut adapter = Adapter::default();
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if adapter.carry_out(&line).is_break() {
            break;
        }
    }
    // Whatever is under way ends with the process.
    std::process::exit(0);
}
