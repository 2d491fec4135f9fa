//! A request as it came to the Worker, and the clock it is judged by.

use worker::web_sys::{Headers, Request};

use crate::edge::cors::Origins;
use crate::edge::target::Target;
use crate::error::ApiError;

/// A request. Each header is fetched from JavaScript when it is asked for.
pub(crate) struct Incoming<'a> {
    request: &'a Request,
    headers: Headers,
    target: Target<'a>,
    origin: Option<String>,
}

impl<'a> Incoming<'a> {
    /// Wraps the platform's request; `url` is its URL.
    pub(crate) fn new(request: &'a Request, url: &'a str) -> Self {
        let headers = request.headers();
        let origin = headers.get("origin").ok().flatten();
        Self {
            request,
            headers,
            target: Target::of(url),
            origin,
        }
    }

    pub(crate) fn request(&self) -> &Request {
        self.request
    }

    pub(crate) fn target(&self) -> Target<'a> {
        self.target
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name).ok().flatten()
    }

    /// The page's origin; `None` for a native app or a backend.
    pub(crate) fn origin(&self) -> Option<&str> {
        self.origin.as_deref()
    }

    /// Whether a page of this very host asks, as far as the `Origin` header tells.
    pub(crate) fn is_same_origin(&self) -> bool {
        self.origin() == Some(self.target.origin)
    }

    /// The cookies, where they may count as proof: for a read that no other site has brought about.
    pub(crate) fn session_cookies(&self) -> Option<String> {
        let reads = matches!(self.request.method().as_str(), "GET" | "HEAD");
        if reads { self.own_cookies() } else { None }
    }

    /// The cookies of a request that no other site has brought about.
    pub(crate) fn own_cookies(&self) -> Option<String> {
        let from_here = match self.header("sec-fetch-site").as_deref() {
            None | Some("same-origin" | "none") => !self.is_of_another_origin(),
            Some(_) => false,
        };
        if from_here { self.header("cookie") } else { None }
    }

    /// Whether a page of another host asks.
    pub(crate) fn is_of_another_origin(&self) -> bool {
        self.origin().is_some() && !self.is_same_origin()
    }

    /// Whether a cookie can be for encrypted links only: always, but for a browser on the server's own machine.
    pub(crate) fn is_secure(&self) -> bool {
        let host = self.target.origin.strip_prefix("http://");
        let host = host.map(|host| host.rsplit_once(':').map_or(host, |(name, _)| name));
        !matches!(host, Some("localhost" | "127.0.0.1" | "[::1]"))
    }

    /// Refuses a page that `ALLOWED_ORIGINS` does not list; our own dashboard needs no mention there.
    pub(crate) fn check_origin(&self, origins: &Origins) -> Result<(), ApiError> {
        if self.is_same_origin() || origins.admits(self.origin()) {
            Ok(())
        } else {
            Err(ApiError::ForbiddenOrigin)
        }
    }

    /// Whether it asks for a WebSocket.
    pub(crate) fn is_upgrade(&self) -> bool {
        self.header("upgrade")
            .is_some_and(|upgrade| upgrade.eq_ignore_ascii_case("websocket"))
    }
}
