//! Carries out what a session says, one task a watch: dials, sends, polls, asks for signatures, tells the user.
//!
//! It decides nothing. One input goes in, then outputs are drained until the session says wait.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::LocalBoxFuture;
use gloo_timers::future::TimeoutFuture;
use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::endpoint::Endpoint;
use transfer_status_protocol::session::{
    Config, ConnId, Event as SessionEvent, Frame, Output, PollAnswer, PollId, Session, SignatureAnswer,
    SignatureId, Time,
};
use transfer_status_protocol::token::Signature;
use transfer_status_protocol::transfer::{Transfer, TransferId};
use transfer_status_protocol::watch::{Event, Notice, SignatureError, read_frame};

use crate::client::{SignatureFuture, SignatureSource};
use crate::clock::{Clock, seed};
use crate::page::Page;
use crate::poll::poll;
use crate::shared::{Command, Shared};
use crate::socket::{Socket, SocketEvent};

/// What a watch starts with. The watch has stopped once they are gone.
pub(crate) struct Parts {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) transfer_id: TransferId,
    pub(crate) signature: Option<Signature>,
    pub(crate) source: Option<SignatureSource>,
    pub(crate) config: Config,
    pub(crate) shared: Arc<Shared>,
}

impl Drop for Parts {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

/// One thing that happened.
enum Input {
    Socket(ConnId, SocketEvent),
    Polled(PollId, PollAnswer<Transfer>),
    Signature(SignatureId, Result<Signature, SignatureError>),
    Command(Command),
    Due,
}

/// What is under way. Dropping a part of it cancels that part.
#[derive(Default)]
struct Doing {
    socket: Option<(ConnId, Socket)>,
    poll: Option<(PollId, LocalBoxFuture<'static, PollAnswer<Transfer>>)>,
    signing: Option<(SignatureId, SignatureFuture)>,
    timer: Option<(Time, TimeoutFuture)>,
}

pub(crate) struct Driver {
    session: Session<Transfer, Notice>,
    parts: Parts,
    doing: Doing,
    clock: Clock,
    _page: Page,
    /// The last hint that was taken.
    hinted: u64,
    /// The page sleeps: no timer runs until a hint says that it is back.
    asleep: bool,
}

impl Driver {
    pub(crate) fn new(parts: Parts) -> Self {
        let clock = Clock::new();
        Self {
            session: Session::new(parts.config, clock.now(), seed()),
            doing: Doing::default(),
            clock,
            _page: Page::listen(&parts.shared),
            hinted: 0,
            asleep: false,
            parts,
        }
    }

    /// Runs until the session has closed.
    pub(crate) async fn run(mut self) {
        while let Some(due) = self.carry_out() {
            self.set_timer(due);
            let input = poll_fn(|cx| self.poll_input(cx)).await;
            self.handle(input);
        }
    }

    /// Drains the session's outputs. Gives the time to wait for, or `None` once all is over.
    fn carry_out(&mut self) -> Option<Option<Time>> {
        let mut closed = false;
        loop {
            match self.session.poll_output() {
                Output::Drop(conn, code) => {
                    if let Some((_, socket)) = self.doing.socket.take_if(|(current, _)| *current == conn) {
                        socket.close(code);
                    }
                }
                Output::RefreshSignature(id) => self.ask_for_signature(id),
                Output::Connect(conn) => self.dial(conn),
                Output::SendPing(conn) => {
                    if let Some((current, socket)) = &mut self.doing.socket
                        && *current == conn
                    {
                        socket.ping();
                    }
                }
                Output::Poll(id, known) => self.poll(id, known),
                Output::Event(event) => closed |= self.tell(event),
                Output::Wait(_) if closed => return None,
                Output::Wait(due) => return Some(due),
            }
        }
    }

    fn ask_for_signature(&mut self, id: SignatureId) {
        self.doing.signing = Some(match &self.parts.source {
            Some(source) => (id, source()),
            None => (id, Box::pin(async { Err(SignatureError::Refused) })),
        });
    }

    fn dial(&mut self, conn: ConnId) {
        // The session asks for a signature before it dials, so there is one.
        if let Some(signature) = &self.parts.signature {
            let url = self
                .parts
                .endpoint
                .socket(&format!("/ws/{}", self.parts.transfer_id));
            self.doing.socket = Some((conn, Socket::dial(&url, signature)));
        }
    }

    fn poll(&mut self, id: PollId, known: Option<u64>) {
        if let Some(signature) = self.parts.signature.clone() {
            let transfer_id = self.parts.transfer_id.clone();
            let url = self.parts.endpoint.web(&format!("/transfer/{transfer_id}"));
            self.doing.poll = Some((id, Box::pin(poll(url, signature, known, transfer_id))));
        }
    }

    /// Tells the user. True when it was the last event.
    fn tell(&self, event: SessionEvent<Transfer, Notice>) -> bool {
        let event = match event {
            SessionEvent::Update(transfer) => Event::Status(transfer.into()),
            SessionEvent::Connection(connection) => Event::Connection(connection),
            SessionEvent::Notice(Notice::Scan(scan)) => Event::Scan(scan),
            SessionEvent::Notice(Notice::Error(body)) => {
                self.parts.shared.record_refusal(body.message);
                return false;
            }
            SessionEvent::Closed(reason) => Event::Closed(reason),
        };
        let last = matches!(event, Event::Closed(_));
        self.parts.shared.record(event);
        last
    }

    fn set_timer(&mut self, due: Option<Time>) {
        let due = due.filter(|_| !self.asleep);
        if self.doing.timer.as_ref().map(|(at, _)| *at) == due {
            return;
        }
        self.doing.timer = due.map(|due| {
            let wait = due.since(self.clock.now());
            // The browser's timer takes 31 bits and fires at once over that; too early does no harm.
            let wait = u32::try_from(wait.min(i32::MAX as u64)).unwrap_or(u32::MAX);
            (due, TimeoutFuture::new(wait))
        });
    }

    fn poll_input(&mut self, cx: &mut Context<'_>) -> Poll<Input> {
        if let Poll::Ready(command) = self.parts.shared.poll_command(cx, self.hinted) {
            return Poll::Ready(Input::Command(command));
        }
        let doing = &mut self.doing;
        if let Some((conn, socket)) = &mut doing.socket
            && let Poll::Ready(event) = socket.poll_event(cx)
        {
            return Poll::Ready(Input::Socket(*conn, event));
        }
        if let Poll::Ready((id, answer)) = poll_slot(&mut doing.poll, cx) {
            return Poll::Ready(Input::Polled(id, answer));
        }
        if let Poll::Ready((id, answer)) = poll_slot(&mut doing.signing, cx) {
            return Poll::Ready(Input::Signature(id, answer));
        }
        poll_slot(&mut doing.timer, cx).map(|_| Input::Due)
    }

    /// Reports one input to the session.
    fn handle(&mut self, input: Input) {
        let now = self.clock.now();
        match input {
            Input::Socket(conn, SocketEvent::Opened) => self.session.handle_opened(now, conn),
            Input::Socket(conn, SocketEvent::Text(text)) => {
                self.session
                    .handle_frame(now, conn, read_frame(&text, &self.parts.transfer_id));
            }
            Input::Socket(conn, SocketEvent::Binary) => {
                self.session.handle_frame(now, conn, Frame::Malformed);
            }
            Input::Socket(conn, SocketEvent::Closed(code)) => {
                self.doing.socket = None;
                self.session.handle_closed(now, conn, code);
            }
            Input::Polled(id, answer) => self.session.handle_poll(now, id, answer),
            Input::Signature(id, answer) => {
                let answer = match answer {
                    Ok(signature) => {
                        self.parts.signature = Some(signature);
                        SignatureAnswer::Ready
                    }
                    Err(SignatureError::Retry) => SignatureAnswer::Failed,
                    Err(SignatureError::Refused) => SignatureAnswer::Refused,
                };
                self.session.handle_signature(now, id, answer);
            }
            Input::Command(Command::Close) => self.session.close(now),
            Input::Command(Command::Sleep) => {
                self.asleep = true;
                if let Some((conn, socket)) = self.doing.socket.take() {
                    socket.close(CloseCode::NORMAL);
                    self.session.handle_closed(now, conn, CloseCode::ABNORMAL);
                }
            }
            Input::Command(Command::Hint(cursor, hint)) => {
                self.asleep = false;
                self.hinted = cursor;
                self.session.handle_hint(now, hint);
            }
            Input::Due => self.session.handle_timeout(now),
        }
    }
}

/// Polls what is in `slot`, and takes it out once it is done.
fn poll_slot<I: Copy, F: Future + Unpin>(
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
