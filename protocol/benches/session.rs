//! What one step of the session costs: an input and the outputs that follow. `cargo bench -p transfer-status-protocol`.
//!
//! It allocates nothing: without the feature `message` the crate has no allocator to ask.

use divan::Bencher;
use transfer_status_protocol::session::{
    Config, Frame, Hint, Order, Output, PollAnswer, Session, Snapshot, Stage, Time,
};

fn main() {
    divan::main();
}

/// A snapshot that is nothing but its order.
#[derive(Debug, Clone, Copy)]
struct Seen(u64);

impl Snapshot for Seen {
    fn order(&self) -> Order {
        Order {
            version: Some(self.0),
            updated_at_ms: 0,
            stage: Stage::Open,
        }
    }
}

/// A session whose link is live, its connection, and the present time.
fn live() -> (Session<Seen, ()>, transfer_status_protocol::session::ConnId, Time) {
    let now = Time::from_millis(1_000_000);
    let mut session = Session::new(Config::DEFAULT, now, 7);
    let Output::Connect(conn) = session.poll_output() else {
        unreachable!("a session begins by connecting")
    };
    drain(&mut session);
    session.handle_opened(now, conn);
    drain(&mut session);
    session.handle_frame(now, conn, Frame::Snapshot(Seen(1)));
    drain(&mut session);
    (session, conn, now)
}

fn drain(session: &mut Session<Seen, ()>) -> Option<Time> {
    loop {
        if let Output::Wait(until) = divan::black_box(session.poll_output()) {
            return until;
        }
    }
}

#[divan::bench]
fn news(bencher: Bencher) {
    let (mut session, conn, now) = live();
    let mut version = 1;
    bencher.bench_local(|| {
        version += 1;
        session.handle_frame(now, conn, Frame::Snapshot(Seen(version)));
        drain(&mut session)
    });
}

#[divan::bench]
fn pong(bencher: Bencher) {
    let (mut session, conn, now) = live();
    bencher.bench_local(|| {
        session.handle_frame(now, conn, Frame::Pong);
        drain(&mut session)
    });
}

#[divan::bench]
fn hint_and_answers(bencher: Bencher) {
    let (mut session, conn, mut now) = live();
    bencher.bench_local(|| {
        now = now.after(4_000);
        session.handle_hint(now, Hint::Visible);
        let mut poll = None;
        while let Some(output) = Some(session.poll_output()).filter(|it| !matches!(it, Output::Wait(_))) {
            if let Output::Poll(id, _) = output {
                poll = Some(id);
            }
        }
        session.handle_frame(now, conn, Frame::Pong);
        drain(&mut session);
        if let Some(id) = poll {
            session.handle_poll(now, id, PollAnswer::NotModified);
        }
        drain(&mut session)
    });
}
