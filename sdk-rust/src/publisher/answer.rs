//! Reads the service's answer to an update.

use std::time::SystemTime;

use bytes::Bytes;
use http::{Response, StatusCode};
use transfer_status_protocol::transfer::Transfer;
use transfer_status_protocol::update::Update;

use super::clock::ClockSkew;
use super::error::PublishError;
use crate::answer::{Meaning, Refusal, decode};

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

    let Refusal {
        meaning,
        code,
        message,
        transfer,
        retry_after,
        date,
    } = Refusal::read(answer, received);
    Err(match meaning {
        Meaning::Conflict => PublishError::Conflict {
            current: transfer
                .filter(|current| current.id == update.transfer_id)
                .map(Box::new),
            code,
            message,
        },
        Meaning::Unauthorized | Meaning::Expired => PublishError::Unauthorized {
            clock: ClockSkew::measure(date, sent, received),
            code,
            message,
        },
        Meaning::BadRequest => PublishError::BadRequest { code, message },
        Meaning::TooLarge => PublishError::TooLarge { code, message },
        Meaning::RateLimited => PublishError::RateLimited {
            retry_after,
            code,
            message,
        },
        Meaning::Unavailable => PublishError::Unavailable {
            status,
            retry_after,
            code,
            message,
        },
        Meaning::Forbidden | Meaning::Unexpected => PublishError::UnexpectedResponse {
            status,
            code,
            message,
        },
    })
}

#[cfg(test)]
mod tests;
