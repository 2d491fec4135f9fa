//! A transfer's room: the Durable Object that holds its row and its watchers. Platform calls only;
//! what is decided is decided in `domain`.

mod alarm;
mod answer;
mod batch;
pub(crate) mod call;
pub(crate) mod client;
mod delivery;
mod listing;
mod pace;
mod removal;
mod sockets;
pub(crate) mod storage;
mod update;

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use serde::Serialize;
use serde_json::value::RawValue;
use transfer_status_protocol::{Timestamp, Transfer, TransferId, Update};
use worker::js_sys::Promise;
use worker::wasm_bindgen::prelude::*;
use worker::web_sys::{self, Request, Response};
use worker::worker_sys::DurableObjectState;
use worker::{Env, State, WebSocket};

use crate::archive;
use crate::clock::now_unix_millis;
use crate::domain::outbox::{Failing, Known};
use crate::domain::record::Record;
use crate::domain::removal::Tombstone;
use crate::domain::standing::FirstDue;
use crate::domain::stored::Stored;
use crate::domain::timeline::Entry;
use crate::domain::view::View;
use crate::error::ApiError;
use crate::log;
use crate::platform::eager;
use crate::platform::metrics;
use crate::platform::reply;
use crate::platform::socket;
use crate::room::call::{Beside, Call};
use crate::room::pace::Pace;
use crate::room::storage::Storage;

/// One transfer, as the platform knows it.
///
/// The class is exported by hand, as `worker::durable_object` would do it, for two reasons: a message's
/// length is judged before the message is copied in here, for a copy of 32 MiB would stay with the
/// isolate's memory; and an answer leaves as it was built, where `worker::Response` would build another
/// around its stream.
#[wasm_bindgen(wasm_bindgen = ::worker::wasm_bindgen)]
pub struct TransferRoom(Rc<Room>);

/// What a room has in memory is a copy: it may vanish between any two events.
struct Room {
    state: State,
    env: Env,
    storage: Storage,
    /// What is stored; empty until it was looked up.
    stored: RefCell<Option<Stored>>,
    /// When the alarm is set for, in Unix milliseconds; empty until it was asked for.
    alarm: Cell<Option<Option<i64>>>,
    /// What is left of a transfer that was deleted here; empty until it was looked up.
    tombstone: Cell<Option<Tombstone>>,
    /// What the index and the archive are known to have.
    known: Rc<Cell<Known>>,
    /// Who does not take what is owed.
    failing: Cell<Failing>,
    /// When it has handed in for the list.
    pace: Cell<Pace>,
    /// The delivery that is under way: there is one at a time, and it takes along what comes in the meantime.
    delivery: RefCell<Option<Promise>>,
    /// Whether sockets other than those of the usual kind may be here; empty until it was looked up.
    has_others: Cell<Option<bool>>,
    /// Before when no socket's time is over.
    first_due: Cell<FirstDue>,
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
        Self(Rc::new(Room {
            storage: Storage::new(&state.storage()),
            state,
            env,
            stored: RefCell::new(None),
            alarm: Cell::new(None),
            tombstone: Cell::new(None),
            known: Rc::default(),
            failing: Cell::default(),
            pace: Cell::default(),
            delivery: RefCell::new(None),
            has_others: Cell::new(None),
            first_due: Cell::default(),
            id: OnceCell::new(),
        }))
    }

    /// A call of the Worker: a response, or a promise of one.
    pub fn fetch(&self, request: Request) -> Result<JsValue, JsValue> {
        let room = Rc::clone(&self.0);
        eager::run(async move { Ok(room.answer(&request).await?.into()) })
    }

    /// A call of the Worker with an update: its answer as `room/answer.rs` has it, or a promise of that.
    pub fn report(&self, beside: String, url: String, body: String) -> Result<JsValue, JsValue> {
        let room = Rc::clone(&self.0);
        eager::run(async move { Ok(room.answer_report(&beside, &url, body).await.into_js()) })
    }

    /// The alarm: some socket's time is over, or something is still owed.
    pub fn alarm(&self) -> Result<JsValue, JsValue> {
        let room = Rc::clone(&self.0);
        eager::run(async move {
            room.on_alarm().await;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// A message of a client, unless the platform has answered it.
    #[wasm_bindgen(js_name = webSocketMessage)]
    pub fn web_socket_message(&self, ws: web_sys::WebSocket, message: JsValue) -> Result<JsValue, JsValue> {
        let (room, ws) = (Rc::clone(&self.0), WebSocket::from(ws));
        eager::run(async move {
            if let Err(error) = room.message(&ws, &message).await {
                room.log(&error);
                socket::refuse(&ws, &error);
            }
            Ok(JsValue::UNDEFINED)
        })
    }

    /// A close by the client, or the end of the link.
    #[wasm_bindgen(js_name = webSocketClose)]
    pub fn web_socket_close(&self, ws: web_sys::WebSocket, code: u16) {
        socket::answer_close(&WebSocket::from(ws), code);
        self.0.on_socket_gone();
    }

    /// The link broke; the platform has let go of the socket already.
    #[wasm_bindgen(js_name = webSocketError)]
    pub fn web_socket_error(&self) {
        self.0.on_socket_gone();
    }
}

impl Room {
    async fn answer(self: &Rc<Self>, request: &Request) -> Result<Response, JsValue> {
        let headers = request.headers();
        let header = headers.get(call::HEADER)?;
        let beside = Beside::from_header(header.as_deref());
        let Beside { from, trail } = beside.clone().unwrap_or_default();
        let answer = match beside.and_then(|_| Call::from_url(&request.url())) {
            Some(Call::Update { word }) => {
                let in_header = match header {
                    Some(_) => None,
                    None => headers.get(call::UPDATE_HEADER_OF_1)?,
                };
                self.update_by_request(request, in_header, word, &trail).await
            }
            Some(Call::UpdateIf) => self.update_by_request(request, None, None, &trail).await,
            Some(Call::Read { announce, view }) => self.read(announce, view).await,
            Some(Call::Watch {
                expiry,
                subprotocol,
                view,
            }) => self.watch(expiry, subprotocol, view, from.as_deref()).await,
            Some(Call::Scan { scanned, view }) => self.scan(scanned, view),
            Some(Call::Inspect) => self.inspect().await,
            Some(Call::Listed) => self.listed().await,
            Some(Call::Delete) => match self.delete().await {
                Err(ApiError::UnknownTransfer) => Ok(reply::empty(call::GONE, &[])?),
                answer => answer,
            },
            None => Err(ApiError::OtherVersion),
        };
        answer.or_else(|error| {
            self.log_if_ours(&error);
            reply::refusal(&error)
        })
    }

    /// The Worker logs what is refused, with the request's id.
    fn log_if_ours(&self, error: &ApiError) {
        if error.is_ours() {
            self.log(error);
        }
    }

    /// Notes something of what the others have.
    fn note(&self, something: impl FnOnce(&mut Known)) {
        let mut known = self.known.get();
        something(&mut known);
        self.known.set(known);
    }

    async fn read(&self, announce: bool, view: View) -> Result<Response, ApiError> {
        let record = match self.stored().await?.record() {
            Some(record) => Rc::clone(record),
            None if announce => self.announced()?,
            None => return Err(ApiError::UnknownTransfer),
        };
        Ok(reply::transfer(&view.transfer(&record), record.version())?)
    }

    /// What the recent index is told, for when it asks.
    async fn listed(&self) -> Result<Response, ApiError> {
        let stored = self.stored().await?;
        let record = stored.record().ok_or(ApiError::UnknownTransfer)?;
        Ok(reply::json(200, &record.listed(), &[])?)
    }

    /// All that the operator may see.
    async fn inspect(&self) -> Result<Response, ApiError> {
        #[derive(Serialize)]
        struct Shown<'a> {
            transfer: &'a RawValue,
            timeline: Vec<&'a Entry>,
            #[serde(skip_serializing_if = "Option::is_none")]
            word: Option<&'a str>,
            watchers: usize,
            #[serde(skip_serializing_if = "Failing::is_none")]
            failing: Failing,
        }
        let stored = self.stored().await?;
        let record = stored.record().ok_or(ApiError::UnknownTransfer)?;
        let shown = Shown {
            transfer: serde_json::from_str(&record.doc)?,
            timeline: record.timeline.entries().collect(),
            word: record.word.as_deref(),
            watchers: self.watchers(),
            failing: self.failing.get(),
        };
        Ok(reply::json(200, &serde_json::to_string(&shown)?, &[])?)
    }

    /// What is stored, looked up once as long as the object is awake: in the row, and where there is none,
    /// in the archive.
    async fn stored(&self) -> Result<Stored, ApiError> {
        self.look_up(archive::READ_WITHIN_MS).await
    }

    /// What an update is applied to; `None` where only the archive could tell whether there is anything, and does not:
    /// payments go on without it. One that says what it builds on waits to learn that.
    async fn stored_for(self: &Rc<Self>, update: &Update) -> Result<Option<Stored>, ApiError> {
        if update.if_version.is_some() {
            self.confirm(archive::READ_WITHIN_MS).await?;
            return self.stored().await.map(Some);
        }
        match self.look_up(archive::UPDATE_WAITS_MS).await {
            Ok(stored) => Ok(Some(stored)),
            // Another update may have been taken so during the wait.
            Err(ApiError::Unreachable { .. }) => Ok(self.stored.borrow().clone()),
            Err(error) => Err(error),
        }
    }

    async fn look_up(&self, limit_ms: i32) -> Result<Stored, ApiError> {
        if let Some(stored) = self.stored_here()? {
            return Ok(stored);
        }
        let found = Stored::elsewhere(archive::get(&self.env, self.id()?, limit_ms).await?);
        // Another event may have found it, and changed it, during the wait.
        Ok(self.stored.borrow_mut().get_or_insert(found).clone())
    }

    /// What the room can tell by itself; `None`: the archive has to be asked.
    fn stored_here(&self) -> Result<Option<Stored>, ApiError> {
        if let Some(stored) = &*self.stored.borrow() {
            return Ok(Some(stored.clone()));
        }
        let record = self.storage.load()?;
        self.tombstone.set(self.storage.deletion()?);
        let found = Stored::here(record, self.tombstone.get(), || self.is_blank());
        if let Some(found) = &found {
            *self.stored.borrow_mut() = Some(found.clone());
        }
        Ok(found)
    }

    fn announced(&self) -> Result<Rc<Record>, ApiError> {
        let now = Timestamp::from_unix_millis(now_unix_millis());
        let transfer = Transfer::announced(self.id()?.clone(), now);
        Ok(Rc::new(Record::announced(transfer)))
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
        log::room(self.name(), error);
    }

    /// Notes in the log that `place` did not take what it is owed.
    fn log_owed(&self, place: &str, error: &ApiError) {
        log::owed(self.name(), place, &error.to_string());
        metrics::delivery_failed(&self.env, place);
    }

    /// The id for the log, which is written without one too.
    fn name(&self) -> &str {
        self.id().map_or("", TransferId::as_str)
    }
}
