//! What the adapter needs of its process: a place for lines, tasks and the time.

use std::future::Future;
use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

/// Writes one line to stdout, at once.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // Nobody listens any more: the end of stdin is on its way.
    let _gone = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Runs `work` beside the commands.
pub(crate) fn spawn(work: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(work);
}

/// Milliseconds since 1970.
pub(crate) fn unix_millis() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}
