//! The archive and the list on bad days: KV that is slow, stale, busy, lossy, silent or away, calls that never return,
//! deletions, rooms that are to leave nothing. Hours and years pass at once.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod deletion;
mod kv;
mod leftovers;
mod list;
mod lives;
mod outage;
mod outbox;
mod restore;

use std::time::Duration;

use transfer_status_e2e::{Options, Payment, Server, Sockets, until, within};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// A server as it is deployed, but for what is quiet: an hour stands for the day after which that is archived.
fn server() -> Server {
    Server::start(quiet_for_an_hour(Options::default()))
}

fn quiet_for_an_hour(options: Options) -> Options {
    options
        .variable("ARCHIVE_QUIET_SECONDS", "3600")
        .with_instruments()
}

/// Waits until the rooms have nothing under way, after their answers too.
async fn at_rest(server: &Server) {
    // Of a thousand rooms, on a busy machine.
    within(Duration::from_secs(60), async {
        while server.instruments().await.room.running > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

/// Lets time pass, some at a time, and waits each time for what the alarms do.
async fn pass(server: &Server, step: Duration, times: u32) {
    for _ in 0..times {
        server.advance(step).await;
        // An alarm that is due goes off a moment later.
        tokio::time::sleep(Duration::from_millis(60)).await;
        at_rest(server).await;
    }
}

/// Waits until so many rooms have deleted all that they stored, while time passes.
async fn emptied(server: &Server, rooms: u64) {
    until(async || {
        pass(server, 10 * MINUTE, 1).await;
        server.instruments().await.room.emptied >= rooms
    })
    .await;
}

/// Reads the transfer from where it is stored, not from memory: its version and its status.
async fn stored(server: &Server, payment: &Payment<'_>) -> (u64, String) {
    server.evict(&payment.id, Sockets::Hibernate);
    let transfer = payment.read().await.json();
    (
        transfer["version"].as_u64().unwrap(),
        transfer["status"].as_str().unwrap().to_owned(),
    )
}
