//! SIGKILL, twenty times at random moments of a stream of updates: whatever was acknowledged is there, every watcher
//! ends on the right status, and the list and the archive catch up.
//!
//! The moments come from a seed, which is printed; `CRASH_SEED=… cargo test -p transfer-status-e2e --test crash` has
//! the same moments again, though not the same races.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::task::{JoinSet, block_in_place};
use transfer_status::{Event, Status, Transfer, TransferId, Watch};
use transfer_status_e2e::{Options, Payment, Server, soon, within};

const KILLS: u32 = 20;
/// Transfers that are reported at a time.
const BACKENDS: usize = 8;
/// A server lives so long at most before it is killed, from when it answers.
const LIFE_MS: u64 = 250;
/// The outbox tries again every second here; a busy machine needs some of them.
const CATCHES_UP_WITHIN: Duration = Duration::from_secs(30);

/// What a backend was told of one transfer, and what a watcher saw of it.
struct Story {
    id: TransferId,
    acknowledged: Vec<Transfer>,
    seen: Vec<Transfer>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_in_a_stream_of_updates_lose_nothing_that_was_acknowledged() {
    let seed = std::env::var("CRASH_SEED").ok();
    let seed = seed.map_or_else(|| fastrand::u64(..), |seed| seed.parse().unwrap());
    println!("CRASH_SEED={seed}");

    let options = Options::default()
        .variable("OUTBOX_RETRY_SECONDS", "1")
        .with_instruments();
    let server: &Server = Box::leak(Box::new(Server::start(options)));
    let over: &AtomicBool = Box::leak(Box::new(AtomicBool::new(false)));
    let mut backends: JoinSet<_> = (0..BACKENDS).map(|lane| backend(server, lane, over)).collect();

    let mut random = fastrand::Rng::with_seed(seed);
    let started = Instant::now();
    for _ in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(random.u64(..LIFE_MS))).await;
        block_in_place(|| {
            server.kill();
            server.restart();
        });
    }
    over.store(true, Ordering::SeqCst);
    let mut stories = Vec::new();
    while let Some(told) = within(Duration::from_secs(60), backends.join_next()).await {
        stories.extend(told.unwrap());
    }
    println!(
        "{KILLS} kills in {:.1} s, {} transfers",
        started.elapsed().as_secs_f64(),
        stories.len()
    );
    assert!(stories.len() > BACKENDS, "the stream went on between the kills");

    for story in &stories {
        ended_well(server, story).await;
    }
    within(CATCHES_UP_WITHIN, caught_up(server, &stories)).await;
    block_in_place(|| server.kill());
}

/// Reports one transfer after the other, each watched, as a backend that tries again until it is answered.
async fn backend(server: &'static Server, lane: usize, over: &'static AtomicBool) -> Vec<Story> {
    let mut stories = Vec::new();
    for number in 0.. {
        if over.load(Ordering::SeqCst) {
            break;
        }
        let payment = server.payment_named(&format!("crash-{lane}-{number}"));
        let seen = tokio::spawn(all_news(payment.watch()));
        let acknowledged = report(&payment).await;
        let seen = soon(seen).await.unwrap();
        stories.push(Story {
            id: payment.id,
            acknowledged,
            seen,
        });
    }
    stories
}

async fn report(payment: &Payment<'_>) -> Vec<Transfer> {
    let publisher = payment.publisher();
    let mut acknowledged = Vec::new();
    let steps = [
        (Status::Pending, "created"),
        (Status::Processing, "sent"),
        (Status::Processing, "received"),
        (Status::Completed, "booked"),
    ];
    for (status, message) in steps {
        let update = payment.update(status).with_message(message);
        acknowledged.push(soon(publisher.publish(&update)).await.unwrap());
    }
    acknowledged
}

/// All that the user of a watch is told, until it ends by itself.
async fn all_news(mut watch: Watch) -> Vec<Transfer> {
    let mut news = Vec::new();
    while let Some(event) = watch.next().await {
        if let Event::Status(transfer) = event {
            news.push(Transfer::clone(&transfer));
        }
    }
    news
}

/// What was acknowledged is stored, in its place; the watcher saw a part of it in order, and the end.
async fn ended_well(server: &Server, story: &Story) {
    let Story {
        id,
        acknowledged,
        seen,
    } = story;
    let versions: Vec<_> = acknowledged.iter().map(|transfer| transfer.version).collect();
    assert_eq!(
        versions,
        [Some(1), Some(2), Some(3), Some(4)],
        "{id}: each change once"
    );

    let timeline = server.timeline(id).await;
    assert_eq!(timeline.len(), acknowledged.len(), "{id}: {timeline:?}");
    for (entry, transfer) in timeline.iter().zip(acknowledged) {
        assert_eq!(entry["version"].as_u64(), transfer.version, "{id}: {entry}");
        assert_eq!(entry["status"], transfer.status.as_str(), "{id}: {entry}");
        assert_eq!(
            entry["message"].as_str(),
            transfer.message.as_deref(),
            "{id}: {entry}"
        );
        assert_eq!(
            entry["updatedAt"],
            transfer.updated_at.to_string(),
            "{id}: {entry}"
        );
    }
    assert!(
        seen.is_sorted_by(|one, next| one.version < next.version),
        "{id}: {seen:?}"
    );
    assert_eq!(
        seen.last(),
        acknowledged.last(),
        "{id}: the watcher ends on the final status"
    );
}

/// Waits until the list shows every transfer once, as it ended, newest first, and the archive holds them all.
async fn caught_up(server: &Server, stories: &[Story]) {
    let ended: BTreeMap<&str, &Transfer> = stories
        .iter()
        .map(|story| (story.id.as_str(), story.acknowledged.last().unwrap()))
        .collect();
    loop {
        let listed = server.recent().await;
        let archived = server.archive().await;
        let current = |entry: &&Value| entry["version"] == 4 && entry["status"] == "completed";
        let finals = |kept: &&Value| kept["version"] == 4 && kept["final"] == true;
        if listed.iter().filter(current).count() >= ended.len()
            && archived.values().filter(finals).count() >= ended.len()
        {
            let ids: Vec<_> = listed.iter().filter_map(|entry| entry["id"].as_str()).collect();
            let mut once = ids.clone();
            once.sort_unstable();
            assert!(once.iter().eq(ended.keys()), "each is listed once");
            let times: Vec<_> = listed
                .iter()
                .filter_map(|entry| entry["updatedAt"].as_str())
                .collect();
            assert!(times.is_sorted_by(|newer, older| newer >= older), "newest first");
            assert!(archived.keys().map(String::as_str).eq(ended.keys().copied()));
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
