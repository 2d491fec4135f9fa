//! The archive and the recent index fail for a while, then are well again: everything arrives, once.

use std::time::Duration;

use transfer_status::Status;
use transfer_status_e2e::{Options, Payment, Server, soon, until};

const TRANSFERS: usize = 12;

/// A server that tries again after a second.
fn impatient() -> Server {
    let options = Options::default().variable("OUTBOX_RETRY_SECONDS", "1");
    Server::start(options.with_instruments())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_could_not_be_delivered_arrives_once_the_archive_and_the_index_are_well() {
    let server = impatient();
    let payments: Vec<_> = (0..TRANSFERS)
        .map(|n| server.payment_named(&format!("owed-{n}")))
        .collect();
    for payment in &payments {
        payment.report(Status::Pending).await;
    }

    server.fail(&["archive", "index"]).await;
    let watches: Vec<_> = payments.iter().map(Payment::watch).collect();
    for payment in &payments {
        payment.report(Status::Processing).await;
        assert_eq!(
            payment.report(Status::Completed).await.version,
            Some(3),
            "no update waits for them"
        );
    }
    for watch in watches {
        assert_eq!(
            soon(watch.finished()).await.unwrap().version,
            Some(3),
            "nor does a watcher"
        );
    }
    // One that may be in the archive only is not shown as unknown.
    let unknown = server.payment_named("never-seen");
    let refused = unknown.read().await;
    refused.is_error(503, "unavailable");
    assert_ne!(refused.header("retry-after"), "");

    // The first attempt, and one that the alarm has made.
    let failed = 2 * u64::try_from(TRANSFERS).unwrap();
    until(async || server.instruments().await.archive.failed >= failed).await;
    assert!(server.archive().await.is_empty());
    assert!(
        server.recent().await.iter().all(|listed| listed["version"] == 1),
        "nothing got through"
    );

    server.fail(&[]).await;
    until(async || {
        server.archive().await.len() >= TRANSFERS
            && server.recent().await.iter().all(|listed| listed["version"] == 3)
    })
    .await;
    for kept in server.archive().await.values() {
        assert_eq!(
            (&kept["version"], &kept["final"]),
            (&3.into(), &true.into()),
            "{kept}"
        );
    }
    assert_eq!(server.recent().await.len(), TRANSFERS);

    // Nothing is owed any more: the alarms that are still to come send nothing again.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let written = server.instruments().await.archive.written;
    assert_eq!(written.len(), TRANSFERS);
    assert!(
        written.values().all(|times| *times == 1),
        "each once: {written:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_that_fails_alone_delays_the_list_and_nothing_else() {
    let server = impatient();
    server.fail(&["index"]).await;
    let payment = server.payment_named("unlisted");
    let watch = payment.watch();
    payment.report(Status::Failed).await;
    assert_eq!(soon(watch.finished()).await.unwrap().status, Status::Failed);
    until(async || !server.archive().await.is_empty()).await;
    assert!(server.recent().await.is_empty());

    server.fail(&[]).await;
    until(async || !server.recent().await.is_empty()).await;
    let written = server.instruments().await.archive.written;
    assert_eq!(
        written.into_iter().collect::<Vec<_>>(),
        [("t/unlisted".to_owned(), 1)]
    );
}
