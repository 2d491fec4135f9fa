//! A deploy and a rollback, over one folder: Workers of one release talk to objects of the other for a while, and what one
//! has stored the other reads.
//!
//! `git worktree add ../before TAG`, `cargo xtask build worker` there, and then
//! `TRANSFER_STATUS_OTHER_BUILD=$PWD/../before/server-worker/build cargo test -p transfer-status-e2e --features other-release`.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::path::PathBuf;

use transfer_status::{Status, TransferId};
use transfer_status_e2e::{ADMIN_TOKEN, Options, Server};

/// One payment, all the way, and one that stays open; every answer is what it is with no deploy.
async fn live(server: &Server, stage: &str) -> [TransferId; 2] {
    let (open, done) = (server.payment(), server.payment());
    let mut watcher = open.socket().await;
    assert_eq!(watcher.status().await.version, Some(0), "{stage}");
    let fields = r#""status":"processing","message":"gr\u00f6\u00dfe","metadata":{"till":4}"#;
    let answer = open.post(fields).await;
    assert_eq!(answer.status, 200, "{stage}: {}", answer.body);
    assert_eq!(watcher.status().await.version, Some(1), "{stage}");
    let mut late = open.unproven_socket().await;
    late.send(&open.subscribe_message()).await;
    assert_eq!(late.status().await.version, Some(1), "{stage}");

    assert_eq!(done.report(Status::Completed).await.version, Some(1), "{stage}");
    done.post(r#""status":"failed""#).await.is_error(409, "conflict");
    let bearer = format!("Bearer {ADMIN_TOKEN}");
    let admin = [("authorization", bearer.as_str())];
    for path in ["/recent".to_owned(), format!("/transfer/{}/timeline", open.id)] {
        let answer = server.get(&path, &admin).await;
        assert_eq!(answer.status, 200, "{stage}: {path}: {}", answer.body);
    }
    let unknown = server.get("/transfer/nobody-knows-it", &admin).await;
    unknown.is_error(404, "not_found");
    [open.id, done.id]
}

#[tokio::test]
async fn a_deploy_and_a_rollback_refuse_nothing_that_is_valid_and_lose_nothing() {
    let build = std::env::var_os("TRANSFER_STATUS_OTHER_BUILD");
    let build = PathBuf::from(build.expect("TRANSFER_STATUS_OTHER_BUILD names the other release's build"));
    let options = |worker, objects| Options::default().beside(&build, worker, objects);
    let server = Server::start(options("other", "other"));
    let mut lived: Vec<[TransferId; 2]> = Vec::new();
    for (worker, objects) in [
        ("other", "other"),
        ("this", "other"),
        ("other", "this"),
        ("this", "this"),
        // And back.
        ("other", "this"),
        ("this", "other"),
        ("other", "other"),
    ] {
        let stage = format!("Worker of {worker}, objects of {objects}");
        server.kill();
        server.restart_with(&options(worker, objects));
        for [open, done] in &lived {
            let open = server.payment_named(open.as_str());
            let version = open.version().await;
            let answer = open
                .post(&format!(r#""status":"processing","message":"{stage}""#))
                .await;
            assert_eq!(answer.status, 200, "{stage}: {}", answer.body);
            assert_eq!(open.version().await, version + 1, "{stage}");
            let done = server.payment_named(done.as_str());
            assert_eq!(done.read().await.json()["status"], "completed", "{stage}");
            done.post(r#""status":"pending""#).await.is_error(409, "conflict");
        }
        lived.push(live(&server, &stage).await);
    }
}
