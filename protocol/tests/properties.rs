//! What holds for any input: numbers stay exact, what is written reads back, nothing panics.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use proptest::prelude::*;
use transfer_status_protocol::sign::{self, Key, KeyRing, Signer, TimestampPolicy};
use transfer_status_protocol::signature::{self, Claims};
use transfer_status_protocol::{
    Amount, ClientMessage, ErrorBody, Metadata, Patch, QrPayload, ServerMessage, Signature, Status,
    Timestamp, Transfer, TransferId, Update,
};

fn transfer_id() -> impl Strategy<Value = TransferId> {
    "[A-Za-z0-9._~:-]{3,128}".prop_filter_map("not an id", |id| TransferId::new(id).ok())
}

fn status() -> impl Strategy<Value = Status> {
    prop::sample::select(
        ["pending", "processing", "completed", "failed", "cancelled"]
            .map(Status::from_name)
            .to_vec(),
    )
}

fn amount() -> impl Strategy<Value = Amount> {
    "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?".prop_map(|text| text.parse().unwrap())
}

fn metadata() -> impl Strategy<Value = Metadata> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        "\\PC{0,12}".prop_map(Into::into),
    ];
    let value = leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map("\\PC{0,6}", inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    });
    prop::collection::btree_map("[a-z]{1,4}", value, 0..4)
        .prop_map(|map| Metadata::from_serialize(&map).unwrap())
}

fn patch<T: Clone + std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Patch<T>> {
    prop_oneof![Just(Patch::Keep), Just(Patch::Remove), value.prop_map(Patch::Set)]
}

prop_compose! {
    fn update()(
        id in transfer_id(), status in status(), message in patch(any::<String>()), amount in patch(amount()),
        merchant_id in patch("\\PC{1,128}"), customer_id in patch("\\PC{1,128}"), metadata in patch(metadata()),
        if_version in any::<Option<u64>>(),
    ) -> Update {
        let mut update = Update::new(id, status);
        update.message = message;
        update.amount = amount;
        update.merchant_id = merchant_id;
        update.customer_id = customer_id;
        update.metadata = metadata;
        update.if_version = if_version;
        update
    }
}

prop_compose! {
    fn transfer()(update in update(), at in any::<i64>(), version in any::<Option<u64>>()) -> Transfer {
        let mut transfer = Transfer::new(update.transfer_id, update.status, Timestamp::from_unix_millis(at));
        update.message.apply(&mut transfer.message);
        update.amount.apply(&mut transfer.amount);
        update.merchant_id.apply(&mut transfer.merchant_id);
        update.customer_id.apply(&mut transfer.customer_id);
        update.metadata.apply(&mut transfer.metadata);
        transfer.version = version;
        transfer
    }
}

/// Texts near enough to messages to get past the first checks.
fn almost_json() -> impl Strategy<Value = String> {
    let words = [
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\\",
        "\\ud800",
        "null",
        "true",
        "1e999",
        "-0",
        "\"type\":",
        "\"status\"",
        "\"error\"",
        "\"subscribe\"",
        "\"scan\"",
        "\"transfer\":",
        "\"transferId\":\"t\"",
        "\"status\":\"pending\"",
        "\"updatedAt\":\"2024-01-15T10:30:00Z\"",
        "\"amount\":",
        "\"metadata\":",
        "\"message\":",
        "\u{feff}",
        "\0",
    ];
    prop::collection::vec(
        prop_oneof![4 => prop::sample::select(words.to_vec()).prop_map(str::to_owned), 1 => any::<String>()],
        0..24,
    )
    .prop_map(|words| words.concat())
}

fn decode_everything(text: &str) {
    let _ = ClientMessage::decode(text);
    let _ = ServerMessage::decode(text).map(|message| message.encode());
    let _ = Transfer::decode(text).map(|transfer| transfer.encode());
    let _ = ErrorBody::decode(text);
    let _ = Metadata::from_json(text)
        .map(|metadata| metadata == metadata.clone() && metadata.to_value().is_null());
    let _ = text.parse::<Amount>().map(|amount| amount.as_f64());
    let _ = text.parse::<Timestamp>();
    let _ = text.parse::<QrPayload>().map(|payload| payload.to_string());
    let _ = Signature::from_protocol(text);
    let _ = Signature::from_protocol(&format!("signature.{text}"));
    let key = Key::new("k").unwrap();
    let keys = KeyRing::new(key.clone());
    let _ = sign::verify(&keys, text, text, Some(text), 0, TimestampPolicy::Optional);
    let body = sign::verify(
        &keys,
        text,
        &Signer::new(key).sign(text.as_bytes()),
        None,
        0,
        TimestampPolicy::Optional,
    );
    let _ = Update::decode(&body.unwrap()).map(|update| update.encode());
    if let Ok(signature) = Signature::new(text) {
        let _ = signature::verify(&keys, &signature, &TransferId::new("t").unwrap(), 0);
    }
}

proptest! {
    #[test]
    fn no_text_panics_a_decoder(text in prop_oneof![any::<String>(), almost_json(), "\\PC*"]) {
        decode_everything(&text);
    }

    #[test]
    fn an_amount_moved_by_its_exponent_is_the_same(digits in 0..=u64::MAX, places in 0_usize..30, negative: bool) {
        let sign = if negative { "-" } else { "" };
        let scientific: Amount = format!("{sign}{digits}e-{places}").parse().unwrap();
        let padded = format!("{digits:0>width$}", width = places + 1);
        let (whole, fraction) = padded.split_at(padded.len() - places);
        let plain = if places == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") };
        let zeros = format!("{plain}{}00", if places == 0 { "." } else { "" });
        prop_assert_eq!(&scientific, &plain.parse().unwrap());
        prop_assert_eq!(&scientific, &zeros.parse().unwrap());
        let next: Amount = format!("{sign}{}e-{places}", u128::from(digits) + 1).parse().unwrap();
        prop_assert_ne!(&scientific, &next);
    }

    #[test]
    fn an_amount_is_taken_when_its_nearest_double_is_finite(
        digits in prop_oneof!["1797693134862315[0-9]{0,40}", "179769313486231580793[0-9]{0,36}", "0?\\.?[1-9][0-9]{0,40}"],
        exponent in -400_i64..400,
        negative: bool,
    ) {
        let digits = if digits.starts_with('.') { format!("0{digits}") } else { digits };
        prop_assume!(!digits.starts_with('0') || digits.starts_with("0."));
        // The largest doubles, whatever the number of digits.
        for exponent in [exponent, 308 + 1 - digits.len() as i64] {
            let text = format!("{}{digits}e{exponent}", if negative { "-" } else { "" });
            prop_assert_eq!(text.parse::<Amount>().is_ok(), text.parse::<f64>().unwrap().is_finite(), "{}", text);
        }
    }

    #[test]
    fn a_double_survives_as_an_amount(number in any::<f64>().prop_filter("finite", |number| number.is_finite())) {
        prop_assert_eq!(Amount::try_from(number).unwrap().as_f64(), number);
    }

    #[test]
    fn an_amount_leaves_as_it_came_in(amount in amount()) {
        let json = serde_json::to_string(&amount).unwrap();
        prop_assert_eq!(&json, amount.as_str());
        prop_assert_eq!(serde_json::from_str::<Amount>(&json).unwrap(), amount);
    }

    #[test]
    fn a_time_reads_back_as_it_was_written(millis in Timestamp::MIN.unix_millis()..=Timestamp::MAX.unix_millis()) {
        let at = Timestamp::from_unix_millis(millis);
        let text = at.to_string();
        prop_assert_eq!((text.len(), text.parse::<Timestamp>()), (24, Ok(at)));
    }

    #[test]
    fn later_times_sort_after_earlier_ones_as_text_too(a: i64, b: i64) {
        let (a, b) = (Timestamp::from_unix_millis(a), Timestamp::from_unix_millis(b));
        prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
    }

    #[test]
    fn an_update_arrives_as_it_was_sent(update in update(), at in 0..=u64::MAX) {
        let signer = Signer::new(Key::new("k").unwrap());
        let body = update.encode().unwrap();
        let signature = signer.sign_at(at, &body);
        let keys = KeyRing::new(Key::new("k").unwrap());
        let header = at.to_string();
        let body = sign::verify(&keys, body, &signature, Some(&header), at, TimestampPolicy::Required).unwrap();
        prop_assert_eq!(Update::decode(&body).unwrap(), update);
    }

    #[test]
    fn a_transfer_arrives_as_it_was_sent(transfer in transfer()) {
        let frame = ServerMessage::encode_status(&transfer);
        prop_assert_eq!(ServerMessage::decode(&frame).unwrap(), ServerMessage::Status(transfer));
    }

    #[test]
    fn a_signature_holds_for_its_transfer_until_it_expires(
        id in transfer_id(), merchant in "\\PC{1,128}", expiry in 0..99_999_999_999_u64, before: u64,
    ) {
        let key = Key::new("k").unwrap();
        let claims = Claims::new(id.clone(), merchant, expiry).unwrap();
        let signature = signature::mint(&key, &claims);
        let verify = |now| signature::verify(&KeyRing::new(key.clone()), &signature, &id, now);
        prop_assert_eq!(verify(before.min(expiry)), Ok(claims.clone()));
        prop_assert_eq!(verify(expiry + 1), Err(signature::SubscriptionError::Expired));
        let payload = QrPayload::new("https://pay.example", id, signature.clone()).unwrap();
        let scanned: QrPayload = payload.to_string().parse().unwrap();
        prop_assert_eq!(scanned.signature().expose(), signature.expose());
    }

    #[test]
    fn one_changed_character_breaks_a_signature(at in 0_usize..135, to in "[A-Za-z0-9+/=._-]") {
        let key = Key::new("k").unwrap();
        let id = TransferId::new("transfer-123").unwrap();
        let minted = signature::mint(&key, &Claims::new(id.clone(), "m", 9_999_999_999).unwrap());
        let mut text = minted.expose().to_owned();
        let at = at % text.len();
        prop_assume!(text.get(at..=at) != Some(to.as_str()));
        text.replace_range(at..=at, &to);
        let changed = Signature::new(text).unwrap();
        prop_assert!(signature::verify(&KeyRing::new(key), &changed, &id, 0).is_err());
    }
}
