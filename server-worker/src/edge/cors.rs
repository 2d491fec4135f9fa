//! Which pages may talk to the service: `ALLOWED_ORIGINS`.

/// What a browser may send to, and read of, another origin's pages. The last ones are what tracing libraries add to
/// every request of a page.
pub(crate) const ALLOW_HEADERS: &str = "authorization, content-type, if-none-match, x-signature, x-timestamp, \
     traceparent, tracestate, baggage, sentry-trace, x-request-id, x-b3-traceid, x-b3-spanid, x-b3-sampled, b3, \
     x-datadog-trace-id, x-datadog-parent-id, x-datadog-origin, x-datadog-sampling-priority, newrelic";
/// What a page may read of an answer beyond the plain headers.
pub(crate) const EXPOSE_HEADERS: &str = "etag, retry-after";
/// Seconds a browser may remember a preflight.
pub(crate) const MAX_AGE: &str = "7200";

/// The origins that are let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origins {
    /// `ALLOWED_ORIGINS` is unset.
    Any,
    /// These alone.
    Listed(Vec<Listed>),
}

/// One entry of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    origin: Origin,
    /// It stands for the subdomains of its host, and not for the host.
    subdomains: bool,
}

/// An origin as browsers compare them: lower-case, with its port.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Origin {
    scheme: String,
    host: String,
    port: Option<u16>,
}

impl Origins {
    /// What the list may hold, for messages.
    pub(crate) const EXPECTED: &str = "origins with commas between, each as https://host or https://host:port, with *. \
         before the host for its subdomains; without the variable every page is let in";

    /// Reads the entries of a list; `None` when one of them is no origin, or there is none.
    pub(crate) fn listed(list: &[String]) -> Option<Self> {
        let entries = list.iter().map(|entry| entry.trim());
        let listed: Vec<_> = entries
            .filter(|entry| !entry.is_empty())
            .map(Listed::parse)
            .collect::<Option<_>>()?;
        (!listed.is_empty()).then_some(Self::Listed(listed))
    }

    /// Whether a request with this `Origin` header is served. A native app sends none and passes.
    pub(crate) fn admits(&self, origin: Option<&str>) -> bool {
        match (self, origin) {
            (Self::Any, _) | (_, None) => true,
            (Self::Listed(listed), Some(origin)) => {
                Origin::parse(origin).is_some_and(|origin| listed.iter().any(|entry| entry.admits(&origin)))
            }
        }
    }

    /// The `Access-Control-Allow-Origin` for an admitted origin.
    pub(crate) fn allow<'a>(&self, origin: &'a str) -> &'a str {
        match self {
            Self::Any => "*",
            Self::Listed(_) => origin,
        }
    }
}

impl Listed {
    fn parse(text: &str) -> Option<Self> {
        let text = text.strip_suffix('/').unwrap_or(text);
        match text.split_once("://*.") {
            Some((scheme, rest)) => Some(Self {
                origin: Origin::parse(&format!("{scheme}://{rest}"))?,
                subdomains: true,
            }),
            None => Some(Self {
                origin: Origin::parse(text)?,
                subdomains: false,
            }),
        }
    }

    fn admits(&self, origin: &Origin) -> bool {
        if !self.subdomains {
            return self.origin == *origin;
        }
        let below = origin
            .host
            .strip_suffix(&self.origin.host)
            .and_then(|below| below.strip_suffix('.'));
        let ends_match = origin.scheme == self.origin.scheme && origin.port == self.origin.port;
        ends_match && below.is_some_and(|below| !below.is_empty())
    }
}

impl Origin {
    fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let (scheme, authority) = text.split_once("://")?;
        let starts_well = scheme.starts_with(|first: char| first.is_ascii_lowercase());
        let is_scheme = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'+' | b'-' | b'.');
        if !starts_well || !scheme.bytes().all(is_scheme) {
            return None;
        }
        // The colons of an IPv6 address stand in brackets.
        let after_host = authority.rfind(']').map_or(0, |end| end + 1);
        let (host, port) = match authority[after_host..].find(':') {
            Some(colon) => {
                let (host, port) = authority.split_at(after_host + colon);
                (host, Some(port_number(port.strip_prefix(':')?)?))
            }
            None => (authority, None),
        };
        if !is_host(host) {
            return None;
        }
        let default = match scheme {
            "https" => Some(443),
            "http" => Some(80),
            _ => None,
        };
        Some(Self {
            scheme: scheme.to_owned(),
            host: host.to_owned(),
            port: port.or(default),
        })
    }
}

fn port_number(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port > 0)
}

/// A name in ASCII, as browsers send one of any script, or an IPv6 address in brackets.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        let address = address.strip_suffix(']');
        return address.is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok());
    }
    let is_label = |label: &str| {
        let mut bytes = label.bytes();
        !label.is_empty() && bytes.all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
    };
    host.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::Origins;

    fn listed(list: &str) -> Option<Origins> {
        let list: Vec<_> = list.split(',').map(str::to_owned).collect();
        Origins::listed(&list)
    }

    fn admits(list: &str, origin: &str) -> bool {
        listed(list).unwrap().admits(Some(origin))
    }

    #[test]
    fn with_no_list_every_origin_passes() {
        assert!(Origins::Any.admits(None));
        assert!(Origins::Any.admits(Some("https://evil.example")));
        assert_eq!(Origins::Any.allow("https://a.example"), "*");
    }

    #[test]
    fn a_list_admits_exactly_its_origins_and_native_apps() {
        let listed = listed(" https://Pay.example/ ,https://shop.example:8443,, ").unwrap();
        assert!(listed.admits(None), "a native app sends no Origin");
        assert!(listed.admits(Some("https://pay.example")));
        assert!(listed.admits(Some("https://shop.example:8443")));
        for stranger in [
            "http://pay.example",
            "https://pay.example.evil.example",
            "https://pay.example:8443",
            "https://shop.example",
            "https://evilpay.example",
            "null",
            "",
        ] {
            assert!(!listed.admits(Some(stranger)), "{stranger}");
        }
        assert_eq!(listed.allow("https://pay.example"), "https://pay.example");
    }

    #[test]
    fn the_default_port_may_be_written() {
        assert!(admits("https://pay.example:443", "https://pay.example"));
        assert!(admits("http://localhost:80", "http://localhost"));
        assert!(!admits("https://pay.example:80", "https://pay.example"));
        assert!(admits("http://[::1]:3000", "http://[::1]:3000"));
        assert!(admits("capacitor://localhost", "capacitor://localhost"));
    }

    #[test]
    fn a_star_stands_for_subdomains_of_any_depth() {
        let list = "https://*.pay.example, https://*.shop.example:8443";
        for origin in [
            "https://a.pay.example",
            "https://a.b.c.pay.example",
            "https://a.shop.example:8443",
        ] {
            assert!(admits(list, origin), "{origin}");
        }
        for origin in [
            "https://pay.example",
            "https://evil-pay.example",
            "https://.pay.example",
            "https://a.pay.example.evil.example",
            "http://a.pay.example",
            "https://a.pay.example:8443",
            "https://a.shop.example",
        ] {
            assert!(!admits(list, origin), "{origin}");
        }
    }

    #[test]
    fn what_is_no_origin_is_no_entry() {
        for list in [
            "*",
            "https://pay.example, *",
            "pay.example",
            "https//pay.example",
            "https://",
            "https://pay.example/checkout",
            "https://pay.example?x",
            "https://pay.example#x",
            "https://user@pay.example",
            "https://pay.example https://shop.example",
            "https://pay.example:0",
            "https://pay.example:65536",
            "https://pay.example:",
            "https://pay.*.example",
            "https://*.",
            "https://pay..example",
            "https://größe.example",
            "https://[::1",
            "null",
            " , ",
            "",
        ] {
            assert_eq!(listed(list), None, "{list}");
        }
    }
}
