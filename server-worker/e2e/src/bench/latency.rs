//! How long an update takes to its answer and to its watcher, with few transfers and many changes.

use serde_json::json;
use transfer_status::Status;
use transfer_status_e2e::Server;

use crate::load::{Backend, IN_FLIGHT, Timings, Watched};
use crate::report::Report;

pub(crate) async fn run(server: &Server, quick: bool, report: &Report) {
    let changes = if quick { 10 } else { 200 };
    // What a process does for the first time is not what it does.
    let _ = measure(server, "warm", 5).await;
    let timings = measure(server, "latency", changes).await;
    let figures = json!({
        "inFlight": IN_FLIGHT,
        "updates": timings.received.len(),
        "answerP50Ms": timings.acknowledged.quantile(0.5),
        "answerP99Ms": timings.acknowledged.quantile(0.99),
        "receiptP50Ms": timings.received.quantile(0.5),
        "receiptP99Ms": timings.received.quantile(0.99),
    });
    let words = format!(
        "receipt p50 {} ms, p99 {} ms; answer p50 {} ms, p99 {} ms; {} updates, {IN_FLIGHT} in flight",
        figures["receiptP50Ms"],
        figures["receiptP99Ms"],
        figures["answerP50Ms"],
        figures["answerP99Ms"],
        figures["updates"]
    );
    report.result("latency", &words, figures);
}

async fn measure(server: &Server, name: &str, changes: usize) -> Timings {
    let lanes = (0..IN_FLIGHT).map(|lane| async move {
        let mut backend = Backend::connect(server).await;
        let mut watched = Watched::open(server, format!("{name}-{lane}")).await;
        let mut timings = Timings::default();
        for _ in 0..changes {
            timings.push(watched.change(&mut backend, &Status::Processing).await);
        }
        timings
    });
    let mut all = Timings::default();
    for lane in futures_util::future::join_all(lanes).await {
        all.append(lane);
    }
    all
}
