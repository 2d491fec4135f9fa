//! `transfer-status mint`: the right to watch one transfer.

use std::time::Duration;

use transfer_status::{Minter, TransferId};

use crate::output::Output;
use crate::secret;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Signs with SUBSCRIBE_HMAC_SECRET, or HMAC_SECRET where there is no other. Prints the signature alone; with --json
the whole answer of a create-transfer-request call.

  export TRANSFER_STATUS_SIGNATURE=$(transfer-status mint order-1042 --merchant-id m-7)
  transfer-status mint order-1042 --merchant-id m-7 --valid-for 2h --json")]
pub(crate) struct Args {
    /// The transfer that may be watched.
    transfer_id: TransferId,
    /// Whose transfer it is.
    #[arg(long)]
    merchant_id: String,
    /// How long from now, like 90s, 15m, 2h.
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = humantime::parse_duration)]
    valid_for: Duration,
    /// Until when, in Unix seconds, instead of --valid-for.
    #[arg(long, value_name = "SECONDS", conflicts_with = "valid_for")]
    expiry: Option<u64>,
}

pub(crate) fn run(args: Args, output: &mut Output) -> anyhow::Result<()> {
    let minter = Minter::new(secret::subscribe_key()?);
    let request = match args.expiry {
        Some(expiry) => minter.mint_until(args.transfer_id, args.merchant_id, expiry)?,
        None => minter.mint(args.transfer_id, args.merchant_id, args.valid_for)?,
    };
    output.line(&request, request.signature.expose())
}
