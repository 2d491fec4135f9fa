//! Somebody scans the code: the watchers hear of it, and nobody else can say so.

use transfer_status::Status;
use transfer_status_e2e::{Said, http::Answer};
use transfer_status_protocol::ServerMessage;

use crate::server;

async fn scan(bearer: &str, body: &str) -> Answer {
    let bearer = format!("Bearer {bearer}");
    server()
        .request("POST", "/scan", &[("authorization", &bearer)], body.to_owned())
        .await
}

#[tokio::test]
async fn a_scan_reaches_every_watcher_and_changes_nothing() {
    let payment = server().payment();
    let mut watchers = [payment.socket().await, payment.unproven_socket().await];
    watchers[1].send(&payment.subscribe_message()).await;
    let mut stranger = payment.unproven_socket().await;
    for watcher in &mut watchers {
        watcher.status().await;
    }
    for scanned in [true, false] {
        let body = format!(r#"{{"transferId":"{}","scanned":{scanned}}}"#, payment.id);
        let answer = scan(payment.signature().expose(), &body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let told = answer.json();
        assert_eq!(
            (&told["scanned"], &told["watchers"]),
            (&scanned.into(), &2.into())
        );
        for watcher in &mut watchers {
            let Said::Text(text) = watcher.next().await else {
                panic!("a scan is told")
            };
            let Ok(ServerMessage::Scan {
                transfer_id,
                scanned: heard,
                at,
            }) = ServerMessage::decode(&text)
            else {
                panic!("{text}")
            };
            assert_eq!((&transfer_id, heard), (&payment.id, scanned));
            assert_eq!(at.to_string(), told["at"].as_str().unwrap());
        }
    }
    assert_eq!(payment.version().await, 0);
    // The first that a socket without proof hears is what it subscribes to.
    stranger.send(&payment.subscribe_message()).await;
    assert_eq!(stranger.status().await.status, Status::Pending);
}

#[tokio::test]
async fn only_a_holder_of_the_signature_may_say_so() {
    let payment = server().payment();
    let other = server().payment();
    let body = format!(r#"{{"transferId":"{}","scanned":true}}"#, payment.id);
    for signature in [
        other.signature().expose(),
        payment
            .signature_by("another key of somebody else", 9_999_999_999)
            .expose(),
        "nonsense",
    ] {
        scan(signature, &body).await.is_error(401, "unauthorized");
    }
    let expired = payment.signature_until(1);
    scan(expired.expose(), &body).await.is_error(401, "expired");
    server()
        .request("POST", "/scan", &[], body.clone())
        .await
        .is_error(401, "unauthorized");

    let signature = payment.signature();
    let wrong = [
        String::new(),
        "{}".to_owned(),
        format!(r#"{{"transferId":"{}"}}"#, payment.id),
        format!(r#"{{"transferId":"{}","scanned":"yes"}}"#, payment.id),
        r#"{"transferId":"../x","scanned":true}"#.to_owned(),
    ];
    for body in wrong {
        scan(signature.expose(), &body).await.is_error(400, "bad_request");
    }
    let large = format!(
        r#"{{"transferId":"{}","scanned":true,"x":"{}"}}"#,
        payment.id,
        "x".repeat(5_000)
    );
    scan(signature.expose(), &large).await.is_error(413, "too_large");
}
