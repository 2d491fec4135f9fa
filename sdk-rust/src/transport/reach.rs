//! What a user says of the way to the service, the same for each builder that has `settings`.

/// The setters: TLS, proxies, a connector of one's own.
macro_rules! reach {
    ($builder:ident) => {
        impl $builder {
            /// Own TLS settings: a private root, a client certificate. Without, [`Roots`](crate::Roots) are trusted.
            ///
            /// The configuration names its own crypto provider; nothing is installed for the process.
            pub fn tls(mut self, config: $crate::rustls::ClientConfig) -> Self {
                self.settings.tls = Some(config);
                self
            }

            /// Whose certificates are trusted where [`tls`](Self::tls) says nothing else.
            pub fn roots(mut self, roots: $crate::Roots) -> Self {
                self.settings.roots = Some(roots);
                self
            }

            /// Goes through this proxy, and not through one of the environment:
            /// `http://user:password@proxy.example:3128`, or with `https`, `socks5` or `socks5h`. Special characters of
            /// a password are percent-encoded.
            ///
            /// Sockets and all that is TLS go by `CONNECT`; a request in plain text is handed to the proxy (RFC 9112,
            /// section 3.2.2). A SOCKS proxy resolves names itself, whichever of the two it is called.
            pub fn proxy(mut self, url: impl Into<String>) -> Self {
                self.settings.proxy = Some($crate::transport::ProxyChoice::Url(url.into()));
                self
            }

            /// Goes through no proxy. Without, the environment's is used as curl would: `HTTPS_PROXY` or `HTTP_PROXY`
            /// by the scheme of the service's URL, else `ALL_PROXY`, unless `NO_PROXY` excepts the host; in lower case
            /// as well.
            pub fn no_proxy(mut self) -> Self {
                self.settings.proxy = Some($crate::transport::ProxyChoice::None);
                self
            }

            /// Dials by `connector` in place of TCP: a bound address, a tunnel of your own, an in-memory pipe.
            ///
            /// It is called with the service's scheme, host and port, and gives the bytes below TLS, which is laid on
            /// top for `https`. A proxy is only used where one is given by [`proxy`](Self::proxy); the connector then
            /// leads to that. What [`tokio::io`] reads and writes becomes such a stream by `hyper_util::rt::TokioIo`.
            pub fn connector<S>(mut self, connector: S) -> Self
            where
                S: tower_service::Service<http::Uri> + Clone + Send + Sync + 'static,
                S::Response: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
                S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
                S::Future: Send,
            {
                self.settings.connector = Some($crate::transport::Connector::new(connector));
                self
            }
        }
    };
}

pub(crate) use reach;
