//! Sockets whose client does not read: what waits for them is bounded, and who does read is not disturbed.

use transfer_status_e2e::{Options, Payment, Said, Server, Socket, until};
use transfer_status_protocol::message::{PING, PONG};

use crate::server;

/// Updates of 8 KB: more than the kernel keeps for a connection, and the server beside that.
const UPDATES: u64 = 800;
/// What the kernel keeps at most (`net.ipv4.tcp_wmem` as Linux sets it), and what the server does, with some frames more.
const MOST_BYTES: usize = 4 * 1024 * 1024 + 256 * 1024 + 64 * 1024;

/// Reports 8 KB.
async fn report(payment: &Payment<'_>, version: u64) {
    let padding = "x".repeat(7_900);
    let fields = format!(r#""status":"processing","message":"{version}","metadata":{{"x":"{padding}"}}"#);
    assert_eq!(payment.post(&fields).await.status, 200);
}

/// A watcher from this address whose connection holds little.
async fn narrow(server: &Server, payment: &Payment<'_>, address: &str) -> Socket {
    let offer = format!("transfer-status.v1, {}", payment.signature().to_protocol());
    let headers = [
        ("sec-websocket-protocol", offer.as_str()),
        ("cf-connecting-ip", address),
    ];
    Socket::open_narrow(server, &format!("/ws/{}", payment.id), &headers).await
}

/// Reads what was sent all along: how many bytes, and the close code.
async fn read_all(socket: &mut Socket) -> (usize, u16) {
    let mut bytes = 0;
    loop {
        match socket.next().await {
            Said::Text(text) if text == PONG => {}
            Said::Text(text) => bytes += text.len(),
            Said::Closed(code) => return (bytes, code),
        }
    }
}

#[tokio::test]
async fn who_never_reads_is_cut_off_and_who_reads_beside_it_sees_every_update() {
    let payment = server().payment();
    let mut deaf = narrow(server(), &payment, "203.0.113.77").await;
    let mut pings = narrow(server(), &payment, "203.0.113.78").await;
    let mut honest = payment.socket().await;
    assert_eq!(honest.status().await.version, Some(0));
    for version in 1..=UPDATES {
        report(&payment, version).await;
        assert_eq!(honest.status().await.version, Some(version));
        if version % 100 == 0 {
            pings.send(PING).await;
        }
    }
    for mut socket in [deaf, pings] {
        let (bytes, code) = read_all(&mut socket).await;
        assert!(bytes <= MOST_BYTES, "{bytes} bytes");
        assert_eq!(code, 1013);
    }
    // It has lost nothing that it does not get when it comes back.
    deaf = narrow(server(), &payment, "203.0.113.77").await;
    assert_eq!(deaf.status().await.version, Some(UPDATES));
    report(&payment, UPDATES + 1).await;
    assert_eq!(deaf.status().await.version, Some(UPDATES + 1));
}

#[tokio::test]
async fn who_was_cut_off_keeps_its_place_until_its_connection_ends() {
    let server = Server::start(Options::default().variable("MAX_WATCHERS", "25"));
    let payment = server.payment();
    let here = "203.0.113.79";
    // All places of one address.
    let mut deaf = Vec::new();
    for _ in 0..20 {
        deaf.push(narrow(&server, &payment, here).await);
    }
    for version in 1..=UPDATES {
        report(&payment, version).await;
    }
    assert_eq!(narrow(&server, &payment, here).await.refused().await, 4429);
    // Nobody else is kept from coming.
    assert_eq!(payment.socket().await.status().await.version, Some(UPDATES));

    let (_, code) = read_all(&mut deaf.remove(0)).await;
    assert_eq!(code, 1013);
    until(async || matches!(narrow(&server, &payment, here).await.next().await, Said::Text(text) if text.contains("status"))).await;
}
