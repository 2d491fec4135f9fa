//! SIGKILL, twenty times at random moments of a stream of updates: whatever was acknowledged is there, every watcher
//! ends on the right status, and the list and the archive catch up.
//!
//! The moments come from a seed, which is printed; `CRASH_SEED=… cargo test -p transfer-status-e2e --test crash` has
//! the same moments again, though not the same races.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::task::{JoinSet, block_in_place};
use transfer_status::Transfer;
use transfer_status_e2e::story::{STEPS, Story, all_news, caught_up};
use transfer_status_e2e::{Options, Payment, Server, soon, within};

const KILLS: u32 = 20;
/// Transfers that are reported at a time.
const BACKENDS: usize = 8;
/// A server lives so long at most before it is killed, from when it answers.
const LIFE_MS: u64 = 250;
/// The outbox tries again every second here; a busy machine needs some of them.
const CATCHES_UP_WITHIN: Duration = Duration::from_secs(30);

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
        story.ended_well(server).await;
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
    for (status, message) in STEPS {
        let update = payment.update(status).with_message(message);
        acknowledged.push(soon(publisher.publish(&update)).await.unwrap());
    }
    acknowledged
}
