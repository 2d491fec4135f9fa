//! `GET /transfer/{id}`: for whoever cannot hold a socket, and for the operator.

use transfer_status::Status;
use transfer_status_e2e::{ADMIN_TOKEN, HMAC_SECRET, http};

use crate::server;

#[tokio::test]
async fn a_holder_reads_the_transfer_with_its_version_as_etag() {
    let payment = server().payment();
    let announced = payment.read().await;
    assert_eq!((announced.status, announced.header("etag")), (200, "\"0\""));
    assert_eq!(announced.json()["version"], 0);
    assert_eq!(announced.json()["status"], "pending");

    let stored = payment
        .post(r#""status":"processing","message":"on its way""#)
        .await;
    let read = payment.read().await;
    assert_eq!((read.status, read.header("etag")), (200, "\"1\""));
    assert_eq!(
        read.body, stored.body,
        "byte for byte what the update was answered with"
    );
    assert_eq!(read.header("content-type"), "application/json");
    assert_eq!(read.header("cache-control"), "no-store");
}

#[tokio::test]
async fn who_has_the_version_already_gets_304_and_no_body() {
    let payment = server().payment();
    let bearer = format!("Bearer {}", payment.signature().expose());
    let path = format!("/transfer/{}", payment.id);
    let known = async |etag: &str| {
        let headers = [("authorization", bearer.as_str()), ("if-none-match", etag)];
        server().get(&path, &headers).await
    };
    assert_eq!(known("\"0\"").await.status, 304);
    payment.report(Status::Pending).await;
    assert_eq!(known("\"0\"").await.status, 200);
    for etag in ["\"1\"", "W/\"1\"", "\"0\", \"1\"", "*"] {
        let answer = known(etag).await;
        assert_eq!((answer.status, answer.body.as_str()), (304, ""), "{etag}");
        assert_eq!(answer.header("etag"), "\"1\"");
    }
    for etag in ["\"2\"", "\"11\"", "1", "nonsense"] {
        assert_eq!(known(etag).await.status, 200, "{etag}");
    }
}

#[tokio::test]
async fn without_a_valid_signature_there_is_nothing_to_read() {
    let (payment, other) = (server().payment(), server().payment());
    payment.report(Status::Pending).await;
    let path = format!("/transfer/{}", payment.id);
    let bearers = [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Basic {}", payment.signature().expose()),
        payment.signature().expose().to_owned(),
        format!("Bearer {}", other.signature().expose()),
        format!("Bearer {ADMIN_TOKEN}x"),
        format!("Bearer {}", &ADMIN_TOKEN[..ADMIN_TOKEN.len() - 1]),
        format!("Bearer {HMAC_SECRET}"),
    ];
    for bearer in bearers {
        let answer = server().get(&path, &[("authorization", &bearer)]).await;
        answer.is_error(401, "unauthorized");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        assert_eq!(answer.header("etag"), "");
    }
    let expired = format!("Bearer {}", payment.signature_until(1).expose());
    let answer = server().get(&path, &[("authorization", &expired)]).await;
    answer.is_error(401, "expired");
    server().get(&path, &[]).await.is_error(401, "unauthorized");
    let query = format!("{path}?signature={}", other.signature().expose());
    server().get(&query, &[]).await.is_error(401, "unauthorized");
}

#[tokio::test]
async fn the_admin_reads_everything_and_is_told_what_does_not_exist() {
    let payment = server().payment();
    let path = format!("/transfer/{}", payment.id);
    let bearer = format!("Bearer {ADMIN_TOKEN}");
    let admin = [("authorization", bearer.as_str())];
    server().get(&path, &admin).await.is_error(404, "not_found");
    payment.report(Status::Pending).await;
    let answer = server().get(&path, &admin).await;
    assert_eq!((answer.status, &answer.body), (200, &payment.read().await.body));
    // The token is for a header; in an address it would end in logs.
    let query = format!("{path}?signature={ADMIN_TOKEN}");
    server().get(&query, &[]).await.is_error(401, "unauthorized");
}

#[tokio::test]
async fn an_id_is_the_same_however_it_is_escaped() {
    let payment = server().payment();
    payment.report(Status::Pending).await;
    let escaped: String = payment
        .id
        .as_str()
        .bytes()
        .map(|byte| format!("%{byte:02x}"))
        .collect();
    let path = format!("/transfer/{escaped}?token={}", payment.signature().expose());
    let answer = server().get(&path, &[]).await;
    assert_eq!((answer.status, answer.header("etag")), (200, "\"1\""));
}

#[tokio::test]
async fn with_no_list_of_origins_every_page_may_read() {
    let payment = server().payment();
    let bearer = format!("Bearer {}", payment.signature().expose());
    let headers: http::Headers = &[("origin", "https://any.example"), ("authorization", &bearer)];
    let answer = server().get(&format!("/transfer/{}", payment.id), headers).await;
    assert_eq!(answer.header("access-control-allow-origin"), "*");
}

#[tokio::test]
async fn a_healthy_server_says_so() {
    let answer = server().get("/healthz", &[]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["status"], "ok");
}
