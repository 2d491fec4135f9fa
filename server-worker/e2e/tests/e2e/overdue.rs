//! A signature that has expired reads nothing more, however late the alarm comes that closes its socket.

use std::sync::OnceLock;

use serde_json::{Value, json};
use transfer_status::{ErrorCode, Signature, Status};
use transfer_status_e2e::{Options, PATIENCE, Payment, Said, Server, Socket, Sockets};
use transfer_status_protocol::ServerMessage;

/// So long before the expiry a socket opens, and so far the clock is set: the alarm comes when it would have come.
const OPEN_FOR_S: u64 = 100;
const LATER_MS: i64 = 200_000;

/// Its clock is set forward once, when all sockets are open.
fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start(Options::default().variable("LEGACY_API", "on").with_instruments()))
}

/// Sockets of every kind whose signature will be over, and one that goes on.
struct Watchers<'a> {
    payment: Payment<'a>,
    overdue: Vec<Socket>,
    lasting: Socket,
}

impl<'a> Watchers<'a> {
    async fn of(payment: Payment<'a>, legacy: bool) -> Self {
        let signature = payment.signature_until(server().unix_seconds() + OPEN_FOR_S);
        let mut overdue = vec![
            payment.socket_with(&signature).await,
            payment.unproven_socket().await,
        ];
        overdue[1].send(&payment.subscribe_message_with(&signature)).await;
        for socket in &mut overdue {
            assert_eq!(socket.status().await.version, Some(0));
        }
        if legacy {
            overdue.push(of_the_earlier_api(&payment, &signature).await);
        }
        let mut lasting = payment.socket().await;
        assert_eq!(lasting.status().await.version, Some(0));
        Self {
            payment,
            overdue,
            lasting,
        }
    }

    async fn all_overdue_hear_only_that(&mut self) {
        for (number, socket) in self.overdue.iter_mut().enumerate() {
            let (error, code) = socket.refusal(PATIENCE).await;
            assert_eq!((error.code, code), (ErrorCode::Expired, 4410), "socket {number}");
        }
    }
}

async fn of_the_earlier_api(payment: &Payment<'_>, signature: &Signature) -> Socket {
    let path = format!("/transfers/{}/ws?token={}", payment.id, signature.expose());
    let mut socket = Socket::open(server(), &path, &[]).await;
    assert!(matches!(socket.next().await, Said::Text(_)));
    socket
}

async fn scan(payment: &Payment<'_>) -> Value {
    let bearer = format!("Bearer {}", payment.signature().expose());
    let body = json!({"transferId": payment.id.as_str(), "scanned": true}).to_string();
    let headers = [("authorization", bearer.as_str())];
    let answer = server().request("POST", "/scan", &headers, body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

#[tokio::test]
async fn whose_signature_has_expired_hears_of_nothing_while_the_alarm_is_late() {
    let payment = || server().payment();
    let mut news = Watchers::of(payment(), true).await;
    let mut end = Watchers::of(payment(), true).await;
    let mut scanned = Watchers::of(payment(), true).await;
    let mut asleep = Watchers::of(payment(), true).await;
    let mut asking = Watchers::of(payment(), false).await;
    let mut renewed = Watchers::of(payment(), false).await;
    for socket in &mut renewed.overdue {
        socket.send(&renewed.payment.subscribe_message()).await;
        assert_eq!(socket.status().await.version, Some(0));
    }
    server().step_clock(LATER_MS).await;

    news.payment.report(Status::Processing).await;
    news.all_overdue_hear_only_that().await;
    assert_eq!(news.lasting.status().await.version, Some(1));

    end.payment.report(Status::Completed).await;
    end.all_overdue_hear_only_that().await;
    assert_eq!(end.lasting.status().await.status, Status::Completed);
    assert_eq!(end.lasting.next().await, Said::Closed(1000));

    assert_eq!(scan(&scanned.payment).await["watchers"], 1);
    scanned.all_overdue_hear_only_that().await;
    let Said::Text(text) = scanned.lasting.next().await else {
        panic!("a scan is told")
    };
    assert!(matches!(
        ServerMessage::decode(&text),
        Ok(ServerMessage::Scan { .. })
    ));

    // The expiry is on the socket, and is looked at by a room that has just woken.
    server().evict(&asleep.payment.id, Sockets::Hibernate);
    asleep.payment.report(Status::Processing).await;
    asleep.all_overdue_hear_only_that().await;
    assert_eq!(asleep.lasting.status().await.version, Some(1));

    // Nor does it hear when it asks.
    let ask = json!({"type": "subscribe", "transferId": asking.payment.id.as_str()}).to_string();
    for socket in &mut asking.overdue {
        socket.send(&ask).await;
    }
    asking.all_overdue_hear_only_that().await;
    asking.lasting.send(&ask).await;
    assert_eq!(asking.lasting.status().await.version, Some(0));

    // Who has shown a fresh signature goes on.
    renewed.payment.report(Status::Processing).await;
    for socket in renewed.overdue.iter_mut().chain([&mut renewed.lasting]) {
        assert_eq!(socket.status().await.version, Some(1));
    }
}
