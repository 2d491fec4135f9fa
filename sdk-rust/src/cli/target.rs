//! Which transfer a command is about, and the signature that opens it.

use transfer_status::{Signature, TransferId};

use crate::secret;

#[derive(Debug, clap::Args)]
pub(crate) struct Target {
    /// The transfer.
    #[arg(required_unless_present = "qr", conflicts_with = "qr")]
    transfer_id: Option<TransferId>,
    /// Take transfer and signature from a QR code's payload: TRANSFER_STATUS_QR, or standard input.
    #[arg(long)]
    qr: bool,
    /// Where the service is, like https://status.example.com.
    #[arg(long, env = "TRANSFER_STATUS_URL")]
    pub(crate) url: String,
}

impl Target {
    /// The transfer with its signature.
    pub(crate) fn read(&self) -> anyhow::Result<(TransferId, Signature)> {
        match &self.transfer_id {
            Some(transfer_id) => Ok((transfer_id.clone(), secret::signature()?)),
            None => {
                let payload = secret::qr_payload()?;
                Ok((payload.transfer_id().clone(), payload.signature().clone()))
            }
        }
    }
}
