//! The shop's pages: what `examples/checkout` built, under a strict policy.
//!
//! | path | file |
//! |---|---|
//! | `/` | `index.html`, the checkout page |
//! | `/t/{id}` | `phone.html`, what a QR code opens; the signature is in the fragment and never comes here |
//! | `/assets/…` | scripts and styles |
//! | `/demo` | `demo.html`, with `DEMO_BANK=on` |

use std::path::Path;

use axum::Router;
use axum::http::header::X_CONTENT_TYPE_OPTIONS;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY};
use tower_http::services::{ServeDir, ServeFile};
use tower_http::set_header::SetResponseHeaderLayer;

/// What pages may do: run this shop's scripts, WebAssembly among them, and talk to the shop and to the service at
/// `service`. Only the demo shows them in frames, its own.
pub fn policy(service: &str, framed: bool) -> String {
    // A browser's `http://host` covers no `ws://host` everywhere yet.
    let socket = service.replacen("http", "ws", 1);
    let frames = if framed { "'self'" } else { "'none'" };
    [
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "img-src 'self'",
        &format!("connect-src 'self' {service} {socket}"),
        &format!("frame-src {frames}"),
        &format!("frame-ancestors {frames}"),
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ]
    .join("; ")
}

/// The routes of the pages in `folder`; `demo` adds the page of the demo bank.
pub fn routes<S: Clone + Send + Sync + 'static>(folder: &Path, service: &str, demo: bool) -> Router<S> {
    let file = |name: &str| ServeFile::new(folder.join(name));
    let mut pages = Router::new()
        .route_service("/", file("index.html"))
        .route_service("/t/{id}", file("phone.html"))
        .nest_service("/assets", ServeDir::new(folder.join("assets")));
    if demo {
        pages = pages.route_service("/demo", file("demo.html"));
    }
    // An address with characters that no header takes closes the pages instead of opening them to everybody.
    let policy = HeaderValue::from_str(&policy(service, demo))
        .unwrap_or(HeaderValue::from_static("default-src 'none'"));
    let set = |name: HeaderName, value: HeaderValue| SetResponseHeaderLayer::overriding(name, value);
    pages
        .layer(set(CONTENT_SECURITY_POLICY, policy))
        .layer(set(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")))
        .layer(set(REFERRER_POLICY, HeaderValue::from_static("no-referrer")))
        // Kept, and asked for again each time: a new build is seen at once.
        .layer(set(CACHE_CONTROL, HeaderValue::from_static("no-cache")))
}
