//! The address of a service: what a user may give, and the addresses that follow from it.

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};

use crate::watch::InvalidUrl;

/// Where a service answers. `https` and `wss` mean TLS, `http` and `ws` plain TCP; either pair may be given.
///
/// ```
/// use transfer_status_protocol::endpoint::Endpoint;
/// let endpoint = Endpoint::parse("https://example.com/pay/").unwrap();
/// assert_eq!(endpoint.socket("/ws/order-1042"), "wss://example.com/pay/ws/order-1042");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    tls: bool,
    authority: Authority,
    /// Empty, or `/a/b` with no slash at the end.
    prefix: String,
}

impl Endpoint {
    /// Reads `https://status.example.com`, with or without a path before the service's own.
    ///
    /// # Errors
    /// [`InvalidUrl`] for another scheme, for no host, and for what does not belong there: credentials, a query, a
    /// fragment.
    pub fn parse(url: &str) -> Result<Self, InvalidUrl> {
        // `Uri` drops a fragment in silence, and a signature may sit in one.
        if url.contains(['#', '?']) {
            return Err(InvalidUrl::QueryOrFragment);
        }
        let parts = url
            .parse::<Uri>()
            .map_err(|_| InvalidUrl::Malformed)?
            .into_parts();
        let tls = match parts.scheme.as_ref().map(Scheme::as_str) {
            Some("https" | "wss") => true,
            Some("http" | "ws") => false,
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
            tls,
            authority,
            prefix: path.trim_end_matches('/').to_owned(),
        })
    }

    /// The web address of `path`, which starts with a slash and holds only characters a path may hold.
    pub fn web(&self, path: &str) -> String {
        self.address(if self.tls { "https" } else { "http" }, path)
    }

    /// The WebSocket address of `path`, which starts with a slash and holds only characters a path may hold.
    pub fn socket(&self, path: &str) -> String {
        self.address(if self.tls { "wss" } else { "ws" }, path)
    }

    /// Host and port: what the `Host` header says.
    pub fn authority(&self) -> &str {
        self.authority.as_str()
    }

    fn address(&self, scheme: &str, path: &str) -> String {
        format!("{scheme}://{}{}{path}", self.authority, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, InvalidUrl};

    fn addresses(url: &str) -> [String; 3] {
        let endpoint = Endpoint::parse(url).unwrap();
        [
            endpoint.socket("/ws/order-1042"),
            endpoint.web("/transfer/order-1042"),
            endpoint.web("/update"),
        ]
    }

    #[test]
    fn a_websocket_address_and_a_web_address_name_the_same_service() {
        let expected = [
            "wss://status.example.com/ws/order-1042",
            "https://status.example.com/transfer/order-1042",
            "https://status.example.com/update",
        ];
        assert_eq!(addresses("https://status.example.com"), expected);
        assert_eq!(addresses("wss://status.example.com/"), expected);
        let expected = [
            "ws://[::1]:8787/ws/order-1042",
            "http://[::1]:8787/transfer/order-1042",
            "http://[::1]:8787/update",
        ];
        assert_eq!(addresses("http://[::1]:8787/"), expected);
        assert_eq!(addresses("ws://[::1]:8787"), expected);
        assert_eq!(
            addresses("ws://127.0.0.1:8787")[2],
            "http://127.0.0.1:8787/update"
        );
    }

    #[test]
    fn a_path_before_the_service_is_kept() {
        assert_eq!(
            addresses("https://example.com/pay/status/"),
            [
                "wss://example.com/pay/status/ws/order-1042",
                "https://example.com/pay/status/transfer/order-1042",
                "https://example.com/pay/status/update",
            ]
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
