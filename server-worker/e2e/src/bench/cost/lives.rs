//! The lives that are priced, each lived by many transfers side by side, every step of all before the next. Rooms sleep in
//! between, so that each step finds one that has forgotten what was in memory.

use std::time::Duration;

use transfer_status::TransferId;
use transfer_status_e2e::{Server, Sockets, within};

use crate::backend::Backend;
use crate::load::LIFE;
use crate::watcher::Watcher;

/// For a room and what it does after its answers to come to rest before it is put to sleep.
pub(super) const REST: Duration = Duration::from_millis(500);
/// Rooms that share an isolate share calls to the index. Of a million transfers few do, so each change is priced as
/// if it went alone: the next one comes after the pause between two calls.
const APART: Duration = Duration::from_millis(130);
const WATCHERS: usize = 2;
/// A minute of each watcher: one ping after 20 s of silence. Whether the platform bills those that it answers by
/// itself is not documented; they are counted as if it did.
const PINGS: usize = 3;
/// The alarm that secures an update comes so long after it.
const ALARM: Duration = Duration::from_secs(900);
const DAY: Duration = Duration::from_secs(86_400);
/// How long it is quiet in a slow life, in alarms' times.
const QUIET: u32 = 8;
/// Longer than it takes on any machine.
const EMPTY_WITHIN: Duration = Duration::from_secs(600);

/// One kind of life.
pub(super) struct Life {
    /// What it is called.
    pub(super) name: &'static str,
    /// What happens in it.
    pub(super) story: &'static str,
    /// Most dollars that a million may cost.
    pub(super) limit: f64,
    /// Most dollars that keeping a million for 400 days may cost.
    pub(super) limit_kept: f64,
    /// Messages of clients that the platform answers by itself.
    pub(super) pings: f64,
    /// How long its room stores something.
    pub(super) hours: f64,
    kind: Kind,
}

enum Kind {
    Quick,
    Slow,
    Abandoned,
    Unwatched,
    Unproven,
}

const WATCHED: f64 = (WATCHERS * PINGS) as f64;

pub(super) const LIVES: [Life; 5] = [
    Life {
        name: "quick",
        story: "two watchers, three updates within a minute",
        limit: 15.0,
        limit_kept: 6.0,
        pings: WATCHED,
        hours: 0.25,
        kind: Kind::Quick,
    },
    Life {
        name: "slow",
        story: "two watchers for a minute, two updates, quiet for more than an hour, the end",
        limit: 19.0,
        limit_kept: 6.0,
        pings: WATCHED,
        hours: 2.25,
        kind: Kind::Slow,
    },
    Life {
        name: "abandoned",
        story: "two watchers for a minute, one update, nothing more",
        limit: 15.5,
        limit_kept: 4.0,
        pings: WATCHED,
        hours: 25.0,
        kind: Kind::Abandoned,
    },
    Life {
        name: "unwatched",
        story: "three updates within a minute, nobody watches",
        limit: 14.5,
        limit_kept: 6.0,
        pings: 0.0,
        hours: 0.25,
        kind: Kind::Unwatched,
    },
    Life {
        name: "unproven",
        story: "a socket that shows nothing until it is closed",
        limit: 2.0,
        limit_kept: 0.0,
        pings: 0.0,
        hours: 0.0,
        kind: Kind::Unproven,
    },
];

impl Life {
    /// So many transfers of the `transfers` that are lived otherwise: an address may open 30 sockets a minute unproven.
    pub(super) fn count(&self, transfers: u32) -> u32 {
        match self.kind {
            Kind::Unproven => transfers.min(20),
            _ => transfers,
        }
    }

    /// Lives it so many times, until every room has emptied.
    pub(super) async fn live(&self, server: &Server, transfers: u32) {
        let id = |number| format!("{}-{number}", self.name).parse().expect("an id");
        let ids: Vec<TransferId> = (0..transfers).map(id).collect();
        match self.kind {
            Kind::Quick => updates(server, &ids, WATCHERS, LIFE.len()).await,
            Kind::Slow => {
                updates(server, &ids, WATCHERS, 2).await;
                for _ in 0..QUIET {
                    pass(server, &ids, ALARM).await;
                }
                step(server, &mut Backend::connect(server).await, &ids, 2).await;
            }
            Kind::Abandoned => updates(server, &ids, WATCHERS, 1).await,
            Kind::Unwatched => updates(server, &ids, 0, LIFE.len()).await,
            Kind::Unproven => unproven(server, &ids).await,
        }
        until_empty(server, &ids).await;
    }
}

/// The first so many updates of each, with so many watchers for as long.
async fn updates(server: &Server, ids: &[TransferId], watchers: usize, updates: usize) {
    let mut backend = Backend::connect(server).await;
    let mut watched = Vec::new();
    for id in ids {
        let mut all = Vec::new();
        for _ in 0..watchers {
            all.push(Watcher::open(server, id).await);
        }
        watched.push(all);
    }
    for (status, version) in LIFE[..updates].iter().zip(1..) {
        tokio::time::sleep(REST).await;
        for (id, watchers) in ids.iter().zip(&mut watched) {
            server.evict(id, Sockets::Hibernate);
            // One ping in each of the waits.
            for watcher in watchers.iter_mut() {
                watcher.ping().await;
            }
            backend.report(id, status, "").await;
            for watcher in watchers.iter_mut() {
                watcher.version(version).await;
            }
            tokio::time::sleep(APART).await;
        }
    }
    for watcher in watched.into_iter().flatten() {
        match updates == LIFE.len() {
            true => watcher.end().await,
            false => watcher.leave().await,
        }
    }
    tokio::time::sleep(REST).await;
}

/// One update of each, which are asleep.
async fn step(server: &Server, backend: &mut Backend, ids: &[TransferId], number: usize) {
    for id in ids {
        server.evict(id, Sockets::Hibernate);
        backend.report(id, &LIFE[number], "").await;
        tokio::time::sleep(APART).await;
    }
    tokio::time::sleep(REST).await;
}

/// Sockets that say nothing, and are closed by the server.
async fn unproven(server: &Server, ids: &[TransferId]) {
    let mut sockets = Vec::new();
    for id in ids {
        sockets.push(server.payment_named(id.as_str()).unproven_socket().await);
    }
    server.advance(Duration::from_secs(11)).await;
    for socket in &mut sockets {
        assert_eq!(socket.refused().await, 4408);
    }
    drop(sockets);
}

/// Lets so much time pass, before which the platform has long put the rooms out of memory.
async fn pass(server: &Server, ids: &[TransferId], time: Duration) {
    for id in ids {
        server.evict(id, Sockets::Hibernate);
    }
    server.advance_apart(time, APART).await;
    tokio::time::sleep(REST).await;
}

/// Lets time pass, more and more of it, until no room stores anything; those of `ids` sleep in between.
pub(super) async fn until_empty(server: &Server, ids: &[TransferId]) {
    tokio::time::sleep(REST).await;
    let mut step = ALARM;
    within(EMPTY_WITHIN, async {
        while server.left_in_rooms().await > 0 {
            pass(server, ids, step).await;
            step = (2 * step).min(DAY);
        }
    })
    .await;
}
