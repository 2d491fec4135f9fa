//! Whether the server's memory stays level over an hour's worth of updates, at one a second.

use std::time::Duration;

use serde_json::json;

use crate::load::{ASLEEP_AFTER, LIFE, Timings, Wave};
use crate::machine::resident_kib;
use crate::report::{Report, rounded};
use crate::service::Service;

pub(crate) async fn run(server: &dyn Service, quick: bool, report: &Report) {
    let (batches, transfers, wait) = if quick {
        (3, 16, Duration::from_millis(500))
    } else {
        (6, 240, ASLEEP_AFTER)
    };
    let mut samples = Vec::new();
    for batch in 0..batches {
        let mut wave = Wave::open(server, &format!("batch-{batch}"), transfers).await;
        wave.ride(&mut Timings::default()).await;
        wave.end().await;
        tokio::time::sleep(wait).await;
        samples.push(resident_kib(server.pid()));
    }
    // The first batch fills what is there once: code, caches, arenas.
    let level = &samples[1..];
    let updates_each = transfers * LIFE.len();
    let first = level.first().copied().unwrap_or_default() as f64;
    let last = level.last().copied().unwrap_or_default() as f64;
    let figures = json!({
        "updates": updates_each * batches,
        "residentMiB": samples.iter().map(|kib| rounded(*kib as f64 / 1024.0)).collect::<Vec<_>>(),
        "slopeKiBPerUpdate": rounded(slope(level) / updates_each as f64),
        "lastToFirst": rounded(last / first),
    });
    let words = format!(
        "{} KiB an update over {} updates; resident {} MiB after each batch",
        figures["slopeKiBPerUpdate"], figures["updates"], figures["residentMiB"]
    );
    report.result("memory", &words, figures);
}

/// The slope of the straight line that is nearest to all samples, for a step of one sample.
fn slope(samples: &[u64]) -> f64 {
    let count = samples.len() as f64;
    let middle = (count - 1.0) / 2.0;
    let mean = samples.iter().sum::<u64>() as f64 / count;
    let (mut rise, mut run) = (0.0, 0.0);
    for (number, sample) in samples.iter().enumerate() {
        let from_middle = number as f64 - middle;
        rise += from_middle * (*sample as f64 - mean);
        run += from_middle * from_middle;
    }
    rise / run
}
