//! One transfer with as many watchers as it may have: how fast an update reaches all of them.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use transfer_status::{Status, TransferId};
use transfer_status_e2e::soon;

use crate::backend::Backend;
use crate::report::{Durations, Report, rounded};
use crate::service::Service;
use crate::watcher::Watcher;

pub(crate) async fn run(server: &dyn Service, quick: bool, report: &Report) {
    let (watchers, updates) = if quick { (100, 3) } else { (1_000, 50) };
    let id: TransferId = "fan-out".parse().expect("an id");
    let (seen, mut all_seen) = mpsc::unbounded_channel();
    let mut watching = JoinSet::new();
    for _ in 0..watchers {
        let mut watcher = Watcher::open(server, &id).await;
        let seen = seen.clone();
        watching.spawn(async move {
            // Nobody counts any more when the bench is over.
            while seen.send(watcher.text().await.len()).is_ok() {}
        });
    }
    let mut backend = Backend::connect(server).await;
    let mut took = Duration::ZERO;
    let mut each = Durations::default();
    for number in 0..=updates {
        let begun = Instant::now();
        let message = format!("step {number}");
        let reported = backend.report(&id, &Status::Processing, &message);
        let received = async {
            for _ in 0..watchers {
                soon(all_seen.recv()).await;
            }
            begun.elapsed()
        };
        let ((), until_last) = tokio::join!(reported, received);
        // The first one is to warm up.
        if number > 0 {
            took += until_last;
            each.push(until_last);
        }
    }
    let deliveries = watchers * updates;
    let figures = json!({
        "watchers": watchers,
        "updates": updates,
        "deliveriesPerSecond": rounded(deliveries as f64 / took.as_secs_f64()),
        "lastReceiptP50Ms": each.quantile(0.5),
        "lastReceiptP99Ms": each.quantile(0.99),
    });
    let words = format!(
        "{} deliveries/s to {watchers} watchers; the last has it after {} ms (p50), {} ms (p99)",
        figures["deliveriesPerSecond"], figures["lastReceiptP50Ms"], figures["lastReceiptP99Ms"]
    );
    report.result("fan-out", &words, figures);
}
