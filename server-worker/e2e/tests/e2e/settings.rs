//! What a deploy can be set to: limits, origins, keys that rotate, and a deploy that lacks its secret.

use std::sync::OnceLock;

use transfer_status::{ErrorCode, Status};
use transfer_status_e2e::{HMAC_SECRET, Options, PATIENCE, Server, Socket, http, soon, unix_seconds};

const OLD_UPDATE_KEY: &str = "the-update-key-before-this-one-4c1d";
const OLD_SUBSCRIBE_KEY: &str = "the-subscribe-key-before-this-one";
const PAGE: &str = "https://pay.example";

/// One of each setting.
fn strict() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let options = Options::default()
            .variable("HMAC_SECRET_PREVIOUS", OLD_UPDATE_KEY)
            .variable("SUBSCRIBE_HMAC_SECRET_PREVIOUS", OLD_SUBSCRIBE_KEY)
            .variable("REQUIRE_TIMESTAMP", "true")
            .variable("MAX_WATCHERS", "2")
            .variable(
                "ALLOWED_ORIGINS",
                "https://pay.example, https://shop.example:8443",
            );
        Server::start(options)
    })
}

/// The server that nobody has configured.
fn bare() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let options = Options::default().variable("HMAC_SECRET", "");
        Server::start(options.variable("SUBSCRIBE_HMAC_SECRET", ""))
    })
}

#[tokio::test]
async fn one_watcher_too_many_gets_4429_until_one_leaves() {
    let payment = strict().payment();
    let (mut first, mut second) = (payment.socket().await, payment.unproven_socket().await);
    first.status().await;
    second.send(&payment.subscribe_message()).await;
    second.status().await;

    let (error, code) = payment.socket().await.refusal(PATIENCE).await;
    assert_eq!((error.code, code), (ErrorCode::RateLimited, 4429));
    let mut late = payment.unproven_socket().await;
    late.send(&payment.subscribe_message()).await;
    let (error, code) = late.refusal(PATIENCE).await;
    assert_eq!((error.code, code), (ErrorCode::RateLimited, 4429));

    first.leave().await;
    let mut next = payment.socket().await;
    assert_eq!(next.status().await.version, Some(0));
    // Both that are in still hear everything, and another transfer has its own count.
    payment.report(Status::Completed).await;
    for socket in [&mut second, &mut next] {
        assert_eq!(socket.status().await.version, Some(1));
    }
    let mut elsewhere = strict().payment().socket().await;
    assert_eq!(elsewhere.status().await.version, Some(0));
}

#[tokio::test]
async fn sockets_that_prove_nothing_are_as_few_and_take_no_watchers_place() {
    let payment = strict().payment();
    let (_first, _second) = (payment.unproven_socket().await, payment.unproven_socket().await);
    assert_eq!(payment.unproven_socket().await.refused().await, 4429);
    assert_eq!(payment.socket().await.status().await.version, Some(0));
}

#[tokio::test]
async fn a_page_of_another_origin_gets_4403_and_no_answer_that_it_could_read() {
    let payment = strict().payment();
    let path = format!("/ws/{}?signature={}", payment.id, payment.signature().expose());
    for origin in [
        "https://evil.example",
        "http://pay.example",
        "https://pay.example.evil.example",
        "null",
    ] {
        let mut socket = Socket::open(strict(), &path, &[("origin", origin)]).await;
        let (error, code) = socket.refusal(PATIENCE).await;
        assert_eq!((error.code, code), (ErrorCode::Forbidden, 4403), "{origin}");

        let path = format!("/transfer/{}", payment.id);
        let answer = strict().get(&path, &[("origin", origin)]).await;
        answer.is_error(403, "forbidden");
        assert_eq!(answer.header("access-control-allow-origin"), "");
        let answer = strict()
            .request("OPTIONS", &path, &[("origin", origin)], "")
            .await;
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
    for headers in [&[("origin", PAGE)][..], &[]] {
        let mut socket = Socket::open(strict(), &path, headers).await;
        assert_eq!(socket.status().await.version, Some(0));
        socket.leave().await;
    }
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_may_ask_and_read() {
    let payment = strict().payment();
    let path = format!("/transfer/{}", payment.id);
    let preflight = [
        ("origin", PAGE),
        ("access-control-request-method", "GET"),
        ("access-control-request-headers", "authorization, if-none-match"),
    ];
    let answer = strict().request("OPTIONS", &path, &preflight, "").await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), PAGE);
    assert!(answer.header("access-control-allow-methods").contains("GET"));
    for name in ["authorization", "if-none-match"] {
        assert!(answer.header("access-control-allow-headers").contains(name));
    }

    let bearer = format!("Bearer {}", payment.signature().expose());
    let answer = strict()
        .get(&path, &[("origin", PAGE), ("authorization", &bearer)])
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), PAGE);
    assert!(answer.header("access-control-expose-headers").contains("etag"));
    assert!(answer.header("vary").to_lowercase().contains("origin"));

    // A refusal is for the page to read too.
    let answer = strict().get(&path, &[("origin", PAGE)]).await;
    answer.is_error(401, "unauthorized");
    assert_eq!(answer.header("access-control-allow-origin"), PAGE);
}

#[tokio::test]
async fn keys_rotate_with_no_outage() {
    let payment = strict().payment();
    let body = format!(r#"{{"transferId":"{}","status":"pending"}}"#, payment.id);
    let now = unix_seconds();
    for (secret, status) in [
        (HMAC_SECRET, 200),
        (OLD_UPDATE_KEY, 200),
        (OLD_SUBSCRIBE_KEY, 401),
    ] {
        let signature = http::signer(secret).sign_at(now, body.as_bytes());
        let headers = [
            ("x-signature", signature.as_str()),
            ("x-timestamp", &now.to_string()),
        ];
        let answer = strict().request("POST", "/update", &headers, body.clone()).await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }

    let old = payment.signature_by(OLD_SUBSCRIBE_KEY, now + 60);
    assert_eq!(payment.socket_with(&old).await.status().await.version, Some(1));
    let wrong = payment.signature_by(OLD_UPDATE_KEY, now + 60);
    assert_eq!(payment.socket_with(&wrong).await.refused().await, 4401);
}

#[tokio::test]
async fn where_a_timestamp_is_required_an_update_without_one_is_refused() {
    let payment = strict().payment();
    let body = format!(r#"{{"transferId":"{}","status":"pending"}}"#, payment.id);
    let signature = http::signer(HMAC_SECRET).sign(body.as_bytes());
    let answer = strict()
        .request("POST", "/update", &[("x-signature", &signature)], body)
        .await;
    answer.is_error(401, "unauthorized");
    assert!(answer.body.contains("timestamp"), "{}", answer.body);
    assert_eq!(payment.report(Status::Pending).await.version, Some(1));
}

#[tokio::test]
async fn a_server_without_its_secret_says_so_and_asks_to_come_back() {
    let payment = bare().payment();
    let answers = [
        bare().get("/healthz", &[]).await,
        payment.read().await,
        payment.post(r#""status":"pending""#).await,
    ];
    for answer in answers {
        answer.is_error(503, "unavailable");
        assert_ne!(answer.header("retry-after"), "");
        assert!(answer.body.contains("HMAC_SECRET"), "{}", answer.body);
    }
    let mut sockets = [payment.socket().await, payment.unproven_socket().await];
    for socket in &mut sockets {
        let (error, code) = socket.refusal(PATIENCE).await;
        assert_eq!((error.code, code), (ErrorCode::Unavailable, 1013));
    }
    assert_eq!(bare().rooms(), 0, "no object was woken");
}

#[tokio::test]
async fn one_secret_alone_serves_both_purposes_and_no_admin() {
    let options = Options::default().variable("SUBSCRIBE_HMAC_SECRET", "");
    let server = Server::start(options.variable("ADMIN_TOKEN", ""));
    let payment = server.payment();
    let signature = payment.signature_by(HMAC_SECRET, unix_seconds() + 60);
    let watch = payment.watch_with(signature);
    payment.report(Status::Completed).await;
    assert_eq!(soon(watch.finished()).await.unwrap().version, Some(1));
    for token in ["", "undefined", "null"] {
        let path = format!("/transfer/{}", payment.id);
        let bearer = format!("Bearer {token}");
        let answer = server.get(&path, &[("authorization", &bearer)]).await;
        answer.is_error(401, "unauthorized");
    }
}
