//! The exports: one [`input()`] at a time, [`input::START`] first, each followed by [`output()`] until it returns
//! [`output::WAIT`]. What an output names is read with [`value`].
//!
//! `f64` carries milliseconds and versions, because a JavaScript number does. Few exports with plain numbers keep
//! both sides small: a checkout page loads all of this. The package's `core.ts` has the same numbers under the same
//! names, and its tests compare the two.

use core::cell::Cell;

use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::session::{
    Cause, CloseReason, Config, ConnId, Connection, Event, Failure, Frame, Hint, Order, Output, PollAnswer,
    PollId, Problem, Refusal, Session, SignatureAnswer, SignatureId, Snapshot, Stage, Time,
};

/// What happened: the first argument of [`input()`].
pub mod input {
    /// The awaited time has come.
    pub const TIMEOUT: u32 = 0;
    /// Socket `id` is open.
    pub const OPENED: u32 = 1;
    /// Socket `id` closed with `code`.
    pub const CLOSED: u32 = 2;
    /// A `status` frame came over socket `id`; `code` is a [`stage`](super::stage).
    pub const SNAPSHOT: u32 = 3;
    /// Another frame came over socket `id`; `code` is a [`frame`](super::frame).
    pub const FRAME: u32 = 4;
    /// Poll `id` brought a transfer; `code` is a [`stage`](super::stage).
    pub const POLLED: u32 = 5;
    /// Poll `id` brought none. `code` is a [`cause`](super::cause), an HTTP status, or for a refusal by the service
    /// itself the close code that says the same; `version` is what `Retry-After` asks for in milliseconds, less than
    /// 2^31, and negative for nothing.
    pub const POLL_FAILED: u32 = 6;
    /// The request `id` for a signature was answered; `code` is a [`signed`](super::signed).
    pub const SIGNED: u32 = 7;
    /// A hint; `code` is a [`hint`](super::hint).
    pub const HINT: u32 = 8;
    /// The user closes.
    pub const CLOSE: u32 = 9;
    /// The session begins. `code`, bit 0: the host can get a fresh signature; bit 1: it has none yet. `version` is
    /// the seed of the jitter, any number that differs from client to client.
    pub const START: u32 = 10;
}

/// What to do: what [`output()`] returns.
pub mod output {
    /// Nothing until the time `value`; negative: until an input.
    pub const WAIT: u32 = 0;
    /// Dial socket `value`.
    pub const CONNECT: u32 = 1;
    /// Forget the socket, closing it with code 1000.
    pub const DROP: u32 = 2;
    /// Send the ping text on the socket.
    pub const PING: u32 = 3;
    /// Poll as `value`, with the version of the snapshot that was shown last in `If-None-Match`.
    pub const POLL: u32 = 4;
    /// Get a fresh signature as `value`.
    pub const REFRESH: u32 = 5;
    /// Show the snapshot that was handed in last.
    pub const UPDATE: u32 = 6;
    /// Pass on the notice that was handed in last.
    pub const NOTICE: u32 = 7;
    /// The connection is now `value`: 0 connecting, 1 live, 2 reconnecting, 3 polling.
    pub const CONNECTION: u32 = 8;
    /// The end; `value` is an [`end`](super::end), or the server's close code.
    pub const CLOSED: u32 = 9;
    /// What keeps the watch from being live: a [`cause`](super::cause), an HTTP status or a close code; negative for
    /// nothing any more. `value(1)` is since when, `value(2)` the number of attempts, `value(3)` the time of the next
    /// one, negative while one is under way.
    pub const PROBLEM: u32 = 10;
}

/// How far a transfer is.
pub mod stage {
    /// `pending` or `processing`.
    pub const OPEN: u32 = 0;
    /// `completed`, `failed` or `cancelled`.
    pub const FINAL: u32 = 1;
    /// A status that the host does not know.
    pub const UNKNOWN: u32 = 2;
}

/// What a frame that brings no status is.
pub mod frame {
    /// The answer to a ping.
    pub const PONG: u32 = 0;
    /// Something for the user.
    pub const NOTICE: u32 = 1;
    /// A message from the future.
    pub const UNKNOWN: u32 = 2;
    /// Not of the protocol.
    pub const MALFORMED: u32 = 3;
}

/// What became of the request for a signature.
pub mod signed {
    /// There is one.
    pub const READY: u32 = 0;
    /// Not this time.
    pub const FAILED: u32 = 1;
    /// There is none any more.
    pub const REFUSED: u32 = 2;
}

/// What the host hears of network and page.
pub mod hint {
    /// The network is back.
    pub const ONLINE: u32 = 0;
    /// The network is said to be gone.
    pub const OFFLINE: u32 = 1;
    /// The page is seen again.
    pub const VISIBLE: u32 = 2;
    /// The network is another one.
    pub const NETWORK_CHANGED: u32 = 3;
    /// The page is about to be frozen.
    pub const SUSPEND: u32 = 4;
    /// The page is back.
    pub const RESUME: u32 = 5;
}

/// Why an attempt failed. Beside these, from 100 on an HTTP status, from 1,000 on a close code.
pub mod cause {
    /// The host learned nothing.
    pub const UNREACHABLE: u32 = 0;
    /// It took too long.
    pub const TIMEOUT: u32 = 1;
    /// A success that is not the service's.
    pub const NOT_THE_SERVICE: u32 = 2;
    /// It cannot be read.
    pub const MALFORMED: u32 = 3;
    /// Too many watchers, or attempts.
    pub const TOO_MANY_WATCHERS: u32 = 4;
    /// There is no fresh signature.
    pub const SIGNATURE_REFRESH: u32 = 5;
    /// A redirect whose status the host does not see.
    pub const REDIRECT: u32 = 6;
}

/// Why the watch ended. Beside these a close code of the server.
pub mod end {
    /// The final status was shown.
    pub const FINAL: u32 = 0;
    /// The user closed.
    pub const USER: u32 = 1;
    /// There is no signature to be had.
    pub const NO_SIGNATURE: u32 = 2;
}

/// The least HTTP status.
const FIRST_STATUS: u32 = 100;

/// A value of an instance's one thread.
struct Local<T>(Cell<T>);

// SAFETY: a WebAssembly instance without shared memory has one thread.
unsafe impl<T> Sync for Local<T> {}

static mut SESSION: Session<Seen, ()> = Session::unstarted(Config::DEFAULT);
static ORDER: Local<Order> = Local(Cell::new(Order {
    version: None,
    updated_at_ms: 0,
    stage: Stage::Open,
}));
static VALUES: [Local<f64>; 4] = [const { Local(Cell::new(0.0)) }; 4];

/// The snapshot that was handed in last. The host keeps the object and there is one at a time, so that only
/// its order has to be known here.
struct Seen;

impl Snapshot for Seen {
    fn order(&self) -> Order {
        ORDER.0.get()
    }
}

fn session() -> &'static mut Session<Seen, ()> {
    let session = &raw mut SESSION;
    // SAFETY: one thread, no export calls back into the host, and each calls this once: there is no second
    // reference while this one is used.
    unsafe { &mut *session }
}

/// Reports one thing that happened: one of [`input`]. The last two are for snapshots: a negative `version`
/// stands for none.
#[unsafe(no_mangle)]
pub extern "C" fn input(kind: u32, now: f64, id: u32, code: u32, version: f64, updated_at_ms: f64) {
    let now = Time::from_millis(now as u64);
    let session = session();
    ORDER.0.set(Order {
        version: (version >= 0.0).then_some(version as u64),
        updated_at_ms: updated_at_ms as i64,
        stage: stage_of(code),
    });
    let conn = ConnId::from_number(id);
    let poll = PollId::from_number(id);
    match kind {
        input::TIMEOUT => session.handle_timeout(now),
        input::OPENED => session.handle_opened(now, conn),
        input::CLOSED => session.handle_closed(now, conn, CloseCode::new(code as u16)),
        input::SNAPSHOT => session.handle_frame(now, conn, Frame::Snapshot(Seen)),
        input::FRAME => session.handle_frame(now, conn, frame_of(code)),
        input::POLLED => session.handle_poll(now, poll, PollAnswer::Snapshot(Seen)),
        input::POLL_FAILED => session.handle_poll(now, poll, poll_answer(code, version)),
        input::SIGNED => session.handle_signature(now, SignatureId::from_number(id), signature_answer(code)),
        input::HINT => session.handle_hint(now, hint_of(code)),
        input::CLOSE => session.close(now),
        input::START => {
            let config = session.config_mut();
            config.can_refresh = code & 1 != 0;
            config.starts_unsigned = code & 2 != 0;
            session.begin(now, version.to_bits());
        }
        _ => {}
    }
}

fn stage_of(code: u32) -> Stage {
    match code {
        stage::OPEN => Stage::Open,
        stage::FINAL => Stage::Final,
        _ => Stage::Unknown,
    }
}

fn frame_of(code: u32) -> Frame<Seen, ()> {
    match code {
        frame::PONG => Frame::Pong,
        frame::NOTICE => Frame::Notice(()),
        frame::UNKNOWN => Frame::Unknown,
        _ => Frame::Malformed,
    }
}

fn poll_answer(code: u32, retry_after_ms: f64) -> PollAnswer<Seen> {
    const UNAUTHORIZED: u32 = CloseCode::UNAUTHORIZED.get() as u32;
    const FORBIDDEN: u32 = CloseCode::FORBIDDEN_ORIGIN.get() as u32;
    const EXPIRED: u32 = CloseCode::SIGNATURE_EXPIRED.get() as u32;
    PollAnswer::Failed(Failure {
        cause: match code {
            304 => return PollAnswer::NotModified,
            UNAUTHORIZED => return PollAnswer::Refused(Refusal::Unauthorized),
            FORBIDDEN => return PollAnswer::Refused(Refusal::Forbidden),
            EXPIRED => return PollAnswer::Refused(Refusal::Expired),
            cause::TIMEOUT => Cause::Timeout,
            cause::NOT_THE_SERVICE => Cause::NotTheService,
            cause::MALFORMED => Cause::Malformed,
            cause::TOO_MANY_WATCHERS => Cause::TooManyWatchers,
            cause::SIGNATURE_REFRESH => Cause::SignatureRefresh,
            cause::REDIRECT => Cause::Redirect(0),
            FIRST_STATUS.. => Cause::of_status(code as u16),
            _ => Cause::Unreachable,
        },
        retry_after_ms: (retry_after_ms >= 0.0).then_some(retry_after_ms as u32),
    })
}

fn signature_answer(code: u32) -> SignatureAnswer {
    match code {
        signed::READY => SignatureAnswer::Ready,
        signed::FAILED => SignatureAnswer::Failed,
        _ => SignatureAnswer::Refused,
    }
}

fn hint_of(code: u32) -> Hint {
    match code {
        hint::ONLINE => Hint::Online,
        hint::OFFLINE => Hint::Offline,
        hint::VISIBLE => Hint::Visible,
        hint::NETWORK_CHANGED => Hint::NetworkChanged,
        hint::SUSPEND => Hint::Suspend,
        _ => Hint::Resume,
    }
}

/// The next thing to do: one of [`output`].
#[unsafe(no_mangle)]
pub extern "C" fn output() -> u32 {
    let session = session();
    let (kind, value) = match session.poll_output() {
        Output::Wait(until) => (output::WAIT, time_number(until)),
        Output::Connect(conn) => (output::CONNECT, f64::from(conn.number())),
        // The session knows no other code than 1000 to close with.
        Output::Drop(..) => (output::DROP, 0.0),
        Output::SendPing(_) => (output::PING, 0.0),
        Output::Poll(id, _) => (output::POLL, f64::from(id.number())),
        Output::RefreshSignature(id) => (output::REFRESH, f64::from(id.number())),
        Output::Event(Event::Update(Seen)) => (output::UPDATE, 0.0),
        Output::Event(Event::Notice(())) => (output::NOTICE, 0.0),
        Output::Event(Event::Problem(problem)) => (output::PROBLEM, problem.map_or(-1.0, set_problem)),
        Output::Event(Event::Connection(connection)) => (output::CONNECTION, connection_number(connection)),
        Output::Event(Event::Closed(reason)) => (output::CLOSED, end_number(reason)),
    };
    VALUES[0].0.set(value);
    kind
}

fn time_number(time: Option<Time>) -> f64 {
    time.map_or(-1.0, |time| time.as_millis() as f64)
}

/// Makes what stands beside the problem readable, and returns the number of its cause.
fn set_problem(problem: Problem) -> f64 {
    VALUES[1].0.set(problem.since.as_millis() as f64);
    VALUES[2].0.set(f64::from(problem.attempts));
    VALUES[3].0.set(time_number(problem.next_attempt));
    f64::from(match problem.cause {
        Cause::Timeout => cause::TIMEOUT,
        Cause::NotTheService => cause::NOT_THE_SERVICE,
        Cause::Malformed => cause::MALFORMED,
        Cause::TooManyWatchers => cause::TOO_MANY_WATCHERS,
        Cause::SignatureRefresh => cause::SIGNATURE_REFRESH,
        Cause::Redirect(0) => cause::REDIRECT,
        Cause::Redirect(status) | Cause::Http(status) => status.into(),
        Cause::Closed(code) => code.get().into(),
        // A browser tells none of the other causes.
        _ => cause::UNREACHABLE,
    })
}

fn connection_number(connection: Connection) -> f64 {
    f64::from(match connection {
        Connection::Connecting => 0,
        Connection::Live => 1,
        Connection::Reconnecting => 2,
        // The last one that there is.
        _ => 3,
    })
}

fn end_number(reason: CloseReason) -> f64 {
    f64::from(match reason {
        CloseReason::Final => end::FINAL,
        CloseReason::User => end::USER,
        CloseReason::Server(code) => code.get().into(),
        // The last one that there is.
        _ => end::NO_SIGNATURE,
    })
}

/// What the last output named: a socket, a poll, a request, a time, a state. Further numbers only where [`output`]
/// says so.
#[unsafe(no_mangle)]
pub extern "C" fn value(index: u32) -> f64 {
    VALUES[index as usize & 3].0.get()
}
