//! Watching over a real socket on loopback: what the user sees, whatever the network does.
#![cfg(all(feature = "client", feature = "publisher"))]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::FutureExt;
use support::watching::{client, next_status, watch};
use support::{QUICK, Service, id, signature, soon, transfer};
use tokio_tungstenite::tungstenite::Message;
use transfer_status::{
    Client, CloseCode, CloseReason, Connection, Event, Hint, Signature, SignatureError, WatchError,
};

#[tokio::test]
async fn a_payment_is_watched_from_the_first_news_to_the_last() {
    let service = Service::start().await;
    let mut watch = watch(&service);
    let mut socket = service.accept_socket().await;

    socket.status(0, "pending").await;
    assert_eq!(
        soon(watch.next()).await,
        Some(Event::Connection(Connection::Connecting))
    );
    assert_eq!(next_status(&mut watch).await, Some((0, "pending".to_owned())));
    assert_eq!(watch.connection(), Connection::Live);
    socket.status(1, "processing").await;
    assert_eq!(next_status(&mut watch).await, Some((1, "processing".to_owned())));
    socket.status(2, "completed").await;
    socket.close(1000).await;
    assert_eq!(next_status(&mut watch).await, Some((2, "completed".to_owned())));
    assert_eq!(soon(watch.next()).await, Some(Event::Closed(CloseReason::Final)));
    assert_eq!(soon(watch.next()).await, None);
    assert_eq!(watch.finished().await, Ok(transfer(2, "completed")));
    assert_eq!(watch.latest().as_deref(), Some(&transfer(2, "completed")));
    assert!(
        service.is_left_alone().await,
        "nothing is asked of the service after the final status"
    );
}

#[tokio::test]
async fn the_right_to_watch_is_shown_in_a_header_and_never_in_the_address() {
    let service = Service::start().await;
    let _watch = watch(&service);
    let socket = service.accept_socket().await;
    assert_eq!(socket.request.uri().to_string(), "/ws/order-1042");
    let protocols = socket.header("sec-websocket-protocol");
    assert_eq!(
        protocols,
        format!("transfer-status.v1, {}", signature().to_protocol())
    );
    assert_eq!(socket.header("host"), format!("127.0.0.1:{}", service.port()));
    assert!(socket.header("user-agent").starts_with("transfer-status-rust/"));
}

#[tokio::test]
async fn a_refusal_ends_the_watch_and_says_what_the_service_said() {
    for code in [4400, 4401, 4403, 4413] {
        let service = Service::start().await;
        let mut watch = watch(&service);
        let mut socket = service.accept_socket().await;
        socket
            .send(r#"{"type":"error","code":"unauthorized","message":"signature is wrong"}"#)
            .await;
        socket.close(code).await;
        let error = soon(watch.finished()).await.unwrap_err();
        let code = CloseCode::new(code);
        let message = Some("signature is wrong".to_owned());
        assert_eq!(error, WatchError::Refused { code, message });
        assert_eq!(
            error.to_string(),
            format!("the server ended the watch with close code {code}: signature is wrong")
        );
        let mut last = None;
        while let Some(event) = soon(watch.next()).await {
            last = Some(event);
        }
        assert_eq!(last, Some(Event::Closed(CloseReason::Server(code))));
        assert!(service.is_left_alone().await, "a refusal is not tried again");
    }
}

#[tokio::test]
async fn an_expired_signature_ends_the_watch_that_has_no_way_to_a_fresh_one() {
    let service = Service::start().await;
    let watch = watch(&service);
    service.accept_socket().await.close(4410).await;
    let code = CloseCode::SIGNATURE_EXPIRED;
    assert_eq!(
        soon(watch.finished()).await,
        Err(WatchError::Refused { code, message: None })
    );
}

#[tokio::test]
async fn an_expired_signature_is_replaced_by_a_fresh_one_when_there_is_a_way() {
    let service = Service::start().await;
    let asked = Arc::new(AtomicU32::new(0));
    let asked_of_source = Arc::clone(&asked);
    let source = move |_, _| {
        let turn = asked_of_source.fetch_add(1, Ordering::Relaxed);
        async move {
            match turn {
                0 => Err(SignatureError::retry("the backend is being moved")),
                _ => Ok(Signature::new("fresh.one").unwrap()),
            }
        }
    };
    let watch = client(&service, QUICK)
        .watch(id())
        .signature(signature())
        .refresh(source)
        .start();
    service.accept_socket().await.close(4410).await;
    let mut socket = service.accept_socket().await;
    let fresh = Signature::new("fresh.one").unwrap().to_protocol();
    assert!(socket.header("sec-websocket-protocol").ends_with(&fresh));
    assert_eq!(
        asked.load(Ordering::Relaxed),
        2,
        "a source that fails once is asked again"
    );
    socket.status(1, "completed").await;
    assert_eq!(soon(watch.finished()).await, Ok(transfer(1, "completed")));
}

#[tokio::test]
async fn a_watch_with_no_signature_yet_asks_for_one_first() {
    let service = Service::start().await;
    let watch = client(&service, QUICK)
        .watch(id())
        .refresh(|_, _| async { Ok(Signature::new("first.one").unwrap()) })
        .start();
    let mut socket = service.accept_socket().await;
    let first = Signature::new("first.one").unwrap().to_protocol();
    assert!(socket.header("sec-websocket-protocol").ends_with(&first));
    socket.status(1, "cancelled").await;
    assert_eq!(soon(watch.finished()).await, Ok(transfer(1, "cancelled")));
}

#[tokio::test]
async fn a_watch_ends_when_no_signature_is_to_be_had() {
    let service = Service::start().await;
    let watch = client(&service, QUICK)
        .watch(id())
        .refresh(|_, _| async { Err::<Signature, _>(SignatureError::refused("called off")) })
        .start();
    assert_eq!(soon(watch.finished()).await, Err(WatchError::SignatureRefused));
}

#[tokio::test]
async fn dropping_the_watch_ends_the_connection() {
    let service = Service::start().await;
    let mut watch = watch(&service);
    let mut socket = service.accept_socket().await;
    socket.status(1, "processing").await;
    next_status(&mut watch).await;
    let handle = watch.handle();
    drop(watch);
    let Some(Message::Close(Some(frame))) = socket.next().await else {
        panic!("no close frame")
    };
    assert_eq!(u16::from(frame.code), 1000);
    handle.hint(Hint::Online);
    assert!(
        service.is_left_alone().await,
        "a handle does not keep a watch going"
    );
}

#[tokio::test]
async fn dropping_the_watch_while_it_dials_ends_the_dialing() {
    let service = Service::start().await;
    let watch = watch(&service);
    let mut peer = service.accept().await;
    peer.request().await;
    drop(watch);
    let read = soon(tokio::io::copy(&mut peer.stream, &mut tokio::io::sink())).await;
    assert_eq!(read.unwrap_or(0), 0, "the connection is over");
}

#[tokio::test]
async fn closing_by_hand_is_told_like_any_end() {
    let service = Service::start().await;
    let mut watch = watch(&service);
    let mut socket = service.accept_socket().await;
    socket.status(1, "processing").await;
    next_status(&mut watch).await;
    watch.handle().close();
    assert_eq!(soon(watch.finished()).await, Err(WatchError::Closed));
    assert_eq!(watch.latest().as_deref(), Some(&transfer(1, "processing")));
}

#[tokio::test]
async fn a_slow_reader_skips_versions_and_sees_the_final_one() {
    let service = Service::start().await;
    let mut watch = watch(&service);
    let mut socket = service.accept_socket().await;
    for version in 1..500 {
        socket.status(version, "processing").await;
    }
    socket.status(500, "completed").await;
    soon(watch.finished()).await.unwrap();

    let mut events = Vec::new();
    while let Some(event) = soon(watch.next()).await {
        events.push(event);
    }
    assert_eq!(
        events,
        [
            Event::Connection(Connection::Live),
            Event::Status(transfer(500, "completed").into()),
            Event::Closed(CloseReason::Final),
        ]
    );
}

#[tokio::test]
async fn what_a_cancelled_reader_has_not_seen_is_given_again() {
    let service = Service::start().await;
    let watch = watch(&service);
    let mut socket = service.accept_socket().await;
    socket.status(1, "processing").await;

    let mut cursor = 0;
    let first = loop {
        let snapshot = soon(watch.changed_after(cursor)).await;
        if snapshot.connection == Connection::Live {
            break snapshot;
        }
        cursor = snapshot.cursor;
    };
    assert_eq!(first.transfer.as_deref(), Some(&transfer(1, "processing")));
    assert_eq!((&first.problem, &first.scan, &first.end), (&None, &None, &None));
    // The caller was cancelled with the snapshot in hand: it asks with the old cursor.
    assert_eq!(soon(watch.changed_after(cursor)).await, first);
    assert_eq!(
        watch.changed_after(first.cursor).now_or_never(),
        None,
        "nothing has changed"
    );
    socket.status(2, "completed").await;
    let mut last = first;
    while last.end.is_none() {
        last = soon(watch.changed_after(last.cursor)).await;
    }
    assert_eq!(last.end, Some(Ok(())));
    assert_eq!(last.transfer.as_deref(), Some(&transfer(2, "completed")));
    assert_eq!(
        soon(watch.changed_after(last.cursor)).await,
        last,
        "the end is given to everybody who asks"
    );
}

#[tokio::test]
async fn a_scan_of_the_qr_code_is_passed_on() {
    let service = Service::start().await;
    let mut watch = watch(&service);
    let mut socket = service.accept_socket().await;
    socket.status(0, "pending").await;
    next_status(&mut watch).await;
    socket
        .send(r#"{"type":"scan","transferId":"order-1042","scanned":true,"at":"2024-01-15T10:30:00.000Z"}"#)
        .await;
    loop {
        match soon(watch.next()).await.unwrap() {
            Event::Connection(_) => {}
            Event::Scan(scan) => {
                assert!(scan.scanned);
                assert_eq!(scan.at.to_string(), "2024-01-15T10:30:00.000Z");
                return;
            }
            other => panic!("expected a scan, got {other:?}"),
        }
    }
}

#[test]
fn a_client_needs_a_runtime_and_says_so() {
    let error = Client::builder("https://status.example.com").build().unwrap_err();
    assert_eq!(
        error.to_string(),
        "no tokio runtime; build the client within one, it carries the watches"
    );
}

#[test]
fn a_watch_tells_when_its_runtime_is_gone() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let url = "http://127.0.0.1:9";
    let client = Client::builder(url)
        .runtime(runtime.handle().clone())
        .build()
        .unwrap();
    let watch = client.watch(id()).signature(signature()).start();
    drop(runtime);
    let other = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    assert_eq!(other.block_on(watch.finished()), Err(WatchError::Stopped));
}
