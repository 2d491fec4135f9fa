//! The platform puts objects out of memory when it likes: with their sockets asleep, or with all links broken.

use transfer_status::{Connection, Status};
use transfer_status_e2e::{Said, Sockets, next_connection, next_status, soon};

use crate::server;

#[tokio::test]
async fn a_watcher_whose_room_sleeps_still_gets_every_update() {
    let payment = server().payment();
    let mut watch = payment.watch();
    let mut socket = payment.socket().await;
    assert_eq!(next_status(&mut watch).await.0, 0);
    assert_eq!(socket.status().await.version, Some(0));

    for (version, status) in [
        (1, Status::Pending),
        (2, Status::Processing),
        (3, Status::Completed),
    ] {
        server().evict(&payment.id, Sockets::Hibernate);
        assert_eq!(payment.report(status.clone()).await.version, Some(version));
        assert_eq!(next_status(&mut watch).await, (version, status));
        assert_eq!(
            socket.status().await.version,
            Some(version),
            "the same socket, each update once"
        );
    }
    assert_eq!(socket.next().await, Said::Closed(1000));
}

#[tokio::test]
async fn a_ping_does_not_need_the_room_awake() {
    let payment = server().payment();
    let mut socket = payment.socket().await;
    socket.status().await;
    server().evict(&payment.id, Sockets::Hibernate);
    socket.send(r#"{"type":"ping"}"#).await;
    assert_eq!(socket.next().await, Said::Text(r#"{"type":"pong"}"#.to_owned()));
}

#[tokio::test]
async fn a_socket_remembers_across_sleep_whether_it_has_proved_itself() {
    let payment = server().payment();
    let mut unproven = payment.unproven_socket().await;
    let mut subscribed = payment.unproven_socket().await;
    subscribed.send(&payment.subscribe_message()).await;
    assert_eq!(subscribed.status().await.version, Some(0));

    server().evict(&payment.id, Sockets::Hibernate);
    payment.report(Status::Processing).await;
    assert_eq!(subscribed.status().await.version, Some(1));

    // The other one was told nothing, and may still subscribe.
    server().evict(&payment.id, Sockets::Hibernate);
    unproven.send(&payment.subscribe_message()).await;
    assert_eq!(unproven.status().await.version, Some(1));
    server().evict(&payment.id, Sockets::Hibernate);
    payment.report(Status::Completed).await;
    for socket in [&mut unproven, &mut subscribed] {
        assert_eq!(socket.status().await.version, Some(2));
        assert_eq!(socket.next().await, Said::Closed(1000));
    }
}

#[tokio::test]
async fn nonsense_that_wakes_a_room_is_refused_as_ever() {
    let payment = server().payment();
    let mut socket = payment.socket().await;
    socket.status().await;
    server().evict(&payment.id, Sockets::Hibernate);
    socket.send("nonsense").await;
    assert_eq!(socket.refused().await, 4400);
}

#[tokio::test]
async fn a_watcher_whose_link_broke_with_the_room_is_back_by_itself() {
    let payment = server().payment();
    let mut watch = payment.watch();
    let mut socket = payment.socket().await;
    assert_eq!(next_status(&mut watch).await.0, 0);
    socket.status().await;

    payment.report(Status::Processing).await;
    assert_eq!(next_status(&mut watch).await, (1, Status::Processing));
    assert_eq!(socket.status().await.version, Some(1));

    server().evict(&payment.id, Sockets::Close);
    assert_eq!(socket.next().await, Said::Closed(1006));
    next_connection(&mut watch, Connection::Reconnecting).await;
    next_connection(&mut watch, Connection::Live).await;
    payment.report(Status::Completed).await;
    assert_eq!(
        next_status(&mut watch).await,
        (2, Status::Completed),
        "version 1 is not told again"
    );
    assert_eq!(soon(watch.finished()).await.unwrap().version, Some(2));
}

#[tokio::test]
async fn a_final_status_that_came_while_the_link_was_broken_is_seen() {
    let payment = server().payment();
    let mut watch = payment.watch();
    assert_eq!(next_status(&mut watch).await.0, 0);
    server().evict(&payment.id, Sockets::Close);
    payment.report(Status::Failed).await;
    let outcome = soon(watch.finished()).await.unwrap();
    assert_eq!((outcome.status, outcome.version), (Status::Failed, Some(1)));
}
