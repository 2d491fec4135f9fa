//! What a watch writes to the log about its problems: a warning when the kind changes, not for each attempt.
#![cfg(all(feature = "client", feature = "publisher"))]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod support;

use support::log::Log;
use support::watching::{next_status, watch};
use support::{SECRET_SIGNATURE, Service};
use tracing_subscriber::filter::LevelFilter;

#[tokio::test]
async fn each_kind_of_problem_is_warned_of_once() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.subscriber(LevelFilter::WARN));

    let service = Service::start().await;
    let mut watch = watch(&service);
    for status in [
        "404 Not Found",
        "404 Not Found",
        "404 Not Found",
        "503 Unavailable",
        "503 Unavailable",
    ] {
        // What it echoes is not repeated.
        service.accept().await.serve(status, "", SECRET_SIGNATURE).await;
    }
    service.accept_socket().await.status(1, "completed").await;
    next_status(&mut watch).await;

    let log = log.text();
    let lines: Vec<_> = log.lines().collect();
    assert_eq!(lines.len(), 2, "{log}");
    for (line, said) in lines.iter().zip(["HTTP 404", "HTTP 503"]) {
        assert!(
            line.contains("WARN") && line.contains("transfer_id=order-1042"),
            "{line}"
        );
        assert!(line.contains(said) && line.contains("http"), "{line}");
    }
    assert!(!log.contains(SECRET_SIGNATURE));
}
