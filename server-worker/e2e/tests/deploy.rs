//! A deploy and a rollback, played while payments come in: the build of the release before and this one over one folder,
//! Workers of one talking to objects of the other, objects that change over one by one. Nothing that is valid is refused
//! for good, nothing is lost, and updates and watchers go on all the while.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::{JoinSet, block_in_place};
use transfer_status::{Status, Transfer, TransferId};
use transfer_status_e2e::Release::{Before, This};
use transfer_status_e2e::story::{STEPS, Story, all_news, caught_up};
use transfer_status_e2e::{ADMIN_TOKEN, Options, Payment, Release, Server, Sockets, soon, until, within};

/// Payments that are reported at a time.
const LANES: usize = 3;
/// Payments that are open from before the first deploy until after the last.
const LONG: usize = 3;
/// So much goes on in each lane before the next thing happens.
const STEP: usize = 3;
/// Shards of the list: so many that a room which brings them the changes of others comes to rest soon, for the harness
/// puts no object out of memory that has something under way.
const SHARDS: u16 = 32;
/// The outbox tries again every second here; a busy machine needs some of them.
const CATCHES_UP_WITHIN: Duration = Duration::from_secs(30);

/// What is going on, for whoever plays the platform.
#[derive(Default)]
struct Traffic {
    is_over: AtomicBool,
    /// Acknowledged updates, a lane.
    acknowledged: [AtomicUsize; LANES],
    /// Answers that asked to come back.
    come_back: AtomicUsize,
}

impl Traffic {
    /// Waits until every lane has got further.
    async fn goes_on(&self) {
        let counts = || {
            self.acknowledged
                .each_ref()
                .map(|count| count.load(Ordering::SeqCst))
        };
        let before = counts();
        until(async || {
            let all = counts();
            all.iter()
                .zip(before)
                .all(|(count, before)| *count >= before + STEP)
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deploy_and_a_rollback_refuse_nothing_that_is_valid_and_lose_nothing() {
    let options = Options::default()
        .variable("OUTBOX_RETRY_SECONDS", "1")
        .variable("RECENT_SHARDS", &SHARDS.to_string())
        .with_instruments()
        .with_release_before(Before, Before);
    let server: &Server = Box::leak(Box::new(Server::start(options)));
    let traffic: &Traffic = Box::leak(Box::default());
    let mut lanes: JoinSet<_> = (0..LANES).map(|lane| payments(server, lane, traffic)).collect();
    let mut long: Vec<Story> = Vec::new();
    let mut watchers = Vec::new();
    for number in 0..LONG {
        let payment = server.payment_named(&format!("long-{number}"));
        watchers.push(tokio::spawn(all_news(payment.watch())));
        long.push(Story {
            id: payment.id,
            acknowledged: Vec::new(),
            seen: Vec::new(),
        });
    }

    let mut stories = Vec::new();
    for (stage, (worker, objects)) in [
        (Before, Before),
        (This, Before),
        (This, This),
        // And back.
        (Before, This),
        (Before, Before),
        // A rollout that begins with the objects.
        (Before, This),
        (This, This),
    ]
    .into_iter()
    .enumerate()
    {
        let told = format!("stage {stage}: Worker of {worker:?}, objects of {objects:?}");
        server.deploy(worker, objects).await;
        // Whoever is awake is of the release before still.
        traffic.goes_on().await;
        stories.push(answers_are_as_ever(server, traffic, &format!("awake-{stage}"), &told).await);
        stories.extend(what_is_new_is_done_or_refused(server, stage, worker, objects).await);
        change_over(server, &long, traffic).await;
        for story in &mut long {
            let payment = server.payment_named(story.id.as_str());
            let taken = report(&payment, &Status::Processing, &told, traffic).await;
            story.acknowledged.push(taken);
        }
        stories.push(answers_are_as_ever(server, traffic, &format!("changed-{stage}"), &told).await);
        for story in &stories {
            let payment = server.payment_named(story.id.as_str());
            let contrary = payment.post(r#""status":"cancelled""#).await;
            contrary.is_error(409, "conflict");
        }
        traffic.goes_on().await;
    }

    traffic.is_over.store(true, Ordering::SeqCst);
    for mut story in long {
        let payment = server.payment_named(story.id.as_str());
        let end = report(&payment, &Status::Completed, "booked", traffic).await;
        story.acknowledged.push(end);
        story.seen = soon(watchers.remove(0)).await.unwrap();
        stories.push(story);
    }
    while let Some(told) = within(Duration::from_secs(60), lanes.join_next()).await {
        stories.extend(told.unwrap());
    }
    println!(
        "{} transfers, {} answers to come back",
        stories.len(),
        traffic.come_back.load(Ordering::SeqCst)
    );
    for story in &stories {
        story.ended_well(server).await;
    }
    within(CATCHES_UP_WITHIN, caught_up(server, &stories)).await;
}

/// Has a room change over, and its sockets break; `false` while it has something under way, for the harness breaks nothing
/// off.
fn changes_over(server: &Server, id: &TransferId) -> bool {
    block_in_place(|| server.try_evict(id, Sockets::Close))
}

/// Objects change over one by one, and the sockets of each break, while updates go on.
async fn change_over(server: &Server, long: &[Story], traffic: &Traffic) {
    for story in long {
        until(async || changes_over(server, &story.id)).await;
        traffic.goes_on().await;
    }
    for shard in 0..SHARDS {
        block_in_place(|| server.evict_shard(shard));
    }
}

/// One payment after the other, each watched.
async fn payments(server: &'static Server, lane: usize, traffic: &'static Traffic) -> Vec<Story> {
    let mut stories = Vec::new();
    for number in 0.. {
        if traffic.is_over.load(Ordering::SeqCst) {
            break;
        }
        let payment = server.payment_named(&format!("lane-{lane}-{number}"));
        let seen = tokio::spawn(all_news(payment.watch()));
        let mut acknowledged = Vec::new();
        for (step, (status, message)) in STEPS.iter().enumerate() {
            acknowledged.push(report(&payment, status, message, traffic).await);
            traffic.acknowledged[lane].fetch_add(1, Ordering::SeqCst);
            // In the middle of a payment its own object changes over too.
            if step == number % STEPS.len() {
                changes_over(server, &payment.id);
            }
        }
        stories.push(Story {
            seen: soon(seen).await.unwrap(),
            id: payment.id,
            acknowledged,
        });
    }
    stories
}

/// Reports by hand, so that each answer is seen: it is 200, or "come back" with a time, and nothing else.
async fn report(payment: &Payment<'_>, status: &Status, message: &str, traffic: &Traffic) -> Transfer {
    soon(async {
        loop {
            let answer = payment
                .post(&format!(
                    r#""status":"{}","message":"{message}""#,
                    status.as_str()
                ))
                .await;
            if answer.status == 200 {
                return Transfer::decode(&answer.body).unwrap();
            }
            answer.is_error(503, "unavailable");
            assert_ne!(answer.header("retry-after"), "", "{}", answer.body);
            traffic.come_back.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
}

/// What backends, payers and the operator ask for is answered as with no deploy. Gives the payment that was made.
async fn answers_are_as_ever(server: &Server, traffic: &Traffic, name: &str, told: &str) -> Story {
    let payment = server.payment_named(name);
    let mut watcher = payment.socket().await;
    assert_eq!(watcher.status().await.version, Some(0), "{told}");
    let fields = r#""status":"processing","message":"gr\u00f6\u00dfe","metadata":{"till":4}"#;
    let answer = payment.post(fields).await;
    assert_eq!(answer.status, 200, "{told}: {}", answer.body);
    let begun = Transfer::decode(&answer.body).unwrap();
    assert_eq!(watcher.status().await, begun, "{told}");
    let mut late = payment.unproven_socket().await;
    late.send(&payment.subscribe_message()).await;
    assert_eq!(late.status().await, begun, "{told}");
    let bearer = format!("Bearer {ADMIN_TOKEN}");
    let admin = [("authorization", bearer.as_str())];
    for path in [
        "/recent".to_owned(),
        "/dashboard/stats".to_owned(),
        format!("/transfer/{}/timeline", payment.id),
    ] {
        let answer = server.get(&path, &admin).await;
        assert_eq!(answer.status, 200, "{told}: {path}: {}", answer.body);
    }
    let unknown = server.get("/transfer/nobody-knows-it", &admin).await;
    unknown.is_error(404, "not_found");

    let ended = report(&payment, &Status::Completed, "booked", traffic).await;
    assert_eq!(watcher.status().await, ended, "{told}");
    assert_eq!(payment.read().await.json()["status"], "completed", "{told}");
    Story {
        id: payment.id,
        seen: vec![begun.clone(), ended.clone()],
        acknowledged: vec![begun, ended],
    }
}

/// What the release before does not know is never done by half: an update that says what it builds on is not taken by a
/// room that would not look, and a deletion by such a room is to be sent again. Gives the payment, unless it was deleted.
async fn what_is_new_is_done_or_refused(
    server: &Server,
    stage: usize,
    worker: Release,
    objects: Release,
) -> Option<Story> {
    let payment = server.payment_named(&format!("new-{stage}"));
    let taken = payment.post(r#""status":"processing""#).await;
    let mut acknowledged = vec![Transfer::decode(&taken.body).unwrap()];
    if worker == This {
        let stale = r#""status":"cancelled","ifVersion":0"#;
        let refused = payment.post(stale).await;
        match objects {
            This => refused.is_error(409, "conflict"),
            Before => refused.is_error(503, "unavailable"),
        };
    }
    let ended = payment.post(r#""status":"failed""#).await;
    acknowledged.push(Transfer::decode(&ended.body).unwrap());
    let bearer = format!("Bearer {ADMIN_TOKEN}");
    let path = format!("/transfer/{}", payment.id);
    let deleted = server
        .request("DELETE", &path, &[("authorization", &bearer)], "")
        .await;
    match (worker, objects) {
        // A shard of the list that has yet to change over does not know removals: the deletion is owed until it has.
        (This, This) => {
            if deleted.status != 204 {
                deleted.is_error(503, "unavailable");
            }
            return None;
        }
        (This, Before) => {
            deleted.is_error(503, "unavailable");
            assert_ne!(deleted.header("retry-after"), "");
        }
        (Before, _) => {
            deleted.is_error(405, "method_not_allowed");
        }
    }
    Some(Story {
        id: payment.id,
        seen: acknowledged.clone(),
        acknowledged,
    })
}
