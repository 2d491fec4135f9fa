//! What one transfer needs of the platform, counted on the real server, and the price of a million of them: for a quick
//! life, a slow one, an abandoned one, one that nobody watches, and for a stranger's socket.
//!
//! All is counted by `xtask/tools/instruments.mjs` around the built Worker. What cannot be counted on one machine is
//! assumed, and says so.

mod bill;
mod lives;

use std::time::Duration;

use serde_json::json;
use transfer_status_e2e::{Options, Server};

use self::bill::{Assumed, Part};
use self::lives::{LIVES, Life, REST, until_empty};
use crate::backend::Backend;
use crate::load::LIFE;
use crate::machine::processor_time;
use crate::report::{Report, rounded};

/// Requests whose processor time is taken.
const REFUSED: u32 = 500;
/// What a shard lists when it is full.
const FULL_SHARD: f64 = 10_000.0;
/// After so long nothing may be left: `HISTORY_TTL_DAYS`, and a month.
const ALL_OVER: Duration = Duration::from_secs(86_400 * 430);
const DAY: Duration = Duration::from_secs(86_400);

/// The deploy's own settings, and one shard for all, so that what it reads is seen whole.
pub(crate) fn options() -> Options {
    let options = Options::default().with_instruments();
    options.variable("RECENT_SHARDS", "1")
}

/// Lives through `transfers` of each life and prices them; `false` when a million would cost too much, or when something
/// is left where nothing may be. With `counts_alone` what the clock has measured is not judged.
pub(crate) async fn run(server: &Server, transfers: u32, counts_alone: bool, report: &Report) -> bool {
    let mut lived = Vec::new();
    for life in &LIVES {
        let count = life.count(transfers);
        let before = server.instruments().await;
        life.live(server, count).await;
        lived.push((count, bill::since(&before, &server.instruments().await)));
    }
    let left_in_rooms = server.left_in_rooms().await;
    let assumed = Assumed {
        worker_ms: workers_own_ms(server).await,
        rows_a_wake: rows_of_a_shards_wake(server).await,
    };
    let mut all_within = true;
    for (life, (count, counts)) in LIVES.iter().zip(&lived) {
        let parts = bill::of(life, counts, f64::from(*count), &assumed);
        all_within &= tell(life, *count, &parts, counts_alone, report);
    }
    all_within & nothing_is_left(server, left_in_rooms, report).await
}

fn tell(life: &Life, transfers: u32, parts: &[Part], counts_alone: bool, report: &Report) -> bool {
    report.say(&format!(
        "{}: {}; for one, and for a million:",
        life.name, life.story
    ));
    for part in parts.iter().filter(|part| part.count > 0.0) {
        let dollars = part.dollars();
        let (name, count) = (part.name, part.count);
        report.say(&format!("  {name:<58}{count:>10.3}  $ {dollars:>6.2}"));
    }
    let sum = |is_kept: bool| -> f64 {
        let parts = parts.iter().filter(|part| part.is_kept == is_kept);
        parts.map(Part::dollars).sum()
    };
    let (once, kept) = (sum(false), sum(true));
    let figures = json!({
        "life": life.name,
        "transfers": transfers,
        "parts": parts.iter().map(|part| json!({
            "name": part.name,
            "perTransfer": rounded(part.count),
            "dollarsPerMillion": rounded(part.dollars()),
        })).collect::<Vec<_>>(),
        "dollarsPerMillion": rounded(once),
        "limit": life.limit,
        "dollarsPerMillionKept": rounded(kept),
        "limitKept": life.limit_kept,
    });
    let words = format!(
        "{}: $ {once:.2} a million at list prices, the limit is $ {:.2}; kept for 400 days $ {kept:.2}, the limit is $ {:.2}",
        life.name, life.limit, life.limit_kept
    );
    report.result("cost", &words, figures);
    let timed = parts.iter().filter(|part| part.is_timed && counts_alone);
    let timed: f64 = timed.map(Part::dollars).sum();
    once - timed <= life.limit && kept <= life.limit_kept
}

/// Looks whether rooms that have emptied store anything, and a month after the archive's time anybody.
async fn nothing_is_left(server: &Server, in_rooms: u64, report: &Report) -> bool {
    until_empty(server, &[]).await;
    for by in [ALL_OVER, DAY, DAY] {
        server.advance(by).await;
        tokio::time::sleep(REST).await;
    }
    let elsewhere = server.archive().await.len() + server.recent().await.len();
    let words = format!(
        "{in_rooms} rows and alarms in rooms that have emptied, {elsewhere} transfers after 430 days; the limit is 0"
    );
    let figures = json!({ "inRooms": in_rooms, "afterItsTime": elsewhere });
    report.result("left", &words, figures);
    in_rooms == 0 && elsewhere == 0
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
async fn rows_of_a_shards_wake(server: &Server) -> f64 {
    let mut backend = Backend::connect(server).await;
    let listed = server.recent().await.len().max(1);
    server.evict_shard(0);
    let before = server.instruments().await.shard;
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
        read * FULL_SHARD / listed as f64
    }
}
