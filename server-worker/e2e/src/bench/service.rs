//! What the load is put on: the server, what is measured in its place, or another kind of service beside it.

use std::net::SocketAddr;

use transfer_status_e2e::Server;

/// A service that runs on this machine.
pub(crate) trait Service {
    /// Where it listens.
    fn address(&self) -> SocketAddr;

    /// The process that does its work.
    fn pid(&self) -> u32;

    /// The time on it, in Unix seconds.
    fn unix_seconds(&self) -> u64;

    /// What it understands.
    fn language(&self) -> Language;
}

/// How updates and watchers speak to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// PROTOCOL.md.
    TransferStatus,
    /// Centrifugo's HTTP API and its bidirectional protocol in JSON: a transfer is a channel.
    Centrifugo,
}

impl Service for Server {
    fn address(&self) -> SocketAddr {
        self.address()
    }

    fn pid(&self) -> u32 {
        self.pid()
    }

    fn unix_seconds(&self) -> u64 {
        self.unix_seconds()
    }

    fn language(&self) -> Language {
        Language::TransferStatus
    }
}
