//! Who is let in, by each of the ways to show a signature.

use transfer_status_protocol::TransferId;
use transfer_status_protocol::sign::Key;
use transfer_status_protocol::signature::{self, Claims, Signature, SubscriptionError};

use super::{Offer, Reader, reader};
use crate::config::{Config, Value};
use crate::edge::target::Target;
use crate::error::ApiError;
use crate::error::Attempt;

const SECRET: &str = "a secret of the tests";
const ADMIN: &str = "the operator's token";
const NOW: u64 = 1_700_000_000;

fn config() -> Config {
    Config::read(|name| match name {
        "HMAC_SECRET" => Some(Value::Text(SECRET.to_string())),
        "ADMIN_TOKEN" => Some(Value::Text(ADMIN.to_string())),
        _ => None,
    })
    .unwrap()
}

fn id(id: &str) -> TransferId {
    TransferId::new(id).unwrap()
}

fn signature(transfer: &str, expiry: u64) -> Signature {
    let claims = Claims::new(id(transfer), "merchant-1", expiry).unwrap();
    signature::mint(&Key::new(SECRET).unwrap(), &claims)
}

/// The signature as a query holds it.
fn encoded(signature: &Signature) -> String {
    form_urlencoded::byte_serialize(signature.expose().as_bytes()).collect()
}

fn read(authorization: Option<&str>, query: &str) -> Result<Reader, ApiError> {
    let url = format!("https://host/transfer/tr_1?{query}");
    reader(&config(), authorization, Target::of(&url), &id("tr_1"), true, NOW)
}

fn upgrade(protocols: Option<&str>, query: &str) -> Result<Option<Claims>, ApiError> {
    let url = format!("https://host/ws/tr_1?{query}");
    Offer::parse(protocols).claims(&config(), Target::of(&url), &id("tr_1"), NOW)
}

#[test]
fn a_holder_reads_by_bearer_or_by_query() {
    let good = signature("tr_1", NOW);
    for scheme in ["Bearer", "bearer", "BEARER "] {
        let reader = read(Some(&format!("{scheme} {}", good.expose())), "");
        assert!(matches!(reader, Ok(Reader::Holder(_))), "{scheme}");
    }
    for name in ["signature", "token"] {
        assert!(
            matches!(
                read(None, &format!("{name}={}", encoded(&good))),
                Ok(Reader::Holder(_))
            ),
            "{name}"
        );
        assert!(
            matches!(
                read(None, &format!("{name}={}", good.expose())),
                Ok(Reader::Holder(_))
            ),
            "{name}, raw"
        );
    }
}

#[test]
fn the_operator_reads_by_bearer_only() {
    assert_eq!(read(Some(&format!("Bearer {ADMIN}")), "").unwrap(), Reader::Admin);
    let query = format!("signature={}", ADMIN.replace(' ', "%20"));
    assert!(matches!(
        read(None, &query),
        Err(ApiError::Subscription(SubscriptionError::Malformed))
    ));
    let near = &ADMIN[..ADMIN.len() - 1];
    assert!(read(Some(&format!("Bearer {near}")), "").is_err());
}

#[test]
fn nobody_is_the_operator_where_no_token_is_set() {
    let config =
        Config::read(|name| (name == "HMAC_SECRET").then(|| Value::Text(SECRET.to_string()))).unwrap();
    for authorization in ["Bearer ", "Bearer", "Bearer \u{0}", ""] {
        let reader = reader(
            &config,
            Some(authorization),
            Target::of("https://host/"),
            &id("tr_1"),
            true,
            NOW,
        );
        assert!(reader.is_err(), "{authorization:?}");
    }
}

#[test]
fn a_read_with_no_proof_is_told_how_to_give_one() {
    for authorization in [None, Some("Basic abc"), Some("Bearer"), Some("")] {
        assert!(
            matches!(read(authorization, ""), Err(ApiError::NoSignature)),
            "{authorization:?}"
        );
    }
}

#[test]
fn a_wrong_foreign_or_expired_signature_lets_nobody_in() {
    let other_key = {
        let claims = Claims::new(id("tr_1"), "merchant-1", NOW).unwrap();
        signature::mint(&Key::new("another secret").unwrap(), &claims)
    };
    for (shown, reason) in [
        (signature("tr_1", NOW - 1), SubscriptionError::Expired),
        (signature("tr_2", NOW), SubscriptionError::WrongTransfer),
        (other_key, SubscriptionError::BadSignature),
        (Signature::new("nonsense").unwrap(), SubscriptionError::Malformed),
    ] {
        let refused = |error: ApiError| matches!(error, ApiError::Subscription(given) | ApiError::WrongBearer(given) if given == reason);
        assert!(
            refused(read(Some(&format!("Bearer {}", shown.expose())), "").unwrap_err()),
            "{reason:?}"
        );
        assert!(
            refused(upgrade(Some(&shown.to_protocol()), "").unwrap_err()),
            "{reason:?}"
        );
        assert!(
            refused(upgrade(None, &format!("token={}", encoded(&shown))).unwrap_err()),
            "{reason:?}"
        );
    }
}

#[test]
fn base64_in_lines_is_told_so() {
    let good = encoded(&signature("tr_1", NOW));
    let broken = format!("token={}%0A{}", &good[..60], &good[60..]);
    let Err(ApiError::Subscription(error)) = read(None, &broken) else {
        panic!("it was taken")
    };
    assert!(
        error.to_string().contains("base64") && error.to_string().contains("line"),
        "{error}"
    );
}

#[test]
fn a_socket_is_opened_by_subprotocol_by_query_or_without_proof() {
    let good = signature("tr_1", NOW + 60);
    let protocols = format!("transfer-status.v1, {}", good.to_protocol());
    for claims in [
        upgrade(Some(&protocols), ""),
        upgrade(None, &format!("signature={}", encoded(&good))),
    ] {
        assert_eq!(claims.unwrap().unwrap().expiry(), NOW + 60);
    }
    assert!(upgrade(None, "").unwrap().is_none());
    assert!(upgrade(Some("transfer-status.v1"), "").unwrap().is_none());
}

#[test]
fn a_broken_signature_in_the_offer_is_refused_and_not_skipped() {
    let good = encoded(&signature("tr_1", NOW));
    let refused = upgrade(Some("transfer-status.v1,signature.~~~"), &format!("token={good}"));
    assert!(matches!(
        refused,
        Err(ApiError::Subscription(SubscriptionError::Malformed))
    ));
}

#[test]
fn the_subprotocol_is_answered_when_it_was_offered() {
    assert!(Offer::parse(Some("chat , transfer-status.v1")).subprotocol);
    for header in [
        None,
        Some(""),
        Some("transfer-status.v2"),
        Some("xtransfer-status.v1"),
    ] {
        assert!(!Offer::parse(header).subprotocol, "{header:?}");
    }
}

fn read_as(authorization: &str, may_try_admin: bool) -> Result<Reader, ApiError> {
    let target = Target::of("https://host/transfer/tr_1");
    reader(
        &config(),
        Some(authorization),
        target,
        &id("tr_1"),
        may_try_admin,
        NOW,
    )
}

#[test]
fn a_wrong_bearer_counts_as_a_guess_at_the_token_unless_we_have_signed_it() {
    for guess in ["guess", "a.b", ADMIN.trim_end_matches('n')] {
        let error = read_as(&format!("Bearer {guess}"), true).unwrap_err();
        assert_eq!(error.attempt(), Some(Attempt::Admin), "{guess}");
    }
    for ours in [signature("tr_1", NOW - 1), signature("tr_2", NOW)] {
        let error = read_as(&format!("Bearer {}", ours.expose()), true).unwrap_err();
        assert_ne!(error.attempt(), Some(Attempt::Admin));
    }
}

#[test]
fn an_address_that_has_guessed_too_often_learns_nothing_and_may_read_with_a_right_signature() {
    for bearer in [ADMIN, "guess"] {
        let refused = read_as(&format!("Bearer {bearer}"), false);
        assert!(matches!(refused, Err(ApiError::TooManyRefusals)), "{bearer}");
    }
    let good = format!("Bearer {}", signature("tr_1", NOW).expose());
    assert!(matches!(read_as(&good, false), Ok(Reader::Holder(_))));
}
