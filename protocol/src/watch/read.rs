//! What came from the service, as the session sees it.

use super::{Scan, retry_after_ms};
use crate::error::{DecodeError, ErrorBody};
use crate::json;
use crate::message::ServerMessage;
use crate::session::{Cause, Failure, Frame, PollAnswer, Refusal};
use crate::transfer::{Transfer, TransferId};

/// Most bytes of one message or answer that is read. None of the service's comes near it: a transfer is at most some
/// 16 KiB.
pub const MAX_ANSWER: usize = 64 * 1024;

/// An HTTP answer, to a poll or in place of a socket.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The status.
    pub status: u16,
    /// The `Retry-After` header.
    pub retry_after: Option<&'a str>,
    /// The `Date` header.
    pub date: Option<&'a str>,
    /// The body, as far as one was read: more than [`MAX_ANSWER`] bytes need not be.
    pub body: &'a [u8],
}

/// What the session passes through.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Notice {
    Scan(Scan),
    Error(ErrorBody),
}

/// What an answer to a poll says, and in what words.
#[derive(Debug, PartialEq)]
pub(super) struct Polled {
    pub(super) answer: PollAnswer<Transfer>,
    /// With [`Cause::Malformed`]: the field that cannot be read. With a refusal: the service's message.
    pub(super) words: Option<String>,
}

/// One message of the server, or the field that cannot be read.
pub(super) fn read_frame(text: &str, expected: &TransferId) -> Result<Frame<Transfer, Notice>, String> {
    if text.len() > MAX_ANSWER {
        return Err(format!("over {MAX_ANSWER} bytes"));
    }
    match ServerMessage::decode(text) {
        Ok(ServerMessage::Status(transfer)) if transfer.id == *expected => Ok(Frame::Snapshot(transfer)),
        // A transfer that was not asked for says that something between here and the server is broken.
        Ok(ServerMessage::Status(_)) => Err("id of another transfer".to_owned()),
        Ok(ServerMessage::Scan {
            transfer_id,
            scanned,
            at,
        }) if transfer_id == *expected => Ok(Frame::Notice(Notice::Scan(Scan { scanned, at }))),
        Ok(ServerMessage::Error(body)) => Ok(Frame::Notice(Notice::Error(body))),
        Ok(ServerMessage::Pong) => Ok(Frame::Pong),
        Ok(_) => Ok(Frame::Unknown),
        // The transfer stands whatever is said beside it.
        Err(_) if is_beside_the_transfer(text) => Ok(Frame::Unknown),
        Err(error) => Err(field_of(&error)),
    }
}

/// A `scan` or an `error` message, readable or not.
fn is_beside_the_transfer(text: &str) -> bool {
    json::fields(text, ["type"])
        .and_then(|[kind]| json::required::<String>(kind, "type", "a string"))
        .is_ok_and(|kind| kind == "scan" || kind == "error")
}

/// One answer to `GET /transfer/{id}`.
pub(super) fn read_poll(answer: &Answer<'_>, expected: &TransferId, unix_ms: i64) -> Polled {
    match answer.status {
        200 => read_transfer(answer.body, expected),
        304 => Polled {
            answer: PollAnswer::NotModified,
            words: None,
        },
        _ => read_refusal(answer).unwrap_or_else(|| Polled {
            answer: PollAnswer::Failed(failure_of(answer, unix_ms)),
            words: None,
        }),
    }
}

/// What an HTTP answer other than a good one says of the way to the service.
pub(super) fn failure_of(answer: &Answer<'_>, unix_ms: i64) -> Failure {
    Failure {
        cause: match answer.status {
            // A success in place of a socket, or one that only looks like a socket.
            0..300 => Cause::NotTheService,
            status => Cause::of_status(status),
        },
        retry_after_ms: answer
            .retry_after
            .and_then(|value| retry_after_ms(value, answer.date, unix_ms)),
    }
}

fn read_transfer(body: &[u8], expected: &TransferId) -> Polled {
    let failed = |cause: Cause, words: Option<String>| Polled {
        answer: PollAnswer::Failed(cause.into()),
        words,
    };
    if body.len() > MAX_ANSWER || body.trim_ascii_start().first() != Some(&b'{') {
        return failed(Cause::NotTheService, None);
    }
    let Ok(text) = std::str::from_utf8(body) else {
        return failed(Cause::Malformed, Some(field_of(&DecodeError::NotUtf8)));
    };
    match Transfer::decode(text) {
        Ok(transfer) if transfer.id == *expected => Polled {
            answer: PollAnswer::Snapshot(transfer),
            words: None,
        },
        Ok(_) => failed(Cause::Malformed, Some("id of another transfer".to_owned())),
        // An object of somebody else's: a transfer has an id before all.
        Err(DecodeError::Missing { field: "id" }) => failed(Cause::NotTheService, None),
        Err(error) => failed(Cause::Malformed, Some(field_of(&error))),
    }
}

/// A refusal of the service: its own body, with the status that goes with the code. A captive portal, or a proxy in
/// between, refuses for reasons of its own, and may quote the service.
fn read_refusal(answer: &Answer<'_>) -> Option<Polled> {
    if answer.body.len() > MAX_ANSWER {
        return None;
    }
    let body = ErrorBody::decode(std::str::from_utf8(answer.body).ok()?).ok()?;
    let refusal = match (answer.status, body.code.as_str()) {
        (401, "unauthorized") => Refusal::Unauthorized,
        (401, "expired") => Refusal::Expired,
        (403, "forbidden") => Refusal::Forbidden,
        _ => return None,
    };
    Some(Polled {
        answer: PollAnswer::Refused(refusal),
        words: Some(body.message),
    })
}

/// The field that cannot be read, or what is wrong with the whole.
fn field_of(error: &DecodeError) -> String {
    match error {
        DecodeError::Missing { field } | DecodeError::Invalid { field, .. } => (*field).to_owned(),
        DecodeError::NotUtf8 => "not UTF-8".to_owned(),
        DecodeError::NotAnObject => "not a JSON object".to_owned(),
        DecodeError::TooLarge { limit } => format!("over {limit} bytes"),
        DecodeError::NotJson { .. } => "not JSON".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRANSFER: &str =
        r#"{"id":"order-1042","status":"pending","updatedAt":"2024-01-15T10:30:00.000Z","version":1}"#;

    fn id() -> TransferId {
        TransferId::new("order-1042").unwrap()
    }

    fn poll(status: u16, body: &[u8]) -> Polled {
        let answer = Answer {
            status,
            retry_after: None,
            date: None,
            body,
        };
        read_poll(&answer, &id(), 0)
    }

    fn failed(cause: Cause, words: Option<&str>) -> Polled {
        Polled {
            answer: PollAnswer::Failed(cause.into()),
            words: words.map(str::to_owned),
        }
    }

    #[test]
    fn a_status_of_this_transfer_is_a_snapshot_and_of_another_it_is_malformed() {
        let status = format!(r#"{{"type":"status","transfer":{TRANSFER}}}"#);
        assert!(matches!(read_frame(&status, &id()), Ok(Frame::Snapshot(_))));
        let other = status.replace("1042", "1043");
        assert_eq!(
            read_frame(&other, &id()),
            Err("id of another transfer".to_owned())
        );
    }

    #[test]
    fn a_scan_is_told_only_of_the_transfer_that_is_watched() {
        let scan =
            r#"{"type":"scan","transferId":"order-1042","scanned":true,"at":"2024-01-15T10:30:00.000Z"}"#;
        assert!(matches!(
            read_frame(scan, &id()),
            Ok(Frame::Notice(Notice::Scan(Scan { scanned: true, .. })))
        ));
        assert_eq!(
            read_frame(&scan.replace("1042", "1043"), &id()),
            Ok(Frame::Unknown)
        );
    }

    #[test]
    fn what_stands_beside_the_transfer_costs_nothing_when_it_cannot_be_read() {
        for text in [
            r#"{"type":"scan"}"#,
            r#"{"type":"scan","transferId":"order-1042","scanned":true}"#,
            r#"{"type":"scan","transferId":"order-1042","scanned":"yes","at":"2024-01-15T10:30:00.000Z"}"#,
            r#"{"type":"error"}"#,
            r#"{"type":"error","code":"internal","message":7}"#,
            r#"{"type":"weather","sunny":true}"#,
        ] {
            assert_eq!(read_frame(text, &id()), Ok(Frame::Unknown), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_field() {
        let bad_time = r#"{"type":"status","transfer":{"id":"order-1042","status":"pending","updatedAt":"2024-01-15 10:30"}}"#;
        let long = format!(r#"{{"type":"status","x":"{}"}}"#, "y".repeat(MAX_ANSWER));
        for (text, field) in [
            (bad_time, "updatedAt"),
            (r#"{"type":"status"}"#, "transfer"),
            (r#"{"transfer":{}}"#, "type"),
            ("scan", "not JSON"),
            ("[]", "not a JSON object"),
            (long.as_str(), "over 65536 bytes"),
        ] {
            assert_eq!(read_frame(text, &id()), Err(field.to_owned()), "{text:.60}");
        }
    }

    #[test]
    fn a_poll_is_answered_by_a_transfer_or_by_nothing_new() {
        assert!(matches!(
            poll(200, TRANSFER.as_bytes()).answer,
            PollAnswer::Snapshot(_)
        ));
        assert!(matches!(
            poll(200, format!("\r\n {TRANSFER}").as_bytes()).answer,
            PollAnswer::Snapshot(_)
        ));
        assert_eq!(poll(304, b"").answer, PollAnswer::NotModified);
    }

    #[test]
    fn a_page_or_a_portal_is_not_the_service() {
        let long = TRANSFER.replace("pending", &"x".repeat(2 << 20));
        for body in [
            "<html>Sign in to the guest network</html>",
            "",
            "[]",
            "true",
            r#"{"login":"https://portal.example"}"#,
            long.as_str(),
        ] {
            assert_eq!(
                poll(200, body.as_bytes()),
                failed(Cause::NotTheService, None),
                "{body:.40}"
            );
        }
        assert_eq!(
            poll(204, TRANSFER.as_bytes()),
            failed(Cause::NotTheService, None),
            "the service answers with 200"
        );
    }

    #[test]
    fn a_transfer_that_cannot_be_read_is_told_with_its_field() {
        let no_status = r#"{"id":"order-1042","version":7,"updatedAt":"2024-01-15T10:30:00.000Z"}"#;
        let not_utf8 = [TRANSFER.as_bytes(), b"\xff"].concat();
        let other = TRANSFER.replace("1042", "2");
        for (body, field) in [
            (no_status.as_bytes(), "status"),
            (b"{", "not JSON"),
            (&*not_utf8, "not UTF-8"),
            (other.as_bytes(), "id of another transfer"),
        ] {
            assert_eq!(poll(200, body), failed(Cause::Malformed, Some(field)));
        }
    }

    #[test]
    fn only_the_service_itself_can_refuse_and_only_with_the_status_of_its_code() {
        let body = |code: &str| format!(r#"{{"type":"error","code":"{code}","message":"says the service"}}"#);
        for (status, code, refusal) in [
            (401, "unauthorized", Refusal::Unauthorized),
            (401, "expired", Refusal::Expired),
            (403, "forbidden", Refusal::Forbidden),
        ] {
            let expected = Polled {
                answer: PollAnswer::Refused(refusal),
                words: Some("says the service".to_owned()),
            };
            assert_eq!(poll(status, body(code).as_bytes()), expected);
        }
        for (status, body) in [
            (401, "a captive portal".to_owned()),
            (403, String::new()),
            (401, body("forbidden")),
            (403, body("unauthorized")),
            (403, body("expired")),
            (502, body("unauthorized")),
            (401, r#"{"code":"unauthorized","message":"no type"}"#.to_owned()),
            (401, body("unauthorized").replace("says", &"x".repeat(MAX_ANSWER))),
        ] {
            assert_eq!(
                poll(status, body.as_bytes()),
                failed(Cause::Http(status), None),
                "{status} {body:.60}"
            );
        }
        assert_eq!(poll(302, b""), failed(Cause::Redirect(302), None));
    }

    #[test]
    fn a_pause_that_is_asked_for_is_read_whatever_the_failure() {
        let answer = |status, retry_after| Answer {
            status,
            retry_after: Some(retry_after),
            date: Some("Tue, 15 Nov 1994 12:45:06 GMT"),
            body: b"",
        };
        let pause = |answer: &Answer<'_>| failure_of(answer, 0).retry_after_ms;
        assert_eq!(pause(&answer(503, "15")), Some(15_000));
        assert_eq!(pause(&answer(429, "Tue, 15 Nov 1994 12:45:26 GMT")), Some(20_000));
        assert_eq!(pause(&answer(503, "later")), None);
    }
}
