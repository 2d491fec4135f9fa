//! How bytes reach the service: one way to dial (TCP, a proxy, rustls) for HTTP and WebSocket.

#[cfg(feature = "client")]
mod link;
mod proxy;
mod reach;
mod resolver;
mod route;
mod settings;
#[cfg(feature = "client")]
mod socket;
mod stream;
mod tcp;
mod tls;
mod tunnel;

pub(crate) use proxy::ProxyChoice;
pub(crate) use reach::reach;
#[cfg(feature = "client")]
pub(crate) use route::Turn;
pub(crate) use settings::Settings;
#[cfg(feature = "client")]
pub(crate) use socket::{Socket, SocketEvent};
pub(crate) use stream::Connector;
pub use tls::Roots;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderValue, PROXY_AUTHORIZATION, USER_AGENT};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
pub(crate) use transfer_status_protocol::watch::MAX_ANSWER;

use self::route::Route;
use crate::error::{ProxyError, TransportError};

const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

const USER_AGENT_VALUE: HeaderValue =
    HeaderValue::from_static(concat!("transfer-status-rust/", env!("CARGO_PKG_VERSION")));

type HttpClient = legacy::Client<Route, Full<Bytes>>;

/// Dials, and exchanges bounded HTTP messages over pooled connections. Cheap to clone; clones share the pool.
#[derive(Clone)]
pub(crate) struct Transport {
    route: Route,
    http: Arc<RwLock<HttpClient>>,
    #[cfg(feature = "client")]
    idle: usize,
}

impl Transport {
    /// Keeps up to `idle` connections for the next exchange, for a minute.
    fn new(route: Route, idle: usize) -> Self {
        Self {
            http: Arc::new(RwLock::new(http_client(route.clone(), idle))),
            route,
            #[cfg(feature = "client")]
            idle,
        }
    }

    /// Sends `request` and reads the whole answer, at most [`MAX_ANSWER`] bytes of body.
    pub(crate) async fn exchange(
        &self,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<Bytes>, TransportError> {
        request.headers_mut().insert(USER_AGENT, USER_AGENT_VALUE);
        if let Some(authorization) = self.route.proxy_authorization(request.uri()) {
            request
                .headers_mut()
                .insert(PROXY_AUTHORIZATION, authorization.clone());
        }
        let http = self.http.read().unwrap_or_else(PoisonError::into_inner).clone();
        let answer = http.request(request).await.map_err(TransportError::from_http)?;
        if answer.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Err(TransportError::Connect(
                ProxyError::Answered(answer.status()).into(),
            ));
        }
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, MAX_ANSWER)
            .collect()
            .await
            .map_err(TransportError::from_body)?;
        Ok(Response::from_parts(head, body.to_bytes()))
    }

    /// A turn to dial, if one is free.
    #[cfg(feature = "client")]
    pub(crate) fn try_turn(&self) -> Option<Turn> {
        self.route.try_turn()
    }

    /// Waits for a turn to dial.
    #[cfg(feature = "client")]
    pub(crate) fn turn(&self) -> impl Future<Output = Turn> + Send + 'static {
        self.route.turn()
    }

    /// Lets go of the connections that wait for the next exchange: the device was asleep or its network has changed,
    /// and on one that is dead an exchange would wait for its deadline. What is under way goes on.
    #[cfg(feature = "client")]
    pub(crate) fn forget_idle(&self) {
        let fresh = http_client(self.route.clone(), self.idle);
        *self.http.write().unwrap_or_else(PoisonError::into_inner) = fresh;
    }
}

fn http_client(route: Route, idle: usize) -> HttpClient {
    legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(idle)
        .http1_max_buf_size(MAX_ANSWER)
        .build(route)
}
