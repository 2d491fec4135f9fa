//! A client of the played service, and the part of a watch's events that a test looks at.
#![allow(dead_code, reason = "each test file uses a part")]

use transfer_status::{Client, Config, Connection, Event, Watch};

use super::{QUICK, Service, id, signature, soon};

pub(crate) fn client(service: &Service, config: Config) -> Client {
    Client::builder(service.url()).config(config).build().unwrap()
}

pub(crate) fn watch(service: &Service) -> Watch {
    client(service, QUICK).watch(id(), signature())
}

/// Skips what is said of the connection.
pub(crate) async fn next_status(watch: &mut Watch) -> Option<(u64, String)> {
    loop {
        match soon(watch.next()).await? {
            Event::Status(transfer) => {
                return Some((transfer.version.unwrap(), transfer.status.as_str().to_owned()));
            }
            Event::Connection(_) => {}
            other => panic!("expected a status, got {other:?}"),
        }
    }
}

pub(crate) async fn next_connection(watch: &mut Watch) -> Connection {
    loop {
        if let Event::Connection(connection) = soon(watch.next()).await.unwrap() {
            return connection;
        }
    }
}
