//! `docs/benchmarks.md` out of the figures: a table a part, a chart for all that is compared.

use std::fmt::Write;

use super::chart::{Bar, chart};
use super::{Benchmarks, Figure, Part};

/// The page and the charts that it shows, by file name.
pub(super) struct Document {
    pub(super) text: String,
    pub(super) charts: Vec<(String, String)>,
}

impl Part {
    fn heading(self) -> &'static str {
        match self {
            Self::Protocol => "Messages, signatures and the session",
            Self::Watches => "Watches of the Rust SDK",
            Self::Mobile => "The border of the phone libraries",
            Self::Page => "The package in a page",
            Self::Server => "The server on one machine, beside others",
            Self::Hostile => "Hostile clients",
            Self::Cost => "What it costs",
        }
    }

    /// What has to be known to read the figures.
    fn about(self) -> &'static str {
        match self {
            Self::Protocol => {
                "The fastest of many samples: the rest is the machine's. *ring* computes the same MAC; \"decode by serde json\" reads \
                 the same fields into a bare structure, with none of the protocol's checks."
            }
            Self::Watches => {
                "One process holds all watches, each with a socket of its own on loopback and without TLS. The service is a stand in \
                 another process."
            }
            Self::Mobile => {
                "A state of the usual size is taken over and over; a waiting caller is woken by a frame that leaves a socket of the \
                 same process."
            }
            Self::Page => {
                "Chromium, a new profile each time, the server on workerd behind a network with 100 ms of round trip. A page \
                 returns to a socket that has died without a word, and the final status has come meanwhile: from the moment \
                 that the page is visible, or the browser online, to the moment that the status shows. Bytes of other clients \
                 are beside, bundled and minified alike; partysocket is a socket that reconnects, and leaves all else to the page."
            }
            Self::Server => {
                "The built Worker on workerd, beside a bare Durable Object in JavaScript and a room of partyserver's on the same \
                 workerd, and beside Centrifugo, which is written in Go; latency and throughput in turn in one run, under the same \
                 load. **What each promises.** *The server* verifies a signature of each update and each watcher, answers when the \
                 update is durable, gives every transfer one order by version, keeps its history, archives and lists it. *The \
                 bare object* stores what was last said and numbers it: durable and ordered, and nothing else of that. *The same calls \
                 alone* are an object in JavaScript that asks of the platform what the server asks, alarm, archive and list, and \
                 does nothing else: what it is slower by is the platform's price for the promises. *The \
                 partyserver room*, as its README has its users write it, does what the bare object does, by `onStart`, \
                 `onConnect`, `onRequest` and `broadcast`: durable and ordered. *Centrifugo* with its memory engine orders the publications of a channel by \
                 offset and keeps the last one in memory: **not durable**, a restart loses it; it asks for an API key and lets \
                 anybody subscribe. It uses all cores, an object of workerd one thread."
            }
            Self::Hostile => {
                "One attack after the other on one server, while an honest payment is reported and watched. The mute sockets are \
                 ten thousand, each from an address of its own, that never show a signature; the server closes each after ten \
                 seconds, so as many are open at once as open in that time. The silent holders have signatures and stay, all of \
                 them at once: as many as open files are allowed, of which workerd has two for each. The deaf readers are 90 \
                 that read none of 2,000 updates of 8 KB. Memory is the whole process's, and the runtime gives it back when it likes."
            }
            Self::Cost => "Counted on the running server; list prices, included quotas ignored.",
        }
    }
}

/// Writes the page.
pub(super) fn document(benchmarks: &Benchmarks) -> Document {
    let mut text = String::from(
        "# Benchmarks\n\nMade by `cargo xtask bench all`, which measures all of it anew on your machine (`--only protocol,watches` \
         and so on for a part);\nthe numbers are in [benchmarks.json](benchmarks.json). Where the load was above the number of cores, \
         others took part of the time:\nsuch figures are a lower bound of speed.\n\n",
    );
    let machine: Vec<_> = benchmarks
        .machine
        .iter()
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "Machine: {}.", machine.join(", "));
    let mut charts = Vec::new();
    for (part, measured) in &benchmarks.parts {
        let [before, after] = measured.load;
        let _ = writeln!(
            text,
            "\n## {}\n\n{} Source {}, load {before} before and {after} after.\n\n| | | |\n|---|---|---|",
            part.heading(),
            part.about(),
            measured.source
        );
        let mut compared: Vec<(&str, Vec<&Figure>)> = Vec::new();
        for figure in &measured.figures {
            match compared.iter_mut().find(|(what, _)| *what == figure.what) {
                Some((_, figures)) => figures.push(figure),
                None => compared.push((&figure.what, vec![figure])),
            }
        }
        for figure in compared.iter().flat_map(|(_, figures)| figures) {
            let note = figure
                .note
                .as_ref()
                .map_or_else(String::new, |note| format!(" ({note})"));
            let _ = writeln!(
                text,
                "| {} | {} | {}{note} |",
                figure.what,
                figure.of,
                value(figure)
            );
        }
        for (what, figures) in compared {
            // Bars of several units would lie.
            let unit = figures.first().map_or("", |figure| &figure.unit);
            if figures.len() < 2 || figures.iter().any(|figure| figure.unit != unit) {
                continue;
            }
            let name = format!("{}.svg", slug(what));
            let bars: Vec<_> = figures
                .iter()
                .map(|figure| Bar {
                    name: figure.of.clone(),
                    value: figure.value,
                    label: value(figure),
                })
                .collect();
            let _ = writeln!(text, "\n![{what}](benchmarks/{name})");
            charts.push((name, chart(what, &bars)));
        }
    }
    Document { text, charts }
}

/// The value with its unit: no more than three digits that count, thousands apart.
fn value(figure: &Figure) -> String {
    let number = match figure.value {
        large if large >= 100.0 => thousands(large),
        small if small >= 10.0 => format!("{small:.1}"),
        small => format!("{small:.2}"),
    };
    format!("{number} {}", figure.unit).trim_end().to_owned()
}

fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn slug(what: &str) -> String {
    let letters = what.to_lowercase();
    let words: Vec<_> = letters
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    words.join("-")
}
