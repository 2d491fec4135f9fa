//! The `transfer-status` command in a company's network: its proxy and its certificates, as the environment names them.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod support;

use std::path::PathBuf;
use std::process::{Output, Stdio};

use support::proxy::Proxy;
use support::secure::SecureService;
use support::{SECRET_SIGNATURE, soon, transfer_json};
use tokio::process::{Child, Command};

/// A file with the company's certificate.
fn store(name: &str, pem: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, pem).unwrap();
    path
}

/// The command with no environment but this.
fn start(args: &[&str], environment: &[(&str, &str)]) -> Child {
    Command::new(assert_cmd::cargo::cargo_bin!("transfer-status"))
        .args(args)
        .env_clear()
        .env("TRANSFER_STATUS_SIGNATURE", SECRET_SIGNATURE)
        .env("HMAC_SECRET", "test-secret")
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

async fn end(child: Child) -> (Output, String) {
    let output = soon(child.wait_with_output()).await.unwrap();
    let told = [&output.stdout[..], &output.stderr[..]].concat();
    (output, String::from_utf8(told).unwrap())
}

#[tokio::test]
async fn the_companys_proxy_and_certificate_are_taken_from_the_environment() {
    let secure = SecureService::start().await;
    let file = store("company.pem", &secure.pem);
    let file = file.to_str().unwrap();
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        let proxy = Proxy::start().await;
        let url = proxy.url_with_password("http");
        let environment = [(variable, &*url), ("SSL_CERT_FILE", file)];
        let asked_for = format!("CONNECT localhost:{} HTTP/1.1", secure.service.port());

        let watch = start(
            &["watch", "order-1042", "--verbose", "--url", &secure.url()],
            &environment,
        );
        let asked = proxy.lead(&secure.service).await;
        assert_eq!(asked.line, asked_for, "{variable}");
        assert_eq!(asked.headers["proxy-authorization"], "Basic dXNlcjpwQHNz");
        let mut socket = secure.accept().await.unwrap().open_socket().await;
        socket.status(3, "completed").await;
        let (output, told) = end(watch).await;
        assert!(output.status.success(), "{told}");
        assert!(told.contains("completed") && told.contains("proxy"), "{told}");
        for secret in ["p@ss", "p%40ss", "dXNlcjpwQHNz", SECRET_SIGNATURE] {
            assert!(!told.contains(secret), "{secret}: {told}");
        }

        let update = start(
            &["update", "order-1042", "completed", "--url", &secure.url()],
            &environment,
        );
        assert_eq!(proxy.lead(&secure.service).await.line, asked_for, "{variable}");
        let mut peer = secure.accept().await.unwrap();
        peer.serve("200 OK", "connection: close\r\n", &transfer_json(3, "completed"))
            .await;
        let (output, told) = end(update).await;
        assert!(output.status.success(), "{told}");
    }
}

#[tokio::test]
async fn a_host_that_is_excepted_is_reached_without_the_proxy() {
    let secure = SecureService::start().await;
    let file = store("excepted.pem", &secure.pem);
    let proxy = Proxy::start().await;
    let url = proxy.url_with_password("http");
    let environment = [
        ("HTTPS_PROXY", &*url),
        ("NO_PROXY", "localhost"),
        ("SSL_CERT_FILE", file.to_str().unwrap()),
    ];
    let get = start(&["get", "order-1042", "--url", &secure.url()], &environment);
    let mut peer = secure.accept().await.unwrap();
    peer.serve("200 OK", "", &transfer_json(3, "completed")).await;
    assert!(end(get).await.0.status.success());
    assert!(proxy.listener.is_left_alone().await);
}

#[tokio::test]
async fn what_the_machine_does_not_trust_is_refused_and_so_is_an_empty_store() {
    let secure = SecureService::start().await;
    let strangers = store("strangers.pem", &SecureService::start().await.pem);
    let environment = [("SSL_CERT_FILE", strangers.to_str().unwrap())];
    let get = start(&["get", "order-1042", "--url", &secure.url()], &environment);
    assert!(secure.accept().await.is_err());
    let (output, told) = end(get).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(told.contains("certificate was refused"), "{told}");

    let missing = [("SSL_CERT_FILE", "/no/such/file.pem")];
    let get = start(&["get", "order-1042", "--url", &secure.url()], &missing);
    let (output, told) = end(get).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(
        told.contains("roots") && told.contains("/no/such/file.pem"),
        "{told}"
    );
    assert!(secure.service.is_left_alone().await);
}

#[tokio::test]
async fn a_proxy_that_fails_is_told_in_words() {
    let proxy = Proxy::start().await;
    let url = proxy.url_with_password("http");
    let get = start(
        &["get", "order-1042", "--url", "https://status.example.com"],
        &[("HTTPS_PROXY", &url)],
    );
    for _ in 0..3 {
        proxy.refuse("407 Proxy Authentication Required").await;
    }
    let (output, told) = end(get).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(told.contains("HTTP status 407"), "{told}");
    assert!(!told.contains("p@ss") && !told.contains("p%40ss"), "{told}");

    let get = start(
        &["get", "order-1042", "--url", "https://status.example.com"],
        &[("HTTPS_PROXY", "ftp://user:hunter2@proxy")],
    );
    let (output, told) = end(get).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(
        told.contains("HTTPS_PROXY") && !told.contains("hunter2"),
        "{told}"
    );
}
