//! The browser as the host of a driver: what it is told to do is a future here, and what comes of it an input.
//!
//! It decides nothing: what to do when is [`session`](transfer_status_protocol::session)'s.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use tracing::warn;
use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::endpoint::Endpoint;
use transfer_status_protocol::session::{Cause, ConnId, PollId, SignatureId};
use transfer_status_protocol::signature::Signature;
use transfer_status_protocol::transfer::TransferId;
use transfer_status_protocol::watch::{
    Attempt, Event, FreshSignature, Host, Input, RefreshReason, SignatureError, Warnings, WatchState,
};

use crate::poll::{HttpAnswer, poll};
use crate::refresh::{AnySource, Refreshing};
use crate::shared::Shared;
use crate::socket::{Socket, SocketEvent};

/// What a watch is carried out with.
pub(crate) struct BrowserHost {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) transfer_id: TransferId,
    pub(crate) source: Option<AnySource>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) warnings: Warnings,
    pub(crate) doing: Doing,
}

/// The watch has stopped once its host is gone.
impl Drop for BrowserHost {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

/// What is under way. Dropping a part of it cancels that part.
#[derive(Default)]
pub(crate) struct Doing {
    socket: Option<(ConnId, Socket)>,
    poll: Option<(PollId, LocalBoxFuture<'static, Result<HttpAnswer, Cause>>)>,
    refresh: Option<(SignatureId, Refreshing)>,
}

/// One thing that came of what is under way.
pub(crate) enum Done {
    Socket(ConnId, SocketEvent),
    Polled(PollId, Result<HttpAnswer, Cause>),
    Refreshed(SignatureId, Result<FreshSignature, SignatureError>),
}

impl Done {
    /// What the driver is told of it.
    pub(crate) fn input(&self) -> Input<'_> {
        match self {
            Self::Socket(conn, SocketEvent::Opened) => Input::Opened(*conn),
            Self::Socket(conn, SocketEvent::Text(text)) => Input::Text(*conn, text),
            Self::Socket(conn, SocketEvent::Binary) => Input::NoText(*conn, "a binary frame"),
            Self::Socket(conn, SocketEvent::Closed(code)) => Input::Closed(*conn, *code),
            Self::Polled(id, Ok(answer)) => Input::Polled(*id, Ok(answer.answer())),
            Self::Polled(id, Err(cause)) => Input::Polled(*id, Err(*cause)),
            Self::Refreshed(id, answer) => Input::Refreshed(*id, answer.clone()),
        }
    }
}

impl Doing {
    /// The next thing that came of what is under way.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Done> {
        if let Some((conn, socket)) = &mut self.socket
            && let Poll::Ready(event) = socket.poll_event(cx)
        {
            let conn = *conn;
            if matches!(event, SocketEvent::Closed(_)) {
                self.socket = None;
            }
            return Poll::Ready(Done::Socket(conn, event));
        }
        if let Poll::Ready((id, answer)) = poll_slot(&mut self.poll, cx) {
            return Poll::Ready(Done::Polled(id, answer));
        }
        poll_slot(&mut self.refresh, cx).map(|(id, answer)| Done::Refreshed(id, answer))
    }
}

impl Host for BrowserHost {
    fn dial(&mut self, conn: ConnId, signature: &Signature) -> Attempt {
        let url = self.endpoint.socket(&format!("/ws/{}", self.transfer_id));
        self.doing.socket = Some((conn, Socket::dial(&url, signature)));
        Attempt::Begun
    }

    fn drop_socket(&mut self, conn: ConnId, code: CloseCode) {
        if let Some((_, socket)) = self.doing.socket.take_if(|(current, _)| *current == conn) {
            socket.close(code);
        }
    }

    fn ping(&mut self, conn: ConnId) {
        if let Some((current, socket)) = &mut self.doing.socket
            && *current == conn
        {
            socket.ping();
        }
    }

    fn poll(&mut self, id: PollId, known_version: Option<u64>, signature: &Signature, within: Duration) {
        let url = self.endpoint.web(&format!("/transfer/{}", self.transfer_id));
        self.doing.poll = Some((id, Box::pin(poll(url, signature.clone(), known_version, within))));
    }

    fn refresh(&mut self, id: SignatureId, reason: RefreshReason) {
        let none = || Err(SignatureError::refused("there is no signature source"));
        self.doing.refresh = Some(match &self.source {
            Some(source) => (id, source(self.transfer_id.clone(), reason)),
            None => (id, Box::pin(async move { none() })),
        });
    }

    fn tell(&mut self, news: &[Event], state: &WatchState) {
        for event in news {
            if let Some((problem, text)) = self.warnings.of(event) {
                warn!(transfer_id = %self.transfer_id, problem, "not live: {text}");
            }
        }
        self.shared.tell(state);
    }
}

/// Polls what is in `slot`, and takes it out once it is done.
pub(crate) fn poll_slot<I: Copy, F: Future + Unpin>(
    slot: &mut Option<(I, F)>,
    cx: &mut Context<'_>,
) -> Poll<(I, F::Output)> {
    let Some((id, future)) = slot else {
        return Poll::Pending;
    };
    let done = Pin::new(future).poll(cx).map(|output| (*id, output));
    if done.is_ready() {
        *slot = None;
    }
    done
}
