//! Everything that is logged at the finest level, by this crate and all below it, while every secret is in use.
#![cfg(all(feature = "client", feature = "publisher"))]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod support;

use std::time::Duration;

use support::log::Log;
use support::proxy::Proxy;
use support::{QUICK, SECRET_SIGNATURE, Service, id, signature, soon, transfer_json};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::util::SubscriberInitExt;
use transfer_status::{Client, Key, Publisher, RetryPolicy, Signature, Status, Update};

const KEY: &str = "the-key-of-the-service";
const FRESH: &str = "ZnJlc2g.b25l-ALSO_SECRET";

#[tokio::test]
async fn no_log_line_holds_a_secret_or_a_signature() {
    let log = Log::default();
    log.subscriber(LevelFilter::TRACE).init();

    let mut secrets = vec![KEY.to_owned()];
    for text in [SECRET_SIGNATURE, FRESH] {
        let signature = Signature::new(text).unwrap();
        secrets.push(signature.to_protocol());
        secrets.push(text.to_owned());
        secrets.extend(text.split('.').map(str::to_owned));
    }
    watch_refresh_and_poll().await;
    secrets.extend(publish_with_a_retry().await);
    get_through_proxies().await;
    secrets.extend(["p@ss", "p%40ss", "dXNlcjpwQHNz"].map(str::to_owned));

    let log = log.text();
    for expected in [
        "watch{transfer_id=order-1042}",
        "code=4410",
        "publish{transfer_id=order-1042",
        "attempt=2",
        "request{transfer_id=order-1042}",
        "proxy=Proxy(",
        "received frame",
        "hyper_util",
    ] {
        assert!(log.contains(expected), "the capture works: {expected}");
    }
    for secret in secrets {
        assert!(!log.contains(&secret), "a log line holds {secret}");
    }
}

async fn watch_refresh_and_poll() {
    let service = Service::start().await;
    let client = Client::builder(service.url())
        .timing(QUICK.poll_after_failures(1))
        .build()
        .unwrap();
    let watch = client
        .watch(id())
        .refresh(|_, _| async { Ok(Signature::new(FRESH).unwrap()) })
        .signature(signature())
        .start();
    tracing::info!(?client, ?watch, "debug output is checked as well");
    service.accept_socket().await.close(4410).await;
    service
        .accept()
        .await
        .serve("502 Bad Gateway", "connection: close\r\n", "")
        .await;
    let finished = tokio::spawn(async move { watch.finished().await });
    // Polls and further sockets come in any order.
    while !finished.is_finished() {
        let mut peer = service.accept().await;
        let request = peer.request().await;
        if request.line.starts_with("GET /transfer/") {
            assert_eq!(request.headers["authorization"], format!("Bearer {FRESH}"));
            peer.answer("200 OK", "connection: close\r\n", &transfer_json(1, "completed"))
                .await;
            break;
        }
    }
    soon(finished).await.unwrap().unwrap();
}

/// Gives the signatures that were sent.
async fn publish_with_a_retry() -> Vec<String> {
    let service = Service::start().await;
    let retry = RetryPolicy::default().with_backoff(Duration::from_millis(1), Duration::from_millis(1));
    let publisher = Publisher::builder(service.url(), Key::new(KEY).unwrap())
        .retry(retry)
        .build()
        .unwrap();
    tracing::info!(?publisher, "debug output is checked as well");
    let answer = tokio::spawn(async move { publisher.publish(&Update::new(id(), Status::Completed)).await });
    let mut peer = service.accept().await;
    let mut signatures = Vec::new();
    for (status, body) in [
        ("503 Unavailable", String::new()),
        ("200 OK", transfer_json(1, "completed")),
    ] {
        signatures.push(peer.serve(status, "", &body).await.headers["x-signature"].clone());
    }
    soon(answer).await.unwrap().unwrap();
    signatures
}

/// Leads and refusals, with the proxy's password in use.
async fn get_through_proxies() {
    for scheme in ["http", "socks5"] {
        let (proxy, service) = (Proxy::start().await, Service::start().await);
        let client = Client::builder(service.url()).proxy(proxy.url_with_password(scheme));
        tracing::info!(?client, "debug output is checked as well");
        let client = client.build().unwrap();
        tracing::info!(?client, "debug output is checked as well");
        let answer = tokio::spawn(async move { client.get(&id(), &signature()).await });
        let mut peer = if scheme == "http" {
            proxy.refuse("407 Proxy Authentication Required").await;
            proxy.listener.accept().await
        } else {
            proxy.lead_socks(&service).await;
            service.accept().await
        };
        peer.serve("200 OK", "", &transfer_json(1, "completed")).await;
        soon(answer).await.unwrap().unwrap();
    }
}
