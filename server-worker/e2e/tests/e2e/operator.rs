//! What is the operator's, and every route with every proof: nothing can be read without the right one.

use serde_json::json;
use transfer_status::Status;
use transfer_status_e2e::{
    ADMIN_TOKEN, HMAC_SECRET, Options, SUBSCRIBE_HMAC_SECRET, Said, Server, Socket, Sockets, http::Answer,
    soon, unix_seconds,
};

use crate::server;

async fn sign_in(server: &Server, token: &str) -> Answer {
    let body = format!(r#"{{"token":"{token}"}}"#);
    server.request("POST", "/dashboard/session", &[], body).await
}

/// What a browser sends back.
async fn cookie(server: &Server) -> String {
    let answer = sign_in(server, ADMIN_TOKEN).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
    let cookie = answer.header("set-cookie");
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    cookie.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn every_route_asks_for_its_own_proof() {
    let payment = server().payment();
    payment.report(Status::Processing).await;
    let bearer = |proof: &str| Some(("authorization", format!("Bearer {proof}")));
    let signature = payment.signature();
    let proofs = [
        ("nothing", None),
        ("a wrong token", bearer("wrong")),
        ("the update key", bearer(HMAC_SECRET)),
        ("the subscribe key", bearer(SUBSCRIBE_HMAC_SECRET)),
        (
            "an expired signature",
            bearer(payment.signature_until(unix_seconds() - 1).expose()),
        ),
        (
            "another transfer's signature",
            bearer(server().payment().signature().expose()),
        ),
        ("the signature", bearer(signature.expose())),
        ("the admin's token", bearer(ADMIN_TOKEN)),
        (
            "a forged session",
            Some(("cookie", "transfer_status_admin=5f0c.9999999999.00".to_owned())),
        ),
        ("a session", Some(("cookie", cookie(server()).await))),
    ];
    let transfer = format!("/transfer/{}", payment.id);
    let timeline = format!("{transfer}/timeline");
    let record = format!("{transfer}/record");
    let routes = [
        (transfer.as_str(), &["the signature", "the admin's token"][..]),
        (&timeline, &["the admin's token", "a session"]),
        (&record, &["the admin's token", "a session"]),
        ("/healthz?deep=1", &["the admin's token", "a session"]),
        ("/recent", &["the admin's token", "a session"]),
        ("/dashboard/stats", &["the admin's token", "a session"]),
        ("/dashboard", &["the admin's token", "a session"]),
    ];
    for (route, opened_by) in routes {
        for (proof, header) in &proofs {
            let headers: Vec<_> = header
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            let answer = server().get(route, &headers).await;
            let expected = if opened_by.contains(proof) { 200 } else { 401 };
            assert_eq!(answer.status, expected, "{route} with {proof}: {}", answer.body);
            if (route, *proof) == (transfer.as_str(), "an expired signature") {
                answer.is_error(401, "expired");
            }
            assert_eq!(answer.header("cache-control"), "no-store", "{route} with {proof}");
            if expected == 401 {
                assert!(!answer.body.contains(payment.id.as_str()), "{route} with {proof}");
            }
        }
    }
    // What is deleted is gone: the token alone will do, and no session that a browser may send by itself.
    for (proof, header) in &proofs {
        let headers: Vec<_> = header
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let answer = server()
            .request("DELETE", "/transfer/nobody-knows-it", &headers, "")
            .await;
        let expected = if *proof == "the admin's token" { 404 } else { 401 };
        assert_eq!(answer.status, expected, "DELETE with {proof}: {}", answer.body);
    }
    // A session reads, and that is all.
    let (_, Some((name, session))) = &proofs[9] else {
        panic!()
    };
    let body = format!(r#"{{"transferId":"{}","status":"failed"}}"#, payment.id);
    for path in ["/update", "/scan"] {
        let answer = server()
            .request("POST", path, &[(name, session)], body.clone())
            .await;
        answer.is_error(401, "unauthorized");
    }
}

#[tokio::test]
async fn a_session_is_no_use_to_another_site() {
    let session = cookie(server()).await;
    let own = server().url();
    for (headers, status) in [
        (vec![("origin", own.as_str())], 200),
        (vec![("sec-fetch-site", "same-origin")], 200),
        (vec![("sec-fetch-site", "cross-site")], 401),
        (vec![("sec-fetch-site", "same-site")], 401),
        (vec![("origin", "https://evil.example")], 401),
    ] {
        let mut headers = headers;
        headers.push(("cookie", &session));
        assert_eq!(
            server().get("/recent", &headers).await.status,
            status,
            "{headers:?}"
        );
    }
    let mut feed = Socket::open(
        server(),
        "/dashboard/feed?shard=0",
        &[("cookie", &session), ("origin", "https://evil.example")],
    )
    .await;
    assert_eq!(feed.refused().await, 4403);
}

#[tokio::test]
async fn the_feed_tells_of_every_change_as_it_happens() {
    let session = cookie(server()).await;
    let own = server().url();
    let headers = [("cookie", session.as_str()), ("origin", own.as_str())];
    let mut feeds = Vec::new();
    for shard in 0..8 {
        feeds.push(Socket::open(server(), &format!("/dashboard/feed?shard={shard}"), &headers).await);
    }
    let payment = server().payment();
    payment.report(Status::Completed).await;
    let id = format!("\"{}\"", payment.id);
    let ours = feeds.iter_mut().map(|feed| {
        let id = &id;
        Box::pin(async move {
            // Other tests report on this server too.
            loop {
                match feed.next().await {
                    Said::Text(text) if text.contains(id) => return text,
                    Said::Text(_) => {}
                    said => panic!("{said:?}"),
                }
            }
        })
    });
    let (text, shard, others) = soon(futures_util::future::select_all(ours)).await;
    assert!(text.starts_with(r#"{"type":"change","transfer":{"#), "{text}");
    drop(others);

    let admin = format!("Bearer {ADMIN_TOKEN}");
    let admin = [("authorization", admin.as_str())];
    let path = format!("/transfer/{}", payment.id);
    assert_eq!(server().request("DELETE", &path, &admin, "").await.status, 204);
    let removal = format!(r#"{{"type":"removal","transferId":"{}"}}"#, payment.id);
    while soon(feeds[shard].next()).await != Said::Text(removal.clone()) {}

    let mut unknown = Socket::open(server(), "/dashboard/feed?shard=8", &headers).await;
    assert_eq!(unknown.refused().await, 4400);
    let mut stranger = Socket::open(server(), "/dashboard/feed?shard=0", &[]).await;
    assert_eq!(stranger.refused().await, 4401);
}

#[tokio::test]
async fn the_pages_are_kept_apart_from_their_files() {
    for (path, status, kind) in [
        ("/dashboard", 401, "text/html"),
        ("/dashboard/js/app.js", 200, "text/javascript"),
        ("/dashboard/icon.svg", 200, "image/svg+xml"),
        ("/dashboard/app.html", 404, "application/json"),
        ("/dashboard/app%2Ehtml", 404, "application/json"),
        ("/dashboard/app.htm%6c", 404, "application/json"),
        ("/dashboard/js/%2e%2e/app%2ehtml", 404, "application/json"),
        ("/dashboard/app", 404, "application/json"),
        ("/app.html", 404, "application/json"),
        ("/dashboard/%2e%2e/wrangler.jsonc", 404, "application/json"),
        ("/dashboard/missing.js", 404, "application/json"),
    ] {
        let answer = server().get(path, &[]).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.header("content-type").starts_with(kind), "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    }
    let file = server().get("/dashboard/js/app.js", &[]).await;
    let etag = file.header("etag").to_owned();
    let known = server()
        .get("/dashboard/js/app.js", &[("if-none-match", &etag)])
        .await;
    assert_eq!((known.status, known.body.as_str()), (304, ""));
}

#[tokio::test]
async fn without_a_token_all_of_it_is_closed_and_says_why() {
    let server = Server::start(Options::default().variable("ADMIN_TOKEN", ""));
    for path in ["/recent", "/dashboard/stats", "/transfer/a/timeline"] {
        let answer = server.get(path, &[("authorization", "Bearer undefined")]).await;
        answer.is_error(403, "forbidden");
        assert!(answer.body.contains("ADMIN_TOKEN"), "{}", answer.body);
    }
    sign_in(&server, "").await.is_error(403, "forbidden");
    let page = server.get("/dashboard", &[]).await;
    assert_eq!(page.status, 403);
    assert!(
        page.body.contains("ADMIN_TOKEN</code> is not set"),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn a_token_that_could_be_found_opens_nothing_and_says_why() {
    for (token, reason) in [
        ("fifteen-chars-x", "under 16 characters"),
        (HMAC_SECRET, "the same as the key in HMAC_SECRET"),
    ] {
        let server = Server::start(Options::default().variable("ADMIN_TOKEN", token));
        let bearer = format!("Bearer {token}");
        for path in ["/recent", "/dashboard/stats", "/transfer/a/timeline"] {
            let answer = server.get(path, &[("authorization", &bearer)]).await;
            answer.is_error(403, "forbidden");
            assert!(answer.body.contains(reason), "{}", answer.body);
        }
        let page = server.get("/dashboard", &[("authorization", &bearer)]).await;
        assert_eq!(page.status, 403);
        assert!(page.body.contains(reason), "{}", page.body);
        let health = server.get("/healthz", &[]).await;
        assert_eq!(health.status, 200);
        let warning = health.json()["warnings"][0].as_str().unwrap().to_owned();
        assert!(
            warning.starts_with("ADMIN_TOKEN") && !warning.contains(token),
            "{warning}"
        );
        // All else is served.
        let payment = server.payment();
        assert_eq!(payment.report(Status::Pending).await.version, Some(1));
    }
}

#[tokio::test]
async fn the_token_changes_with_no_outage_and_a_session_lasts_through_it() {
    let server = Server::start(Options::default().with_instruments());
    let session = cookie(&server).await;
    let opened = async |token: &str| {
        let bearer = format!("Bearer {token}");
        server.get("/recent", &[("authorization", &bearer)]).await.status
    };
    let new = "the-next-admin-token-5d21";
    server
        .set_variables(json!({"ADMIN_TOKEN": new, "ADMIN_TOKEN_PREVIOUS": ADMIN_TOKEN}))
        .await;
    assert_eq!((opened(new).await, opened(ADMIN_TOKEN).await), (200, 200));
    assert_eq!(server.get("/recent", &[("cookie", &session)]).await.status, 200);
    server
        .set_variables(json!({"ADMIN_TOKEN": new, "ADMIN_TOKEN_PREVIOUS": null}))
        .await;
    assert_eq!((opened(new).await, opened(ADMIN_TOKEN).await), (200, 401));
    assert_eq!(server.get("/recent", &[("cookie", &session)]).await.status, 401);
}

/// Every way to show an admin token: what is asked, and what the right one is answered.
fn ways_to_guess(id: &str) -> [(&'static str, String, u16); 9] {
    [
        ("POST", "/dashboard/session".to_owned(), 204),
        ("GET", "/recent".to_owned(), 200),
        ("GET", "/dashboard".to_owned(), 200),
        ("GET", "/dashboard/stats".to_owned(), 200),
        ("GET", format!("/transfer/{id}"), 200),
        ("GET", format!("/transfer/{id}/timeline"), 200),
        ("GET", format!("/transfer/{id}/record"), 200),
        ("GET", "/healthz?deep=1".to_owned(), 200),
        ("DELETE", "/transfer/nobody-knows-it".to_owned(), 404),
    ]
}

async fn guess(server: &Server, (method, path): (&str, &str), address: &str, token: &str) -> Answer {
    let bearer = format!("Bearer {token}");
    match method {
        "POST" => {
            let body = format!(r#"{{"token":"{token}"}}"#);
            server
                .request(method, path, &[("cf-connecting-ip", address)], body)
                .await
        }
        _ => {
            let headers = [("cf-connecting-ip", address), ("authorization", &bearer)];
            server.request(method, path, &headers, "").await
        }
    }
}

#[tokio::test]
async fn whoever_guesses_the_token_on_any_route_is_held_up_on_all_and_nobody_else_is() {
    let server = Server::start(Options::default());
    let payment = server.payment();
    payment.report(Status::Pending).await;
    let ways = ways_to_guess(payment.id.as_str());
    for (number, (method, path, _)) in ways.iter().enumerate() {
        let here = format!("203.0.113.{number}");
        let mut refused = 0;
        loop {
            let answer = guess(&server, (method, path), &here, "a-guess-of-sixteen").await;
            if answer.status == 429 {
                answer.is_error(429, "rate_limited");
                assert_ne!(answer.header("retry-after"), "");
                break;
            }
            answer.is_error(401, "unauthorized");
            refused += 1;
            // Two windows of the limit may have met.
            assert!(refused <= 120, "{path}: nothing holds it up");
        }
        assert!(refused >= 60, "{path}: held up after {refused}");
        // Even the right one tells nothing now, on no route; from elsewhere it opens as ever.
        for (method, path, opened) in &ways {
            let answer = guess(&server, (method, path), &here, ADMIN_TOKEN).await;
            answer.is_error(429, "rate_limited");
            let elsewhere = guess(&server, (method, path), "198.51.100.7", ADMIN_TOKEN).await;
            assert_eq!(elsewhere.status, *opened, "{path}: {}", elsewhere.body);
        }
        // What the address does with valid signatures is not its guesses' concern.
        let bearer = format!("Bearer {}", payment.signature().expose());
        let headers = [("cf-connecting-ip", here.as_str()), ("authorization", &bearer)];
        let answer = server.get(&format!("/transfer/{}", payment.id), &headers).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    let logs = server.logs();
    assert!(logs.len() >= 9 * 60, "every wrong one is logged: {}", logs.len());
    for line in logs {
        assert!(!line.contains("203.0.113"), "addresses are not logged: {line}");
        assert!(!line.contains("a-guess-of-sixteen"), "nor are guesses: {line}");
    }
}

#[tokio::test]
async fn signing_out_ends_the_session_for_every_copy_of_its_cookie_and_for_its_feeds() {
    let server = Server::start(Options::default());
    let (ended, other) = (cookie(&server).await, cookie(&server).await);
    let read = async |cookie: &str| server.get("/recent", &[("cookie", cookie)]).await;
    assert_eq!((read(&ended).await.status, read(&other).await.status), (200, 200));
    let own = server.url();
    let mut feed = Socket::open(
        &server,
        "/dashboard/feed?shard=3",
        &[("cookie", &ended), ("origin", &own)],
    )
    .await;

    // Another site cannot end it.
    let headers = [("cookie", ended.as_str()), ("origin", "https://evil.example")];
    let answer = server.request("DELETE", "/dashboard/session", &headers, "").await;
    answer.is_error(403, "forbidden");
    assert_eq!(read(&ended).await.status, 200);

    let headers = [("cookie", ended.as_str()), ("origin", own.as_str())];
    let answer = server.request("DELETE", "/dashboard/session", &headers, "").await;
    assert_eq!(answer.status, 204, "{}", answer.body);
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    read(&ended).await.is_error(401, "unauthorized");
    assert_eq!(server.get("/dashboard", &[("cookie", &ended)]).await.status, 401);
    assert_eq!(feed.refused().await, 4401);
    assert_eq!(read(&other).await.status, 200, "that of another browser goes on");

    // It is kept: also where the object that knows slept in between, or all of it was killed.
    server.evict_object("RecentIndex", "sessions", Sockets::Hibernate);
    assert_eq!((read(&ended).await.status, read(&other).await.status), (401, 200));
    server.kill();
    server.restart();
    assert_eq!((read(&ended).await.status, read(&other).await.status), (401, 200));
}

#[tokio::test]
async fn the_dashboards_routes_are_for_its_own_pages() {
    for origin in ["https://evil.example", "null"] {
        for (method, path) in [
            ("POST", "/dashboard/session"),
            ("DELETE", "/dashboard/session"),
            ("GET", "/dashboard/stats"),
            ("GET", "/dashboard/js/app.js"),
            ("OPTIONS", "/dashboard/session"),
        ] {
            let bearer = format!("Bearer {ADMIN_TOKEN}");
            let headers = [("origin", origin), ("authorization", &bearer)];
            let body = format!(r#"{{"token":"{ADMIN_TOKEN}"}}"#);
            let answer = server().request(method, path, &headers, body).await;
            answer.is_error(403, "forbidden");
            assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
            assert_eq!(answer.header("set-cookie"), "", "{path}");
        }
    }
    let own = server().url();
    let answer = server().get("/dashboard/js/app.js", &[("origin", &own)]).await;
    assert_eq!(answer.status, 200);
}
