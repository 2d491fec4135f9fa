//! Updates a second over many transfers: whole lives of three updates, each transfer with a watcher.

use std::time::Duration;

use serde_json::json;
use transfer_status_e2e::Server;

use crate::load::{IN_FLIGHT, LIFE, Timings, Wave};
use crate::machine::processor_time;
use crate::report::{Report, milliseconds_each, rounded};

pub(crate) async fn run(server: &Server, quick: bool, report: &Report) {
    let (waves, transfers) = if quick { (1, 32) } else { (6, 480) };
    // What a process does for the first time is not what it does.
    let mut wave = Wave::open(server, "warm", if quick { 16 } else { 320 }).await;
    wave.ride(&mut Timings::default()).await;
    wave.end().await;

    let mut timings = Timings::default();
    let mut took = Duration::ZERO;
    let mut processor = Duration::ZERO;
    for number in 0..waves {
        // The sockets are opened before the clock runs and closed after.
        let mut wave = Wave::open(server, &format!("wave-{number}"), transfers).await;
        let before = processor_time(server.pid());
        took += wave.ride(&mut timings).await;
        processor += processor_time(server.pid()).saturating_sub(before);
        wave.end().await;
    }
    let updates = waves * transfers * LIFE.len();
    assert_eq!(timings.received.len(), updates);
    let figures = json!({
        "inFlight": IN_FLIGHT,
        "transfers": waves * transfers,
        "updates": updates,
        "updatesPerSecond": rounded(updates as f64 / took.as_secs_f64()),
        "serverProcessorMsPerUpdate": milliseconds_each(processor, updates as f64),
        "answerP50Ms": timings.acknowledged.quantile(0.5),
        "answerP99Ms": timings.acknowledged.quantile(0.99),
        "receiptP50Ms": timings.received.quantile(0.5),
        "receiptP99Ms": timings.received.quantile(0.99),
    });
    let words = format!(
        "{} updates/s over {} transfers, receipt p50 {} ms, p99 {} ms; {} ms of processor an update",
        figures["updatesPerSecond"],
        figures["transfers"],
        figures["receiptP50Ms"],
        figures["receiptP99Ms"],
        figures["serverProcessorMsPerUpdate"]
    );
    report.result("throughput", &words, figures);
}
