//! `GET /transfer/{id}`, while sockets do not get through.

use gloo_net::http::Request;
use transfer_status_protocol::session::PollAnswer;
use transfer_status_protocol::token::Signature;
use transfer_status_protocol::transfer::{Transfer, TransferId};
use transfer_status_protocol::watch::read_poll;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, RequestCache, Response};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch)]
    fn fetch(request: &web_sys::Request) -> Result<js_sys::Promise, JsValue>;
}

/// Gives the request up when it is dropped.
struct AbortOnDrop(AbortController);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Asks once for the transfer at `url`; `known` is the version that is no news.
pub(crate) async fn poll(
    url: String,
    signature: Signature,
    known: Option<u64>,
    expected: TransferId,
) -> PollAnswer<Transfer> {
    match exchange(&url, &signature, known).await {
        Some((status, body)) => read_poll(status, body.as_bytes(), &expected),
        None => PollAnswer::Failed,
    }
}

async fn exchange(url: &str, signature: &Signature, known: Option<u64>) -> Option<(u16, String)> {
    let abort = AbortOnDrop(AbortController::new().ok()?);
    let mut request = Request::get(url)
        .header("Authorization", &format!("Bearer {}", signature.expose()))
        .cache(RequestCache::NoStore)
        .abort_signal(Some(&abort.0.signal()));
    if let Some(version) = known {
        request = request.header("If-None-Match", &format!("\"{version}\""));
    }
    // gloo-net's own `send` and `text` panic, which ends the whole module, where a `fetch` that the page has wrapped
    // rejects with something other than an `Error`.
    let request = web_sys::Request::from(request.build().ok()?);
    let response = JsFuture::from(fetch(&request).ok()?).await.ok()?;
    let response: Response = response.dyn_into().ok()?;
    let body = JsFuture::from(response.text().ok()?).await.ok()?;
    Some((response.status(), body.as_string()?))
}
