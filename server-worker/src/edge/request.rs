//! A request as it came to the Worker, and the clock it is judged by.

use worker::js_sys::Array;
use worker::wasm_bindgen::prelude::*;
use worker::web_sys::Request;

use crate::edge::cors::Origins;
use crate::edge::target::Target;
use crate::error::ApiError;

/// What most requests are asked for.
const USUAL: [&str; 7] = [
    "origin",
    "upgrade",
    "x-signature",
    "x-timestamp",
    "content-encoding",
    "content-length",
    "cf-ray",
];
/// Stands for a header that is not there.
const ABSENT: &str = "\0";

#[wasm_bindgen]
extern "C" {
    /// The method, the URL and these headers, one a line: one call in place of two for each.
    #[wasm_bindgen(js_name = headOf)]
    fn head_of(request: &Request, names: &Array) -> String;
}

thread_local! {
    static NAMES: Array = USUAL.into_iter().map(JsValue::from_str).collect();
}

/// What was fetched of a request at once, for [`Incoming::new`] to read.
pub(crate) struct Head(String);

impl Head {
    pub(crate) fn of(request: &Request) -> Self {
        Self(NAMES.with(|names| head_of(request, names)))
    }
}

/// A request. Each header that is not among the usual ones is fetched from JavaScript when it is asked for.
pub(crate) struct Incoming<'a> {
    request: &'a Request,
    method: &'a str,
    target: Target<'a>,
    usual: [Option<&'a str>; USUAL.len()],
}

impl<'a> Incoming<'a> {
    /// The platform's request, with what was fetched of it.
    pub(crate) fn new(request: &'a Request, head: &'a Head) -> Self {
        let mut lines = head.0.split('\n');
        let method = lines.next().unwrap_or_default();
        let target = Target::of(lines.next().unwrap_or_default());
        let usual = std::array::from_fn(|_| lines.next().filter(|line| *line != ABSENT));
        Self {
            request,
            method,
            target,
            usual,
        }
    }

    pub(crate) fn request(&self) -> &Request {
        self.request
    }

    pub(crate) fn method(&self) -> &'a str {
        self.method
    }

    pub(crate) fn target(&self) -> Target<'a> {
        self.target
    }

    /// The header of that name, which is in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        match USUAL.iter().zip(self.usual).find(|(usual, _)| **usual == name) {
            Some((_, value)) => value.map(str::to_owned),
            None => self.request.headers().get(name).ok().flatten(),
        }
    }

    /// The page's origin; `None` for a native app or a backend.
    pub(crate) fn origin(&self) -> Option<&str> {
        let [origin, ..] = self.usual;
        origin
    }

    /// Whether a page of this very host asks, as far as the `Origin` header tells.
    pub(crate) fn is_same_origin(&self) -> bool {
        self.origin() == Some(self.target.origin)
    }

    /// The cookies, where they may count as proof: for a read that no other site has brought about.
    pub(crate) fn session_cookies(&self) -> Option<String> {
        let reads = matches!(self.method, "GET" | "HEAD");
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
