//! The driver on a host that only writes down what it is told to do.

use super::*;
use crate::session::{CloseReason, Connection};
use crate::watch::WatchError;

/// 2024-01-15T10:30:00Z by the wall clock when the watch begins.
const BEGAN_UNIX_MS: i64 = 1_705_314_600_000;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Did {
    Dial(ConnId),
    Drop(ConnId),
    Ping(ConnId),
    Poll(PollId, Option<u64>),
    Refresh(SignatureId, RefreshReason),
}

#[derive(Default)]
struct Recorder {
    /// No dial goes out at once.
    is_crowded: bool,
    did: Vec<Did>,
    told: Vec<Event>,
    state: WatchState,
}

impl Host for Recorder {
    fn dial(&mut self, conn: ConnId, _: &Signature) -> Attempt {
        self.did.push(Did::Dial(conn));
        match self.is_crowded {
            true => Attempt::Waits,
            false => Attempt::Begun,
        }
    }
    fn drop_socket(&mut self, conn: ConnId, _: CloseCode) {
        self.did.push(Did::Drop(conn));
    }
    fn ping(&mut self, conn: ConnId) {
        self.did.push(Did::Ping(conn));
    }
    fn poll(&mut self, id: PollId, known_version: Option<u64>, _: &Signature, within: Duration) {
        assert_eq!(within, Duration::from_secs(10));
        self.did.push(Did::Poll(id, known_version));
    }
    fn refresh(&mut self, id: SignatureId, reason: RefreshReason) {
        self.did.push(Did::Refresh(id, reason));
    }
    fn tell(&mut self, news: &[Event], state: &WatchState) {
        self.told.extend_from_slice(news);
        self.state = state.clone();
    }
}

/// A driver, its host and its clock.
struct World {
    driver: Driver,
    host: Recorder,
    step: Step,
    ms: u64,
    /// When the sleep is over that the host was told.
    due: Option<u64>,
}

impl World {
    fn new(change: impl FnOnce(&mut Start)) -> Self {
        let mut start = Start {
            transfer_id: TransferId::new("order-1042").unwrap(),
            signature: Some(signature("abc.def").into()),
            can_refresh: false,
            config: Config::DEFAULT,
            seed: 7,
        };
        change(&mut start);
        let mut host = Recorder::default();
        let (driver, step) = Driver::start(start, now(0), &mut host);
        let mut world = Self {
            driver,
            host,
            step,
            ms: 0,
            due: None,
        };
        world.sleep();
        world
    }

    fn input(&mut self, input: Input<'_>) {
        self.step = self.driver.handle(now(self.ms), input, &mut self.host);
        self.sleep();
    }

    fn sleep(&mut self) {
        self.due = match self.step {
            Step::Wait(Some(sleep)) => Some(self.ms + u64::try_from(sleep.as_millis()).unwrap()),
            Step::Wait(None) | Step::Over => None,
        };
    }

    /// Lets time pass as a host does: it sleeps as long as it is told to.
    fn pass(&mut self, ms: u64) {
        let end = self.ms + ms;
        while let Some(due) = self.due.filter(|due| *due <= end) {
            self.ms = due.max(self.ms);
            self.input(Input::Due);
        }
        self.ms = end;
    }

    /// Takes what was done since the last look.
    fn did(&mut self) -> Vec<Did> {
        std::mem::take(&mut self.host.did)
    }

    fn dialled(&mut self) -> ConnId {
        let did = self.did();
        let dialled = did.iter().find_map(|did| match did {
            Did::Dial(conn) => Some(*conn),
            _ => None,
        });
        dialled.unwrap_or_else(|| panic!("no dial in {did:?}"))
    }

    fn live(&mut self, version: u64) -> ConnId {
        let conn = self.dialled();
        self.input(Input::Opened(conn));
        self.text(conn, &status(version, "processing"));
        assert_eq!(self.host.state.connection(), Connection::Live);
        conn
    }

    fn text(&mut self, conn: ConnId, text: &str) {
        self.input(Input::Text(conn, text));
    }

    fn problem(&self) -> &Problem {
        self.host.state.problem().expect("a problem")
    }

    /// Fails sockets until a poll is asked for.
    fn polled(&mut self) -> PollId {
        for _ in 0..1_000 {
            for did in self.did() {
                match did {
                    Did::Poll(id, _) => return id,
                    Did::Dial(conn) => self.input(Input::Failed(conn, Cause::Refused)),
                    _ => {}
                }
            }
            self.pass(100);
        }
        panic!("no poll")
    }
}

fn signature(text: &str) -> Signature {
    Signature::new(text).unwrap()
}

fn now(ms: u64) -> Now {
    Now {
        at: Time::from_millis(50_000 + ms),
        unix_ms: BEGAN_UNIX_MS + i64::try_from(ms).unwrap(),
    }
}

fn status(version: u64, status: &str) -> String {
    format!(r#"{{"type":"status","transfer":{}}}"#, transfer(version, status))
}

fn transfer(version: u64, status: &str) -> String {
    format!(
        r#"{{"id":"order-1042","status":"{status}","updatedAt":"2024-01-15T10:30:00.000Z","version":{version}}}"#
    )
}

fn error(code: &str, message: &str) -> String {
    format!(r#"{{"type":"error","code":"{code}","message":"{message}"}}"#)
}

fn answer(status: u16, body: &str) -> Answer<'_> {
    Answer {
        status,
        retry_after: None,
        date: None,
        body: body.as_bytes(),
    }
}

#[test]
fn a_payment_is_told_from_the_first_news_to_the_end() {
    let mut world = World::new(|_| {});
    let conn = world.live(1);
    world.text(conn, &status(2, "completed"));
    assert_eq!(world.step, Step::Over);
    assert_eq!(world.did(), [Did::Drop(conn)]);
    let told: Vec<_> = world
        .host
        .told
        .iter()
        .map(|event| match event {
            Event::Status(transfer) => transfer.status.as_str().to_owned(),
            Event::Connection(connection) => format!("{connection:?}"),
            Event::Closed(reason) => format!("{reason:?}"),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(told, ["Connecting", "processing", "Live", "completed", "Final"]);
    assert_eq!(world.host.state.outcome().unwrap().version, Some(2));
}

#[test]
fn a_frame_that_cannot_be_read_is_a_problem_with_its_field() {
    let mut world = World::new(|_| {});
    let conn = world.dialled();
    world.input(Input::Opened(conn));
    world.text(
        conn,
        &status(1, "pending").replace("2024-01-15T10:30:00.000Z", "yesterday"),
    );
    let field = |field: &str| ProblemKind::Malformed {
        field: field.to_owned(),
    };
    assert_eq!(world.problem().kind, field("updatedAt"));
    assert_eq!(world.did(), [Did::Drop(conn)]);

    world.pass(500);
    let conn = world.dialled();
    world.input(Input::Opened(conn));
    world.input(Input::NoText(conn, "binary"));
    assert_eq!(world.problem().kind, field("binary"));
}

#[test]
fn a_problem_is_gone_with_a_status_and_stands_on_the_wall_clock_until_then() {
    let mut world = World::new(|_| {});
    world.pass(80);
    let conn = world.dialled();
    world.input(Input::Failed(conn, Cause::Dns));
    let problem = world.problem().clone();
    assert_eq!((&problem.kind, problem.attempts), (&ProblemKind::Dns, 1));
    assert_eq!(problem.since.unix_millis(), BEGAN_UNIX_MS + 80);
    let Step::Wait(Some(sleep)) = world.step else {
        panic!("{:?}", world.step)
    };
    let next = problem.next_attempt.expect("a next attempt").unix_millis();
    assert_eq!(
        next,
        BEGAN_UNIX_MS + 80 + i64::try_from(sleep.as_millis()).unwrap()
    );

    world.pass(500);
    let conn = world.dialled();
    world.input(Input::Failed(conn, Cause::Dns));
    assert_eq!(
        (world.problem().attempts, world.problem().since),
        (2, problem.since)
    );

    world.pass(1_000);
    world.live(1);
    assert_eq!(world.host.state.problem(), None);
    assert!(world.host.told.contains(&Event::Problem(None)));
}

#[test]
fn since_when_stays_what_it_was_though_the_clock_on_the_wall_steps() {
    let mut world = World::new(|_| {});
    let mut since = Vec::new();
    for step_ms in [0, 1, -3_600_000] {
        let conn = world.dialled();
        let stepped = Now {
            unix_ms: now(world.ms).unix_ms + step_ms,
            ..now(world.ms)
        };
        let failed = Input::Failed(conn, Cause::Dns);
        world.step = world.driver.handle(stepped, failed, &mut world.host);
        world.sleep();
        since.push(world.problem().since.unix_millis());
        world.pass(2_000);
    }
    assert_eq!(since, [BEGAN_UNIX_MS; 3]);
}

#[test]
fn an_http_answer_in_place_of_a_socket_is_told_as_what_it_is() {
    for (status, kind) in [
        (404, ProblemKind::Http { status: 404 }),
        (302, ProblemKind::Redirect { status: Some(302) }),
        (200, ProblemKind::NotTheService),
        (101, ProblemKind::NotTheService),
    ] {
        let mut world = World::new(|_| {});
        let conn = world.dialled();
        world.input(Input::Answered(conn, answer(status, "")));
        assert_eq!(world.problem().kind, kind);
    }
    let mut world = World::new(|_| {});
    let conn = world.dialled();
    world.input(Input::Failed(conn, Cause::Redirect(0)));
    assert_eq!(world.problem().kind, ProblemKind::Redirect { status: None });
}

#[test]
fn a_pause_that_a_refused_upgrade_asks_for_is_kept() {
    for (retry_after, least) in [(Some("60"), 60_000), (None, 10_000)] {
        let mut world = World::new(|_| {});
        let conn = world.dialled();
        let limited = Answer {
            retry_after,
            ..answer(429, "")
        };
        world.input(Input::Answered(conn, limited));
        world.pass(least - 1);
        assert!(!world.did().iter().any(|did| matches!(did, Did::Dial(_))));
        world.pass(1_000);
        world.dialled();
    }
}

#[test]
fn what_the_server_said_explains_an_end_only_until_a_status_comes() {
    let mut world = World::new(|_| {});
    let conn = world.dialled();
    world.input(Input::Opened(conn));
    world.text(conn, &error("rate_limited", "too many watchers of this transfer"));
    assert!(matches!(
        world.host.told.last(),
        Some(Event::ServerError(body)) if body.message == "too many watchers of this transfer"
    ));
    world.text(conn, &status(1, "processing"));
    world.input(Input::Closed(conn, CloseCode::UNAUTHORIZED));
    let code = CloseCode::UNAUTHORIZED;
    assert_eq!(
        world.host.state.outcome(),
        Err(WatchError::Refused { code, message: None })
    );
}

#[test]
fn a_refusal_that_a_poll_met_ends_the_watch_in_the_words_of_the_service() {
    for (status, name, code) in [
        (401, "unauthorized", CloseCode::UNAUTHORIZED),
        (401, "expired", CloseCode::SIGNATURE_EXPIRED),
        (403, "forbidden", CloseCode::FORBIDDEN_ORIGIN),
    ] {
        let mut world = World::new(|_| {});
        let poll = world.polled();
        let body = error(name, "says the service");
        world.input(Input::Polled(poll, Ok(answer(status, &body))));
        assert_eq!(world.step, Step::Over, "{name}");
        let message = Some("says the service".to_owned());
        assert_eq!(
            world.host.state.outcome(),
            Err(WatchError::Refused { code, message })
        );
    }
}

#[test]
fn an_expired_signature_that_a_poll_met_is_replaced_where_there_is_a_way() {
    let mut world = World::new(|start| start.can_refresh = true);
    let poll = world.polled();
    let body = error("expired", "the signature has expired");
    world.input(Input::Polled(poll, Ok(answer(401, &body))));
    world.pass(30_000);
    assert!(matches!(
        world.did().last(),
        Some(Did::Refresh(_, RefreshReason::Expired))
    ));
}

#[test]
fn a_poll_that_is_answered_by_a_portal_or_not_at_all_is_told() {
    let mut world = World::new(|_| {});
    let poll = world.polled();
    world.input(Input::Polled(poll, Ok(answer(200, "<html>"))));
    assert_eq!(world.problem().kind, ProblemKind::NotTheService);
    let poll = world.polled();
    world.input(Input::Polled(poll, Ok(answer(200, r#"{"id":"order-1042"}"#))));
    assert_eq!(
        world.problem().kind,
        ProblemKind::Malformed {
            field: "status".to_owned()
        }
    );
    let poll = world.polled();
    world.input(Input::Polled(poll, Err(Cause::Certificate)));
    assert_eq!(world.problem().kind, ProblemKind::Certificate);
    let poll = world.polled();
    world.input(Input::Polled(poll, Ok(answer(200, &transfer(3, "processing")))));
    assert_eq!(world.host.state.problem(), None);
    assert_eq!(world.host.state.connection(), Connection::Polling);
    assert_eq!(world.host.state.stats().failed_polls, 3);
}

#[test]
fn a_refresh_that_fails_is_told_with_the_cause_of_the_source() {
    let mut world = World::new(|start| {
        start.signature = None;
        start.can_refresh = true;
    });
    let [Did::Refresh(id, RefreshReason::Missing)] = world.did()[..] else {
        panic!("a watch with no signature asks first")
    };
    let moved = SignatureError::retry("the backend is being moved");
    world.input(Input::Refreshed(id, Err(moved)));
    let kind = |cause: &str| ProblemKind::SignatureRefresh {
        cause: Some(cause.to_owned()),
    };
    assert_eq!(world.problem().kind, kind("the backend is being moved"));

    world.pass(500);
    let [Did::Refresh(_, RefreshReason::Missing)] = world.did()[..] else {
        panic!("it is asked again")
    };
    world.pass(30_000);
    assert_eq!(
        world.problem().kind,
        kind("the signature source has not answered in time")
    );
    world.pass(2_000);
    let Some(Did::Refresh(id, _)) = world.did().pop() else {
        panic!("and again")
    };
    let fresh = signature("fresh.one");
    world.input(Input::Refreshed(id, Ok(fresh.into())));
    let conn = world.dialled();
    world.input(Input::Opened(conn));
    world.text(conn, &error("expired", "the signature has expired"));
    world.input(Input::Closed(conn, CloseCode::SIGNATURE_EXPIRED));
    assert_eq!(
        world.problem().kind,
        kind("the service takes none of those that came")
    );
}

#[test]
fn a_signature_that_is_known_to_have_expired_is_not_presented_where_there_is_a_way_to_another() {
    let expires_in = |ms: i64| {
        let at = Timestamp::from_unix_millis(BEGAN_UNIX_MS + ms);
        FreshSignature::new(signature("fresh.one")).expires(at)
    };
    let mut world = World::new(|start| {
        start.signature = Some(expires_in(-1));
        start.can_refresh = true;
    });
    let [Did::Refresh(id, RefreshReason::Expired)] = world.did()[..] else {
        panic!("asks first")
    };
    // Good for a minute: once it is over, the next socket waits for another.
    world.input(Input::Refreshed(id, Ok(expires_in(60_000))));
    let conn = world.live(1);
    world.ms = 60_000;
    world.input(Input::Closed(conn, CloseCode::new(1012)));
    world.pass(500);
    assert!(matches!(
        world.did()[..],
        [Did::Refresh(_, RefreshReason::Expired)]
    ));

    let mut world = World::new(|start| start.signature = Some(expires_in(-1)));
    world.dialled();
}

#[test]
fn a_watch_with_no_signature_and_no_way_to_one_ends_at_once() {
    let mut world = World::new(|start| start.signature = None);
    assert_eq!(world.step, Step::Over);
    assert_eq!(world.did(), []);
    assert_eq!(world.host.state.outcome(), Err(WatchError::SignatureRefused));
}

#[test]
fn a_host_looks_at_the_clock_often_enough_to_notice_its_own_sleep() {
    let mut world = World::new(|_| {});
    let conn = world.live(1);
    assert_eq!(
        world.step,
        Step::Wait(Some(Duration::from_secs(5))),
        "though the ping is due in 20 s"
    );
    world.did();
    // Three hours of sleep in one of these: the timer had stood still, the clock had not.
    world.ms += 3 * 3_600_000;
    world.input(Input::Due);
    assert_eq!(world.did(), [Did::Ping(conn)]);
}

#[test]
fn where_the_clock_stands_still_nothing_happens() {
    let mut world = World::new(|_| {});
    world.live(1);
    world.did();
    for _ in 0..100 {
        world.input(Input::Due);
    }
    assert_eq!(world.did(), []);
}

#[test]
fn a_page_that_sleeps_has_no_socket_and_no_timer() {
    let mut world = World::new(|_| {});
    let conn = world.live(1);
    world.did();
    world.input(Input::Hint(Hint::Suspend));
    assert_eq!(world.did(), [Did::Drop(conn)]);
    assert_eq!(world.step, Step::Wait(None));
    world.ms += 3_600_000;
    world.input(Input::Hint(Hint::Resume));
    let did = world.did();
    assert!(
        matches!(did[..], [Did::Dial(_), Did::Poll(_, Some(1))]),
        "{did:?}"
    );
}

#[test]
fn what_was_done_is_counted() {
    let mut world = World::new(|_| {});
    let conn = world.dialled();
    world.input(Input::Failed(conn, Cause::Refused));
    world.pass(500);
    world.ms += 70;
    let began = world.ms;
    let conn = world.live(1);
    world.pass(6_000);
    world.input(Input::Closed(conn, CloseCode::new(1012)));
    world.pass(1_000);
    world.live(2);
    let stats = world.host.state.stats();
    assert_eq!((stats.dials, stats.failed_dials, stats.reconnects), (3, 1, 1));
    assert_eq!((stats.frames, stats.polls, stats.refreshes), (2, 0, 0));
    assert_eq!(stats.first_status_after, Some(Duration::from_millis(began)));
}

#[test]
fn the_user_closes_in_any_state() {
    for prepare in [
        |_: &mut World| {},
        |world: &mut World| {
            world.live(1);
        },
    ] {
        let mut world = World::new(|_| {});
        prepare(&mut world);
        world.input(Input::Close);
        assert_eq!(world.step, Step::Over);
        assert_eq!(world.host.told.last(), Some(&Event::Closed(CloseReason::User)));
        assert_eq!(world.host.state.outcome(), Err(WatchError::Closed));
    }
}
