//! The archive's backup and restore, played with the operator's tool and wrangler on the machine's own KV.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::Value;
use tokio::task::block_in_place;
use transfer_status_e2e::{ADMIN_TOKEN, Payment, Said, Server, operators_tool};

use crate::{HOUR, at_rest, emptied, pass, server};

/// Runs `archive.mjs` on the KV of a server that is stopped; gives what it says.
fn archive(server: &Server, command: &str, file: &Path) -> String {
    let as_wrangler_has_it = server.folder().join("v3");
    if !as_wrangler_has_it.exists() {
        symlink(server.folder().join("state"), as_wrangler_has_it).unwrap();
    }
    let mut tool = operators_tool("archive");
    tool.args([command.as_ref(), file.as_os_str()])
        .args(["--local", "--persist-to"])
        .arg(server.folder());
    let output = tool.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    said
}

async fn record(server: &Server, payment: &Payment<'_>) -> Value {
    let bearer = format!("Bearer {ADMIN_TOKEN}");
    let path = format!("/transfer/{}/record", payment.id);
    let answer = server.get(&path, &[("authorization", &bearer)]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_archive_that_was_lost_comes_back_from_its_export_as_it_was() {
    let server = server();
    let done = server.payment();
    done.post(r#""status":"processing","message":"gr\u00f6\u00dfe","metadata":{"till":4}"#)
        .await;
    done.post(r#""status":"completed","amount":12345678901234567890.10"#)
        .await;
    let abandoned = server.payment();
    abandoned.post(r#""status":"processing""#).await;
    at_rest(&server).await;
    pass(&server, HOUR, 2).await;
    emptied(&server, 2).await;
    let (done_before, abandoned_before) = (done.read().await.body, abandoned.read().await.body);
    let record_before = record(&server, &done).await;

    let file = server.folder().join("archive.jsonl");
    block_in_place(|| {
        server.kill();
        assert!(archive(&server, "export", &file).contains("2 transfers are in"));
        fs::remove_dir_all(server.folder().join("state/kv")).unwrap();
        server.restart();
    });
    // What an export holds of a transfer is what its record shows.
    let exported = fs::read_to_string(&file).unwrap();
    let lines = exported
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let key = format!("t/{}", done.id);
    let line = lines.into_iter().find(|line| line["key"] == key).unwrap();
    let value: Value = serde_json::from_str(line["value"].as_str().unwrap()).unwrap();
    assert_eq!(value, record_before["archive"]);
    assert!(line["expiration"].as_u64().unwrap() > server.unix_seconds());
    assert_eq!(done.version().await, 0, "the only copy is gone");

    block_in_place(|| {
        server.kill();
        for _ in 0..2 {
            let said = archive(&server, "import", &file);
            assert!(said.contains("2 transfers are back, 0 have outlived"), "{said}");
        }
        server.restart();
    });
    assert_eq!(done.read().await.body, done_before, "byte for byte");
    assert_eq!(abandoned.read().await.body, abandoned_before);
    assert_eq!(server.timeline(&done.id).await.len(), 2);
    done.post(r#""status":"failed""#).await.is_error(409, "conflict");
    let mut watcher = done.socket().await;
    assert_eq!(watcher.status().await.version, Some(2));
    assert_eq!(watcher.next().await, Said::Closed(1000));
    let end = abandoned.post(r#""status":"completed""#).await.json();
    assert_eq!(end["version"], 2, "what was open goes on");
}
