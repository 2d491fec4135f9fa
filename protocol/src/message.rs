//! What goes over the WebSocket, in either direction (PROTOCOL.md, section 7).

use serde::Serialize;

use crate::error::{DecodeError, ErrorBody};
use crate::json;
use crate::signature::Signature;
use crate::timestamp::Timestamp;
use crate::transfer::{Transfer, TransferId};

/// A ping, byte for byte: the edge answers exactly this text without waking anything.
pub const PING: &str = r#"{"type":"ping"}"#;
/// The answer to [`PING`], byte for byte.
pub const PONG: &str = r#"{"type":"pong"}"#;
/// Most bytes of a client's message: 4 KiB.
pub const MAX_CLIENT_MESSAGE: usize = 4096;

/// What a client may send.
///
/// ```
/// use transfer_status_protocol::ClientMessage;
/// let message = ClientMessage::decode(r#"{"type":"subscribe","transferId":"transfer-123"}"#).unwrap();
/// assert!(matches!(message, ClientMessage::Subscribe { signature: None, .. }));
/// assert!(ClientMessage::decode(r#"{"type":"weather"}"#).is_err());
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ClientMessage {
    /// Asks for a transfer, on a socket that has not proved its right yet.
    Subscribe {
        /// Which transfer.
        transfer_id: TransferId,
        /// The proof; `None` on a socket that proved its right when it was opened.
        signature: Option<Signature>,
    },
    /// Asks for a [`ServerMessage::Pong`].
    Ping,
    /// Ignored.
    Pong,
}

impl ClientMessage {
    /// The message as JSON. A subscription carries its signature in clear: it is for the socket only.
    pub fn encode(&self) -> String {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire<'a> {
            r#type: &'static str,
            transfer_id: &'a TransferId,
            #[serde(skip_serializing_if = "Option::is_none")]
            signature: Option<&'a str>,
        }
        match self {
            ClientMessage::Subscribe {
                transfer_id,
                signature,
            } => json::write(&Wire {
                r#type: "subscribe",
                transfer_id,
                signature: signature.as_ref().map(Signature::expose),
            }),
            ClientMessage::Ping => PING.to_owned(),
            ClientMessage::Pong => PONG.to_owned(),
        }
    }

    /// Reads a client's message.
    ///
    /// # Errors
    /// [`DecodeError`], which names the field; its [`code`](DecodeError::code) is `too_large` over
    /// [`MAX_CLIENT_MESSAGE`] bytes and `unauthorized` for a signature that cannot be one.
    pub fn decode(text: &str) -> Result<ClientMessage, DecodeError> {
        if text.len() > MAX_CLIENT_MESSAGE {
            return Err(DecodeError::TooLarge {
                limit: MAX_CLIENT_MESSAGE,
            });
        }
        let [kind, transfer_id, signature] = json::fields(text, ["type", "transferId", "signature"])?;
        match json::required::<String>(kind, "type", "subscribe, ping or pong")?.as_str() {
            "subscribe" => Ok(ClientMessage::Subscribe {
                transfer_id: json::required(transfer_id, "transferId", "1 to 128 of A-Z a-z 0-9 . _ ~ : -")?,
                signature: json::optional(signature, "signature", "the signature as it was handed out")?,
            }),
            "ping" => Ok(ClientMessage::Ping),
            "pong" => Ok(ClientMessage::Pong),
            _ => Err(DecodeError::Invalid {
                field: "type",
                expected: "subscribe, ping or pong",
            }),
        }
    }
}

/// What a server may send.
///
/// ```
/// use transfer_status_protocol::{ErrorCode, ServerMessage};
/// let message = ServerMessage::decode(r#"{"type":"error","message":"Transfer not found"}"#).unwrap();
/// let ServerMessage::Error(error) = message else { panic!() };
/// assert_eq!(error.code, ErrorCode::Other);
/// assert_eq!(ServerMessage::decode(r#"{"type":"weather","sunny":true}"#).unwrap(), ServerMessage::Unknown);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ServerMessage {
    /// The whole transfer, as it now stands.
    Status(Transfer),
    /// What went wrong; a close may follow.
    Error(ErrorBody),
    /// The answer to a ping.
    Pong,
    /// A customer's phone has read the QR code, or put it away again.
    Scan {
        /// Which transfer.
        transfer_id: TransferId,
        /// Read, or put away.
        scanned: bool,
        /// When.
        at: Timestamp,
    },
    /// A type that this version does not know: skip it.
    Unknown,
}

/// A status message up to its transfer.
const STATUS_BEGINS: &str = r#"{"type":"status","transfer":"#;

impl ServerMessage {
    /// The message as JSON. [`ServerMessage::Unknown`] gives a message that readers skip.
    pub fn encode(&self) -> String {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct ScanWire<'a> {
            r#type: &'static str,
            transfer_id: &'a TransferId,
            scanned: bool,
            at: Timestamp,
        }
        match self {
            ServerMessage::Status(transfer) => ServerMessage::encode_status(transfer),
            ServerMessage::Error(error) => error.encode(),
            ServerMessage::Pong => PONG.to_owned(),
            ServerMessage::Scan {
                transfer_id,
                scanned,
                at,
            } => json::write(&ScanWire {
                r#type: "scan",
                transfer_id,
                scanned: *scanned,
                at: *at,
            }),
            ServerMessage::Unknown => r#"{"type":"unknown"}"#.to_owned(),
        }
    }

    /// The status message of a transfer that stays where it is.
    pub fn encode_status(transfer: &Transfer) -> String {
        #[derive(Serialize)]
        struct Wire<'a> {
            r#type: &'static str,
            transfer: &'a Transfer,
        }
        json::write(&Wire {
            r#type: "status",
            transfer,
        })
    }

    /// Reads a server's message.
    ///
    /// # Errors
    /// [`DecodeError`], which names the field. A type that is not known is no error.
    pub fn decode(text: &str) -> Result<ServerMessage, DecodeError> {
        // As every server of this protocol writes it: what is between is the transfer if it reads as one, and there is no
        // need to look for its end first. Whatever else it is, is found out below.
        if let Some(transfer) = text
            .strip_prefix(STATUS_BEGINS)
            .and_then(|rest| rest.strip_suffix('}'))
            && let Ok(transfer) = Transfer::decode(transfer)
        {
            return Ok(ServerMessage::Status(transfer));
        }
        let [kind, transfer, transfer_id, scanned, at] =
            json::fields(text, ["type", "transfer", "transferId", "scanned", "at"])?;
        match json::required::<String>(kind, "type", "a string")?.as_str() {
            "status" => {
                let transfer = json::present(transfer).ok_or(DecodeError::Missing { field: "transfer" })?;
                Ok(ServerMessage::Status(Transfer::decode(transfer.get())?))
            }
            "error" => Ok(ServerMessage::Error(ErrorBody::decode(text)?)),
            "pong" => Ok(ServerMessage::Pong),
            "scan" => Ok(ServerMessage::Scan {
                transfer_id: json::required(transfer_id, "transferId", "1 to 128 of A-Z a-z 0-9 . _ ~ : -")?,
                scanned: json::required(scanned, "scanned", "true or false")?,
                at: json::required(at, "at", "a time like 2024-01-15T10:30:00.000Z")?,
            }),
            _ => Ok(ServerMessage::Unknown),
        }
    }
}
