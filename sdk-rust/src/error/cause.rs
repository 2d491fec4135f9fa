//! Why no connection came about, dug out of what the libraries below report.

use std::error::Error as StdError;
use std::fmt;
use std::io::{self, ErrorKind};

use thiserror::Error;

use super::ProxyError;

/// Why the service could not be reached: what to look at.
///
/// Prints as a text for people; [`as_str`](TransportCause::as_str) is the stable name for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportCause {
    /// The host's name was not found, or the name server could not be asked.
    Dns,
    /// The host is there, and nobody listens at the port.
    Refused,
    /// No way to the host, or the link broke and nothing says why.
    Unreachable,
    /// No answer in time.
    Timeout,
    /// The service's certificate was not accepted. Trying again does not help by itself.
    Certificate,
    /// TLS failed for another reason: most often the port speaks no TLS.
    Tls,
    /// The proxy cannot be reached, or leads nobody to the service. The error's `source()` says which.
    Proxy,
}

impl TransportCause {
    /// The name: `dns`, `refused`, `unreachable`, `timeout`, `certificate`, `tls` or `proxy`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::Certificate => "certificate",
            Self::Tls => "tls",
            Self::Proxy => "proxy",
        }
    }
}

impl fmt::Display for TransportCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dns => "the host name was not found; check the URL and the name servers",
            Self::Refused => "the connection was refused; check the host and the port",
            Self::Unreachable => "the host cannot be reached; check the network",
            Self::Timeout => "no answer in time; check the network and the firewall",
            Self::Certificate => {
                "the certificate was refused; check the host name, the clock and the trusted roots"
            }
            Self::Tls => "TLS failed; check that the port speaks TLS",
            Self::Proxy => {
                "the proxy does not lead there; check its address and password, HTTPS_PROXY and NO_PROXY"
            }
        })
    }
}

/// What the resolver gave, so that a name not found is told apart by type.
#[derive(Debug, Error)]
#[error("the host name was not found")]
pub(crate) struct DnsError(#[source] pub(crate) io::Error);

/// The cause at the bottom of `error`, a failed dial or a broken exchange.
///
/// Looks through the chain, and into each `io::Error`, which hides what it wraps from `source()`. What tells no cause
/// is [`TransportCause::Unreachable`].
pub(crate) fn classify(error: &(dyn StdError + 'static)) -> TransportCause {
    let mut found = TransportCause::Unreachable;
    let mut next = Some(error);
    while let Some(error) = next {
        // What is below is about the way to the proxy.
        if error.is::<ProxyError>() {
            return TransportCause::Proxy;
        }
        if error.is::<DnsError>() {
            return TransportCause::Dns;
        }
        if error.is::<tokio::time::error::Elapsed>() {
            return TransportCause::Timeout;
        }
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return match tls {
                rustls::Error::InvalidCertificate(_) => TransportCause::Certificate,
                _ => TransportCause::Tls,
            };
        }
        let io = error.downcast_ref::<io::Error>();
        match io.map(io::Error::kind) {
            Some(ErrorKind::TimedOut) => return TransportCause::Timeout,
            Some(ErrorKind::ConnectionRefused) => return TransportCause::Refused,
            _ => {}
        }
        let wrapped = io.and_then(io::Error::get_ref);
        // hyper-rustls puts what ended the TLS handshake, a link closed by the peer too, into one more `io::Error`.
        if wrapped.is_some_and(|inner| inner.is::<io::Error>()) {
            found = TransportCause::Tls;
        }
        next = match wrapped {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a library puts around an error.
    #[derive(Debug, Error)]
    #[error("client error (Connect)")]
    struct Layer(#[source] Box<dyn StdError + Send + Sync>);

    fn layered(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Layer {
        Layer(Box::new(Layer(error.into())))
    }

    #[test]
    fn the_cause_is_found_below_layers_of_libraries() {
        use TransportCause::{Certificate, Dns, Proxy, Refused, Timeout, Tls, Unreachable};
        let io = |kind: ErrorKind| io::Error::from(kind);
        let certificate = || rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let silent = rustls::Error::General("no".to_owned());
        for (error, cause) in [
            (layered(io(ErrorKind::ConnectionRefused)), Refused),
            (layered(io(ErrorKind::NetworkUnreachable)), Unreachable),
            (layered(io(ErrorKind::HostUnreachable)), Unreachable),
            (layered(io(ErrorKind::ConnectionReset)), Unreachable),
            (layered(io(ErrorKind::UnexpectedEof)), Unreachable),
            (layered(io(ErrorKind::TimedOut)), Timeout),
            (layered(io::Error::new(ErrorKind::TimedOut, "deadline")), Timeout),
            // A resolver that was too slow is a matter of the resolver.
            (layered(DnsError(io(ErrorKind::TimedOut))), Dns),
            (
                layered(io::Error::other(DnsError(io::Error::other("no such host")))),
                Dns,
            ),
            (layered(certificate()), Certificate),
            (
                layered(io::Error::new(ErrorKind::InvalidData, certificate())),
                Certificate,
            ),
            (
                layered(io::Error::other(io::Error::new(
                    ErrorKind::InvalidData,
                    certificate(),
                ))),
                Certificate,
            ),
            (
                layered(io::Error::other(io::Error::new(ErrorKind::InvalidData, silent))),
                Tls,
            ),
            (layered(io::Error::other(io(ErrorKind::UnexpectedEof))), Tls),
            (layered(io::Error::other(io(ErrorKind::ConnectionReset))), Tls),
            (layered(io::Error::other(io(ErrorKind::TimedOut))), Timeout),
            (
                layered(ProxyError::Unreachable(DnsError(io(ErrorKind::TimedOut)).into())),
                Proxy,
            ),
            (layered("something else"), Unreachable),
        ] {
            assert_eq!(classify(&error), cause, "{error:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_deadline_of_tokio_is_a_timeout() {
        let wait = tokio::time::timeout(std::time::Duration::from_secs(1), std::future::pending::<()>());
        assert_eq!(
            classify(&layered(wait.await.unwrap_err())),
            TransportCause::Timeout
        );
    }

    #[test]
    fn each_cause_has_a_name_for_programs() {
        use TransportCause::{Certificate, Dns, Proxy, Refused, Timeout, Tls, Unreachable};
        let names = [Dns, Refused, Unreachable, Timeout, Certificate, Tls, Proxy].map(TransportCause::as_str);
        assert_eq!(
            names,
            [
                "dns",
                "refused",
                "unreachable",
                "timeout",
                "certificate",
                "tls",
                "proxy"
            ]
        );
    }
}
