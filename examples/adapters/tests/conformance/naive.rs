//! A negative control: the client that people write in ten minutes. A story that it passes proves little, so it must
//! fail most of them.

use std::io::Write;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// What it is called in the table.
pub(crate) const NAME: &str = "naive";
/// The argument by which this test plays it.
pub(crate) const FLAG: &str = "--naive-adapter";

/// Reads commands until stdin ends; it claims to be able to do everything.
pub(crate) async fn adapter() {
    let can = "watch refresh late-signature notice problem qr qr-write allow-plain-text causes upgrade-status signals roots \
               hint:online hint:offline hint:visible hint:foreground hint:networkChanged hint:suspend hint:resume";
    let can: Vec<&str> = can.split_whitespace().collect();
    say(json!({"event": "ready", "sdk": NAME, "can": can}));
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let command: Value = serde_json::from_str(&line).unwrap_or_default();
        if command["cmd"] == "watch" {
            tokio::spawn(async move {
                while watch(&command).await != Some(1000) {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                say(json!({"event": "closed", "watch": command["watch"], "outcome": "final"}));
            });
        }
    }
}

/// One socket, from its dial to its close code.
async fn watch(command: &Value) -> Option<u16> {
    let text = |name: &str| command[name].as_str().unwrap_or_default();
    say(json!({"event": "connection", "watch": command["watch"], "state": "connecting"}));
    let address = text("url").strip_prefix("http://")?;
    let mut request = format!("ws://{address}/ws/{}", text("transferId"))
        .into_client_request()
        .ok()?;
    let offered = format!(
        "transfer-status.v1, signature.{}",
        URL_SAFE_NO_PAD.encode(text("signature"))
    );
    request
        .headers_mut()
        .insert("sec-websocket-protocol", offered.parse().ok()?);
    let stream = TcpStream::connect(address).await.ok()?;
    let (mut socket, _) = client_async(request, stream).await.ok()?;
    say(json!({"event": "connection", "watch": command["watch"], "state": "live"}));
    loop {
        match socket.next().await?.ok()? {
            Message::Text(text) => {
                let mut message: Value = serde_json::from_str(&text).ok()?;
                say(
                    json!({"event": "status", "watch": command["watch"], "transfer": message["transfer"].take()}),
                );
            }
            Message::Close(frame) => return frame.map(|frame| frame.code.into()),
            _ => {}
        }
    }
}

fn say(event: Value) {
    let mut out = std::io::stdout().lock();
    let _gone = writeln!(out, "{event}").and_then(|()| out.flush());
}
