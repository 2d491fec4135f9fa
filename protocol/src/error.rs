//! Error bodies as they travel over HTTP and the socket, and why a text could not be decoded.

use serde::Serialize;

use crate::json;
use crate::transfer::Transfer;

/// What kind of error it is (PROTOCOL.md, section 6).
///
/// ```
/// use transfer_status_protocol::ErrorCode;
/// assert_eq!(ErrorCode::RateLimited.as_str(), "rate_limited");
/// assert_eq!(ErrorCode::RateLimited.http_status(), 429);
/// assert_eq!(ErrorCode::from_name("weather"), ErrorCode::Other);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    /// The request is not of the protocol: 400.
    BadRequest,
    /// The signature or token is missing, wrong, or of another transfer: 401.
    Unauthorized,
    /// The subscription signature is right and too old: 401. A fresh one will do.
    Expired,
    /// The caller may not do this, whatever it proves: 403.
    Forbidden,
    /// There is no such thing: 404.
    NotFound,
    /// The path exists, with another method: 405.
    MethodNotAllowed,
    /// The transfer's status, or its version, does not allow the change: 409. The current transfer comes with it.
    Conflict,
    /// The body or message is over its limit: 413.
    TooLarge,
    /// The path is a WebSocket: 426.
    UpgradeRequired,
    /// Too many requests or watchers: 429.
    RateLimited,
    /// A fault of the server: 500.
    Internal,
    /// The server cannot serve now: 503, with `Retry-After`.
    Unavailable,
    /// A code this version does not know, or none was given.
    Other,
}

impl ErrorCode {
    /// Every code of the protocol.
    pub const ALL: [ErrorCode; 12] = [
        ErrorCode::BadRequest,
        ErrorCode::Unauthorized,
        ErrorCode::Expired,
        ErrorCode::Forbidden,
        ErrorCode::NotFound,
        ErrorCode::MethodNotAllowed,
        ErrorCode::Conflict,
        ErrorCode::TooLarge,
        ErrorCode::UpgradeRequired,
        ErrorCode::RateLimited,
        ErrorCode::Internal,
        ErrorCode::Unavailable,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            ErrorCode::BadRequest => "bad_request",
            ErrorCode::Unauthorized => "unauthorized",
            ErrorCode::Expired => "expired",
            ErrorCode::Forbidden => "forbidden",
            ErrorCode::NotFound => "not_found",
            ErrorCode::MethodNotAllowed => "method_not_allowed",
            ErrorCode::Conflict => "conflict",
            ErrorCode::TooLarge => "too_large",
            ErrorCode::UpgradeRequired => "upgrade_required",
            ErrorCode::RateLimited => "rate_limited",
            ErrorCode::Internal => "internal",
            ErrorCode::Unavailable => "unavailable",
            ErrorCode::Other => "other",
        }
    }

    /// The HTTP status an answer with this code has; 500 for [`ErrorCode::Other`].
    pub const fn http_status(self) -> u16 {
        match self {
            ErrorCode::BadRequest => 400,
            ErrorCode::Unauthorized | ErrorCode::Expired => 401,
            ErrorCode::Forbidden => 403,
            ErrorCode::NotFound => 404,
            ErrorCode::MethodNotAllowed => 405,
            ErrorCode::Conflict => 409,
            ErrorCode::TooLarge => 413,
            ErrorCode::UpgradeRequired => 426,
            ErrorCode::RateLimited => 429,
            ErrorCode::Internal | ErrorCode::Other => 500,
            ErrorCode::Unavailable => 503,
        }
    }

    /// Reads a name; one that is not known gives [`ErrorCode::Other`].
    pub fn from_name(name: &str) -> ErrorCode {
        ErrorCode::ALL
            .into_iter()
            .find(|code| code.as_str() == name)
            .unwrap_or(ErrorCode::Other)
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The body of an error: the same object over HTTP and on the socket.
///
/// ```
/// use transfer_status_protocol::{ErrorBody, ErrorCode};
/// let body = ErrorBody::new(ErrorCode::NotFound, "no such transfer; check the id");
/// let text = r#"{"type":"error","code":"not_found","message":"no such transfer; check the id"}"#;
/// assert_eq!(body.encode(), text);
/// assert_eq!(ErrorBody::decode(text).unwrap(), body);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ErrorBody {
    /// What kind of error it is; [`ErrorCode::Other`] when the sender gave none.
    pub code: ErrorCode,
    /// What is wrong and what to do. It shows no secret.
    pub message: String,
    /// With [`ErrorCode::Conflict`]: the transfer as it is stored.
    pub transfer: Option<Transfer>,
}

impl ErrorBody {
    /// An error with no transfer.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> ErrorBody {
        ErrorBody {
            code,
            message: message.into(),
            transfer: None,
        }
    }

    /// Adds the current transfer, for a conflict.
    pub fn with_transfer(mut self, transfer: Transfer) -> ErrorBody {
        self.transfer = Some(transfer);
        self
    }

    /// The body as JSON.
    pub fn encode(&self) -> String {
        json::write(self)
    }

    /// Reads a body. The code may be absent or unknown, and a transfer that cannot be read is left
    /// out: the error itself matters more.
    ///
    /// # Errors
    /// When it is no JSON object, its `type` is not `error`, or it has no message.
    pub fn decode(text: &str) -> Result<ErrorBody, DecodeError> {
        let [kind, code, message, transfer] = json::fields(text, ["type", "code", "message", "transfer"])?;
        if json::required::<String>(kind, "type", "a string")? != "error" {
            return Err(DecodeError::Invalid {
                field: "type",
                expected: "error",
            });
        }
        let code = json::optional::<String>(code, "code", "a string").ok().flatten();
        Ok(ErrorBody {
            code: code.as_deref().map_or(ErrorCode::Other, ErrorCode::from_name),
            message: json::required(message, "message", "a string")?,
            transfer: transfer.and_then(|raw| Transfer::decode(raw.get()).ok()),
        })
    }
}

impl Serialize for ErrorBody {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Wire<'a> {
            r#type: &'static str,
            code: &'static str,
            message: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            transfer: Option<&'a Transfer>,
        }
        Wire {
            r#type: "error",
            code: self.code.as_str(),
            message: &self.message,
            transfer: self.transfer.as_ref(),
        }
        .serialize(serializer)
    }
}

/// Why a text is not what it should be: the field and what to do. It never repeats the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes are not UTF-8.
    #[error("the text is not UTF-8; send JSON in UTF-8")]
    NotUtf8,
    /// The text is not JSON, or something precedes or follows it.
    #[error("the text is not valid JSON (line {line}, column {column}); send exactly one JSON object")]
    NotJson {
        /// Counted from 1.
        line: usize,
        /// Counted from 1, in bytes.
        column: usize,
    },
    /// JSON, but not an object, or one that gives a field twice.
    #[error("the JSON is not an object with each field at most once; send one JSON object")]
    NotAnObject,
    /// A required field is absent or `null`.
    #[error("{field} is missing; send it")]
    Missing {
        /// Which field.
        field: &'static str,
    },
    /// A field holds something that it may not hold.
    #[error("{field} is not valid; send {expected}")]
    Invalid {
        /// Which field.
        field: &'static str,
        /// What it may hold.
        expected: &'static str,
    },
    /// The whole text is over its limit.
    #[error("the text is over {limit} bytes; send less")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
}

impl DecodeError {
    /// The code to answer with: `too_large` for a text over its limit, `unauthorized` for a signature
    /// that cannot be one, else `bad_request`.
    pub const fn code(&self) -> ErrorCode {
        match self {
            DecodeError::TooLarge { .. } => ErrorCode::TooLarge,
            DecodeError::Invalid { field, .. } if matches!(field.as_bytes(), b"signature") => {
                ErrorCode::Unauthorized
            }
            _ => ErrorCode::BadRequest,
        }
    }
}
