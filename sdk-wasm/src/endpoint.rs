//! The address of a service, and the two that a watch of it uses.

use http::Uri;
use http::uri::{PathAndQuery, Scheme};
use transfer_status_protocol::transfer::TransferId;
use transfer_status_protocol::watch::InvalidUrl;

/// Where a service answers. `https`, `wss` mean TLS; `http`, `ws` mean plain TCP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    tls: bool,
    /// The authority and the path before the service's own, with no slash at the end.
    place: String,
}

impl Endpoint {
    /// Reads `https://status.example.com`, with or without a path before `/ws` and `/transfer`.
    pub(crate) fn parse(url: &str) -> Result<Self, InvalidUrl> {
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
            place: format!("{authority}{}", path.trim_end_matches('/')),
        })
    }

    /// The address of a transfer's socket.
    pub(crate) fn socket(&self, id: &TransferId) -> String {
        format!("{}://{}/ws/{id}", if self.tls { "wss" } else { "ws" }, self.place)
    }

    /// The address of a transfer.
    pub(crate) fn transfer(&self, id: &TransferId) -> String {
        format!(
            "{}://{}/transfer/{id}",
            if self.tls { "https" } else { "http" },
            self.place
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(url: &str) -> [String; 2] {
        let endpoint = Endpoint::parse(url).unwrap();
        let id = TransferId::new("order-1042").unwrap();
        [endpoint.socket(&id), endpoint.transfer(&id)]
    }

    #[test]
    fn a_websocket_address_and_a_web_address_name_the_same_service() {
        let expected = [
            "wss://status.example.com/ws/order-1042",
            "https://status.example.com/transfer/order-1042",
        ];
        assert_eq!(addresses("https://status.example.com"), expected);
        assert_eq!(addresses("wss://status.example.com/"), expected);
        let expected = [
            "ws://[::1]:8787/ws/order-1042",
            "http://[::1]:8787/transfer/order-1042",
        ];
        assert_eq!(addresses("http://[::1]:8787/"), expected);
        assert_eq!(addresses("ws://[::1]:8787"), expected);
    }

    #[test]
    fn a_path_before_the_service_is_kept() {
        assert_eq!(
            addresses("https://example.com/pay/status/"),
            [
                "wss://example.com/pay/status/ws/order-1042",
                "https://example.com/pay/status/transfer/order-1042"
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
