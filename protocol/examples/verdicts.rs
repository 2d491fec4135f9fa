//! Says what this crate makes of inputs, for tests that hold another implementation to it.
//!
//! Each line on standard input is a question, a JSON array, and each line on standard output its answer, in JSON too:
//!
//! | question | answer |
//! |---|---|
//! | `["message", text]` | what the message says, beginning with its type; `["unknown"]`, `["invalid"]` |
//! | `["verify", signature, transferId, now]` | `["ok", merchantId, expiry]`, `["malformed"]`, `["wrong"]`, `["another"]`, `["expired"]` |
//! | `["mint", transferId, merchantId, expiry]` | `["ok", signature]`, `["invalid"]` |
//! | `["sign", body, timestamp or null]` | `["ok", signature]` |
//!
//! The key is always the same; times are Unix seconds, `updatedAt` and `at` in milliseconds.

use std::error::Error;
use std::io::{BufRead, Write, stdin, stdout};

use serde_json::{Value, json};
use transfer_status_protocol::sign::{Key, KeyRing, Signer};
use transfer_status_protocol::signature::{self, Claims, SubscriptionError};
use transfer_status_protocol::{ServerMessage, Signature, TransferId};

const SECRET: &str = "a key that only this test knows";

fn main() -> Result<(), Box<dyn Error>> {
    let key = Key::new(SECRET)?;
    let mut out = std::io::BufWriter::new(stdout().lock());
    for line in stdin().lock().lines() {
        let question: Vec<Value> = serde_json::from_str(&line?)?;
        let [what, arguments @ ..] = question.as_slice() else {
            return Err("a question has no name".into());
        };
        let text = |at: usize| arguments.get(at).and_then(Value::as_str).unwrap_or_default();
        let number = |at: usize| arguments.get(at).and_then(Value::as_u64);
        let answer = match what.as_str() {
            Some("message") => message(text(0))?,
            Some("verify") => {
                let transfer = TransferId::new(text(1))?;
                verify(&key, text(0), &transfer, number(2).ok_or("no time")?).to_string()
            }
            Some("mint") => mint(&key, text(0), text(1), number(2)).to_string(),
            Some("sign") => {
                let (signer, body) = (Signer::new(key.clone()), text(0).as_bytes());
                let signed = match number(1) {
                    Some(at) => signer.sign_at(at, body),
                    None => signer.sign(body),
                };
                json!(["ok", signed]).to_string()
            }
            _ => return Err(format!("no question: {what}").into()),
        };
        // Between the values of metadata there may be the end of a line, in JSON a space like another.
        writeln!(out, "{}", answer.replace(['\n', '\r'], " "))?;
    }
    Ok(out.flush()?)
}

/// Amount and metadata as they came, which a [`Value`] would not hold.
fn message(text: &str) -> serde_json::Result<String> {
    Ok(match ServerMessage::decode(text) {
        Ok(ServerMessage::Status(transfer)) => serde_json::to_string(&(
            "status",
            transfer.id,
            transfer.status,
            transfer.message,
            transfer.amount,
            transfer.merchant_id,
            transfer.customer_id,
            transfer.updated_at.unix_millis(),
            transfer.metadata,
            transfer.version,
        ))?,
        Ok(ServerMessage::Error(error)) => json!(["error", error.message]).to_string(),
        Ok(ServerMessage::Scan {
            transfer_id,
            scanned,
            at,
        }) => json!(["scan", transfer_id, scanned, at.unix_millis()]).to_string(),
        Ok(ServerMessage::Pong) => json!(["pong"]).to_string(),
        Ok(_) => json!(["unknown"]).to_string(),
        Err(_) => json!(["invalid"]).to_string(),
    })
}

fn verify(key: &Key, text: &str, transfer: &TransferId, now: u64) -> Value {
    let Ok(signature) = Signature::new(text) else {
        return json!(["malformed"]);
    };
    match signature::verify(&KeyRing::new(key.clone()), &signature, transfer, now) {
        Ok(claims) => json!(["ok", claims.merchant_id(), claims.expiry()]),
        Err(SubscriptionError::BadSignature) => json!(["wrong"]),
        Err(SubscriptionError::WrongTransfer) => json!(["another"]),
        Err(SubscriptionError::Expired) => json!(["expired"]),
        Err(_) => json!(["malformed"]),
    }
}

fn mint(key: &Key, transfer: &str, merchant: &str, expiry: Option<u64>) -> Value {
    let claims = TransferId::new(transfer)
        .ok()
        .zip(expiry)
        .and_then(|(transfer, expiry)| Claims::new(transfer, merchant, expiry).ok());
    match claims {
        Some(claims) => json!(["ok", signature::mint(key, &claims).expose()]),
        None => json!(["invalid"]),
    }
}
