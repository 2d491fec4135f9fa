//! Which of a room's sockets may be told something now, and which have to go first. Pure.
//!
//! The alarm closes sockets whose time is over, and may be late. So whoever tells something looks first; as long as the
//! first of them is not due that is one comparison.

use crate::domain::attachment::Attachment;

/// Why an open socket has to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// It had 10 s to subscribe.
    Unsubscribed,
    /// Its signature has expired, so it is told nothing any more.
    Expired,
    /// Another deploy wrote what it remembers.
    Unreadable,
}

/// What a socket remembers, where its time is not over at `now`, in Unix milliseconds.
///
/// # Errors
/// Why it has to go.
pub(crate) fn in_time(known: Option<Attachment>, now: i64) -> Result<Attachment, Over> {
    match known {
        Some(attachment) if now < attachment.due() => Ok(attachment),
        Some(Attachment::Unproven { .. }) => Err(Over::Unsubscribed),
        Some(Attachment::Watching { .. }) => Err(Over::Expired),
        None => Err(Over::Unreadable),
    }
}

/// Before when no open socket has to go; nothing is known until somebody has looked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct FirstDue(Option<i64>);

impl FirstDue {
    /// Whether some socket's time may be over at `now`.
    pub(crate) fn may_have_come(self, now: i64) -> bool {
        self.0.is_none_or(|due| due <= now)
    }

    /// With one socket more, or one that stands anew.
    pub(crate) fn with(self, attachment: Attachment) -> Self {
        Self(self.0.map(|due| due.min(attachment.due())))
    }
}

/// What a look at all open sockets has shown.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Look<S> {
    /// Those that have to go, and why.
    pub(crate) over: Vec<(S, Over)>,
    /// When an alarm is to look at the others.
    pub(crate) next_alarm: Option<i64>,
    /// Before when none of the others has to go.
    pub(crate) first_due: FirstDue,
}

impl<S> Look<S> {
    /// Looks at all open sockets, each with what it remembers.
    pub(crate) fn at(sockets: impl IntoIterator<Item = (S, Option<Attachment>)>, now: i64) -> Self {
        let mut over = Vec::new();
        let mut next_alarm: Option<i64> = None;
        let mut first_due = FirstDue(Some(i64::MAX));
        for (socket, known) in sockets {
            match in_time(known, now) {
                Ok(attachment) => {
                    next_alarm = next_alarm.into_iter().chain(attachment.alarm_at()).min();
                    first_due = first_due.with(attachment);
                }
                Err(why) => over.push((socket, why)),
            }
        }
        Self {
            over,
            next_alarm,
            first_due,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FirstDue, Look, Over, in_time};
    use crate::domain::attachment::Attachment;
    use crate::domain::view::View;

    const NOW: i64 = 1_700_000_000_000;

    fn watching(expiry: i64) -> Attachment {
        Attachment::Watching {
            expiry: u64::try_from(expiry / 1_000).unwrap(),
            blank: false,
            view: View::Current,
        }
    }

    #[test]
    fn a_signature_counts_to_the_end_of_its_last_second_and_no_further() {
        let last = watching(NOW);
        assert_eq!(in_time(Some(last), NOW + 999), Ok(last));
        assert_eq!(in_time(Some(last), NOW + 1_000), Err(Over::Expired));
    }

    #[test]
    fn each_socket_that_has_to_go_is_told_why() {
        let unproven = Attachment::Unproven { deadline: NOW };
        assert_eq!(in_time(Some(unproven), NOW - 1), Ok(unproven));
        assert_eq!(in_time(Some(unproven), NOW), Err(Over::Unsubscribed));
        assert_eq!(in_time(None, NOW), Err(Over::Unreadable));
    }

    #[test]
    fn a_look_parts_those_that_go_from_those_that_stay() {
        let unproven = Attachment::Unproven { deadline: NOW };
        let (over, soon, later) = (
            watching(NOW - 1_000),
            watching(NOW + 5_000),
            watching(NOW + 90_000),
        );
        let sockets = [
            (1, Some(later)),
            (2, Some(over)),
            (3, Some(soon)),
            (4, None),
            (5, Some(unproven)),
        ];
        let look = Look::at(sockets, NOW);
        assert_eq!(
            look.over,
            [(2, Over::Expired), (4, Over::Unreadable), (5, Over::Unsubscribed)]
        );
        assert_eq!(look.next_alarm, soon.alarm_at());
        assert!(!look.first_due.may_have_come(soon.due() - 1));
        assert!(look.first_due.may_have_come(soon.due()));
    }

    #[test]
    fn who_has_just_woken_looks_before_it_tells() {
        assert!(FirstDue::default().may_have_come(NOW));
        // A newcomer says nothing of those that were there.
        assert!(
            FirstDue::default()
                .with(watching(NOW + 60_000))
                .may_have_come(NOW)
        );
    }

    #[test]
    fn a_newcomer_that_is_due_first_is_looked_at_first() {
        let nobody = Look::<u32>::at([], NOW).first_due;
        assert!(!nobody.may_have_come(i64::MAX - 1));
        let newcomer = watching(NOW + 5_000);
        assert!(nobody.with(newcomer).may_have_come(newcomer.due()));
        let later = watching(NOW + 90_000);
        assert!(nobody.with(newcomer).with(later).may_have_come(newcomer.due()));
    }
}
