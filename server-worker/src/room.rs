//! A transfer's room: the Durable Object that holds its row and its watchers. Platform calls only;
//! what is decided is decided in `ledger`, `attachment` and `auth`.

mod sockets;

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::sign::Verified;
use transfer_status_protocol::{Timestamp, Transfer, TransferId, Update};
use worker::web_sys;
use worker::{
    DurableObject, Env, Request, Response, State, WebSocket, WebSocketIncomingMessage, durable_object,
};

use crate::call::Call;
use crate::error::ApiError;
use crate::incoming::now_unix_millis;
use crate::ledger::{self, Outcome};
use crate::storage::{Record, Storage};
use crate::{log, reply, socket};

/// One transfer. What it holds in memory is a copy: it may vanish between any two events.
#[durable_object]
pub(crate) struct TransferRoom {
    state: State,
    env: Env,
    storage: Storage,
    /// What the row holds; empty until it was read.
    record: RefCell<Option<Option<Rc<Record>>>>,
    /// When the alarm is set for, in Unix milliseconds; empty until it was asked for.
    alarm: Cell<Option<Option<i64>>>,
    id: OnceCell<TransferId>,
}

impl DurableObject for TransferRoom {
    fn new(state: State, env: Env) -> Self {
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

    async fn fetch(&self, mut request: Request) -> worker::Result<Response> {
        let answer = match Call::from_url(&request.inner().url()) {
            Some(Call::Update) => match request.bytes().await {
                Ok(body) => self.update(body),
                Err(error) => Err(error.into()),
            },
            Some(Call::Read { announce }) => self.read(announce),
            Some(Call::Watch { expiry, subprotocol }) => self.watch(expiry, subprotocol).await,
            None => Err(ApiError::NoRoute),
        };
        let response = answer.or_else(|error| {
            self.log(&error);
            reply::refusal(&error)
        })?;
        Ok(response.into())
    }

    async fn alarm(&self) -> worker::Result<Response> {
        match self.sweep().await {
            Ok(()) => Response::empty(),
            Err(error) => {
                self.log(&error);
                // The platform tries again.
                Err(worker::Error::RustError(error.to_string()))
            }
        }
    }

    async fn websocket_message(
        &self,
        ws: WebSocket,
        message: WebSocketIncomingMessage,
    ) -> worker::Result<()> {
        if let Err(error) = self.message(&ws, message).await {
            self.log(&error);
            socket::refuse(&ws, &error);
        }
        Ok(())
    }

    async fn websocket_close(&self, ws: WebSocket, code: usize, _: String, _: bool) -> worker::Result<()> {
        // Without this the client would wait for the answer to its close. The platform takes no code
        // that is reserved for others, 1005 and 1006 among them.
        let code = match u16::try_from(code) {
            Ok(code @ 3000..=4999) => CloseCode::new(code),
            _ => CloseCode::NORMAL,
        };
        socket::close(&ws, code, "");
        Ok(())
    }

    async fn websocket_error(&self, _: WebSocket, _: worker::Error) -> worker::Result<()> {
        // The link broke, and the platform has let go of the socket already.
        Ok(())
    }
}

impl TransferRoom {
    /// Applies an update. Nothing is awaited between the read of the row and its write, so no other
    /// event comes in between.
    fn update(&self, body: Vec<u8>) -> Result<web_sys::Response, ApiError> {
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

    fn read(&self, announce: bool) -> Result<web_sys::Response, ApiError> {
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

    /// The Worker logs what it refuses; a fault in here is known here only.
    fn log(&self, error: &ApiError) {
        if error.is_ours() {
            log::room(self.id().map_or("", TransferId::as_str), error);
        }
    }
}
