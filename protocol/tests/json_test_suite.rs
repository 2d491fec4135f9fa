//! JSONTestSuite (<https://github.com/nst/JSONTestSuite>, MIT): what every reader of JSON must take and must refuse, as the
//! metadata of an update and of a status. Two of its files are left out for their size, and made here.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use transfer_status_protocol::{ClientMessage, ServerMessage};

#[derive(Deserialize)]
struct Suite {
    files: BTreeMap<String, String>,
}

/// Name to bytes. The first letter says whether it has to be taken (`y`), refused (`n`), or may be either (`i`).
fn files() -> BTreeMap<String, Vec<u8>> {
    let suite: Suite = serde_json::from_str(include_str!("json-test-suite/test_parsing.json")).unwrap();
    let decoded = suite
        .files
        .into_iter()
        .map(|(name, text)| (name, STANDARD.decode(text).unwrap()));
    let mut files: BTreeMap<_, _> = decoded.collect();
    files.insert(
        "n_structure_100000_opening_arrays.json".to_owned(),
        b"[".repeat(100_000),
    );
    files.insert(
        "n_structure_open_array_object.json".to_owned(),
        b"[{\"\":".repeat(50_000),
    );
    files
}

/// `file` as the value of a member, between what is right.
fn around(before: &str, file: &[u8], after: &str) -> Vec<u8> {
    [before.as_bytes(), file, after.as_bytes()].concat()
}

fn status(file: &[u8]) -> Vec<u8> {
    around(
        r#"{"type":"status","transfer":{"id":"t","status":"pending","updatedAt":"2024-01-15T10:30:00.000Z","metadata":{"x":"#,
        file,
        "}}}",
    )
}

/// Holds `takes` to the suite, and gives how many it has to take, has to refuse, and may do as it likes with.
fn hold(takes: impl Fn(&[u8]) -> bool) -> [usize; 3] {
    let mut counts = [0; 3];
    let mut wrong = Vec::new();
    for (name, file) in files() {
        let taken = takes(&file);
        let (place, is_right) = match name.as_bytes().first() {
            Some(b'y') => (0, taken),
            Some(b'n') => (1, !taken),
            _ => (2, true),
        };
        counts[place] += 1;
        if !is_right {
            wrong.push(name);
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    counts
}

const ALL: [usize; 3] = [95, 188, 35];

#[test]
fn a_status_takes_what_is_json_and_refuses_what_is_not() {
    let takes = |file: &[u8]| {
        let text = String::from_utf8(status(file));
        // A socket delivers no text frame that is not UTF-8.
        text.is_ok_and(|text| ServerMessage::decode(&text).is_ok())
    };
    assert_eq!(hold(takes), ALL);
}

#[cfg(feature = "hmac")]
#[test]
fn an_update_takes_what_is_json_and_refuses_what_is_not() {
    use transfer_status_protocol::Update;
    use transfer_status_protocol::sign::Verified;

    let takes = |file: &[u8]| {
        let body = around(
            r#"{"transferId":"t","status":"pending","metadata":{"x":"#,
            file,
            "}}",
        );
        Update::decode(&Verified::by_caller(body)).is_ok()
    };
    assert_eq!(hold(takes), ALL);
}

#[test]
fn no_file_of_the_suite_is_a_message_of_a_client() {
    for (name, file) in files() {
        let text = String::from_utf8_lossy(&file);
        assert!(ClientMessage::decode(&text).is_err(), "{name}");
    }
}
