//! tokio as the host of a driver: what it is told to do is a future here, and what comes of it an input.
//!
//! It decides nothing: what to do when is [`session`](transfer_status_protocol::session)'s.

use std::future::{Future, pending};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{AUTHORIZATION, DATE, HeaderName, HeaderValue, IF_NONE_MATCH, RETRY_AFTER};
use http::{Request, Response};
use http_body_util::Full;
use tokio::sync::watch;
use tokio::time::timeout;
use tracing::{Instrument, debug, debug_span, warn};
use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::endpoint::Endpoint;
use transfer_status_protocol::message::PING;
use transfer_status_protocol::session::{Cause, ConnId, PollId, SignatureId};
use transfer_status_protocol::signature::Signature;
use transfer_status_protocol::transfer::TransferId;
use transfer_status_protocol::watch::{
    Answer, Attempt, Event, FreshSignature, Host, Input, RefreshReason, SignatureError, Warnings, WatchState,
};

use crate::error::DialError;
use crate::refresh::{AnySource, Refreshing};
use crate::transport::{Socket, SocketEvent, Transport, Turn};

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

type Dial = Boxed<Result<Socket, DialError>>;

/// A poll's answer, or why there is none.
type Polled = Result<Response<Bytes>, Cause>;

/// How long the close frame of a socket that is given up may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// What a watch is carried out with.
pub(crate) struct TokioHost {
    pub(crate) transport: Transport,
    pub(crate) endpoint: Endpoint,
    pub(crate) transfer_id: TransferId,
    pub(crate) source: Option<AnySource>,
    pub(crate) state: watch::Sender<WatchState>,
    pub(crate) doing: Doing,
    pub(crate) warnings: Warnings,
}

/// What is under way. Dropping a part of it cancels that part.
#[derive(Default)]
pub(crate) struct Doing {
    /// A dial that waits for its turn, and what to do then.
    waiting: Option<(ConnId, Boxed<Dial>)>,
    dial: Option<(ConnId, Dial)>,
    socket: Option<(ConnId, Socket)>,
    poll: Option<(PollId, Boxed<Polled>)>,
    refresh: Option<(SignatureId, Refreshing)>,
    /// The close frame of a socket that is given up, while the peer takes it: for [`FAREWELL`] at most.
    closing: Option<Boxed<()>>,
}

/// One thing that came of what is under way.
pub(crate) enum Done {
    Dialling(ConnId),
    Opened(ConnId),
    NotDialled(ConnId, DialError),
    Socket(ConnId, SocketEvent),
    Polled(PollId, Polled),
    Refreshed(SignatureId, Result<FreshSignature, SignatureError>),
}

impl Done {
    /// What the driver is told of it.
    pub(crate) fn input(&self) -> Input<'_> {
        match self {
            Self::Dialling(conn) => Input::Dialling(*conn),
            Self::Opened(conn) => Input::Opened(*conn),
            Self::NotDialled(
                conn,
                DialError::Answered {
                    status,
                    retry_after,
                    date,
                },
            ) => Input::Answered(
                *conn,
                Answer {
                    status: status.as_u16(),
                    retry_after: retry_after.as_deref(),
                    date: date.as_deref(),
                    body: &[],
                },
            ),
            Self::NotDialled(conn, error) => Input::Failed(*conn, error.cause()),
            Self::Socket(conn, SocketEvent::Text(text)) => Input::Text(*conn, text),
            Self::Socket(conn, SocketEvent::NoText(what)) => Input::NoText(*conn, what),
            Self::Socket(conn, SocketEvent::Closed(code)) => Input::Closed(*conn, *code),
            Self::Polled(id, Ok(answer)) => Input::Polled(
                *id,
                Ok(Answer {
                    status: answer.status().as_u16(),
                    retry_after: header(answer, RETRY_AFTER),
                    date: header(answer, DATE),
                    body: answer.body(),
                }),
            ),
            Self::Polled(id, Err(cause)) => Input::Polled(*id, Err(*cause)),
            Self::Refreshed(id, answer) => Input::Refreshed(*id, answer.clone()),
        }
    }
}

impl Doing {
    /// Waits for one thing that is under way. Nothing is lost when the future is dropped half-way.
    ///
    /// Meanwhile a socket that was given up is let go, also where nothing else is under way.
    pub(crate) async fn next(&mut self) -> Done {
        loop {
            if let Some(done) = self.step().await {
                return done;
            }
        }
    }

    /// As [`Doing::next`]; `None` when the last of a socket is gone, which nobody has to be told.
    async fn step(&mut self) -> Option<Done> {
        let Self {
            waiting,
            dial,
            socket,
            poll,
            refresh,
            closing,
        } = self;
        tokio::select! {
            biased;
            (conn, event) = async {
                match socket {
                    Some((conn, socket)) => (*conn, socket.next().await),
                    None => pending().await,
                }
            } => {
                if let SocketEvent::Closed(code) = event {
                    debug!(conn = conn.number(), code = code.get(), "the socket was closed");
                    self.close_socket(conn, code);
                }
                Some(Done::Socket(conn, event))
            }
            (conn, begun) = finish(waiting) => {
                self.waiting = None;
                self.dial = Some((conn, begun));
                Some(Done::Dialling(conn))
            }
            (conn, dialled) = finish(dial) => {
                self.dial = None;
                match dialled {
                    Ok(socket) => {
                        debug!(conn = conn.number(), "open");
                        self.socket = Some((conn, socket));
                        Some(Done::Opened(conn))
                    }
                    Err(error) => {
                        let told = &error as &dyn std::error::Error;
                        debug!(conn = conn.number(), error = told, "could not connect");
                        Some(Done::NotDialled(conn, error))
                    }
                }
            }
            (id, answer) = finish(poll) => {
                self.poll = None;
                Some(Done::Polled(id, answer))
            }
            (id, answer) = finish(refresh) => {
                self.refresh = None;
                Some(Done::Refreshed(id, answer))
            }
            () = async {
                match closing {
                    Some(closing) => closing.await,
                    None => pending().await,
                }
            } => {
                self.closing = None;
                None
            }
        }
    }

    /// Gives up what is under way, and waits until the last socket's close frame was taken, for [`FAREWELL`] at most.
    pub(crate) async fn close(self) {
        if let Some(closing) = self.closing {
            closing.await;
        }
    }

    /// Lets go of a socket; its close frame goes to the operating system at once if that takes it.
    fn close_socket(&mut self, conn: ConnId, code: CloseCode) {
        if let Some((_, socket)) = self.socket.take_if(|(current, _)| *current == conn) {
            let mut closing: Boxed<()> = Box::pin(timeout(FAREWELL, socket.close(code)).map(drop));
            let closed = (&mut closing).now_or_never();
            self.closing = closed.is_none().then_some(closing);
        }
    }
}

impl Host for TokioHost {
    fn dial(&mut self, conn: ConnId, signature: &Signature) -> Attempt {
        let span = debug_span!("dial", conn = conn.number());
        let (transport, endpoint) = (self.transport.clone(), self.endpoint.clone());
        let path = format!("/ws/{}", self.transfer_id);
        let signature = signature.clone();
        let dial = |turn: Turn| -> Dial {
            let dial = async move { Socket::dial(&transport, turn, &endpoint, &path, &signature).await };
            Box::pin(dial.instrument(span))
        };
        match self.transport.try_turn() {
            Some(turn) => {
                self.doing.dial = Some((conn, dial(turn)));
                Attempt::Begun
            }
            None => {
                debug!(conn = conn.number(), "the dial waits for its turn");
                let turn = self.transport.turn();
                self.doing.waiting = Some((conn, Box::pin(turn.map(dial))));
                Attempt::Waits
            }
        }
    }

    fn drop_socket(&mut self, conn: ConnId, code: CloseCode) {
        debug!(conn = conn.number(), code = code.get(), "dropping the socket");
        self.doing.waiting.take_if(|(current, _)| *current == conn);
        self.doing.dial.take_if(|(current, _)| *current == conn);
        self.doing.close_socket(conn, code);
    }

    fn ping(&mut self, conn: ConnId) {
        if let Some((current, socket)) = &mut self.doing.socket
            && *current == conn
        {
            socket.send(PING);
        }
    }

    fn poll(&mut self, id: PollId, known_version: Option<u64>, signature: &Signature, within: Duration) {
        let transport = self.transport.clone();
        let uri = self.endpoint.web(&format!("/transfer/{}", self.transfer_id));
        let request = poll_request(uri, known_version, signature);
        let poll = async move {
            let exchange = transport.exchange(request.ok_or(Cause::Unreachable)?);
            let answer = timeout(within, exchange).await.map_err(|_| Cause::Timeout)?;
            answer.map_err(|error| {
                debug!(%error, "a poll failed");
                error.poll_cause()
            })
        };
        self.doing.poll = Some((id, Box::pin(poll)));
    }

    fn refresh(&mut self, id: SignatureId, reason: RefreshReason) {
        debug!(%reason, "asking for a fresh signature");
        let none = || Err(SignatureError::refused("there is no signature source"));
        self.doing.refresh = Some(match &self.source {
            Some(source) => (id, source(self.transfer_id.clone(), reason)),
            None => (id, Box::pin(async move { none() })),
        });
    }

    fn tell(&mut self, news: &[Event], state: &WatchState) {
        for event in news {
            self.log(event);
        }
        self.state.send_replace(state.clone());
    }
}

impl TokioHost {
    fn log(&mut self, event: &Event) {
        if let Some((problem, text)) = self.warnings.of(event) {
            warn!(transfer_id = %self.transfer_id, problem, "not live: {text}");
        }
        match event {
            Event::Status(transfer) => debug!(status = %transfer.status, version = transfer.version, "news"),
            Event::Connection(connection) => debug!(?connection, "connection"),
            Event::ServerError(body) => debug!(code = body.code.as_str(), "the server reports an error"),
            Event::Scan(scan) => debug!(scan.scanned, "scan"),
            Event::Closed(reason) => debug!(?reason, "closed"),
            _ => {}
        }
    }
}

fn poll_request(
    uri: String,
    known_version: Option<u64>,
    signature: &Signature,
) -> Option<Request<Full<Bytes>>> {
    let mut bearer = HeaderValue::from_str(&format!("Bearer {}", signature.expose())).ok()?;
    bearer.set_sensitive(true);
    let mut request = Request::get(uri).header(AUTHORIZATION, bearer);
    if let Some(version) = known_version {
        request = request.header(IF_NONE_MATCH, format!("\"{version}\""));
    }
    request.body(Full::default()).ok()
}

fn header(answer: &Response<Bytes>, name: HeaderName) -> Option<&str> {
    answer.headers().get(name)?.to_str().ok()
}

/// Waits for what is in `slot`, for ever when there is nothing.
async fn finish<I: Copy, F: Future + Unpin>(slot: &mut Option<(I, F)>) -> (I, F::Output) {
    match slot {
        Some((id, future)) => (*id, future.await),
        None => pending().await,
    }
}
