//! The main job: a payment is watched from before its first update to its end.

use transfer_status::{CloseReason, Connection, Event, Status};
use transfer_status_e2e::{Said, next_connection, next_status, soon};

use crate::server;

#[tokio::test]
async fn a_payment_is_watched_from_before_the_first_update_to_its_end() {
    let payment = server().payment();
    let mut watch = payment.watch();
    assert_eq!(next_status(&mut watch).await, (0, Status::Pending));
    assert_eq!(watch.connection(), Connection::Live);

    for (version, status) in [
        (1, Status::Pending),
        (2, Status::Processing),
        (3, Status::Completed),
    ] {
        let stored = payment.report(status.clone()).await;
        assert_eq!(stored.version, Some(version));
        assert_eq!(next_status(&mut watch).await, (version, status));
    }

    assert_eq!(soon(watch.next()).await, Some(Event::Closed(CloseReason::Final)));
    assert_eq!(soon(watch.next()).await, None, "the stream ends");
    let outcome = soon(watch.finished()).await.unwrap();
    assert_eq!((outcome.status, outcome.version), (Status::Completed, Some(3)));
}

#[tokio::test]
async fn on_the_wire_the_last_status_is_followed_by_a_close_with_1000() {
    let payment = server().payment();
    let mut socket = payment.socket().await;
    assert_eq!(socket.status().await.version, Some(0));
    payment.report(Status::Failed).await;
    assert_eq!(socket.status().await.status, Status::Failed);
    assert_eq!(socket.next().await, Said::Closed(1000));
}

#[tokio::test]
async fn who_comes_after_the_end_gets_the_final_status_and_1000() {
    let payment = server().payment();
    payment.report(Status::Cancelled).await;

    let outcome = soon(payment.watch().finished()).await.unwrap();
    assert_eq!((outcome.status, outcome.version), (Status::Cancelled, Some(1)));

    let mut socket = payment.socket().await;
    assert_eq!(socket.status().await.status, Status::Cancelled);
    assert_eq!(socket.next().await, Said::Closed(1000));
}

#[tokio::test]
async fn two_watchers_see_the_same_payment_and_nobody_elses() {
    let (payment, other) = (server().payment(), server().payment());
    let (mut page, mut phone, mut stranger) = (payment.watch(), payment.watch(), other.watch());
    for watch in [&mut page, &mut phone, &mut stranger] {
        assert_eq!(next_status(watch).await.0, 0);
    }
    for status in [Status::Processing, Status::Completed] {
        let stored = payment.report(status).await;
        for watch in [&mut page, &mut phone] {
            assert_eq!(
                next_status(watch).await,
                (stored.version.unwrap(), stored.status.clone())
            );
        }
    }
    other.report(Status::Failed).await;
    assert_eq!(next_status(&mut stranger).await, (1, Status::Failed));
}

#[tokio::test]
async fn one_watcher_that_leaves_does_not_disturb_the_other() {
    let payment = server().payment();
    let (mut stays, mut leaves) = (payment.socket().await, payment.socket().await);
    assert_eq!(stays.status().await.version, Some(0));
    assert_eq!(leaves.status().await.version, Some(0));
    leaves.leave().await;
    payment.report(Status::Completed).await;
    assert_eq!(stays.status().await.version, Some(1));
}

#[tokio::test]
async fn a_ping_is_answered_by_a_pong_however_it_is_spelt() {
    let payment = server().payment();
    let mut socket = payment.socket().await;
    socket.status().await;
    let pong = Said::Text(r#"{"type":"pong"}"#.to_owned());
    socket.send(r#"{"type":"ping"}"#).await;
    assert_eq!(socket.next().await, pong);
    socket.send(r#"{ "more": [1], "type": "ping" }"#).await;
    assert_eq!(socket.next().await, pong);
    // A pong is taken and not answered: the next frame is the update's.
    socket.send(r#"{"type":"pong"}"#).await;
    payment.report(Status::Processing).await;
    assert_eq!(socket.status().await.version, Some(1));
}

#[tokio::test]
async fn a_hundred_watchers_of_one_payment_all_see_its_end() {
    let payment = server().payment();
    let mut watches: Vec<_> = (0..100).map(|_| payment.watch()).collect();
    for watch in &mut watches {
        next_connection(watch, Connection::Live).await;
    }
    payment.report(Status::Completed).await;
    for watch in watches {
        assert_eq!(soon(watch.finished()).await.unwrap().status, Status::Completed);
    }
}
