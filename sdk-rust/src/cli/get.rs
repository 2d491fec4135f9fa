//! `transfer-status get`: a transfer as it stands.

use transfer_status::{Client, Roots};

use crate::on_runtime;
use crate::output::{Output, describe};
use crate::target::Target;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Prints the transfer as it stands, and does not wait for more; version 0 stands for \"nobody has reported it yet\".
The signature comes from TRANSFER_STATUS_SIGNATURE, or with the transfer from a QR code's payload.

  transfer-status get order-1042
  transfer-status get order-1042 --json | jq -r .status")]
pub(crate) struct Args {
    #[command(flatten)]
    target: Target,
}

pub(crate) fn run(args: Args, output: &mut Output) -> anyhow::Result<()> {
    let (transfer_id, signature) = args.target.read()?;
    let transfer = on_runtime(async {
        let client = Client::builder(args.target.url).roots(Roots::System).build()?;
        Ok(client.get(&transfer_id, &signature).await?)
    })?;
    output.line(&transfer, describe(&transfer))
}
