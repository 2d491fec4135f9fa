//! Whether an update costs more the more transfers there are already.

use serde_json::json;
use transfer_status::Status;

use crate::backend::Backend;
use crate::load::{ASLEEP_AFTER, IN_FLIGHT, LIFE, Timings, Wave};
use crate::machine::processor_time;
use crate::report::{Report, milliseconds_each, rounded};
use crate::service::Service;

/// The cost of an update at one size.
struct Cost {
    updates_per_second: f64,
    processor_ms: f64,
    receipt_p50_ms: f64,
}

pub(crate) async fn run(server: &dyn Service, quick: bool, report: &Report) {
    let (few, many, transfers) = if quick { (10, 50, 32) } else { (100, 10_000, 480) };
    // What a process does for the first time is not what it does.
    let _ = measure(server, "warm", if quick { 16 } else { 320 }).await;
    fill(server, 0, few).await;
    let small = measure(server, "few", transfers).await;
    fill(server, few, many).await;
    // What the runtime does to let go of thousands of objects is not what an update takes.
    tokio::time::sleep(ASLEEP_AFTER).await;
    let large = measure(server, "many", transfers).await;
    let figures = json!({
        "existing": [few, many],
        "updates": transfers * LIFE.len() * ROUNDS,
        "updatesPerSecond": [small.updates_per_second, large.updates_per_second],
        "serverProcessorMsPerUpdate": [small.processor_ms, large.processor_ms],
        "receiptP50Ms": [small.receipt_p50_ms, large.receipt_p50_ms],
        "ratioOfTime": rounded(small.updates_per_second / large.updates_per_second),
        "ratioOfProcessorTime": rounded(large.processor_ms / small.processor_ms),
    });
    let words = format!(
        "an update takes {} times the time, and {} times the processor, with {many} transfers as with {few}",
        figures["ratioOfTime"], figures["ratioOfProcessorTime"]
    );
    report.result("growth", &words, figures);
}

/// Waves of which the best one counts: others on the machine only ever make one slower.
const ROUNDS: usize = 3;

async fn measure(server: &dyn Service, name: &str, transfers: usize) -> Cost {
    let mut best: Option<Cost> = None;
    for round in 0..ROUNDS {
        let mut wave = Wave::open(server, &format!("{name}-{round}"), transfers).await;
        let mut timings = Timings::default();
        let before = processor_time(server.pid());
        let took = wave.ride(&mut timings).await;
        let processor = processor_time(server.pid()).saturating_sub(before);
        wave.end().await;
        let updates = timings.received.len() as f64;
        let cost = Cost {
            updates_per_second: rounded(updates / took.as_secs_f64()),
            processor_ms: milliseconds_each(processor, updates),
            receipt_p50_ms: timings.received.quantile(0.5),
        };
        if best
            .as_ref()
            .is_none_or(|best| best.updates_per_second < cost.updates_per_second)
        {
            best = Some(cost);
        }
    }
    best.expect("there is a round")
}

/// Makes transfers number `from` to `to`, with one update each and nobody watching.
async fn fill(server: &dyn Service, from: usize, to: usize) {
    let lanes = (0..IN_FLIGHT).map(|lane| async move {
        let mut backend = Backend::connect(server).await;
        for number in (from + lane..to).step_by(IN_FLIGHT) {
            let id = format!("existing-{number}").parse().expect("an id");
            backend.report_until_taken(&id, &Status::Pending, "created").await;
        }
    });
    futures_util::future::join_all(lanes).await;
}
