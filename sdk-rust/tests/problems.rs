//! What keeps a watch from being live is told, as data, and is gone with a status; the watch goes on all the same.
#![cfg(all(feature = "client", feature = "publisher"))]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use support::watching::{client, next_problem, watch, watch_timed};
use support::{QUICK, Service, id, ms, signature, soon, transfer, transfer_json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;
use transfer_status::{
    BuildError, Client, CloseCode, Event, InvalidUrl, ProblemKind, RefreshReason, Signature, SignatureError,
    Timing, TransferRequest, Watch, WatchError,
};

fn closed(code: u16) -> ProblemKind {
    ProblemKind::Closed {
        code: CloseCode::new(code),
    }
}

fn malformed(field: &str) -> ProblemKind {
    ProblemKind::Malformed {
        field: field.to_owned(),
    }
}

/// Skips the problem that is told again because it was met again.
async fn next_kind(watch: &mut Watch, before: Option<&ProblemKind>) -> ProblemKind {
    loop {
        let kind = next_problem(watch).await.unwrap().kind;
        if Some(&kind) != before {
            return kind;
        }
    }
}

fn watch_of(url: &str) -> Watch {
    let client = Client::builder(url).timing(QUICK).build().unwrap();
    client.watch(id()).signature(signature()).start()
}

#[tokio::test]
async fn an_answer_in_place_of_a_socket_is_told_as_what_it_is_until_a_status_comes() {
    let service = Service::start().await;
    let mut watch = watch(&service);
    let mut before = None;
    for (answer, kind) in [
        (
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
            ProblemKind::Http { status: 404 },
        ),
        (
            "HTTP/1.1 302 Found\r\nlocation: https://login.example\r\ncontent-length: 0\r\n\r\n",
            ProblemKind::Redirect { status: Some(302) },
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>",
            ProblemKind::NotTheService,
        ),
        ("", ProblemKind::Unreachable),
        (
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
            ProblemKind::NotTheService,
        ),
        (
            "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n",
            ProblemKind::Http { status: 503 },
        ),
        ("SSH-2.0-OpenSSH_9.2\r\n", ProblemKind::NotTheService),
    ] {
        let mut peer = service.accept().await;
        peer.request().await;
        peer.stream.write_all(answer.as_bytes()).await.unwrap();
        let _hung_up = peer.stream.shutdown().await;
        assert_eq!(next_kind(&mut watch, before.as_ref()).await, kind, "{answer:?}");
        assert_eq!(watch.last_problem().unwrap().kind, kind);
        before = Some(kind);
    }
    let mut socket = service.accept_socket().await;
    socket.status(1, "processing").await;
    assert_eq!(next_problem(&mut watch).await, None);
    assert_eq!(watch.last_problem(), None);
}

#[tokio::test]
async fn a_name_that_is_not_found_and_a_port_where_nobody_listens_are_told() {
    let mut nowhere = watch_of("https://no-such-name.invalid");
    assert_eq!(next_problem(&mut nowhere).await.unwrap().kind, ProblemKind::Dns);

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let mut closed = watch_of(&format!("http://127.0.0.1:{port}"));
    assert_eq!(
        next_problem(&mut closed).await.unwrap().kind,
        ProblemKind::Refused
    );
}

#[tokio::test]
async fn a_port_that_speaks_no_tls_is_told() {
    let service = Service::start().await;
    let mut watch = watch_of(&format!("https://127.0.0.1:{}", service.port()));
    let mut peer = service.accept().await;
    peer.answer("400 Bad Request", "", "").await;
    drop(peer);
    assert_eq!(next_problem(&mut watch).await.unwrap().kind, ProblemKind::Tls);
}

#[tokio::test]
async fn a_peer_that_says_nothing_is_told() {
    let service = Service::start().await;
    let timing = QUICK.connect_timeout(ms(50)).first_status_timeout(ms(50));
    let mut watch = watch_timed(&service, timing);
    let _no_handshake = service.accept().await;
    assert_eq!(next_problem(&mut watch).await.unwrap().kind, ProblemKind::Timeout);
    let _no_status = service.accept_socket().await;
    assert_eq!(next_problem(&mut watch).await.unwrap().kind, ProblemKind::Timeout);
}

#[tokio::test]
async fn a_socket_that_ends_before_its_status_has_held_is_told_with_its_code() {
    let service = Service::start().await;
    let mut watch = watch(&service);
    service.accept_socket().await.close(1013).await;
    assert_eq!(next_kind(&mut watch, None).await, closed(1013));
    drop(service.accept_socket().await);
    assert_eq!(next_kind(&mut watch, Some(&closed(1013))).await, closed(1006));
    let mut socket = service.accept_socket().await;
    soon(socket.stream.close(None)).await.unwrap();
    assert_eq!(next_kind(&mut watch, Some(&closed(1006))).await, closed(1005));
    service.accept_socket().await.close(4999).await;
    assert_eq!(next_kind(&mut watch, Some(&closed(1005))).await, closed(4999));
}

#[tokio::test]
async fn what_cannot_be_read_is_told_with_its_field() {
    let service = Service::start().await;
    let mut watch = watch(&service);
    let no_offset = transfer_json(1, "pending").replace("2024-01-15T10:30:01.000Z", "2024-01-15 10:30");
    let mut before = None;
    for (message, field) in [
        (
            Message::text(format!(r#"{{"type":"status","transfer":{no_offset}}}"#)),
            "updatedAt",
        ),
        (Message::binary(vec![0_u8; 16]), "a binary frame"),
        (Message::text(" ".repeat(70 * 1024)), "over 65536 bytes"),
        (Message::text("not json"), "not JSON"),
    ] {
        let mut socket = service.accept_socket().await;
        soon(futures_util::SinkExt::send(&mut socket.stream, message))
            .await
            .unwrap();
        assert_eq!(next_kind(&mut watch, before.as_ref()).await, malformed(field));
        before = Some(malformed(field));
    }
}

#[tokio::test]
async fn notices_that_cannot_be_read_cost_nothing_and_those_that_can_are_told() {
    let service = Service::start().await;
    let mut watch = watch(&service);
    let mut socket = service.accept_socket().await;
    socket.status(1, "processing").await;
    socket.send(r#"{"type":"scan","transferId":"order-1042"}"#).await;
    socket
        .send(r#"{"type":"scan","transferId":"order-9","scanned":true,"at":"2024-01-15T10:30:00.000Z"}"#)
        .await;
    socket.send(r#"{"type":"error"}"#).await;
    socket
        .send(r#"{"type":"error","code":"unavailable","message":"the archive is slow today"}"#)
        .await;
    socket.status(2, "completed").await;
    let mut said = Vec::new();
    while let Some(event) = soon(watch.next()).await {
        match event {
            Event::ServerError(body) => said.push(body.message),
            Event::Scan(scan) => panic!("{scan:?} is of another transfer"),
            Event::Problem(problem) => panic!("{problem:?}"),
            _ => {}
        }
    }
    assert_eq!(said, ["the archive is slow today"]);
    assert_eq!(watch.stats().dials, 1, "all of it on the same link");
}

#[tokio::test]
async fn a_pause_that_the_server_asks_for_is_in_the_problem() {
    let service = Service::start().await;
    let mut full = watch(&service);
    service.accept_socket().await.close(4429).await;
    let problem = next_problem(&mut full).await.unwrap();
    assert_eq!(problem.kind, ProblemKind::TooManyWatchers);
    let pause = |problem: &transfer_status::Problem| {
        problem.next_attempt.unwrap().unix_millis() - problem.since.unix_millis()
    };
    assert!((10_000..11_000).contains(&pause(&problem)), "{problem:?}");

    for (headers, least) in [
        ("retry-after: 60\r\n", 60_000),
        (
            "date: Tue, 15 Nov 1994 12:45:06 GMT\r\nretry-after: Tue, 15 Nov 1994 12:45:26 GMT\r\n",
            20_000,
        ),
    ] {
        let mut told = watch(&service);
        let mut peer = service.accept().await;
        peer.serve("503 Service Unavailable", headers, "").await;
        let problem = next_problem(&mut told).await.unwrap();
        assert_eq!(problem.kind, ProblemKind::Http { status: 503 });
        assert!(
            (least..least + 1_000).contains(&pause(&problem)),
            "{headers}: {problem:?}"
        );
    }
}

#[tokio::test]
async fn a_problem_says_since_when_and_how_often() {
    let began = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let service = Service::start().await;
    let mut watch = watch(&service);
    let mut since = None;
    for attempts in 1..=3 {
        service.accept_socket().await.close(1013).await;
        let problem = next_problem(&mut watch).await.unwrap();
        assert_eq!(problem.attempts, attempts);
        assert_eq!(*since.get_or_insert(problem.since), problem.since);
        let since = Duration::from_millis(problem.since.unix_millis().try_into().unwrap());
        assert!(since + ms(1) >= began && since < began + support::PATIENCE);
    }
}

#[tokio::test]
async fn what_polls_meet_is_told_and_a_refusal_has_the_words_of_the_service() {
    let service = Service::start().await;
    let timing = QUICK.backoff(ms(30_000), ms(60_000)).poll_after_failures(1);
    let mut watch = watch_timed(&service, timing);
    let mut refused = service.accept().await;
    refused.serve("403 Forbidden", "", "blocked by a proxy").await;
    let mut peer = service.accept().await;
    let long = " ".repeat(2 << 20);
    let mut before = Some(ProblemKind::Http { status: 403 });
    for (status, body, kind) in [
        ("200 OK", "<html>a portal</html>", ProblemKind::NotTheService),
        ("200 OK", r#"{"id":"order-1042"}"#, malformed("status")),
        ("502 Bad Gateway", "", ProblemKind::Http { status: 502 }),
        (
            "301 Moved Permanently",
            "",
            ProblemKind::Redirect { status: Some(301) },
        ),
    ] {
        peer.serve(status, "", body).await;
        assert_eq!(next_kind(&mut watch, before.as_ref()).await, kind);
        before = Some(kind);
    }
    peer.serve("200 OK", "connection: close\r\n", &long).await;
    assert_eq!(
        next_kind(&mut watch, before.as_ref()).await,
        ProblemKind::NotTheService
    );
    let mut peer = service.accept().await;
    let expired =
        r#"{"type":"error","code":"expired","message":"the signature has expired; ask for another"}"#;
    peer.serve("401 Unauthorized", "", expired).await;
    let error = soon(watch.finished()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the server ended the watch with close code 4410: the signature has expired; ask for another"
    );
}

#[tokio::test]
async fn what_the_server_said_long_ago_does_not_explain_an_end() {
    let service = Service::start().await;
    let watch = watch(&service);
    let mut socket = service.accept_socket().await;
    socket
        .send(r#"{"type":"error","code":"rate_limited","message":"too many watchers of this transfer"}"#)
        .await;
    socket.status(1, "processing").await;
    socket.close(4401).await;
    let code = CloseCode::UNAUTHORIZED;
    assert_eq!(
        soon(watch.finished()).await,
        Err(WatchError::Refused { code, message: None })
    );
}

#[tokio::test]
async fn a_source_that_fails_or_panics_is_told_with_its_cause_and_asked_again() {
    let service = Service::start().await;
    let asked = Arc::new(AtomicU32::new(0));
    let asking = Arc::clone(&asked);
    let source = move |transfer_id, reason| {
        assert_eq!((transfer_id, reason), (id(), RefreshReason::Missing));
        let turn = asking.fetch_add(1, Ordering::Relaxed);
        async move {
            match turn {
                0 => Err(SignatureError::retry("the backend is being moved")),
                1 => panic!("a bug of the host's"),
                _ => Ok(Signature::new("fresh.one").unwrap()),
            }
        }
    };
    let mut watch = client(&service, QUICK).watch(id()).refresh(source).start();
    let kind = |cause: &str| ProblemKind::SignatureRefresh {
        cause: Some(cause.to_owned()),
    };
    let first = next_kind(&mut watch, None).await;
    assert_eq!(first, kind("the backend is being moved"));
    let second = next_kind(&mut watch, Some(&first)).await;
    assert_eq!(second, kind("the signature source panicked"));
    let mut socket = service.accept_socket().await;
    socket.status(1, "completed").await;
    assert_eq!(soon(watch.finished()).await, Ok(transfer(1, "completed")));
}

#[tokio::test]
async fn signatures_that_are_born_expired_are_told() {
    let service = Service::start().await;
    let mut watch = client(&service, QUICK)
        .watch(id())
        .signature(signature())
        .refresh(|_, _| async { Ok(Signature::new("born.expired").unwrap()) })
        .start();
    service.accept_socket().await.close(4410).await;
    service.accept_socket().await.close(4410).await;
    let kind = next_problem(&mut watch).await.unwrap().kind;
    assert_eq!(kind.as_str(), "signature-refresh");
}

#[tokio::test]
async fn a_signature_that_is_known_to_have_expired_is_not_presented() {
    let service = Service::start().await;
    let request: TransferRequest = serde_json::from_str(
        r#"{"transferRequestId":"order-1042","merchantId":"m-7","expiry":1700000000,"signature":"too.old"}"#,
    )
    .unwrap();
    let _watch = client(&service, QUICK)
        .watch_request(&request)
        .refresh(|_, reason| async move {
            assert_eq!(reason, RefreshReason::Expired);
            Ok(Signature::new("fresh.one").unwrap())
        })
        .start();
    let socket = service.accept_socket().await;
    let fresh = Signature::new("fresh.one").unwrap().to_protocol();
    assert!(socket.header("sec-websocket-protocol").ends_with(&fresh));
}

#[tokio::test]
async fn addresses_and_durations_that_cannot_be_right_are_refused_at_once() {
    let error = |url: &str| match Client::builder(url).build().unwrap_err() {
        BuildError::Url(error) => error,
        error => panic!("{error:?}"),
    };
    assert_eq!(error("http://status.example.com"), InvalidUrl::PlainText);
    assert_eq!(error("https://status.example.com:99999"), InvalidUrl::Port);
    let allowed = Client::builder("http://status.example.com").allow_plain_text(true);
    allowed.build().unwrap();

    let busy = Timing::default().backoff(Duration::ZERO, Duration::ZERO);
    let error = Client::builder("https://status.example.com").timing(busy).build();
    assert!(matches!(error, Err(BuildError::Timing(_))), "{error:?}");
}
