//! What a verified update may hold, at and just past each limit.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use transfer_status_protocol::sign::{self, Key, KeyRing, Signer, TimestampPolicy, Verified};
use transfer_status_protocol::update::{InvalidUpdate, MAX_UPDATE_BYTES};
use transfer_status_protocol::{
    Amount, DecodeError, ErrorCode, Metadata, Patch, Status, Transfer, TransferId, Update,
};

fn id() -> TransferId {
    TransferId::new("transfer-123").unwrap()
}

fn key(secret: &str) -> Key {
    Key::new(secret).unwrap()
}

fn verified(body: impl Into<Vec<u8>>) -> Verified<Vec<u8>> {
    let body = body.into();
    let mac = Signer::new(key("k")).sign(&body);
    sign::verify(
        &KeyRing::new(key("k")),
        body,
        &mac,
        None,
        0,
        TimestampPolicy::Optional,
    )
    .unwrap()
}

fn decode(body: impl Into<Vec<u8>>) -> Result<Update, DecodeError> {
    Update::decode(&verified(body))
}

/// An update whose further fields are `rest`.
fn decode_with(rest: &str) -> Result<Update, DecodeError> {
    decode(format!(
        r#"{{"transferId":"transfer-123","status":"processing",{rest}}}"#
    ))
}

fn nested(levels: usize) -> String {
    format!(
        r#"{}{}{}"#,
        r#"{"a":"#.repeat(levels - 1),
        "{}",
        "}".repeat(levels - 1)
    )
}

#[test]
fn an_absent_field_is_kept_null_removes_and_a_value_sets() {
    let update = decode_with(r#""message":null,"merchantId":"m","futureField":[1]"#).unwrap();
    assert_eq!(update.message, Patch::Remove);
    assert_eq!(update.merchant_id, Patch::Set("m".to_owned()));
    assert_eq!(update.amount, Patch::Keep);

    let mut message = Some("before".to_owned());
    update.message.clone().apply(&mut message);
    assert_eq!(message, None);

    let body = update.encode().unwrap();
    let expected = br#"{"transferId":"transfer-123","status":"processing","message":null,"merchantId":"m"}"#;
    assert_eq!(body, expected);
    assert_eq!(decode(body), Ok(update));
}

#[test]
fn an_update_says_which_version_it_builds_on_as_an_integer_from_0() {
    for (rest, expected) in [
        (r#""ifVersion":0"#, Some(0)),
        (r#""ifVersion":7"#, Some(7)),
        (r#""ifVersion":18446744073709551615"#, Some(u64::MAX)),
        (r#""ifVersion":null"#, None),
        (r#""message":"m""#, None),
    ] {
        assert_eq!(decode_with(rest).unwrap().if_version, expected, "{rest}");
    }
    for value in [
        "-1",
        "1.0",
        "1e0",
        "1.5",
        r#""1""#,
        "true",
        "[1]",
        "{}",
        "18446744073709551616",
    ] {
        let error = decode_with(&format!(r#""ifVersion":{value}"#)).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("ifVersion is not valid; send the version"),
            "{value}: {error}"
        );
        assert_eq!(error.code(), ErrorCode::BadRequest, "{value}");
    }
    let update = Update::new(id(), Status::Processing).with_if_version(2);
    assert_eq!(decode(update.encode().unwrap()), Ok(update));
}

#[test]
fn an_update_needs_an_id_and_a_status_that_may_be_set() {
    for (body, field) in [
        (r#"{"status":"pending"}"#, "transferId is missing"),
        (
            r#"{"transferId":null,"status":"pending"}"#,
            "transferId is missing",
        ),
        (
            r#"{"transferId":"../x","status":"pending"}"#,
            "transferId is not valid",
        ),
        (r#"{"transferId":"t"}"#, "status is missing"),
        (r#"{"transferId":"t","status":null}"#, "status is missing"),
        (r#"{"transferId":"t","status":"refunded"}"#, "status is not valid"),
        (
            r#"{"transferId":"t","status":"COMPLETED"}"#,
            "status is not valid",
        ),
        (
            r#"{"transferId":"t","status":["pending"]}"#,
            "status is not valid",
        ),
    ] {
        let error = decode(body).unwrap_err();
        assert!(error.to_string().starts_with(field), "{body}: {error}");
        assert_eq!(error.code(), ErrorCode::BadRequest);
    }
    let update = Update::new(id(), Status::from_name("refunded"));
    assert_eq!(update.encode(), Err(InvalidUpdate::UnknownStatus));
}

#[test]
fn a_field_given_twice_is_refused_whether_or_not_it_is_spelled_with_escapes() {
    assert_eq!(decode_with(r#""status":"failed""#), Err(DecodeError::NotAnObject));
    assert_eq!(
        decode_with(r#""stat\u0075s":"failed""#),
        Err(DecodeError::NotAnObject)
    );
    assert_eq!(
        decode_with(r#""message":null,"message":null"#),
        Err(DecodeError::NotAnObject)
    );
}

#[test]
fn only_one_whole_object_in_utf8_is_an_update() {
    assert_eq!(
        decode(*b"{\"transferId\":\"t\",\"status\":\"failed\",\"x\":\"\xff\"}"),
        Err(DecodeError::NotUtf8)
    );
    assert_eq!(
        decode(r#"["t","failed",null,null,null,null,null]"#),
        Err(DecodeError::NotAnObject)
    );
    for text in [
        "",
        "\u{feff}{}",
        "{}{}",
        r#"{"transferId":"t","status":"failed"}x"#,
        "{'a':1}",
        "\0",
    ] {
        assert!(
            matches!(decode(text), Err(DecodeError::NotJson { .. })),
            "{text:?}"
        );
    }
}

#[test]
fn a_message_has_up_to_1024_characters_whatever_their_bytes() {
    let longest = "é".repeat(1024);
    let update = decode_with(&format!(r#""message":"{longest}""#)).unwrap();
    assert_eq!(update.message, Patch::Set(longest.clone()));
    let over = decode_with(&format!(r#""message":"{longest}é""#)).unwrap_err();
    assert!(
        over.to_string()
            .starts_with("message is not valid; send a string of up to 1,024"),
        "{over}"
    );
    let unsent = Update::new(id(), Status::Failed)
        .with_message(longest + "é")
        .encode();
    assert_eq!(unsent, Err(InvalidUpdate::MessageTooLong));
    assert!(
        decode_with(r#""message":"\ud800""#).is_err(),
        "a lone surrogate is no text"
    );
}

#[test]
fn the_ids_of_merchant_and_customer_have_1_to_128_characters() {
    for (field, refused) in [
        ("merchantId", InvalidUpdate::MerchantId),
        ("customerId", InvalidUpdate::CustomerId),
    ] {
        for (length, taken) in [(0, false), (1, true), (128, true), (129, false)] {
            let text = "é".repeat(length);
            assert_eq!(
                decode_with(&format!(r#""{field}":"{text}""#)).is_ok(),
                taken,
                "{field} of {length}"
            );
            let update = Update::new(id(), Status::Failed);
            let update = if field == "merchantId" {
                update.with_merchant_id(text)
            } else {
                update.with_customer_id(text)
            };
            assert_eq!(
                update.encode().err(),
                (!taken).then_some(refused),
                "{field} of {length}"
            );
        }
    }
}

#[test]
fn metadata_has_up_to_8_kib_and_16_levels() {
    let of_size = |bytes: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - 8));
    for (json, taken) in [
        (of_size(8192), true),
        (of_size(8193), false),
        (nested(16), true),
        (nested(17), false),
        (nested(3000), false),
        (r#"{"a":"\"[[[[[[[[[[[[[[[[[[{{{{{{{{{"}"#.to_owned(), true),
        ("[]".to_owned(), false),
        (r#""x""#.to_owned(), false),
        (r#"{"a":"\ud800"}"#.to_owned(), false),
        (r#"{"a":1e400}"#.to_owned(), false),
    ] {
        let start = json.get(..json.len().min(40)).unwrap();
        assert_eq!(Metadata::from_json(&json).is_ok(), taken, "{start}");
        assert_eq!(
            decode_with(&format!(r#""metadata":{json}"#)).is_ok(),
            taken,
            "{start}"
        );
    }
}

#[test]
fn metadata_read_from_a_server_that_allows_more_can_be_shown_but_not_sent_on() {
    let text = format!(
        r#"{{"id":"t","status":"failed","updatedAt":"2024-01-15T10:30:00Z","metadata":{}}}"#,
        nested(17)
    );
    let metadata = Transfer::decode(&text).unwrap().metadata.unwrap();
    assert!(metadata.to_value().is_object());
    let update = Update::new(id(), Status::Failed).with_metadata(metadata);
    assert!(matches!(update.encode(), Err(InvalidUpdate::Metadata(_))));
}

#[test]
fn metadata_is_equal_when_it_means_the_same() {
    let metadata = |json| Metadata::from_json(json).unwrap();
    let one = metadata(r#"{"a":[1,{"b":null}],"c":"é","n":12.10}"#);
    assert_eq!(
        one,
        metadata(r#"{ "n":1.21e1, "c":"\u00e9", "a":[1.0, {"b": null}] }"#)
    );
    for other in [
        r#"{"a":[1,{"b":null}],"c":"é","n":12.100000000000000001}"#,
        r#"{"a":[{"b":null},1],"c":"é","n":12.1}"#,
        r#"{"a":[1,{"b":null}],"c":"e","n":12.1}"#,
        r#"{"a":[1,{"b":false}],"c":"é","n":12.1}"#,
        r#"{"a":[1,{"b":null}],"c":"é"}"#,
    ] {
        assert_ne!(one, metadata(other), "{other}");
    }
}

#[test]
fn an_update_has_up_to_16_kib() {
    let padded = |bytes: usize| format!("{:<bytes$}", r#"{"transferId":"t","status":"failed"}"#);
    assert!(decode(padded(MAX_UPDATE_BYTES)).is_ok());
    let error = decode(padded(MAX_UPDATE_BYTES + 1)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::TooLarge);

    let largest = Update::new(TransferId::new("x".repeat(128)).unwrap(), Status::Processing)
        .with_message("\u{1}".repeat(1024))
        .with_amount("1".repeat(64).parse().unwrap())
        .with_merchant_id("\u{1}".repeat(128))
        .with_customer_id("\u{1}".repeat(128))
        .with_metadata(Metadata::from_json(&format!(r#"{{"a":"{}"}}"#, "x".repeat(8184))).unwrap())
        .with_if_version(u64::MAX);
    let body = largest.encode().unwrap();
    assert_eq!(decode(body), Ok(largest), "what may be built fits");
}

#[test]
fn an_amount_is_exact_or_refused() {
    for text in [
        "0",
        "-0",
        "12.10",
        "9007199254740993",
        "0.1000000000000000055",
        "-1.5E-7",
        "1e308",
        "1e-400",
    ] {
        let amount: Amount = text.parse().unwrap();
        assert_eq!(amount.as_str(), text);
        assert_eq!(serde_json::to_string(&amount).unwrap(), text);
        assert_eq!(
            decode_with(&format!(r#""amount":{text}"#)).unwrap().amount,
            Patch::Set(amount)
        );
    }
    let (longest, too_long) = ("1".repeat(64), "1".repeat(65));
    assert!(longest.parse::<Amount>().is_ok());
    for text in [
        "",
        "-",
        "01",
        "1.",
        ".5",
        "+1",
        "1e",
        "1e+",
        " 1",
        "1 ",
        "0x1",
        "NaN",
        "Infinity",
        "1_0",
        "１",
        "1e400",
        "-1e400",
        "1e99999999999999999999",
        "1e-99999999999999999999",
        &too_long,
    ] {
        assert!(text.parse::<Amount>().is_err(), "{text:?}");
    }
    for json in [r#""12""#, "true", "[]", "{}", "1e400", &too_long] {
        assert!(decode_with(&format!(r#""amount":{json}"#)).is_err(), "{json}");
    }
    assert!(Amount::try_from(f64::NAN).is_err());
    assert_eq!(Amount::try_from(f64::MAX).unwrap().as_f64(), f64::MAX);
    assert_eq!(Amount::from(u64::MAX).as_str(), "18446744073709551615");
}
