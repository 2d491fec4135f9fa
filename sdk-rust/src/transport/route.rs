//! The whole way to the service: its turn, TCP, a proxy if there is one, TLS.
//!
//! Whatever is TLS or a WebSocket goes through a tunnel. A request in plain text is handed to an HTTP proxy, which passes
//! it on: many allow tunnels to port 443 alone.

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::uri::Scheme;
use http::{HeaderValue, Uri};
use hyper_rustls::{DefaultServerNameResolver, HttpsConnector, MaybeHttpsStream};
use rustls::ClientConfig;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower_service::Service;

use super::proxy::Proxy;
use super::stream::{BoxError, Connector, Dialling, Stream};
use super::tunnel::Tunnel;
use crate::error::ProxyError;

/// Dials the service. Cheap to clone; clones wait for the same turns.
///
/// After an outage thousands of watches dial at once. A turn ends with the TLS handshake, which is what costs: a service
/// that is slow to answer holds nobody up.
#[derive(Clone)]
pub(crate) struct Route {
    turns: Arc<Semaphore>,
    secure: HttpsConnector<Connector>,
    forward: Option<Forward>,
}

/// The way to an HTTP proxy that passes on requests in plain text.
#[derive(Clone)]
struct Forward {
    proxy: Uri,
    authorization: Option<HeaderValue>,
    inner: Connector,
}

/// The right to dial.
pub(crate) struct Turn {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Route {
    /// At most `at_once` dials; `bottom` is the way to a host with no proxy and no TLS.
    pub(super) fn new(bottom: Connector, proxy: Option<Proxy>, tls: ClientConfig, at_once: usize) -> Self {
        let tls = Arc::new(tls);
        let mut forward = None;
        let inner = match proxy {
            None => bottom,
            Some(proxy) => {
                let inner = match proxy.uri().scheme_str() {
                    Some("https") => Connector::new(secured(bottom, Arc::clone(&tls))),
                    _ => bottom,
                };
                if let Proxy::Http { uri, authorization } = &proxy {
                    forward = Some(Forward {
                        proxy: uri.clone(),
                        authorization: authorization.clone(),
                        inner: inner.clone(),
                    });
                }
                Connector::new(Tunnel { proxy, inner })
            }
        };
        Self {
            turns: Arc::new(Semaphore::new(at_once)),
            secure: secured(inner, tls),
            forward,
        }
    }

    /// What the proxy has to be shown with a request to `uri`, where it passes that on.
    pub(super) fn proxy_authorization(&self, uri: &Uri) -> Option<&HeaderValue> {
        self.forward_of(uri)?.authorization.as_ref()
    }

    fn forward_of(&self, uri: &Uri) -> Option<&Forward> {
        self.forward
            .as_ref()
            .filter(|_| uri.scheme() == Some(&Scheme::HTTP))
    }

    /// A turn, if one is free.
    #[cfg(feature = "client")]
    pub(crate) fn try_turn(&self) -> Option<Turn> {
        let permit = Arc::clone(&self.turns).try_acquire_owned().ok()?;
        Some(Turn {
            _permit: Some(permit),
        })
    }

    /// Waits for a turn, first come first served.
    pub(crate) fn turn(&self) -> impl Future<Output = Turn> + Send + 'static {
        let turns = Arc::clone(&self.turns);
        async move {
            Turn {
                // Nobody closes it.
                _permit: turns.acquire_owned().await.ok(),
            }
        }
    }

    /// Dials within `turn`, for TLS or a WebSocket.
    pub(crate) fn dial(&self, turn: Turn, to: Uri) -> Dialling<MaybeHttpsStream<Stream>> {
        let dialling = self.secure.clone().call(to);
        Box::pin(async move {
            let dialled = dialling.await;
            drop(turn);
            dialled
        })
    }
}

/// For requests over HTTP.
impl Service<Uri> for Route {
    type Response = MaybeHttpsStream<Stream>;
    type Error = BoxError;
    type Future = Dialling<MaybeHttpsStream<Stream>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let (route, turn) = (self.clone(), self.turn());
        Box::pin(async move {
            let turn = turn.await;
            let Some(forward) = route.forward_of(&to) else {
                return route.dial(turn, to).await;
            };
            let dialled = forward.inner.dial(forward.proxy.clone()).await;
            drop(turn);
            let stream = dialled.map_err(ProxyError::Unreachable)?;
            Ok(MaybeHttpsStream::Http(stream.forwarded()))
        })
    }
}

fn secured(inner: Connector, tls: Arc<ClientConfig>) -> HttpsConnector<Connector> {
    HttpsConnector::new(inner, tls, false, Arc::new(DefaultServerNameResolver::default()))
}
