//! A panic in the server's WebAssembly ends what it struck, and the next event finds an instance that is new.

use serde_json::json;
use transfer_status::Status;
use transfer_status_e2e::{Options, Server};

#[tokio::test]
async fn a_panic_is_logged_and_all_others_go_on_in_a_new_instance() {
    let server = Server::start(Options::default().with_instruments());
    let (struck, other) = (server.payment(), server.payment());
    let mut watcher = other.socket().await;
    assert_eq!(watcher.status().await.version, Some(0));
    for payment in [&struck, &other] {
        assert_eq!(payment.report(Status::Pending).await.version, Some(1));
    }
    assert_eq!(watcher.status().await.version, Some(1));

    for round in 0..3 {
        server.faults(&json!({"sockets": "throw"})).await;
        let fields = format!(r#""status":"processing","message":"struck {round}""#);
        let answer = struck.post(&fields).await;
        assert_eq!(answer.status, 500, "round {round}: {}", answer.body);
        server.faults(&json!({"sockets": "ok"})).await;

        // The room that was struck and one that was not, both of which were awake; one that is new; and the same socket.
        let message = format!("round {round}");
        let fields = format!(r#""status":"processing","message":"{message}""#);
        for payment in [&struck, &other, &server.payment()] {
            let answer = payment.post(&fields).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
        assert_eq!(watcher.status().await.message.as_deref(), Some(message.as_str()));
    }
    assert!(struck.report(Status::Completed).await.version > Some(1));
    let panics = server
        .logs()
        .into_iter()
        .filter(|line| line.contains("panicked at"));
    assert!(panics.count() >= 3, "{:?}", server.logs());
}
