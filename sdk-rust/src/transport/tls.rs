//! TLS where the user gives no configuration: whose roots are trusted, and whose cryptography it runs on.

use std::sync::Arc;

use rustls::client::WantsClientCert;
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, ConfigBuilder, WantsVerifier};

use crate::error::BuildError;

/// Whose certificates are trusted. Each is there with the feature of its name.
///
/// Where none is chosen, it is the first of `Platform`, `System` and `Mozilla` whose feature is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Roots {
    /// Those that Mozilla trusts, as of when this was built: the same on each machine. Feature `webpki-roots`.
    #[cfg(feature = "webpki-roots")]
    Mozilla,
    /// Those in the machine's store when the client is built, a company's own among them; `SSL_CERT_FILE` and
    /// `SSL_CERT_DIR` name others. Feature `native-roots`.
    #[cfg(feature = "native-roots")]
    System,
    /// The operating system verifies by its own rules, revocation and a managed device's settings among them. Made for
    /// phones; on Android [`rustls_platform_verifier`](https://docs.rs/rustls-platform-verifier) is to be initialized
    /// first. Feature `platform-verifier`.
    #[cfg(feature = "platform-verifier")]
    Platform,
}

impl Roots {
    /// The first whose feature is on: one that has to be switched on was wanted.
    fn default_of_features() -> Option<Self> {
        let on: &[Self] = &[
            #[cfg(feature = "platform-verifier")]
            Self::Platform,
            #[cfg(feature = "native-roots")]
            Self::System,
            #[cfg(feature = "webpki-roots")]
            Self::Mozilla,
        ];
        on.first().copied()
    }
}

/// A configuration that trusts `roots`. Its provider is named here: nothing has to be installed for the process.
pub(super) fn config(roots: Option<Roots>) -> Result<ClientConfig, BuildError> {
    let roots = roots.or_else(Roots::default_of_features).ok_or_else(|| {
        refused("no roots are built in; switch on `webpki-roots`, `native-roots` or `platform-verifier`, or give a configuration")
    })?;
    let provider = provider().ok_or_else(|| {
        refused("no cryptography is built in; switch on `ring` or `aws-lc-rs`, or give a configuration")
    })?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(refused)?;
    Ok(trusting(builder, roots)?.with_no_client_auth())
}

#[cfg(any(
    feature = "webpki-roots",
    feature = "native-roots",
    feature = "platform-verifier"
))]
fn trusting(
    builder: ConfigBuilder<ClientConfig, WantsVerifier>,
    roots: Roots,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, BuildError> {
    match roots {
        #[cfg(feature = "webpki-roots")]
        Roots::Mozilla => Ok(builder.with_root_certificates(rustls::RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        })),
        #[cfg(feature = "native-roots")]
        Roots::System => Ok(builder.with_root_certificates(system_roots()?)),
        #[cfg(feature = "platform-verifier")]
        Roots::Platform => {
            use rustls_platform_verifier::BuilderVerifierExt;
            builder.with_platform_verifier().map_err(refused)
        }
    }
}

#[cfg(not(any(
    feature = "webpki-roots",
    feature = "native-roots",
    feature = "platform-verifier"
)))]
fn trusting(
    _builder: ConfigBuilder<ClientConfig, WantsVerifier>,
    roots: Roots,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, BuildError> {
    match roots {}
}

/// What cannot be read is passed over, as there are odd certificates in each store; with none left, nobody could ever
/// be trusted.
#[cfg(feature = "native-roots")]
fn system_roots() -> Result<rustls::RootCertStore, BuildError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = rustls::RootCertStore::empty();
    let (_added, ignored) = roots.add_parsable_certificates(found.certs);
    tracing::debug!(trusted = roots.len(), ignored, "the machine's roots");
    match (roots.is_empty(), found.errors.first()) {
        (false, _) => Ok(roots),
        (true, Some(error)) => Err(refused(format!("the machine's roots cannot be read: {error}"))),
        (true, None) => Err(refused(
            "the machine trusts no roots; install its package ca-certificates, or name a file by SSL_CERT_FILE",
        )),
    }
}

/// The one that is built in; where both are, the one that had to be switched on. Where none is, the process's.
fn provider() -> Option<Arc<CryptoProvider>> {
    #[cfg(feature = "aws-lc-rs")]
    let built_in = Some(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    #[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
    let built_in = Some(Arc::new(rustls::crypto::ring::default_provider()));
    #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
    let built_in = None;
    built_in.or_else(|| CryptoProvider::get_default().cloned())
}

fn refused(why: impl ToString) -> BuildError {
    BuildError::Tls(why.to_string())
}
