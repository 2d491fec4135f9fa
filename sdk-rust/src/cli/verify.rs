//! `transfer-status verify`: is this signature valid, and if not, why.

use std::path::PathBuf;

use serde_json::json;
use transfer_status::{TimestampPolicy, TransferId, sign, signature};

use crate::output::Output;
use crate::secret;

#[derive(Debug, clap::Subcommand)]
#[command(after_help = "\
The signature comes from TRANSFER_STATUS_SIGNATURE, the keys from HMAC_SECRET and SUBSCRIBE_HMAC_SECRET, and from
their _PREVIOUS while keys are rotated. Ends with 0 when it is valid, with 1 and the reason when it is not.")]
pub(crate) enum Args {
    /// Check the signature that lets its holder watch a transfer.
    #[command(after_help = "  TRANSFER_STATUS_SIGNATURE=… transfer-status verify subscription order-1042")]
    Subscription {
        /// The transfer that it is to be for.
        transfer_id: TransferId,
        /// Judge as at this time, in Unix seconds. The default is now.
        #[arg(long, value_name = "SECONDS")]
        now: Option<u64>,
    },
    /// Check the signature of an update's body.
    #[command(
        after_help = "  TRANSFER_STATUS_SIGNATURE=… transfer-status verify update body.json --timestamp 1732320000"
    )]
    Update {
        /// The body as it was received; standard input when absent or `-`.
        file: Option<PathBuf>,
        /// What the X-Timestamp header says; none when it was not sent.
        #[arg(long, value_name = "SECONDS")]
        timestamp: Option<String>,
        /// Judge as at this time, in Unix seconds. The default is now.
        #[arg(long, value_name = "SECONDS")]
        now: Option<u64>,
    },
}

pub(crate) fn run(args: Args, output: &mut Output) -> anyhow::Result<()> {
    match args {
        Args::Subscription { transfer_id, now } => {
            let keys = secret::subscribe_keys()?;
            let claims = signature::verify(&keys, &secret::signature()?, &transfer_id, at(now)?)?;
            let object = json!({
                "valid": true,
                "transferRequestId": claims.transfer_id(),
                "merchantId": claims.merchant_id(),
                "expiry": claims.expiry(),
            });
            let (merchant, expiry) = (claims.merchant_id(), claims.expiry());
            output.line(
                &object,
                format_args!("valid for {transfer_id} of {merchant:?} until {expiry}"),
            )
        }
        Args::Update { file, timestamp, now } => {
            let keys = secret::update_keys()?;
            let signature = secret::signature_text()?;
            let body = secret::input(file.as_deref())?;
            let timestamp = timestamp.as_deref();
            sign::verify(
                &keys,
                body,
                signature.trim(),
                timestamp,
                at(now)?,
                TimestampPolicy::Optional,
            )?;
            output.line(&json!({ "valid": true }), "valid")
        }
    }
}

fn at(now: Option<u64>) -> anyhow::Result<u64> {
    now.map_or_else(secret::now, Ok)
}
