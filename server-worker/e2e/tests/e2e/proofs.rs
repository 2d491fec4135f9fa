//! The three ways to show a signature, and signatures that prove nothing.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use transfer_status::{Signature, TransferId};
use transfer_status_e2e::{HMAC_SECRET, SUBSCRIBE_HMAC_SECRET, Said, Socket, http, unix_seconds};

use crate::server;

/// What a form writes into a query: every sign that means something there is escaped.
fn escaped(signature: &str) -> String {
    signature
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D")
}

/// A payload for this transfer in plain base64 with all that is awkward in a query: `+`, `/` and `=`.
fn awkward_payload(id: &TransferId) -> String {
    let payloads = (0..12).map(|shift| {
        let merchant = format!("{}~~~???>>>~~~???", "m".repeat(shift));
        let expiry = unix_seconds() + 3600;
        STANDARD.encode(format!(
            r#"{{"transferRequestId":"{id}","merchantId":"{merchant}","expiry":{expiry}}}"#
        ))
    });
    let awkward = |payload: &String| ['+', '/', '='].iter().all(|sign| payload.contains(*sign));
    payloads.into_iter().find(awkward).unwrap()
}

/// The signature of a payload as it is written, by PROTOCOL.md's words.
fn signed(payload: &str) -> String {
    let hex = http::signer(SUBSCRIBE_HMAC_SECRET).sign(payload.as_bytes());
    let digits = hex.as_bytes().chunks(2);
    let mac: Vec<u8> = digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect();
    format!("{payload}.{}", URL_SAFE_NO_PAD.encode(mac))
}

#[tokio::test]
async fn a_signature_in_the_subprotocol_is_answered_with_the_subprotocol_and_the_transfer() {
    let mut socket = server().payment().socket().await;
    assert_eq!(socket.protocol.as_deref(), Some("transfer-status.v1"));
    assert_eq!(socket.status().await.version, Some(0));
}

#[tokio::test]
async fn a_signature_in_the_query_is_read_by_both_names_escaped_or_not() {
    let payment = server().payment();
    let signature = signed(&awkward_payload(&payment.id));
    for query in [
        format!("signature={}", escaped(&signature)),
        format!("token={}", escaped(&signature)),
        format!("lang=en&token={}", escaped(&signature)),
        // As a hasty client writes it: the + arrives as a space.
        format!("signature={signature}"),
        format!("token={signature}"),
        format!("signature=&token={signature}"),
    ] {
        let mut socket = Socket::open(server(), &format!("/ws/{}?{query}", payment.id), &[]).await;
        assert_eq!(socket.protocol, None, "none was offered");
        assert_eq!(socket.status().await.id, payment.id, "{query}");

        let answer = server()
            .get(&format!("/transfer/{}?{query}", payment.id), &[])
            .await;
        assert_eq!(answer.status, 200, "{query}");
    }
}

#[tokio::test]
async fn every_spelling_of_a_payload_is_read_and_none_may_be_changed_on_the_way() {
    let payment = server().payment();
    let padded = awkward_payload(&payment.id);
    let bare = padded.trim_end_matches('=').to_owned();
    let url_safe = padded.replace('+', "-").replace('/', "_");
    let bare_url_safe = url_safe.trim_end_matches('=').to_owned();
    for payload in [&padded, &bare, &url_safe, &bare_url_safe] {
        let signature = Signature::new(signed(payload)).unwrap();
        let mut socket = payment.socket_with(&signature).await;
        assert_eq!(socket.status().await.id, payment.id, "{payload}");
    }
    // The MAC covers the text, not what it decodes to.
    let mac = signed(&padded).split_once('.').unwrap().1.to_owned();
    let changed = Signature::new(format!("{bare}.{mac}")).unwrap();
    assert_eq!(payment.socket_with(&changed).await.refused().await, 4401);
}

#[tokio::test]
async fn a_client_may_connect_first_and_subscribe_then() {
    let payment = server().payment();
    let mut socket = payment.unproven_socket().await;
    // Before it has proved anything it hears of nothing but its own pings.
    payment.post(r#""status":"pending""#).await;
    socket.send(r#"{"type":"ping"}"#).await;
    assert_eq!(socket.next().await, Said::Text(r#"{"type":"pong"}"#.to_owned()));

    socket.send(&payment.subscribe_message()).await;
    assert_eq!(socket.status().await.version, Some(1));
    payment.post(r#""status":"completed""#).await;
    assert_eq!(socket.status().await.version, Some(2));
    assert_eq!(socket.next().await, Said::Closed(1000));
}

#[tokio::test]
async fn who_subscribes_twice_is_told_again_and_still_hears_each_update_once() {
    let payment = server().payment();
    let mut socket = payment.socket().await;
    assert_eq!(socket.status().await.version, Some(0));
    socket.send(&payment.subscribe_message()).await;
    assert_eq!(socket.status().await.version, Some(0));
    payment.post(r#""status":"pending""#).await;
    payment.post(r#""status":"processing""#).await;
    assert_eq!(socket.status().await.version, Some(1));
    assert_eq!(socket.status().await.version, Some(2));
}

#[tokio::test]
async fn a_signature_that_proves_nothing_is_refused_in_each_of_the_three_ways() {
    let (payment, other) = (server().payment(), server().payment());
    let hour = unix_seconds() + 3600;
    let valid = payment.signature();
    let text = valid.expose();
    let (payload, mac) = text.split_once('.').unwrap();
    let other_payload = other.signature().expose().split('.').next().unwrap().to_owned();
    for (what, text, code) in [
        (
            "of another key",
            payment
                .signature_by("another key altogether", hour)
                .expose()
                .to_owned(),
            4401,
        ),
        (
            "of the update key",
            payment.signature_by(HMAC_SECRET, hour).expose().to_owned(),
            4401,
        ),
        (
            "for another transfer",
            other.signature().expose().to_owned(),
            4401,
        ),
        ("with its MAC cut off", payload.to_owned(), 4401),
        ("with an empty MAC", format!("{payload}."), 4401),
        ("with a shorter MAC", format!("{payload}.{}", &mac[..22]), 4401),
        ("with another payload", format!("{other_payload}.{mac}"), 4401),
        ("of nonsense", "nonsense".to_owned(), 4401),
        (
            "that has expired",
            payment.signature_until(unix_seconds() - 5).expose().to_owned(),
            4410,
        ),
    ] {
        let signature = Signature::new(text).unwrap();
        assert_eq!(
            payment.socket_with(&signature).await.refused().await,
            code,
            "{what}"
        );

        let path = format!("/ws/{}?signature={}", payment.id, escaped(signature.expose()));
        assert_eq!(
            Socket::open(server(), &path, &[]).await.refused().await,
            code,
            "{what}"
        );

        let mut socket = payment.unproven_socket().await;
        socket.send(&payment.subscribe_message_with(&signature)).await;
        assert_eq!(socket.refused().await, code, "{what}");

        let bearer = format!("Bearer {}", signature.expose());
        let path = format!("/transfer/{}", payment.id);
        server()
            .get(&path, &[("authorization", &bearer)])
            .await
            .is_error(401, if code == 4410 { "expired" } else { "unauthorized" });
    }
}
