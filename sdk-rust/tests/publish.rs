//! Publishing over real HTTP on loopback: what is signed, what is tried again, what an answer means.
#![cfg(all(feature = "client", feature = "publisher"))]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod support;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use support::{HttpRequest, PATIENCE, Service, id, soon, transfer, transfer_json};
use tokio::net::TcpListener;
use transfer_status::sign::{self, TimestampPolicy};
use transfer_status::{
    ErrorCode, Key, KeyRing, PublishError, Publisher, RetryPolicy, Status, Transfer, TransportError, Update,
};

const SECRET: &str = "test-secret";

/// Retries without the waits that a real network needs.
fn quick() -> RetryPolicy {
    RetryPolicy::default()
        .with_attempts(4)
        .with_attempt_timeout(PATIENCE)
        .with_deadline(2 * PATIENCE)
        .with_backoff(Duration::from_millis(1), Duration::from_millis(5))
}

fn publisher(url: String, retry: RetryPolicy) -> Publisher {
    Publisher::builder(url, Key::new(SECRET).unwrap())
        .retry(retry)
        .build()
        .unwrap()
}

fn update() -> Update {
    Update::new(id(), Status::Completed).with_amount("12.10".parse().unwrap())
}

/// Publishes in the background while the test plays the service.
fn publish(service: &Service, retry: RetryPolicy) -> tokio::task::JoinHandle<Result<Transfer, PublishError>> {
    let publisher = publisher(service.url(), retry);
    tokio::spawn(async move { publisher.publish(&update()).await })
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// The timestamp of a request whose signature is right for its body.
fn verified(request: &HttpRequest) -> u64 {
    let keys = KeyRing::new(Key::new(SECRET).unwrap());
    let timestamp = &request.headers["x-timestamp"];
    let signature = &request.headers["x-signature"];
    sign::verify(
        &keys,
        &request.body,
        signature,
        Some(timestamp),
        now(),
        TimestampPolicy::Required,
    )
    .unwrap();
    timestamp.parse().unwrap()
}

/// What a single answer means.
async fn meaning(status: &str, headers: &str, body: &str) -> Result<Transfer, PublishError> {
    let service = Service::start().await;
    let answer = publish(&service, quick().with_attempts(1));
    let mut peer = service.accept().await;
    peer.serve(status, headers, body).await;
    soon(answer).await.unwrap()
}

fn error_body(code: &str) -> String {
    format!(r#"{{"type":"error","code":"{code}","message":"what the service says"}}"#)
}

#[tokio::test]
async fn an_update_is_signed_over_the_bytes_that_are_sent() {
    let service = Service::start().await;
    let answer = publish(&service, quick());
    let mut peer = service.accept().await;
    let request = peer.serve("200 OK", "", &transfer_json(1, "completed")).await;
    assert_eq!(request.line, "POST /update HTTP/1.1");
    assert_eq!(request.headers["content-type"], "application/json");
    assert_eq!(
        request.body,
        br#"{"transferId":"order-1042","status":"completed","amount":12.10}"#
    );
    assert!(now() - verified(&request) < 5);
    assert_eq!(soon(answer).await.unwrap().unwrap(), transfer(1, "completed"));
}

#[tokio::test]
async fn a_second_update_goes_over_the_same_connection() {
    let service = Service::start().await;
    let publisher = publisher(service.url(), quick());
    let clone = publisher.clone();
    let updates = tokio::spawn(async move {
        publisher.publish(&update()).await.unwrap();
        clone.publish(&update()).await.unwrap();
    });
    let mut peer = service.accept().await;
    peer.serve("200 OK", "", &transfer_json(1, "completed")).await;
    peer.serve("200 OK", "", &transfer_json(1, "completed")).await;
    soon(updates).await.unwrap();
}

#[tokio::test]
async fn a_service_that_is_busy_is_asked_again_when_it_said_so_with_a_fresh_signature() {
    let service = Service::start().await;
    let started = Instant::now();
    let answer = publish(&service, quick());
    let mut peer = service.accept().await;
    let first = peer
        .serve(
            "503 Service Unavailable",
            "retry-after: 1\r\n",
            &error_body("unavailable"),
        )
        .await;
    let second = peer.serve("200 OK", "", &transfer_json(1, "completed")).await;
    assert!(
        started.elapsed() >= Duration::from_secs(1),
        "not sooner than asked"
    );
    assert_eq!(first.body, second.body, "encoded once");
    assert!(verified(&second) > verified(&first), "signed anew");
    assert_ne!(first.headers["x-signature"], second.headers["x-signature"]);
    assert!(soon(answer).await.unwrap().is_ok());
}

#[tokio::test]
async fn whatever_may_pass_is_tried_again() {
    let service = Service::start().await;
    let answer = publish(&service, quick().with_attempts(64));
    for status in [
        "408 Request Timeout",
        "425 Too Early",
        "429 Too Many Requests",
        "500 Oops",
        "502 Bad Gateway",
        "503 Unavailable",
        "504 Timeout",
        "507 Insufficient Storage",
        // What Cloudflare's edge answers when it cannot reach what is behind it.
        "520 Unknown",
        "521 Down",
        "522 Timed Out",
        "523 Unreachable",
        "524 Timeout",
        "525 Handshake Failed",
        "526 Invalid Certificate",
        "527 Railgun",
        "530 Origin",
    ] {
        let mut peer = service.accept().await;
        peer.serve(status, "connection: close\r\n", "").await;
    }
    let mut peer = service.accept().await;
    peer.request().await;
    drop(peer); // the connection breaks with the update's fate unknown
    let mut peer = service.accept().await;
    peer.serve("200 OK", "connection: close\r\ncontent-length: 999\r\n", "{")
        .await;
    drop(peer); // and in the middle of an answer
    let mut peer = service.accept().await;
    verified(&peer.serve("200 OK", "", &transfer_json(1, "completed")).await);
    assert_eq!(soon(answer).await.unwrap().unwrap(), transfer(1, "completed"));
}

#[tokio::test]
async fn the_attempts_are_bounded_and_the_last_error_is_told() {
    let service = Service::start().await;
    let answer = publish(&service, quick());
    let mut peer = service.accept().await;
    for _ in 0..4 {
        peer.serve("503 Service Unavailable", "", &error_body("unavailable"))
            .await;
    }
    let error = soon(answer).await.unwrap().unwrap_err();
    assert!(
        matches!(error, PublishError::Unavailable { .. }) && error.is_retryable(),
        "{error:?}"
    );
    assert_eq!(
        error.to_string(),
        "the service cannot serve now (HTTP 503 Service Unavailable): what the service says"
    );
}

#[tokio::test]
async fn a_wait_beyond_the_deadline_is_not_begun() {
    let service = Service::start().await;
    let answer = publish(&service, quick());
    let mut peer = service.accept().await;
    peer.serve(
        "429 Too Many Requests",
        "retry-after: 3600\r\n",
        &error_body("rate_limited"),
    )
    .await;
    let error = soon(answer).await.unwrap().unwrap_err();
    assert!(matches!(error, PublishError::RateLimited { .. }), "{error:?}");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
}

#[tokio::test]
async fn a_service_that_is_not_there_is_a_transport_error_to_retry() {
    // A port that was just free: nobody listens there.
    let port = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let publisher = publisher(format!("http://127.0.0.1:{port}"), quick());
    let error = soon(publisher.publish(&update())).await.unwrap_err();
    assert!(
        matches!(error, PublishError::Transport(TransportError::Connect(_))),
        "{error:?}"
    );
    assert!(error.is_retryable());
}

#[tokio::test]
async fn a_conflict_carries_the_transfer_as_it_is() {
    let current = transfer_json(3, "failed");
    let body =
        format!(r#"{{"type":"error","code":"conflict","message":"it is final","transfer":{current}}}"#);
    let error = meaning("409 Conflict", "", &body).await.unwrap_err();
    assert!(!error.is_retryable());
    assert_eq!(error.to_string(), "the transfer is already failed: it is final");
    assert_eq!(error.code(), Some(ErrorCode::Conflict));
    assert_eq!(error.current(), Some(&transfer(3, "failed")));
    let PublishError::Conflict { message, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!(message, "it is final");
}

#[tokio::test]
async fn a_retry_that_names_its_version_does_not_undo_what_another_writer_has_said_meanwhile() {
    let service = Service::start().await;
    let publisher = publisher(service.url(), quick());
    let update = Update::new(id(), Status::Processing)
        .with_message("step 1")
        .with_if_version(1);
    let answer = tokio::spawn(async move { publisher.publish(&update).await });
    let mut peer = service.accept().await;
    let first = peer.request().await;
    assert_eq!(
        first.body,
        br#"{"transferId":"order-1042","status":"processing","message":"step 1","ifVersion":1}"#
    );
    drop(peer); // It was stored as version 2, and its answer is lost; another writer makes version 3 of it.
    let current = transfer_json(3, "processing");
    let body = format!(
        r#"{{"type":"error","code":"conflict","message":"it is at version 3, not 1","transfer":{current}}}"#
    );
    let retry = service.accept().await.serve("409 Conflict", "", &body).await;
    assert_eq!(retry.body, first.body, "a retry builds on the same version");
    let error = soon(answer).await.unwrap().unwrap_err();
    assert!(error.is_final(), "{error:?}");
    assert_eq!(error.current(), Some(&transfer(3, "processing")));
}

#[tokio::test]
async fn a_refusal_is_not_tried_again() {
    for status in [
        "400 Bad Request",
        "401 Unauthorized",
        "404 Not Found",
        "409 Conflict",
        "413 Too Large",
    ] {
        let service = Service::start().await;
        let answer = publish(&service, quick());
        let mut peer = service.accept().await;
        peer.serve(status, "connection: close\r\n", &error_body("other"))
            .await;
        let error = soon(answer).await.unwrap().unwrap_err();
        assert!(!error.is_retryable(), "{error:?}");
        assert!(service.is_left_alone().await, "{status}");
    }
}

#[tokio::test]
async fn each_answer_has_its_meaning() {
    let says = "what the service says";
    let error = meaning("400 Bad Request", "", &error_body("bad_request"))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, PublishError::BadRequest { message, .. } if message == says),
        "{error:?}"
    );
    let error = meaning("401 Unauthorized", "", &error_body("unauthorized"))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, PublishError::Unauthorized { message, .. } if message == says),
        "{error:?}"
    );
    let error = meaning("413 Payload Too Large", "", &error_body("too_large"))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, PublishError::TooLarge { message, .. } if message == says),
        "{error:?}"
    );

    // A redirect is not followed: a signed update goes where it was meant to go.
    let another = transfer_json(1, "completed").replace("order-1042", "order-7");
    let oversized = format!("{}{}", transfer_json(1, "completed"), " ".repeat(1 << 20));
    for (status, headers, body) in [
        ("302 Found", "location: http://127.0.0.1:9/\r\n", ""),
        ("200 OK", "", "<html>welcome</html>"),
        ("200 OK", "", &another),
        ("204 No Content", "", ""),
        ("403 Forbidden", "", "blocked by a proxy"),
    ] {
        let error = meaning(status, headers, body).await.unwrap_err();
        assert!(
            matches!(error, PublishError::UnexpectedResponse { .. }),
            "{status}: {error:?}"
        );
    }
    let error = meaning("200 OK", "", &oversized).await.unwrap_err();
    assert!(
        matches!(
            error,
            PublishError::Transport(TransportError::AnswerTooLarge { .. })
        ),
        "{error:?}"
    );
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn an_update_that_would_be_refused_is_not_sent() {
    let service = Service::start().await;
    let update = update().with_message("x".repeat(1025));
    let error = publisher(service.url(), quick())
        .publish(&update)
        .await
        .unwrap_err();
    assert!(matches!(error, PublishError::Invalid(_)), "{error:?}");
    assert!(service.is_left_alone().await);
}
