//! One exchange over HTTP, a poll while sockets do not get through first of all: bounded, and bytes rather than what a
//! browser makes of them.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use gloo_net::http::{Request, RequestBuilder};
use gloo_timers::future::TimeoutFuture;
use js_sys::Uint8Array;
use transfer_status_protocol::session::Cause;
use transfer_status_protocol::signature::Signature;
use transfer_status_protocol::watch::{Answer, MAX_ANSWER};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, ReadableStreamDefaultReader, ReadableStreamReadResult, RequestCache, RequestRedirect,
    Response, ResponseType,
};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch)]
    fn fetch(request: &web_sys::Request) -> Result<js_sys::Promise, JsValue>;
}

/// What came back.
pub(crate) struct HttpAnswer {
    status: u16,
    retry_after: Option<String>,
    date: Option<String>,
    body: Vec<u8>,
}

impl HttpAnswer {
    /// The same as the driver takes it.
    pub(crate) fn answer(&self) -> Answer<'_> {
        Answer {
            status: self.status,
            retry_after: self.retry_after.as_deref(),
            date: self.date.as_deref(),
            body: &self.body,
        }
    }
}

/// Gives the request up when it is dropped.
struct AbortOnDrop(AbortController);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Asks once for the transfer at `url`; `known` is the version that is no news. Gives up after `within`.
pub(crate) async fn poll(
    url: String,
    signature: Signature,
    known: Option<u64>,
    within: Duration,
) -> Result<HttpAnswer, Cause> {
    let mut request = Request::get(&url);
    if let Some(version) = known {
        request = request.header("If-None-Match", &format!("\"{version}\""));
    }
    ask(request, None, &signature, within).await
}

/// Sends one request, with a body of JSON if there is one, and reads the answer. Gives up after `within`.
pub(crate) async fn ask(
    request: RequestBuilder,
    json: Option<String>,
    signature: &Signature,
    within: Duration,
) -> Result<HttpAnswer, Cause> {
    let exchange = pin!(exchange(request, json, signature));
    let deadline = TimeoutFuture::new(u32::try_from(within.as_millis()).unwrap_or(u32::MAX));
    match select(exchange, deadline).await {
        Either::Left((answer, _)) => {
            // A browser tells no cause.
            answer.map_err(|_| Cause::Unreachable)?.ok_or(Cause::Redirect(0))
        }
        Either::Right(_) => Err(Cause::Timeout),
    }
}

/// The answer, `None` for a redirect: where it leads is not for the signature, and a browser does not show its status.
async fn exchange(
    request: RequestBuilder,
    json: Option<String>,
    signature: &Signature,
) -> Result<Option<HttpAnswer>, JsValue> {
    let abort = AbortOnDrop(AbortController::new()?);
    let request = request
        .header("Authorization", &format!("Bearer {}", signature.expose()))
        .cache(RequestCache::NoStore)
        .redirect(RequestRedirect::Manual)
        .abort_signal(Some(&abort.0.signal()));
    let request = match json {
        Some(json) => request.header("Content-Type", "application/json").body(json),
        None => request.build(),
    };
    // gloo-net's own `send` panics, which ends the whole module, where a `fetch` that the page has wrapped rejects with
    // something other than an `Error`.
    let request = request.map_err(|_| JsValue::NULL)?;
    let response = JsFuture::from(fetch(&web_sys::Request::from(request))?).await?;
    let response: Response = response.dyn_into()?;
    if response.type_() == ResponseType::Opaqueredirect {
        return Ok(None);
    }
    let header = |name| response.headers().get(name).ok().flatten();
    Ok(Some(HttpAnswer {
        status: response.status(),
        retry_after: header("Retry-After"),
        date: header("Date"),
        body: read(&response).await?,
    }))
}

/// The body, of which a little more than any answer of the service's is read.
async fn read(response: &Response) -> Result<Vec<u8>, JsValue> {
    let mut body = Vec::new();
    let Some(stream) = response.body() else {
        return Ok(body);
    };
    let reader: ReadableStreamDefaultReader = stream.get_reader().dyn_into()?;
    while body.len() <= MAX_ANSWER {
        let piece: ReadableStreamReadResult = JsFuture::from(reader.read()).await?.unchecked_into();
        if piece.get_done().unwrap_or(true) {
            break;
        }
        let bytes: Uint8Array = piece.get_value().dyn_into()?;
        let rest = u32::try_from(MAX_ANSWER + 1 - body.len()).unwrap_or(u32::MAX);
        body.extend(bytes.subarray(0, rest.min(bytes.length())).to_vec());
    }
    Ok(body)
}
