//! What is refused costs nothing and leaves no secret behind.

use transfer_status::Status;
use transfer_status_e2e::{
    ADMIN_TOKEN, HMAC_SECRET, Options, SUBSCRIBE_HMAC_SECRET, Server, Socket, http, unix_seconds,
};

#[tokio::test]
async fn what_is_refused_at_the_edge_wakes_no_object_and_no_secret_is_logged() {
    let server = Server::start(Options::default());
    let payment = server.payment();
    let now = unix_seconds();
    let path = format!("/transfer/{}", payment.id);
    let ws = format!("/ws/{}", payment.id);
    let mut secrets: Vec<String> = [HMAC_SECRET, SUBSCRIBE_HMAC_SECRET, ADMIN_TOKEN]
        .map(str::to_owned)
        .into();

    let refused = [
        (payment.signature_by("a wrong key", now + 3600), "unauthorized"),
        (payment.signature_until(now - 1), "expired"),
        (server.payment().signature(), "unauthorized"),
    ];
    for (signature, code) in &refused {
        let text = signature.expose();
        assert!(payment.socket_with(signature).await.refused().await >= 4401);
        for name in ["signature", "token"] {
            let mut socket = Socket::open(&server, &format!("{ws}?{name}={text}"), &[]).await;
            assert!(socket.refused().await >= 4401);
            server
                .get(&format!("{path}?{name}={text}"), &[])
                .await
                .is_error(401, code);
        }
        let bearer = format!("Bearer {text}");
        server
            .get(&path, &[("authorization", &bearer)])
            .await
            .is_error(401, code);
        secrets.extend(text.split('.').map(str::to_owned));
        secrets.push(signature.to_protocol());
    }
    for (secret, body) in [
        (
            "a wrong key",
            format!(r#"{{"transferId":"{}","status":"pending"}}"#, payment.id),
        ),
        (
            HMAC_SECRET,
            format!(r#"{{"transferId":"{}","status":"paid"}}"#, payment.id),
        ),
    ] {
        let signature = http::signer(secret).sign(body.as_bytes());
        let answer = server
            .request("POST", "/update", &[("x-signature", &signature)], body)
            .await;
        assert!(answer.status >= 400);
        secrets.push(signature);
    }
    let bearer = format!("Bearer {ADMIN_TOKEN}");
    let elsewhere = server.get("/recents", &[("authorization", &bearer)]).await;
    elsewhere.is_error(404, "not_found");
    assert_eq!(server.rooms(), 0, "no object was woken");

    // What is let in wakes one, so that the zero above means something. Refused in there, it is no safer to log.
    for (signature, _) in &refused {
        let mut socket = payment.unproven_socket().await;
        socket.send(&payment.subscribe_message_with(signature)).await;
        assert!(socket.refused().await >= 4401);
    }
    payment.report(Status::Completed).await;
    assert_eq!(server.rooms(), 1);
    secrets.extend(payment.signature().expose().split('.').map(str::to_owned));

    let logs = server.logs();
    assert!(logs.len() >= 15, "every refusal at the edge is logged: {logs:#?}");
    for line in &logs {
        for secret in &secrets {
            assert!(!line.contains(secret), "{line}");
        }
    }
}
