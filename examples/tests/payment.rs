//! The bank reports, the watcher follows: without network and without waiting, on a service within the process.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::time::Duration;

use transfer_status::{Hint, PublishError, Status, TransferId, Update};
use transfer_status_examples::bank::{Payment, carry_out};
use transfer_status_examples::watcher::follow;
use transfer_status_testing::FakeService;

/// As slow as a real bank; the tests' clock is paused.
const PACE: Duration = Duration::from_secs(60);

fn id() -> TransferId {
    "order-1042".parse().unwrap()
}

fn payment() -> Payment {
    Payment {
        transfer_id: id(),
        amount: "12.10".parse().unwrap(),
        merchant_id: "corner-coffee".to_owned(),
        customer_id: "customer-7".to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_payment_is_followed_step_by_step() {
    let service = FakeService::new();
    let client = service.client().build().unwrap();
    let watch = client
        .watch(id())
        .signature(service.signature("order-1042"))
        .start();
    let followed = tokio::spawn(async move {
        let mut seen = Vec::new();
        let end = follow(watch, |transfer| seen.push(transfer.status.clone())).await;
        (seen, end)
    });
    let publisher = service.publisher().build().unwrap();
    carry_out(&publisher, &payment(), PACE, |_| {}).await.unwrap();

    let (seen, end) = followed.await.unwrap();
    assert_eq!(end.unwrap().message.as_deref(), Some("The money has arrived"));
    // Announced, then what the bank said.
    let steps = [Status::Pending, Status::Processing, Status::Completed];
    assert!(seen.ends_with(&steps), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn a_watcher_in_a_tunnel_sees_how_it_ended() {
    let service = FakeService::new();
    let client = service.client().build().unwrap();
    let mut watch = client
        .watch(id())
        .signature(service.signature("order-1042"))
        .start();
    watch.next_status().await.unwrap();
    // The bank is outside.
    service.set_reachable(false);
    for update in payment().updates() {
        service.update(update).unwrap();
    }
    service.set_reachable(true);
    watch.hint(Hint::Online);
    assert_eq!(follow(watch, |_| {}).await.unwrap().status, Status::Completed);
}

#[tokio::test(start_paused = true)]
async fn a_bank_stops_at_a_payment_that_was_cancelled_meanwhile() {
    let service = FakeService::new();
    service.update(Update::new(id(), Status::Cancelled)).unwrap();
    let publisher = service.publisher().build().unwrap();
    match carry_out(&publisher, &payment(), PACE, |_| {}).await {
        Err(PublishError::Conflict { current, .. }) => assert_eq!(current.unwrap().status, Status::Cancelled),
        other => panic!("{other:?}"),
    }
}
