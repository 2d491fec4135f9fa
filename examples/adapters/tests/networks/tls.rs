//! TLS in front of the server, with certificates of an authority that was made for this run and that its clients trust.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::proxy::thread_of_proxies;
use crate::{adapter, server};

/// What the server's end shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Certificate {
    /// One for this host, by the authority that is trusted.
    Right,
    /// One for another host.
    OfAnotherHost,
    /// One whose time is over.
    Expired,
    /// One by an authority that nobody knows.
    OfAStranger,
}

/// A server's settings for each of them.
struct Configs {
    right: Arc<ServerConfig>,
    of_another_host: Arc<ServerConfig>,
    expired: Arc<ServerConfig>,
    of_a_stranger: Arc<ServerConfig>,
}

static CONFIGS: OnceLock<Configs> = OnceLock::new();

impl Configs {
    fn of(&self, certificate: Certificate) -> Arc<ServerConfig> {
        Arc::clone(match certificate {
            Certificate::Right => &self.right,
            Certificate::OfAnotherHost => &self.of_another_host,
            Certificate::Expired => &self.expired,
            Certificate::OfAStranger => &self.of_a_stranger,
        })
    }
}

/// The file with the authority's certificate, which goes with this.
pub(crate) struct Trusted {
    file: PathBuf,
}

impl Drop for Trusted {
    fn drop(&mut self) {
        let _left = fs::remove_file(&self.file);
    }
}

/// Makes the authority, and has the programs of the SDKs trust it.
///
/// # Errors
/// When there can be no keys, or no file.
pub(crate) fn start() -> Result<Trusted> {
    let host = Ipv4Addr::LOCALHOST.to_string();
    let (trusted, stranger) = (authority("trusted")?, authority("stranger")?);
    let expired = |params: &mut CertificateParams| {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    };
    let _first = CONFIGS.set(Configs {
        right: config(&trusted, &host, |_| {})?,
        of_another_host: config(&trusted, "elsewhere.example", |_| {})?,
        expired: config(&trusted, &host, expired)?,
        of_a_stranger: config(&stranger, &host, |_| {})?,
    });
    let name = format!("transfer-status-networks-{}.pem", std::process::id());
    let file = std::env::temp_dir().join(name);
    fs::write(&file, trusted.pem()).with_context(|| format!("cannot write {}", file.display()))?;
    adapter::trust(file.clone());
    Ok(Trusted { file })
}

fn authority(name: &str) -> Result<CertifiedIssuer<'static, KeyPair>> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    Ok(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?)
}

fn config(
    issuer: &CertifiedIssuer<'static, KeyPair>,
    host: &str,
    alter: impl FnOnce(&mut CertificateParams),
) -> Result<Arc<ServerConfig>> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(vec![host.to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, host);
    alter(&mut params);
    let certificate = params.signed_by(&key, issuer)?;
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(anyhow::Error::msg)?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    Ok(Arc::new(config))
}

/// Where TLS ends, right before the server.
pub(crate) struct TlsEnd {
    address: SocketAddr,
    shown: watch::Sender<Certificate>,
    task: AbortHandle,
}

impl TlsEnd {
    pub(crate) fn start(certificate: Certificate) -> Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let configs = CONFIGS.get().context("no authority has been made")?;
        let (shown, show) = watch::channel(certificate);
        let accepting = accept(listener, server::address()?, configs, show);
        let task = thread_of_proxies()?.spawn(accepting).abort_handle();
        Ok(Self { address, shown, task })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From the next connection on, this is the one.
    pub(crate) fn shows(&self, certificate: Certificate) {
        self.shown.send_replace(certificate);
    }
}

impl Drop for TlsEnd {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(
    listener: std::net::TcpListener,
    server: SocketAddr,
    configs: &'static Configs,
    show: watch::Receiver<Certificate>,
) {
    let Ok(listener) = TcpListener::from_std(listener) else {
        return;
    };
    while let Ok((client, _)) = listener.accept().await {
        let acceptor = TlsAcceptor::from(configs.of(*show.borrow()));
        // It ends with either of its ends.
        tokio::spawn(async move {
            let _slower = client.set_nodelay(true);
            let mut client = acceptor.accept(client).await.ok()?;
            let mut upstream = TcpStream::connect(server).await.ok()?;
            let _slower = upstream.set_nodelay(true);
            tokio::io::copy_bidirectional(&mut client, &mut upstream)
                .await
                .ok()
        });
    }
}
