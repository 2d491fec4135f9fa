//! Which pages may talk to the service: `ALLOWED_ORIGINS`.

/// What a browser may send to, and read of, another origin's pages.
pub(crate) const ALLOW_HEADERS: &str = "authorization, content-type, if-none-match, x-signature, x-timestamp";
/// What a page may read of an answer beyond the plain headers.
pub(crate) const EXPOSE_HEADERS: &str = "etag, retry-after";
/// Seconds a browser may remember a preflight.
pub(crate) const MAX_AGE: &str = "7200";

/// The origins that are let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origins {
    /// `ALLOWED_ORIGINS` is unset or holds a `*`.
    Any,
    /// Exactly these, lower-case, with no slash at the end.
    Listed(Vec<String>),
}

impl Origins {
    /// Reads a comma-separated list; `None` admits every origin.
    pub(crate) fn parse(list: Option<&str>) -> Self {
        let Some(list) = list else { return Self::Any };
        let listed: Vec<_> = list
            .split(',')
            .map(normal)
            .filter(|origin| !origin.is_empty())
            .collect();
        if listed.iter().any(|origin| origin == "*") {
            Self::Any
        } else {
            Self::Listed(listed)
        }
    }

    /// Whether a request with this `Origin` header is served. A native app sends none and passes.
    pub(crate) fn admits(&self, origin: Option<&str>) -> bool {
        match (self, origin) {
            (Self::Any, _) | (_, None) => true,
            (Self::Listed(listed), Some(origin)) => listed.contains(&normal(origin)),
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

fn normal(origin: &str) -> String {
    origin.trim().trim_end_matches('/').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::Origins;

    #[test]
    fn with_no_list_every_origin_passes() {
        let any = Origins::parse(None);
        assert!(any.admits(None));
        assert!(any.admits(Some("https://evil.example")));
        assert_eq!(any.allow("https://a.example"), "*");
        assert_eq!(Origins::parse(Some("https://a.example, *")), Origins::Any);
    }

    #[test]
    fn a_list_admits_exactly_its_origins_and_native_apps() {
        let listed = Origins::parse(Some(" https://Pay.example/ ,https://shop.example:8443,, "));
        assert!(listed.admits(None), "a native app sends no Origin");
        assert!(listed.admits(Some("https://pay.example")));
        assert!(listed.admits(Some("https://shop.example:8443")));
        for stranger in [
            "http://pay.example",
            "https://pay.example.evil.example",
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
    fn an_empty_list_admits_no_page() {
        assert!(!Origins::parse(Some(" , ")).admits(Some("https://a.example")));
    }
}
