//! Rooms that leave nothing: those that nobody reported, abandoned payments, and all of it after the archive's time.

use std::time::Duration;

use transfer_status_e2e::{Options, Server, Sockets, until};

use crate::{DAY, HOUR, MINUTE, at_rest, emptied, pass, quiet_for_an_hour, server, stored};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_at_the_door_leaves_nothing() {
    let server = server();
    let mut sockets = Vec::new();
    for _ in 0..5 {
        let payment = server.payment();
        sockets.push(payment.unproven_socket().await);
    }
    server.advance(Duration::from_secs(11)).await;
    for socket in &mut sockets {
        assert_eq!(socket.refused().await, 4408);
    }
    drop(sockets);
    until(async || {
        pass(&server, MINUTE, 1).await;
        server.instruments().await.room.emptied == 5
    })
    .await;
    pass(&server, HOUR, 3).await;
    assert_eq!(
        server.instruments().await.room.alarms_set,
        server.instruments().await.room.alarms,
        "no alarm is left"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transfer_that_was_announced_and_never_reported_leaves_nothing() {
    let server = server();
    let payment = server.payment();
    let mut socket = payment.socket().await;
    assert_eq!(socket.status().await.version, Some(0));
    pass(&server, 15 * MINUTE, 1).await;
    assert_eq!(server.instruments().await.room.emptied, 0, "somebody watches");
    drop(socket);
    emptied(&server, 1).await;
    assert_eq!(server.instruments().await.archive.writes, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abandoned_payment_goes_to_the_archive_and_after_its_time_nothing_is_left() {
    let options = Options::default().variable("HISTORY_TTL_DAYS", "30");
    let server = Server::start(quiet_for_an_hour(options));
    let payment = server.payment();
    payment.post(r#""status":"processing","amount":3"#).await;
    until(async || server.recent().await.len() == 1).await;
    pass(&server, HOUR, 2).await;
    let kept = server.archive().await;
    assert_eq!(kept[payment.id.as_str()]["final"], false);
    emptied(&server, 1).await;
    assert_eq!(stored(&server, &payment).await, (1, "processing".to_owned()));

    // It may go on even so.
    let end = payment.post(r#""status":"completed""#).await.json();
    assert_eq!((&end["version"], &end["amount"]), (&2.into(), &3.into()));
    emptied(&server, 2).await;
    assert_eq!(stored(&server, &payment).await, (2, "completed".to_owned()));

    pass(&server, DAY, 33).await;
    assert_eq!(stored(&server, &payment).await, (0, "pending".to_owned()));
    assert!(server.archive().await.is_empty());
    assert!(server.recent().await.is_empty());
    until(async || {
        pass(&server, DAY, 1).await;
        server.instruments().await.shard.emptied >= 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_watcher_of_an_archived_transfer_leaves_nothing_either() {
    let server = server();
    let payment = server.payment();
    payment.post(r#""status":"processing""#).await;
    at_rest(&server).await;
    pass(&server, HOUR, 1).await;
    emptied(&server, 1).await;
    server.evict(&payment.id, Sockets::Hibernate);
    let mut socket = payment.socket().await;
    assert_eq!(socket.status().await.version, Some(1));
    drop(socket);
    emptied(&server, 2).await;
    assert_eq!(stored(&server, &payment).await, (1, "processing".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_is_left_open_costs_nothing_and_its_room_empties_when_it_goes() {
    let server = server();
    let payment = server.payment();
    payment.post(r#""status":"processing""#).await;
    let forever = server.unix_seconds() + 1_000_000;
    let mut socket = payment.socket_with(&payment.signature_until(forever)).await;
    assert_eq!(socket.status().await.version, Some(1));
    pass(&server, HOUR, 3).await;
    assert_eq!(server.archive().await.len(), 1);
    let before = server.instruments().await.room;
    pass(&server, 10 * MINUTE, 60).await;
    let after = server.instruments().await.room;
    assert!(
        after.alarms_set <= before.alarms_set + 1,
        "ten hours of a page that nobody looks at: {} alarms",
        after.alarms_set - before.alarms_set
    );
    assert_eq!(after.emptied, 0, "somebody watches");

    // It sleeps, as after ten seconds of silence, when the page is closed.
    server.evict(&payment.id, Sockets::Hibernate);
    socket.leave().await;
    until(async || server.instruments().await.room.emptied == 1).await;
    assert_eq!(stored(&server, &payment).await, (1, "processing".to_owned()));
}
