//! Watching over a real socket on loopback: what the user sees, whatever the network does.
#![cfg(all(feature = "client", feature = "publisher"))]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use support::{QUICK, SECRET_SIGNATURE, Service, Socket, id, signature, soon, transfer, transfer_json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use transfer_status::{
    Client, CloseCode, CloseReason, Config, Connection, Event, Hint, Signature, SignatureError, Watch,
    WatchError,
};

fn client(service: &Service, config: Config) -> Client {
    Client::builder(service.url()).config(config).build().unwrap()
}

fn watch(service: &Service) -> Watch {
    client(service, QUICK).watch(id(), signature())
}

/// Skips what is said of the connection.
async fn next_status(watch: &mut Watch) -> Option<(u64, String)> {
    loop {
        match soon(watch.next()).await? {
            Event::Status(transfer) => {
                return Some((transfer.version.unwrap(), transfer.status.as_str().to_owned()));
            }
            Event::Connection(_) => {}
            other => panic!("expected a status, got {other:?}"),
        }
    }
}

async fn next_connection(watch: &mut Watch) -> Connection {
    loop {
        if let Event::Connection(connection) = soon(watch.next()).await.unwrap() {
            return connection;
        }
    }
}

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
async fn a_lost_connection_is_healed_by_the_first_frame_of_the_next() {
    let service = Service::start().await;
    let mut watch = watch(&service);
    let mut socket = service.accept_socket().await;
    socket.status(1, "processing").await;
    assert_eq!(next_status(&mut watch).await, Some((1, "processing".to_owned())));
    assert_eq!(next_connection(&mut watch).await, Connection::Live);
    drop(socket);

    let mut socket = service.accept_socket().await;
    assert_eq!(next_connection(&mut watch).await, Connection::Reconnecting);
    socket.status(1, "processing").await;
    socket.status(2, "failed").await;
    assert_eq!(
        next_status(&mut watch).await,
        Some((2, "failed".to_owned())),
        "version 1 is not told again"
    );
}

#[tokio::test]
async fn a_deploy_of_the_service_is_survived() {
    let service = Service::start().await;
    let watch = watch(&service);
    for code in [1001, 1012, 1013, 4408] {
        let mut socket = service.accept_socket().await;
        socket.status(1, "processing").await;
        socket.close(code).await;
    }
    let mut socket = service.accept_socket().await;
    socket.status(2, "completed").await;
    assert_eq!(soon(watch.finished()).await, Ok(transfer(2, "completed")));
}

#[tokio::test]
async fn a_link_that_has_gone_silent_is_dropped_without_waiting_for_its_close() {
    let service = Service::start().await;
    let config = Config {
        ping_after_ms: 50,
        pong_timeout_ms: 50,
        ..QUICK
    };
    let mut watch = client(&service, config).watch(id(), signature());
    let mut silent = service.accept_socket().await;
    silent.status(1, "processing").await;
    assert_eq!(silent.next().await, Some(Message::text(r#"{"type":"ping"}"#)));
    // It answers nothing and closes nothing: half-open.
    let mut socket = service.accept_socket().await;
    socket.status(2, "completed").await;
    assert_eq!(next_status(&mut watch).await, Some((1, "processing".to_owned())));
    assert_eq!(next_status(&mut watch).await, Some((2, "completed".to_owned())));
}

#[tokio::test]
async fn a_quiet_link_that_answers_pings_is_kept() {
    let service = Service::start().await;
    let config = Config {
        ping_after_ms: 20,
        pong_timeout_ms: 2_000,
        ..QUICK
    };
    let watch = client(&service, config).watch(id(), signature());
    let mut socket = service.accept_socket().await;
    socket.status(1, "processing").await;
    for _ in 0..5 {
        assert_eq!(socket.next().await, Some(Message::text(r#"{"type":"ping"}"#)));
        socket.send(r#"{"type":"pong"}"#).await;
    }
    socket.status(2, "completed").await;
    assert_eq!(soon(watch.finished()).await, Ok(transfer(2, "completed")));
    assert!(service.is_left_alone().await);
}

#[tokio::test]
async fn a_peer_that_takes_the_connection_and_says_nothing_is_given_up() {
    let service = Service::start().await;
    let config = Config {
        connect_timeout_ms: 50,
        first_frame_timeout_ms: 50,
        ..QUICK
    };
    let watch = client(&service, config).watch(id(), signature());
    let _no_handshake = service.accept().await;
    let _no_first_frame = service.accept_socket().await;
    let mut socket = service.accept_socket().await;
    socket.status(1, "completed").await;
    assert_eq!(soon(watch.finished()).await, Ok(transfer(1, "completed")));
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
    let source = move || {
        let turn = asked_of_source.fetch_add(1, Ordering::Relaxed);
        async move {
            match turn {
                0 => Err(SignatureError::Retry),
                _ => Ok(Signature::new("fresh.one").unwrap()),
            }
        }
    };
    let watch = client(&service, QUICK)
        .watch_with(id(), source)
        .signature(signature())
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
        .watch_with(id(), || async { Ok(Signature::new("first.one").unwrap()) })
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
        .watch_with(id(), || async { Err(SignatureError::Refused) })
        .start();
    assert_eq!(soon(watch.finished()).await, Err(WatchError::SignatureRefused));
}

#[tokio::test]
async fn where_no_socket_gets_through_the_news_comes_by_polling() {
    let service = Service::start().await;
    let config = Config {
        backoff_base_ms: 30_000,
        backoff_cap_ms: 60_000,
        poll_after_failures: 1,
        ..QUICK
    };
    let mut watch = client(&service, config).watch(id(), signature());
    let mut refused = service.accept().await;
    let request = refused.serve("403 Forbidden", "", "blocked by a proxy").await;
    assert!(request.line.starts_with("GET /ws/order-1042 "));

    let mut peer = service.accept().await;
    let request = peer
        .serve("200 OK", "etag: \"1\"\r\n", &transfer_json(1, "processing"))
        .await;
    assert_eq!(request.line, "GET /transfer/order-1042 HTTP/1.1");
    assert_eq!(
        request.headers["authorization"],
        format!("Bearer {SECRET_SIGNATURE}")
    );
    assert_eq!(request.headers.get("if-none-match"), None);
    assert_eq!(next_status(&mut watch).await, Some((1, "processing".to_owned())));
    assert_eq!(next_connection(&mut watch).await, Connection::Polling);

    let request = peer.serve("304 Not Modified", "", "").await;
    assert_eq!(request.headers["if-none-match"], "\"1\"");
    peer.serve("401 Unauthorized", "", "a captive portal").await;
    peer.serve("200 OK", "", "<html>another portal</html>").await;
    peer.serve("200 OK", "", &transfer_json(2, "completed")).await;
    assert_eq!(soon(watch.finished()).await, Ok(transfer(2, "completed")));
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
        let (next, event) = soon(watch.next_after(cursor)).await.unwrap();
        if let Event::Status(_) = event {
            break event;
        }
        cursor = next;
    };
    // The caller was cancelled with the event in hand: it asks with the old cursor.
    let (next, again) = soon(watch.next_after(cursor)).await.unwrap();
    assert_eq!(again, first);
    let waiting = watch.next_after(next + 10);
    assert!(
        tokio::time::timeout(Duration::from_millis(20), waiting)
            .await
            .is_err()
    );
    socket.status(2, "completed").await;
    soon(watch.finished()).await.unwrap();
    let mut cursor = next;
    let mut last = None;
    while let Some((next, event)) = soon(watch.next_after(cursor)).await {
        cursor = next;
        last = Some(event);
    }
    assert_eq!(last, Some(Event::Closed(CloseReason::Final)));
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

#[tokio::test]
async fn whatever_is_not_of_the_protocol_costs_the_link_and_nothing_else() {
    type Nonsense = fn() -> Message;
    let nonsense: [Nonsense; 6] = [
        || Message::text("not json"),
        || Message::text(r#"{"type":"status"}"#),
        || Message::text(r#"{"type":"status","transfer":{"id":"order-1042","status":7}}"#),
        || {
            let other = transfer_json(9, "completed").replace("order-1042", "order-1043");
            Message::text(format!(r#"{{"type":"status","transfer":{other}}}"#))
        },
        || Message::binary(vec![0_u8; 16]),
        || Message::text(" ".repeat(1 << 20)),
    ];
    let service = Service::start().await;
    let watch = watch(&service);
    for message in nonsense {
        let mut socket = service.accept_socket().await;
        socket.status(1, "processing").await;
        // The client may hang up in the middle of the large one.
        let _sent = futures_util::SinkExt::send(&mut socket.stream, message()).await;
    }
    let mut socket = service.accept_socket().await;
    socket.send(r#"{"type":"a message of the future","n":1}"#).await;
    socket.status(2, "completed").await;
    assert_eq!(soon(watch.finished()).await, Ok(transfer(2, "completed")));
}

#[tokio::test]
async fn a_peer_that_is_no_websocket_server_is_not_taken_for_one() {
    let service = Service::start().await;
    let watch = watch(&service);
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nsec-websocket-protocol: transfer-status.v1\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "",
    ] {
        let mut peer = service.accept().await;
        peer.request().await;
        peer.stream.write_all(answer.as_bytes()).await.unwrap();
        let _hung_up = peer.stream.shutdown().await;
    }
    let mut socket: Socket<TcpStream> = service.accept_socket().await;
    socket.status(1, "completed").await;
    assert_eq!(soon(watch.finished()).await, Ok(transfer(1, "completed")));
}

#[tokio::test]
async fn a_phone_that_comes_back_online_does_not_sit_out_its_backoff() {
    let service = Service::start().await;
    // Half an hour of backoff: only a hint can bring the client back in this test's time.
    let config = Config {
        backoff_base_ms: 3_600_000,
        backoff_cap_ms: 3_600_000,
        ..QUICK
    };
    let mut watch = client(&service, config).watch(id(), signature());
    let mut socket = service.accept_socket().await;
    socket.status(1, "processing").await;
    next_status(&mut watch).await;
    drop(socket);
    while next_connection(&mut watch).await != Connection::Reconnecting {}
    watch.hint(Hint::Offline);
    watch.hint(Hint::Online);
    let mut socket = service.accept_socket().await;
    socket.status(2, "completed").await;
    assert_eq!(soon(watch.finished()).await, Ok(transfer(2, "completed")));
}

#[tokio::test]
async fn a_service_that_listens_on_one_address_family_is_reached_by_its_name() {
    let service = Service::start().await;
    let url = format!("ws://localhost:{}", service.port());
    let watch = Client::builder(url)
        .config(QUICK)
        .build()
        .unwrap()
        .watch(id(), signature());
    let mut socket = service.accept_socket().await;
    socket.status(1, "completed").await;
    assert_eq!(soon(watch.finished()).await, Ok(transfer(1, "completed")));
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
    let watch = client.watch(id(), signature());
    drop(runtime);
    let other = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    assert_eq!(other.block_on(watch.finished()), Err(WatchError::Stopped));
}
