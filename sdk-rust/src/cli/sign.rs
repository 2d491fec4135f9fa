//! `transfer-status sign`: the headers of an update that something else sends.

use std::path::PathBuf;

use serde_json::json;
use transfer_status::Signer;

use crate::output::Output;
use crate::secret;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Signs the bytes as they are with HMAC_SECRET; send the same bytes.

  transfer-status sign body.json > headers.txt
  curl -H @headers.txt --data-binary @body.json https://status.example.com/update")]
pub(crate) struct Args {
    /// The body to sign; standard input when absent or `-`.
    file: Option<PathBuf>,
    /// The time of signing in Unix seconds. The default is now.
    #[arg(long, value_name = "SECONDS", conflicts_with = "no_timestamp", value_parser = seconds)]
    timestamp: Option<u64>,
    /// Sign the body alone, as older backends do; such a signature never expires.
    #[arg(long)]
    no_timestamp: bool,
}

pub(crate) fn run(args: &Args, output: &mut Output) -> anyhow::Result<()> {
    let signer = Signer::new(secret::update_key()?);
    let body = secret::input(args.file.as_deref())?;
    if args.no_timestamp {
        let signature = signer.sign(&body);
        return output.line(
            &json!({ "signature": signature }),
            format_args!("X-Signature: {signature}"),
        );
    }
    let timestamp = match args.timestamp {
        Some(timestamp) => timestamp,
        None => secret::now()?,
    };
    let signature = signer.sign_at(timestamp, &body);
    output.line(
        &json!({ "signature": signature, "timestamp": timestamp }),
        format_args!("X-Signature: {signature}\nX-Timestamp: {timestamp}"),
    )
}

/// From here on it is milliseconds by mistake, which the service refuses.
const MILLISECONDS: u64 = 100_000_000_000;

fn seconds(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(seconds) if seconds < MILLISECONDS => Ok(seconds),
        Ok(_) => Err("that is in milliseconds; give Unix seconds".to_owned()),
        Err(_) => Err("give Unix seconds, a whole number".to_owned()),
    }
}
