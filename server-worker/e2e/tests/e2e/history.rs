//! The archive: what is left of a transfer when its room is gone, and one that got stuck.

use serde_json::json;
use transfer_status::Status;
use transfer_status_e2e::{Options, Said, Server, Sockets, until};

/// A server whose rooms empty soon, and that counts.
fn hasty(options: Options) -> Server {
    Server::start(
        options
            .variable("OUTBOX_RETRY_SECONDS", "1")
            .variable("ARCHIVE_GRACE_SECONDS", "2")
            .with_instruments(),
    )
}

/// Waits until the rooms have nothing under way, after their answers too.
async fn at_rest(server: &Server) {
    until(async || server.instruments().await.room.running == 0).await;
}

async fn emptied(server: &Server, rooms: u64) {
    until(async || server.instruments().await.room.emptied >= rooms).await;
}

#[tokio::test]
async fn a_transfer_outlives_its_room() {
    let server = hasty(Options::default());
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
async fn a_room_that_slept_all_day_knows_by_its_alarm_that_all_has_arrived() {
    let server = hasty(Options::default());
    let payment = server.payment();
    payment.report(Status::Failed).await;
    until(async || !server.archive().await.is_empty()).await;
    let reads = server.instruments().await.archive.reads;
    server.evict(&payment.id, Sockets::Hibernate);
    emptied(&server, 1).await;
    let counts = server.instruments().await;
    assert_eq!((counts.archive.reads, counts.archive.writes), (reads, 1));
}

#[tokio::test]
async fn a_transfer_that_got_stuck_is_archived_as_it_stands_and_again_at_its_end() {
    let server = hasty(Options::default().variable("ARCHIVE_QUIET_SECONDS", "1"));
    let payment = server.payment();
    payment.report(Status::Processing).await;
    let archived = async |version: u64, is_final: bool| {
        until(async || {
            let kept = server.archive().await.remove(payment.id.as_str());
            kept.is_some_and(|kept| kept["version"] == version && kept["final"] == is_final)
        })
        .await;
    };
    archived(1, false).await;
    payment.report(Status::Completed).await;
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
    // No hurry: a safety alarm that comes while a busy machine is at a step would be counted, and so would those of a
    // room that still has a socket when its grace is over.
    let options = Options::default()
        .variable("OUTBOX_RETRY_SECONDS", "900")
        .variable("ARCHIVE_GRACE_SECONDS", "6");
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
    assert_eq!(
        counts.room.alarms_set, 2,
        "one for safety and expiry, one to empty"
    );
    assert_eq!(counts.room.alarms, 1);
    assert_eq!((counts.archive.reads, counts.archive.writes), (1, 1));
    assert_eq!(counts.shard.rows_written - counts.shard.schema_rows, 1);
    assert_eq!(counts.shard.alarms_set, 0);
    assert_eq!(counts.shard.fetches, 3);
    assert_eq!(counts.worker.requests - before, 5);
}
