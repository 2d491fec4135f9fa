//! The API of the service that this one replaces: its clients and backends, as they are in the field, beside ours.

mod proofs;
mod reads;
mod scans;
mod views;

use std::sync::OnceLock;

use serde_json::{Value, json};
use transfer_status::signature;
use transfer_status::{Key, TransferId};
use transfer_status_e2e::http::Answer;
use transfer_status_e2e::{
    HMAC_SECRET, Options, Payment, SUBSCRIBE_HMAC_SECRET, Said, Server, Socket, unix_seconds,
};

/// Ours, with the earlier API beside it.
fn field() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start(Options::default().variable("LEGACY_API", "on")))
}

/// Set up as the earlier service was: secrets under their names there, and scans with no proof.
fn moved() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let options = Options::default()
            .variable("HMAC_SECRET", "")
            .variable("UPDATE_HMAC", HMAC_SECRET)
            .variable("SUBSCRIBE_HMAC_SECRET", "")
            .variable("SUBSCRIBE_HMAC", SUBSCRIBE_HMAC_SECRET)
            .variable("REQUIRE_TIMESTAMP", "true")
            .variable("LEGACY_API", "on");
        Server::start(options.variable("LEGACY_OPEN_SCAN", "on"))
    })
}

fn seal(secret: &str, payload: &Value) -> String {
    signature::seal(&Key::new(secret).unwrap(), &payload.to_string())
}

/// What a backend of the field says.
fn payload(id: &TransferId, merchant: &str, status: &str) -> Value {
    json!({"transferRequestId": id.as_str(), "merchantId": merchant, "status": status})
}

/// Posts a token to `/update` or `/create`, as a backend of the field does.
async fn post(server: &Server, path: &str, secret: &str, payload: &Value) -> Answer {
    let body = json!({"token": seal(secret, payload)}).to_string();
    let headers = [("content-type", "application/json")];
    server.request("POST", path, &headers, body).await
}

async fn report(server: &Server, id: &TransferId, merchant: &str, status: &str) -> Answer {
    post(server, "/update", HMAC_SECRET, &payload(id, merchant, status)).await
}

/// The token that a merchant's backend hands to a client.
fn subscription(id: &TransferId, merchant: &str, expiry: u64) -> String {
    let payload = json!({"transferRequestId": id.as_str(), "merchantId": merchant, "expiry": expiry});
    seal(SUBSCRIBE_HMAC_SECRET, &payload)
}

fn valid(id: &TransferId, merchant: &str) -> String {
    subscription(id, merchant, unix_seconds() + 3600)
}

/// A watcher of the field, with the token raw in its URL.
async fn watcher(server: &Server, payment: &Payment<'_>) -> Socket {
    let token = valid(&payment.id, "merchant-7");
    Socket::open(
        server,
        &format!("/transfers/{}/ws?token={token}", payment.id),
        &[],
    )
    .await
}

/// The next frame as JSON.
async fn frame(socket: &mut Socket) -> Value {
    match socket.next().await {
        Said::Text(text) => serde_json::from_str(&text).unwrap(),
        Said::Closed(code) => panic!("closed with {code}"),
    }
}

/// The next frame's transfer as version and word.
async fn word(socket: &mut Socket) -> (u64, String) {
    let frame = frame(socket).await;
    assert_eq!(frame["type"], "status", "{frame}");
    let transfer = &frame["transfer"];
    let word = transfer["status"].as_str().unwrap().to_owned();
    (transfer["version"].as_u64().unwrap(), word)
}

async fn status(server: &Server, id: &TransferId, token: &str) -> Answer {
    server.get(&format!("/status?id={id}&token={token}"), &[]).await
}
