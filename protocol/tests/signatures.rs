//! Keys, timestamps and claims beyond what the vectors hold.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use transfer_status_protocol::sign::{self, Key, KeyRing, Signer, TimestampPolicy, VerifyError};
use transfer_status_protocol::token::{self, Claims, TokenError};
use transfer_status_protocol::{Signature, TransferId};

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
    let watch = |secret: &str| token::verify(&keys, &token::mint(&key(secret), &claims), &id(), 100);
    assert_eq!(watch("old"), Ok(claims.clone()));
    assert_eq!(watch("older"), Err(TokenError::BadSignature));
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
    let stale_and_wrong = verify(&bare, Some("0"), TimestampPolicy::Optional);
    assert_eq!(
        stale_and_wrong,
        Some(VerifyError::BadSignature),
        "a stranger does not learn the clock"
    );
}

#[test]
fn the_longest_claims_still_fit_a_signature() {
    let id = TransferId::new("x".repeat(128)).unwrap();
    let claims = Claims::new(id.clone(), "\u{1}".repeat(128), u64::MAX).unwrap();
    let signature = token::mint(&key("k"), &claims);
    assert_eq!(
        token::verify(&KeyRing::new(key("k")), &signature, &id, u64::MAX),
        Ok(claims)
    );
    assert!(Claims::new(id.clone(), "", 0).is_err());
    assert!(Claims::new(id, "x".repeat(129), 0).is_err());
}

#[test]
fn claims_can_be_read_before_it_is_known_which_transfer_is_asked_for() {
    let keys = KeyRing::new(key("k"));
    let claims = Claims::new(id(), "m", 100).unwrap();
    let signature = token::mint(&key("k"), &claims);
    assert_eq!(token::verify_claims(&keys, &signature, 100), Ok(claims.clone()));
    assert_eq!(
        token::verify_claims(&keys, &signature, 101),
        Err(TokenError::Expired)
    );
    let other = token::mint(&key("other"), &claims);
    assert_eq!(
        token::verify_claims(&keys, &other, 100),
        Err(TokenError::BadSignature)
    );
    let nameless = token::seal(
        &key("k"),
        r#"{"transferRequestId":"a/b","merchantId":"m","expiry":100}"#,
    );
    assert_eq!(
        token::verify_claims(&keys, &Signature::new(nameless).unwrap(), 100),
        Err(TokenError::Malformed)
    );
}

#[test]
fn a_sealed_text_opens_only_as_it_was_sealed() {
    let keys = KeyRing::new(key("k"));
    let text = "caf\u{e9} \u{1f4b8} \u{fffd}?>~";
    let token = token::seal(&key("k"), text);
    assert!(token.contains('+'), "{token}");
    assert_eq!(token::open(&keys, &token).unwrap().get(), text);
    assert_eq!(
        token::open(&keys, &token.replace('+', " ")).unwrap().get(),
        text,
        "a query string turns + into a space"
    );
    for at in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert!(token::open(&keys, &changed).is_err(), "{at}");
    }
    for text in ["", ".", "a", "a.", ".a", "a.b.c", "\u{e9}.\u{e9}"] {
        assert!(token::open(&keys, text).is_err(), "{text}");
    }
}
