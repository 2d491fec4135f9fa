//! What a phone reads: a transfer's QR code, and the answer of create-transfer-request.

use transfer_status::{InvalidQrPayload, QrPayload, TransferRequest};

use crate::error::{FfiError, guarded};

/// A transfer's QR payload.
#[derive(Clone, uniffi::Record)]
pub struct FfiQr {
    /// The page's address, with no slash at its end.
    pub page: String,
    /// The transfer to watch.
    pub transfer_id: String,
    /// The right to watch it.
    pub signature: String,
}

/// Which part of a QR payload is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum FfiQrFault {
    /// It is over 8 KiB.
    TooLong,
    /// The page is no address that a code may lead to.
    Page,
    /// The path does not end with a transfer's name.
    TransferId,
    /// There is no usable signature.
    Signature,
}

/// The answer of create-transfer-request.
#[derive(Clone, uniffi::Record)]
pub struct FfiRequest {
    /// The transfer to watch.
    pub transfer_id: String,
    /// Whose transfer it is.
    pub merchant_id: String,
    /// The right to watch it.
    pub signature: String,
    /// The last second in which that is valid, since 1970.
    pub expiry: u64,
}

/// Reads a QR payload, in the long or the short form.
///
/// # Errors
/// [`FfiError::InvalidQr`], which never repeats the text; [`FfiError::Panicked`].
#[uniffi::export]
pub fn read_qr(text: String) -> Result<FfiQr, FfiError> {
    guarded(|| {
        let payload: QrPayload = text
            .parse()
            .map_err(|error: InvalidQrPayload| FfiError::InvalidQr {
                fault: error.into(),
                reason: error.to_string(),
            })?;
        Ok(FfiQr {
            page: payload.page().to_owned(),
            transfer_id: payload.transfer_id().to_string(),
            signature: payload.signature().expose().to_owned(),
        })
    })
}

/// Reads the answer of create-transfer-request, a JSON object.
///
/// # Errors
/// [`FfiError::InvalidRequest`], which never repeats the text; [`FfiError::Panicked`].
#[uniffi::export]
pub fn read_request(json: String) -> Result<FfiRequest, FfiError> {
    guarded(|| {
        let request: TransferRequest = serde_json::from_str(&json).map_err(|error| {
            // The parser's own text may quote what it read, and that may be a signature.
            let (line, column) = (error.line(), error.column());
            FfiError::InvalidRequest {
                reason: format!(
                    "not the answer of create-transfer-request (line {line}, column {column}); pass its JSON as it came"
                ),
            }
        })?;
        Ok(FfiRequest {
            transfer_id: request.transfer_request_id.to_string(),
            merchant_id: request.merchant_id.clone(),
            signature: request.signature.expose().to_owned(),
            expiry: request.expiry,
        })
    })
}

impl From<InvalidQrPayload> for FfiQrFault {
    fn from(error: InvalidQrPayload) -> Self {
        match error {
            InvalidQrPayload::TooLong => Self::TooLong,
            InvalidQrPayload::Page => Self::Page,
            InvalidQrPayload::TransferId => Self::TransferId,
            _ => Self::Signature,
        }
    }
}
