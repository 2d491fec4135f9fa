//! What is refused: wrong and expired tokens, and all of it where it is not switched on.

use serde_json::json;
use transfer_status_e2e::{
    HMAC_SECRET, Options, PATIENCE, SUBSCRIBE_HMAC_SECRET, Server, Socket, unix_seconds,
};

use super::{field, moved, payload, post, report, seal, status, subscription, valid, watcher, word};

#[tokio::test]
async fn what_proves_nothing_is_shown_nothing() {
    let payment = field().payment();
    let id = &payment.id;
    let now = unix_seconds();
    let refused = [
        (String::new(), 4401),
        (seal("a wrong key", &payload(id, "m", "PAID")), 4401),
        (
            seal(
                HMAC_SECRET,
                &json!({"transferRequestId": id.as_str(), "merchantId": "m", "expiry": now + 60}),
            ),
            4401,
        ),
        ("not a token".to_owned(), 4401),
        (subscription(id, "m", now - 1), 4410),
    ];
    for (token, close) in &refused {
        let path = format!("/transfers/{id}/ws?token={}", token.replace(' ', "%20"));
        let mut socket = Socket::open(field(), &path, &[]).await;
        let (error, code) = socket.refusal(PATIENCE).await;
        let word = if *close == 4410 { "expired" } else { "unauthorized" };
        assert_eq!((error.code.as_str(), code), (word, *close), "{token}");
        for path in [format!("/status?id={id}"), "/transfers?limit=5".to_owned()] {
            let separator = if path.contains('?') { '&' } else { '?' };
            let path = format!("{path}{separator}token={}", token.replace(' ', "%20"));
            field().get(&path, &[]).await.is_error(401, word);
        }
    }
    // Of another transfer: no socket.
    let other = valid(&field().payment().id, "merchant-7");
    let mut socket = Socket::open(field(), &format!("/transfers/{id}/ws?token={other}"), &[]).await;
    assert_eq!(socket.refused().await, 4401);
    let token = valid(id, "merchant-7");
    field()
        .get(&format!("/transfers/{id}/ws?token={token}"), &[])
        .await
        .is_error(426, "upgrade_required");
    field()
        .get(&format!("/status?token={token}"), &[])
        .await
        .is_error(400, "bad_request");
    field()
        .get(&format!("/status?id=a%2Fb&token={token}"), &[])
        .await
        .is_error(400, "bad_request");

    let logs = field().logs().join("\n");
    for (token, _) in refused.iter().filter(|(token, _)| token.contains('.')) {
        assert!(
            token.split('.').all(|part| !logs.contains(part)),
            "a token is in the log"
        );
    }
}

#[tokio::test]
async fn a_report_counts_only_under_the_update_key_and_within_its_time() {
    let payment = field().payment();
    let now = unix_seconds();
    let with_expiry = |expiry: u64| {
        let mut payload = payload(&payment.id, "merchant-7", "PAID");
        payload["expiry"] = json!(expiry);
        payload
    };
    for path in ["/update", "/create"] {
        for secret in ["a wrong key", SUBSCRIBE_HMAC_SECRET] {
            let answer = post(field(), path, secret, &with_expiry(now + 60)).await;
            answer.is_error(401, "unauthorized");
        }
        let answer = post(field(), path, HMAC_SECRET, &with_expiry(now - 1)).await;
        answer.is_error(401, "unauthorized");
        assert!(answer.body.contains("expired"), "{}", answer.body);
        for body in [
            "",
            "{}",
            "[]",
            r#"{"token":7}"#,
            r#"{"token":""}"#,
            r#"{"token":"a.b"}"#,
            r#"{"transferId":"tr_1","status":"completed"}"#,
        ] {
            field()
                .request("POST", path, &[], body)
                .await
                .is_error(401, "unauthorized");
        }
        let large = format!(r#"{{"token":"{}"}}"#, "x".repeat(16 * 1024));
        field()
            .request("POST", path, &[], large)
            .await
            .is_error(413, "too_large");
    }
    // A changed payload under the MAC of another.
    let token = seal(HMAC_SECRET, &with_expiry(now + 60));
    let forged = seal("a wrong key", &payload(&payment.id, "merchant-7", "SETTLED"));
    let (payload, mac) = (
        forged.split('.').next().unwrap(),
        token.split('.').nth(1).unwrap(),
    );
    let body = json!({"token": format!("{payload}.{mac}")}).to_string();
    field()
        .request("POST", "/update", &[], body)
        .await
        .is_error(401, "unauthorized");
    assert_eq!(payment.version().await, 0, "nothing of this was taken");

    let answer = post(field(), "/update", HMAC_SECRET, &with_expiry(now + 60)).await;
    assert_eq!((answer.status, &answer.json()["version"]), (200, &json!(1)));
}

#[tokio::test]
async fn the_secrets_of_the_earlier_service_serve_under_their_names_there() {
    let payment = moved().payment();
    // What would be good for ever is refused where a timestamp is required.
    let mut update = payload(&payment.id, "merchant-7", "PAID");
    let answer = post(moved(), "/update", HMAC_SECRET, &update).await;
    answer.is_error(401, "unauthorized");
    assert!(answer.body.contains("expiry"), "{}", answer.body);
    update["expiry"] = json!(unix_seconds() + 60);
    assert_eq!(post(moved(), "/update", HMAC_SECRET, &update).await.status, 200);
    assert_eq!(
        word(&mut watcher(moved(), &payment).await).await,
        (1, "PAID".to_owned())
    );
    assert_eq!(payment.read().await.json()["status"], "completed");
}

#[tokio::test]
async fn nothing_of_it_is_there_until_it_is_switched_on() {
    let server = crate::server();
    let payment = server.payment();
    let token = valid(&payment.id, "merchant-7");
    let upgrade = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA=="),
    ];
    for headers in [&upgrade[..], &[]] {
        let path = format!("/transfers/{}/ws?token={token}", payment.id);
        server.get(&path, headers).await.is_error(404, "not_found");
    }
    for path in [
        format!("/status?id={}&token={token}", payment.id),
        format!("/transfers?token={token}"),
    ] {
        server.get(&path, &[]).await.is_error(404, "not_found");
    }
    let update = payload(&payment.id, "merchant-7", "PAID");
    post(server, "/create", HMAC_SECRET, &update)
        .await
        .is_error(404, "not_found");
    let answer = post(server, "/update", HMAC_SECRET, &update).await;
    answer.is_error(401, "unauthorized");
    assert!(answer.body.contains("X-Signature"), "{}", answer.body);
    let body = json!({"id": payment.id.as_str()}).to_string();
    server
        .request("POST", "/unscan", &[], body.clone())
        .await
        .is_error(404, "not_found");
    server
        .request("POST", "/scan", &[], body)
        .await
        .is_error(401, "unauthorized");
    assert_eq!(payment.version().await, 0);
}

#[tokio::test]
async fn where_a_timestamp_is_required_an_expiry_a_day_ahead_stands_for_it_and_no_later_one() {
    let payment = moved().payment();
    let mut update = payload(&payment.id, "merchant-7", "PENDING");
    for far in [unix_seconds() + 86_400 + 60, 253_402_300_799] {
        update["expiry"] = json!(far);
        let answer = post(moved(), "/update", HMAC_SECRET, &update).await;
        answer.is_error(401, "unauthorized");
        assert!(answer.body.contains("expiry"), "{}", answer.body);
    }
    update["expiry"] = json!(unix_seconds() as f64 + 60.5);
    assert_eq!(post(moved(), "/update", HMAC_SECRET, &update).await.status, 200);
}

#[tokio::test]
async fn a_merchants_other_transfers_are_shown_unless_that_is_switched_off() {
    let options = Options::default().variable("LEGACY_API", "on");
    let server = Server::start(options.variable("LEGACY_MERCHANT_READS", "off"));
    let (mine, others) = (server.payment(), server.payment());
    for payment in [&mine, &others] {
        assert_eq!(
            report(&server, &payment.id, "merchant-7", "PAID").await.status,
            200
        );
    }
    let token = valid(&mine.id, "merchant-7");
    assert_eq!(status(&server, &mine.id, &token).await.status, 200);
    status(&server, &others.id, &token)
        .await
        .is_error(401, "unauthorized");
    let list = server.get(&format!("/transfers?token={token}"), &[]).await;
    assert!(
        list.body.contains(mine.id.as_str()) && !list.body.contains(others.id.as_str()),
        "{}",
        list.body
    );
}
