//! What an HTTP answer that is no success means to who asked: by the service's code, then by the status.

use crate::error::{DecodeError, ErrorBody, ErrorCode};
use crate::transfer::Transfer;

/// How a service says, with 400, that a body broke off on its way: as transient as a broken connection.
const BROKE_OFF: &str = "the body did not arrive whole";

/// What it comes down to (PROTOCOL.md, section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The service does not take what was asked.
    BadRequest,
    /// The proof is wrong.
    Unauthorized,
    /// The signature was right and is too old.
    Expired,
    /// It is not allowed, whatever is proved.
    Forbidden,
    /// It does not fit what is stored.
    Conflict,
    /// The body is larger than the service takes.
    TooLarge,
    /// Too many requests.
    RateLimited,
    /// The service, or what stands before it, cannot serve now.
    Unavailable,
    /// The service gives no such answer: a proxy, a portal, another's address.
    Unexpected,
}

/// An answer that is no success, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// What it comes down to.
    pub meaning: Meaning,
    /// The code in the service's own error body; `None` when there was no such body.
    pub code: Option<ErrorCode>,
    /// What the service said, or what to make of an answer that is not the service's.
    pub message: String,
    /// The transfer beside a conflict.
    pub transfer: Option<Transfer>,
}

impl Refusal {
    /// Reads the answer with this HTTP status. A body that is not the service's own is never repeated.
    ///
    /// ```
    /// use transfer_status_protocol::answer::{Meaning, Refusal};
    ///
    /// let body = br#"{"type":"error","code":"expired","message":"the signature has expired"}"#;
    /// assert_eq!(Refusal::read(401, body).meaning, Meaning::Expired);
    /// assert_eq!(Refusal::read(401, b"<h1>Sign in</h1>").meaning, Meaning::Unexpected);
    /// assert_eq!(Refusal::read(522, b"").meaning, Meaning::Unavailable);
    /// ```
    pub fn read(status: u16, body: &[u8]) -> Self {
        let own = decode(body, ErrorBody::decode)
            .filter(|error| error.code != ErrorCode::Other || names_a_code(body));
        let meaning = match &own {
            Some(error) if error.code == ErrorCode::BadRequest && error.message.starts_with(BROKE_OFF) => {
                Meaning::Unavailable
            }
            Some(error) => by_code(error.code).unwrap_or_else(|| by_status(status, true)),
            None => by_status(status, false),
        };
        match own {
            Some(error) => Self {
                meaning,
                code: Some(error.code),
                message: error.message,
                transfer: error.transfer,
            },
            None => Self {
                meaning,
                code: None,
                message: strange(status).to_owned(),
                transfer: None,
            },
        }
    }
}

/// Reads a body of text with `read`; `None` where it is something else.
pub fn decode<T>(body: &[u8], read: impl FnOnce(&str) -> Result<T, DecodeError>) -> Option<T> {
    read(std::str::from_utf8(body).ok()?).ok()
}

/// The service's own word; `None` for a code that this version does not know.
fn by_code(code: ErrorCode) -> Option<Meaning> {
    Some(match code {
        ErrorCode::Conflict => Meaning::Conflict,
        ErrorCode::Unauthorized => Meaning::Unauthorized,
        ErrorCode::Expired => Meaning::Expired,
        ErrorCode::Forbidden => Meaning::Forbidden,
        ErrorCode::BadRequest => Meaning::BadRequest,
        ErrorCode::TooLarge => Meaning::TooLarge,
        ErrorCode::RateLimited => Meaning::RateLimited,
        ErrorCode::Internal | ErrorCode::Unavailable => Meaning::Unavailable,
        ErrorCode::NotFound | ErrorCode::MethodNotAllowed | ErrorCode::UpgradeRequired => Meaning::Unexpected,
        ErrorCode::Other => return None,
    })
}

/// What the HTTP status alone says. Whether the body is the service's `own` matters where the status speaks of what
/// the service knows: a proxy's 401 says nothing of the signature.
fn by_status(status: u16, own: bool) -> Meaning {
    match status {
        409 => Meaning::Conflict,
        429 => Meaning::RateLimited,
        // Request timeout and too early.
        408 | 425 => Meaning::Unavailable,
        // Not implemented, HTTP version not supported, network authentication required.
        501 | 505 | 511 => Meaning::Unexpected,
        500..600 => Meaning::Unavailable,
        400 if own => Meaning::BadRequest,
        401 if own => Meaning::Unauthorized,
        403 if own => Meaning::Forbidden,
        413 if own => Meaning::TooLarge,
        _ => Meaning::Unexpected,
    }
}

/// Said in place of a body that is not the service's.
fn strange(status: u16) -> &'static str {
    match status {
        401 | 403 | 407 | 511 => {
            "it is not the service's own; a proxy, a firewall or an access product asks for its own proof"
        }
        200..=299 => "its body is not what the service answers",
        300..=399 => "it is a redirect, and what carries a signature is sent to no other address",
        _ => "it came without the service's error body",
    }
}

/// Whether there is a code, if an unknown one: others write errors with a type and a message too.
fn names_a_code(body: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(body)
        .is_ok_and(|body| body.get("code").is_some_and(serde_json::Value::is_string))
}
