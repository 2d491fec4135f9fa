//! What a hibernating socket remembers: small, and with a version, so that a deploy can tell what
//! another one wrote.

use serde::Serialize;
use transfer_status_protocol::{DecodeError, json};

use crate::domain::pulse::Pulse;
use crate::domain::view::View;

/// A client has so long to send its `subscribe` (contract, "WebSocket").
pub(crate) const SUBSCRIBE_WITHIN_MS: i64 = 10_000;

const VERSION: u64 = 1;
/// Deadlines to subscribe share an alarm within a second, expiries within half a minute: an alarm
/// costs a written row, and 4410 may come up to 60 s late.
const DEADLINE_GRID_MS: i64 = 1_000;
const EXPIRY_GRID_MS: i64 = 30_000;
/// The end of the year 9999. A later expiry gets no alarm of its own.
const LAST_ALARM_MS: i64 = 253_402_300_799_000;

/// How a socket stands to its transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attachment {
    /// Has proved nothing yet.
    Unproven {
        /// Unix milliseconds by which it has to subscribe.
        deadline: i64,
    },
    /// Has shown a valid signature and gets every change.
    Watching {
        /// The last Unix second in which that signature is valid.
        expiry: u64,
        /// Nothing was stored or archived when it came. Only its room could have changed that since.
        blank: bool,
        /// Which API it speaks.
        view: View,
    },
}

#[derive(Serialize)]
struct Stored {
    v: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiry: Option<u64>,
    #[serde(skip_serializing_if = "is_default")]
    blank: bool,
    #[serde(skip_serializing_if = "is_default")]
    legacy: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    heard: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    full_at: Option<i64>,
}

fn is_default(flag: &bool) -> bool {
    !flag
}

impl Stored {
    fn decode(text: &str) -> Result<Self, DecodeError> {
        let [v, deadline, expiry, blank, legacy, heard, full_at] = json::fields(
            text,
            ["v", "deadline", "expiry", "blank", "legacy", "heard", "full_at"],
        )?;
        let (number, flag) = ("an integer", "true or false");
        Ok(Self {
            v: json::required(v, "v", number)?,
            deadline: json::optional(deadline, "deadline", number)?,
            expiry: json::optional(expiry, "expiry", number)?,
            blank: json::optional(blank, "blank", flag)?.unwrap_or_default(),
            legacy: json::optional(legacy, "legacy", flag)?.unwrap_or_default(),
            heard: json::optional(heard, "heard", number)?,
            full_at: json::optional(full_at, "full_at", number)?,
        })
    }
}

impl Attachment {
    /// The text that is kept with the socket.
    pub(crate) fn encode(self, pulse: Pulse) -> String {
        let mut stored = Stored {
            v: VERSION,
            deadline: None,
            expiry: None,
            blank: false,
            legacy: false,
            heard: Some(pulse.heard),
            full_at: Some(pulse.full_at),
        };
        match self {
            Self::Unproven { deadline } => stored.deadline = Some(deadline),
            Self::Watching { expiry, blank, view } => {
                stored.expiry = Some(expiry);
                stored.blank = blank;
                stored.legacy = view == View::Legacy;
            }
        }
        // Numbers and flags: nothing that could fail to be written.
        serde_json::to_string(&stored).unwrap_or_default()
    }

    /// Reads what [`Attachment::encode`] wrote; `None` when another deploy wrote something else. A socket of a deploy
    /// that kept no [`Pulse`] counts as heard of now.
    pub(crate) fn decode(text: &str, now: i64) -> Option<(Self, Pulse)> {
        let stored = Stored::decode(text).ok()?;
        let pulse = Pulse {
            heard: stored.heard.unwrap_or(now),
            full_at: stored.full_at.unwrap_or(now),
        };
        Some((Self::read(stored)?, pulse))
    }

    fn read(stored: Stored) -> Option<Self> {
        match stored {
            Stored {
                v: VERSION,
                deadline: Some(deadline),
                expiry: None,
                blank: false,
                legacy: false,
                ..
            } => Some(Self::Unproven { deadline }),
            Stored {
                v: VERSION,
                deadline: None,
                expiry: Some(expiry),
                blank,
                legacy,
                ..
            } => Some(Self::Watching {
                expiry,
                blank,
                view: View::of(legacy),
            }),
            _ => None,
        }
    }

    /// The first Unix millisecond at which the socket has to go.
    pub(crate) fn due(self) -> i64 {
        match self {
            Self::Unproven { deadline } => deadline,
            Self::Watching { expiry, .. } => i64::try_from(expiry)
                .unwrap_or(i64::MAX)
                .saturating_add(1)
                .saturating_mul(1_000),
        }
    }

    /// When an alarm is to look at it: not before [`Attachment::due`], and shared with its neighbours.
    pub(crate) fn alarm_at(self) -> Option<i64> {
        let grid = match self {
            Self::Unproven { .. } => DEADLINE_GRID_MS,
            Self::Watching { .. } => EXPIRY_GRID_MS,
        };
        let due = self.due();
        let at = due.saturating_add((grid - due.rem_euclid(grid)) % grid);
        (at <= LAST_ALARM_MS).then_some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::Attachment;
    use crate::domain::pulse::Pulse;
    use crate::domain::view::View;

    const NOW: i64 = 1_700_000_000_123;

    fn watching(expiry: u64) -> Attachment {
        Attachment::Watching {
            expiry,
            blank: false,
            view: View::Current,
        }
    }

    #[test]
    fn a_socket_remembers_how_it_stands() {
        for attachment in [
            Attachment::Unproven { deadline: NOW },
            Attachment::Unproven { deadline: i64::MAX },
            watching(0),
            watching(u64::MAX),
            Attachment::Watching {
                expiry: 7,
                blank: true,
                view: View::Current,
            },
            Attachment::Watching {
                expiry: 8,
                blank: false,
                view: View::Legacy,
            },
        ] {
            let pulse = Pulse::new(NOW).beat(NOW + 5).unwrap();
            let text = attachment.encode(pulse);
            assert_eq!(Attachment::decode(&text, NOW + 9), Some((attachment, pulse)));
        }
    }

    #[test]
    fn what_another_deploy_wrote_is_unknown_and_no_panic() {
        for text in [
            "",
            "null",
            "{}",
            r#"{"v":1}"#,
            r#"{"v":2,"expiry":5}"#,
            r#"{"v":1,"expiry":5,"deadline":6}"#,
            r#"{"v":1,"expiry":-5}"#,
            r#"{"v":1,"deadline":6,"blank":true}"#,
            r#"{"v":1,"deadline":6,"legacy":true}"#,
            r#"{"v":"1","expiry":5}"#,
        ] {
            assert_eq!(Attachment::decode(text, NOW), None, "{text}");
        }
    }

    #[test]
    fn a_socket_of_the_deploy_before_is_as_it_was_and_has_just_been_heard_of() {
        let text = r#"{"v":1,"expiry":5,"blank":true}"#;
        let (attachment, pulse) = Attachment::decode(text, NOW).unwrap();
        assert!(matches!(
            attachment,
            Attachment::Watching {
                expiry: 5,
                blank: true,
                ..
            }
        ));
        assert_eq!(pulse, Pulse::new(NOW));
    }

    #[test]
    fn a_signature_is_due_in_the_first_second_after_its_expiry() {
        assert_eq!(watching(1_700_000_000).due(), 1_700_000_001_000);
    }

    #[test]
    fn alarms_come_after_the_due_time_and_within_a_minute_of_expiry() {
        for step in 0..120_u64 {
            let watching = watching(1_700_000_000 + step);
            let late = watching.alarm_at().unwrap() - watching.due();
            assert!((0..30_000).contains(&late), "{late} ms late");

            let unproven = Attachment::Unproven {
                deadline: NOW + i64::try_from(step).unwrap() * 7,
            };
            let late = unproven.alarm_at().unwrap() - unproven.due();
            assert!((0..1_000).contains(&late), "{late} ms late");
        }
    }

    #[test]
    fn watchers_of_the_same_half_minute_share_one_alarm() {
        let at = |expiry| watching(expiry).alarm_at();
        assert_eq!(at(1_700_000_010), at(1_700_000_020));
    }

    #[test]
    fn an_expiry_past_all_calendars_gets_no_alarm() {
        assert_eq!(watching(u64::MAX).alarm_at(), None);
        assert_eq!(watching(253_402_300_800).alarm_at(), None);
    }

    #[test]
    fn what_sockets_of_each_release_remember_is_read() {
        let (old, new) = (
            include_str!("../../golden/1.0/attachments.txt"),
            include_str!("../../golden/1.1/attachments.txt"),
        );
        for (old, new) in old.lines().zip(new.lines()) {
            let (was, _) = Attachment::decode(old, NOW).unwrap();
            let (is, pulse) = Attachment::decode(new, NOW).unwrap();
            assert_eq!(was, is, "{old}");
            assert_eq!(is.encode(pulse), new);
        }
    }
}
