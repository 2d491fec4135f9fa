//! What one transfer needs of the platform, counted on the real server, and the price of a million of them.
//!
//! Each transfer is watched by two, who ping; it is reported three times and sleeps in between, so that every step
//! finds a room that has forgotten what was in memory; its end is archived and listed; then its room empties. All of
//! that is counted by `xtask/tools/instruments.mjs` around the built Worker. What cannot be counted on one machine is
//! assumed, and says so.

use std::time::Duration;

use serde_json::json;
use transfer_status::TransferId;
use transfer_status_e2e::{Counts, Options, Server, Sockets, within};

use crate::load::{Backend, LIFE, Watcher};
use crate::machine::processor_time;
use crate::prices;
use crate::report::{Report, rounded};

const WATCHERS: usize = 2;
/// A minute of each watcher: one ping after 20 s of silence. Whether the platform bills those that it answers by
/// itself is not documented; they are counted as if it did.
const PINGS: usize = 3;
/// For a room and what it does after its answers to come to rest before it is put to sleep.
const REST: Duration = Duration::from_millis(500);
/// Rooms that share an isolate share calls to the index. Of a million transfers few do, so each change is priced as
/// if it went alone: the next one comes after the pause between two calls.
const APART: Duration = Duration::from_millis(130);
/// Assumed: how long a room waits for KV, in milliseconds, which takes no time on one machine. An object is billed
/// for that while it waits after its answer too.
const FAR_KV_MS: f64 = 100.0;
/// Assumed: the same for a shard of the index.
const FAR_SHARD_MS: f64 = 20.0;
/// Assumed: a shard that is asleep is woken so often for each transfer: what comes of a million a month that come
/// evenly, spread over 8 shards that fall asleep after 10 s.
const SHARD_WAKES: f64 = 0.7;
/// Requests whose processor time is taken.
const REFUSED: u32 = 500;
/// What a shard lists when it is full.
const FULL_SHARD: f64 = 10_000.0;

/// A safety alarm comes so long after the room was announced.
const ALARM: Duration = Duration::from_secs(900);

/// The deploy's own settings, and one shard for all, so that what it reads is seen whole.
pub(crate) fn options() -> Options {
    let options = Options::default().with_instruments();
    options.variable("RECENT_SHARDS", "1")
}

/// One part of the bill.
struct Part {
    name: &'static str,
    /// How much of it one transfer needs.
    count: f64,
    price: f64,
}

impl Part {
    /// For a million transfers.
    fn dollars(&self) -> f64 {
        self.count * self.price
    }
}

/// Lives through `transfers` lives and prices them; `false` when a million would cost too much.
pub(crate) async fn run(server: &Server, transfers: u32, report: &Report) -> bool {
    let before = server.instruments().await;
    live(server, transfers).await;
    let counts = until_empty(server, transfers).await;
    let worker_ms = workers_own_ms(server).await;
    let rows_a_wake = rows_of_a_shards_wake(server, transfers).await;

    let parts = bill(&before, &counts, f64::from(transfers), worker_ms, rows_a_wake);
    report.say("for one transfer, and for a million:");
    for part in &parts {
        let dollars = part.dollars();
        let (name, count) = (part.name, part.count);
        report.say(&format!("  {name:<58}{count:>10.3}  $ {dollars:>6.2}"));
    }
    let total: f64 = parts.iter().map(Part::dollars).sum();
    let figures = json!({
        "transfers": transfers,
        "watchers": WATCHERS,
        "parts": parts.iter().map(|part| json!({
            "name": part.name,
            "perTransfer": rounded(part.count),
            "dollarsPerMillion": rounded(part.dollars()),
        })).collect::<Vec<_>>(),
        "dollarsPerMillion": rounded(total),
        "limit": prices::LIMIT,
    });
    let words = format!(
        "$ {total:.2} a million transfers at list prices, the limit is $ {:.2}",
        prices::LIMIT
    );
    report.result("cost", &words, figures);
    total <= prices::LIMIT
}

/// All lives, side by side, each step of all before the next.
async fn live(server: &Server, transfers: u32) {
    let mut backend = Backend::connect(server).await;
    let mut watched = Vec::new();
    for number in 0..transfers {
        let id: TransferId = format!("life-{number}").parse().expect("an id");
        let mut watchers = Vec::new();
        for _ in 0..WATCHERS {
            watchers.push(Watcher::open(server, &id).await);
        }
        watched.push((id, watchers));
    }
    for (version, status) in (1..).zip(&LIFE) {
        tokio::time::sleep(REST).await;
        for (id, watchers) in &mut watched {
            server.evict(id, Sockets::Hibernate);
            // One ping in each of the three waits.
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
    for (_, watchers) in watched {
        for watcher in watchers {
            watcher.end().await;
        }
    }
}

/// Waits until every room has emptied.
async fn until_empty(server: &Server, transfers: u32) -> Counts {
    tokio::time::sleep(REST).await;
    server.advance_apart(ALARM, APART).await;
    within(Duration::from_secs(60), async {
        loop {
            let counts = server.instruments().await;
            if counts.room.emptied >= u64::from(transfers) {
                return counts;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await
}

/// The processor time of a request that ends in the Worker, in milliseconds: its signature is right, its body is
/// read, and only then refused. What the runtime spends on HTTP is in it, so that the Worker's own is less.
async fn workers_own_ms(server: &Server) -> f64 {
    let mut backend = Backend::connect(server).await;
    let body = r#"{"transferId":"refused","status":"unknown","message":"created","amount":12.10}"#;
    let mut before = Duration::ZERO;
    for number in 0..2 * REFUSED {
        // The first half is to warm up.
        if number == REFUSED {
            before = processor_time(server.pid());
        }
        assert_eq!(backend.post(body.to_owned()).await.0, 400);
    }
    let processor = processor_time(server.pid()).saturating_sub(before);
    processor.as_secs_f64() * 1_000.0 / f64::from(REFUSED)
}

/// How many rows a full shard reads for a change that wakes it, from what this one read with as many as it has.
async fn rows_of_a_shards_wake(server: &Server, transfers: u32) -> f64 {
    server.evict_shard(0);
    let before = server.instruments().await.shard;
    let mut backend = Backend::connect(server).await;
    let id = "wakes-the-shard".parse().expect("an id");
    backend.report(&id, &LIFE[0], "").await;
    tokio::time::sleep(REST).await;
    // The last statement's rows are known with the next one.
    backend.report(&id, &LIFE[1], "").await;
    backend.report(&id, &LIFE[2], "").await;
    tokio::time::sleep(REST).await;
    let after = server.instruments().await.shard;
    assert_eq!(after.objects, before.objects + 1, "the shard was asleep");
    let read = (after.rows_read - before.rows_read) as f64;
    // What does not grow with the list is no more than a few rows.
    if read < 10.0 {
        read
    } else {
        read * FULL_SHARD / f64::from(transfers)
    }
}

fn bill(before: &Counts, after: &Counts, transfers: f64, worker_ms: f64, rows_a_wake: f64) -> Vec<Part> {
    let each = |count: u64| count as f64 / transfers;
    let requests = each(after.worker.requests - before.worker.requests);
    let (room, shard) = (&after.room, &after.shard);
    let messages = room.messages + room.closes + (WATCHERS * PINGS) as u64 * transfers as u64;
    let gb_seconds = |ms: f64| ms / 1_000.0 * prices::OBJECT_GB;
    let far_ms =
        each(after.archive.reads + after.archive.writes) * FAR_KV_MS + each(shard.fetches) * FAR_SHARD_MS;
    let part = |name, count, price| Part { name, count, price };
    vec![
        part(
            "requests and upgrades of the Worker",
            requests,
            prices::WORKER_REQUEST,
        ),
        part(
            "ms of processor time of the Worker",
            requests * worker_ms,
            prices::WORKER_MS,
        ),
        part(
            "requests and upgrades of a room",
            each(room.fetches),
            prices::OBJECT_REQUEST,
        ),
        part(
            "requests of the recent index",
            each(shard.fetches),
            prices::OBJECT_REQUEST,
        ),
        part("alarms of a room", each(room.alarms), prices::OBJECT_REQUEST),
        part(
            "messages, pings and closes of sockets",
            each(messages) / prices::MESSAGES_A_REQUEST,
            prices::OBJECT_REQUEST,
        ),
        part(
            "GB-seconds of objects, as measured here",
            gb_seconds((room.busy_ms + shard.busy_ms) / transfers),
            prices::OBJECT_GB_SECOND,
        ),
        part(
            "GB-seconds of waiting for KV and the index, assumed",
            gb_seconds(far_ms),
            prices::OBJECT_GB_SECOND,
        ),
        part(
            "rows that a room writes for its updates",
            each(room.rows_written - room.schema_rows),
            prices::ROW_WRITTEN,
        ),
        part(
            "rows that a room writes for its table",
            each(room.schema_rows),
            prices::ROW_WRITTEN,
        ),
        part(
            "alarms that a room sets, each a row",
            each(room.alarms_set),
            prices::ROW_WRITTEN,
        ),
        part(
            "rows that emptying lets go, with the database",
            each(room.rows_emptied),
            prices::ROW_EMPTIED,
        ),
        part(
            "rows that the recent index writes",
            // Its tables are made once.
            each(shard.rows_written - shard.schema_rows),
            prices::ROW_WRITTEN,
        ),
        part("rows that a room reads", each(room.rows_read), prices::ROW_READ),
        part(
            "rows that shards read at wakes, 0.7 assumed, full",
            SHARD_WAKES * rows_a_wake,
            prices::ROW_READ,
        ),
        part(
            "writes of the archive",
            each(after.archive.writes),
            prices::KV_WRITE,
        ),
        part("reads of the archive", each(after.archive.reads), prices::KV_READ),
    ]
}
