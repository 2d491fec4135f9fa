//! A service over TLS, with a certificate made for the test.

use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::server::TlsStream;

use super::{Peer, Service, soon};

/// A service with a certificate of its own for `localhost`, and what a client needs to trust it.
pub(crate) struct SecureService {
    pub(crate) service: Service,
    pub(crate) trust: ClientConfig,
    /// The certificate, as it stands in a file.
    pub(crate) pem: String,
    acceptor: TlsAcceptor,
}

impl SecureService {
    pub(crate) async fn start() -> Self {
        let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = certified.cert.der().clone();
        let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        let mut trust = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        // As shared with other HTTP clients of the same program.
        trust.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Self {
            service: Service::start().await,
            acceptor: TlsAcceptor::from(Arc::new(server)),
            trust,
            pem: certified.cert.pem(),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}", self.service.port())
    }

    pub(crate) async fn accept(&self) -> std::io::Result<Peer<TlsStream<TcpStream>>> {
        self.secure(self.service.accept().await.stream).await
    }

    /// The server's side of TLS on a connection that came another way.
    pub(crate) async fn secure<S>(&self, stream: S) -> std::io::Result<Peer<TlsStream<S>>>
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    {
        Ok(Peer {
            stream: soon(self.acceptor.accept(stream)).await?,
        })
    }
}
