//! A server that is killed in the middle of its work, and comes back on the same folder.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use transfer_status::{Connection, Event, PublishError, Publisher, RetryPolicy, Status, Watch};
use transfer_status_e2e::{HMAC_SECRET, Options, Server, next_connection, next_status, soon};

/// All versions that the user of a watch is told of.
async fn all_versions(mut watch: Watch) -> Vec<u64> {
    let mut versions = Vec::new();
    while let Some(event) = watch.next().await {
        if let Event::Status(transfer) = event {
            versions.extend(transfer.version);
        }
    }
    versions
}

/// The server's own start takes seconds, which stand still for the tests on this thread.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_a_kill_and_watchers_end_on_the_final_status() {
    let server = Server::start(Options::default());
    let payment = server.payment();
    let quiet = server.payment();
    let mut watch = payment.watch();
    assert_eq!(next_status(&mut watch).await.0, 0);
    let seen = tokio::spawn(all_versions(payment.watch()));
    assert_eq!(quiet.report(Status::Processing).await.version, Some(1));
    let before = quiet.read().await;

    // One update after the other, until one is not acknowledged.
    let acknowledged = Arc::new(AtomicU64::new(0));
    let backend = tokio::spawn({
        let (acknowledged, url) = (Arc::clone(&acknowledged), server.url());
        let update = payment.update(Status::Processing);
        async move {
            let key = transfer_status::Key::new(HMAC_SECRET).unwrap();
            let publisher = Publisher::builder(url, key).retry(RetryPolicy::none());
            let publisher = publisher.build().unwrap();
            for number in 1_u64.. {
                let update = update.clone().with_message(number.to_string());
                match publisher.publish(&update).await {
                    Ok(stored) => {
                        assert_eq!(stored.version, Some(number));
                        acknowledged.store(number, Ordering::SeqCst);
                    }
                    Err(error) => return error,
                }
            }
            unreachable!("the server is killed")
        }
    });
    soon(async {
        while acknowledged.load(Ordering::SeqCst) < 20 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    server.kill();
    let error = soon(backend).await.unwrap();
    assert!(matches!(error, PublishError::Transport(_)), "{error}");
    next_connection(&mut watch, Connection::Reconnecting).await;

    // The bank's last word comes while nobody answers.
    let (publisher, last) = (payment.publisher(), payment.update(Status::Completed));
    let last = tokio::spawn(async move { publisher.publish(&last).await });
    server.restart();
    let acknowledged = acknowledged.load(Ordering::SeqCst);

    let outcome = soon(watch.finished()).await.unwrap();
    let stored = soon(last).await.unwrap().unwrap();
    assert_eq!(outcome, stored);
    assert_eq!(outcome.status, Status::Completed);
    // The one that was under way may have been stored too.
    let version = outcome.version.unwrap();
    assert!(
        (acknowledged + 1..=acknowledged + 2).contains(&version),
        "{version} after {acknowledged} acknowledged"
    );
    let message: u64 = outcome.message.unwrap().parse().unwrap();
    assert_eq!(message, version - 1, "no update was lost in between");

    let seen = soon(seen).await.unwrap();
    assert!(
        seen.is_sorted_by(|one, next| one < next),
        "each once, in order: {seen:?}"
    );
    assert_eq!(seen.last(), Some(&version));

    let after = quiet.read().await;
    assert_eq!((after.status, &after.body), (200, &before.body), "byte for byte");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_may_be_killed_again_and_again() {
    let server = Server::start(Options::default());
    let payment = server.payment();
    let watch = payment.watch();
    for version in 1..=3 {
        let update = payment.update(Status::Processing);
        let update = update.with_message(format!("life {version}"));
        let stored = soon(payment.publisher().publish(&update)).await.unwrap();
        assert_eq!(stored.version, Some(version));
        server.kill();
        server.restart();
    }
    payment.report(Status::Completed).await;
    let outcome = soon(watch.finished()).await.unwrap();
    assert_eq!(outcome.version, Some(4));
    assert_eq!(outcome.message.as_deref(), Some("life 3"));
}
