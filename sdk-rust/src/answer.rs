//! What an answer that is no success means: by the service's code, then by the HTTP status.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderMap, Response, StatusCode};
use transfer_status_protocol::error::{DecodeError, ErrorBody, ErrorCode};
#[cfg(feature = "publisher")]
use transfer_status_protocol::transfer::Transfer;

use crate::retry::retry_after;

/// How a service says, with 400, that a body broke off on its way: as transient as a broken connection.
const BROKE_OFF: &str = "the body did not arrive whole";

/// What it comes down to for whoever asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    BadRequest,
    Unauthorized,
    Expired,
    Forbidden,
    Conflict,
    TooLarge,
    RateLimited,
    Unavailable,
    Unexpected,
}

/// An answer that is no success, read.
pub(crate) struct Refusal {
    pub(crate) meaning: Meaning,
    /// The code in the service's own error body; `None` when there was no such body.
    pub(crate) code: Option<ErrorCode>,
    /// What the service said, or what to make of an answer that is not the service's.
    pub(crate) message: String,
    /// The transfer beside a conflict.
    #[cfg(feature = "publisher")]
    pub(crate) transfer: Option<Transfer>,
    pub(crate) retry_after: Option<Duration>,
    /// When the answer was written, by the clock of who wrote it.
    #[cfg(feature = "publisher")]
    pub(crate) date: Option<SystemTime>,
}

impl Refusal {
    /// `received` is of this machine's clock.
    pub(crate) fn read(answer: &Response<Bytes>, received: SystemTime) -> Self {
        let status = answer.status();
        let own = decode(answer.body(), ErrorBody::decode)
            .filter(|body| body.code != ErrorCode::Other || names_a_code(answer.body()));
        let meaning = match &own {
            Some(body) if body.code == ErrorCode::BadRequest && body.message.starts_with(BROKE_OFF) => {
                Meaning::Unavailable
            }
            Some(body) => by_code(body.code).unwrap_or_else(|| by_status(status, true)),
            None => by_status(status, false),
        };
        #[cfg(feature = "publisher")]
        let transfer = own.as_ref().and_then(|body| body.transfer.clone());
        let (code, message) = match own {
            Some(body) => (Some(body.code), body.message),
            None => (None, strange(status).to_owned()),
        };
        let date = date(answer.headers());
        let retry_after = answer
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| retry_after(value, date.unwrap_or(received)));
        Self {
            meaning,
            code,
            message,
            #[cfg(feature = "publisher")]
            transfer,
            retry_after,
            #[cfg(feature = "publisher")]
            date,
        }
    }
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
        _ => return None,
    })
}

/// What the HTTP status alone says. Whether the body is the service's `own` matters where the status speaks of what
/// the service knows: a proxy's 401 says nothing of the signature.
fn by_status(status: StatusCode, own: bool) -> Meaning {
    match status {
        StatusCode::CONFLICT => Meaning::Conflict,
        StatusCode::TOO_MANY_REQUESTS => Meaning::RateLimited,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY => Meaning::Unavailable,
        StatusCode::NOT_IMPLEMENTED
        | StatusCode::HTTP_VERSION_NOT_SUPPORTED
        | StatusCode::NETWORK_AUTHENTICATION_REQUIRED => Meaning::Unexpected,
        status if status.is_server_error() => Meaning::Unavailable,
        StatusCode::BAD_REQUEST if own => Meaning::BadRequest,
        StatusCode::UNAUTHORIZED if own => Meaning::Unauthorized,
        StatusCode::FORBIDDEN if own => Meaning::Forbidden,
        StatusCode::PAYLOAD_TOO_LARGE if own => Meaning::TooLarge,
        _ => Meaning::Unexpected,
    }
}

/// Said in place of a body that is not the service's.
fn strange(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED
        | StatusCode::FORBIDDEN
        | StatusCode::PROXY_AUTHENTICATION_REQUIRED
        | StatusCode::NETWORK_AUTHENTICATION_REQUIRED => {
            "it is not the service's own; a proxy, a firewall or an access product asks for its own proof"
        }
        status if status.is_success() => "its body is not what the service answers",
        status if status.is_redirection() => {
            "it is a redirect, and what carries a signature is sent to no other address"
        }
        _ => "it came without the service's error body",
    }
}

/// Whether there is a code, if an unknown one: others write errors with a type and a message too.
fn names_a_code(body: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(body)
        .is_ok_and(|body| body.get("code").is_some_and(serde_json::Value::is_string))
}

/// Reads a body of text with `read`; `None` where it is something else.
pub(crate) fn decode<T>(body: &[u8], read: impl FnOnce(&str) -> Result<T, DecodeError>) -> Option<T> {
    read(std::str::from_utf8(body).ok()?).ok()
}

fn date(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(http::header::DATE)?.to_str().ok()?).ok()
}
