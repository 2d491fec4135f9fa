//! `transfer-status scan`: tells the watchers that the QR code was scanned.

use serde_json::json;
use transfer_status::{Client, Roots};

use crate::on_runtime;
use crate::output::Output;
use crate::target::Target;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
What a phone does once it has read the code: everybody who watches the transfer is told. Nothing is stored.
The signature comes from TRANSFER_STATUS_SIGNATURE, or with the transfer from the QR code's payload.

  zbarcam --raw --oneshot | transfer-status scan --qr
  transfer-status scan order-1042 --undo")]
pub(crate) struct Args {
    #[command(flatten)]
    target: Target,
    /// Take the scan back.
    #[arg(long)]
    undo: bool,
}

pub(crate) fn run(args: Args, output: &mut Output) -> anyhow::Result<()> {
    let (transfer_id, signature) = args.target.read()?;
    let scanned = !args.undo;
    on_runtime(async {
        let client = Client::builder(args.target.url).roots(Roots::System).build()?;
        Ok(client.scan(&transfer_id, &signature, scanned).await?)
    })?;
    let text = match scanned {
        true => "the watchers were told that the code was scanned",
        false => "the watchers were told that the scan was taken back",
    };
    output.remark(&json!({ "transferId": transfer_id, "scanned": scanned }), text)
}
