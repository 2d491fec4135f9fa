//! The address of a service: what a user may give, and the addresses that follow from it.

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};

use crate::host;

/// Where a service answers. `https` and `wss` mean TLS, `http` and `ws` plain TCP; either pair may be given.
///
/// Plain TCP is for this machine and private networks: a signature would cross any other network for all to read
/// (PROTOCOL.md, section 9).
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

/// Why an address cannot be that of a service. It never repeats the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidUrl {
    /// Not a URL with a host.
    #[error("the service's URL is malformed; give one like https://status.example.com")]
    Malformed,
    /// No scheme, or one that is not `https`, `http`, `wss`, `ws`.
    #[error("the service's URL does not start with https://; give one like https://status.example.com")]
    Scheme,
    /// A port that is not 1 to 65535.
    #[error("the port in the service's URL is not a number from 1 to 65535; correct it, or leave it out")]
    Port,
    /// A user name or password in the URL.
    #[error("the service's URL must not hold credentials; remove the part before the @")]
    Credentials,
    /// A query or fragment in the URL, as in a QR payload.
    #[error("the service's URL must end before any ? or #; a QR payload is not the service's address")]
    QueryOrFragment,
    /// `http` or `ws` to a host that is neither this machine nor in a private network.
    #[error(
        "http:// and ws:// would show signatures to every network on the way; use https://, or allow plain text \
         explicitly"
    )]
    PlainText,
}

impl Endpoint {
    /// Reads `https://status.example.com`, with or without a path before the service's own.
    ///
    /// `http` and `ws` are taken for loopback addresses, `localhost` and the names under it, the private and link-local
    /// ranges of IPv4 and IPv6, and names without a dot or under `.local`, `.internal` or `.home.arpa`.
    ///
    /// # Errors
    /// [`InvalidUrl`] for another scheme, for no host, for a port that is none, for what does not belong there
    /// (credentials, a query, a fragment), and for plain text to any other host.
    ///
    /// ```
    /// use transfer_status_protocol::endpoint::{Endpoint, InvalidUrl};
    /// assert!(Endpoint::parse("http://localhost:8787").is_ok());
    /// assert_eq!(Endpoint::parse("http://status.example.com"), Err(InvalidUrl::PlainText));
    /// assert_eq!(Endpoint::parse("https://status.example.com:87870"), Err(InvalidUrl::Port));
    /// ```
    pub fn parse(url: &str) -> Result<Self, InvalidUrl> {
        let endpoint = Self::parse_allowing_plain_text(url)?;
        if endpoint.tls || host::is_private(endpoint.authority.host()) {
            Ok(endpoint)
        } else {
            Err(InvalidUrl::PlainText)
        }
    }

    /// [`parse`](Self::parse) for a user who has said in so many words that plain text may go to any host: a proxy in
    /// the same machine room under a public name, say.
    ///
    /// # Errors
    /// [`InvalidUrl`] as above, but never [`InvalidUrl::PlainText`].
    pub fn parse_allowing_plain_text(url: &str) -> Result<Self, InvalidUrl> {
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
        let host = authority.host();
        if !host::is_host(host) {
            return Err(InvalidUrl::Malformed);
        }
        // `Uri` takes anything for a port, and a client that finds none there dials the scheme's own.
        let rest = authority
            .as_str()
            .strip_prefix(host)
            .ok_or(InvalidUrl::Malformed)?;
        if !rest.is_empty() && !rest.strip_prefix(':').is_some_and(host::is_port) {
            return Err(InvalidUrl::Port);
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
            ("https://example.com:99999", InvalidUrl::Port),
            ("https://example.com:8787x", InvalidUrl::Port),
            ("https://example.com:x", InvalidUrl::Port),
            ("https://example.com:", InvalidUrl::Port),
            ("https://example.com:/pay", InvalidUrl::Port),
            ("https://example.com:0", InvalidUrl::Port),
            ("http://[::1]:99999", InvalidUrl::Port),
            ("https://[::g]", InvalidUrl::Malformed),
            ("https://exa%6dple.com", InvalidUrl::Malformed),
            ("http://134744072", InvalidUrl::Malformed),
        ] {
            assert_eq!(Endpoint::parse(url), Err(expected), "{url}");
        }
    }

    #[test]
    fn plain_text_is_for_this_machine_and_private_networks_unless_the_user_says_otherwise() {
        for url in [
            "http://localhost:8787",
            "ws://app.localhost",
            "http://127.1.2.3",
            "http://[fd12::1]:80/pay",
            "ws://192.168.1.1:8787",
            "http://till",
            "HTTP://Till.Local",
        ] {
            assert!(Endpoint::parse(url).is_ok(), "{url}");
        }
        for url in [
            "http://status.example.com",
            "ws://status.example.com:8787/pay",
            "http://8.8.8.8",
            "http://[::ffff:8.8.8.8]:80",
            "http://localhost.",
            "HTTP://LOCALHOST.EXAMPLE.COM",
        ] {
            assert_eq!(Endpoint::parse(url), Err(InvalidUrl::PlainText), "{url}");
            let allowed = Endpoint::parse_allowing_plain_text(url).unwrap();
            assert!(allowed.web("/").starts_with("http://"), "{url}");
        }
        let still_wrong = Endpoint::parse_allowing_plain_text("http://status.example.com:99999");
        assert_eq!(still_wrong, Err(InvalidUrl::Port));
    }
}
