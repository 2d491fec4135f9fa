//! Carries out what a session says, one task a watch: dials, sends, polls, asks for signatures, tells the user.
//!
//! It decides nothing. One input goes in, then outputs are drained until the session says wait. The clock and the
//! seed enter here and nowhere else.

use std::future::{Future, pending};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http::header::{AUTHORIZATION, HeaderValue, IF_NONE_MATCH};
use http_body_util::Full;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tracing::{Instrument, debug, debug_span};
use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::endpoint::Endpoint;
use transfer_status_protocol::message::PING;
use transfer_status_protocol::session::{
    Config, ConnId, Event as SessionEvent, Frame, Output, PollAnswer, PollId, Session, SignatureAnswer,
    SignatureId, Time,
};
use transfer_status_protocol::token::Signature;
use transfer_status_protocol::transfer::{Transfer, TransferId};
use transfer_status_protocol::watch::{
    Commands, Event, Notice, SignatureError, WatchState, read_frame, read_poll,
};

use crate::client::{SignatureFuture, SignatureSource};
use crate::error::DialError;
use crate::transport::{Socket, SocketEvent, Transport};

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What a watch starts with.
pub(crate) struct Parts {
    pub(crate) transport: Transport,
    pub(crate) endpoint: Endpoint,
    pub(crate) transfer_id: TransferId,
    pub(crate) signature: Option<Signature>,
    pub(crate) source: Option<SignatureSource>,
    pub(crate) config: Config,
    pub(crate) state: watch::Sender<WatchState>,
    pub(crate) commands: watch::Receiver<Commands>,
}

/// One thing that happened.
enum Input {
    Opened(ConnId, Socket),
    Socket(ConnId, SocketEvent),
    DialFailed(ConnId, DialError),
    Polled(PollId, PollAnswer<Transfer>),
    Signature(SignatureId, Result<Signature, SignatureError>),
    Commands,
    Due,
    Dropped,
}

/// What is under way. Dropping a part of it cancels that part.
#[derive(Default)]
struct Doing {
    dial: Option<(ConnId, Boxed<Result<Socket, DialError>>)>,
    socket: Option<(ConnId, Socket)>,
    poll: Option<(PollId, Boxed<PollAnswer<Transfer>>)>,
    signing: Option<(SignatureId, SignatureFuture)>,
}

pub(crate) struct Driver {
    session: Session<Transfer, Notice>,
    parts: Parts,
    doing: Doing,
    start: Instant,
    /// The last hint that was taken.
    hinted: u64,
    /// The user holds handles that may still send commands.
    commanded: bool,
}

impl Driver {
    pub(crate) fn new(parts: Parts) -> Self {
        let session = Session::new(parts.config, Time::from_millis(0), fastrand::u64(..));
        Self {
            session,
            parts,
            doing: Doing::default(),
            start: Instant::now(),
            hinted: 0,
            commanded: true,
        }
    }

    /// Runs until the session has closed.
    pub(crate) async fn run(mut self) {
        loop {
            let Some(due) = self.carry_out() else { return };
            let input = self.next_input(due).await;
            self.handle(input);
        }
    }

    fn now(&self) -> Time {
        Time::from_millis(u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    /// Drains the session's outputs. Gives the time to wait for, or `None` once all is over.
    fn carry_out(&mut self) -> Option<Option<Time>> {
        let mut closed = false;
        loop {
            match self.session.poll_output() {
                Output::Drop(conn, code) => self.drop_socket(conn, code),
                Output::RefreshSignature(id) => self.ask_for_signature(id),
                Output::Connect(conn) => self.dial(conn),
                Output::SendPing(conn) => {
                    if let Some((current, socket)) = &mut self.doing.socket
                        && *current == conn
                    {
                        socket.send(PING);
                    }
                }
                Output::Poll(id, known) => self.poll(id, known),
                Output::Event(event) => closed |= self.tell(event),
                Output::Wait(_) if closed => return None,
                Output::Wait(due) => return Some(due),
            }
        }
    }

    fn drop_socket(&mut self, conn: ConnId, code: CloseCode) {
        debug!(conn = conn.number(), code = code.get(), "dropping the socket");
        self.doing.dial.take_if(|(current, _)| *current == conn);
        if let Some((_, socket)) = self.doing.socket.take_if(|(current, _)| *current == conn) {
            socket.close(code);
        }
    }

    fn ask_for_signature(&mut self, id: SignatureId) {
        debug!("asking for a fresh signature");
        self.doing.signing = Some(match &self.parts.source {
            Some(source) => (id, source()),
            None => (id, Box::pin(async { Err(SignatureError::Refused) })),
        });
    }

    fn dial(&mut self, conn: ConnId) {
        let span = debug_span!("dial", conn = conn.number());
        let transport = self.parts.transport.clone();
        let endpoint = self.parts.endpoint.clone();
        let path = format!("/ws/{}", self.parts.transfer_id);
        let signature = self.parts.signature.clone();
        let dial = async move {
            let signature = signature.ok_or(DialError::Request)?;
            Socket::dial(&transport, &endpoint, &path, &signature).await
        };
        self.doing.dial = Some((conn, Box::pin(dial.instrument(span))));
    }

    fn poll(&mut self, id: PollId, known: Option<u64>) {
        let transport = self.parts.transport.clone();
        let request = self.poll_request(known);
        let transfer_id = self.parts.transfer_id.clone();
        let poll = async move {
            let Some(request) = request else {
                return PollAnswer::Failed;
            };
            match transport.exchange(request).await {
                Ok(answer) => read_poll(answer.status().as_u16(), answer.body(), &transfer_id),
                Err(error) => {
                    debug!(%error, "a poll failed");
                    PollAnswer::Failed
                }
            }
        };
        self.doing.poll = Some((id, Box::pin(poll)));
    }

    fn poll_request(&self, known: Option<u64>) -> Option<Request<Full<Bytes>>> {
        let uri = self
            .parts
            .endpoint
            .web(&format!("/transfer/{}", self.parts.transfer_id));
        let signature = self.parts.signature.as_ref()?;
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", signature.expose())).ok()?;
        bearer.set_sensitive(true);
        let mut request = Request::get(uri).header(AUTHORIZATION, bearer);
        if let Some(version) = known {
            request = request.header(IF_NONE_MATCH, format!("\"{version}\""));
        }
        request.body(Full::default()).ok()
    }

    /// Tells the user. True when it was the last event.
    fn tell(&self, event: SessionEvent<Transfer, Notice>) -> bool {
        let event = match event {
            SessionEvent::Update(transfer) => {
                debug!(status = %transfer.status, version = transfer.version, "news");
                Event::Status(transfer.into())
            }
            SessionEvent::Connection(connection) => {
                debug!(?connection, "connection");
                Event::Connection(connection)
            }
            SessionEvent::Notice(Notice::Scan(scan)) => Event::Scan(scan),
            SessionEvent::Notice(Notice::Error(body)) => {
                debug!(code = body.code.as_str(), "the server reports an error");
                self.parts
                    .state
                    .send_modify(|state| state.record_refusal(body.message));
                return false;
            }
            SessionEvent::Closed(reason) => {
                debug!(?reason, "closed");
                Event::Closed(reason)
            }
        };
        let last = matches!(event, Event::Closed(_));
        self.parts.state.send_modify(|state| state.record(event));
        last
    }

    /// Waits for one thing to happen. Every branch may be dropped half-way without losing anything.
    async fn next_input(&mut self, due: Option<Time>) -> Input {
        let due = due.map(|due| self.start + Duration::from_millis(due.as_millis()));
        let Doing {
            dial,
            socket,
            poll,
            signing,
        } = &mut self.doing;
        tokio::select! {
            (conn, dialled) = finish(dial) => match dialled {
                Ok(socket) => Input::Opened(conn, socket),
                Err(error) => Input::DialFailed(conn, error),
            },
            (conn, event) = async {
                match socket {
                    Some((conn, socket)) => (*conn, socket.next().await),
                    None => pending().await,
                }
            } => Input::Socket(conn, event),
            (id, answer) = finish(poll) => Input::Polled(id, answer),
            (id, answer) = finish(signing) => Input::Signature(id, answer),
            changed = self.parts.commands.changed(), if self.commanded => {
                self.commanded = changed.is_ok();
                Input::Commands
            }
            () = self.parts.state.closed() => Input::Dropped,
            () = async {
                match due {
                    Some(due) => sleep_until(due).await,
                    None => pending().await,
                }
            } => Input::Due,
        }
    }

    /// Reports one input to the session.
    fn handle(&mut self, input: Input) {
        let now = self.now();
        match input {
            Input::Opened(conn, socket) => {
                debug!(conn = conn.number(), "open");
                self.doing.dial = None;
                self.doing.socket = Some((conn, socket));
                self.session.handle_opened(now, conn);
            }
            Input::DialFailed(conn, error) => {
                debug!(
                    conn = conn.number(),
                    error = &error as &dyn std::error::Error,
                    "could not connect"
                );
                self.doing.dial = None;
                self.session.handle_closed(now, conn, CloseCode::ABNORMAL);
            }
            Input::Socket(conn, SocketEvent::Closed(code)) => {
                debug!(conn = conn.number(), code = code.get(), "the socket was closed");
                if let Some((_, socket)) = self.doing.socket.take() {
                    socket.close(code);
                }
                self.session.handle_closed(now, conn, code);
            }
            Input::Socket(conn, SocketEvent::Text(text)) => {
                self.session
                    .handle_frame(now, conn, read_frame(&text, &self.parts.transfer_id));
            }
            Input::Socket(conn, SocketEvent::Binary) => {
                self.session.handle_frame(now, conn, Frame::Malformed);
            }
            Input::Polled(id, answer) => {
                self.doing.poll = None;
                self.session.handle_poll(now, id, answer);
            }
            Input::Signature(id, answer) => {
                self.doing.signing = None;
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
            Input::Commands => self.take_command(now),
            Input::Due => self.session.handle_timeout(now),
            Input::Dropped => self.session.close(now),
        }
    }

    /// One command at a time: the session's outputs are drained after each input.
    fn take_command(&mut self, now: Time) {
        let (close, hint) = {
            let commands = self.parts.commands.borrow();
            (commands.close, commands.hint_after(self.hinted))
        };
        if close {
            self.session.close(now);
        } else if let Some((count, hint)) = hint {
            self.hinted = count;
            self.session.handle_hint(now, hint);
            self.parts.commands.mark_changed();
        }
    }
}

/// Waits for what is in `slot`, for ever when there is nothing.
async fn finish<I: Copy, F: Future + Unpin>(slot: &mut Option<(I, F)>) -> (I, F::Output) {
    match slot {
        Some((id, future)) => (*id, future.await),
        None => pending().await,
    }
}
