//! The exports. `f64` carries milliseconds and versions, because a JavaScript number does.
//!
//! The host calls `start` once, then one input at a time, each followed by `poll_output` until it returns
//! [`kind::WAIT`]. What an output names is read with `output_id`, `output_code` and `output_time`.

use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::session::{
    CloseReason, Config, ConnId, Connection, Event, Frame, Hint, Order, Output, PollAnswer, PollId, Session,
    SignatureAnswer, SignatureId, Snapshot, Time,
};

/// What `poll_output` returns.
pub mod kind {
    /// Nothing to do until `output_time` (negative: until an input).
    pub const WAIT: u32 = 0;
    /// Dial socket `output_id`.
    pub const CONNECT: u32 = 1;
    /// Forget socket `output_id`, closing it with `output_code`.
    pub const DROP: u32 = 2;
    /// Send the ping text on socket `output_id`.
    pub const PING: u32 = 3;
    /// Poll as `output_id`, with version `output_time` in `If-None-Match` (negative: none).
    pub const POLL: u32 = 4;
    /// Get a fresh signature as `output_id`.
    pub const REFRESH: u32 = 5;
    /// Show the snapshot that was handed in last.
    pub const UPDATE: u32 = 6;
    /// Pass on the notice that was handed in last.
    pub const NOTICE: u32 = 7;
    /// The connection is now `output_code`: 0 connecting, 1 live, 2 reconnecting, 3 polling.
    pub const CONNECTION: u32 = 8;
    /// The end. `output_code`: 0 final, 1 user, 2 signature refused, else the server's close code.
    pub const CLOSED: u32 = 9;
}

#[derive(Clone, Copy)]
struct Seen(Order);

impl Snapshot for Seen {
    fn order(&self) -> Order {
        self.0
    }
}

/// The one session of this instance, and what its last output named.
struct Instance {
    session: Option<Session<Seen, ()>>,
    id: u32,
    code: u32,
    time: f64,
}

static mut INSTANCE: Instance = Instance { session: None, id: 0, code: 0, time: 0.0 };

/// Runs `f` on the instance.
fn with<R>(f: impl FnOnce(&mut Instance) -> R) -> R {
    // SAFETY: a WebAssembly instance without shared memory has one thread, no export calls back into the
    // host, and `f` never calls `with`: there is no second reference while this one lives.
    f(unsafe { &mut *(&raw mut INSTANCE) })
}

fn session(f: impl FnOnce(&mut Session<Seen, ()>)) {
    with(|instance| {
        if let Some(session) = &mut instance.session {
            f(session);
        }
    });
}

fn time(ms: f64) -> Time {
    Time::from_millis(ms as u64)
}

/// A negative version stands for none.
fn seen(version: f64, updated_at_ms: f64, is_final: u32) -> Seen {
    let version = (version >= 0.0).then_some(version as u64);
    Seen(Order { version, updated_at_ms: updated_at_ms as i64, is_final: is_final != 0 })
}

/// Begins the session. `abilities`: bit 0, the host can get a fresh signature; bit 1, it has none yet.
#[unsafe(no_mangle)]
pub extern "C" fn start(now: f64, seed: f64, abilities: u32) {
    let config =
        Config { can_refresh: abilities & 1 != 0, starts_unsigned: abilities & 2 != 0, ..Config::DEFAULT };
    with(|instance| instance.session = Some(Session::new(config, time(now), seed.to_bits())));
}

/// Socket `conn` is open.
#[unsafe(no_mangle)]
pub extern "C" fn opened(now: f64, conn: u32) {
    session(|session| session.handle_opened(time(now), ConnId::from_number(conn)));
}

/// A `status` frame came over socket `conn`.
#[unsafe(no_mangle)]
pub extern "C" fn snapshot(now: f64, conn: u32, version: f64, updated_at_ms: f64, is_final: u32) {
    let frame = Frame::Snapshot(seen(version, updated_at_ms, is_final));
    session(|session| session.handle_frame(time(now), ConnId::from_number(conn), frame));
}

/// Another frame came over socket `conn`. `what`: 0 pong, 1 notice, 2 unknown, else malformed.
#[unsafe(no_mangle)]
pub extern "C" fn frame(now: f64, conn: u32, what: u32) {
    let frame = match what {
        0 => Frame::Pong,
        1 => Frame::Notice(()),
        2 => Frame::Unknown,
        _ => Frame::Malformed,
    };
    session(|session| session.handle_frame(time(now), ConnId::from_number(conn), frame));
}

/// Socket `conn` is closed.
#[unsafe(no_mangle)]
pub extern "C" fn closed(now: f64, conn: u32, code: u32) {
    let code = CloseCode::new(code as u16);
    session(|session| session.handle_closed(time(now), ConnId::from_number(conn), code));
}

/// Poll `id` brought a transfer.
#[unsafe(no_mangle)]
pub extern "C" fn polled(now: f64, id: u32, version: f64, updated_at_ms: f64, is_final: u32) {
    let answer = PollAnswer::Snapshot(seen(version, updated_at_ms, is_final));
    session(|session| session.handle_poll(time(now), PollId::from_number(id), answer));
}

/// Poll `id` brought none: HTTP `status`, 0 for no answer.
#[unsafe(no_mangle)]
pub extern "C" fn poll_failed(now: f64, id: u32, status: u32) {
    let answer = match status {
        304 => PollAnswer::NotModified,
        401 | 403 => PollAnswer::Unauthorized,
        429 => PollAnswer::RateLimited,
        _ => PollAnswer::Failed,
    };
    session(|session| session.handle_poll(time(now), PollId::from_number(id), answer));
}

/// The request `id` for a signature was answered: 0 ready, 1 failed, else refused.
#[unsafe(no_mangle)]
pub extern "C" fn signed(now: f64, id: u32, answer: u32) {
    let answer = match answer {
        0 => SignatureAnswer::Ready,
        1 => SignatureAnswer::Failed,
        _ => SignatureAnswer::Refused,
    };
    session(|session| session.handle_signature(time(now), SignatureId::from_number(id), answer));
}

/// A hint: 0 online, 1 offline, 2 visible, 3 foreground, else network changed.
#[unsafe(no_mangle)]
pub extern "C" fn hint(now: f64, what: u32) {
    let hint = match what {
        0 => Hint::Online,
        1 => Hint::Offline,
        2 => Hint::Visible,
        3 => Hint::Foreground,
        _ => Hint::NetworkChanged,
    };
    session(|session| session.handle_hint(time(now), hint));
}

/// The awaited time has come.
#[unsafe(no_mangle)]
pub extern "C" fn timeout(now: f64) {
    session(|session| session.handle_timeout(time(now)));
}

/// The user closes.
#[unsafe(no_mangle)]
pub extern "C" fn close(now: f64) {
    session(|session| session.close(time(now)));
}

/// The next thing to do, one of [`kind`].
#[unsafe(no_mangle)]
pub extern "C" fn poll_output() -> u32 {
    with(|instance| {
        let Some(session) = &mut instance.session else {
            instance.time = -1.0;
            return kind::WAIT;
        };
        match session.poll_output() {
            Output::Wait(until) => {
                instance.time = until.map_or(-1.0, |until| until.as_millis() as f64);
                kind::WAIT
            }
            Output::Connect(conn) => {
                instance.id = conn.number();
                kind::CONNECT
            }
            Output::Drop(conn, code) => {
                instance.id = conn.number();
                instance.code = u32::from(code.get());
                kind::DROP
            }
            Output::SendPing(conn) => {
                instance.id = conn.number();
                kind::PING
            }
            Output::Poll(id, version) => {
                instance.id = id.number();
                instance.time = version.map_or(-1.0, |version| version as f64);
                kind::POLL
            }
            Output::RefreshSignature(id) => {
                instance.id = id.number();
                kind::REFRESH
            }
            Output::Event(Event::Update(_)) => kind::UPDATE,
            Output::Event(Event::Notice(())) => kind::NOTICE,
            Output::Event(Event::Connection(connection)) => {
                instance.code = match connection {
                    Connection::Connecting => 0,
                    Connection::Live => 1,
                    Connection::Reconnecting => 2,
                    Connection::Polling => 3,
                };
                kind::CONNECTION
            }
            Output::Event(Event::Closed(reason)) => {
                instance.code = match reason {
                    CloseReason::Final => 0,
                    CloseReason::User => 1,
                    CloseReason::SignatureRefused => 2,
                    CloseReason::Server(code) => u32::from(code.get()),
                };
                kind::CLOSED
            }
        }
    })
}

/// The socket, poll or request that the last output named.
#[unsafe(no_mangle)]
pub extern "C" fn output_id() -> u32 {
    with(|instance| instance.id)
}

/// The code that the last output named.
#[unsafe(no_mangle)]
pub extern "C" fn output_code() -> u32 {
    with(|instance| instance.code)
}

/// The time or version that the last output named; negative for none.
#[unsafe(no_mangle)]
pub extern "C" fn output_time() -> f64 {
    with(|instance| instance.time)
}
