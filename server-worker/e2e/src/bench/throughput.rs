//! Updates a second over many transfers: whole lives of three updates, each transfer with a watcher.

use crate::load::{LIFE, Wave};
use crate::machine::processor_time;
use crate::rounds::Round;
use crate::service::Service;

/// The lives of new transfers.
pub(crate) async fn round(server: &dyn Service, number: usize, quick: bool) -> Round {
    let transfers = if quick { 32 } else { 480 };
    // The sockets are opened before the clock runs and closed after.
    let mut wave = Wave::open(server, &format!("wave-{number}"), transfers).await;
    let before = processor_time(server.pid());
    let mut round = Round::default();
    round.took = wave.ride(&mut round.timings).await;
    round.processor = processor_time(server.pid()).saturating_sub(before);
    wave.end().await;
    assert_eq!(round.timings.received.len(), transfers * LIFE.len());
    round
}
