//! The list when its shards were put out of memory, when their number changes, and when rooms do not answer.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use transfer_status_e2e::{ADMIN_TOKEN, Options, Server, Sockets, until};

use crate::deletion::delete;
use crate::{at_rest, server};

const MANY: usize = 300;

fn shards(count: &str) -> Options {
    let options = Options::default().variable("RECENT_SHARDS", count);
    options.variable("OUTBOX_RETRY_SECONDS", "1").with_instruments()
}

async fn ids(server: &Server, query: &str) -> Vec<String> {
    let bearer = format!("Bearer {ADMIN_TOKEN}");
    let answer = server
        .get(&format!("/recent?{query}"), &[("authorization", &bearer)])
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let transfers = answer.json()["transfers"].take();
    let transfers = transfers.as_array().unwrap().iter();
    transfers
        .map(|transfer| transfer["id"].as_str().unwrap().to_owned())
        .collect()
}

async fn report(server: &Server, id: &str, status: &str) {
    let taken = server
        .payment_named(id)
        .post(&format!(r#""status":"{status}""#))
        .await;
    assert_eq!(taken.status, 200, "{}", taken.body);
}

fn names(transfers: &[Value]) -> Vec<String> {
    let mut names: Vec<_> = transfers
        .iter()
        .map(|transfer| transfer["id"].as_str().unwrap().to_owned())
        .collect();
    names.sort_unstable();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shard_that_forgot_hundreds_of_changes_lists_each_as_it_is() {
    let server = Server::start(shards("1"));
    for n in 0..MANY {
        report(&server, &format!("order-{n}"), "pending").await;
    }
    for n in 0..MANY {
        report(&server, &format!("order-{n}"), "completed").await;
    }
    until(async || ids(&server, "status=completed&limit=200").await.len() == 200).await;
    until(async || ids(&server, "status=pending&limit=200").await.is_empty()).await;
    server.evict_shard(0);
    assert!(ids(&server, "status=pending&limit=200").await.is_empty());
    let listed = server.recent().await;
    assert_eq!(listed.len(), MANY);
    assert!(listed.iter().all(|transfer| transfer["version"] == 2));
    // What it has learnt is written down: the next wake asks nobody.
    server.evict_shard(0);
    let before = server.instruments().await.room.fetches;
    assert!(ids(&server, "status=pending&limit=200").await.is_empty());
    assert_eq!(server.instruments().await.room.fetches, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_number_of_shards_takes_the_list_along_nothing_twice_and_nothing_lost() {
    let server = Server::start(shards("4"));
    let all: Vec<_> = (0..40).map(|n| format!("order-{n:02}")).collect();
    for id in &all {
        report(&server, id, "pending").await;
    }
    until(async || server.recent().await.len() == all.len()).await;
    for (round, count) in ["7", "2", "4"].into_iter().enumerate() {
        server.kill();
        server.restart_with(&shards(count));
        // Some go on before anybody looks.
        let changed = ["processing", "processing", "completed"][round];
        for id in all.iter().skip(round).step_by(5) {
            server
                .payment_named(id)
                .post(&format!(r#""status":"{changed}","message":"{round}""#))
                .await;
        }
        let listed = server.recent().await;
        assert_eq!(names(&listed), all, "with {count} shards");
        until(async || {
            let listed = server.recent().await;
            assert_eq!(names(&listed), all, "with {count} shards");
            let mut is_so = true;
            for transfer in listed {
                let id = transfer["id"].as_str().unwrap();
                is_so &= server.payment_named(id).read().await.json() == transfer;
            }
            is_so
        })
        .await;
    }
}

/// The deploys that the list must live through may be short: here it spreads and comes back, and nobody has looked meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_reported_and_deleted_while_nobody_looked_is_right_with_every_number_of_shards() {
    let server = Server::start(shards("2"));
    let old: Vec<_> = (0..12).map(|n| format!("old-{n:02}")).collect();
    for id in &old {
        report(&server, id, "completed").await;
    }
    at_rest(&server).await;

    server.kill();
    server.restart_with(&shards("5"));
    let (deleted, kept) = old.split_at(6);
    let new: Vec<_> = (0..12).map(|n| format!("new-{n:02}")).collect();
    for id in &new {
        report(&server, id, "completed").await;
    }
    for id in deleted {
        let gone = delete(&server, id).await;
        assert_eq!(gone.status, 204, "{}", gone.body);
    }
    at_rest(&server).await;

    let all = [&new, kept].concat();
    for count in ["2", "5", "1"] {
        server.kill();
        server.restart_with(&shards(count));
        assert_eq!(names(&server.recent().await), all, "with {count} shards");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_that_hangs_delays_nobody_and_looks_are_made_once_a_shard() {
    let server = Server::start(shards("1"));
    for n in 0..20 {
        report(&server, &format!("order-{n}"), "pending").await;
    }
    until(async || server.recent().await.len() == 20).await;
    for n in 0..20 {
        report(&server, &format!("order-{n}"), "completed").await;
    }
    until(async || ids(&server, "status=completed").await.len() == 20).await;
    server.evict_shard(0);
    server.evict(&"order-7".parse().unwrap(), Sockets::Hibernate);
    server.faults(&json!({ "hang": ["order-7"] })).await;

    let before = server.instruments().await.room.fetches;
    let bearer = format!("Bearer {ADMIN_TOKEN}");
    let began = Instant::now();
    let (one, two, stats) = tokio::join!(
        ids(&server, "status=completed"),
        ids(&server, "status=completed"),
        async {
            server
                .get("/dashboard/stats", &[("authorization", &bearer)])
                .await
        },
    );
    assert!(began.elapsed() < Duration::from_secs(6));
    assert_eq!(
        (one.len(), two.len()),
        (19, 19),
        "the one that hangs is shown as it was"
    );
    assert_eq!(stats.json()["byStatus"]["completed"], 19);
    assert_eq!(
        server.instruments().await.room.fetches,
        before + 19,
        "each was asked once"
    );
    // It is left alone for a minute.
    let began = Instant::now();
    assert_eq!(ids(&server, "status=completed").await.len(), 19);
    assert!(began.elapsed() < Duration::from_millis(1_500));
    server.faults(&json!({ "hang": [] })).await;
    server.advance(Duration::from_secs(61)).await;
    assert_eq!(ids(&server, "status=completed").await.len(), 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_room_and_shard_is_asked_for_where_data_has_to_stay() {
    let options = shards("2").variable("JURISDICTION", "eu");
    let server = Server::start(options.variable("LOCATION_HINT", "weur"));
    report(&server, "order-1", "completed").await;
    until(async || ids(&server, "").await.len() == 1).await;
    server.evict_shard(0);
    server.evict_shard(1);
    ids(&server, "").await;
    let places = server.instruments().await.places;
    assert_eq!(places.keys().collect::<Vec<_>>(), ["eu weur"], "{places:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_of_the_list_is_logged_under_the_transfers_that_it_concerns() {
    let server = server();
    server.faults(&json!({ "index": "fail" })).await;
    for n in 0..3 {
        report(&server, &format!("unlisted-{n}"), "pending").await;
    }
    until(async || {
        let lines = server.logs();
        (0..3).all(|n| {
            let id = format!("unlisted-{n}");
            lines
                .iter()
                .any(|line| line.contains("did not take these transfers") && line.contains(&id))
        })
    })
    .await;
}
