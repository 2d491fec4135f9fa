//! The exports: one [`input`] at a time, [`what::START`] first, each followed by [`output`] until it returns
//! [`kind::WAIT`]. What an output names is read with [`value`].
//!
//! `f64` carries milliseconds and versions, because a JavaScript number does. Few exports with plain numbers keep
//! both sides small: a checkout page loads all of this.

use core::cell::Cell;

use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::session::{
    CloseReason, Config, ConnId, Connection, Event, Frame, Hint, Order, Output, PollAnswer, PollId, Session,
    SignatureAnswer, SignatureId, Snapshot, Time,
};

/// What happened: the first argument of [`input`](super::abi::input).
pub mod what {
    /// The awaited time has come.
    pub const TIMEOUT: u32 = 0;
    /// Socket `id` is open.
    pub const OPENED: u32 = 1;
    /// Socket `id` closed with `code`.
    pub const CLOSED: u32 = 2;
    /// A `status` frame came over socket `id`; `code` 1 says that its status is final.
    pub const SNAPSHOT: u32 = 3;
    /// Another frame came over socket `id`. `code`: 0 pong, 1 notice, 2 unknown, else malformed.
    pub const FRAME: u32 = 4;
    /// Poll `id` brought a transfer; `code` as with [`SNAPSHOT`].
    pub const POLLED: u32 = 5;
    /// Poll `id` brought none. `code`: the HTTP status, 0 for no answer.
    pub const POLL_FAILED: u32 = 6;
    /// The request `id` for a signature was answered. `code`: 0 ready, 1 failed, else refused.
    pub const SIGNED: u32 = 7;
    /// A hint. `code`: 0 online, 1 offline, 2 visible, 3 foreground, else network changed.
    pub const HINT: u32 = 8;
    /// The user closes.
    pub const CLOSE: u32 = 9;
    /// The session begins. `code`, bit 0: the host can get a fresh signature; bit 1: it has none yet. `version` is
    /// the seed of the jitter, any number that differs from client to client.
    pub const START: u32 = 10;
}

/// What to do: what [`output`](super::abi::output) returns.
pub mod kind {
    /// Nothing until the time `value`; negative: until an input.
    pub const WAIT: u32 = 0;
    /// Dial socket `value`.
    pub const CONNECT: u32 = 1;
    /// Forget the socket, closing it with code `value`.
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
    /// The end. `value`: 0 final, 1 user, 2 no signature to be had, else the server's close code.
    pub const CLOSED: u32 = 9;
}

/// A value of an instance's one thread.
struct Local<T>(Cell<T>);

// SAFETY: a WebAssembly instance without shared memory has one thread.
unsafe impl<T> Sync for Local<T> {}

static mut SESSION: Session<Seen, ()> = Session::unstarted(Config::DEFAULT);
static ORDER: Local<Order> = Local(Cell::new(Order {
    version: None,
    updated_at_ms: 0,
    is_final: false,
}));
static VALUE: Local<f64> = Local(Cell::new(0.0));

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

/// Reports one thing that happened: one of [`what`]. The last two are for snapshots: a negative `version`
/// stands for none.
#[unsafe(no_mangle)]
pub extern "C" fn input(kind: u32, now: f64, id: u32, code: u32, version: f64, updated_at_ms: f64) {
    let now = Time::from_millis(now as u64);
    let session = session();
    ORDER.0.set(Order {
        version: (version >= 0.0).then_some(version as u64),
        updated_at_ms: updated_at_ms as i64,
        is_final: code == 1,
    });
    let conn = ConnId::from_number(id);
    let poll = PollId::from_number(id);
    match kind {
        what::TIMEOUT => session.handle_timeout(now),
        what::OPENED => session.handle_opened(now, conn),
        what::CLOSED => session.handle_closed(now, conn, CloseCode::new(code as u16)),
        what::SNAPSHOT => session.handle_frame(now, conn, Frame::Snapshot(Seen)),
        what::FRAME => session.handle_frame(now, conn, frame(code)),
        what::POLLED => session.handle_poll(now, poll, PollAnswer::Snapshot(Seen)),
        what::POLL_FAILED => session.handle_poll(now, poll, poll_answer(code)),
        what::SIGNED => session.handle_signature(now, SignatureId::from_number(id), signature_answer(code)),
        what::HINT => session.handle_hint(now, hint(code)),
        what::CLOSE => session.close(now),
        what::START => {
            let config = session.config_mut();
            config.can_refresh = code & 1 != 0;
            config.starts_unsigned = code & 2 != 0;
            session.begin(now, version.to_bits());
        }
        _ => {}
    }
}

fn frame(code: u32) -> Frame<Seen, ()> {
    match code {
        0 => Frame::Pong,
        1 => Frame::Notice(()),
        2 => Frame::Unknown,
        _ => Frame::Malformed,
    }
}

fn poll_answer(http_status: u32) -> PollAnswer<Seen> {
    match http_status {
        304 => PollAnswer::NotModified,
        401 | 403 => PollAnswer::Unauthorized,
        429 => PollAnswer::RateLimited,
        _ => PollAnswer::Failed,
    }
}

fn signature_answer(code: u32) -> SignatureAnswer {
    match code {
        0 => SignatureAnswer::Ready,
        1 => SignatureAnswer::Failed,
        _ => SignatureAnswer::Refused,
    }
}

fn hint(code: u32) -> Hint {
    match code {
        0 => Hint::Online,
        1 => Hint::Offline,
        2 => Hint::Visible,
        3 => Hint::Foreground,
        _ => Hint::NetworkChanged,
    }
}

/// The next thing to do: one of [`kind`].
#[unsafe(no_mangle)]
pub extern "C" fn output() -> u32 {
    let session = session();
    let (kind, value) = match session.poll_output() {
        Output::Wait(until) => (kind::WAIT, until.map_or(-1.0, |until| until.as_millis() as f64)),
        Output::Connect(conn) => (kind::CONNECT, f64::from(conn.number())),
        Output::Drop(_, code) => (kind::DROP, f64::from(code.get())),
        Output::SendPing(_) => (kind::PING, 0.0),
        Output::Poll(id, _) => (kind::POLL, f64::from(id.number())),
        Output::RefreshSignature(id) => (kind::REFRESH, f64::from(id.number())),
        Output::Event(Event::Update(Seen)) => (kind::UPDATE, 0.0),
        Output::Event(Event::Notice(())) => (kind::NOTICE, 0.0),
        Output::Event(Event::Connection(connection)) => (kind::CONNECTION, connection_number(connection)),
        Output::Event(Event::Closed(reason)) => (kind::CLOSED, close_number(reason)),
    };
    VALUE.0.set(value);
    kind
}

fn connection_number(connection: Connection) -> f64 {
    match connection {
        Connection::Connecting => 0.0,
        Connection::Live => 1.0,
        Connection::Reconnecting => 2.0,
        Connection::Polling => 3.0,
    }
}

fn close_number(reason: CloseReason) -> f64 {
    match reason {
        CloseReason::Final => 0.0,
        CloseReason::User => 1.0,
        CloseReason::SignatureRefused => 2.0,
        CloseReason::Server(code) => f64::from(code.get()),
    }
}

/// What the last output named: a socket, a poll, a request, a time, a state.
#[unsafe(no_mangle)]
pub extern "C" fn value() -> f64 {
    VALUE.0.get()
}
