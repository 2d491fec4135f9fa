//! The ways to read a watch, and to end it.
#![cfg(all(feature = "client", feature = "publisher"))]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod support;

use std::time::Instant;

use futures_util::FutureExt;
use support::watching::{client, next_status, watch};
use support::{QUICK, Service, id, signature, soon, transfer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::Message;
use transfer_status::{Connection, Event, Hint, Status, WatchError};

#[tokio::test]
async fn statuses_alone_can_be_read_up_to_the_end() {
    let service = Service::start().await;
    let mut watch = watch(&service);
    let mut socket = service.accept_socket().await;
    for (version, status) in [(1, "pending"), (2, "processing"), (3, "completed")] {
        socket.status(version, status).await;
        let news = soon(watch.next_status()).await;
        assert_eq!(news.as_deref(), Some(&transfer(version, status)));
    }
    assert_eq!(soon(watch.next_status()).await, None);
}

#[tokio::test]
async fn a_state_of_the_transfer_can_be_waited_for() {
    let service = Service::start().await;
    let watch = watch(&service);
    let mut socket = service.accept_socket().await;
    socket.status(1, "pending").await;
    socket.status(2, "processing").await;
    let begun = soon(watch.wait_for(|transfer| transfer.status == Status::Processing)).await;
    assert_eq!(begun, Ok(transfer(2, "processing")));
    // What is so already is not waited for.
    let again = watch
        .wait_for(|transfer| transfer.version >= Some(2))
        .now_or_never();
    assert_eq!(again, Some(begun));

    let paid = watch.wait_for(|transfer| transfer.status == Status::Completed);
    socket.status(3, "failed").await;
    assert_eq!(soon(paid).await, Err(WatchError::Finished));
    let failed = watch.wait_for(|transfer| transfer.status == Status::Failed);
    assert_eq!(soon(failed).await, Ok(transfer(3, "failed")));
}

#[tokio::test]
async fn a_second_reader_shares_the_socket_and_keeps_it() {
    let service = Service::start().await;
    let mut first = watch(&service);
    let mut socket = service.accept_socket().await;
    socket.status(1, "processing").await;
    next_status(&mut first).await;

    let mut second = first.subscribe();
    assert_eq!(
        next_status(&mut second).await,
        (1, "processing".to_owned()).into(),
        "it begins with the state as it stands"
    );
    drop(first);
    socket.status(2, "processing").await;
    assert_eq!(next_status(&mut second).await, Some((2, "processing".to_owned())));
    assert_eq!(second.stats().dials, 1);
    drop(second);
    let Some(Message::Close(Some(frame))) = socket.next().await else {
        panic!("the last reader ends the watch")
    };
    assert_eq!(u16::from(frame.code), 1000);
}

#[tokio::test]
async fn an_awaited_close_gets_its_close_frame_out() {
    let service = Service::start().await;
    let mut watch = watch(&service);
    let mut reader = watch.subscribe();
    let mut socket = service.accept_socket().await;
    socket.status(1, "processing").await;
    next_status(&mut watch).await;
    // Unread, it would reset the connection, and the close frame with it.
    socket.status(2, "processing").await;
    let closing = tokio::spawn(watch.close());
    let Some(Message::Close(Some(frame))) = socket.next().await else {
        panic!("no close frame")
    };
    assert_eq!(u16::from(frame.code), 1000);
    assert_eq!(socket.next().await, None, "and the closing handshake ends well");
    drop(socket);
    soon(closing).await.unwrap();
    let mut last = None;
    while let Some(event) = soon(reader.next()).await {
        last = Some(event);
    }
    assert!(matches!(last, Some(Event::Closed(_))), "{last:?}");
}

#[tokio::test]
async fn a_socket_that_was_given_up_is_let_go_while_the_watch_rests() {
    for hangs_up in [true, false] {
        let service = Service::start().await;
        let mut watch = watch(&service);
        let mut socket = service.accept_socket().await;
        socket.status(1, "processing").await;
        next_status(&mut watch).await;
        watch.hint(Hint::Suspend);
        let mut stream = if hangs_up {
            let closed = socket.next().await;
            assert!(matches!(closed, Some(Message::Close(Some(_)))), "{closed:?}");
            assert_eq!(socket.next().await, None, "the closing handshake ends well");
            let mut stream = socket.stream.into_inner();
            soon(stream.shutdown()).await.unwrap();
            stream
        } else {
            socket.stream.into_inner()
        };
        let mut unread = Vec::new();
        soon(stream.read_to_end(&mut unread)).await.unwrap();
    }
}

#[tokio::test]
async fn a_watch_that_begins_at_rest_dials_nothing_until_it_is_resumed() {
    let service = Service::start().await;
    let builder = client(&service, QUICK).watch(id()).signature(signature());
    let mut watch = builder.hint(Hint::Suspend).start();
    assert_ne!(soon(watch.changed_after(0)).await.connection, Connection::Live);
    watch.hint(Hint::Resume);
    // No connection was made before these.
    let mut socket = service.accept_socket_beside_polls().await;
    socket.status(1, "processing").await;
    next_status(&mut watch).await;
}

#[tokio::test]
async fn an_awaited_close_does_not_wait_for_a_peer_that_says_nothing() {
    let service = Service::start().await;
    let watch = watch(&service);
    let _silent = service.accept_socket().await;
    let began = Instant::now();
    soon(watch.close()).await;
    assert!(began.elapsed() < support::PATIENCE / 2);
}

#[tokio::test]
async fn what_was_done_is_counted() {
    let service = Service::start().await;
    let mut watch = watch(&service);
    drop(service.accept().await);
    let mut socket = service.accept_socket().await;
    socket.status(1, "processing").await;
    next_status(&mut watch).await;
    socket.close(1012).await;
    let mut socket = service.accept_socket().await;
    socket.status(2, "completed").await;
    soon(watch.finished()).await.unwrap();
    let stats = watch.stats();
    assert_eq!((stats.dials, stats.failed_dials, stats.reconnects), (3, 1, 1));
    assert_eq!((stats.frames, stats.polls, stats.refreshes), (2, 0, 0));
    assert!(stats.first_status_after.unwrap() < support::PATIENCE);
}
