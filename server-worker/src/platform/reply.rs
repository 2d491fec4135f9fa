//! HTTP answers: JSON with the security headers, and CORS for the pages of other origins.

use worker::wasm_bindgen::prelude::*;
use worker::web_sys::{Headers, Response, ResponseInit};

use crate::edge::cors;
use crate::error::ApiError;

/// The headers of every answer. None may be cached: it was shown to one holder of a signature.
const ALWAYS: [(&str, &str); 6] = [
    ("content-type", "application/json"),
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    (
        "content-security-policy",
        "default-src 'none'; frame-ancestors 'none'",
    ),
    ("strict-transport-security", "max-age=31536000"),
];

/// What the dashboard's pages may do: run and show what is theirs, and ask their own host.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = Response)]
    type Made;

    /// `web-sys` offers it for a `&str`, which would be carried over once more.
    #[wasm_bindgen(constructor, js_class = "Response", catch)]
    fn new(body: &JsValue, init: &ResponseInit) -> Result<Made, JsValue>;
}

thread_local! {
    /// Built once an isolate: each header is two strings to carry over to JavaScript.
    static BASE: Result<Headers, JsValue> = base();
    /// What most answers begin with: 200 with those headers.
    static TAKEN: Result<ResponseInit, JsValue> = BASE.with(Clone::clone).map(|headers| init(200, &headers));
}

fn base() -> Result<Headers, JsValue> {
    let headers = Headers::new()?;
    for (name, value) in ALWAYS {
        headers.set(name, value)?;
    }
    Ok(headers)
}

/// A JSON answer.
pub(crate) fn json(status: u16, body: &str, extra: &[(&str, &str)]) -> Result<Response, JsValue> {
    let base = BASE.with(Clone::clone)?;
    // `new Response` copies the headers, so the shared ones stay as they are.
    let init = match (status, extra) {
        (200, []) => TAKEN.with(Clone::clone)?,
        (_, []) => init(status, &base),
        _ => {
            let headers = Headers::new_with_headers(&base)?;
            for (name, value) in extra {
                headers.set(name, value)?;
            }
            init(status, &headers)
        }
    };
    Response::new_with_opt_str_and_init(Some(body), &init)
}

/// 200 with a JSON text that JavaScript holds already.
pub(crate) fn taken(body: &JsValue) -> Result<Response, JsValue> {
    Ok(Made::new(body, &TAKEN.with(Clone::clone)?)?.unchecked_into())
}

/// The transfer as stored, its version as `ETag`.
pub(crate) fn transfer(doc: &str, version: u64) -> Result<Response, JsValue> {
    json(200, doc, &[("etag", &etag(version))])
}

/// The `ETag` of a version.
pub(crate) fn etag(version: u64) -> String {
    format!("\"{version}\"")
}

/// The error object under its HTTP status.
pub(crate) fn refusal(error: &ApiError) -> Result<Response, JsValue> {
    json(error.code().http_status(), &error.to_json(), &error.headers())
}

/// A file of the dashboard. Nothing in it may come from, or go to, another host.
pub(crate) fn page(status: u16, file: &Response, cache_control: &str) -> Result<Response, JsValue> {
    let headers = Headers::new_with_headers(&BASE.with(Clone::clone)?)?;
    headers.set("cache-control", cache_control)?;
    headers.set("content-security-policy", PAGE_POLICY)?;
    headers.set("cross-origin-opener-policy", "same-origin")?;
    headers.set("cross-origin-resource-policy", "same-origin")?;
    headers.delete("content-type")?;
    for name in ["content-type", "etag"] {
        if let Some(value) = file.headers().get(name)? {
            headers.set(name, &value)?;
        }
    }
    // An ETag of a page that depends on who asks would be wrong for somebody else.
    if cache_control == "no-store" {
        headers.delete("etag")?;
    }
    Response::new_with_opt_readable_stream_and_init(file.body().as_ref(), &init(status, &headers))
}

/// A page of the dashboard from a text.
pub(crate) fn html(status: u16, text: &str) -> Result<Response, JsValue> {
    let file = Response::new_with_opt_str(Some(text))?;
    file.headers().set("content-type", "text/html; charset=utf-8")?;
    page(status, &file, "no-store")
}

/// An answer with no body.
pub(crate) fn empty(status: u16, extra: &[(&str, &str)]) -> Result<Response, JsValue> {
    let headers = Headers::new_with_headers(&BASE.with(Clone::clone)?)?;
    headers.delete("content-type")?;
    for (name, value) in extra {
        headers.set(name, value)?;
    }
    Response::new_with_opt_str_and_init(None, &init(status, &headers))
}

/// The answer to a preflight, and to a plain `OPTIONS`.
pub(crate) fn preflight(allow: &str) -> Result<Response, JsValue> {
    // Deleting is the operator's, who is no page of another origin.
    let methods: Vec<_> = allow.split(", ").filter(|method| *method != "DELETE").collect();
    let methods = methods.join(", ");
    empty(
        204,
        &[
            ("allow", allow),
            ("access-control-allow-methods", &methods),
            ("access-control-allow-headers", cors::ALLOW_HEADERS),
            ("access-control-max-age", cors::MAX_AGE),
        ],
    )
}

/// Lets the page at the request's origin read `response`; `allow` is `*` or that origin.
pub(crate) fn share(response: Response, allow: &str) -> Result<Response, JsValue> {
    let headers = Headers::new_with_headers(&response.headers())?;
    headers.set("access-control-allow-origin", allow)?;
    headers.set("access-control-expose-headers", cors::EXPOSE_HEADERS)?;
    headers.append("vary", "origin")?;
    let init = init(response.status(), &headers);
    Response::new_with_opt_readable_stream_and_init(response.body().as_ref(), &init)
}

fn init(status: u16, headers: &Headers) -> ResponseInit {
    let init = ResponseInit::new();
    init.set_status(status);
    init.set_headers(headers);
    init
}
