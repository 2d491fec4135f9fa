//! Proxies and connectors of one's own: sockets, requests and updates go through them, and what fails there is told.
#![cfg(all(feature = "client", feature = "publisher"))]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod support;

use std::convert::Infallible;
use std::error::Error as _;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use http::Uri;
use hyper_util::rt::TokioIo;
use support::proxy::Proxy;
use support::secure::SecureService;
use support::watching::next_problem;
use support::{QUICK, Service, id, signature, soon, transfer, transfer_json};
use tokio::io::DuplexStream;
use transfer_status::{
    BuildError, Client, ClientBuilder, Key, ProblemKind, Publisher, RequestError, RetryPolicy, Status,
    Transfer, TransportCause, TransportError, Update,
};

/// "user:p@ss", by basic authentication.
const AUTHORIZATION: &str = "Basic dXNlcjpwQHNz";

fn client(secure: &SecureService, proxy: String) -> ClientBuilder {
    Client::builder(secure.url())
        .tls(secure.trust.clone())
        .proxy(proxy)
        .retry(RetryPolicy::none())
}

async fn get(client: Client) -> Result<Transfer, RequestError> {
    client.get(&id(), &signature()).await
}

/// The error of a request through `proxy`, which a test plays meanwhile.
async fn failure(client: ClientBuilder, play: impl Future) -> TransportError {
    let (outcome, _) = tokio::join!(soon(get(client.build().unwrap())), play);
    match outcome.unwrap_err() {
        RequestError::Transport(error) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_socket_and_a_request_go_through_a_proxy_with_its_password() {
    let secure = SecureService::start().await;
    let proxy = Proxy::start().await;
    let client = client(&secure, proxy.url_with_password("http")).build().unwrap();
    let asked_for = format!("CONNECT localhost:{} HTTP/1.1", secure.service.port());

    let watch = client.watch(id()).signature(signature()).start();
    let asked = proxy.lead(&secure.service).await;
    assert_eq!(asked.line, asked_for);
    assert_eq!(asked.headers["proxy-authorization"], AUTHORIZATION);
    let mut socket = secure.accept().await.unwrap().open_socket().await;
    assert_eq!(
        socket.header("proxy-authorization"),
        "",
        "the service never sees it"
    );
    socket.status(2, "completed").await;
    assert_eq!(soon(watch.finished()).await.unwrap(), transfer(2, "completed"));

    let answer = tokio::spawn(get(client));
    assert_eq!(proxy.lead(&secure.service).await.line, asked_for);
    let mut peer = secure.accept().await.unwrap();
    let request = peer.serve("200 OK", "", &transfer_json(2, "completed")).await;
    assert!(!request.headers.contains_key("proxy-authorization"));
    assert_eq!(soon(answer).await.unwrap().unwrap(), transfer(2, "completed"));
}

#[tokio::test]
async fn an_update_goes_through_a_proxy_in_plain_text_too() {
    let service = Service::start().await;
    let proxy = Proxy::start().await;
    let publisher = Publisher::builder(service.url(), Key::new("test-secret").unwrap())
        .proxy(format!("127.0.0.1:{}", proxy.port()))
        .build()
        .unwrap();
    let answer = tokio::spawn(async move { publisher.publish(&Update::new(id(), Status::Completed)).await });
    let mut peer = proxy.listener.accept().await;
    let asked = peer.serve("200 OK", "", &transfer_json(1, "completed")).await;
    assert_eq!(asked.line, format!("POST {}/update HTTP/1.1", service.url()));
    assert_eq!(asked.headers["host"], format!("127.0.0.1:{}", service.port()));
    assert!(!asked.headers.contains_key("proxy-authorization"));
    soon(answer).await.unwrap().unwrap();
}

#[tokio::test]
async fn in_plain_text_polls_are_handed_to_the_proxy_and_sockets_go_through_a_tunnel() {
    let (service, proxy) = (Service::start().await, Proxy::start().await);
    let client = Client::builder(service.url())
        .proxy(proxy.url_with_password("http"))
        .timing(QUICK.poll_after_failures(1))
        .build()
        .unwrap();
    let watch = client.watch(id()).signature(signature()).start();
    let asked = proxy.refuse("403 Forbidden").await;
    assert_eq!(
        asked.line,
        format!("CONNECT 127.0.0.1:{} HTTP/1.1", service.port())
    );
    loop {
        let mut peer = proxy.listener.accept().await;
        let asked = peer.request().await;
        assert_eq!(asked.headers["proxy-authorization"], AUTHORIZATION);
        if asked.line.starts_with("CONNECT ") {
            peer.answer("403 Forbidden", "", "").await;
            continue;
        }
        assert_eq!(
            asked.line,
            format!("GET {}/transfer/order-1042 HTTP/1.1", service.url())
        );
        peer.answer("200 OK", "", &transfer_json(2, "completed")).await;
        break;
    }
    assert_eq!(soon(watch.finished()).await.unwrap(), transfer(2, "completed"));
    assert!(service.is_left_alone().await, "nothing goes past the proxy");
}

#[tokio::test]
async fn a_proxy_that_wants_a_login_is_told_apart_from_the_service_in_plain_text_too() {
    let proxy = Proxy::start().await;
    let client = Client::builder("http://10.0.0.7")
        .proxy(format!("http://127.0.0.1:{}", proxy.port()))
        .retry(RetryPolicy::none());
    let error = failure(client, proxy.refuse("407 Proxy Authentication Required")).await;
    assert_eq!(error.cause(), Some(TransportCause::Proxy));
}

#[tokio::test]
async fn a_host_without_a_port_is_asked_for_by_its_schemes() {
    for (url, authority) in [
        ("https://status.example.com", "status.example.com:443"),
        ("http://10.0.0.7", "10.0.0.7:80"),
        ("http://[fe80::7]:8080/base", "[fe80::7]:8080"),
    ] {
        let proxy = Proxy::start().await;
        let client = Client::builder(url).proxy(format!("http://127.0.0.1:{}", proxy.port()));
        let client = client.timing(QUICK).build().unwrap();
        let _watch = client.watch(id()).signature(signature()).start();
        let asked = proxy.refuse("502 Bad Gateway").await;
        assert_eq!(asked.line, format!("CONNECT {authority} HTTP/1.1"));
        assert_eq!(asked.headers["host"], authority);
    }
}

#[tokio::test]
async fn a_socks_proxy_is_given_the_name_and_the_password() {
    for scheme in ["socks5", "socks5h"] {
        let secure = SecureService::start().await;
        let proxy = Proxy::start().await;
        let client = client(&secure, proxy.url_with_password(scheme)).build().unwrap();
        let answer = tokio::spawn(get(client));
        let asked = proxy.lead_socks(&secure.service).await;
        assert_eq!(
            asked,
            (
                "localhost".to_owned(),
                secure.service.port(),
                "user:p@ss".to_owned()
            )
        );
        let mut peer = secure.accept().await.unwrap();
        peer.serve("200 OK", "", &transfer_json(2, "completed")).await;
        soon(answer).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_proxy_may_speak_tls_itself() {
    let secure = SecureService::start().await;
    let proxy = SecureService::start().await;
    // One store trusts both.
    let mut roots = transfer_status::rustls::RootCertStore::empty();
    for pem in [&secure.pem, &proxy.pem] {
        use transfer_status::rustls::pki_types::{CertificateDer, pem::PemObject};
        roots
            .add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
            .unwrap();
    }
    let provider = Arc::new(transfer_status::rustls::crypto::ring::default_provider());
    let trust = transfer_status::rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = Client::builder(secure.url())
        .tls(trust)
        .proxy(proxy.url())
        .build()
        .unwrap();
    let answer = tokio::spawn(get(client));
    let mut tunnel = proxy.accept().await.unwrap();
    let asked = tunnel.request().await;
    assert!(asked.line.starts_with("CONNECT localhost:"), "{}", asked.line);
    tokio::io::AsyncWriteExt::write_all(&mut tunnel.stream, b"HTTP/1.1 200 OK\r\n\r\n")
        .await
        .unwrap();
    let mut peer = secure.secure(tunnel.stream).await.unwrap();
    peer.serve("200 OK", "", &transfer_json(2, "completed")).await;
    soon(answer).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_proxy_that_does_not_lead_there_is_told_and_never_passed_by() {
    let secure = SecureService::start().await;
    for status in [
        "407 Proxy Authentication Required",
        "403 Forbidden",
        "502 Bad Gateway",
    ] {
        let proxy = Proxy::start().await;
        let client = client(&secure, proxy.url_with_password("http"));
        let error = failure(client, proxy.refuse(status)).await;
        assert!(matches!(error, TransportError::Connect(_)), "{error:?}");
        assert_eq!(error.cause(), Some(TransportCause::Proxy), "{status}");
        assert!(error.is_retryable());
        let told = format!("{error:?}");
        let code = status.split_once(' ').unwrap().0;
        assert!(told.contains(code), "{told}");
        assert!(
            !told.contains("p@ss") && !told.contains("p%40ss") && !told.contains(AUTHORIZATION),
            "{told}"
        );
        assert!(!told.contains("10.0.0.1"), "{told}");
    }
    // Nobody there, or nobody who speaks HTTP or SOCKS.
    for scheme in ["http", "socks5"] {
        let gone = Proxy::start().await.url_with_password(scheme);
        let error = failure(client(&secure, gone), async {}).await;
        assert_eq!(error.cause(), Some(TransportCause::Proxy), "{error:?}");
        assert!(error.source().is_some());
        assert!(!format!("{error:?}").contains("p@ss"));

        let proxy = Proxy::start().await;
        let client = client(&secure, proxy.url_with_password(scheme));
        let error = failure(client, async { drop(proxy.listener.accept().await) }).await;
        assert_eq!(error.cause(), Some(TransportCause::Proxy), "{scheme}: {error:?}");
    }
    assert!(secure.service.is_left_alone().await);
}

#[tokio::test]
async fn a_watch_says_what_its_proxy_answered_and_goes_on_trying() {
    let secure = SecureService::start().await;
    let proxy = Proxy::start().await;
    let client = client(&secure, proxy.url_with_password("http"))
        .timing(QUICK)
        .build()
        .unwrap();
    let mut watch = client.watch(id()).signature(signature()).start();
    proxy.refuse("407 Proxy Authentication Required").await;
    let kind = next_problem(&mut watch).await.map(|problem| problem.kind);
    assert_eq!(kind, Some(ProblemKind::Http { status: 407 }));
    drop(proxy.listener.accept().await);
    let kind = next_problem(&mut watch).await.map(|problem| problem.kind);
    assert_eq!(kind, Some(ProblemKind::Unreachable));

    proxy.lead(&secure.service).await;
    let mut socket = secure.accept().await.unwrap().open_socket().await;
    socket.status(2, "completed").await;
    assert_eq!(next_problem(&mut watch).await, None);
    soon(watch.finished()).await.unwrap();
}

#[tokio::test]
async fn what_is_wrong_behind_the_proxy_is_told_as_without_it() {
    let secure = SecureService::start().await;
    let proxy = Proxy::start().await;
    let client = Client::builder(secure.url())
        .proxy(format!("http://127.0.0.1:{}", proxy.port()))
        .retry(RetryPolicy::none());
    let error = failure(client, async {
        proxy.lead(&secure.service).await;
        assert!(secure.accept().await.is_err(), "the certificate is refused");
    })
    .await;
    assert_eq!(error.cause(), Some(TransportCause::Certificate), "{error:?}");
}

#[tokio::test]
async fn an_address_of_no_proxy_is_refused_when_the_client_is_built() {
    for url in ["", "ftp://user:hunter2@proxy", "http://", "no proxy at all"] {
        let error = Client::builder("https://status.example.com")
            .proxy(url)
            .build()
            .unwrap_err();
        assert!(matches!(error, BuildError::Proxy(_)), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
    let builder = Client::builder("https://status.example.com").proxy("http://user:hunter2@proxy");
    assert!(!format!("{builder:?}").contains("hunter2"));
    assert!(!format!("{:?}", builder.build().unwrap()).contains("hunter2"));
}

/// Pipes in memory in place of TCP.
#[derive(Clone, Default)]
struct Pipes {
    asked: Arc<Mutex<Vec<(Uri, DuplexStream)>>>,
}

impl Pipes {
    async fn take(&self) -> (Uri, DuplexStream) {
        soon(async {
            loop {
                if let Some(pipe) = self.asked.lock().unwrap().pop() {
                    return pipe;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }
}

impl tower_service::Service<Uri> for Pipes {
    type Response = TokioIo<DuplexStream>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let (here, there) = tokio::io::duplex(64 * 1024);
        self.asked.lock().unwrap().push((to, there));
        ready(Ok(TokioIo::new(here)))
    }
}

#[tokio::test]
async fn a_connector_of_ones_own_is_dialled_below_tls() {
    let secure = SecureService::start().await;
    let pipes = Pipes::default();
    let client = Client::builder("https://localhost")
        .tls(secure.trust.clone())
        .connector(pipes.clone())
        .build()
        .unwrap();
    let watch = client.watch(id()).signature(signature()).start();
    let (asked, pipe) = pipes.take().await;
    assert_eq!(
        (asked.scheme_str(), asked.host()),
        (Some("https"), Some("localhost"))
    );
    let mut socket = secure.secure(pipe).await.unwrap().open_socket().await;
    socket.status(2, "completed").await;
    soon(watch.finished()).await.unwrap();

    let answer = tokio::spawn(get(client));
    let mut peer = secure.secure(pipes.take().await.1).await.unwrap();
    peer.serve("200 OK", "", &transfer_json(2, "completed")).await;
    soon(answer).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_connector_of_ones_own_leads_to_the_proxy_that_was_given() {
    let pipes = Pipes::default();
    let client = Client::builder("https://status.example.com")
        .connector(pipes.clone())
        .proxy("http://proxy.example:3128")
        .retry(RetryPolicy::none());
    let error = failure(client, async {
        let (asked, stream) = pipes.take().await;
        assert_eq!(asked, "http://proxy.example:3128/");
        let mut proxy = support::Peer { stream };
        let asked = proxy.serve("403 Forbidden", "", "").await;
        assert_eq!(asked.line, "CONNECT status.example.com:443 HTTP/1.1");
    })
    .await;
    assert_eq!(error.cause(), Some(TransportCause::Proxy));
}
