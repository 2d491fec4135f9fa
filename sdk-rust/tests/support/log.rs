//! What is written to the log, kept in memory.
#![allow(dead_code, reason = "each test file uses a part")]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::Subscriber;
use tracing_subscriber::fmt::format::{DefaultFields, FmtSpan, Format, Full};

#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Writes all of this level and above into the log; spans of it as they begin and end.
    pub(crate) fn subscriber(
        &self,
        level: LevelFilter,
    ) -> Subscriber<DefaultFields, Format<Full>, LevelFilter, impl Fn() -> Log + use<>> {
        let writer = self.clone();
        tracing_subscriber::fmt()
            .with_max_level(level)
            .with_span_events(FmtSpan::FULL)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
