//! The settings as a developer gives them, to the real `wrangler dev`: JSON of any type, and secrets in `.dev.vars`.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use serde_json::json;
use transfer_status_e2e::{WranglerDev, http};

const SECRETS: [(&str, &str); 3] = [
    ("HMAC_SECRET", "the-update-key-of-a-developer-1f6a"),
    ("SUBSCRIBE_HMAC_SECRET", "the-subscribe-key-of-a-developer"),
    ("ADMIN_TOKEN", "the-admin-token-of-a-developer"),
];

#[tokio::test]
async fn json_settings_protect_as_text_does_and_all_three_secrets_are_taken() {
    let vars = json!({
        "REQUIRE_TIMESTAMP": true,
        "ALLOWED_ORIGINS": ["https://pay.example"],
        "MAX_WATCHERS": 5,
        "LEGACY_API": true,
    });
    let server = WranglerDev::start(&vars, &SECRETS);
    let get = async |path: &str, headers: &[(&str, &str)]| {
        server.request("GET", path, headers, String::new()).await
    };
    assert_eq!(get("/healthz", &[]).await.body, r#"{"status":"ok"}"#);

    let body = r#"{"transferId":"order-1","status":"pending"}"#;
    let signature = http::signer(SECRETS[0].1).sign(body.as_bytes());
    let bare = [("x-signature", signature.as_str())];
    let answer = server.request("POST", "/update", &bare, body.to_owned()).await;
    answer.is_error(401, "unauthorized");
    assert!(answer.body.contains("timestamp"), "{}", answer.body);

    let admin = format!("Bearer {}", SECRETS[2].1);
    for (origin, status) in [("https://pay.example", 200), ("https://evil.example", 403)] {
        let headers = [("authorization", admin.as_str()), ("origin", origin)];
        assert_eq!(get("/recent", &headers).await.status, status, "{origin}");
    }
    get("/transfers", &[]).await.is_error(401, "unauthorized");
}

#[tokio::test]
async fn json_that_cannot_be_understood_is_503_with_the_variables_name() {
    let server = WranglerDev::start(&json!({"REQUIRE_TIMESTAMP": {"on": true}}), &SECRETS);
    let answer = server.request("GET", "/healthz", &[], String::new()).await;
    answer.is_error(503, "unavailable");
    assert!(answer.body.contains("REQUIRE_TIMESTAMP"), "{}", answer.body);
}
