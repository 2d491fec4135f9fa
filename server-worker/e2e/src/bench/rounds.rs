//! A scenario in rounds: the server's, or its own and those of others in turn, so that what else the machine does strikes
//! all alike.

use std::time::Duration;

use serde_json::{Value, json};

use crate::load::{IN_FLIGHT, Timings};
use crate::report::{Report, median, milliseconds_each, rounded};
use crate::service::Service;
use crate::{latency, throughput};

/// Rounds of each server.
const ROUNDS: usize = 5;

/// What goes in rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Few transfers and many changes.
    Latency,
    /// Whole lives of many transfers.
    Throughput,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Latency => "latency",
            Self::Throughput => "throughput",
        }
    }

    async fn round(self, server: &dyn Service, number: usize, quick: bool) -> Round {
        match self {
            Self::Latency => latency::round(server, number, quick).await,
            Self::Throughput => throughput::round(server, number, quick).await,
        }
    }
}

/// What one round took.
#[derive(Debug, Default)]
pub(crate) struct Round {
    /// Of each update.
    pub(crate) timings: Timings,
    /// Of all together.
    pub(crate) took: Duration,
    /// Of the server's process.
    pub(crate) processor: Duration,
}

impl Round {
    fn updates(&self) -> f64 {
        self.timings.received.len() as f64
    }

    fn per_second(&self) -> f64 {
        rounded(self.updates() / self.took.as_secs_f64())
    }

    fn processor_each(&self) -> f64 {
        milliseconds_each(self.processor, self.updates())
    }

    fn receipt_p99(&self) -> f64 {
        self.timings.received.quantile(0.99)
    }
}

/// What is measured beside the server.
pub(crate) struct Beside<'a> {
    /// What it is called in the results.
    pub(crate) name: &'static str,
    pub(crate) service: &'a dyn Service,
}

/// Runs `kind` on `server`, and on all others in turn.
pub(crate) async fn run(
    kind: Kind,
    server: &dyn Service,
    others: &[Beside<'_>],
    quick: bool,
    report: &Report,
) {
    let services: Vec<_> = std::iter::once(server)
        .chain(others.iter().map(|other| other.service))
        .collect();
    let rounds = if quick { 1 } else { ROUNDS };
    // What a process does for the first time is not what it does.
    for service in &services {
        kind.round(*service, rounds, quick).await;
    }
    let mut results: Vec<Vec<Round>> = services.iter().map(|_| Vec::new()).collect();
    for number in 0..rounds {
        let mut order: Vec<_> = services.iter().zip(&mut results).collect();
        // Who goes first changes, and with it who finds the machine as which other has left it.
        let first = number % order.len();
        order.rotate_left(first);
        for (service, results) in order {
            results.push(kind.round(*service, number, quick).await);
        }
    }
    let Some((ours, theirs)) = results.split_first() else {
        return;
    };
    tell(kind, ours, report);
    for (other, theirs) in others.iter().zip(theirs) {
        report.of(other.name, || tell(kind, theirs, report));
        compare(kind, ours, other.name, theirs, report);
    }
}

fn tell(kind: Kind, rounds: &[Round], report: &Report) {
    let of = |figure: fn(&Round) -> f64| median(rounds.iter().map(figure));
    let figures = json!({
        "inFlight": IN_FLIGHT,
        "rounds": rounds.len(),
        "updates": rounds.iter().map(Round::updates).sum::<f64>(),
        "updatesPerSecond": of(Round::per_second),
        "serverProcessorMsPerUpdate": of(Round::processor_each),
        "answerP50Ms": of(|round| round.timings.acknowledged.quantile(0.5)),
        "answerP99Ms": of(|round| round.timings.acknowledged.quantile(0.99)),
        "receiptP50Ms": of(|round| round.timings.received.quantile(0.5)),
        "receiptP99Ms": of(Round::receipt_p99),
    });
    let words = format!(
        "{} updates/s, {} ms of processor an update; receipt p50 {} ms, p99 {} ms; answer p50 {} ms, p99 {} ms",
        figures["updatesPerSecond"],
        figures["serverProcessorMsPerUpdate"],
        figures["receiptP50Ms"],
        figures["receiptP99Ms"],
        figures["answerP50Ms"],
        figures["answerP99Ms"],
    );
    report.result(kind.name(), &words, figures);
}

/// The medians of what the rounds were to those of another right beside them.
fn compare(kind: Kind, ours: &[Round], name: &str, theirs: &[Round], report: &Report) {
    let ratio = |figure: fn(&Round) -> f64| {
        let each = ours.iter().zip(theirs);
        Value::from(median(
            each.map(|(ours, theirs)| rounded(figure(ours) / figure(theirs))),
        ))
    };
    let figures = json!({
        "comparedTo": name,
        "updatesPerSecond": ratio(Round::per_second),
        "serverProcessorMsPerUpdate": ratio(Round::processor_each),
        "receiptP99Ms": ratio(Round::receipt_p99),
    });
    let words = format!(
        "to {name}: {} of its updates/s, {} times its processor time, {} times its p99 of a receipt",
        figures["updatesPerSecond"], figures["serverProcessorMsPerUpdate"], figures["receiptP99Ms"],
    );
    report.result(kind.name(), &words, figures);
}
