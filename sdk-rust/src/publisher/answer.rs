//! Reads the service's answer to an update.

use std::time::SystemTime;

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{Response, StatusCode};
use transfer_status_protocol::error::{DecodeError, ErrorBody, ErrorCode};
use transfer_status_protocol::transfer::Transfer;
use transfer_status_protocol::update::Update;

use super::clock::{self, ClockSkew};
use super::error::PublishError;
use super::retry::retry_after;

/// How a service says, with 400, that the update broke off on its way: as transient as a broken connection.
const BROKE_OFF: &str = "the body did not arrive whole";

/// What an answer that stores nothing means.
enum Meaning {
    Conflict,
    Unauthorized,
    BadRequest,
    TooLarge,
    RateLimited,
    Unavailable,
    Unexpected,
}

/// The stored transfer, or what the answer means. `sent` and `received` are of this machine's clock.
pub(super) fn read(
    update: &Update,
    answer: &Response<Bytes>,
    sent: SystemTime,
    received: SystemTime,
) -> Result<Transfer, PublishError> {
    let status = answer.status();
    if status == StatusCode::OK
        && let Some(transfer) = decode(answer.body(), Transfer::decode)
    {
        if transfer.id == update.transfer_id {
            return Ok(transfer);
        }
        return Err(PublishError::UnexpectedResponse {
            status,
            code: None,
            message: "it is about another transfer".to_owned(),
        });
    }

    let own = decode(answer.body(), ErrorBody::decode)
        .filter(|body| body.code != ErrorCode::Other || names_a_code(answer.body()));
    let meaning = match &own {
        Some(body) if body.code == ErrorCode::BadRequest && body.message.starts_with(BROKE_OFF) => {
            Meaning::Unavailable
        }
        Some(body) => by_code(body.code).unwrap_or_else(|| by_status(status, true)),
        None => by_status(status, false),
    };
    let (code, message, current) = match own {
        Some(body) => (Some(body.code), body.message, body.transfer),
        None => (None, strange(status).to_owned(), None),
    };
    let date = clock::date(answer.headers());
    let wait = answer
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| retry_after(value, date.unwrap_or(received)));
    Err(match meaning {
        Meaning::Conflict => PublishError::Conflict {
            current: current
                .filter(|current| current.id == update.transfer_id)
                .map(Box::new),
            code,
            message,
        },
        Meaning::Unauthorized => PublishError::Unauthorized {
            clock: ClockSkew::measure(date, sent, received),
            code,
            message,
        },
        Meaning::BadRequest => PublishError::BadRequest { code, message },
        Meaning::TooLarge => PublishError::TooLarge { code, message },
        Meaning::RateLimited => PublishError::RateLimited {
            retry_after: wait,
            code,
            message,
        },
        Meaning::Unavailable => PublishError::Unavailable {
            status,
            retry_after: wait,
            code,
            message,
        },
        Meaning::Unexpected => PublishError::UnexpectedResponse {
            status,
            code,
            message,
        },
    })
}

/// The service's own word; `None` for a code that this version does not know.
fn by_code(code: ErrorCode) -> Option<Meaning> {
    Some(match code {
        ErrorCode::Conflict => Meaning::Conflict,
        ErrorCode::Unauthorized | ErrorCode::Expired => Meaning::Unauthorized,
        ErrorCode::BadRequest => Meaning::BadRequest,
        ErrorCode::TooLarge => Meaning::TooLarge,
        ErrorCode::RateLimited => Meaning::RateLimited,
        ErrorCode::Internal | ErrorCode::Unavailable => Meaning::Unavailable,
        ErrorCode::Forbidden
        | ErrorCode::NotFound
        | ErrorCode::MethodNotAllowed
        | ErrorCode::UpgradeRequired => Meaning::Unexpected,
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
        status if status.is_success() => "its body is not a transfer",
        status if status.is_redirection() => {
            "it is a redirect, and a signed update is sent to no other address"
        }
        _ => "it came without the service's error body",
    }
}

/// Whether there is a code, if an unknown one: others write errors with a type and a message too.
fn names_a_code(body: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(body)
        .is_ok_and(|body| body.get("code").is_some_and(serde_json::Value::is_string))
}

fn decode<T>(body: &[u8], read: impl FnOnce(&str) -> Result<T, DecodeError>) -> Option<T> {
    read(std::str::from_utf8(body).ok()?).ok()
}

#[cfg(test)]
mod tests;
