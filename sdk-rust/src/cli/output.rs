//! What the command prints: lines for people, or JSON, one object a line.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

use serde::Serialize;
use transfer_status::{PublishError, Transfer};

/// Standard output, in one of two languages.
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints `object` for a script, or `text` for people; at once, as a watch may be read while it goes on.
    pub(crate) fn line(&mut self, object: &impl Serialize, text: impl Display) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        match self.json {
            true => serde_json::to_writer(&mut out, object).map_err(io::Error::from)?,
            false => write!(out, "{text}")?,
        }
        writeln!(out)?;
        out.flush()?;
        Ok(())
    }

    /// Prints `object` for a script; people see `text` on standard error, apart from the result.
    pub(crate) fn remark(&mut self, object: &impl Serialize, text: impl Display) -> anyhow::Result<()> {
        if self.json {
            return self.line(object, text);
        }
        writeln!(io::stderr().lock(), "{text}")?;
        Ok(())
    }

    /// Prints why the command failed.
    pub(crate) fn error(&self, error: &anyhow::Error) {
        let mut out = io::stderr().lock();
        // Where standard error is gone too, the exit code still tells.
        let _written = match self.json {
            true => {
                let transfer = error
                    .downcast_ref::<PublishError>()
                    .and_then(PublishError::current);
                let object = Failure {
                    error: format!("{error:#}"),
                    transfer,
                };
                serde_json::to_writer(&mut out, &object)
                    .map_err(io::Error::from)
                    .and_then(|()| writeln!(out))
            }
            false => writeln!(out, "error: {}", printable(&format!("{error:#}"))),
        };
    }
}

#[derive(Serialize)]
struct Failure<'a> {
    error: String,
    /// With a conflict: the transfer as it is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    transfer: Option<&'a Transfer>,
}

/// One line about a transfer.
pub(crate) fn describe(transfer: &Transfer) -> String {
    let mut line = format!(
        "{}  {:<10}  {}",
        transfer.updated_at,
        transfer.status.as_str(),
        transfer.id
    );
    if let Some(version) = transfer.version {
        line.push_str(&format!("  v{version}"));
    }
    if let Some(amount) = &transfer.amount {
        line.push_str(&format!("  {amount}"));
    }
    if let Some(message) = &transfer.message {
        line.push_str(&format!("  {message}"));
    }
    printable(&line)
}

/// A text of somebody else's, with nothing in it that moves a terminal's cursor.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}
