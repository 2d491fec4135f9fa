//! Watching over a network that fails in every way it can: lost links, dead links, portals, proxies, nonsense.
#![cfg(all(feature = "client", feature = "publisher"))]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod support;

use support::watching::{next_connection, next_status, watch, watch_timed};
use support::{QUICK, SECRET_SIGNATURE, Service, Socket, id, ms, signature, soon, transfer, transfer_json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use transfer_status::{Client, Connection, Hint};

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
    let mut watch = watch_timed(&service, QUICK.ping_after(ms(50)).pong_timeout(ms(50)));
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
    let watch = watch_timed(&service, QUICK.ping_after(ms(20)).pong_timeout(ms(2_000)));
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
    let timing = QUICK.connect_timeout(ms(50)).first_status_timeout(ms(50));
    let watch = watch_timed(&service, timing);
    let _no_handshake = service.accept().await;
    let _no_first_frame = service.accept_socket().await;
    let mut socket = service.accept_socket().await;
    socket.status(1, "completed").await;
    assert_eq!(soon(watch.finished()).await, Ok(transfer(1, "completed")));
}

#[tokio::test]
async fn where_no_socket_gets_through_the_news_comes_by_polling() {
    let service = Service::start().await;
    let timing = QUICK.backoff(ms(30_000), ms(60_000)).poll_after_failures(1);
    let mut watch = watch_timed(&service, timing);
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
    let mut watch = watch_timed(&service, QUICK.backoff(ms(3_600_000), ms(3_600_000)));
    let mut socket = service.accept_socket().await;
    socket.status(1, "processing").await;
    next_status(&mut watch).await;
    drop(socket);
    while next_connection(&mut watch).await != Connection::Reconnecting {}
    watch.hint(Hint::Offline);
    watch.hint(Hint::Online);
    // It polls as well, so that the news is there whatever becomes of the socket.
    let mut socket = service.accept_socket_beside_polls().await;
    socket.status(2, "completed").await;
    assert_eq!(soon(watch.finished()).await, Ok(transfer(2, "completed")));
}

#[tokio::test]
async fn a_service_that_listens_on_one_address_family_is_reached_by_its_name() {
    let service = Service::start().await;
    let url = format!("ws://localhost:{}", service.port());
    let watch = Client::builder(url)
        .timing(QUICK)
        .build()
        .unwrap()
        .watch(id())
        .signature(signature())
        .start();
    let mut socket = service.accept_socket().await;
    socket.status(1, "completed").await;
    assert_eq!(soon(watch.finished()).await, Ok(transfer(1, "completed")));
}

#[tokio::test]
async fn a_poll_that_hangs_is_given_up_with_its_connection() {
    let service = Service::start().await;
    let timing = QUICK
        .backoff(ms(30_000), ms(60_000))
        .poll_after_failures(1)
        .poll_interval(ms(30_000))
        .poll_timeout(ms(50));
    let _watch = watch_timed(&service, timing);
    service.accept().await.serve("403 Forbidden", "", "").await;
    let mut peer = service.accept().await;
    peer.request().await;
    // No answer, and no other poll for half a minute.
    let read = soon(tokio::io::copy(&mut peer.stream, &mut tokio::io::sink())).await;
    assert_eq!(read.unwrap_or(0), 0, "the connection is over");
}
