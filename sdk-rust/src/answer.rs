//! An HTTP answer that is no success, with what its headers say.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderMap, Response};
use transfer_status_protocol::answer::Refusal as Said;
pub(crate) use transfer_status_protocol::answer::{Meaning, decode};
use transfer_status_protocol::error::ErrorCode;
#[cfg(feature = "publisher")]
use transfer_status_protocol::transfer::Transfer;

use crate::retry::retry_after;

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
        let said = Said::read(answer.status().as_u16(), answer.body());
        let date = date(answer.headers());
        let retry_after = answer
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| retry_after(value, date.unwrap_or(received)));
        Self {
            meaning: said.meaning,
            code: said.code,
            message: said.message,
            #[cfg(feature = "publisher")]
            transfer: said.transfer,
            retry_after,
            #[cfg(feature = "publisher")]
            date,
        }
    }
}

fn date(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(http::header::DATE)?.to_str().ok()?).ok()
}
