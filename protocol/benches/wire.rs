//! What messages and signatures cost, beside what others need for the same: ring for the MACs, a bare serde_json into the
//! same fields for the decoder. `cargo bench -p transfer-status-protocol --bench wire --all-features`.
//!
//! The fastest of many samples is what to compare: the rest is the machine's.
#![allow(clippy::unwrap_used, reason = "a bench that cannot begin ends")]

use divan::{AllocProfiler, Bencher, black_box};
use serde::Deserialize;
use serde_json::{Map, Value};
use transfer_status_protocol::sign::{self, Key, KeyRing, Signer, TimestampPolicy};
use transfer_status_protocol::signature::{self, Claims};
use transfer_status_protocol::{Amount, ServerMessage, Status, Timestamp, TransferId};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

const SECRET: &str = "a secret of thirty-two characters";
const NOW: u64 = 1_732_320_000;
const STATUS: &str = r#"{"type":"status","transfer":{"id":"06af11bf-b4f2-4a9a-92fa-d282a05a7a88","status":"processing","message":"The bank has it","amount":129.95,"merchantId":"merchant-7","customerId":"customer-42","updatedAt":"2024-01-15T10:30:00.000Z","metadata":{"currency":"EUR","reference":"A-1042"},"version":2}}"#;

fn key() -> Key {
    Key::new(SECRET).unwrap()
}

fn body() -> Vec<u8> {
    let mut body = br#"{"transferId":"transfer-123","status":"completed","message":""#.to_vec();
    body.resize(254, b'x');
    body.extend_from_slice(b"\"}");
    body
}

mod sign_256_bytes {
    use super::*;

    #[divan::bench]
    fn ours(bencher: Bencher) {
        let (signer, body) = (Signer::new(key()), body());
        bencher.bench_local(|| signer.sign(black_box(&body)));
    }

    #[divan::bench]
    fn ring(bencher: Bencher) {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
        let body = body();
        bencher.bench_local(|| {
            base16ct::lower::encode_string(ring::hmac::sign(&key, black_box(&body)).as_ref())
        });
    }
}

mod verify_256_bytes {
    use super::*;

    #[divan::bench]
    fn ours(bencher: Bencher) {
        let (keys, body) = (KeyRing::new(key()), body());
        let signed = Signer::new(key()).sign(&body);
        bencher.bench_local(|| {
            sign::verify(
                &keys,
                black_box(&body),
                black_box(&signed),
                None,
                NOW,
                TimestampPolicy::Optional,
            )
            .is_ok()
        });
    }

    #[divan::bench]
    fn ring(bencher: Bencher) {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
        let body = body();
        let signed = Signer::new(super::key()).sign(&body);
        bencher.bench_local(|| {
            let mut mac = [0; 32];
            let mac = base16ct::mixed::decode(black_box(&signed), &mut mac).unwrap();
            ring::hmac::verify(&key, black_box(&body), mac).is_ok()
        });
    }
}

mod subscription {
    use super::*;

    fn claims() -> Claims {
        Claims::new(TransferId::new("transfer-123").unwrap(), "merchant-7", NOW).unwrap()
    }

    #[divan::bench]
    fn mint(bencher: Bencher) {
        let (key, claims) = (key(), claims());
        bencher.bench_local(|| signature::mint(&key, black_box(&claims)));
    }

    #[divan::bench]
    fn verify(bencher: Bencher) {
        let (keys, claims) = (KeyRing::new(key()), claims());
        let signature = signature::mint(&key(), &claims);
        bencher.bench_local(|| {
            signature::verify(&keys, black_box(&signature), claims.transfer_id(), NOW).is_ok()
        });
    }
}

mod status_message {
    use super::*;

    /// The same fields, of the same types, by serde alone.
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[allow(dead_code, reason = "reading them is what is measured")]
    struct Bare {
        r#type: String,
        transfer: BareTransfer,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[allow(dead_code, reason = "reading them is what is measured")]
    struct BareTransfer {
        id: TransferId,
        status: Status,
        message: Option<String>,
        amount: Option<Amount>,
        merchant_id: Option<String>,
        customer_id: Option<String>,
        updated_at: Timestamp,
        metadata: Option<Map<String, Value>>,
        version: Option<u64>,
    }

    #[divan::bench]
    fn decode() -> ServerMessage {
        ServerMessage::decode(black_box(STATUS)).unwrap()
    }

    #[divan::bench]
    fn decode_by_serde_json() -> bool {
        serde_json::from_str::<Bare>(black_box(STATUS)).is_ok()
    }

    #[divan::bench]
    fn encode(bencher: Bencher) {
        let Ok(ServerMessage::Status(transfer)) = ServerMessage::decode(STATUS) else {
            unreachable!("it is a status")
        };
        bencher.bench_local(|| ServerMessage::encode_status(black_box(&transfer)));
    }
}
