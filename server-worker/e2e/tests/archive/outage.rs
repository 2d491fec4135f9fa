//! Payments go on while the archive is away, and what it holds wins when it is back.

use std::time::{Duration, Instant};

use serde_json::json;
use transfer_status_e2e::{Said, Sockets, until};

use crate::{DAY, HOUR, at_rest, emptied, pass, server, stored};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_payments_go_on_with_the_archive_away_slow_or_silent() {
    let server = server();
    for how in [
        json!({ "get": "fail", "put": "fail" }),
        json!({ "get": "hang", "put": "hang" }),
        json!({ "get": "ok", "put": "ok", "getMs": 6_000, "putMs": 6_000 }),
    ] {
        server.faults(&json!({ "archive": how })).await;
        let payment = server.payment();
        let began = Instant::now();
        for (version, status) in (1..).zip(["pending", "processing", "completed"]) {
            let taken = payment.post(&format!(r#""status":"{status}""#)).await;
            assert_eq!((taken.status, &taken.json()["version"]), (200, &json!(version)));
        }
        assert!(began.elapsed() < Duration::from_secs(5), "{how}");
    }
    let well = json!({ "get": "ok", "put": "ok", "getMs": 0, "putMs": 0 });
    server.faults(&json!({ "archive": well })).await;
    until(async || {
        pass(&server, Duration::from_secs(60), 1).await;
        let archive = server.archive().await;
        archive.len() == 3 && archive.values().all(|kept| kept["version"] == 3)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_final_status_that_only_the_archive_has_wins_when_it_is_back() {
    let server = server();
    let payment = server.payment();
    payment.post(r#""status":"processing""#).await;
    payment.post(r#""status":"completed","amount":12.10"#).await;
    let before = payment.read().await;
    emptied(&server, 1).await;
    server.evict(&payment.id, Sockets::Hibernate);

    server
        .faults(&json!({ "archive": { "get": "fail", "put": "fail" } }))
        .await;
    let read = payment.read().await;
    read.is_error(503, "unavailable");
    let late = payment.post(r#""status":"pending""#).await;
    assert_eq!((late.status, &late.json()["version"]), (200, &json!(1)));
    let mut socket = payment.socket().await;
    assert_eq!(socket.status().await.version, Some(1));
    // It is still unconfirmed when it has slept.
    server.evict(&payment.id, Sockets::Hibernate);

    server
        .faults(&json!({ "archive": { "get": "ok", "put": "ok" } }))
        .await;
    pass(&server, HOUR, 1).await;
    let told = socket.status().await;
    assert_eq!((told.version, told.status.as_str()), (Some(2), "completed"));
    assert_eq!(socket.next().await, Said::Closed(1000));
    assert_eq!(payment.read().await.body, before.body, "byte for byte");
    payment
        .post(r#""status":"failed""#)
        .await
        .is_error(409, "conflict");
    until(async || {
        let listed = server.recent().await;
        listed.len() == 1 && listed[0]["status"] == "completed"
    })
    .await;
    let lines = server.logs();
    assert!(
        lines
            .iter()
            .any(|line| line.contains("the archive knew the transfer")),
        "an operator can find out"
    );
    emptied(&server, 2).await;
    assert_eq!(stored(&server, &payment).await, (2, "completed".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_reported_meanwhile_goes_on_from_what_the_archive_has() {
    let server = server();
    let payment = server.payment();
    payment
        .post(r#""status":"processing","merchantId":"shop","message":"sent""#)
        .await;
    at_rest(&server).await;
    pass(&server, HOUR, 1).await;
    pass(&server, DAY, 2).await;
    assert_eq!(server.instruments().await.room.emptied, 1);
    server.evict(&payment.id, Sockets::Hibernate);

    server
        .faults(&json!({ "archive": { "get": "fail", "put": "fail" } }))
        .await;
    let taken = payment.post(r#""status":"completed","message":null"#).await;
    assert_eq!(taken.status, 200);
    server
        .faults(&json!({ "archive": { "get": "ok", "put": "ok" } }))
        .await;
    pass(&server, HOUR, 1).await;
    let merged = payment.read().await.json();
    assert_eq!(
        (
            &merged["version"],
            &merged["status"],
            &merged["merchantId"],
            &merged["message"]
        ),
        (&json!(2), &json!("completed"), &json!("shop"), &json!(null))
    );
    assert_eq!(server.timeline(&payment.id).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_update_that_says_what_it_builds_on_waits_for_the_archive() {
    let server = server();
    let known = server.payment();
    known.post(r#""status":"pending""#).await;
    server
        .faults(&json!({ "archive": { "get": "fail", "put": "fail" } }))
        .await;
    let payment = server.payment();
    for version in [0, 1] {
        let refused = payment
            .post(&format!(r#""status":"pending","ifVersion":{version}"#))
            .await;
        refused.is_error(503, "unavailable");
        assert_ne!(refused.header("retry-after"), "");
    }
    let taken = known.post(r#""status":"processing","ifVersion":1"#).await;
    assert_eq!(
        taken.json()["version"],
        2,
        "whose row is there has nothing to ask"
    );
    // One that was taken without the archive has.
    payment.post(r#""status":"pending""#).await;
    let refused = payment.post(r#""status":"processing","ifVersion":1"#).await;
    refused.is_error(503, "unavailable");
    server
        .faults(&json!({ "archive": { "get": "ok", "put": "ok" } }))
        .await;
    let taken = payment.post(r#""status":"processing","ifVersion":1"#).await;
    assert_eq!(taken.json()["version"], 2);
}
