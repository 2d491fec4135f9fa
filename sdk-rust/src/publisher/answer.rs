//! Reads the service's answer to an update.

use std::time::SystemTime;

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{Response, StatusCode};
use transfer_status_protocol::error::{DecodeError, ErrorBody};
use transfer_status_protocol::transfer::Transfer;
use transfer_status_protocol::update::Update;

use super::error::PublishError;
use super::retry::retry_after;

/// The stored transfer, or what the answer means.
pub(super) fn read(
    update: &Update,
    answer: &Response<Bytes>,
    now: SystemTime,
) -> Result<Transfer, PublishError> {
    let status = answer.status();
    if status == StatusCode::OK {
        return match decode(answer.body(), Transfer::decode) {
            Some(transfer) if transfer.id == update.transfer_id => Ok(transfer),
            Some(_) => Err(unexpected(status, "it is about another transfer")),
            None => Err(unexpected(status, "its body is not a transfer")),
        };
    }
    let body = decode(answer.body(), ErrorBody::decode);
    let (message, current) = match body {
        Some(body) => (body.message, body.transfer),
        None => ("it came without the service's error body".to_owned(), None),
    };
    let wait = answer
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| retry_after(value, now));
    Err(match (status, current) {
        (StatusCode::CONFLICT, Some(current)) => PublishError::Conflict {
            current: current.into(),
            message,
        },
        (StatusCode::BAD_REQUEST, _) => PublishError::BadRequest { message },
        (StatusCode::UNAUTHORIZED, _) => PublishError::Unauthorized { message },
        (StatusCode::PAYLOAD_TOO_LARGE, _) => PublishError::TooLarge { message },
        (StatusCode::TOO_MANY_REQUESTS, _) => PublishError::RateLimited {
            retry_after: wait,
            message,
        },
        (
            StatusCode::INTERNAL_SERVER_ERROR
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT,
            _,
        ) => PublishError::Unavailable {
            status,
            retry_after: wait,
            message,
        },
        _ => PublishError::UnexpectedResponse { status, message },
    })
}

fn decode<T>(body: &[u8], read: impl FnOnce(&str) -> Result<T, DecodeError>) -> Option<T> {
    read(std::str::from_utf8(body).ok()?).ok()
}

fn unexpected(status: StatusCode, message: &str) -> PublishError {
    PublishError::UnexpectedResponse {
        status,
        message: message.to_owned(),
    }
}
