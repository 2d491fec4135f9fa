//! A page that watches transfers and hands on what it hears: the browser tests drive it.
#![allow(missing_docs, reason = "not for users")]

use std::rc::Rc;

use futures_util::StreamExt;
use futures_util::future::{AbortHandle, abortable};
use transfer_status_wasm::{
    Client, Config, Event, InvalidUrl, Signature, SignatureError, TransferId, Watch, WatchHandle,
};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

/// Backoff and polls for a loopback; all else as the contract has it.
const QUICK: Config = Config {
    backoff_base_ms: 50,
    backoff_cap_ms: 100,
    poll_interval_ms: 100,
    hint_spacing_ms: 10,
    // From a hint on; a silence alone takes the contract's 20 s to be noticed.
    pong_timeout_ms: 500,
    ..Config::DEFAULT
};

/// One watch: `tell` gets a line for each event, and `ended …` for the outcome.
#[wasm_bindgen]
pub struct Watching {
    handle: WatchHandle,
    abort: AbortHandle,
}

#[wasm_bindgen]
impl Watching {
    pub fn close(&self) {
        self.handle.close();
    }

    /// Drops the `Watch` itself, as a component does that is taken off the page.
    pub fn drop_watch(&self) {
        self.abort.abort();
    }
}

#[wasm_bindgen]
pub fn watch(url: &str, id: &str, signature: &str, tell: js_sys::Function) -> Result<Watching, String> {
    Ok(follow(
        client(url)?.watch(transfer_id(id)?, read_signature(signature)?),
        tell,
    ))
}

/// `source` is asked for signatures, from the first one on; it gives a promise of text, `null` when there is none.
#[wasm_bindgen]
pub fn watch_with(
    url: &str,
    id: &str,
    source: js_sys::Function,
    tell: js_sys::Function,
) -> Result<Watching, String> {
    let source = Rc::new(source);
    let ask = move || {
        let source = Rc::clone(&source);
        async move {
            let answer: js_sys::Promise = source
                .call0(&JsValue::NULL)
                .and_then(|answer| answer.dyn_into())
                .map_err(|_| SignatureError::Retry)?;
            let text = JsFuture::from(answer).await.map_err(|_| SignatureError::Retry)?;
            let text = text.as_string().ok_or(SignatureError::Refused)?;
            Signature::new(text).map_err(|_| SignatureError::Refused)
        }
    };
    Ok(follow(
        client(url)?.watch_with(transfer_id(id)?, ask).start(),
        tell,
    ))
}

fn follow(mut watch: Watch, tell: js_sys::Function) -> Watching {
    let handle = watch.handle();
    let (listening, abort) = abortable(async move {
        let say = |line: String| {
            let _said = tell.call1(&JsValue::NULL, &JsValue::from_str(&line));
        };
        // As a stream: what the methods of futures do with it.
        while let Some(event) = StreamExt::next(&mut watch).await {
            say(match event {
                Event::Status(transfer) => format!("status {}", transfer.status),
                Event::Connection(connection) => format!("connection {connection:?}"),
                Event::Scan(scan) => format!("scan {}", scan.scanned),
                Event::Closed(reason) => format!("closed {reason:?}"),
                other => format!("{other:?}"),
            });
        }
        say(match watch.finished().await {
            Ok(transfer) => format!("ended {}", transfer.status),
            Err(error) => format!("ended: {error}"),
        });
    });
    spawn_local(async move {
        let _aborted = listening.await;
    });
    Watching { handle, abort }
}

fn client(url: &str) -> Result<Client, String> {
    Client::builder(url)
        .config(QUICK)
        .build()
        .map_err(|error: InvalidUrl| error.to_string())
}

fn transfer_id(id: &str) -> Result<TransferId, String> {
    id.parse::<TransferId>().map_err(|error| error.to_string())
}

fn read_signature(signature: &str) -> Result<Signature, String> {
    Signature::new(signature).map_err(|error| error.to_string())
}
