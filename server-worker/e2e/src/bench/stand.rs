//! A service that is nothing but sockets: it accepts every watcher, tells the first status, answers pings, and at each line
//! on its standard input tells everybody of the next version. It ends with its input.

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// Prints its address, then serves.
pub(crate) async fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    println!("http://{address}");
    let version = watch::Sender::new(1_u64);
    let mut orders = BufReader::new(tokio::io::stdin()).lines();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (tcp, _) = accepted.expect("as many files may be open as there are watchers");
                tokio::spawn(watcher(tcp, version.subscribe()));
            }
            order = orders.next_line() => match order {
                Ok(Some(_)) => version.send_modify(|version| *version += 1),
                _ => return,
            }
        }
    }
}

/// One watcher's socket, until it is gone.
async fn watcher(tcp: TcpStream, mut version: watch::Receiver<u64>) {
    let mut id = String::new();
    #[allow(clippy::result_large_err, reason = "the shape of tungstenite's callback")]
    let answer = |request: &Request, mut response: Response| {
        id = request
            .uri()
            .path()
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned();
        let protocol = "transfer-status.v1".parse().expect("a header's value");
        response.headers_mut().insert("sec-websocket-protocol", protocol);
        Ok(response)
    };
    let config = WebSocketConfig::default()
        .read_buffer_size(1_024)
        .write_buffer_size(0);
    let opening = tokio_tungstenite::accept_hdr_async_with_config(tcp, answer, Some(config));
    let Ok(mut socket) = opening.await else { return };
    version.mark_changed();
    loop {
        let said = tokio::select! {
            changed = version.changed() => match changed {
                Ok(()) => status(&id, *version.borrow_and_update()),
                Err(_) => return,
            },
            frame = socket.next() => match frame {
                Some(Ok(Message::Text(_))) => r#"{"type":"pong"}"#.to_owned(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                _ => return,
            },
        };
        if socket.send(Message::text(said)).await.is_err() {
            return;
        }
    }
}

fn status(id: &str, version: u64) -> String {
    format!(
        r#"{{"type":"status","transfer":{{"id":"{id}","status":"processing","amount":12.10,"merchantId":"merchant-7","updatedAt":"2024-01-15T10:30:{version:02}.000Z","version":{version}}}}}"#
    )
}
