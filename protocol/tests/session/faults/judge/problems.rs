//! Nothing fails in silence.
//!
//! PROTOCOL.md: "What keeps a watch from being live is told to the user as data, at once and again when it changes, and is
//! gone when a status arrives … With it: since when, how many attempts, when the next one is. A client goes on trying all
//! the same."

use super::Judge;
use transfer_status_protocol::session::Problem;

impl Judge {
    pub(super) fn saw_problem(&mut self, problem: Option<Problem>) {
        self.moment.told_problem = true;
        let before = std::mem::replace(&mut self.problem, problem);
        self.check(
            before != problem || Self::tolerates("F6"),
            "tells the same problem twice",
        );
        let Some(problem) = problem else { return };
        self.check(problem.attempts >= 1, "a problem has been met at least once");
        self.check(
            self.set_back || problem.since.as_millis() <= self.clock,
            "a problem began before now",
        );
        if let Some(before) = before.filter(|before| before.cause == problem.cause) {
            self.check(
                problem.attempts >= before.attempts,
                "attempts are counted from the first that failed for this cause",
            );
            self.check(
                self.set_back || problem.since == before.since,
                "since when the same problem stands in the way",
            );
        }
    }

    pub(super) fn check_problem(&mut self, wake: Option<u64>) {
        if self.moment.status_by_socket {
            self.met.clear();
            self.polls_fail = false;
        }
        self.polls_fail |= !self.moment.poll_failed.is_empty();
        self.met.extend(self.moment.failed.iter());
        self.met.extend(self.moment.poll_failed.iter());
        let must_be = &self.moment.failed;
        match self.problem {
            None => self.check(
                must_be.is_empty(),
                "\"What keeps a watch from being live is told to the user as data, at once\"",
            ),
            Some(problem) => {
                // Where polls fail too, theirs may be the cause that is told; the user hears that it was met again.
                let changed =
                    must_be.contains(&problem.cause) || (self.polls_fail && self.moment.told_problem);
                self.check(
                    must_be.is_empty() || changed,
                    "a problem is told \"again when it changes\"",
                );
                let gone = self.moment.status_by_socket && must_be.is_empty();
                self.check(!gone, "a problem \"is gone when a status arrives\"");
                self.check(self.met.contains(&problem.cause), "a problem that nobody has met");
                if let Some(next) = problem.next_attempt
                    && self.moment.told_problem
                {
                    let next = self.now + next.as_millis().saturating_sub(self.clock);
                    self.check(
                        wake.is_some_and(|wake| wake <= next.max(self.now)),
                        "the next attempt comes when it is said to",
                    );
                }
            }
        }
    }
}
