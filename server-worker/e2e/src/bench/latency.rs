//! How long an update takes to its answer and to its watcher, with few transfers and many changes.

use std::time::{Duration, Instant};

use serde_json::json;
use transfer_status::Status;
use transfer_status_e2e::Server;

use crate::load::{Backend, IN_FLIGHT, Timings, Watched};
use crate::machine::processor_time;
use crate::report::{Report, milliseconds_each, rounded};

pub(crate) async fn run(server: &Server, quick: bool, report: &Report) {
    let changes = if quick { 10 } else { 600 };
    // What a process does for the first time is not what it does.
    let _ = measure(server, "warm", 5).await;
    let before = processor_time(server.pid());
    let (timings, took) = measure(server, "latency", changes).await;
    let processor = processor_time(server.pid()).saturating_sub(before);
    let updates = timings.received.len() as f64;
    let figures = json!({
        "inFlight": IN_FLIGHT,
        "updates": updates,
        "updatesPerSecond": rounded(updates / took.as_secs_f64()),
        "serverProcessorMsPerUpdate": milliseconds_each(processor, updates),
        "answerP50Ms": timings.acknowledged.quantile(0.5),
        "answerP99Ms": timings.acknowledged.quantile(0.99),
        "receiptP50Ms": timings.received.quantile(0.5),
        "receiptP99Ms": timings.received.quantile(0.99),
    });
    let words = format!(
        "receipt p50 {} ms, p99 {} ms; answer p50 {} ms, p99 {} ms; {} updates/s, {} ms of processor an update",
        figures["receiptP50Ms"],
        figures["receiptP99Ms"],
        figures["answerP50Ms"],
        figures["answerP99Ms"],
        figures["updatesPerSecond"],
        figures["serverProcessorMsPerUpdate"]
    );
    report.result("latency", &words, figures);
}

async fn measure(server: &Server, name: &str, changes: usize) -> (Timings, Duration) {
    let begun = Instant::now();
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
    (all, begun.elapsed())
}
