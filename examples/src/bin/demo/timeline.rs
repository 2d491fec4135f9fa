//! When each update was sent, and when each watcher had it.

use std::time::{Duration, Instant};

/// One update's way.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) status: String,
    pub(crate) version: u64,
    pub(crate) sent: Instant,
    /// When the service's answer was there.
    pub(crate) answered: Instant,
    /// When each watcher had it, in the order of the watchers.
    pub(crate) received: Vec<Instant>,
}

impl Row {
    /// From the bank's send to each watcher.
    fn latencies(&self) -> impl Iterator<Item = Duration> {
        self.received
            .iter()
            .map(|received| received.duration_since(self.sent))
    }
}

/// The heading of a table whose last columns are `watchers`.
pub(crate) fn heading(watchers: &[&str]) -> String {
    let mut line = format!(
        "{:>10}  {:<12}{:<9}{:>10}",
        "sent at", "update", "version", "answer"
    );
    for watcher in watchers {
        line += &format!("{watcher:>16}");
    }
    line
}

/// One line of the table: times since `start`, then milliseconds since the update was sent.
pub(crate) fn line(row: &Row, start: Instant) -> String {
    let at = format!("{:.3} s", row.sent.duration_since(start).as_secs_f64());
    let answer = milliseconds(row.answered.duration_since(row.sent));
    let mut line = format!("{at:>10}  {:<12}{:<9}{answer:>10}", row.status, row.version);
    for latency in row.latencies() {
        line += &format!("{:>16}", milliseconds(latency));
    }
    line
}

/// The middle and the longest time from an update to a watcher, as text; `None` when there is no row.
pub(crate) fn summary(rows: &[Row]) -> Option<(String, String)> {
    let mut latencies: Vec<Duration> = rows.iter().flat_map(Row::latencies).collect();
    latencies.sort();
    let median = latencies.get(latencies.len() / 2)?;
    let longest = latencies.last()?;
    Some((milliseconds(*median), milliseconds(*longest)))
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(start: Instant, sent_ms: u64, page_ms: u64, phone_ms: u64) -> Row {
        let at = |ms| start + Duration::from_millis(ms);
        Row {
            status: "processing".to_owned(),
            version: 2,
            sent: at(sent_ms),
            answered: at(sent_ms + 9),
            received: vec![at(sent_ms + page_ms), at(sent_ms + phone_ms)],
        }
    }

    #[test]
    fn columns_stand_under_their_heading_and_count_from_the_send() {
        let start = Instant::now();
        let heading = heading(&["page", "phone"]);
        let line = line(&row(start, 1_204, 7, 132), start);
        assert_eq!(line.len(), heading.len());
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(
            words,
            [
                "1.204",
                "s",
                "processing",
                "2",
                "9.0",
                "ms",
                "7.0",
                "ms",
                "132.0",
                "ms"
            ]
        );
    }

    #[test]
    fn the_summary_looks_at_every_watcher() {
        let start = Instant::now();
        let rows = [row(start, 0, 5, 900), row(start, 1_000, 6, 7)];
        assert_eq!(summary(&rows), Some(("7.0 ms".to_owned(), "900.0 ms".to_owned())));
        assert_eq!(summary(&[]), None);
    }
}
