//! A transfer's room: the Durable Object that holds its row and its watchers. Platform calls only;
//! what is decided is decided in `ledger`, `attachment` and `auth`.

mod sockets;

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::sign::Verified;
use transfer_status_protocol::{Timestamp, Transfer, TransferId, Update};
use worker::js_sys::Uint8Array;
use worker::wasm_bindgen::prelude::*;
use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys::{self, Request, Response};
use worker::worker_sys::DurableObjectState;
use worker::{Env, State, WebSocket};

use crate::call::Call;
use crate::error::ApiError;
use crate::incoming::now_unix_millis;
use crate::ledger::{self, Outcome};
use crate::storage::{Record, Storage};
use crate::{log, reply, socket};

/// One transfer. What it holds in memory is a copy: it may vanish between any two events.
///
/// The class is exported by hand, as `worker::durable_object` would do it, for two reasons: a message's
/// length is judged before the message is copied in here, for a copy of 32 MiB would stay with the
/// isolate's memory; and an answer leaves as it was built, where `worker::Response` would build another
/// around its stream.
#[wasm_bindgen(wasm_bindgen = ::worker::wasm_bindgen)]
pub struct TransferRoom {
    state: State,
    env: Env,
    storage: Storage,
    /// What the row holds; empty until it was read.
    record: RefCell<Option<Option<Rc<Record>>>>,
    /// When the alarm is set for, in Unix milliseconds; empty until it was asked for.
    alarm: Cell<Option<Option<i64>>>,
    id: OnceCell<TransferId>,
}

#[wasm_bindgen(
    wasm_bindgen = ::worker::wasm_bindgen,
    wasm_bindgen_futures = ::worker::wasm_bindgen_futures,
    js_sys = ::worker::js_sys,
)]
impl TransferRoom {
    /// Wakes the room; nothing is read yet.
    #[wasm_bindgen(constructor)]
    pub fn new(state: DurableObjectState, env: Env) -> Self {
        let state = State::from(state);
        let storage = Storage::new(state.storage().sql());
        let (record, alarm, id) = (RefCell::new(None), Cell::new(None), OnceCell::new());
        Self {
            state,
            env,
            storage,
            record,
            alarm,
            id,
        }
    }

    /// A call of the Worker.
    pub async fn fetch(&self, request: Request) -> Result<Response, JsValue> {
        let answer = match Call::from_url(&request.url()) {
            Some(Call::Update) => match JsFuture::from(request.array_buffer()?).await {
                Ok(body) => self.update(Uint8Array::new(&body).to_vec()),
                Err(error) => Err(error.into()),
            },
            Some(Call::Read { announce }) => self.read(announce),
            Some(Call::Watch { expiry, subprotocol }) => self.watch(expiry, subprotocol).await,
            None => Err(ApiError::NoRoute),
        };
        answer.or_else(|error| {
            // The Worker makes this one a refused socket, and logs that.
            if !matches!(error, ApiError::TooManyWatchers) {
                self.log(&error);
            }
            reply::refusal(&error)
        })
    }

    /// The alarm: some socket's time is over.
    pub async fn alarm(&self) -> Result<(), JsValue> {
        self.sweep().await.map_err(|error| {
            self.log(&error);
            // The platform tries again.
            JsValue::from_str(&error.to_string())
        })
    }

    /// A message of a client, unless the platform has answered it.
    #[wasm_bindgen(js_name = webSocketMessage)]
    pub async fn web_socket_message(&self, ws: web_sys::WebSocket, message: JsValue) {
        let ws = WebSocket::from(ws);
        if let Err(error) = self.message(&ws, &message).await {
            self.log(&error);
            socket::refuse(&ws, &error);
        }
    }

    /// A close by the client, or the end of the link.
    #[wasm_bindgen(js_name = webSocketClose)]
    pub fn web_socket_close(&self, ws: web_sys::WebSocket, code: u16) {
        // Without an answer the client would wait for one. Some codes only report, and are never sent.
        let code = match code {
            1000..=1003 | 1007..=1014 | 3000..=4999 => CloseCode::new(code),
            _ => CloseCode::NORMAL,
        };
        socket::close(&WebSocket::from(ws), code, "");
    }

    /// The link broke; the platform has let go of the socket already.
    #[wasm_bindgen(js_name = webSocketError)]
    pub fn web_socket_error(&self) {}
}

impl TransferRoom {
    /// Applies an update. Nothing is awaited between the read of the row and its write, so no other
    /// event comes in between.
    fn update(&self, body: Vec<u8>) -> Result<Response, ApiError> {
        let update = Update::decode(&Verified::by_caller(body)).map_err(ApiError::BadUpdate)?;
        let current = self.record()?;
        let now = Timestamp::from_unix_millis(now_unix_millis());
        match ledger::apply(current.as_deref().map(|record| &record.transfer), update, now) {
            Outcome::Applied(transfer) => {
                let record = Rc::new(Record::new(transfer));
                self.storage.save(&record)?;
                *self.record.borrow_mut() = Some(Some(Rc::clone(&record)));
                self.tell(&record);
                Ok(reply::json(200, &record.doc, &[])?)
            }
            Outcome::Unchanged(transfer) => Ok(reply::json(200, &transfer.encode(), &[])?),
            Outcome::Conflict { current, reason } => Err(ApiError::Conflict {
                reason,
                transfer: Box::new(current.clone()),
            }),
        }
    }

    fn read(&self, announce: bool) -> Result<Response, ApiError> {
        let record = match self.record()? {
            Some(record) => record,
            None if announce => self.announced()?,
            None => return Err(ApiError::UnknownTransfer),
        };
        Ok(reply::transfer(&record.doc, record.version())?)
    }

    /// What the row holds, read once as long as the object is awake.
    fn record(&self) -> Result<Option<Rc<Record>>, ApiError> {
        let mut cached = self.record.borrow_mut();
        if let Some(record) = &*cached {
            return Ok(record.clone());
        }
        let record = self.storage.load()?.map(Rc::new);
        *cached = Some(record.clone());
        Ok(record)
    }

    /// The transfer, or that it is announced.
    fn record_or_announced(&self) -> Result<Rc<Record>, ApiError> {
        self.record()?.map_or_else(|| self.announced(), Ok)
    }

    fn announced(&self) -> Result<Rc<Record>, ApiError> {
        let now = Timestamp::from_unix_millis(now_unix_millis());
        Ok(Rc::new(Record::new(Transfer::announced(self.id()?.clone(), now))))
    }

    /// The transfer's id, by which the Worker found this object.
    fn id(&self) -> Result<&TransferId, ApiError> {
        if let Some(id) = self.id.get() {
            return Ok(id);
        }
        let name = self.state.id().name().unwrap_or_default();
        let id = TransferId::new(name).map_err(|_| ApiError::Internal {
            cause: "the room has no name".into(),
        })?;
        Ok(self.id.get_or_init(|| id))
    }

    fn log(&self, error: &ApiError) {
        log::room(self.id().map_or("", TransferId::as_str), error);
    }
}
