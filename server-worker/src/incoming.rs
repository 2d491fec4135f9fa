//! A request as it came to the Worker, and the clock it is judged by.

use worker::js_sys::Date;
use worker::web_sys::{Headers, Request};

use crate::cors::Origins;
use crate::error::ApiError;
use crate::target::Target;

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

    /// Refuses a page that `ALLOWED_ORIGINS` does not list.
    pub(crate) fn check_origin(&self, origins: &Origins) -> Result<(), ApiError> {
        if origins.admits(self.origin()) {
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

/// The platform's clock, in Unix milliseconds.
pub(crate) fn now_unix_millis() -> i64 {
    // A double holds these exactly until the year 287396.
    Date::now() as i64
}

/// The platform's clock, in Unix seconds.
pub(crate) fn now_unix_seconds() -> u64 {
    u64::try_from(now_unix_millis() / 1_000).unwrap_or(0)
}
