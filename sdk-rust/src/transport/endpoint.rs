//! The address of a service: scheme, host and an optional path prefix.

use http::Uri;
use http::uri::{Authority, Parts, PathAndQuery, Scheme};
use transfer_status_protocol::watch::InvalidUrl;

/// Where a service answers. `https`, `wss` mean TLS; `http`, `ws` mean plain TCP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    scheme: Scheme,
    authority: Authority,
    /// Empty, or `/a/b` with no slash at the end.
    prefix: String,
}

impl Endpoint {
    /// Reads `https://status.example.com`, with or without a path before `/ws`, `/transfer`, `/update`.
    pub(crate) fn parse(url: &str) -> Result<Self, InvalidUrl> {
        // `Uri` drops a fragment in silence, and a signature may sit in one.
        if url.contains('#') || url.contains('?') {
            return Err(InvalidUrl::QueryOrFragment);
        }
        let parts = url
            .parse::<Uri>()
            .map_err(|_| InvalidUrl::Malformed)?
            .into_parts();
        let scheme = match parts.scheme.as_ref().map(Scheme::as_str) {
            Some("https" | "wss") => Scheme::HTTPS,
            Some("http" | "ws") => Scheme::HTTP,
            _ => return Err(InvalidUrl::Scheme),
        };
        let authority = parts.authority.ok_or(InvalidUrl::Malformed)?;
        if authority.as_str().contains('@') {
            return Err(InvalidUrl::Credentials);
        }
        if authority.host().is_empty() {
            return Err(InvalidUrl::Malformed);
        }
        let path = parts.path_and_query.as_ref().map_or("", PathAndQuery::path);
        Ok(Self {
            scheme,
            authority,
            prefix: path.trim_end_matches('/').to_owned(),
        })
    }

    /// The address of `path`, which starts with a slash and holds only characters a path may hold.
    pub(crate) fn at(&self, path: &str) -> Result<Uri, InvalidUrl> {
        let mut parts = Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        let path = format!("{}{path}", self.prefix)
            .parse()
            .map_err(|_| InvalidUrl::Malformed)?;
        parts.path_and_query = Some(path);
        Uri::from_parts(parts).map_err(|_| InvalidUrl::Malformed)
    }

    /// What the `Host` header says.
    #[cfg(feature = "client")]
    pub(crate) fn authority(&self) -> &str {
        self.authority.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update_address(url: &str) -> String {
        Endpoint::parse(url).unwrap().at("/update").unwrap().to_string()
    }

    #[test]
    fn a_websocket_address_and_a_web_address_name_the_same_service() {
        assert_eq!(
            update_address("https://status.example.com"),
            "https://status.example.com/update"
        );
        assert_eq!(
            update_address("wss://status.example.com/"),
            "https://status.example.com/update"
        );
        assert_eq!(
            update_address("ws://127.0.0.1:8787"),
            "http://127.0.0.1:8787/update"
        );
        assert_eq!(update_address("http://[::1]:8787/"), "http://[::1]:8787/update");
    }

    #[test]
    fn a_path_before_the_service_is_kept() {
        assert_eq!(
            update_address("https://example.com/pay/status/"),
            "https://example.com/pay/status/update"
        );
    }

    #[test]
    fn an_address_that_would_be_misread_is_refused() {
        for (url, expected) in [
            ("", InvalidUrl::Malformed),
            ("status.example.com", InvalidUrl::Scheme),
            ("/update", InvalidUrl::Scheme),
            ("ftp://example.com", InvalidUrl::Scheme),
            ("https://", InvalidUrl::Malformed),
            ("https://exa mple.com", InvalidUrl::Malformed),
            ("https://me:secret@example.com", InvalidUrl::Credentials),
            ("https://example.com/?signature=x", InvalidUrl::QueryOrFragment),
            ("https://example.com/t/1#s=x", InvalidUrl::QueryOrFragment),
        ] {
            assert_eq!(Endpoint::parse(url), Err(expected), "{url}");
        }
    }
}
