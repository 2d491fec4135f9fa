//! Keys, timestamps and claims beyond what the vectors hold.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use transfer_status_protocol::sign::{self, Key, KeyRing, Signer, TimestampPolicy, VerifyError};
use transfer_status_protocol::signature::{self, Claims, InvalidClaims, SubscriptionError};
use transfer_status_protocol::{DecodeError, ErrorCode, Signature, TransferId};

fn id() -> TransferId {
    TransferId::new("transfer-123").unwrap()
}

fn key(secret: &str) -> Key {
    Key::new(secret).unwrap()
}

#[test]
fn a_rotated_key_is_accepted_and_a_retired_one_is_not() {
    let keys = KeyRing::new(key("new")).with_previous(key("old"));
    let check = |secret: &str| {
        let mac = Signer::new(key(secret)).sign(b"{}");
        sign::verify(&keys, b"{}", &mac, None, 0, TimestampPolicy::Optional).is_ok()
    };
    assert!(check("new") && check("old") && !check("older"));

    let claims = Claims::new(id(), "m", 100).unwrap();
    let watch = |secret: &str| signature::verify(&keys, &signature::mint(&key(secret), &claims), &id(), 100);
    assert_eq!(watch("old"), Ok(claims.clone()));
    assert_eq!(watch("older"), Err(SubscriptionError::BadSignature));
    assert!(Key::new("").is_err(), "an empty key protects nothing");
}

#[test]
fn a_timestamp_is_digits_that_were_signed_as_sent() {
    let verify = |signature: &str, timestamp, policy| {
        sign::verify(
            &KeyRing::new(key("k")),
            "body",
            signature,
            timestamp,
            1000,
            policy,
        )
        .err()
    };
    let signer = Signer::new(key("k"));
    let stamped = signer.sign_at(1000, b"body");
    assert_eq!(verify(&stamped, Some("1000"), TimestampPolicy::Required), None);
    assert_eq!(
        verify(&stamped, Some("01000"), TimestampPolicy::Required),
        Some(VerifyError::BadSignature)
    );
    assert_eq!(
        verify(&stamped, None, TimestampPolicy::Optional),
        Some(VerifyError::BadSignature)
    );
    for text in [
        "",
        "+1000",
        "-1",
        " 1000",
        "1000 ",
        "1e3",
        "1000.",
        "99999999999999999999",
        "١",
    ] {
        let verdict = verify(&stamped, Some(text), TimestampPolicy::Required);
        assert_eq!(verdict, Some(VerifyError::MalformedTimestamp), "{text:?}");
    }
    let bare = signer.sign(b"body");
    assert_eq!(verify(&bare, None, TimestampPolicy::Optional), None);
    assert_eq!(
        verify(&bare, None, TimestampPolicy::Required),
        Some(VerifyError::MissingTimestamp)
    );
    assert_eq!(
        verify(
            &signer.sign_at(699, b"body"),
            Some("699"),
            TimestampPolicy::Optional
        ),
        Some(VerifyError::TooOld)
    );
    let ahead = signer.sign_at(u64::MAX, b"body");
    let header = u64::MAX.to_string();
    assert_eq!(
        verify(&ahead, Some(&header), TimestampPolicy::Optional),
        Some(VerifyError::TooFarAhead)
    );
    let stale_and_wrong = Signer::new(key("a stranger's")).sign_at(0, b"body");
    assert_eq!(
        verify(&stale_and_wrong, Some("0"), TimestampPolicy::Optional),
        Some(VerifyError::BadSignature),
        "a stranger does not learn the clock"
    );
}

#[test]
fn the_usual_mistakes_with_a_timestamp_are_told_apart() {
    let verify = |signature: &str, timestamp| {
        sign::verify(
            &KeyRing::new(key("k")).with_previous(key("old")),
            "body",
            signature,
            Some(timestamp),
            1_732_320_000,
            TimestampPolicy::Optional,
        )
        .unwrap_err()
    };
    let millis = Signer::new(key("k")).sign_at(1_732_320_000_000, b"body");
    let error = verify(&millis, "1732320000000");
    assert_eq!(error, VerifyError::TimestampInMilliseconds);
    assert!(error.to_string().contains("Unix seconds"), "{error}");

    for signer in ["k", "old"] {
        let bare = Signer::new(key(signer)).sign(b"body");
        let error = verify(&bare, "1732320000");
        assert_eq!(error, VerifyError::SignedWithoutTimestamp, "{signer}");
        assert!(error.to_string().contains("<X-Timestamp>.<body>"), "{error}");
    }
    let bare = Signer::new(key("other")).sign(b"body");
    assert_eq!(verify(&bare, "1732320000"), VerifyError::BadSignature);
}

/// A signature over this payload, made right.
fn sealed(payload: &str) -> Signature {
    Signature::new(signature::seal(&key("k"), payload)).unwrap()
}

fn verdict(signature: &Signature, now: u64) -> Result<Claims, SubscriptionError> {
    signature::verify(&KeyRing::new(key("k")), signature, &id(), now)
}

#[test]
fn an_expiry_with_a_fraction_is_cut_off() {
    for expiry in ["100", "100.0", "100.999", "1e2", "1.005E2"] {
        let signature = sealed(&format!(
            r#"{{"transferRequestId":"transfer-123","merchantId":"m","expiry":{expiry}}}"#
        ));
        assert_eq!(verdict(&signature, 100).unwrap().expiry(), 100, "{expiry}");
        assert_eq!(
            verdict(&signature, 101),
            Err(SubscriptionError::Expired),
            "{expiry}"
        );
    }
}

#[test]
fn what_is_malformed_in_a_payload_is_told_with_the_fields_name() {
    for (fields, told) in [
        (r#""merchantId":"m","expiry":100"#, "transferRequestId is missing"),
        (
            r#""transferId":"transfer-123","merchantId":"m","expiry":100"#,
            "transferRequestId is missing",
        ),
        (
            r#""transferRequestId":123,"merchantId":"m","expiry":100"#,
            "transferRequestId is not valid; send the transfer's id, a string",
        ),
        (
            r#""transferRequestId":"transfer-123","merchantId":42,"expiry":100"#,
            "merchantId is not valid; send a string of up to 128 characters",
        ),
        (
            r#""transferRequestId":"transfer-123","expiry":100"#,
            "merchantId is missing",
        ),
        (
            r#""transferRequestId":"transfer-123","merchantId":"m""#,
            "expiry is missing",
        ),
        (
            r#""transferRequestId":"transfer-123","merchantId":"m","expiry":"100""#,
            "expiry is not valid; send Unix seconds, a number",
        ),
        (
            r#""transferRequestId":"transfer-123","merchantId":"m","expiry":-0.5"#,
            "expiry is not valid; send Unix seconds, a number",
        ),
        (
            r#""transferRequestId":"transfer-123","merchantId":"m","expiry":100000000000"#,
            "expiry is not valid; send Unix seconds, not milliseconds",
        ),
        (
            r#""transferRequestId":"transfer-123","merchantId":"m","expiry":1732320000000.5"#,
            "not milliseconds",
        ),
        (
            r#""transferRequestId":"transfer-123","merchantId":"m","expiry":1e300"#,
            "not milliseconds",
        ),
        (r#""expiry":100,"expiry":100"#, "each field at most once"),
    ] {
        let error = verdict(&sealed(&format!("{{{fields}}}")), 0).unwrap_err();
        assert!(
            matches!(error, SubscriptionError::MalformedField(_)),
            "{fields}: {error:?}"
        );
        assert!(error.to_string().contains(told), "{fields}: {error}");
        assert_eq!(error.code(), ErrorCode::Unauthorized, "{fields}");
    }
    let error = verdict(&sealed("transfer-123"), 0).unwrap_err();
    assert!(error.to_string().contains("not valid JSON"), "{error}");
    let long = "x".repeat(129);
    let fields = format!(r#"{{"transferRequestId":"transfer-123","merchantId":"{long}","expiry":100}}"#);
    let error = verdict(&sealed(&fields), 0).unwrap_err();
    assert!(error.to_string().contains("merchantId is not valid"), "{error}");
}

#[test]
fn an_expiry_just_below_milliseconds_is_seconds() {
    let claims = Claims::new(id(), "m", 99_999_999_999).unwrap();
    assert_eq!(verdict(&signature::mint(&key("k"), &claims), 0), Ok(claims));
    assert_eq!(
        Claims::new(id(), "m", 100_000_000_000),
        Err(InvalidClaims::ExpiryInMilliseconds)
    );
}

#[test]
fn malformed_or_for_another_transfer_counts_before_expired() {
    let other = sealed(r#"{"transferRequestId":"another","merchantId":"m","expiry":1}"#);
    assert_eq!(verdict(&other, 1000), Err(SubscriptionError::WrongTransfer));
    let numeric = sealed(r#"{"transferRequestId":"transfer-123","merchantId":7,"expiry":1}"#);
    assert!(matches!(
        verdict(&numeric, 1000),
        Err(SubscriptionError::MalformedField(_))
    ));
}

#[test]
fn a_mac_in_another_encoding_is_told_what_it_is() {
    let minted = (0..1000)
        .map(|merchant| signature::mint(&key("k"), &Claims::new(id(), merchant.to_string(), 100).unwrap()))
        .find(|minted| ["-", "_"].iter().all(|sign| minted.expose().contains(sign)))
        .expect("a MAC with both of the characters in which the alphabets differ");
    let (payload, mac) = minted.expose().split_once('.').unwrap();
    let plain = mac.replace('-', "+").replace('_', "/");
    for (mac, told) in [
        ("a1".repeat(32), "is in hex"),
        ("A1".repeat(32), "is in hex"),
        (format!("{plain}="), "is in plain base64"),
        (plain.clone(), "is in plain base64"),
        (format!("{mac}="), "is in plain base64"),
        (plain.replace('+', " "), "is in plain base64"),
        (mac.get(..42).unwrap().to_owned(), "is not a MAC"),
        (format!("{mac}A"), "is not a MAC"),
        (format!("{mac}.{mac}"), "is not a MAC"),
    ] {
        let signature = Signature::new(format!("{payload}.{mac}")).unwrap();
        let error = verdict(&signature, 0).unwrap_err();
        assert!(
            matches!(error, SubscriptionError::MalformedMac { .. }),
            "{mac}: {error:?}"
        );
        assert!(error.to_string().contains(told), "{mac}: {error}");
        assert!(
            error.to_string().contains("base64url without padding"),
            "{mac}: {error}"
        );
    }
}

#[test]
fn the_longest_claims_still_fit_a_signature() {
    let id = TransferId::new("x".repeat(128)).unwrap();
    let claims = Claims::new(id.clone(), "\u{1}".repeat(128), 99_999_999_999).unwrap();
    let signature = signature::mint(&key("k"), &claims);
    assert_eq!(
        signature::verify(&KeyRing::new(key("k")), &signature, &id, 99_999_999_999),
        Ok(claims)
    );
    assert!(Claims::new(id.clone(), "", 0).is_err());
    assert!(Claims::new(id, "x".repeat(129), 0).is_err());
}

#[test]
fn claims_can_be_read_before_it_is_known_which_transfer_is_asked_for() {
    let keys = KeyRing::new(key("k"));
    let claims = Claims::new(id(), "m", 100).unwrap();
    let signature = signature::mint(&key("k"), &claims);
    assert_eq!(
        signature::verify_claims(&keys, &signature, 100),
        Ok(claims.clone())
    );
    assert_eq!(
        signature::verify_claims(&keys, &signature, 101),
        Err(SubscriptionError::Expired)
    );
    let other = signature::mint(&key("other"), &claims);
    assert_eq!(
        signature::verify_claims(&keys, &other, 100),
        Err(SubscriptionError::BadSignature)
    );
    let nameless = signature::seal(
        &key("k"),
        r#"{"transferRequestId":"a/b","merchantId":"m","expiry":100}"#,
    );
    assert_eq!(
        signature::verify_claims(&keys, &Signature::new(nameless).unwrap(), 100),
        Err(SubscriptionError::MalformedField(DecodeError::Invalid {
            field: "transferRequestId",
            expected: "the transfer's id, a string"
        }))
    );
}

#[test]
fn a_sealed_text_opens_only_as_it_was_sealed() {
    let keys = KeyRing::new(key("k"));
    let text = "caf\u{e9} \u{1f4b8} \u{fffd}?>~";
    let token = signature::seal(&key("k"), text);
    assert!(token.contains('+'), "{token}");
    assert_eq!(signature::open(&keys, &token).unwrap().get(), text);
    assert_eq!(
        signature::open(&keys, &token.replace('+', " ")).unwrap().get(),
        text,
        "a query string turns + into a space"
    );
    for at in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert!(signature::open(&keys, &changed).is_err(), "{at}");
    }
    for text in ["", ".", "a", "a.", ".a", "a.b.c", "\u{e9}.\u{e9}"] {
        assert!(signature::open(&keys, text).is_err(), "{text}");
    }
}
