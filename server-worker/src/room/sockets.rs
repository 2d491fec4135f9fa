//! The watchers of a room: let in, told, asked to prove themselves, and closed when their time is over.

mod places;

use std::rc::Rc;

use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::message::{MAX_CLIENT_MESSAGE, PING, PONG};
use transfer_status_protocol::signature::{Signature, SubscriptionError};
use transfer_status_protocol::{ClientMessage, DecodeError, ServerMessage, Timestamp, TransferId};
use worker::js_sys::JsString;
use worker::wasm_bindgen::prelude::*;
use worker::{WebSocket, WebSocketPair, WebSocketRequestResponsePair, web_sys};

use self::places::address_tag;
use super::Room;
use crate::clock::{now_unix_millis, now_unix_seconds};
use crate::config::Config;
use crate::domain::attachment::{Attachment, SUBSCRIBE_WITHIN_MS};
use crate::domain::pulse::Pulse;
use crate::domain::record::Record;
use crate::domain::standing::{Look, Over, in_time};
use crate::domain::stored::Stored;
use crate::domain::view::{self, View};
use crate::edge::proof;
use crate::error::ApiError;
use crate::platform::reply;
use crate::platform::socket::{self, Frame};

/// Sockets that were opened with a valid signature. A tag stays for life: one that proves itself
/// later keeps [`NEW`], and its attachment tells.
const LIVE: &str = "live";
/// Sockets that were opened with no signature.
const NEW: &str = "new";
/// Sockets of the earlier API, which open with a valid token always.
const LEGACY: &str = "legacy";
/// RFC 6455's "service restart", on which a client comes back.
const SERVICE_RESTART: u16 = 1012;

impl Room {
    /// Opens a socket: with the `expiry` of a verified signature it gets the transfer at once, without
    /// one it has 10 s to subscribe.
    ///
    /// `from` is a keyed hash of the client's address, where it is known.
    pub(super) async fn watch(
        &self,
        expiry: Option<u64>,
        subprotocol: bool,
        view: View,
        from: Option<&str>,
    ) -> Result<web_sys::Response, ApiError> {
        let (tag, attachment) = match expiry {
            Some(expiry) => {
                let tag = match view {
                    View::Current => LIVE,
                    View::Legacy => LEGACY,
                };
                (tag, self.watching(expiry, view).await?)
            }
            None => {
                let deadline = now_unix_millis().saturating_add(SUBSCRIBE_WITHIN_MS);
                (NEW, Attachment::Unproven { deadline })
            }
        };
        let from = from.map(address_tag);
        self.make_room(attachment, from.as_deref())?;

        let WebSocketPair { client, server } = WebSocketPair::new()?;
        if tag != LIVE {
            self.has_others.set(Some(true));
        }
        let tags: Vec<&str> = [Some(tag), from.as_deref()].into_iter().flatten().collect();
        self.state.accept_websocket_with_tags(&server, &tags);
        if let Err(error) = self.begin(&server, attachment).await {
            // It counts as open for as long as nobody closes it, though nobody will ever be at its other end.
            socket::close(&server, error.close_code(), error.code().as_str());
            return Err(error);
        }
        Ok(socket::upgrade(&client, subprotocol)?)
    }

    /// What an accepted socket begins with.
    async fn begin(&self, server: &WebSocket, attachment: Attachment) -> Result<(), ApiError> {
        self.state
            .set_websocket_auto_response(&WebSocketRequestResponsePair::new(PING, PONG)?);
        self.remember(server, attachment, Pulse::new(now_unix_millis()))?;
        match attachment {
            Attachment::Watching { .. } => self.greet(server, attachment).await,
            Attachment::Unproven { .. } => self.arm(attachment.alarm_at()).await,
        }
    }

    /// Keeps with a socket how it stands from now on.
    fn remember(&self, ws: &WebSocket, attachment: Attachment, pulse: Pulse) -> Result<(), JsValue> {
        socket::remember(ws, attachment.encode(pulse).into())?;
        self.first_due.set(self.first_due.get().with(attachment));
        Ok(())
    }

    /// Handles one message of a client.
    pub(super) async fn message(&self, ws: &WebSocket, message: &JsValue) -> Result<(), ApiError> {
        let (known, pulse) = kept(ws).unzip();
        let pulse = pulse.unwrap_or_else(|| Pulse::new(now_unix_millis()));
        let pulse = pulse.beat(now_unix_millis()).ok_or(ApiError::TooManyMessages)?;
        if let Some(known) = known {
            socket::remember(ws, known.encode(pulse).into())?;
        }
        let text: &JsString = match message.dyn_ref() {
            Some(text) => text,
            None if is_legacy(known) => return Ok(()),
            None => return Err(ApiError::BinaryMessage),
        };
        // No fewer bytes than UTF-16 units: what is too long is not copied in here at all.
        if text.length() as usize > MAX_CLIENT_MESSAGE {
            return Err(ApiError::BadMessage(DecodeError::TooLarge {
                limit: MAX_CLIENT_MESSAGE,
            }));
        }
        let message = match ClientMessage::decode(&String::from(text)) {
            // The earlier API has no messages of clients, so theirs mean nothing.
            Err(_) if is_legacy(known) => return Ok(()),
            message => message.map_err(ApiError::BadMessage)?,
        };
        match message {
            ClientMessage::Subscribe {
                transfer_id,
                signature,
            } => {
                self.subscribe(ws, (known, pulse), &transfer_id, signature.as_ref())
                    .await
            }
            // The platform answers the exact bytes of a ping; this is one spelt otherwise.
            ClientMessage::Ping => {
                Frame::text(PONG).send_to(ws);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Lets a socket prove itself, or again with a later expiry; either way it gets the transfer.
    async fn subscribe(
        &self,
        ws: &WebSocket,
        (known, pulse): (Option<Attachment>, Pulse),
        transfer_id: &TransferId,
        signature: Option<&Signature>,
    ) -> Result<(), ApiError> {
        if transfer_id != self.id()? {
            return Err(ApiError::OtherTransfer);
        }
        let shown = match signature {
            Some(signature) => {
                let config = Config::of(&self.env).map_err(ApiError::NotConfigured)?;
                Some(proof::subscription(&config, signature, transfer_id, now_unix_seconds())?.expiry())
            }
            None => None,
        };
        let watching = match (known, shown) {
            (Some(Attachment::Watching { expiry, view, .. }), shown) => {
                self.watching(shown.map_or(expiry, |shown| shown.max(expiry)), view)
                    .await?
            }
            (_, Some(expiry)) => {
                let watching = self.watching(expiry, View::Current).await?;
                self.make_room(watching, self.address_of(ws).as_deref())?;
                watching
            }
            (_, None) => return Err(ApiError::SubscribeWithoutSignature),
        };
        self.remember(ws, watching, pulse)?;
        self.greet(ws, watching).await
    }

    /// Sends a watcher the transfer as it stands. A final one is all that it will ever get.
    async fn greet(&self, ws: &WebSocket, attachment: Attachment) -> Result<(), ApiError> {
        let record = match self.stored().await?.record() {
            Some(record) => Rc::clone(record),
            None => self.announced()?,
        };
        // It may have come while the transfer was looked up, or long before it asks to be told again.
        if in_time(Some(attachment), now_unix_millis()).is_err() {
            socket::refuse(ws, &expired());
            return Ok(());
        }
        let view = View::of(is_legacy(Some(attachment)));
        Frame::text(&view.status_frame(&record)).send_to(ws);
        if record.transfer.status.is_final() {
            socket::close(ws, CloseCode::NORMAL, "final");
            return Ok(());
        }
        // The first update would set one for its own safety: this one serves both.
        let safety = self.policy()?.safety(now_unix_millis());
        self.arm(attachment.alarm_at().map(|at| at.min(safety))).await
    }

    /// How a socket with this expiry stands. The transfer is looked up before anything is promised: one
    /// that cannot be looked up now is not to be shown as unknown.
    async fn watching(&self, expiry: u64, view: View) -> Result<Attachment, ApiError> {
        let blank = matches!(self.stored().await?, Stored::Nowhere);
        Ok(Attachment::Watching { expiry, blank, view })
    }

    /// Whether a watcher is here from a time when nothing was stored anywhere.
    pub(super) fn is_blank(&self) -> bool {
        let sockets = self.state.get_websockets();
        let known = sockets.iter().filter(|ws| is_open(ws)).filter_map(attachment);
        known
            .into_iter()
            .any(|known| matches!(known, Attachment::Watching { blank: true, .. }))
    }

    /// Tells every watcher that somebody has scanned the code, or let it go again.
    pub(super) fn scan(&self, scanned: bool, view: View) -> Result<web_sys::Response, ApiError> {
        let transfer_id = self.id()?;
        let at = Timestamp::from_unix_millis(now_unix_millis());
        let message = ServerMessage::Scan {
            transfer_id: transfer_id.clone(),
            scanned,
            at,
        };
        let legacy = view::scan_frame(transfer_id, scanned, at);
        self.close_overdue();
        let watchers = send(&self.proven(View::Current), || message.encode())
            + send(&self.proven(View::Legacy), || legacy.clone());
        let answer = match view {
            View::Current => format!(
                r#"{{"transferId":"{transfer_id}","scanned":{scanned},"at":"{at}","watchers":{watchers}}}"#
            ),
            // It was asked for with no proof, so it says nothing but what was said.
            View::Legacy => legacy,
        };
        Ok(reply::json(200, &answer, &[])?)
    }

    /// Tells every watcher what the transfer has become; how many go on watching.
    pub(super) fn tell(&self, record: &Rc<Record>) -> usize {
        self.close_overdue();
        let mut watching = 0;
        for view in View::ALL {
            let watchers = self.proven(view);
            let count = send(&watchers, || view.status_frame(record));
            if record.transfer.status.is_final() {
                for ws in &watchers {
                    socket::close(ws, CloseCode::NORMAL, "final");
                }
            } else {
                watching += count;
            }
        }
        watching
    }

    /// Closes every socket whose time is over and tells when the next one's will be.
    pub(super) fn sweep(&self) -> Option<i64> {
        let sockets = self.state.get_websockets().into_iter().filter(is_open);
        let look = Look::at(
            sockets.map(|ws| {
                let known = attachment(&ws);
                (ws, known)
            }),
            now_unix_millis(),
        );
        self.first_due.set(look.first_due);
        for (ws, why) in look.over {
            match why {
                Over::Unsubscribed => socket::refuse(&ws, &ApiError::SubscribeTimeout),
                Over::Expired => socket::refuse(&ws, &expired()),
                // Its client comes back and stands by the rules of this deploy.
                Over::Unreadable => socket::close(&ws, CloseCode::new(SERVICE_RESTART), "restart"),
            }
        }
        look.next_alarm
    }

    /// Closes those whose time is over before anything is told, for the alarm that closes them may be late.
    fn close_overdue(&self) {
        if self.first_due.get().may_have_come(now_unix_millis()) {
            self.sweep();
        }
    }

    /// When the first of the open sockets is to be looked at; `None`: there is none.
    pub(super) fn first_socket_due(&self) -> Option<i64> {
        let sockets = self.state.get_websockets();
        let open = sockets.iter().filter(|ws| is_open(ws));
        open.map(|ws| attachment(ws).and_then(Attachment::alarm_at).unwrap_or(i64::MAX))
            .min()
    }

    /// How many watch.
    pub(super) fn watchers(&self) -> usize {
        let watchers = View::ALL.into_iter().flat_map(|view| self.proven(view));
        watchers.filter(is_open).count()
    }

    /// Every socket of this view that has shown a valid signature; after [`Room::close_overdue`], one that is still valid.
    fn proven(&self, view: View) -> Vec<WebSocket> {
        match view {
            View::Current => {
                let mut live = self.state.get_websockets_with_tag(LIVE);
                if self.has_others() {
                    live.extend(self.subscribed());
                }
                live
            }
            View::Legacy if self.has_others() => self.state.get_websockets_with_tag(LEGACY),
            View::Legacy => Vec::new(),
        }
    }

    /// Whether there may be sockets that are not [`LIVE`]: seldom, and each look costs.
    fn has_others(&self) -> bool {
        if let Some(known) = self.has_others.get() {
            return known;
        }
        let mut others = [NEW, LEGACY]
            .into_iter()
            .flat_map(|tag| self.state.get_websockets_with_tag(tag));
        let found = others.next().is_some();
        self.has_others.set(Some(found));
        found
    }

    /// Those that proved themselves by a message.
    fn subscribed(&self) -> impl Iterator<Item = WebSocket> {
        let new = self.state.get_websockets_with_tag(NEW).into_iter();
        new.filter(|ws| matches!(attachment(ws), Some(Attachment::Watching { .. })))
    }
}

/// What the socket remembers; `None` when it cannot be read.
fn kept(ws: &WebSocket) -> Option<(Attachment, Pulse)> {
    let text = socket::remembered(ws)?.as_string()?;
    Attachment::decode(&text, now_unix_millis())
}

fn attachment(ws: &WebSocket) -> Option<Attachment> {
    kept(ws).map(|(attachment, _)| attachment)
}

fn expired() -> ApiError {
    ApiError::Subscription(SubscriptionError::Expired)
}

/// Whether neither side has begun to close.
fn is_open(ws: &WebSocket) -> bool {
    ws.as_ref().ready_state() == web_sys::WebSocket::OPEN
}

fn is_legacy(attachment: Option<Attachment>) -> bool {
    matches!(
        attachment,
        Some(Attachment::Watching {
            view: View::Legacy,
            ..
        })
    )
}

/// Sends each of them one frame, which is made only if there is one, and tells how many have taken it.
fn send(watchers: &[WebSocket], frame: impl FnOnce() -> String) -> usize {
    if watchers.is_empty() {
        return 0;
    }
    let frame = Frame::text(&frame());
    watchers.iter().filter(|ws| frame.send_to(ws)).count()
}
