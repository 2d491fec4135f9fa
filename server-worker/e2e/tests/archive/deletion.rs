//! `DELETE /transfer/{id}`: nothing is left, and nothing late brings it back.

use serde_json::json;
use transfer_status_e2e::http::Answer;
use transfer_status_e2e::{ADMIN_TOKEN, Payment, Said, Server, Sockets, until};

use crate::{HOUR, MINUTE, at_rest, emptied, pass, server};

pub(crate) async fn delete(server: &Server, id: &str) -> Answer {
    let bearer = format!("Bearer {ADMIN_TOKEN}");
    let path = format!("/transfer/{id}");
    server
        .request("DELETE", &path, &[("authorization", &bearer)], "")
        .await
}

/// Nobody finds it, in memory or in storage.
async fn is_gone(server: &Server, payment: &Payment<'_>) {
    for _ in 0..2 {
        assert_eq!(payment.version().await, 0);
        delete(server, payment.id.as_str())
            .await
            .is_error(404, "not_found");
        server.evict(&payment.id, Sockets::Hibernate);
    }
    assert!(server.archive().await.is_empty());
    assert!(server.recent().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_transfer_is_gone_everywhere_and_its_id_is_free() {
    let server = server();
    let payment = server.payment();
    delete(&server, payment.id.as_str())
        .await
        .is_error(404, "not_found");
    payment
        .post(r#""status":"processing","message":"personal""#)
        .await;
    let mut socket = payment.socket().await;
    let mut unproven = payment.unproven_socket().await;
    socket.status().await;
    // Archived, for it has gone quiet.
    pass(&server, HOUR, 1).await;
    assert_eq!(server.archive().await.len(), 1);
    let mut socket_again = payment.socket().await;
    socket_again.status().await;

    let gone = delete(&server, payment.id.as_str()).await;
    assert_eq!((gone.status, gone.body.as_str()), (204, ""));
    assert_eq!(socket_again.refused().await, 4404);
    drop((socket, unproven.next().await));
    is_gone(&server, &payment).await;

    let next = payment.post(r#""status":"pending","ifVersion":0"#).await.json();
    assert_eq!(next["version"], 1);
    assert_eq!(next.as_object().unwrap().len(), 4, "nothing of what was: {next}");
    until(async || server.recent().await == [next.clone()]).await;
    assert_eq!(server.timeline(&payment.id).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_only_the_archive_has_is_deleted_too_and_kvs_caches_do_not_show_it() {
    let server = server();
    let payment = server.payment();
    payment.post(r#""status":"completed""#).await;
    emptied(&server, 1).await;
    server.evict(&payment.id, Sockets::Hibernate);
    // KV goes on showing for a minute what was read before.
    server.faults(&json!({ "archive": { "stale": true } })).await;
    assert_eq!(payment.version().await, 1);
    assert_eq!(delete(&server, payment.id.as_str()).await.status, 204);
    is_gone(&server, &payment).await;
    // The tombstone goes in the end.
    let before = server.instruments().await.room.emptied;
    pass(&server, 20 * MINUTE, 2).await;
    assert_eq!(server.instruments().await.room.emptied, before + 1);
    is_gone(&server, &payment).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_write_and_a_late_delivery_do_not_bring_it_back() {
    let server = server();
    let payment = server.payment();
    // The write lands after the room has given it up, and after the deletion.
    server.faults(&json!({ "archive": { "putMs": 14_000 } })).await;
    payment.post(r#""status":"completed""#).await;
    until(async || server.instruments().await.archive.writes >= 1).await;
    server.faults(&json!({ "archive": { "putMs": 0 } })).await;
    assert_eq!(delete(&server, payment.id.as_str()).await.status, 204);
    until(async || !server.archive().await.is_empty()).await;
    server.evict(&payment.id, Sockets::Hibernate);
    assert_eq!(payment.version().await, 0, "nobody is shown it");
    pass(&server, 20 * MINUTE, 3).await;
    is_gone(&server, &payment).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_reached_is_said_and_goes_when_it_is_back() {
    let server = server();
    let payment = server.payment();
    payment.post(r#""status":"completed""#).await;
    at_rest(&server).await;
    server.fail(&["archive", "index"]).await;
    let owed = delete(&server, payment.id.as_str()).await;
    owed.is_error(503, "unavailable");
    assert_ne!(owed.header("retry-after"), "");
    assert_eq!(payment.version().await, 0, "it is shown to nobody from now on");
    server.fail(&[]).await;
    pass(&server, MINUTE, 2).await;
    is_gone(&server, &payment).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_deletion_while_the_first_is_looked_after_for_the_last_time_is_carried_out_too() {
    let server = server();
    let payment = server.payment();
    payment.post(r#""status":"pending""#).await;
    assert_eq!(delete(&server, payment.id.as_str()).await.status, 204);
    at_rest(&server).await;
    let reads = server.instruments().await.archive.reads;
    server.faults(&json!({ "archive": { "getMs": 4_000 } })).await;
    server.advance(20 * MINUTE).await;
    until(async || server.instruments().await.archive.reads > reads).await;
    server.faults(&json!({ "archive": { "getMs": 0 } })).await;
    payment.post(r#""status":"completed""#).await;
    until(async || server.recent().await.len() == 1).await;
    assert_eq!(delete(&server, payment.id.as_str()).await.status, 204);
    assert!(server.recent().await.is_empty());
    is_gone(&server, &payment).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_operator_may() {
    let server = server();
    let payment = server.payment();
    payment.post(r#""status":"pending""#).await;
    let path = format!("/transfer/{}", payment.id);
    let bearer = format!("Bearer {}", payment.signature().expose());
    for headers in [&[][..], &[("authorization", bearer.as_str())]] {
        let refused = server.request("DELETE", &path, headers, "").await;
        refused.is_error(401, "unauthorized");
    }
    let mut socket = payment.socket().await;
    assert_eq!(socket.status().await.version, Some(1));
    payment.post(r#""status":"failed""#).await;
    socket.status().await;
    assert_eq!(socket.next().await, Said::Closed(1000));
}
