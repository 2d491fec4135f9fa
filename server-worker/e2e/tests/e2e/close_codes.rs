//! Every close code that PROTOCOL.md names, each with the `error` message before it. Those that take time are in
//! `expiry`, those that take a setting in `settings`.

use transfer_status::{CloseCode, ErrorCode, WatchError};
use transfer_status_e2e::{PATIENCE, Said, Socket, soon, unix_seconds};

use crate::server;

#[tokio::test]
async fn what_is_not_of_the_protocol_is_answered_by_4400() {
    let payment = server().payment();
    for message in [
        "",
        "hello",
        "{",
        "null",
        "[]",
        "7",
        "\"subscribe\"",
        "{}",
        r#"{"type":null}"#,
        r#"{"type":7}"#,
        r#"{"type":"status"}"#,
        r#"{"type":"PING"}"#,
        r#"{"type":"subscribe"}"#,
        r#"{"type":"subscribe","transferId":7,"signature":"a.b"}"#,
        r#"{"type":"subscribe","transferId":"a/b","signature":"a.b"}"#,
        r#"{"type":"ping"} {"type":"ping"}"#,
        "\u{0}",
    ] {
        // Both before it has proved anything and after.
        let mut socket = payment.unproven_socket().await;
        socket.send(message).await;
        assert_eq!(socket.refused().await, 4400, "{message:?}");

        let mut socket = payment.socket().await;
        socket.status().await;
        socket.send(message).await;
        assert_eq!(socket.refused().await, 4400, "{message:?}");
    }
}

#[tokio::test]
async fn a_binary_message_is_answered_by_4400() {
    let payment = server().payment();
    let mut socket = payment.socket().await;
    socket.status().await;
    socket.send_binary(br#"{"type":"ping"}"#).await;
    assert_eq!(socket.refused().await, 4400);
}

#[tokio::test]
async fn a_subscription_that_proves_nothing_is_answered_by_4401() {
    let (payment, other) = (server().payment(), server().payment());
    let id = &payment.id;
    for message in [
        format!(r#"{{"type":"subscribe","transferId":"{id}"}}"#),
        format!(r#"{{"type":"subscribe","transferId":"{id}","signature":null}}"#),
        format!(r#"{{"type":"subscribe","transferId":"{id}","signature":""}}"#),
        format!(r#"{{"type":"subscribe","transferId":"{id}","signature":"a.b"}}"#),
        // A valid subscription, on the socket of another transfer.
        other.subscribe_message(),
    ] {
        let mut socket = payment.unproven_socket().await;
        socket.send(&message).await;
        let (error, code) = socket.refusal(PATIENCE).await;
        assert_eq!((error.code, code), (ErrorCode::Unauthorized, 4401), "{message}");
    }
}

#[tokio::test]
async fn a_message_over_4_kib_is_answered_by_4413_and_one_of_4_kib_is_read() {
    let payment = server().payment();
    let message = |length: usize| {
        let text = payment.subscribe_message();
        let space = " ".repeat(length - text.len());
        text + &space
    };
    let mut socket = payment.unproven_socket().await;
    socket.send(&message(4096)).await;
    assert_eq!(socket.status().await.version, Some(0));
    socket.send(&message(4097)).await;
    let (error, code) = socket.refusal(PATIENCE).await;
    assert_eq!((error.code, code), (ErrorCode::TooLarge, 4413));

    // Some clients send a megabyte.
    let mut socket = payment.unproven_socket().await;
    socket.send(&"x".repeat(1_000_000)).await;
    assert_eq!(socket.refused().await, 4413);
}

#[tokio::test]
async fn an_id_that_cannot_be_one_is_refused_as_a_socket() {
    for id in ["", "a%2Fb", "a%20b", "%ff", "a%00", &"x".repeat(129)] {
        let mut socket = Socket::open(server(), &format!("/ws/{id}"), &[]).await;
        let (error, code) = socket.refusal(PATIENCE).await;
        assert_eq!((error.code, code), (ErrorCode::BadRequest, 4400), "{id:?}");
    }
}

#[tokio::test]
async fn a_refused_upgrade_gives_the_subprotocol_back_so_that_a_browser_opens_it() {
    let payment = server().payment();
    let expired = payment.signature_until(1);
    let socket = payment.socket_with(&expired).await;
    assert_eq!(socket.protocol.as_deref(), Some("transfer-status.v1"));
}

#[tokio::test]
async fn the_sdk_stops_on_a_refusal_and_says_what_the_server_said() {
    let (payment, other) = (server().payment(), server().payment());
    let foreign = payment.watch_with(other.signature());
    let WatchError::Refused { code, message } = soon(foreign.finished()).await.unwrap_err() else {
        panic!("a refusal was expected");
    };
    assert_eq!(code, CloseCode::UNAUTHORIZED);
    assert!(message.unwrap().contains("for another transfer"));

    let expired = payment.signature_until(unix_seconds() - 1);
    let expired = payment.watch_with(expired);
    let WatchError::Refused { code, .. } = soon(expired.finished()).await.unwrap_err() else {
        panic!("a refusal was expected");
    };
    assert_eq!(code, CloseCode::SIGNATURE_EXPIRED);
}

#[tokio::test]
async fn a_plain_request_for_a_socket_gets_426() {
    let payment = server().payment();
    let answer = server().get(&format!("/ws/{}", payment.id), &[]).await;
    answer.is_error(426, "upgrade_required");
}

#[tokio::test]
async fn a_client_that_closes_gets_its_close_answered() {
    let payment = server().payment();
    let mut socket = payment.socket().await;
    socket.status().await;
    socket.leave().await;

    // One refused at the edge hears no more either.
    let mut socket = payment.socket_with(&payment.signature_until(1)).await;
    assert_eq!(socket.refused().await, 4410);
    assert!(matches!(socket.next().await, Said::Closed(_)));
}
