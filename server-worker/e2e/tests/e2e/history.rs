//! The archive: what is left of a transfer when its room is gone, and one that got stuck.

use std::time::Duration;

use serde_json::json;
use transfer_status::Status;
use transfer_status_e2e::{Options, Said, Server, Sockets, until};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

/// A server as it is deployed, that counts and lets time pass.
fn server() -> Server {
    Server::start(Options::default().with_instruments())
}

/// Waits until the rooms have nothing under way, after their answers too.
async fn at_rest(server: &Server) {
    until(async || server.instruments().await.room.running == 0).await;
}

/// Lets time pass until so many rooms have emptied.
async fn emptied(server: &Server, rooms: u64) {
    until(async || {
        at_rest(server).await;
        server.advance(5 * MINUTE).await;
        server.instruments().await.room.emptied >= rooms
    })
    .await;
}

#[tokio::test]
async fn a_transfer_outlives_its_room() {
    let server = server();
    let payment = server.payment();
    let fields = r#""status":"processing","amount":12.10,"metadata":{"order":[7,{"a":"\u00e9"}]}"#;
    payment.post(fields).await;
    payment.report(Status::Completed).await;
    let before = payment.read().await;
    let timeline = server.timeline(&payment.id).await;
    assert_eq!(timeline.len(), 2);

    emptied(&server, 1).await;
    for woken in [false, true] {
        if woken {
            server.evict(&payment.id, Sockets::Hibernate);
        }
        assert_eq!(payment.read().await.body, before.body, "byte for byte");
        assert_eq!(server.timeline(&payment.id).await, timeline);
        let late = payment.post(r#""status":"failed""#).await;
        late.is_error(409, "conflict");
        assert_eq!(late.json()["transfer"], before.json());
        let again = payment.post(r#""status":"completed","amount":12.1"#).await;
        assert_eq!((again.status, again.body), (200, before.body.clone()));

        let mut socket = payment.socket().await;
        assert_eq!(socket.status().await.version, Some(2));
        assert_eq!(socket.next().await, Said::Closed(1000));
        let mut unproven = payment.unproven_socket().await;
        unproven.send(&payment.subscribe_message()).await;
        assert_eq!(unproven.status().await.status, Status::Completed);
        assert_eq!(unproven.next().await, Said::Closed(1000));
    }

    let counts = server.instruments().await;
    assert_eq!(counts.archive.writes, 1, "once final, it is never written again");
    assert_eq!(counts.room.rows_written, 2, "and the room stays empty");
}

#[tokio::test]
async fn a_room_that_slept_reads_the_archive_back_before_it_empties() {
    let server = server();
    let payment = server.payment();
    payment.report(Status::Failed).await;
    until(async || !server.archive().await.is_empty()).await;
    at_rest(&server).await;
    let before = server.instruments().await;
    server.evict(&payment.id, Sockets::Hibernate);
    emptied(&server, 1).await;
    let counts = server.instruments().await;
    assert_eq!(
        (counts.archive.reads, counts.archive.writes),
        (before.archive.reads + 1, 1)
    );
    assert_eq!(
        counts.shard.fetches, before.shard.fetches,
        "the copy tells that the list has it"
    );
}

#[tokio::test]
async fn a_transfer_that_got_stuck_is_archived_as_it_stands_and_again_at_its_end() {
    let server = server();
    let payment = server.payment();
    payment.report(Status::Processing).await;
    let archived = async |version: u64, is_final: bool| {
        until(async || {
            let kept = server.archive().await.remove(payment.id.as_str());
            kept.is_some_and(|kept| kept["version"] == version && kept["final"] == is_final)
        })
        .await;
    };
    at_rest(&server).await;
    server.advance(DAY).await;
    archived(1, false).await;
    payment.post(r#""status":"completed""#).await;
    archived(2, true).await;
    let written = server.instruments().await.archive.written;
    assert_eq!(
        json!(written),
        json!({ (format!("t/{}", payment.id)): 2 }),
        "once for each"
    );
}

#[tokio::test]
async fn a_payment_costs_the_rows_and_calls_that_are_counted_on() {
    // Each shard beyond the first makes one call more, once, with the first that it lists.
    let options = Options::default().variable("RECENT_SHARDS", "1");
    let server = Server::start(options.with_instruments());
    let before = server.instruments().await.worker.requests;
    let payment = server.payment();
    let mut watchers = [payment.socket().await, payment.socket().await];
    for (told, status) in [
        (1, Status::Pending),
        (2, Status::Processing),
        (3, Status::Completed),
    ] {
        // As if it took a while: each step finds the room asleep.
        at_rest(&server).await;
        server.evict(&payment.id, Sockets::Hibernate);
        payment.report(status).await;
        until(async || server.instruments().await.shard.fetches >= told).await;
    }
    at_rest(&server).await;
    for watcher in &mut watchers {
        while let Said::Text(_) = watcher.next().await {}
    }
    emptied(&server, 1).await;
    let counts = server.instruments().await;
    assert_eq!(counts.room.rows_written, 3, "one an update");
    assert_eq!(counts.room.schema_rows, 0);
    assert_eq!(counts.room.alarms_set, 1, "for safety, expiry and the end");
    assert_eq!(counts.room.alarms, 1);
    assert_eq!((counts.archive.reads, counts.archive.writes), (2, 1));
    assert_eq!(counts.shard.rows_written - counts.shard.schema_rows, 1);
    assert_eq!(counts.shard.alarms_set, 1, "once a day");
    assert_eq!(counts.shard.fetches, 3);
    assert_eq!(counts.worker.requests - before, 5);
}
