//! TLS with certificates made for the test: what is trusted, and that nothing is installed for the process.
#![cfg(all(feature = "client", feature = "publisher"))]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod support;

use support::secure::SecureService;
use support::watching::next_problem;
use support::{QUICK, Service, id, signature, soon, transfer, transfer_json};
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::crypto::CryptoProvider;
use transfer_status::{
    BuildError, Client, Key, ProblemKind, PublishError, Publisher, RequestError, Roots, Status,
    TransportCause, TransportError, Update,
};

fn publisher(url: String, trust: Option<ClientConfig>) -> Publisher {
    let builder = Publisher::builder(url, Key::new("test-secret").unwrap());
    match trust {
        Some(trust) => builder.tls(trust),
        None => builder,
    }
    .build()
    .unwrap()
}

#[tokio::test]
async fn socket_and_http_are_spoken_over_tls_to_a_service_that_is_trusted() {
    let secure = SecureService::start().await;
    let port = secure.service.port();
    let client = Client::builder(format!("wss://localhost:{port}"))
        .tls(secure.trust.clone())
        .timing(QUICK)
        .build()
        .unwrap();
    let watch = client.watch(id()).signature(signature()).start();
    let mut socket = secure.accept().await.unwrap().open_socket().await;
    socket.status(1, "processing").await;

    let publisher = publisher(format!("https://localhost:{port}"), Some(secure.trust.clone()));
    let answer = tokio::spawn(async move { publisher.publish(&Update::new(id(), Status::Completed)).await });
    let mut peer = secure.accept().await.unwrap();
    peer.serve("200 OK", "", &transfer_json(2, "completed")).await;
    assert_eq!(soon(answer).await.unwrap().unwrap(), transfer(2, "completed"));

    socket.status(2, "completed").await;
    assert_eq!(soon(watch.finished()).await, Ok(transfer(2, "completed")));
    assert!(
        CryptoProvider::get_default().is_none(),
        "a library leaves the process's provider alone"
    );
}

#[tokio::test]
async fn a_service_that_is_not_trusted_gets_no_request_and_no_second_try() {
    let secure = SecureService::start().await;
    let port = secure.service.port();
    let strangers = [
        (format!("https://localhost:{port}"), None),
        // Trusted, but under another name.
        (format!("https://127.0.0.1:{port}"), Some(secure.trust.clone())),
    ];
    for (url, trust) in strangers {
        let publisher = publisher(url, trust);
        let answer =
            tokio::spawn(async move { publisher.publish(&Update::new(id(), Status::Completed)).await });
        assert!(
            secure.accept().await.is_err(),
            "the client breaks the handshake off"
        );
        let error = soon(answer).await.unwrap().unwrap_err();
        assert!(
            matches!(error, PublishError::Transport(TransportError::Certificate(_))),
            "{error:?}"
        );
        assert!(
            matches!(&error, PublishError::Transport(error) if error.cause() == Some(TransportCause::Certificate))
        );
        assert!(!error.is_retryable());
        assert!(secure.service.is_left_alone().await);
    }
}

#[tokio::test]
async fn a_watch_never_falls_back_to_plain_text() {
    let service = Service::start().await;
    let client = Client::builder(format!("wss://127.0.0.1:{}", service.port()))
        .timing(QUICK)
        .build()
        .unwrap();
    let _watch = client.watch(id()).signature(signature()).start();
    for _ in 0..3 {
        let mut peer = service.accept().await;
        let first = soon(tokio::io::AsyncReadExt::read_u8(&mut peer.stream))
            .await
            .unwrap();
        assert_eq!(first, 0x16, "a TLS handshake record");
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_trusts_keeps_a_watch_from_being_live_and_it_says_so() {
    let secure = SecureService::start().await;
    let client = Client::builder(format!("https://localhost:{}", secure.service.port()))
        .timing(QUICK)
        .build()
        .unwrap();
    let mut watch = client.watch(id()).signature(signature()).start();
    assert!(secure.accept().await.is_err());
    let problem = next_problem(&mut watch).await.unwrap();
    assert_eq!(problem.kind, ProblemKind::Certificate);
    assert!(secure.accept().await.is_err(), "it goes on trying");
}

#[tokio::test]
async fn whosever_roots_are_trusted_a_stranger_is_not() {
    let secure = SecureService::start().await;
    let roots = [
        #[cfg(feature = "webpki-roots")]
        Roots::Mozilla,
        #[cfg(feature = "native-roots")]
        Roots::System,
        #[cfg(feature = "platform-verifier")]
        Roots::Platform,
    ];
    for roots in roots {
        let url = format!("https://localhost:{}", secure.service.port());
        // A machine without a store of its own is told so when the client is built.
        let client = match Client::builder(url).roots(roots).build() {
            Ok(client) => client,
            Err(BuildError::Tls(_)) if format!("{roots:?}") != "Mozilla" => continue,
            Err(error) => panic!("{roots:?}: {error}"),
        };
        let answer = tokio::spawn(async move { client.get(&id(), &signature()).await });
        assert!(secure.accept().await.is_err(), "{roots:?}");
        let error = soon(answer).await.unwrap().unwrap_err();
        assert!(
            matches!(error, RequestError::Transport(TransportError::Certificate(_))),
            "{roots:?}: {error:?}"
        );
    }
    assert!(CryptoProvider::get_default().is_none());
}
