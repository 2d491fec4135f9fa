//! Transfers, amounts and metadata inside the types and formats that a user puts them into.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use transfer_status_protocol::{Amount, Metadata, Status, Transfer};

const FULL: &str = r#"{"id":"t1","status":"refunded","message":"m","amount":0.1000000000000000055,"merchantId":"é","customerId":"c","updatedAt":"2024-01-15T10:30:00.000Z","metadata":{"z":[1.10,{"a":null}],"b":"x"},"version":18446744073709551615}"#;
const BARE: &str = r#"{"id":"t1","status":"pending","updatedAt":"2024-01-15T10:30:00.000Z"}"#;
/// What a double cannot hold, nor an integer of 64 bits.
const LONG: &str = "12345678901234567890.10";

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Nested {
    transfer: Transfer,
    amounts: Vec<Amount>,
    maybe: Option<Amount>,
    metadata: Option<Metadata>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Flattened {
    shop: String,
    #[serde(flatten)]
    transfer: Transfer,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct FlattenedFields {
    #[serde(flatten)]
    money: Money,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Money {
    amount: Amount,
    metadata: Metadata,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Tagged {
    Status(Transfer),
    Money(Money),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "content", rename_all = "lowercase")]
enum Adjacent {
    Status(Transfer),
    Amount(Amount),
    Metadata(Metadata),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Status(Transfer),
    Money(Money),
    Amount(Amount),
    Metadata(Metadata),
}

fn full() -> Transfer {
    Transfer::decode(FULL).unwrap()
}

fn bare() -> Transfer {
    Transfer::decode(BARE).unwrap()
}

fn money(amount: &str) -> Money {
    Money {
        amount: amount.parse().unwrap(),
        metadata: Metadata::from_json(r#"{"z":[1.10,{"a":null}],"b":"x"}"#).unwrap(),
    }
}

/// The full transfer with an amount that a double holds, so that a buffered one is the same.
fn simple() -> Transfer {
    let mut transfer = full();
    transfer.amount = Some("12.10".parse().unwrap());
    transfer
}

#[test]
fn json_in_derived_types_is_exact_to_the_last_character() {
    let text =
        format!(r#"{{"transfer":{FULL},"amounts":[{LONG},1e2],"maybe":-0,"metadata":{{"a": {LONG}}}}}"#);
    let read: Nested = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), text);
    let from_bytes: Nested = serde_json::from_slice(text.as_bytes()).unwrap();
    let from_reader: Nested = serde_json::from_reader(text.as_bytes()).unwrap();
    for read in [from_bytes, from_reader] {
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }
    for text in [r#""12""#, "true", "null", "[1]", "{}", "1e400"] {
        assert!(serde_json::from_str::<Amount>(text).is_err(), "{text}");
    }
}

#[test]
fn a_transfer_stands_inside_flatten() {
    for transfer in [simple(), bare()] {
        let text = format!(r#"{{"shop":"s",{}"#, transfer.encode().strip_prefix('{').unwrap());
        let read: Flattened = serde_json::from_str(&text).unwrap();
        assert_eq!(read.transfer, transfer);
        let written = serde_json::to_string(&read).unwrap();
        assert_eq!(serde_json::from_str::<Flattened>(&written).unwrap(), read);
    }
    let read: FlattenedFields = serde_json::from_str(r#"{"amount":12.10,"metadata":{"a":1}}"#).unwrap();
    assert_eq!(read.money.amount.as_str(), "12.1");
}

#[test]
fn a_transfer_stands_inside_tagged_and_untagged_types() {
    for transfer in [simple(), bare()] {
        let fields = transfer.encode();
        let fields = fields.strip_prefix('{').unwrap();
        let tagged: Tagged = serde_json::from_str(&format!(r#"{{"type":"status",{fields}"#)).unwrap();
        assert_eq!(tagged, Tagged::Status(transfer.clone()));
        let late: Tagged = serde_json::from_str(&format!(
            r#"{{{},"type":"status"}}"#,
            fields.strip_suffix('}').unwrap()
        ))
        .unwrap();
        assert_eq!(late, tagged);

        let untagged: Untagged = serde_json::from_str(&format!("{{{fields}")).unwrap();
        assert_eq!(untagged, Untagged::Status(transfer.clone()));

        for content in [
            format!(r#"{{"type":"status","content":{{{fields}}}"#),
            format!(r#"{{"content":{{{fields},"type":"status"}}"#),
        ] {
            let adjacent: Adjacent = serde_json::from_str(&content).unwrap();
            assert_eq!(adjacent, Adjacent::Status(transfer.clone()));
        }
    }
}

#[test]
fn amounts_and_metadata_stand_inside_tagged_and_untagged_types() {
    let fields = r#""amount":12.10,"metadata":{"z":[1.10,{"a":null}],"b":"x"}"#;
    let tagged: Tagged = serde_json::from_str(&format!(r#"{{"type":"money",{fields}}}"#)).unwrap();
    assert_eq!(tagged, Tagged::Money(money("12.10")));
    let untagged: Untagged = serde_json::from_str(&format!("{{{fields}}}")).unwrap();
    assert_eq!(untagged, Untagged::Money(money("12.10")));

    for (text, read) in [
        ("12.10", "12.1"),
        ("-7", "-7"),
        ("18446744073709551615", "18446744073709551615"),
        ("-9223372036854775808", "-9223372036854775808"),
        // Beyond what serde buffers exactly, it is the nearest double, which is documented.
        (LONG, "12345678901234567000"),
    ] {
        let untagged: Untagged = serde_json::from_str(text).unwrap();
        assert_eq!(untagged, Untagged::Amount(read.parse().unwrap()), "{text}");
    }
    let untagged: Untagged = serde_json::from_str(r#"{"a":{"b":[]}}"#).unwrap();
    assert_eq!(
        untagged,
        Untagged::Metadata(Metadata::from_json(r#"{"a":{"b":[]}}"#).unwrap())
    );
    let exact: Adjacent = serde_json::from_str(&format!(r#"{{"type":"amount","content":{LONG}}}"#)).unwrap();
    assert_eq!(exact, Adjacent::Amount(LONG.parse().unwrap()));
    for wrong in ["true", "[1]", r#""a word""#] {
        assert!(serde_json::from_str::<Untagged>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_transfer_that_is_wrong_is_refused_inside_a_container_too() {
    for (fields, told) in [
        (r#""status":"pending","updatedAt":"2024-01-15T10:30:00Z""#, "id"),
        (
            r#""id":"a/b","status":"pending","updatedAt":"2024-01-15T10:30:00Z""#,
            "not a transfer id",
        ),
        (
            r#""id":"t","status":"pending","updatedAt":"yesterday""#,
            "RFC 3339",
        ),
        (
            r#""id":"t","status":"pending","updatedAt":"2024-01-15T10:30:00Z","amount":true"#,
            "a finite number",
        ),
        (
            r#""id":"t","status":"pending","updatedAt":"2024-01-15T10:30:00Z","metadata":[1]"#,
            "not a JSON object",
        ),
    ] {
        let tagged = serde_json::from_str::<Tagged>(&format!(r#"{{"type":"status",{fields}}}"#));
        let error = tagged.unwrap_err().to_string();
        assert!(error.contains(told), "{fields}: {error}");
    }
}

#[test]
fn a_value_of_serde_json_can_be_read_from_and_written_to() {
    let value = serde_json::to_value(simple()).unwrap();
    assert_eq!(value["amount"], 12.1);
    assert_eq!(serde_json::from_value::<Transfer>(value).unwrap(), simple());
}

/// By the fields' names.
fn named<T: Serialize + DeserializeOwned>(value: &T) -> T {
    rmp_serde::from_slice(&rmp_serde::to_vec_named(value).unwrap()).unwrap()
}

/// With no names: a field is known by its place.
fn in_order<T: Serialize + DeserializeOwned>(value: &T) -> T {
    rmp_serde::from_slice(&rmp_serde::to_vec(value).unwrap()).unwrap()
}

#[test]
fn a_binary_format_keeps_every_field_exact() {
    for transfer in [full(), bare()] {
        let nested = Nested {
            transfer: transfer.clone(),
            amounts: vec![LONG.parse().unwrap()],
            maybe: None,
            metadata: transfer.metadata.clone(),
        };
        for read in [named(&nested), in_order(&nested)] {
            assert_eq!(read.transfer.encode(), transfer.encode());
            assert_eq!(read.amounts[0].as_str(), LONG);
            assert_eq!(read, nested);
        }
    }
}

#[test]
fn a_binary_format_and_buffering_types_go_together() {
    for transfer in [full(), bare()] {
        let untagged = Untagged::Status(transfer.clone());
        assert_eq!(named(&untagged), untagged);
        assert_eq!(in_order(&untagged), untagged);
        let tagged = Tagged::Status(transfer.clone());
        assert_eq!(named(&tagged), tagged);
        let flattened = Flattened {
            shop: "s".to_owned(),
            transfer,
        };
        assert_eq!(named(&flattened), flattened);
    }
    let untagged = Untagged::Money(money(LONG));
    assert_eq!(named(&untagged), untagged);
}

#[test]
fn a_status_of_the_future_keeps_its_name_in_every_container() {
    let Flattened { transfer, .. } = named(&Flattened {
        shop: String::new(),
        transfer: full(),
    });
    assert_eq!(transfer.status, Status::from_name("refunded"));
}
