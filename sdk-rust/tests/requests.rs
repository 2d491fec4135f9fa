//! One request and its answer: `Client::get` and `Client::scan` over real sockets.
#![cfg(feature = "client")]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod support;

use std::time::Duration;

use support::{SECRET_SIGNATURE, Service, id, signature, soon, transfer, transfer_json};
use tokio::task::JoinHandle;
use transfer_status::{Client, ErrorCode, RequestError, Transfer, TransportCause, TransportError};

const SCANNED: &str =
    r#"{"transferId":"order-1042","scanned":true,"at":"2024-01-15T10:30:00.000Z","watchers":2}"#;

fn client(service: &Service) -> Client {
    Client::builder(service.url()).build().unwrap()
}

/// On a task of its own, so that the test can play the service meanwhile.
fn get(client: &Client) -> JoinHandle<Result<Transfer, RequestError>> {
    let client = client.clone();
    tokio::spawn(async move { client.get(&id(), &signature()).await })
}

fn get_if_changed(client: &Client, version: u64) -> JoinHandle<Result<Option<Transfer>, RequestError>> {
    let client = client.clone();
    tokio::spawn(async move { client.get_if_changed(&id(), &signature(), version).await })
}

fn scan(client: &Client, scanned: bool) -> JoinHandle<Result<(), RequestError>> {
    let client = client.clone();
    tokio::spawn(async move { client.scan(&id(), &signature(), scanned).await })
}

fn own(code: &str) -> String {
    format!(r#"{{"type":"error","code":"{code}","message":"what the service says"}}"#)
}

#[tokio::test]
async fn a_transfer_is_had_with_its_signature() {
    let service = Service::start().await;
    let client = client(&service);
    let answer = get(&client);
    let mut peer = service.accept().await;
    let request = peer.serve("200 OK", "", &transfer_json(3, "processing")).await;
    assert_eq!(soon(answer).await.unwrap().unwrap(), transfer(3, "processing"));
    assert_eq!(request.line, "GET /transfer/order-1042 HTTP/1.1");
    assert_eq!(
        request.headers["authorization"],
        format!("Bearer {SECRET_SIGNATURE}")
    );
    assert!(!request.headers.contains_key("if-none-match"));

    // Nobody has reported it yet; on the same connection.
    let answer = get(&client);
    peer.serve("200 OK", "", &transfer_json(0, "pending")).await;
    assert_eq!(soon(answer).await.unwrap().unwrap().version, Some(0));
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let service = Service::start().await;
    let client = client(&service);
    let answer = get_if_changed(&client, 3);
    let mut peer = service.accept().await;
    let request = peer.serve("304 Not Modified", "", "").await;
    assert_eq!(request.headers["if-none-match"], "\"3\"");
    assert_eq!(soon(answer).await.unwrap().unwrap(), None);

    let answer = get_if_changed(&client, 3);
    peer.serve("200 OK", "", &transfer_json(4, "completed")).await;
    assert_eq!(
        soon(answer).await.unwrap().unwrap(),
        Some(transfer(4, "completed"))
    );

    // A cache that took the condition out.
    let answer = get_if_changed(&client, 4);
    peer.serve("200 OK", "", &transfer_json(4, "completed")).await;
    assert_eq!(soon(answer).await.unwrap().unwrap(), None);
}

#[tokio::test]
async fn a_304_that_nobody_asked_for_is_no_answer() {
    let service = Service::start().await;
    let answer = get(&client(&service));
    service.accept().await.serve("304 Not Modified", "", "").await;
    let error = soon(answer).await.unwrap().unwrap_err();
    assert!(
        matches!(error, RequestError::UnexpectedResponse { status, .. } if status.as_u16() == 304),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_phone_tells_the_watchers_that_it_has_read_the_code() {
    let service = Service::start().await;
    let client = client(&service);
    let answer = scan(&client, true);
    let mut peer = service.accept().await;
    let request = peer.serve("200 OK", "", SCANNED).await;
    soon(answer).await.unwrap().unwrap();
    assert_eq!(request.line, "POST /scan HTTP/1.1");
    assert_eq!(
        request.headers["authorization"],
        format!("Bearer {SECRET_SIGNATURE}")
    );
    assert_eq!(request.headers["content-type"], "application/json");
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(
        body,
        serde_json::json!({ "transferId": "order-1042", "scanned": true })
    );

    let answer = scan(&client, false);
    let request = peer.serve("200 OK", "", &SCANNED.replace("true", "false")).await;
    soon(answer).await.unwrap().unwrap();
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body["scanned"], false);
}

#[tokio::test]
async fn only_the_services_own_answer_says_that_the_watchers_were_told() {
    let service = Service::start().await;
    let client = client(&service);
    let mut peer = None;
    for body in [
        "",
        "<html>Sign in</html>",
        "{}",
        r#"{"transferId":7}"#,
        &SCANNED.replace("1042", "1043"),
    ] {
        let answer = scan(&client, true);
        let peer = match &mut peer {
            Some(peer) => peer,
            None => peer.insert(service.accept().await),
        };
        peer.serve("200 OK", "", body).await;
        let error = soon(answer).await.unwrap().unwrap_err();
        assert!(
            matches!(error, RequestError::UnexpectedResponse { .. }),
            "{body}: {error:?}"
        );
        assert!(!error.to_string().contains("Sign in"), "{error}");
    }
}

#[tokio::test]
async fn a_refusal_is_the_services_own_by_its_code_and_nobody_tries_again() {
    use RequestError as E;
    type Expected = fn(&RequestError) -> bool;
    let refusals: [(&str, &str, Expected); 5] = [
        ("401 Unauthorized", "unauthorized", |e| {
            matches!(e, E::Unauthorized { .. })
        }),
        ("401 Unauthorized", "expired", |e| matches!(e, E::Expired { .. })),
        ("403 Forbidden", "forbidden", |e| matches!(e, E::Forbidden { .. })),
        ("404 Not Found", "not_found", |e| {
            matches!(e, E::UnexpectedResponse { .. })
        }),
        // From the future: taken by its status.
        ("401 Unauthorized", "brand_new", |e| {
            matches!(e, E::Unauthorized { .. })
        }),
    ];
    for (status, code, expected) in refusals {
        let service = Service::start().await;
        let client = client(&service);
        let answer = get(&client);
        let mut peer = service.accept().await;
        peer.serve(status, "", &own(code)).await;
        let error = soon(answer).await.unwrap().unwrap_err();
        assert!(expected(&error), "{code}: {error:?}");
        let known = if code == "brand_new" { "other" } else { code };
        assert_eq!(error.code().map(ErrorCode::as_str), Some(known));
        assert!(error.to_string().contains("what the service says"), "{error}");
        assert!(!error.is_retryable());

        let answer = scan(&client, true);
        peer.serve(status, "", &own(code)).await;
        assert!(expected(&soon(answer).await.unwrap().unwrap_err()), "{code}");
        assert!(service.is_left_alone().await, "no second try");
    }
}

#[tokio::test]
async fn a_strangers_refusal_says_nothing_of_the_signature() {
    for status in ["401 Unauthorized", "403 Forbidden", "302 Found", "404 Not Found"] {
        let service = Service::start().await;
        let answer = get(&client(&service));
        service
            .accept()
            .await
            .serve(
                status,
                "location: http://10.0.0.1/\r\n",
                "<html>Sign in at 10.0.0.1</html>",
            )
            .await;
        let error = soon(answer).await.unwrap().unwrap_err();
        assert!(
            matches!(error, RequestError::UnexpectedResponse { .. }),
            "{error:?}"
        );
        assert_eq!(error.code(), None);
        let told = format!("{error} {error:?}");
        assert!(
            !told.contains("10.0.0.1") && !told.contains(SECRET_SIGNATURE),
            "{told}"
        );
    }
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_not_for_ever() {
    let service = Service::start().await;
    let client = client(&service);
    let answer = get(&client);
    let mut peer = service.accept().await;
    peer.serve("503 Service Unavailable", "", &own("unavailable"))
        .await;
    peer.serve("522 Origin", "", "edge").await;
    peer.serve("200 OK", "", &transfer_json(1, "pending")).await;
    assert_eq!(soon(answer).await.unwrap().unwrap(), transfer(1, "pending"));

    let answer = scan(&client, true);
    for _ in 0..3 {
        peer.serve("500 Internal Server Error", "", &own("internal"))
            .await;
    }
    let error = soon(answer).await.unwrap().unwrap_err();
    assert!(matches!(error, RequestError::Unavailable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_pause_longer_than_anybody_waits_is_told_at_once() {
    let service = Service::start().await;
    let answer = get(&client(&service));
    let mut peer = service.accept().await;
    peer.serve(
        "429 Too Many Requests",
        "retry-after: 30\r\n",
        &own("rate_limited"),
    )
    .await;
    let error = soon(answer).await.unwrap().unwrap_err();
    assert!(matches!(error, RequestError::RateLimited { .. }), "{error:?}");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));
    assert!(error.is_retryable());
}

#[tokio::test(start_paused = true)]
async fn a_service_that_never_answers_is_given_up_after_ten_seconds() {
    let service = Service::start().await;
    let client = client(&service);
    let began = tokio::time::Instant::now();
    let error = client.get(&id(), &signature()).await.unwrap_err();
    assert!(matches!(error, RequestError::TimedOut), "{error:?}");
    assert_eq!(began.elapsed(), Duration::from_secs(10));
}

#[tokio::test]
async fn why_the_service_was_not_reached_is_told() {
    let client = Client::builder("https://no-such-name.invalid").build().unwrap();
    let error = client.scan(&id(), &signature(), true).await.unwrap_err();
    let RequestError::Transport(error @ TransportError::Connect(_)) = error else {
        panic!("{error:?}")
    };
    assert_eq!(error.cause(), Some(TransportCause::Dns));
}
