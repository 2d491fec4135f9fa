//! The service's end of a watcher's socket.

use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};
use transfer_status::{CloseCode, ErrorBody, ErrorCode, TransferId};
use transfer_status_protocol::{ClientMessage, ServerMessage};

use crate::service::{Order, Shared};

/// Serves one watcher until one of the two sides ends it.
pub(crate) async fn serve(
    shared: &Shared,
    upgraded: TokioIo<Upgraded>,
    id: TransferId,
    refused: Option<Box<ErrorBody>>,
) {
    let mut socket = WebSocketStream::from_raw_socket(upgraded, Role::Server, None).await;
    if let Some(refused) = refused {
        let code = match refused.code {
            ErrorCode::Expired => CloseCode::SIGNATURE_EXPIRED,
            _ => CloseCode::UNAUTHORIZED,
        };
        // Who does not wait for the reason has gone.
        let _ = socket.send(Message::text(refused.encode())).await;
        return close(&mut socket, code).await;
    }
    let mut orders = shared.join(&id);
    let mut cuts = shared.cuts();
    tokio::select! {
        () = talk(&mut socket, &mut orders) => {}
        _ = cuts.changed() => {}
    }
    drop(orders);
    shared.leave(&id);
}

async fn talk(socket: &mut WebSocketStream<TokioIo<Upgraded>>, orders: &mut UnboundedReceiver<Order>) {
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                Some(Order::Tell(message)) => {
                    if socket.send(Message::text(message)).await.is_err() {
                        return;
                    }
                }
                Some(Order::Close(code)) => return close(socket, code).await,
                Some(Order::Cut) | None => return,
            },
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => {
                    let is_ping = matches!(ClientMessage::decode(&text), Ok(ClientMessage::Ping));
                    if is_ping && socket.send(Message::text(ServerMessage::Pong.encode())).await.is_err() {
                        return;
                    }
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            },
        }
    }
}

/// Says why, and waits for the other side's close.
async fn close(socket: &mut WebSocketStream<TokioIo<Upgraded>>, code: CloseCode) {
    let frame = CloseFrame {
        code: code.get().into(),
        reason: "".into(),
    };
    if socket.close(Some(frame)).await.is_ok() {
        while let Some(Ok(_)) = socket.next().await {}
    }
}
