//! What the merchant backend answers when it cannot do what it was asked.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use thiserror::Error;
use transfer_status::{ErrorBody, ErrorCode};

/// Why there is no transfer request. Clients get it as `{"type":"error","code","message"}`, like the service's own.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MerchantError {
    /// The order breaks one of the shop's rules: 400.
    #[error("{0}")]
    InvalidOrder(&'static str),
    /// The body is not an order: 400.
    #[error("the body is not an order; send JSON like {{\"amount\":12.10,\"currency\":\"EUR\"}}")]
    NotAnOrder,
    /// The body is over [`MAX_BODY`](super::MAX_BODY): 413.
    #[error("the body is over 4 KiB; an order is smaller")]
    TooLarge,
    /// No such path: 404.
    #[error("there is nothing here; POST to /create-transfer-request")]
    NotFound,
    /// The signature is not one of this shop for this order: 401.
    #[error("this needs the order's signature; send it as Authorization: Bearer, as it was handed out")]
    Unauthorized,
    /// The order is not known any more: 404.
    #[error("this order is over or was never made; start a new one")]
    NoSuchOrder,
    /// The path takes another method: 405.
    #[error("this path does not take this method; POST to /create-transfer-request")]
    MethodNotAllowed,
    /// The merchant's own settings do not work: 500.
    #[error("the transfer request could not be made; tell the shop")]
    Internal,
}

impl MerchantError {
    /// The code that goes with it.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::InvalidOrder(_) | Self::NotAnOrder => ErrorCode::BadRequest,
            Self::TooLarge => ErrorCode::TooLarge,
            Self::Unauthorized => ErrorCode::Unauthorized,
            Self::NotFound | Self::NoSuchOrder => ErrorCode::NotFound,
            Self::MethodNotAllowed => ErrorCode::MethodNotAllowed,
            Self::Internal => ErrorCode::Internal,
        }
    }
}

impl From<JsonRejection> for MerchantError {
    fn from(rejection: JsonRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Self::TooLarge
        } else {
            Self::NotAnOrder
        }
    }
}

impl IntoResponse for MerchantError {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.code().http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(ErrorBody::new(self.code(), self.to_string()))).into_response()
    }
}
