//! The Transfer Status server for Cloudflare Workers and Durable Objects.
//!
//! A stateless Worker judges every request; what it lets through takes one hop to the transfer's own
//! Durable Object, its room.
//!
//! | folder | what lives there |
//! |---|---|
//! | `edge` | the Worker: its table of routes, who is asking, and an answer or a refusal for each route |
//! | `room` | the transfer's object: its row, its sockets, and the delivery of what follows elsewhere |
//! | `recent` | the index of what changed lately, in shards |
//! | `domain` | the rules, which know no platform: ledger, record, timeline, outbox, attachment |
//! | `platform` | bindings, sockets and answers, as the rest wants them |
//! | `archive` | final transfers in KV |
#![forbid(unsafe_code)]

mod archive;
mod clock;
mod config;
mod domain;
mod edge;
mod error;
mod log;
mod platform;
mod recent;
mod room;
/// For libFuzzer, which sets `fuzzing`.
#[cfg(any(test, fuzzing))]
pub mod targets;

pub use crate::edge::dispatch::fetch;
pub use crate::recent::RecentIndex;
pub use crate::room::TransferRoom;
