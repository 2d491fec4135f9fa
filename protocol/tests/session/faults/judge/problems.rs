//! Nothing fails in silence.
//!
//! PROTOCOL.md: "What keeps a watch from being live is told to the user as data, at once and again when it changes, and is
//! gone when a status arrives. With it: since when, how many attempts, when the next one is. The client goes on trying all
//! the same."
//!
//! There are two ways to the service, sockets and polls, and each has its own problem. A poll's says more (a browser tells
//! no cause of a failed socket), unless it is only that nothing came. Where the same thing stands in both, that is one
//! problem: "since when" is the first attempt that it has kept from its end, "how many attempts" is all of them.

use super::Judge;
use transfer_status_protocol::session::{Cause, Problem};

/// What stands in one of the ways.
#[derive(Debug, Clone, Copy)]
pub(super) struct Obstacle {
    cause: Cause,
    /// By the host's clock.
    since: u64,
    attempts: u32,
}

/// What stands in the ways, as far as the trace tells.
#[derive(Debug, Default)]
pub(super) struct Obstacles {
    socket: Option<Obstacle>,
    polls: Option<Obstacle>,
    /// Something may have failed of which nothing is seen, or an answer may count or not.
    is_vague: bool,
}

impl Obstacles {
    pub(super) fn may_have_failed(&mut self) {
        self.is_vague = true;
    }

    /// Where there are no polls, nothing stands in their way.
    pub(super) fn no_polls(&mut self) {
        end(&mut self.polls, &mut self.socket);
    }

    fn must_be_told(&self) -> Option<Obstacle> {
        match (self.socket, self.polls) {
            (Some(socket), Some(polls)) if socket.cause == polls.cause => Some(Obstacle {
                cause: socket.cause,
                since: socket.since.min(polls.since),
                attempts: socket.attempts + polls.attempts,
            }),
            (Some(socket), Some(polls)) => match polls.cause {
                Cause::Unreachable | Cause::Timeout => Some(socket),
                _ => Some(polls),
            },
            (socket, polls) => socket.or(polls),
        }
    }
}

/// What stood in one way stands there no more. If it stands in the other one too, it is the same problem that goes on.
fn end(way: &mut Option<Obstacle>, other: &mut Option<Obstacle>) {
    let Some(ended) = way.take() else { return };
    if let Some(other) = other.as_mut().filter(|other| other.cause == ended.cause) {
        other.since = other.since.min(ended.since);
        other.attempts += ended.attempts;
    }
}

fn meet(way: &mut Option<Obstacle>, other: &mut Option<Obstacle>, causes: &[Cause], clock: u64) {
    for cause in causes {
        match way.as_mut().filter(|way| way.cause == *cause) {
            Some(way) => way.attempts += 1,
            None => {
                end(way, other);
                *way = Some(Obstacle {
                    cause: *cause,
                    since: clock,
                    attempts: 1,
                });
            }
        }
    }
}

impl Judge {
    pub(super) fn saw_problem(&mut self, problem: Option<Problem>) {
        self.moment.told_problem = true;
        let before = std::mem::replace(&mut self.problem, problem);
        // Every failure is told, also where another that is told already says more.
        let again = self.moment.has_failed() || self.obstacles.is_vague;
        self.check(before != problem || again, "tells the same problem twice");
    }

    /// What this step has put into the ways or out of them. A poll that fails beside a live link is in no way.
    fn note_obstacles(&mut self) {
        if self.moment.was_live && !self.moment.poll_failed.is_empty() {
            match self.is_live() {
                true => self.moment.poll_failed.clear(),
                false => self.obstacles.may_have_failed(),
            }
        }
        let news_by_poll = self.moment.updated && !self.moment.status_by_socket;
        if self.moment.status_by_socket || news_by_poll {
            self.obstacles = Obstacles::default();
        } else if self.moment.poll_answered {
            self.obstacles.no_polls();
        }
        let Obstacles { socket, polls, .. } = &mut self.obstacles;
        meet(socket, polls, &self.moment.failed, self.clock);
        meet(polls, socket, &self.moment.poll_failed, self.clock);
    }

    pub(super) fn check_problem(&mut self, wake: Option<u64>) {
        self.note_obstacles();
        self.check(
            !self.moment.has_failed() || self.moment.told_problem || self.obstacles.is_vague,
            "\"What keeps a watch from being live is told to the user as data, at once and again when it changes\"",
        );
        if let Some(problem) = self.problem.filter(|_| self.moment.told_problem) {
            self.check_told(problem, wake);
        }
        if self.obstacles.is_vague {
            return;
        }
        let must = self.obstacles.must_be_told();
        let told = self.problem.map(|told| (told.cause, told.attempts));
        if told != must.map(|must| (must.cause, must.attempts)) {
            self.fail(&format!(
                "what keeps the watch from being live, and \"is gone when a status arrives\": must be told {must:?}, is {:?}",
                self.problem
            ));
        }
        let since = (
            self.problem.map(|told| told.since.as_millis()),
            must.map(|must| must.since),
        );
        self.check(
            self.set_back || since.0 == since.1,
            "\"since when\": since the first attempt that failed for this cause",
        );
    }

    fn check_told(&self, problem: Problem, wake: Option<u64>) {
        self.check(problem.attempts >= 1, "a problem has been met at least once");
        self.check(
            self.set_back || problem.since.as_millis() <= self.clock,
            "a problem began before now",
        );
        if let Some(next) = problem.next_attempt {
            let next = self.now + next.as_millis().saturating_sub(self.clock);
            self.check(
                wake.is_some_and(|wake| wake <= next.max(self.now)),
                "the next attempt comes when it is said to",
            );
        }
    }
}
