//! What the tests of a shop or an app do with a service within the process, and how it is like the real one.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::time::Duration;

use tokio::time::Instant;
use transfer_status::{
    CloseCode, Connection, Event, Key, Minter, PublishError, Publisher, Status, TransferId, Update,
    WatchError,
};
use transfer_status_testing::{FakeService, ScriptedWatch};

fn id() -> TransferId {
    "order-1042".parse().unwrap()
}

fn update(status: Status) -> Update {
    Update::new(id(), status)
}

#[tokio::test(start_paused = true)]
async fn a_payment_is_published_and_watched_to_its_end() {
    let service = FakeService::new();
    let publisher = service.publisher().build().unwrap();
    let client = service.client().build().unwrap();
    let mut watch = client
        .watch(id())
        .signature(service.signature("order-1042"))
        .start();
    assert_eq!(watch.next_status().await.unwrap().version, Some(0));
    assert_eq!(service.watchers(&id()), 1);

    publisher.publish(&update(Status::Processing)).await.unwrap();
    assert_eq!(watch.next_status().await.unwrap().status, Status::Processing);
    let paid = update(Status::Completed).with_amount("12.10".parse().unwrap());
    publisher.publish(&paid).await.unwrap();
    let end = watch.finished().await.unwrap();
    assert_eq!(
        (end.version, end.amount),
        (Some(2), Some("12.10".parse().unwrap()))
    );
    assert_eq!(service.updates().len(), 2);
    assert_eq!(service.transfer(&id()).status, Status::Completed);
}

#[tokio::test(start_paused = true)]
async fn an_hour_without_network_takes_no_time_and_ends_with_the_status_that_came_meanwhile() {
    let payment = ScriptedWatch::new(id());
    let mut watch = payment.watch().unwrap();
    watch.next_status().await.unwrap();
    payment.set_reachable(false);
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    assert_ne!(watch.connection(), Connection::Live);
    assert!(watch.last_problem().is_some());
    payment.status(Status::Completed).unwrap();
    payment.set_reachable(true);
    assert_eq!(watch.finished().await.unwrap().status, Status::Completed);
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_was_cut_is_replaced() {
    let payment = ScriptedWatch::new(id());
    let mut watch = payment.watch().unwrap();
    watch.next_status().await.unwrap();
    payment.drop_socket();
    while watch.next().await.unwrap() != Event::Connection(Connection::Reconnecting) {}
    payment.status(Status::Processing).unwrap();
    assert_eq!(watch.next_status().await.unwrap().status, Status::Processing);
    assert_eq!(payment.service().watchers(&id()), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_ends_the_watch_and_a_deploy_does_not() {
    let payment = ScriptedWatch::new(id());
    let mut watch = payment.watch().unwrap();
    watch.next_status().await.unwrap();
    payment.close(CloseCode::TRY_AGAIN_LATER);
    while watch.next().await.unwrap() != Event::Connection(Connection::Reconnecting) {}
    while watch.next().await.unwrap() != Event::Connection(Connection::Live) {}
    payment.refuse();
    match watch.finished().await {
        Err(WatchError::Refused { code, .. }) => assert_eq!(code, CloseCode::UNAUTHORIZED),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_phone_that_scans_is_told_to_who_watches() {
    let service = FakeService::new();
    let client = service.client().build().unwrap();
    let signature = service.signature("order-1042");
    let mut watch = client.watch(id()).signature(signature.clone()).start();
    watch.next_status().await.unwrap();
    client.scan(&id(), &signature, true).await.unwrap();
    loop {
        if let Event::Scan(scan) = watch.next().await.unwrap() {
            assert!(scan.scanned);
            break;
        }
    }
    let now = client.get(&id(), &signature).await.unwrap();
    let unchanged = client
        .get_if_changed(&id(), &signature, now.version.unwrap())
        .await
        .unwrap();
    assert_eq!((now.status, unchanged), (Status::Pending, None));
}

#[tokio::test(start_paused = true)]
async fn an_update_is_held_to_the_rules_of_the_real_service() {
    let service = FakeService::new();
    let publisher = service.publisher().build().unwrap();
    publisher.publish(&update(Status::Processing)).await.unwrap();
    let again = publisher.publish(&update(Status::Processing)).await.unwrap();
    assert_eq!(
        again.version,
        Some(1),
        "the same again is answered like the first time"
    );

    for (late, reason) in [
        (update(Status::Pending), "go back"),
        (update(Status::Completed).with_if_version(7), "ifVersion"),
    ] {
        match publisher.publish(&late).await {
            Err(PublishError::Conflict { message, .. }) => assert!(message.contains(reason), "{message}"),
            other => panic!("{other:?}"),
        }
    }
    publisher.publish(&update(Status::Failed)).await.unwrap();
    let conflict = service.update(update(Status::Completed)).unwrap_err();
    assert_eq!(conflict.current.status, Status::Failed);
}

#[tokio::test(start_paused = true)]
async fn a_service_with_keys_takes_only_what_they_have_signed() {
    let (update_key, subscribe_key) = (Key::new("update").unwrap(), Key::new("subscribe").unwrap());
    let service = FakeService::with_keys(update_key, subscribe_key.clone());
    service
        .publisher()
        .build()
        .unwrap()
        .publish(&update(Status::Processing))
        .await
        .unwrap();

    let stranger = Publisher::builder(service.url(), Key::new("another").unwrap())
        .connector(service.connector())
        .build()
        .unwrap();
    let refused = stranger.publish(&update(Status::Completed)).await.unwrap_err();
    assert!(!refused.is_retryable(), "{refused}");
    assert_eq!(service.updates().len(), 1);

    let client = service.client().build().unwrap();
    let request = Minter::new(subscribe_key)
        .mint(id(), "shop-7", Duration::from_secs(60))
        .unwrap();
    let mut watch = client.watch_request(&request).start();
    assert_eq!(watch.next_status().await.unwrap().status, Status::Processing);
    let forged = client
        .watch(id())
        .signature(service.signature("order-1042"))
        .start();
    assert!(matches!(forged.finished().await, Err(WatchError::Refused { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_publisher_that_meets_nobody_gives_up_without_waiting() {
    let service = FakeService::new();
    service.set_reachable(false);
    let publisher = service.publisher().build().unwrap();
    let (real, begun) = (std::time::Instant::now(), Instant::now());
    let error = publisher.publish(&update(Status::Completed)).await.unwrap_err();
    assert!(error.is_retryable(), "{error}");
    assert!(
        begun.elapsed() > real.elapsed(),
        "the clock of the test is not the one on the wall"
    );
    service.set_reachable(true);
    publisher.publish(&update(Status::Completed)).await.unwrap();
}
