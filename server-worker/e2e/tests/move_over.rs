//! Moving over from the earlier service, by the operator's tool, on the real server.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;
use std::path::Path;

use tokio::task::block_in_place;
use transfer_status_e2e::{HMAC_SECRET, Options, Server, operators_tool};

/// As the earlier service's list has them: a line a transfer, a whole answer on a line, and what it is wise to expect.
const LIST: &str = r#"{"id":"old-1","status":"IN_FLIGHT","details":"bei der Bank","amount":12345678901234567.10,"merchantId":"shop","customerName":"A. B.","updatedAt":1700000000000}

[{"id":"old-2","status":"PENDING","details":null,"customerName":""},{"id":"old-3","status":"SETTLED"}]
{"transfers":[{"id":"old-4","status":"PROCESSING","metadata":{"till":4}}]}
{"id":"known","status":"PENDING","details":"late"}
"#;

struct Outcome {
    code: Option<i32>,
    said: String,
}

fn move_over(server: &Server, list: &Path, options: &[&str]) -> Outcome {
    let mut tool = operators_tool("move-over");
    tool.arg(list)
        .args(["--url", &server.url()])
        .args(options)
        .env("HMAC_SECRET", HMAC_SECRET);
    let output = block_in_place(|| tool.output()).unwrap();
    let said = [output.stdout, output.stderr].concat();
    Outcome {
        code: output.status.code(),
        said: String::from_utf8(said).unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_open_in_the_earlier_service_is_told_to_this_one_once_and_undoes_nothing() {
    let server = Server::start(Options::default());
    let list = server.folder().join("open.jsonl");
    fs::write(&list, LIST).unwrap();
    let known = server.payment_named("known");
    known.post(r#""status":"processing","message":"newer""#).await;
    let before = known.read().await.body;

    let dry = move_over(&server, &list, &["--dry-run"]);
    assert_eq!(dry.code, Some(0), "{}", dry.said);
    assert!(dry.said.contains(r#""transferId":"old-1""#), "{}", dry.said);
    assert_eq!(
        server.payment_named("old-1").version().await,
        0,
        "nothing was sent"
    );

    let run = move_over(&server, &list, &[]);
    assert!(
        run.said.contains("4 posted, 1 known, 0 done before, 0 refused"),
        "{}",
        run.said
    );
    let first = server.payment_named("old-1").read().await;
    let shown = first.json();
    assert_eq!(
        (
            &shown["status"],
            &shown["message"],
            &shown["merchantId"],
            &shown["customerId"]
        ),
        (
            &"processing".into(),
            &"bei der Bank".into(),
            &"shop".into(),
            &"A. B.".into()
        )
    );
    assert!(
        first.body.contains(r#""amount":12345678901234567.10"#),
        "{}",
        first.body
    );
    for (id, status) in [
        ("old-2", "pending"),
        ("old-3", "completed"),
        ("old-4", "processing"),
    ] {
        assert_eq!(server.payment_named(id).read().await.json()["status"], status);
    }
    assert_eq!(
        known.read().await.body,
        before,
        "what a backend has reported here stands"
    );

    // Again, with and without what it remembers: nothing changes.
    let again = move_over(&server, &list, &[]);
    assert!(
        again.said.contains("0 posted, 0 known, 5 done before"),
        "{}",
        again.said
    );
    fs::remove_file(server.folder().join("open.jsonl.done")).unwrap();
    let again = move_over(&server, &list, &[]);
    assert!(again.said.contains("4 posted, 1 known"), "{}", again.said);
    assert_eq!(server.payment_named("old-1").read().await.body, first.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_posted_is_named_and_is_all_that_is_left_for_the_next_run() {
    let server = Server::start(Options::default());
    let list = server.folder().join("open.jsonl");
    fs::write(
        &list,
        "{\"id\":\"good\",\"status\":\"PENDING\"}\n{\"id\":\"odd\",\"status\":\"REFUNDED\"}\nno json\n{\"id\":\"a b\",\"status\":\"PENDING\"}\n",
    )
    .unwrap();
    let run = move_over(&server, &list, &[]);
    assert_eq!(run.code, Some(1), "{}", run.said);
    assert!(
        run.said.contains("1 posted, 0 known, 0 done before, 3 refused"),
        "{}",
        run.said
    );
    for named in ["line 2, odd: ", "line 3: ", "line 4, a b: "] {
        assert!(run.said.contains(named), "{named} is not in {}", run.said);
    }
    assert!(!run.said.contains(HMAC_SECRET));

    fs::write(
        &list,
        "{\"id\":\"good\",\"status\":\"PENDING\"}\n{\"id\":\"odd\",\"status\":\"FAILED\"}\n",
    )
    .unwrap();
    let run = move_over(&server, &list, &[]);
    assert!(
        run.said.contains("1 posted, 0 known, 1 done before, 0 refused"),
        "{}",
        run.said
    );
}
