//! Whose certificates are trusted: those that the platform trusts, or those that were given.
//!
//! Apple's systems and Windows check a chain by themselves. Elsewhere the roots are the machine's own. Android hands its
//! roots out to Java alone, so the Kotlin face reads them from the `AndroidCAStore` and gives them here: that needs no
//! JNI, and no component of its own in the app.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, KeyProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::SigningKey;
use rustls::{ClientConfig, RootCertStore};

use crate::error::FfiError;

/// TLS for a client that trusts `roots`, DER-encoded, or the platform's where there are none.
///
/// # Errors
/// [`FfiError::InvalidRoots`] when no root can be used.
pub(crate) fn tls(roots: Option<&[Vec<u8>]>) -> Result<ClientConfig, FfiError> {
    let provider = CryptoProvider {
        key_provider: &NoKeys,
        ..ring::default_provider()
    };
    let builder = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| invalid(&error))?;
    let Some(roots) = roots else {
        return platform(builder);
    };
    let roots = roots.iter().map(|root| CertificateDer::from(root.as_slice()));
    Ok(builder
        .with_root_certificates(store(roots)?)
        .with_no_client_auth())
}

/// A phone presents no certificate of its own, so that what signs with one is left out.
#[derive(Debug)]
struct NoKeys;

impl KeyProvider for NoKeys {
    fn load_private_key(&self, _: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, rustls::Error> {
        Err(rustls::Error::General("no client certificates here".to_owned()))
    }
}

type Builder = rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>;

#[cfg(any(target_vendor = "apple", windows))]
fn platform(builder: Builder) -> Result<ClientConfig, FfiError> {
    use rustls_platform_verifier::BuilderVerifierExt;
    let builder = builder
        .with_platform_verifier()
        .map_err(|error| invalid(&error))?;
    Ok(builder.with_no_client_auth())
}

#[cfg(target_os = "android")]
fn platform(_: Builder) -> Result<ClientConfig, FfiError> {
    Err(invalid(
        &"on Android the roots of the AndroidCAStore have to be given",
    ))
}

#[cfg(not(any(target_vendor = "apple", windows, target_os = "android")))]
fn platform(builder: Builder) -> Result<ClientConfig, FfiError> {
    let roots = rustls_native_certs::load_native_certs().certs;
    // A machine without any can still speak plain text to itself; a certificate is then refused as untrusted.
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots);
    Ok(builder.with_root_certificates(store).with_no_client_auth())
}

fn store<'a>(roots: impl Iterator<Item = CertificateDer<'a>>) -> Result<RootCertStore, FfiError> {
    let mut store = RootCertStore::empty();
    let (usable, _) = store.add_parsable_certificates(roots);
    if usable == 0 {
        return Err(invalid(&"none of the given roots is a certificate in DER"));
    }
    Ok(store)
}

fn invalid(reason: &impl std::fmt::Display) -> FfiError {
    FfiError::InvalidRoots {
        reason: reason.to_string(),
    }
}
