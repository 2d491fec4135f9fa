//! What is the operator's, and every route with every proof: nothing can be read without the right one.

use transfer_status::Status;
use transfer_status_e2e::{
    ADMIN_TOKEN, HMAC_SECRET, Options, SUBSCRIBE_HMAC_SECRET, Said, Server, Socket, http::Answer, soon,
    unix_seconds,
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
            Some(("cookie", "transfer_status_admin=9999999999.00".to_owned())),
        ),
        ("a session", Some(("cookie", cookie(server()).await))),
    ];
    let transfer = format!("/transfer/{}", payment.id);
    let timeline = format!("{transfer}/timeline");
    let routes = [
        (transfer.as_str(), &["the signature", "the admin's token"][..]),
        (&timeline, &["the admin's token", "a session"]),
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
            assert_eq!(answer.header("cache-control"), "no-store", "{route} with {proof}");
            if expected == 401 {
                assert!(!answer.body.contains(payment.id.as_str()), "{route} with {proof}");
            }
        }
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
    let (text, _, _) = soon(futures_util::future::select_all(ours)).await;
    assert!(text.starts_with(r#"{"type":"change","transfer":{"#), "{text}");

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
    assert!(page.body.contains("ADMIN_TOKEN"), "{}", page.body);
}

#[tokio::test]
async fn whoever_guesses_the_token_is_held_up_and_nobody_else() {
    let server = Server::start(Options::default());
    let guess = async |address: &str, token: &str| {
        let body = format!(r#"{{"token":"{token}"}}"#);
        let headers = [("cf-connecting-ip", address)];
        server.request("POST", "/dashboard/session", &headers, body).await
    };
    let mut refused = 0;
    loop {
        let answer = guess("203.0.113.7", "guess").await;
        if answer.status == 429 {
            answer.is_error(429, "rate_limited");
            assert_ne!(answer.header("retry-after"), "");
            break;
        }
        answer.is_error(401, "unauthorized");
        refused += 1;
        assert!(refused < 200, "nothing holds it up");
    }
    // Even the right one tells nothing now; from elsewhere it opens as ever.
    guess("203.0.113.7", ADMIN_TOKEN)
        .await
        .is_error(429, "rate_limited");
    assert_eq!(guess("203.0.113.8", ADMIN_TOKEN).await.status, 204);

    // What the address does with valid signatures is not its guesses' concern.
    let payment = server.payment();
    let bearer = format!("Bearer {}", payment.signature().expose());
    let headers = [("cf-connecting-ip", "203.0.113.7"), ("authorization", &bearer)];
    for _ in 0..100 {
        let answer = server.get(&format!("/transfer/{}", payment.id), &headers).await;
        assert_eq!(answer.status, 200);
    }
    assert!(
        server.logs().iter().all(|line| !line.contains("203.0.113")),
        "addresses are not logged"
    );
}
