//! The protocol's vectors, computed by an independent implementation: every case of the three files.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use serde::Deserialize;
use transfer_status_protocol::sign::{
    self, Key, KeyRing, Signer, TIMESTAMP_TOLERANCE_SECONDS, TimestampPolicy,
};
use transfer_status_protocol::signature::{self, Claims, SubscriptionError};
use transfer_status_protocol::{ClientMessage, ErrorCode, ServerMessage, Signature, TransferId};

#[derive(Deserialize)]
struct File<C> {
    cases: Vec<C>,
}

fn cases<'a, C: Deserialize<'a>>(text: &'a str) -> Vec<C> {
    serde_json::from_str::<File<C>>(text).unwrap().cases
}

fn keys(secret: &str) -> KeyRing {
    KeyRing::new(Key::new(secret).unwrap())
}

#[derive(Deserialize)]
struct Message {
    name: String,
    direction: String,
    text: String,
    valid: bool,
    #[serde(default)]
    ignored: bool,
}

#[test]
fn every_message_is_taken_skipped_or_refused_as_the_protocol_says() {
    let cases: Vec<Message> = cases(include_str!("vectors/messages.json"));
    assert_eq!(cases.len(), 42);
    assert_eq!(cases.iter().filter(|case| case.valid).count(), 15);
    for Message {
        name,
        direction,
        text,
        valid,
        ignored,
    } in cases
    {
        match direction.as_str() {
            "client" => {
                let read = ClientMessage::decode(&text);
                assert_eq!(read.is_ok(), valid, "{name}: {read:?}");
                if let Ok(message) = read {
                    assert_eq!(message.encode(), text, "{name}");
                }
            }
            "server" => {
                let read = ServerMessage::decode(&text);
                assert_eq!(read.is_ok(), valid, "{name}: {read:?}");
                if let Ok(message) = read {
                    assert_eq!(message == ServerMessage::Unknown, ignored, "{name}");
                    assert_eq!(ServerMessage::decode(&message.encode()), Ok(message), "{name}");
                }
            }
            other => panic!("{name}: no direction {other}"),
        }
    }
}

#[test]
fn a_status_from_the_future_keeps_its_name_and_is_not_final() {
    let cases: Vec<Message> = cases(include_str!("vectors/messages.json"));
    let case = cases
        .iter()
        .find(|case| case.name.contains("a status from the future"))
        .unwrap();
    let ServerMessage::Status(transfer) = ServerMessage::decode(&case.text).unwrap() else {
        panic!()
    };
    assert_eq!(transfer.status.as_str(), "refunded");
    assert!(!transfer.status.is_final());
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Token {
    name: String,
    secret: String,
    token: String,
    transfer_id: String,
    now: u64,
    valid: bool,
    reason: Option<String>,
    merchant_id: Option<String>,
    expiry: Option<u64>,
}

#[test]
fn every_subscription_signature_is_judged_as_the_protocol_says() {
    let cases: Vec<Token> = cases(include_str!("vectors/subscription-tokens.json"));
    assert_eq!(cases.len(), 137);
    assert_eq!(cases.iter().filter(|case| case.valid).count(), 41);
    for case in cases {
        let name = &case.name;
        let Ok(id) = TransferId::new(case.transfer_id.as_str()) else {
            // One case appends to the longest id there can be: no server gets to verify for such an id.
            assert_eq!(
                (case.transfer_id.len(), case.reason.as_deref()),
                (129, Some("wrong transfer")),
                "{name}"
            );
            continue;
        };
        let signature = Signature::new(case.token).unwrap();
        let verdict = signature::verify(&keys(&case.secret), &signature, &id, case.now);
        match (&verdict, case.reason.as_deref()) {
            (Ok(_), None) => assert!(case.valid, "{name}"),
            (Err(SubscriptionError::Expired), Some("expired"))
            | (Err(SubscriptionError::WrongTransfer), Some("wrong transfer"))
            | (Err(SubscriptionError::BadSignature), Some("bad signature")) => {}
            (
                Err(
                    SubscriptionError::Malformed
                    | SubscriptionError::MalformedMac { .. }
                    | SubscriptionError::MalformedField(_)
                    | SubscriptionError::BadSignature,
                ),
                None,
            ) => assert!(!case.valid, "{name}"),
            _ => panic!("{name}: {verdict:?}"),
        }
        if let Err(reason) = &verdict {
            let expected = match case.reason.as_deref() {
                Some("expired") => ErrorCode::Expired,
                _ => ErrorCode::Unauthorized,
            };
            assert_eq!(reason.code(), expected, "{name}");
        }
        if let (Some(merchant_id), Some(expiry)) = (case.merchant_id, case.expiry) {
            let claims = Claims::new(id.clone(), merchant_id, expiry).unwrap();
            assert_eq!(verdict.as_ref(), Ok(&claims), "{name}");
            let minted = signature::mint(&Key::new(&case.secret).unwrap(), &claims);
            assert_eq!(minted.expose(), signature.expose(), "{name}");
        }
        let carried = Signature::from_protocol(&signature.to_protocol())
            .unwrap()
            .unwrap();
        assert_eq!(carried.expose(), signature.expose(), "{name}");
    }
}

#[test]
fn minting_was_compared_with_ten_signatures_of_the_other_implementation() {
    let cases: Vec<Token> = cases(include_str!("vectors/subscription-tokens.json"));
    assert_eq!(
        cases
            .iter()
            .filter(|case| case.merchant_id.is_some() && case.expiry.is_some())
            .count(),
        10
    );
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Update {
    name: String,
    secret: String,
    body: String,
    signature: String,
    timestamp: Option<u64>,
    now: Option<u64>,
    tolerance_seconds: Option<u64>,
    valid: bool,
}

#[test]
fn every_update_signature_is_judged_as_the_protocol_says() {
    let cases: Vec<Update> = cases(include_str!("vectors/update-signatures.json"));
    assert_eq!(cases.len(), 84);
    assert_eq!(cases.iter().filter(|case| case.timestamp.is_some()).count(), 17);
    assert_eq!(cases.iter().filter(|case| case.valid).count(), 34);
    for case in cases {
        let name = &case.name;
        assert_eq!(
            case.tolerance_seconds.unwrap_or(300),
            TIMESTAMP_TOLERANCE_SECONDS,
            "{name}"
        );
        let timestamp = case.timestamp.map(|seconds| seconds.to_string());
        let verdict = sign::verify(
            &keys(&case.secret),
            case.body.as_bytes(),
            &case.signature,
            timestamp.as_deref(),
            case.now.unwrap_or(0),
            TimestampPolicy::Optional,
        );
        assert_eq!(verdict.is_ok(), case.valid, "{name}: {verdict:?}");
        match verdict {
            Ok(body) => {
                assert_eq!(*body.get(), case.body.as_bytes(), "{name}");
                let signer = Signer::new(Key::new(&case.secret).unwrap());
                let signed = match case.timestamp {
                    Some(seconds) => signer.sign_at(seconds, case.body.as_bytes()),
                    None => signer.sign(case.body.as_bytes()),
                };
                assert_eq!(signed, case.signature.to_lowercase(), "{name}");
            }
            Err(reason) => assert_eq!(reason.code(), ErrorCode::Unauthorized, "{name}"),
        }
    }
}
