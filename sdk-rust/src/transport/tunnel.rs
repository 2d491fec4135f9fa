//! A tunnel through a proxy: HTTP `CONNECT` (RFC 9110, section 9.3.6) or SOCKS5 (RFC 1928).

use std::future::{Ready, ready};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{HOST, PROXY_AUTHORIZATION, USER_AGENT};
use http::{HeaderValue, Request, Uri};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper::upgrade;
use hyper_util::client::legacy::connect::proxy::SocksV5;
use tower_service::Service;

use super::proxy::Proxy;
use super::stream::{BoxError, Connector, Dialling, Stream};
use super::{MAX_ANSWER, USER_AGENT_VALUE};
use crate::error::ProxyError;

/// Leads through a proxy to whatever host is dialled.
#[derive(Clone)]
pub(super) struct Tunnel {
    pub(super) proxy: Proxy,
    /// The way to the proxy.
    pub(super) inner: Connector,
}

impl Service<Uri> for Tunnel {
    type Response = Stream;
    type Error = BoxError;
    type Future = Dialling;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Dialling {
        let Self { proxy, inner } = self.clone();
        Box::pin(async move {
            let dialled = inner.dial(proxy.uri().clone()).await;
            let stream = dialled.map_err(ProxyError::Unreachable)?;
            let stream = match proxy {
                Proxy::Http { authorization, .. } => connect(stream, &to, authorization).await?,
                Proxy::Socks { uri, login } => socks(stream, uri, &to, login).await?,
            };
            Ok(stream)
        })
    }
}

async fn connect(stream: Stream, to: &Uri, authorization: Option<HeaderValue>) -> Result<Stream, ProxyError> {
    let authority = authority_of(to).ok_or(ProxyError::Request)?;
    let mut request = Request::connect(authority.clone())
        .header(HOST, authority)
        .header(USER_AGENT, USER_AGENT_VALUE)
        .body(Empty::<Bytes>::new())
        .map_err(|_| ProxyError::Request)?;
    if let Some(authorization) = authorization {
        request.headers_mut().insert(PROXY_AUTHORIZATION, authorization);
    }
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_ANSWER)
        .handshake(stream)
        .await
        .map_err(ProxyError::Broken)?;
    let connection = connection.with_upgrades();
    let mut exchange = std::pin::pin!(async {
        let mut answer = sender.send_request(request).await.map_err(ProxyError::Broken)?;
        match answer.status() {
            status if status.is_success() => upgrade::on(&mut answer).await.map_err(ProxyError::Broken),
            status => Err(ProxyError::Answered(status)),
        }
    });
    let upgraded = tokio::select! {
        biased;
        upgraded = &mut exchange => upgraded,
        // It has handed the stream over, or failed: either way the exchange knows.
        _ = connection => exchange.await,
    };
    Ok(Stream::new(upgraded?))
}

async fn socks(
    stream: Stream,
    proxy: Uri,
    to: &Uri,
    login: Option<(String, String)>,
) -> Result<Stream, ProxyError> {
    let to = Uri::builder()
        .scheme("https")
        .authority(authority_of(to).ok_or(ProxyError::Request)?)
        .path_and_query("/")
        .build()
        .map_err(|_| ProxyError::Request)?;
    let mut socks = SocksV5::new(proxy, Dialled(Some(stream)));
    if let Some((user, password)) = login {
        socks = socks.with_auth(user, password);
    }
    let answered = socks.call(to).await;
    answered.map_err(|error| ProxyError::Socks(error.into()))
}

/// Host and port, the port of the scheme where none is named.
fn authority_of(uri: &Uri) -> Option<String> {
    let port = uri.port_u16().or(match uri.scheme_str()? {
        "https" => Some(443),
        "http" => Some(80),
        _ => None,
    })?;
    Some(format!("{}:{port}", uri.host()?))
}

/// A connection that is there already.
struct Dialled(Option<Stream>);

impl Service<Uri> for Dialled {
    type Response = Stream;
    type Error = &'static str;
    type Future = Ready<Result<Stream, &'static str>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _to: Uri) -> Self::Future {
        ready(self.0.take().ok_or("dialled once already"))
    }
}
