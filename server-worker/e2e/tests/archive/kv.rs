//! What the archive is told, and when it is believed.

use std::time::Duration;

use serde_json::json;
use transfer_status_e2e::{Options, Server, Sockets, until};

use crate::{DAY, HOUR, MINUTE, at_rest, emptied, pass, server, stored};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bank_that_reports_by_the_hour_keeps_its_last_word() {
    let server = server();
    let payment = server.payment();
    payment.post(r#""status":"processing""#).await;
    at_rest(&server).await;
    // The alarm of an hour's quiet asks what KV has, which takes a while; the last word comes in the middle of that.
    server.faults(&json!({ "archive": { "getMs": 1_500 } })).await;
    server.advance(HOUR).await;
    until(async || server.instruments().await.archive.reads >= 1).await;
    assert_eq!(payment.post(r#""status":"completed""#).await.status, 200);
    tokio::time::sleep(Duration::from_millis(2_000)).await;
    at_rest(&server).await;
    server.faults(&json!({ "archive": { "getMs": 0 } })).await;

    emptied(&server, 1).await;
    assert_eq!(stored(&server, &payment).await, (2, "completed".to_owned()));
    let late = payment.post(r#""status":"failed""#).await;
    late.is_error(409, "conflict");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deploy_with_other_waits_empties_no_room_that_is_not_archived() {
    let grace = |seconds| {
        Options::default()
            .variable("ARCHIVE_GRACE_SECONDS", seconds)
            .with_instruments()
    };
    let server = Server::start(grace("86400"));
    let payment = server.payment();
    server.faults(&json!({ "archive": { "put": "hang" } })).await;
    assert_eq!(payment.post(r#""status":"completed""#).await.status, 200);
    // The alarm that secures the delivery is set for 900 s from the last change; now a room rests for as long.
    server.kill();
    server.restart_with(&grace("900"));
    server.faults(&json!({ "archive": { "put": "lose" } })).await;
    payment.read().await;
    pass(&server, 15 * MINUTE, 1).await;
    assert_eq!(server.instruments().await.room.emptied, 0);
    assert_eq!(stored(&server, &payment).await, (1, "completed".to_owned()));
    server.faults(&json!({ "archive": { "put": "ok" } })).await;
    emptied(&server, 1).await;
    assert_eq!(stored(&server, &payment).await, (1, "completed".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_longer_than_the_grace_and_a_miss_that_kv_remembers_lose_nothing() {
    let server = server();
    let payment = server.payment();
    server
        .faults(&json!({ "archive": { "put": "fail", "stale": true } }))
        .await;
    assert_eq!(payment.post(r#""status":"completed""#).await.status, 200);
    pass(&server, HOUR, 30).await;
    assert!(server.archive().await.is_empty());
    // A reader who asks just before KV is well again has it remember for a minute that there is nothing.
    server.faults(&json!({ "archive": { "put": "ok" } })).await;
    pass(&server, 15 * MINUTE, 1).await;
    assert_eq!(stored(&server, &payment).await, (1, "completed".to_owned()));
    emptied(&server, 1).await;
    assert_eq!(stored(&server, &payment).await, (1, "completed".to_owned()));
    let late = payment.post(r#""status":"pending""#).await;
    late.is_error(409, "conflict");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_kv_acknowledges_and_loses_is_written_again() {
    let server = server();
    let payment = server.payment();
    server.faults(&json!({ "archive": { "put": "lose" } })).await;
    assert_eq!(payment.post(r#""status":"completed""#).await.status, 200);
    pass(&server, 20 * MINUTE, 4).await;
    let counts = server.instruments().await;
    assert_eq!(counts.room.emptied, 0, "it was read back, and was not there");
    server.faults(&json!({ "archive": { "put": "ok" } })).await;
    emptied(&server, 1).await;
    assert_eq!(stored(&server, &payment).await, (1, "completed".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_write_of_an_older_version_that_lands_last_is_found_out() {
    let server = server();
    let payment = server.payment();
    payment.post(r#""status":"processing""#).await;
    at_rest(&server).await;
    // Longer than a room waits for it.
    server.faults(&json!({ "archive": { "putMs": 12_000 } })).await;
    server.advance(HOUR).await;
    until(async || server.instruments().await.archive.writes >= 1).await;
    server.faults(&json!({ "archive": { "putMs": 0 } })).await;
    assert_eq!(payment.post(r#""status":"completed""#).await.status, 200);
    until(async || {
        let archive = server.archive().await;
        archive.values().any(|kept| kept["version"] == 1)
    })
    .await;
    emptied(&server, 1).await;
    assert_eq!(stored(&server, &payment).await, (2, "completed".to_owned()));
    payment
        .post(r#""status":"failed""#)
        .await
        .is_error(409, "conflict");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_key_is_written_twice_within_a_second() {
    let server = server();
    server.faults(&json!({ "archive": { "busy": true } })).await;
    let payment = server.payment();
    payment.post(r#""status":"processing""#).await;
    at_rest(&server).await;
    // Archived for its quiet, and again at once for its end: KV refuses the second one, and gets it later.
    server.advance(HOUR).await;
    until(async || !server.archive().await.is_empty()).await;
    assert_eq!(payment.post(r#""status":"completed""#).await.status, 200);
    emptied(&server, 1).await;
    assert_eq!(stored(&server, &payment).await, (2, "completed".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_never_returns_ends_by_a_time_of_ours() {
    let server = server();
    server
        .faults(&json!({ "archive": { "put": "hang" }, "index": "hang" }))
        .await;
    let payment = server.payment();
    assert_eq!(payment.post(r#""status":"completed""#).await.status, 200);
    // Both give up by themselves, and then the alarm tries again.
    until(async || server.logs().iter().any(|line| line.contains("no answer within"))).await;
    server
        .faults(&json!({ "archive": { "put": "ok" }, "index": "ok" }))
        .await;
    until(async || {
        pass(&server, MINUTE, 1).await;
        server.recent().await.len() == 1 && server.archive().await.len() == 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_update_whose_alarm_cannot_be_set_is_not_acknowledged() {
    let server = server();
    let payment = server.payment();
    server.faults(&json!({ "alarm": "throw" })).await;
    let refused = payment.post(r#""status":"completed""#).await;
    refused.is_error(503, "unavailable");
    server.faults(&json!({ "alarm": "ok" })).await;
    server.evict(&payment.id, Sockets::Hibernate);
    assert_eq!(payment.version().await, 0, "nothing of it was stored");
    let taken = payment.post(r#""status":"completed""#).await;
    assert_eq!(taken.json()["version"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_steps_back_loses_nothing_either() {
    let server = server();
    let payment = server.payment();
    payment.post(r#""status":"processing""#).await;
    server.advance(2 * DAY).await;
    let ahead = payment.post(r#""status":"completed""#).await.json();
    // What an object sees after the machine's clock was set right.
    server.faults(&json!({ "passed": 0 })).await;
    server.evict(&payment.id, Sockets::Hibernate);
    assert_eq!(payment.read().await.json(), ahead);
    server.faults(&json!({ "passed": 2 * 86_400_000_u64 })).await;
    emptied(&server, 1).await;
    assert_eq!(stored(&server, &payment).await, (2, "completed".to_owned()));
}
