//! A page that watches transfers and hands on what it hears: the browser tests drive it.
#![allow(missing_docs, reason = "not for users")]

use std::rc::Rc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{AbortHandle, abortable};
use transfer_status_wasm::{
    BuildError, Client, Event, RequestError, Signature, SignatureError, Timing, TransferId, Watch,
    WatchHandle,
};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

/// Backoff and polls for a loopback; all else as PROTOCOL.md has it.
const QUICK: Timing = Timing::DEFAULT
    .backoff(Duration::from_millis(50), Duration::from_millis(100))
    .poll_interval(Duration::from_millis(100))
    .hint_spacing(Duration::from_millis(10))
    // From a hint on; a silence alone takes PROTOCOL.md's 20 s to be noticed.
    .probe_after(Duration::ZERO)
    .probe_timeout(Duration::from_millis(500));

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
        client(url)?
            .watch(transfer_id(id)?)
            .signature(read_signature(signature)?)
            .start(),
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
    let ask = move |_, _| {
        let source = Rc::clone(&source);
        async move {
            let answer: js_sys::Promise = source
                .call0(&JsValue::NULL)
                .and_then(|answer| answer.dyn_into())
                .map_err(|_| SignatureError::retry("the source is no function"))?;
            let text = JsFuture::from(answer)
                .await
                .map_err(|error| SignatureError::retry(error.as_string().unwrap_or_default()))?;
            let text = text
                .as_string()
                .ok_or_else(|| SignatureError::refused("none is left"))?;
            Signature::new(text).map_err(SignatureError::refused)
        }
    };
    Ok(follow(
        client(url)?.watch(transfer_id(id)?).refresh(ask).start(),
        tell,
    ))
}

/// The transfer as it stands, as `status version`, or why it is not had.
#[wasm_bindgen]
pub async fn get(url: String, id: String, signature: String) -> Result<String, String> {
    let (client, id, signature) = (client(&url)?, transfer_id(&id)?, read_signature(&signature)?);
    let transfer = client.get(&id, &signature).await.map_err(told)?;
    Ok(format!("{} {:?}", transfer.status, transfer.version))
}

#[wasm_bindgen]
pub async fn scan(url: String, id: String, signature: String, scanned: bool) -> Result<(), String> {
    let (client, id, signature) = (client(&url)?, transfer_id(&id)?, read_signature(&signature)?);
    client.scan(&id, &signature, scanned).await.map_err(told)
}

fn told(error: RequestError) -> String {
    format!("{error} (retry: {})", error.is_retryable())
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
                Event::Problem(Some(problem)) => format!("problem {}", problem.kind.as_str()),
                Event::Problem(None) => "problem none".to_owned(),
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
        .timing(QUICK)
        .build()
        .map_err(|error: BuildError| error.to_string())
}

fn transfer_id(id: &str) -> Result<TransferId, String> {
    id.parse::<TransferId>().map_err(|error| error.to_string())
}

fn read_signature(signature: &str) -> Result<Signature, String> {
    Signature::new(signature).map_err(|error| error.to_string())
}
