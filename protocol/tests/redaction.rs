//! Secrets and signatures never come out by accident: not by Debug, not by an error.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use transfer_status_protocol::sign::{self, Key, KeyRing, Signer, TimestampPolicy};
use transfer_status_protocol::{ClientMessage, QrPayload, ServerMessage, Signature, TransferId, Update};

const SECRET: &str = "s3cr3t-Ahch2oox";

fn id() -> TransferId {
    TransferId::new("transfer-123").unwrap()
}

fn signature() -> Signature {
    Signature::new(SECRET).unwrap()
}

fn assert_hidden(shown: &str) {
    assert!(!shown.contains(SECRET), "{shown}");
    assert!(!shown.contains("Ahch2oox"), "{shown}");
}

#[test]
fn debug_shows_no_secret() {
    let key = Key::new(SECRET).unwrap();
    let payload = QrPayload::new("https://pay.example", id(), signature()).unwrap();
    assert!(
        payload.to_string().contains(SECRET),
        "the QR code itself carries the signature"
    );
    for shown in [
        format!("{key:#?}"),
        format!("{:#?}", KeyRing::new(key.clone()).with_previous(key.clone())),
        format!("{:#?}", Signer::new(key)),
        format!("{:#?}", signature()),
        format!("{payload:#?}"),
        format!(
            "{:#?}",
            ClientMessage::Subscribe {
                transfer_id: id(),
                signature: Some(signature())
            }
        ),
    ] {
        assert_hidden(&shown);
        assert!(shown.contains("[redacted]"), "{shown}");
    }
}

#[test]
fn a_verified_body_is_not_shown() {
    let key = Key::new("k").unwrap();
    let mac = Signer::new(key.clone()).sign(SECRET.as_bytes());
    let body = sign::verify(
        &KeyRing::new(key),
        SECRET,
        &mac,
        None,
        0,
        TimestampPolicy::Optional,
    )
    .unwrap();
    assert_hidden(&format!("{body:#?}"));
    let error = Update::decode(&body).unwrap_err();
    assert_hidden(&format!("{error} {error:?}"));
}

#[test]
fn errors_do_not_repeat_what_was_sent() {
    let errors = [
        format!("{:?}", Signature::new(format!("{SECRET}\n")).unwrap_err()),
        format!("{:?}", TransferId::new(format!("{SECRET}/")).unwrap_err()),
        format!(
            "{}",
            format!("http://evil.example/t/x#s={SECRET}")
                .parse::<QrPayload>()
                .unwrap_err()
        ),
    ];
    let messages = [
        format!(r#"{{"type":"{SECRET}"}}"#),
        format!(r#"{{"type":"subscribe","transferId":"{SECRET}/"}}"#),
        format!(r#"{{"type":"subscribe","transferId":"t","signature":"{SECRET}é"}}"#),
        format!(r#"{{"type":"subscribe","transferId":"t","signature":["{SECRET}"]}}"#),
        format!(r#"{{"type":"status","transfer":{{"id":"t","status":5,"{SECRET}":"{SECRET}"}}}}"#),
        format!(r#"{{"{SECRET}":"{SECRET}"#),
    ];
    let decoded = messages.iter().flat_map(|text| {
        let client = ClientMessage::decode(text).unwrap_err();
        let server = ServerMessage::decode(text).err();
        [format!("{client} {client:?}"), format!("{server:?}")]
    });
    for shown in errors.into_iter().chain(decoded) {
        assert_hidden(&shown);
    }
}
