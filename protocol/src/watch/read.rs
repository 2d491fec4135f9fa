//! What came from the service, as the session sees it.

use super::Scan;
use crate::error::{ErrorBody, ErrorCode};
use crate::message::ServerMessage;
use crate::session::{Cause, Frame, PollAnswer, Refusal};
use crate::transfer::{Transfer, TransferId};

/// Most bytes of one message or answer that is read. None of the service's comes near it: a transfer is at most some
/// 16 KiB.
pub const MAX_ANSWER: usize = 64 * 1024;

/// What the session passes through.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// For the user: [`Event::Scan`](super::Event::Scan).
    Scan(Scan),
    /// For [`WatchState::record_refusal`](super::WatchState::record_refusal).
    Error(ErrorBody),
}

/// One message of the server, as the session sees it.
pub fn read_frame(text: &str, expected: &TransferId) -> Frame<Transfer, Notice> {
    if text.len() > MAX_ANSWER {
        return Frame::Malformed;
    }
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
pub fn read_poll(status: u16, body: &[u8], expected: &TransferId) -> PollAnswer<Transfer> {
    if body.len() > MAX_ANSWER {
        return PollAnswer::Failed(Cause::Malformed.into());
    }
    let body = std::str::from_utf8(body).unwrap_or_default();
    match status {
        200 => match Transfer::decode(body) {
            Ok(transfer) if transfer.id == *expected => PollAnswer::Snapshot(transfer),
            _ => PollAnswer::Failed(Cause::Malformed.into()),
        },
        304 => PollAnswer::NotModified,
        401 | 403 => match ErrorBody::decode(body).map(|body| body.code) {
            Ok(ErrorCode::Unauthorized) => PollAnswer::Refused(Refusal::Unauthorized),
            Ok(ErrorCode::Forbidden) => PollAnswer::Refused(Refusal::Forbidden),
            // A captive portal, or a proxy in between, refuses for reasons of its own.
            _ => PollAnswer::Failed(Cause::of_status(status).into()),
        },
        _ => PollAnswer::Failed(Cause::of_status(status).into()),
    }
}
