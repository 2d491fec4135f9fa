//! Why the service could not be reached, told apart over real sockets: what to look at, for people and programs.
#![cfg(all(feature = "client", feature = "publisher"))]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod support;

use support::{Service, id, soon};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use transfer_status::{
    Key, PublishError, Publisher, RetryPolicy, Status, TransportCause, TransportError, Update,
};

/// Publishes once, and gives the error of the dial.
async fn dial(url: String) -> TransportError {
    let publisher = Publisher::builder(url, Key::new("test-secret").unwrap())
        .retry(RetryPolicy::none())
        .build()
        .unwrap();
    let error = publisher
        .publish(&Update::new(id(), Status::Completed))
        .await
        .unwrap_err();
    match error {
        PublishError::Transport(error) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_name_that_is_not_found_is_told() {
    let error = soon(dial("https://no-such-name.invalid".to_owned())).await;
    assert_eq!(error.cause(), Some(TransportCause::Dns), "{error:?}");
    assert_eq!(
        error.to_string(),
        "could not connect to the service: the host name was not found; check the URL and the name servers"
    );
    assert!(error.is_retryable(), "names come back");
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = soon(dial(format!("https://127.0.0.1:{port}"))).await;
    assert_eq!(error.cause(), Some(TransportCause::Refused), "{error:?}");
}

#[tokio::test]
async fn a_port_that_speaks_no_tls_is_told() {
    for answer in ["HTTP/1.1 400 Bad Request\r\n\r\n", ""] {
        let service = Service::start().await;
        let error = tokio::spawn(dial(format!("https://127.0.0.1:{}", service.port())));
        let mut peer = service.accept().await;
        let mut hello = [0; 64];
        soon(peer.stream.read_exact(&mut hello)).await.unwrap();
        soon(peer.stream.write_all(answer.as_bytes())).await.unwrap();
        drop(peer);
        let error = soon(error).await.unwrap();
        assert!(matches!(error, TransportError::Connect(_)), "{error:?}");
        assert_eq!(error.cause(), Some(TransportCause::Tls), "{answer:?}: {error:?}");
    }
}
