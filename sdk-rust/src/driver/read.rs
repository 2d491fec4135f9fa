//! What came from the service, as the session sees it.

use http::StatusCode;
use transfer_status_protocol::error::{ErrorBody, ErrorCode};
use transfer_status_protocol::message::ServerMessage;
use transfer_status_protocol::session::{Frame, PollAnswer};
use transfer_status_protocol::transfer::{Transfer, TransferId};

use crate::watch::Scan;

/// What the session passes through.
pub(super) enum Notice {
    Scan(Scan),
    Error(ErrorBody),
}

/// One message of the server, as the session sees it.
pub(super) fn read_frame(text: &str, expected: &TransferId) -> Frame<Transfer, Notice> {
    match ServerMessage::decode(text) {
        Ok(ServerMessage::Status(transfer)) if transfer.id == *expected => Frame::Snapshot(transfer),
        Ok(ServerMessage::Scan { scanned, at, .. }) => Frame::Notice(Notice::Scan(Scan { scanned, at })),
        Ok(ServerMessage::Error(body)) => Frame::Notice(Notice::Error(body)),
        Ok(ServerMessage::Pong) => Frame::Pong,
        // A transfer that was not asked for says that something between here and the server is broken.
        Ok(ServerMessage::Status(_)) | Err(_) => Frame::Malformed,
        Ok(_) => Frame::Unknown,
    }
}

/// One answer to `GET /transfer/{id}`, as the session sees it.
pub(super) fn read_poll(status: StatusCode, body: &[u8], expected: &TransferId) -> PollAnswer<Transfer> {
    let body = std::str::from_utf8(body).unwrap_or_default();
    match status {
        StatusCode::OK => match Transfer::decode(body) {
            Ok(transfer) if transfer.id == *expected => PollAnswer::Snapshot(transfer),
            _ => PollAnswer::Failed,
        },
        StatusCode::NOT_MODIFIED => PollAnswer::NotModified,
        StatusCode::TOO_MANY_REQUESTS => PollAnswer::RateLimited,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => match ErrorBody::decode(body) {
            Ok(ErrorBody {
                code: ErrorCode::Unauthorized | ErrorCode::Forbidden,
                ..
            }) => PollAnswer::Unauthorized,
            // A captive portal, or a proxy in between, refuses for reasons of its own.
            _ => PollAnswer::Failed,
        },
        _ => PollAnswer::Failed,
    }
}
