//! How long an update takes to its answer and to its watcher, with few transfers and many changes.

use std::time::Instant;

use transfer_status::Status;

use crate::backend::Backend;
use crate::load::{IN_FLIGHT, Timings, Watched};
use crate::machine::processor_time;
use crate::rounds::Round;
use crate::service::Service;

/// Changes of each of [`IN_FLIGHT`] new transfers at the same time.
pub(crate) async fn round(server: &dyn Service, number: usize, quick: bool) -> Round {
    let changes = if quick { 10 } else { 150 };
    let lanes = (0..IN_FLIGHT).map(|lane| async move {
        let watched = Watched::open(server, format!("latency-{number}-{lane}")).await;
        (Backend::connect(server).await, watched)
    });
    let lanes = futures_util::future::join_all(lanes).await;
    let before = processor_time(server.pid());
    let begun = Instant::now();
    let lanes = lanes.into_iter().map(|(mut backend, mut watched)| async move {
        let mut timings = Timings::default();
        for _ in 0..changes {
            timings.push(watched.change(&mut backend, &Status::Processing).await);
        }
        timings
    });
    let mut round = Round::default();
    for lane in futures_util::future::join_all(lanes).await {
        round.timings.append(lane);
    }
    round.took = begun.elapsed();
    round.processor = processor_time(server.pid()).saturating_sub(before);
    round
}
