//! How results are told, and the order statistics in them.

use std::cell::Cell;
use std::time::Duration;

use serde_json::{Value, json};

use crate::machine::{self, Machine};

/// Where results go: JSON lines to stdout, and unless only these are wanted, lines for people to stderr.
pub(crate) struct Report {
    json_only: bool,
    machine_told: Cell<bool>,
    of: Cell<Option<&'static str>>,
}

impl Report {
    pub(crate) fn new(json_only: bool) -> Self {
        Self {
            json_only,
            machine_told: Cell::new(false),
            of: Cell::new(None),
        }
    }

    /// Tells what it runs on, before the first result.
    pub(crate) fn machine_once(&self, look: impl FnOnce() -> Machine) {
        if !self.machine_told.replace(true) {
            let machine = look();
            self.say(&machine.in_words());
            self.line("machine", machine.as_json());
        }
    }

    /// Marks the results of `run` as those of another service than the server.
    pub(crate) fn of(&self, name: &'static str, run: impl FnOnce()) {
        self.of.set(Some(name));
        run();
        self.of.set(None);
    }

    /// One result, with the load that the machine had from everybody in the last minute.
    pub(crate) fn result(&self, scenario: &str, words: &str, mut figures: Value) {
        let of = self.of.get();
        let whose = of.map_or_else(String::new, |name| format!("{name}: "));
        self.say(&format!("{scenario:<12}{whose}{words}"));
        if let Some(name) = of {
            figures["of"] = name.into();
        }
        figures["loadAverage"] = json!(machine::load_average());
        self.line(scenario, figures);
    }

    /// A line for people.
    pub(crate) fn say(&self, words: &str) {
        if !self.json_only {
            eprintln!("{words}");
        }
    }

    fn line(&self, scenario: &str, mut figures: Value) {
        figures["scenario"] = scenario.into();
        println!("{figures}");
    }
}

/// Durations that were taken, for their order statistics.
#[derive(Debug, Default)]
pub(crate) struct Durations(Vec<Duration>);

impl Durations {
    pub(crate) fn push(&mut self, duration: Duration) {
        self.0.push(duration);
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The duration that this share of all stay within, in milliseconds; 0 of none.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        // The nearest rank.
        let rank = (share * sorted.len() as f64).ceil() as usize;
        let found = sorted.get(rank.saturating_sub(1));
        rounded(found.copied().unwrap_or_default().as_secs_f64() * 1_000.0)
    }
}

/// The one in the middle; 0 of none.
pub(crate) fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<_> = figures.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// What each of `count` took of `all`, in milliseconds.
pub(crate) fn milliseconds_each(all: Duration, count: f64) -> f64 {
    rounded(all.as_secs_f64() * 1_000.0 / count)
}

/// To three digits after the point: no clock here knows more.
pub(crate) fn rounded(number: f64) -> f64 {
    (number * 1_000.0).round() / 1_000.0
}
