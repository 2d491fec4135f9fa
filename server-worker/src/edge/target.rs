//! The request target: path segments, transfer ids and query values, percent-decoded.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// Origin, path and query of a request URL, still encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    /// Scheme and authority, as in an `Origin` header.
    pub(crate) origin: &'a str,
    /// From the first `/` after the host, without query or fragment.
    pub(crate) path: &'a str,
    query: &'a str,
}

impl<'a> Target<'a> {
    /// Splits an absolute URL as the platform serializes it.
    pub(crate) fn of(url: &'a str) -> Self {
        let host = url.find("://").map_or(0, |at| at + 3);
        let path = url[host..]
            .find(['/', '?', '#'])
            .map_or(url.len(), |at| host + at);
        let (origin, target) = url.split_at(path);
        let target = if target.starts_with('/') { target } else { "/" };
        let target = target.split_once('#').map_or(target, |(target, _)| target);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self { origin, path, query }
    }

    /// The query's names and values, decoded.
    pub(crate) fn pairs(&self) -> form_urlencoded::Parse<'a> {
        form_urlencoded::parse(self.query.as_bytes())
    }

    /// The subscription signature of `?signature=…` or `?token=…`; an empty one counts as none.
    ///
    /// A bare `+` arrives here as a space, which verification takes for a `+` again.
    pub(crate) fn signature(&self) -> Option<Cow<'a, str>> {
        self.pairs()
            .find(|(name, value)| matches!(name.as_ref(), "signature" | "token") && !value.is_empty())
            .map(|(_, value)| value)
    }
}

/// Decodes one path segment; what is not UTF-8 becomes U+FFFD, which no transfer id holds.
pub(crate) fn decode_segment(segment: &str) -> Cow<'_, str> {
    percent_decode_str(segment).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use super::{Target, decode_segment};

    #[test]
    fn a_url_splits_into_path_and_query() {
        for (url, path) in [
            ("https://host/ws/abc?signature=x#f", "/ws/abc"),
            ("http://127.0.0.1:8787/", "/"),
            ("https://host", "/"),
            ("https://host/a%2Fb", "/a%2Fb"),
        ] {
            assert_eq!(Target::of(url).path, path, "{url}");
        }
    }

    #[test]
    fn the_origin_is_what_a_browser_would_send_for_a_page_from_there() {
        for (url, origin) in [
            ("https://host/ws/abc", "https://host"),
            ("http://127.0.0.1:8787/", "http://127.0.0.1:8787"),
            ("https://host", "https://host"),
            ("https://host?a=/b", "https://host"),
        ] {
            assert_eq!(Target::of(url).origin, origin, "{url}");
        }
    }

    #[test]
    fn both_names_of_the_signature_are_read_and_decoded() {
        let signature = |query: &str| {
            let url = format!("https://host/ws/abc?{query}");
            Target::of(&url).signature().map(std::borrow::Cow::into_owned)
        };
        assert_eq!(signature("signature=a%2Bb%3D.c").as_deref(), Some("a+b=.c"));
        assert_eq!(signature("x=1&token=a.b").as_deref(), Some("a.b"));
        assert_eq!(signature("signature=a+b.c").as_deref(), Some("a b.c"));
        assert_eq!(signature("signature=&token=t").as_deref(), Some("t"));
        assert_eq!(signature("Signature=x"), None);
        assert_eq!(signature(""), None);
    }

    #[test]
    fn a_segment_is_decoded_once() {
        assert_eq!(decode_segment("tr%5F1%3A2"), "tr_1:2");
        assert_eq!(decode_segment("a%252Fb"), "a%2Fb");
        assert_eq!(decode_segment("a%2"), "a%2");
        assert_eq!(decode_segment("%ff"), "\u{fffd}");
    }
}
