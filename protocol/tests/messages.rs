//! Messages, error bodies and times beyond what the vectors hold.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use transfer_status_protocol::{
    ClientMessage, ErrorBody, ErrorCode, ServerMessage, Timestamp, Transfer, TransferId,
};

fn id() -> TransferId {
    TransferId::new("transfer-123").unwrap()
}

#[test]
fn a_client_message_has_up_to_4_kib() {
    let padded = |bytes: usize| format!("{:<bytes$}", r#"{"type":"ping"}"#);
    assert!(matches!(
        ClientMessage::decode(&padded(4096)),
        Ok(ClientMessage::Ping)
    ));
    assert_eq!(
        ClientMessage::decode(&padded(4097)).unwrap_err().code(),
        ErrorCode::TooLarge
    );
}

#[test]
fn a_signature_that_cannot_be_one_is_unauthorized_and_not_a_bad_message() {
    for signature in [String::new(), "é".to_owned(), "x".repeat(2049)] {
        let text = format!(r#"{{"type":"subscribe","transferId":"t","signature":"{signature}"}}"#);
        assert_eq!(
            ClientMessage::decode(&text).unwrap_err().code(),
            ErrorCode::Unauthorized
        );
    }
    let absent = r#"{"type":"subscribe","transferId":"t","signature":null}"#;
    assert!(matches!(
        ClientMessage::decode(absent),
        Ok(ClientMessage::Subscribe { signature: None, .. })
    ));
}

#[test]
fn a_conflict_brings_the_current_transfer_and_an_unreadable_one_does_not_hide_the_error() {
    let transfer = Transfer::announced(id(), Timestamp::from_unix_millis(0));
    let body = ErrorBody::new(ErrorCode::Conflict, "the transfer is final").with_transfer(transfer);
    assert_eq!(
        ServerMessage::decode(&body.encode()),
        Ok(ServerMessage::Error(body))
    );

    let odd = r#"{"type":"error","code":5,"message":"no","transfer":{"id":7}}"#;
    assert_eq!(ErrorBody::decode(odd), Ok(ErrorBody::new(ErrorCode::Other, "no")));
}

#[test]
fn every_code_is_read_as_it_is_written_and_has_an_error_status() {
    for code in ErrorCode::ALL {
        assert_eq!(ErrorCode::from_name(code.as_str()), code);
        assert!((400..600).contains(&code.http_status()), "{code}");
    }
    let text = r#"{"type":"error","code":"expired","message":"the signature has expired"}"#;
    let body = ErrorBody::decode(text).unwrap();
    assert_eq!((body.code, body.code.http_status()), (ErrorCode::Expired, 401));
    assert_eq!(ServerMessage::decode(text), Ok(ServerMessage::Error(body)));
}

#[test]
fn a_scan_message_comes_back_as_it_went() {
    let text = r#"{"type":"scan","transferId":"t","scanned":true,"at":"2024-01-15T10:30:00.000Z"}"#;
    assert_eq!(ServerMessage::decode(text).unwrap().encode(), text);
}

#[test]
fn an_announced_transfer_is_pending_at_version_0() {
    let text =
        r#"{"id":"transfer-123","status":"pending","updatedAt":"1970-01-01T00:00:00.000Z","version":0}"#;
    let transfer = Transfer::announced(id(), Timestamp::from_unix_millis(0));
    assert_eq!(transfer.encode(), text);
    assert_eq!(serde_json::from_str::<Transfer>(text).unwrap(), transfer);
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::from_value::<Transfer>(value).unwrap(), transfer);
}

#[test]
fn a_time_is_read_with_any_offset_and_written_in_utc_milliseconds() {
    for (text, written) in [
        ("2024-01-15T10:30:00Z", "2024-01-15T10:30:00.000Z"),
        ("2024-01-15T11:30:00.1239+01:00", "2024-01-15T10:30:00.123Z"),
        ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z"),
        ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
    ] {
        assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), written);
    }
    for text in [
        "",
        "yesterday",
        "2024-01-15",
        "2024-01-15T10:30:00",
        "0000-01-01T00:00:00+00:01",
        "1705314600",
    ] {
        assert!(text.parse::<Timestamp>().is_err(), "{text}");
    }
    assert_eq!(Timestamp::from_unix_millis(i64::MAX), Timestamp::MAX);
    assert_eq!(
        Timestamp::from_unix_millis(i64::MIN).to_string(),
        "0000-01-01T00:00:00.000Z"
    );
}
