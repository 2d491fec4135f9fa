//! When a room's one alarm is set anew. Setting it costs a written row and asking costs none, so it is only ever moved
//! forward, but for the rest of a transfer that has ended. Pure.

use crate::domain::outbox::Policy;

/// What the alarm is to be set for, that it comes no later than `at`; `None`: it does as it is. All in Unix milliseconds.
pub(crate) fn no_later_than(set_for: Option<i64>, at: i64) -> Option<i64> {
    match set_for {
        Some(set_for) if set_for <= at => None,
        _ => Some(at),
    }
}

impl Policy {
    /// What the alarm is to be set for, that it comes at `at` or within a retry's time after it, and no later than the first
    /// socket is to be looked at; `None`: it does as it is. With `alone` an earlier one is moved there: nothing else waits
    /// for it.
    pub(crate) fn rest(
        &self,
        set_for: Option<i64>,
        at: i64,
        first_socket: Option<i64>,
        alone: bool,
    ) -> Option<i64> {
        if let Some(due) = first_socket.filter(|due| *due < at) {
            return no_later_than(set_for, due);
        }
        let latest = at.saturating_add(self.retry_ms);
        let latest = first_socket.map_or(latest, |due| due.min(latest));
        match set_for {
            Some(set_for) if (at..=latest).contains(&set_for) => None,
            Some(set_for) if set_for < at && !alone => None,
            _ => Some(at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::no_later_than;
    use crate::domain::outbox::Policy;

    const POLICY: Policy = Policy {
        retry_ms: 10,
        quiet_ms: 0,
        grace_ms: 0,
    };

    #[test]
    fn an_alarm_that_comes_in_time_is_left_as_it_is() {
        assert_eq!(no_later_than(None, 5), Some(5));
        assert_eq!(no_later_than(Some(6), 5), Some(5));
        assert_eq!(no_later_than(Some(5), 5), None);
    }

    #[test]
    fn a_room_that_rests_takes_an_alarm_that_is_a_little_late() {
        assert_eq!(POLICY.rest(None, 100, None, false), Some(100));
        assert_eq!(POLICY.rest(Some(110), 100, None, false), None);
        assert_eq!(POLICY.rest(Some(111), 100, None, false), Some(100));
    }

    #[test]
    fn an_early_alarm_is_moved_only_where_nothing_else_waits_for_it() {
        assert_eq!(POLICY.rest(Some(50), 100, None, false), None);
        assert_eq!(POLICY.rest(Some(50), 100, None, true), Some(100));
    }

    #[test]
    fn a_socket_that_is_due_first_is_looked_at_first() {
        assert_eq!(POLICY.rest(Some(60), 100, Some(40), true), Some(40));
        assert_eq!(POLICY.rest(Some(40), 100, Some(40), true), None);
        // It is due while the room rests on: the alarm may be no later than that.
        assert_eq!(POLICY.rest(Some(110), 100, Some(105), false), Some(100));
        assert_eq!(POLICY.rest(Some(104), 100, Some(105), false), None);
    }
}
