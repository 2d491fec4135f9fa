//! A client of the played service, and the part of a watch's events that a test looks at.
#![allow(dead_code, reason = "each test file uses a part")]

use transfer_status::{Client, Connection, Event, Problem, Timing, Watch};

use super::{QUICK, Service, id, signature, soon};

pub(crate) fn client(service: &Service, timing: Timing) -> Client {
    Client::builder(service.url()).timing(timing).build().unwrap()
}

pub(crate) fn watch(service: &Service) -> Watch {
    watch_timed(service, QUICK)
}

pub(crate) fn watch_timed(service: &Service, timing: Timing) -> Watch {
    client(service, timing).watch(id()).signature(signature()).start()
}

/// Skips what is said of the connection and of what is in its way.
pub(crate) async fn next_status(watch: &mut Watch) -> Option<(u64, String)> {
    loop {
        match soon(watch.next()).await? {
            Event::Status(transfer) => {
                return Some((transfer.version.unwrap(), transfer.status.as_str().to_owned()));
            }
            Event::Connection(_) | Event::Problem(_) => {}
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

/// Skips everything but what is said of problems.
pub(crate) async fn next_problem(watch: &mut Watch) -> Option<Problem> {
    loop {
        match soon(watch.next()).await.unwrap() {
            Event::Problem(problem) => return problem,
            Event::Closed(reason) => panic!("expected a problem, got {reason:?}"),
            _ => {}
        }
    }
}
