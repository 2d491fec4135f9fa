//! What only time brings about: 4408 and 4410, on sockets whose object was put out of memory meanwhile too.
//!
//! The times are PROTOCOL.md's own, so the stories run side by side.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use transfer_status::{ErrorCode, Status};
use transfer_status_e2e::{PATIENCE, Said, Sockets, next_status, soon, unix_seconds, within};

use crate::server;

/// 10 s to subscribe, a second for the alarm, and what a busy machine takes.
const AFTER_THE_DEADLINE: Duration = Duration::from_secs(20);
/// 4 s to the expiry, 60 s from there to the close, and what a busy machine takes.
const AFTER_THE_EXPIRY: Duration = Duration::from_secs(68);

#[tokio::test]
async fn who_does_not_subscribe_within_10_s_is_closed_with_4408_and_others_stay() {
    let payment = server().payment();
    let started = Instant::now();
    let (mut awake, mut watching) = (payment.unproven_socket().await, payment.socket().await);
    watching.status().await;
    // The same on an object that is put out of memory: the deadline is on the socket.
    let sleepy = server().payment();
    let (mut asleep, mut subscribed) = (sleepy.unproven_socket().await, sleepy.unproven_socket().await);
    server().evict(&sleepy.id, Sockets::Hibernate);
    subscribed.send(&sleepy.subscribe_message()).await;
    assert_eq!(subscribed.status().await.version, Some(0));

    for socket in [&mut awake, &mut asleep] {
        let (error, code) = socket.refusal(AFTER_THE_DEADLINE).await;
        assert_eq!((error.code, code), (ErrorCode::Unauthorized, 4408));
        assert!(started.elapsed() >= Duration::from_secs(10));
    }
    payment.report(Status::Completed).await;
    assert_eq!(watching.status().await.version, Some(1));
    sleepy.report(Status::Completed).await;
    assert_eq!(subscribed.status().await.version, Some(1));
    assert_eq!(subscribed.next().await, Said::Closed(1000));
}

#[tokio::test]
async fn a_signature_that_expires_closes_its_socket_with_4410_and_no_other() {
    // The server is up before the signature's few seconds begin.
    let payment = server().payment();
    let soon_over = unix_seconds() + 4;
    let mut expiring = payment.socket_with(&payment.signature_until(soon_over)).await;
    let mut lasting = payment.socket().await;
    let mut renewed = payment.socket_with(&payment.signature_until(soon_over)).await;
    for socket in [&mut expiring, &mut lasting, &mut renewed] {
        assert_eq!(socket.status().await.version, Some(0));
    }
    // A fresh signature on the same socket prolongs it.
    renewed.send(&payment.subscribe_message()).await;
    assert_eq!(renewed.status().await.version, Some(0));

    // The same on an object that is put out of memory: the expiry is on the socket.
    let sleepy = server().payment();
    let mut asleep = sleepy.socket_with(&sleepy.signature_until(soon_over)).await;
    asleep.status().await;
    server().evict(&sleepy.id, Sockets::Hibernate);

    // A client that was given a way to get fresh signatures asks for one and goes on.
    let refreshed = server().payment();
    let asked = Arc::new(AtomicU32::new(0));
    let (fresh, asking) = (refreshed.signature(), Arc::clone(&asked));
    let source = move |_, _| {
        asking.fetch_add(1, Ordering::Relaxed);
        let fresh = fresh.clone();
        async move { Ok(fresh) }
    };
    let watch = refreshed.client().watch(refreshed.id.clone()).refresh(source);
    let mut watch = watch.signature(refreshed.signature_until(soon_over)).start();
    assert_eq!(next_status(&mut watch).await, (0, Status::Pending));

    for socket in [&mut expiring, &mut asleep] {
        let (error, code) = socket.refusal(AFTER_THE_EXPIRY).await;
        assert_eq!((error.code, code), (ErrorCode::Expired, 4410));
        assert!(
            unix_seconds() > soon_over,
            "it is valid up to and including its last second"
        );
    }
    payment.report(Status::Completed).await;
    for socket in [&mut lasting, &mut renewed] {
        assert_eq!(socket.status().await.version, Some(1));
        assert_eq!(socket.next().await, Said::Closed(1000));
    }

    within(AFTER_THE_EXPIRY, async {
        while asked.load(Ordering::Relaxed) == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    refreshed.report(Status::Processing).await;
    assert_eq!(next_status(&mut watch).await, (1, Status::Processing));
    refreshed.report(Status::Completed).await;
    assert_eq!(soon(watch.finished()).await.unwrap().version, Some(2));
    assert_eq!(asked.load(Ordering::Relaxed), 1, "one fresh signature is enough");
}

#[tokio::test]
async fn a_client_that_starts_with_an_expired_signature_asks_for_a_fresh_one() {
    let payment = server().payment();
    let fresh = payment.signature();
    let watch = payment.client().watch(payment.id.clone()).refresh(move |_, _| {
        let fresh = fresh.clone();
        async move { Ok(fresh) }
    });
    let watch = watch.signature(payment.signature_until(1)).start();
    payment.report(Status::Completed).await;
    assert_eq!(soon(watch.finished()).await.unwrap().status, Status::Completed);
}

#[tokio::test]
async fn a_socket_with_an_expired_signature_is_refused_at_the_door() {
    let payment = server().payment();
    let expired = payment.signature_until(unix_seconds() - 1);
    let (error, code) = payment.socket_with(&expired).await.refusal(PATIENCE).await;
    assert_eq!((error.code, code), (ErrorCode::Expired, 4410));
    assert!(error.message.contains("expired"), "{}", error.message);
}
