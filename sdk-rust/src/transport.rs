//! How bytes reach the service: one way to dial (happy eyeballs, TCP_NODELAY, rustls) for HTTP and WebSocket.

#[cfg(feature = "client")]
mod link;
mod resolver;
#[cfg(feature = "client")]
mod socket;

#[cfg(feature = "client")]
pub(crate) use socket::{Socket, SocketEvent};

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderValue, USER_AGENT};
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{DefaultServerNameResolver, HttpsConnector};
use hyper_util::client::legacy::{self, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
pub(crate) use transfer_status_protocol::watch::MAX_ANSWER;

use self::resolver::Resolver;
use crate::error::{BuildError, TransportError};

/// After the head start of RFC 8305, the other address family is tried as well.
const HAPPY_EYEBALLS_DELAY: Duration = Duration::from_millis(250);

/// For the TCP handshake alone. Callers bound the whole exchange.
const TCP_TIMEOUT: Duration = Duration::from_secs(10);

/// Longer than the 20 s after which a silent watch pings: TCP asks only where nobody else does.
const KEEPALIVE: Duration = Duration::from_secs(25);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_PROBES: u32 = 2;

/// What was sent and not acknowledged for so long breaks the connection; probes count as sent.
#[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(30);

const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

const USER_AGENT_VALUE: HeaderValue =
    HeaderValue::from_static(concat!("transfer-status-rust/", env!("CARGO_PKG_VERSION")));

type Connector = HttpsConnector<HttpConnector<Resolver>>;

/// Dials, and exchanges bounded HTTP messages over pooled connections. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Transport {
    http: legacy::Client<Connector, Full<Bytes>>,
    #[cfg(feature = "client")]
    connector: Connector,
}

impl Transport {
    /// With the roots of Mozilla when `tls` is none. Few connections are kept: a watch polls now and then.
    #[cfg(feature = "client")]
    pub(crate) fn new(tls: Option<ClientConfig>) -> Result<Self, BuildError> {
        Self::with_idle_connections(tls, 2)
    }

    /// Keeps up to `idle` connections for the next exchange, for a minute.
    pub(crate) fn with_idle_connections(tls: Option<ClientConfig>, idle: usize) -> Result<Self, BuildError> {
        let mut tls = match tls {
            Some(config) => config,
            None => default_tls()?,
        };
        // Both WebSocket and our HTTP are spoken over HTTP/1.1; another choice would break the handshake.
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];

        let mut tcp = HttpConnector::new_with_resolver(Resolver::new());
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_happy_eyeballs_timeout(Some(HAPPY_EYEBALLS_DELAY));
        tcp.set_connect_timeout(Some(TCP_TIMEOUT));
        tcp.set_keepalive(Some(KEEPALIVE));
        tcp.set_keepalive_interval(Some(KEEPALIVE_INTERVAL));
        tcp.set_keepalive_retries(Some(KEEPALIVE_PROBES));
        #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
        tcp.set_tcp_user_timeout(Some(TCP_USER_TIMEOUT));
        let resolver = Arc::new(DefaultServerNameResolver::default());
        let connector = HttpsConnector::new(tcp, tls, false, resolver);

        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(idle)
            .http1_max_buf_size(MAX_ANSWER)
            .build(connector.clone());
        Ok(Self {
            http,
            #[cfg(feature = "client")]
            connector,
        })
    }

    /// Sends `request` and reads the whole answer, at most [`MAX_ANSWER`] bytes of body.
    pub(crate) async fn exchange(
        &self,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<Bytes>, TransportError> {
        request.headers_mut().insert(USER_AGENT, USER_AGENT_VALUE);
        let answer = self
            .http
            .request(request)
            .await
            .map_err(TransportError::from_http)?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, MAX_ANSWER)
            .collect()
            .await
            .map_err(TransportError::from_body)?;
        Ok(Response::from_parts(head, body.to_bytes()))
    }
}

/// The provider is named here, so that nothing has to be installed for the whole process.
fn default_tls() -> Result<ClientConfig, BuildError> {
    let roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    Ok(
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| BuildError::Tls(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth(),
    )
}
