//! What a user may say of the way to the service, for client and publisher alike.

use http::Uri;
use rustls::ClientConfig;
use tracing::debug;

use super::proxy::{Proxy, ProxyChoice};
use super::route::Route;
use super::stream::Connector;
use super::tls::{self, Roots};
use super::{Transport, tcp};
use crate::error::BuildError;

/// How to get to the service, until it is built.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) tls: Option<ClientConfig>,
    pub(crate) roots: Option<Roots>,
    pub(crate) proxy: Option<ProxyChoice>,
    pub(crate) connector: Option<Connector>,
}

impl Settings {
    /// Keeps up to `idle` connections, and makes at most `at_once` at a time.
    pub(crate) fn build(self, service: &Uri, idle: usize, at_once: usize) -> Result<Transport, BuildError> {
        let mut tls = match self.tls {
            Some(config) => config,
            None => tls::config(self.roots)?,
        };
        // Both WebSocket and our HTTP are spoken over HTTP/1.1; another choice would break the handshake.
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let choice = match (self.proxy, &self.connector) {
            (Some(choice), _) => choice,
            (None, None) => ProxyChoice::Environment,
            // Who brings a way of their own knows where it leads.
            (None, Some(_)) => ProxyChoice::None,
        };
        let proxy = Proxy::choose(&choice, service, |name| std::env::var(name).ok())?;
        if let Some(proxy) = &proxy {
            debug!(?proxy, "the way to the service");
        }
        let bottom = self.connector.unwrap_or_else(tcp::connector);
        Ok(Transport::new(Route::new(bottom, proxy, tls, at_once), idle))
    }
}
