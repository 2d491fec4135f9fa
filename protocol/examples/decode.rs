//! Says what the decoder makes of server messages, for tests that hold another decoder to it.
//!
//! Each line on standard input is a JSON string, the text of one message. Each line on standard output is what it
//! is: `status <updatedAt in milliseconds> <version or -> <final or open>`, `error`, `scan`, `pong`, `unknown` or
//! `invalid`.

use std::io::{BufRead, Write, stdin, stdout};

use transfer_status_protocol::ServerMessage;

fn main() -> std::io::Result<()> {
    let mut out = std::io::BufWriter::new(stdout().lock());
    for line in stdin().lock().lines() {
        let text: String = serde_json::from_str(&line?)?;
        match ServerMessage::decode(&text) {
            Ok(ServerMessage::Status(transfer)) => {
                let version = transfer
                    .version
                    .map_or_else(|| "-".to_owned(), |version| version.to_string());
                let end = if transfer.status.is_final() {
                    "final"
                } else {
                    "open"
                };
                writeln!(
                    out,
                    "status {} {version} {end}",
                    transfer.updated_at.unix_millis()
                )?;
            }
            Ok(ServerMessage::Error(_)) => writeln!(out, "error")?,
            Ok(ServerMessage::Scan { .. }) => writeln!(out, "scan")?,
            Ok(ServerMessage::Pong) => writeln!(out, "pong")?,
            Ok(_) => writeln!(out, "unknown")?,
            Err(_) => writeln!(out, "invalid")?,
        }
    }
    out.flush()
}
