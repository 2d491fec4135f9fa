//! What must hold for any bytes: one function a target, run by libFuzzer (`protocol/fuzz`) and, over the committed corpus,
//! by the tests.
#![allow(clippy::unwrap_used, reason = "a target says by a panic what does not hold")]

use base64::prelude::{BASE64_STANDARD, Engine};
use serde::de::IgnoredAny;
use serde_json::Value;
use transfer_status_protocol::endpoint::Endpoint;
use transfer_status_protocol::sign::{self, Key, KeyRing, Signer, TimestampPolicy, Verified};
use transfer_status_protocol::signature::{self, Claims};
use transfer_status_protocol::{
    ClientMessage, ErrorBody, QrPayload, ServerMessage, Signature, TransferId, Update,
};
use url::{Host, Url};

/// A target: it panics where something does not hold.
pub(crate) type Target = fn(&[u8]);

/// All of them, by the name of their folder in `protocol/fuzz/corpus`.
pub(crate) const ALL: &[(&str, Target)] = &[
    ("message", message),
    ("update", update),
    ("update_signature", update_signature),
    ("subscription", subscription),
    ("qr", qr),
    ("address", address),
];

const NOW: u64 = 1_732_320_000;

fn key() -> Key {
    Key::new("a key that only this test knows").unwrap()
}

fn keys() -> KeyRing {
    KeyRing::new(key())
}

/// A message of either side: what is taken is JSON, is written as it was understood, and is then read as the same.
pub(crate) fn message(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(message) = ServerMessage::decode(text) {
        assert!(is_object(text));
        assert_eq!(ServerMessage::decode(&message.encode()).unwrap(), message);
    }
    if let Ok(message) = ClientMessage::decode(text) {
        assert!(is_object(text));
        assert_eq!(
            ClientMessage::decode(&message.encode()).unwrap().encode(),
            message.encode()
        );
    }
    if let Ok(body) = ErrorBody::decode(text) {
        assert_eq!(ErrorBody::decode(&body.encode()).unwrap().code, body.code);
    }
}

/// Whether it is one JSON object, however large the numbers in it are.
fn is_object(text: &str) -> bool {
    text.trim_start().starts_with('{') && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// The body of an update: what is taken is within PROTOCOL.md's limits, and is sent on unchanged.
pub(crate) fn update(data: &[u8]) {
    let Ok(update) = Update::decode(&Verified::by_caller(data)) else {
        return;
    };
    assert!(data.len() <= 16 * 1_024, "section 6: a body is up to 16 KiB");
    // A value cannot hold half an emoji or 1e400, and where nobody reads such a field they are valid JSON.
    if let Ok(sent) = serde_json::from_slice::<Value>(data) {
        assert_eq!(sent["transferId"], update.transfer_id.as_str());
        assert_eq!(sent["status"], update.status.as_str());
    }
    if let Some(message) = update.message.value() {
        assert!(message.chars().count() <= 1_024);
    }
    for party in [&update.merchant_id, &update.customer_id] {
        assert!(
            party
                .value()
                .is_none_or(|id| (1..=128).contains(&id.chars().count()))
        );
    }
    let again = update.encode().unwrap();
    assert_eq!(Update::decode(&Verified::by_caller(again)).unwrap(), update);
}

/// The headers of an update: `<signature>\n<timestamp>\n<body>`. Nothing but the right MAC is ever right, and the right one
/// is right within 300 s of its time.
pub(crate) fn update_signature(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let mut parts = text.splitn(3, '\n');
    let (Some(mac), Some(timestamp), Some(body)) = (parts.next(), parts.next(), parts.next()) else {
        return;
    };
    let timestamp = (!timestamp.is_empty()).then_some(timestamp);
    let signer = Signer::new(key());
    let signed = match timestamp {
        Some(timestamp) => signer.sign(&[timestamp.as_bytes(), b".", body.as_bytes()].concat()),
        None => signer.sign(body.as_bytes()),
    };
    let is_right = mac.eq_ignore_ascii_case(&signed);
    let judge =
        |mac: &str| sign::verify(&keys(), body, mac, timestamp, NOW, TimestampPolicy::Optional).is_ok();
    assert!(!judge(mac) || is_right, "a wrong MAC was taken");
    let is_fresh = match timestamp {
        None => true,
        Some(timestamp) => {
            !timestamp.starts_with('+') && timestamp.parse::<u64>().is_ok_and(|at| at.abs_diff(NOW) <= 300)
        }
    };
    assert_eq!(judge(&signed), is_fresh, "{timestamp:?}");
}

/// A subscription signature: as text of a stranger, and as a payload that a key holder has signed.
pub(crate) fn subscription(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let transfer = TransferId::new("transfer-123").unwrap();
    if let Ok(signature) = Signature::new(text) {
        assert!(
            signature::verify(&keys(), &signature, &transfer, NOW).is_err(),
            "a stranger's text was taken"
        );
    }
    let Ok(signature) = Signature::new(signature::seal(&key(), text)) else {
        return;
    };
    let Ok(claims) = signature::verify(&keys(), &signature, &transfer, NOW) else {
        return;
    };
    // As in an update, a value cannot hold what stands in a field that nobody reads.
    let Ok(payload) = serde_json::from_str::<Value>(text) else {
        return;
    };
    assert_eq!(payload["transferRequestId"], "transfer-123");
    assert_eq!(payload["merchantId"], claims.merchant_id());
    let expiry = payload["expiry"].as_f64().unwrap();
    assert!(
        expiry >= NOW as f64 && expiry < 1e11,
        "section 3: valid while now <= expiry, in seconds"
    );
    assert_eq!(claims.expiry(), expiry.trunc() as u64);
    let minted = signature::mint(&key(), &claims);
    assert_eq!(
        signature::verify(&keys(), &minted, &transfer, NOW).unwrap(),
        claims
    );
}

/// A QR payload as it was scanned, and one of each form, made of the bytes: what is written is read as the same.
pub(crate) fn qr(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(payload) = text.parse::<QrPayload>() {
        let again: QrPayload = payload.to_string().parse().unwrap();
        assert_eq!(again.transfer_id(), payload.transfer_id());
        assert_eq!(again.page(), payload.page());
        assert_eq!(again.signature().expose(), payload.signature().expose());
    }
    let transfer = TransferId::new("transfer-123").unwrap();
    let written = |signature: Signature| {
        let payload = QrPayload::new("https://pay.example", transfer.clone(), signature).unwrap();
        let text = payload.to_string();
        let read: QrPayload = text.parse().unwrap();
        assert_eq!(read.signature().expose(), payload.signature().expose());
        text
    };
    if let Ok(claims) = Claims::new(transfer.clone(), text, NOW) {
        let short = written(signature::mint(&key(), &claims));
        assert!(short.contains("#m="), "what was minted here has the short form");
    }
    if let Ok(signature) = Signature::new(signature::seal(&key(), text)) {
        written(signature);
    }
    // Another's base64 of another's JSON: it may be told apart from ours by a single bit.
    if let Ok(signature) = Signature::new(format!("{}.{}", BASE64_STANDARD.encode(data), "A".repeat(43))) {
        written(signature);
    }
}

/// The address of a service: a URL parser of somebody else finds the same host in it, and it has nothing to hide; plain
/// text goes to private networks only (section 9).
pub(crate) fn address(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(endpoint) = Endpoint::parse(text) else {
        return;
    };
    if text.to_ascii_lowercase().contains("xn--") {
        // Whether a name in punycode stands for one in Unicode is DNS's to know.
        return;
    }
    let url = Url::parse(text).unwrap();
    assert!(url.username().is_empty() && url.password().is_none());
    assert!(url.query().is_none() && url.fragment().is_none());
    let socket = Url::parse(&endpoint.socket("/ws/a")).unwrap();
    assert_eq!(socket.host(), url.host());
    assert!(socket.path().ends_with("/ws/a"));
    match url.scheme() {
        "https" | "wss" => assert_eq!(socket.scheme(), "wss"),
        _ => assert!(is_private(url.host().unwrap()), "{text} in plain text"),
    }
}

fn is_private(host: Host<&str>) -> bool {
    match host {
        Host::Ipv4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        Host::Ipv6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
        Host::Domain(name) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            !name.contains('.')
                || ["localhost", "local", "internal", "home.arpa"]
                    .iter()
                    .any(|zone| {
                        name.strip_suffix(zone)
                            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
                    })
        }
    }
}
