//! What a deploy can be set to: limits, origins, keys that rotate, and a deploy that lacks its secret.

use std::sync::OnceLock;

use serde_json::json;
use transfer_status::{ErrorCode, Status};
use transfer_status_e2e::{
    HMAC_SECRET, Options, PATIENCE, Payment, Said, Server, Socket, http, soon, unix_seconds,
};

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

/// Opens a watcher's socket from an address, as the platform's edge tells it.
async fn from(payment: &Payment<'_>, server: &Server, address: &str) -> Socket {
    let offer = format!("transfer-status.v1, {}", payment.signature().to_protocol());
    let headers = [
        ("sec-websocket-protocol", offer.as_str()),
        ("cf-connecting-ip", address),
    ];
    Socket::open(server, &format!("/ws/{}", payment.id), &headers).await
}

#[tokio::test]
async fn one_address_has_its_share_of_a_transfers_places_and_others_have_theirs() {
    let server = Server::start(Options::default().variable("MAX_WATCHERS", "25"));
    let payment = server.payment();
    let mut payers = Vec::new();
    for _ in 0..20 {
        let mut socket = from(&payment, &server, "203.0.113.7").await;
        assert_eq!(socket.status().await.version, Some(0));
        payers.push(socket);
    }
    assert_eq!(from(&payment, &server, "203.0.113.7").await.refused().await, 4429);
    // One that opens with no proof and subscribes is of the same address.
    let path = format!("/ws/{}", payment.id);
    let mut late = Socket::open(&server, &path, &[("cf-connecting-ip", "203.0.113.7")]).await;
    late.send(&payment.subscribe_message()).await;
    assert_eq!(late.refused().await, 4429);

    let mut shop = from(&payment, &server, "198.51.100.7").await;
    assert_eq!(shop.status().await.version, Some(0));
    let elsewhere = server.payment();
    assert_eq!(
        from(&elsewhere, &server, "203.0.113.7")
            .await
            .status()
            .await
            .version,
        Some(0)
    );
    payers.pop().unwrap().leave().await;
    assert_eq!(
        from(&payment, &server, "203.0.113.7")
            .await
            .status()
            .await
            .version,
        Some(0)
    );
}

#[tokio::test]
async fn the_thirty_first_socket_with_no_proof_from_an_address_wakes_nothing() {
    let server = Server::start(Options::default());
    let headers = [("cf-connecting-ip", "203.0.113.9")];
    let mut sockets = Vec::new();
    let mut opened = 0;
    let refused = loop {
        let payment = server.payment();
        let mut socket = Socket::open(&server, &format!("/ws/{}", payment.id), &headers).await;
        let rooms = server.rooms();
        if rooms == opened {
            break socket.refusal(PATIENCE).await;
        }
        opened = rooms;
        sockets.push(socket);
        // Two windows of the limit may have met.
        assert!(opened <= 60, "nothing holds it up");
    };
    assert!(opened >= 30, "{opened}");
    assert_eq!((refused.0.code, refused.1), (ErrorCode::RateLimited, 4429));
    // Holders of a signature are not counted, nor is another address.
    let payment = server.payment();
    assert_eq!(
        from(&payment, &server, "203.0.113.9")
            .await
            .status()
            .await
            .version,
        Some(0)
    );
    let mut other = Socket::open(&server, &format!("/ws/{}", payment.id), &[]).await;
    other.send(&payment.subscribe_message()).await;
    assert_eq!(other.status().await.version, Some(0));
}

#[tokio::test]
async fn a_socket_that_says_too_much_is_closed_and_one_that_pings_is_not() {
    let payment = strict().payment();
    let mut flood = payment.socket().await;
    flood.status().await;
    // Not the bytes that the platform answers by itself.
    for _ in 0..200 {
        flood.send(r#"{"type": "ping"}"#).await;
    }
    let mut pongs = 0;
    let code = loop {
        match flood.next().await {
            Said::Text(text) if text.contains("pong") => pongs += 1,
            Said::Text(text) => assert!(text.contains("rate_limited"), "{text}"),
            Said::Closed(code) => break code,
        }
    };
    assert_eq!(code, 4429);
    assert!((30..100).contains(&pongs), "{pongs}");

    let payment = strict().payment();
    let mut calm = payment.socket().await;
    calm.status().await;
    for _ in 0..200 {
        calm.send(r#"{"type":"ping"}"#).await;
    }
    for _ in 0..200 {
        assert!(matches!(calm.next().await, Said::Text(text) if text == r#"{"type":"pong"}"#));
    }
}

#[tokio::test]
async fn what_changes_in_a_living_isolate_counts_with_the_next_request() {
    let server = Server::start(Options::default().with_instruments());
    let payment = server.payment();
    payment.report(Status::Pending).await;
    let mut watcher = payment.unproven_socket().await;
    let (new, new_subscribe) = (
        "the-next-update-key-5d21-5d21-5d21",
        "the-next-subscribe-key-77aa-77aa",
    );
    server
        .set_variables(json!({"HMAC_SECRET": new, "SUBSCRIBE_HMAC_SECRET": new_subscribe}))
        .await;
    let update = async |secret: &str| {
        let body = format!(r#"{{"transferId":"{}","status":"processing"}}"#, payment.id);
        let signature = http::signer(secret).sign(body.as_bytes());
        server
            .request("POST", "/update", &[("x-signature", &signature)], body)
            .await
            .status
    };
    assert_eq!((update(new).await, update(HMAC_SECRET).await), (200, 401));
    payment.read().await.is_error(401, "unauthorized");
    // In the room as well, which has been awake all the while.
    let hour = unix_seconds() + 3600;
    watcher
        .send(&payment.subscribe_message_with(&payment.signature()))
        .await;
    assert_eq!(watcher.refused().await, 4401);
    let mut watcher = payment.unproven_socket().await;
    let fresh = payment.signature_by(new_subscribe, hour);
    watcher.send(&payment.subscribe_message_with(&fresh)).await;
    assert_eq!(watcher.status().await.version, Some(2));

    for (variables, named) in [
        (json!({"REQUIRE_TIMESTAMP": ["true"]}), "REQUIRE_TIMESTAMP"),
        (
            json!({"REQUIRE_TIMESTAMP": true, "MAX_WATCHERS": 1.5}),
            "MAX_WATCHERS",
        ),
        (
            json!({"MAX_WATCHERS": null, "ALLOWED_ORIGINS": "*"}),
            "ALLOWED_ORIGINS",
        ),
        (
            json!({"ALLOWED_ORIGINS": null, "HMAC_SECRET": 12345678901234567890_u64}),
            "HMAC_SECRET",
        ),
    ] {
        server.set_variables(variables).await;
        for answer in [server.get("/healthz", &[]).await, payment.read().await] {
            answer.is_error(503, "unavailable");
            assert!(answer.body.contains(named), "{}", answer.body);
        }
    }
    server
        .set_variables(json!({"HMAC_SECRET": new, "ALLOWED_ORIGINS": [PAGE], "REQUIRE_TIMESTAMP": true}))
        .await;
    assert_eq!(update(new).await, 401, "a timestamp is required now");
    let path = format!(
        "/transfer/{}?signature={}",
        payment.id,
        fresh.expose().replace('+', "%2B")
    );
    assert_eq!(server.get(&path, &[("origin", PAGE)]).await.status, 200);
    assert_eq!(
        server
            .get(&path, &[("origin", "https://evil.example")])
            .await
            .status,
        403
    );
}

#[tokio::test]
async fn one_key_for_both_purposes_is_refused_beside_the_earlier_api() {
    let options = Options::default().variable("LEGACY_API", "on");
    let server = Server::start(options.variable("SUBSCRIBE_HMAC_SECRET", HMAC_SECRET));
    let payment = server.payment();
    for answer in [
        server.get("/healthz", &[]).await,
        payment.post(r#""status":"pending""#).await,
    ] {
        answer.is_error(503, "unavailable");
        for name in ["LEGACY_API", "HMAC_SECRET", "SUBSCRIBE_HMAC_SECRET"] {
            assert!(answer.body.contains(name), "{}", answer.body);
        }
    }
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
    for name in [
        "authorization",
        "if-none-match",
        "traceparent",
        "tracestate",
        "baggage",
        "sentry-trace",
    ] {
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
