//! `transfer-status qr`: the QR code of a transfer, drawn in the terminal.

use anyhow::Context;
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use serde_json::json;
use transfer_status::{QrPayload, TransferId};

use crate::output::Output;
use crate::secret;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
The signature comes from TRANSFER_STATUS_SIGNATURE. It sits in the payload's fragment, which no server log sees.

  transfer-status qr order-1042 --page https://pay.example.com
  transfer-status qr order-1042 --page https://pay.example.com --text | qrencode -o order-1042.png")]
pub(crate) struct Args {
    /// The transfer to watch.
    transfer_id: TransferId,
    /// The page that the code opens, like https://pay.example.com.
    #[arg(long, value_name = "URL", env = "TRANSFER_STATUS_PAGE")]
    page: String,
    /// Draw for a terminal with dark letters on a light ground.
    #[arg(long)]
    invert: bool,
    /// Print the payload alone.
    #[arg(long, conflicts_with = "invert")]
    text: bool,
}

pub(crate) fn run(args: Args, output: &mut Output) -> anyhow::Result<()> {
    let payload = QrPayload::new(&args.page, args.transfer_id, secret::signature()?)?.to_string();
    let object = json!({ "payload": payload });
    if args.text {
        return output.line(&object, &payload);
    }
    let code = QrCode::new(&payload).context("the payload does not fit into a QR code")?;
    // Letters are light on most terminals, so the light modules are the ones to draw.
    let (dark, light) = match args.invert {
        true => (Dense1x2::Dark, Dense1x2::Light),
        false => (Dense1x2::Light, Dense1x2::Dark),
    };
    let drawing = code
        .render::<Dense1x2>()
        .dark_color(dark)
        .light_color(light)
        .build();
    output.line(&object, drawing)
}
