//! The `transfer-status` command, as a shell runs it.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod support;

use std::process::Stdio;

use assert_cmd::Command;
use predicates::prelude::{PredicateBooleanExt, predicate};
use predicates::str::{contains, is_empty};
use serde_json::{Value, json};
use support::secure::SecureService;
use support::{PATIENCE, SECRET_SIGNATURE, Service, soon, transfer_json};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

const BODY: &str = r#"{"transferId":"transfer-123","status":"completed"}"#;
/// Of `BODY` under the key `test-secret`.
const BARE: &str = "331fab8979715aebbef72876fee60f3510513e42ad87f5888a0a3b37af7d9873";

/// The command with no environment but what the test gives it.
fn command(args: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("transfer-status"));
    command
        .args(args)
        .env_clear()
        .env("HMAC_SECRET", "test-secret")
        .timeout(PATIENCE);
    command
}

fn stdout(command: &mut Command) -> String {
    String::from_utf8(command.assert().success().get_output().stdout.clone()).unwrap()
}

fn json_lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Starts a watch whose lines the test reads one by one.
fn start(args: &[&str]) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut child = tokio::process::Command::new(assert_cmd::cargo::cargo_bin!("transfer-status"))
        .args(args)
        .env("TRANSFER_STATUS_SIGNATURE", SECRET_SIGNATURE)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, lines)
}

/// Skips lines about other events.
async fn next_line_of(lines: &mut Lines<BufReader<ChildStdout>>, event: &str) -> Option<String> {
    loop {
        let line = soon(lines.next_line()).await.unwrap()?;
        assert!(!line.contains(SECRET_SIGNATURE));
        if json_lines(&line)[0]["event"] == event {
            return Some(line);
        }
    }
}

/// Runs the command while the test plays the service; gives its outcome.
fn in_background(mut command: Command) -> tokio::task::JoinHandle<assert_cmd::assert::Assert> {
    tokio::task::spawn_blocking(move || command.assert())
}

#[test]
fn a_body_is_signed_as_the_contract_says() {
    let bare = stdout(command(&["sign", "--no-timestamp"]).write_stdin(BODY));
    assert_eq!(bare, format!("X-Signature: {BARE}\n"));
    let timed = stdout(command(&["sign", "-", "--timestamp", "1732320000", "--json"]).write_stdin(BODY));
    let signed = json_lines(&timed);
    assert_eq!(signed[0]["timestamp"], 1_732_320_000);
    let signature = signed[0]["signature"].as_str().unwrap();
    assert_ne!(signature, BARE);

    let verify = |now: &str| {
        let mut verify = command(&["verify", "update", "--timestamp", "1732320000", "--now", now]);
        verify
            .env("TRANSFER_STATUS_SIGNATURE", signature)
            .write_stdin(BODY);
        verify
    };
    verify("1732320300").assert().success().stdout("valid\n");
    verify("1732320301")
        .assert()
        .code(1)
        .stderr(contains("over 300 s old"))
        .stdout(is_empty());
    verify("1732320300")
        .write_stdin("{}")
        .assert()
        .code(1)
        .stderr(contains("does not match"));
}

#[test]
fn milliseconds_are_not_signed_for_seconds() {
    command(&["sign", "--timestamp", "1732320000000"])
        .write_stdin(BODY)
        .assert()
        .code(2)
        .stdout(is_empty())
        .stderr(contains("that is in milliseconds; give Unix seconds"));
}

#[test]
fn a_file_is_signed_as_it_is() {
    let file = std::env::temp_dir().join(format!("transfer-status-cli-{}.json", std::process::id()));
    std::fs::write(&file, BODY).unwrap();
    let path = file.to_str().unwrap();
    let signed = stdout(&mut command(&["sign", path, "--no-timestamp"]));
    std::fs::remove_file(&file).unwrap();
    assert_eq!(signed, format!("X-Signature: {BARE}\n"));
    command(&["sign", path])
        .assert()
        .code(1)
        .stderr(contains("cannot open"));
}

#[test]
fn what_was_minted_is_valid_for_its_transfer_until_it_expires() {
    let mint = [
        "mint",
        "order-1042",
        "--merchant-id",
        "m-7",
        "--expiry",
        "1732950839",
    ];
    let signature = stdout(&mut command(&mint)).trim().to_owned();
    let request = &json_lines(&stdout(command(&mint).arg("--json")))[0];
    let expected = json!({
        "transferRequestId": "order-1042", "merchantId": "m-7", "expiry": 1_732_950_839, "signature": signature,
    });
    assert_eq!(*request, expected);

    let verify = |transfer: &str, now: &str| {
        let mut verify = command(&["verify", "subscription", transfer, "--now", now, "--json"]);
        verify.env("TRANSFER_STATUS_SIGNATURE", &signature);
        verify
    };
    let claims = &json_lines(&stdout(&mut verify("order-1042", "1732950839")))[0];
    assert_eq!(
        (&claims["valid"], &claims["merchantId"]),
        (&json!(true), &json!("m-7"))
    );
    verify("order-1042", "1732950840")
        .assert()
        .code(1)
        .stderr(contains("expired"));
    verify("order-1043", "1732950839")
        .assert()
        .code(1)
        .stderr(contains("for another transfer"));
    let other_key = &mut verify("order-1042", "1732950839");
    other_key
        .env("SUBSCRIBE_HMAC_SECRET", "another")
        .assert()
        .code(1)
        .stderr(contains("is wrong"));
    let rotated = other_key.env("SUBSCRIBE_HMAC_SECRET_PREVIOUS", "test-secret");
    rotated.assert().success();
}

#[test]
fn the_subscription_key_goes_before_the_update_key() {
    let mint = [
        "mint",
        "order-1042",
        "--merchant-id",
        "m-7",
        "--expiry",
        "1732950839",
    ];
    let with_own = stdout(
        command(&mint)
            .env("SUBSCRIBE_HMAC_SECRET", "own")
            .env_remove("HMAC_SECRET"),
    );
    let with_both = stdout(command(&mint).env("SUBSCRIBE_HMAC_SECRET", "own"));
    assert_eq!(with_own, with_both);
    assert_ne!(with_both, stdout(&mut command(&mint)));
    command(&mint)
        .env("HMAC_SECRET", "")
        .assert()
        .code(1)
        .stderr(contains("SUBSCRIBE_HMAC_SECRET nor HMAC_SECRET"));
}

#[test]
fn a_backend_that_minted_by_hand_is_told_which_field_is_wrong() {
    let key = transfer_status::Key::new("test-secret").unwrap();
    for (fields, told) in [
        (
            r#""merchantId":42,"expiry":1732320000"#,
            "merchantId is not valid; send a string",
        ),
        (r#""merchantId":"m","expiry":1732320000000"#, "not milliseconds"),
        (r#""merchant":"m","expiry":1732320000"#, "merchantId is missing"),
    ] {
        let payload = format!(r#"{{"transferRequestId":"order-1042",{fields}}}"#);
        command(&["verify", "subscription", "order-1042", "--now", "1732310000"])
            .env(
                "TRANSFER_STATUS_SIGNATURE",
                transfer_status::signature::seal(&key, &payload),
            )
            .assert()
            .code(1)
            .stderr(contains(told));
    }
}

#[test]
fn a_qr_code_is_drawn_and_its_payload_printed_on_request() {
    let qr = |extra: &[&str]| {
        let mut qr = command(&["qr", "order-1042", "--page", "https://pay.example.com"]);
        qr.args(extra).env("TRANSFER_STATUS_SIGNATURE", "abc.def");
        stdout(&mut qr)
    };
    let payload = "https://pay.example.com/t/order-1042#s=abc.def";
    assert_eq!(qr(&["--text"]), format!("{payload}\n"));
    assert_eq!(json_lines(&qr(&["--json"])), [json!({ "payload": payload })]);
    let (drawn, inverted) = (qr(&[]), qr(&["--invert"]));
    assert!(drawn.lines().count() > 15 && drawn.contains('▀'), "{drawn}");
    assert_ne!(drawn, inverted);
}

#[test]
fn the_code_of_a_signature_in_the_usual_form_is_short() {
    let case: Value = serde_json::from_str(include_str!("../../protocol/tests/vectors/qr.json")).unwrap();
    let case = case["cases"]
        .as_array()
        .unwrap()
        .iter()
        .find(|case| case["name"] == "short-2")
        .unwrap();
    let text = |field: &str| case[field].as_str().unwrap();
    let mut qr = command(&["qr", text("transferId"), "--page", text("page"), "--text"]);
    qr.env("TRANSFER_STATUS_SIGNATURE", text("signature"));
    assert_eq!(stdout(&mut qr), format!("{}\n", text("short")));
}

#[test]
fn a_wrong_command_line_is_code_2_and_help_tells_the_right_one() {
    for args in [
        &[][..],
        &["nonsense"],
        &["watch"],
        &["watch", "order-1042"],
        &["update", "order-1042", "paid", "--url", "http://127.0.0.1:9"],
        &["update", "../x", "completed", "--url", "http://127.0.0.1:9"],
        &[
            "update",
            "order-1042",
            "completed",
            "--amount",
            "NaN",
            "--url",
            "http://127.0.0.1:9",
        ],
        &[
            "mint",
            "order-1042",
            "--merchant-id",
            "m-7",
            "--valid-for",
            "soon",
        ],
        &["sign", "--no-timestamp", "--timestamp", "1"],
    ] {
        command(args)
            .assert()
            .code(2)
            .stdout(is_empty())
            .stderr(contains("Usage").or(contains("--help")));
    }
    for subcommand in ["watch", "update", "sign", "mint", "verify", "qr"] {
        let help = stdout(&mut command(&[subcommand, "--help"]));
        assert!(help.contains("transfer-status "), "an example: {help}");
    }
    assert!(stdout(&mut command(&["--help"])).contains("Exit codes:"));
}

#[test]
fn help_never_shows_what_the_environment_holds_in_secret() {
    for args in [
        &["--help"][..],
        &["watch", "--help"],
        &["update", "--help"],
        &["qr", "--help"],
    ] {
        let mut help = command(args);
        help.env("HMAC_SECRET", "hunter2")
            .env("TRANSFER_STATUS_SIGNATURE", "hunter3");
        assert!(!stdout(&mut help).contains("hunter"), "{args:?}");
    }
}

#[tokio::test]
async fn a_watch_prints_each_status_and_ends_well_with_any_final_one() {
    for last in ["completed", "failed", "cancelled"] {
        let service = Service::start().await;
        let (mut watch, mut lines) = start(&["watch", "order-1042", "--url", &service.url(), "--json"]);
        let mut socket = service.accept_socket().await;
        let exact = r#""amount":0.10000000000000000001,"#;
        let transfer =
            transfer_json(1, "processing").replace(r#""version""#, &format!(r#"{exact}"version""#));
        socket
            .send(&format!(r#"{{"type":"status","transfer":{transfer}}}"#))
            .await;
        let first = next_line_of(&mut lines, "status").await.unwrap();
        assert!(first.contains(exact), "as exact as it came: {first}");

        socket.status(2, last).await;
        let second = next_line_of(&mut lines, "status").await.unwrap();
        let expected = format!(r#"{{"event":"status","transfer":{}}}"#, transfer_json(2, last));
        assert_eq!(json_lines(&second), json_lines(&expected));
        let closed = next_line_of(&mut lines, "closed").await.unwrap();
        assert_eq!(
            json_lines(&closed),
            [json!({ "event": "closed", "reason": "final" })]
        );
        assert_eq!(lines.next_line().await.unwrap(), None);
        assert_eq!(soon(watch.wait()).await.unwrap().code(), Some(0));
    }
}

#[tokio::test]
async fn a_watch_takes_what_a_scanner_reads_from_a_qr_code() {
    let service = Service::start().await;
    let mut watch = command(&["watch", "--qr"]);
    watch.env("TRANSFER_STATUS_URL", service.url());
    watch.write_stdin(format!(
        "https://pay.example.com/t/order-1042#s={SECRET_SIGNATURE}\n"
    ));
    let watching = in_background(watch);
    let mut socket = service.accept_socket().await;
    let shown = transfer_status::Signature::new(SECRET_SIGNATURE)
        .unwrap()
        .to_protocol();
    assert!(socket.header("sec-websocket-protocol").ends_with(&shown));
    let transfer =
        transfer_json(1, "completed").replace("\"version\"", "\"message\":\"paid\\u001b[2J\",\"version\"");
    socket
        .send(&format!(r#"{{"type":"status","transfer":{transfer}}}"#))
        .await;
    let done = watching.await.unwrap().success();
    done.stdout("2024-01-15T10:30:01.000Z  completed   order-1042  v1  paid [2J\n");
}

#[tokio::test]
async fn a_refused_watch_fails_and_says_why_without_the_signature() {
    let service = Service::start().await;
    let mut watch = command(&[
        "watch",
        "order-1042",
        "--url",
        &service.url(),
        "--json",
        "--verbose",
    ]);
    watch.env("TRANSFER_STATUS_SIGNATURE", SECRET_SIGNATURE);
    let watching = in_background(watch);
    let mut socket = service.accept_socket().await;
    socket
        .send(r#"{"type":"error","code":"unauthorized","message":"the signature is wrong"}"#)
        .await;
    socket.close(4401).await;
    watching
        .await
        .unwrap()
        .code(1)
        .stderr(contains("close code 4401: the signature is wrong"))
        .stderr(contains("DEBUG"))
        .stderr(predicate::function(|text: &str| !text.contains(SECRET_SIGNATURE)));
}

#[tokio::test]
async fn a_transfer_is_printed_as_it_stands() {
    let service = Service::start().await;
    let mut get = command(&["get", "order-1042", "--json", "--url", &service.url()]);
    get.env("TRANSFER_STATUS_SIGNATURE", SECRET_SIGNATURE);
    let outcome = in_background(get);
    let stored = transfer_json(3, "processing").replacen('{', r#"{"amount":12.10,"#, 1);
    let request = service.accept().await.serve("200 OK", "", &stored).await;
    let outcome = soon(outcome).await.unwrap().success();
    assert_eq!(request.line, "GET /transfer/order-1042 HTTP/1.1");
    let printed = String::from_utf8(outcome.get_output().stdout.clone()).unwrap();
    assert_eq!(json_lines(&printed)[0]["version"], 3);
    assert!(printed.contains("12.10"), "as it came: {printed}");
}

#[tokio::test]
async fn a_code_that_was_read_is_told_to_the_watchers_and_taken_back() {
    for (undo, scanned) in [(&[][..], true), (&["--undo"][..], false)] {
        let service = Service::start().await;
        let mut scan = command(&[&["scan", "--qr", "--json", "--url", &service.url()], undo].concat());
        scan.write_stdin(format!(
            "https://pay.example.com/t/order-1042#s={SECRET_SIGNATURE}\n"
        ));
        let outcome = in_background(scan);
        let told = json!({ "transferId": "order-1042", "scanned": scanned });
        let request = service
            .accept()
            .await
            .serve("200 OK", "", &told.to_string())
            .await;
        let outcome = soon(outcome).await.unwrap().success();
        assert_eq!(
            request.headers["authorization"],
            format!("Bearer {SECRET_SIGNATURE}")
        );
        assert_eq!(serde_json::from_slice::<Value>(&request.body).unwrap(), told);
        let printed = String::from_utf8(outcome.get_output().stdout.clone()).unwrap();
        assert_eq!(json_lines(&printed), [told]);
    }
}

#[tokio::test]
async fn a_request_that_is_refused_fails_with_the_services_words() {
    let service = Service::start().await;
    let mut get = command(&["get", "order-1042", "--url", &service.url()]);
    get.env("TRANSFER_STATUS_SIGNATURE", SECRET_SIGNATURE);
    let outcome = in_background(get);
    let body = r#"{"type":"error","code":"expired","message":"it was valid until noon"}"#;
    service.accept().await.serve("401 Unauthorized", "", body).await;
    soon(outcome)
        .await
        .unwrap()
        .code(1)
        .stdout(is_empty())
        .stderr(contains("it was valid until noon").and(contains(SECRET_SIGNATURE).not()));
}

#[tokio::test]
async fn an_update_prints_the_transfer_as_stored_and_a_conflict_the_one_that_stands() {
    let service = Service::start().await;
    let url = service.url();
    let args = [
        "update",
        "order-1042",
        "completed",
        "--amount",
        "12.10",
        "--metadata",
        r#"{"till":3}"#,
    ];
    let mut update = command(&args);
    update.args([
        "--remove",
        "message",
        "--remove",
        "customer-id",
        "--url",
        &url,
        "--json",
    ]);
    let updating = in_background(update);
    let mut peer = service.accept().await;
    let request = peer
        .serve("200 OK", "connection: close\r\n", &transfer_json(1, "completed"))
        .await;
    let expected = r#"{"transferId":"order-1042","status":"completed","message":null,"amount":12.10,"customerId":null,"metadata":{"till":3}}"#;
    assert_eq!(String::from_utf8(request.body).unwrap(), expected);
    updating
        .await
        .unwrap()
        .success()
        .stdout(format!("{}\n", transfer_json(1, "completed")));

    let updating = in_background(command(&[
        "update",
        "order-1042",
        "failed",
        "--if-version",
        "0",
        "--url",
        &url,
        "--json",
    ]));
    let current = transfer_json(1, "completed");
    let body =
        format!(r#"{{"type":"error","code":"conflict","message":"it is final","transfer":{current}}}"#);
    let request = service.accept().await.serve("409 Conflict", "", &body).await;
    assert_eq!(
        String::from_utf8(request.body).unwrap(),
        r#"{"transferId":"order-1042","status":"failed","ifVersion":0}"#
    );
    let failed = updating.await.unwrap().code(1).stdout(is_empty());
    let told = json_lines(std::str::from_utf8(&failed.get_output().stderr).unwrap());
    assert_eq!(told[0]["error"], "the transfer is already completed: it is final");
    assert_eq!(told[0]["transfer"]["version"], 1);
}

#[tokio::test]
async fn a_watch_whose_reader_has_left_ends_in_silence() {
    let service = Service::start().await;
    let (watch, mut lines) = start(&["watch", "order-1042", "--url", &service.url()]);
    let mut socket = service.accept_socket().await;
    socket.status(1, "processing").await;
    let line = soon(lines.next_line()).await.unwrap().unwrap();
    assert!(line.contains("processing"), "{line}");
    drop(lines);
    socket.status(2, "completed").await;
    let output = soon(watch.wait_with_output()).await.unwrap();
    assert_eq!(output.status.code(), Some(0));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(!told.contains("panic") && !told.contains("error"), "{told}");
}

/// What `watch` prints on standard error until a line contains `text`; it goes on after that.
async fn told_by_watch(url: &str, text: &str) {
    let mut child = tokio::process::Command::new(assert_cmd::cargo::cargo_bin!("transfer-status"))
        .args(["watch", "order-1042", "--url", url])
        .env("TRANSFER_STATUS_SIGNATURE", SECRET_SIGNATURE)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut told = Vec::new();
    loop {
        let line = soon(lines.next_line()).await.unwrap();
        let Some(line) = line else {
            panic!("{url}: it ended after {told:?}")
        };
        assert!(!line.contains(SECRET_SIGNATURE));
        if line.contains(text) {
            break;
        }
        told.push(line);
    }
    assert!(child.try_wait().unwrap().is_none(), "it goes on trying");
}

#[tokio::test]
async fn a_watch_that_cannot_work_says_why_and_goes_on() {
    let service = Service::start().await;
    for (status, text) in [
        ("404 Not Found", "HTTP 404"),
        ("302 Found", "redirects (HTTP 302)"),
        ("200 OK", "not the service's"),
    ] {
        let url = service.url();
        let told = tokio::spawn(async move { told_by_watch(&url, text).await });
        service.accept().await.serve(status, "", "").await;
        soon(told).await.unwrap();
    }

    let url = service.url();
    let told = tokio::spawn(async move { told_by_watch(&url, "(updatedAt)").await });
    let mut socket = service.accept_socket().await;
    let unreadable = transfer_json(1, "pending").replace("2024-01-15T10:30:01.000Z", "yesterday");
    socket
        .send(&format!(r#"{{"type":"status","transfer":{unreadable}}}"#))
        .await;
    soon(told).await.unwrap();

    told_by_watch("https://no-such-name.invalid", "host name was not found").await;
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_told() {
    let secure = SecureService::start().await;
    let url = format!("https://localhost:{}", secure.service.port());
    let told = tokio::spawn(async move { told_by_watch(&url, "certificate").await });
    assert!(secure.accept().await.is_err());
    soon(told).await.unwrap();
}

#[tokio::test]
async fn scripts_get_problems_and_what_the_service_says_as_objects() {
    let service = Service::start().await;
    let (mut watch, mut lines) = start(&["watch", "order-1042", "--url", &service.url(), "--json"]);
    service.accept().await.serve("404 Not Found", "", "").await;
    let line = next_line_of(&mut lines, "problem").await.unwrap();
    let told = &json_lines(&line)[0];
    assert_eq!((&told["kind"], &told["status"]), (&json!("http"), &json!(404)));
    assert!(told["message"].as_str().unwrap().contains("check the URL"));

    let mut socket = service.accept_socket().await;
    socket
        .send(r#"{"type":"error","code":"unavailable","message":"the archive is slow today"}"#)
        .await;
    let line = next_line_of(&mut lines, "error").await.unwrap();
    let said = json!({ "event": "error", "code": "unavailable", "message": "the archive is slow today" });
    assert_eq!(json_lines(&line), [said]);
    socket.status(1, "completed").await;
    let line = next_line_of(&mut lines, "problem").await.unwrap();
    assert_eq!(json_lines(&line), [json!({ "event": "problem", "kind": null })]);
    assert_eq!(soon(watch.wait()).await.unwrap().code(), Some(0));
}
