//! A transfer's history of statuses, bounded: what the operator looks at when a payment got stuck. Pure.

use std::cell::OnceCell;
use std::rc::Rc;

use serde::Serialize;
use transfer_status_protocol::{DecodeError, Status, Timestamp, Transfer, json};

/// How a transfer began is always kept.
const FIRST: usize = 8;
/// And so much of how it went on. Between the two the versions jump where entries were let go.
const NEWEST: usize = 120;

/// One change of a transfer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    /// The version that it made.
    pub(crate) version: u64,
    /// The status since then.
    pub(crate) status: Status,
    /// When.
    pub(crate) updated_at: Timestamp,
    /// The text for people, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    /// Which key signed it, by the fingerprint that the deploy guide tells how to make.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    /// The request that brought it, as the platform's own logs and the caller's `cf-ray` name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request: Option<String>,
    /// When it came in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) received_at: Option<Timestamp>,
}

/// Where a change comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Trail {
    /// The fingerprint of the key that signed it.
    pub(crate) key: Option<String>,
    /// The request that brought it.
    pub(crate) request: Option<String>,
    /// When it came in.
    pub(crate) received_at: Option<Timestamp>,
}

impl Entry {
    /// The change that made the transfer what it is.
    pub(crate) fn of(transfer: &Transfer) -> Self {
        Self {
            version: transfer.version.unwrap_or(0),
            status: transfer.status.clone(),
            updated_at: transfer.updated_at,
            message: transfer.message.clone(),
            key: None,
            request: None,
            received_at: None,
        }
    }

    fn decode(text: &str) -> Result<Self, DecodeError> {
        let [version, status, updated_at, message, key, request, received_at] = json::fields(
            text,
            [
                "version",
                "status",
                "updatedAt",
                "message",
                "key",
                "request",
                "receivedAt",
            ],
        )?;
        Ok(Self {
            version: json::required(version, "version", "an integer")?,
            status: json::required(status, "status", "a string")?,
            updated_at: json::required(updated_at, "updatedAt", "a time")?,
            message: json::optional(message, "message", "a string")?,
            key: json::optional(key, "key", "a string")?,
            request: json::optional(request, "request", "a string")?,
            received_at: json::optional(received_at, "receivedAt", "a time")?,
        })
    }
}

/// An entry with its JSON, which is written again with each of the changes that follow.
#[derive(Debug, Clone)]
struct Line {
    entry: Entry,
    text: OnceCell<String>,
}

impl Line {
    fn of(entry: Entry) -> Rc<Self> {
        let text = OnceCell::new();
        Rc::new(Self { entry, text })
    }

    fn text(&self) -> &str {
        // Strings and numbers: nothing that could fail to be written.
        self.text
            .get_or_init(|| serde_json::to_string(&self.entry).unwrap_or_default())
    }
}

/// So many changes lie beside the transfer, and are written with each; more of them move to where they are
/// written no more.
const MOST_FRESH: usize = 16;

/// The changes of one transfer, oldest first: the first 8 and the newest 120.
///
/// It lies in two parts, so that an update of a long-lived transfer writes no more than one of a young one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Timeline {
    settled: Rc<[Rc<Line>]>,
    fresh: Vec<Rc<Line>>,
}

impl Timeline {
    /// The timeline with one change more.
    pub(crate) fn with(&self, transfer: &Transfer) -> Self {
        let line = Line::of(Entry::of(transfer));
        if self.fresh.len() < MOST_FRESH {
            Self {
                settled: Rc::clone(&self.settled),
                fresh: self.fresh.iter().cloned().chain([line]).collect(),
            }
        } else {
            Self {
                settled: self.lines().cloned().collect(),
                fresh: vec![line],
            }
        }
    }

    /// Says where its last change comes from.
    pub(crate) fn trace(&mut self, trail: &Trail) {
        if let Some(line) = self.fresh.last_mut() {
            let Line { entry, text } = Rc::make_mut(line);
            entry.key.clone_from(&trail.key);
            entry.request.clone_from(&trail.request);
            entry.received_at = trail.received_at;
            text.take();
        }
    }

    /// Made of its two parts, as they were stored.
    pub(crate) fn of(settled: Vec<Entry>, fresh: Vec<Entry>) -> Self {
        Self {
            settled: settled.into_iter().map(Line::of).collect(),
            fresh: fresh.into_iter().map(Line::of).collect(),
        }
    }

    /// The entries, oldest first.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.lines().map(|line| &line.entry)
    }

    fn lines(&self) -> impl Iterator<Item = &Rc<Line>> {
        let count = self.settled.len() + self.fresh.len();
        let all = self.settled.iter().chain(&self.fresh).enumerate();
        all.filter(move |(place, _)| *place < FIRST || place + NEWEST >= count)
            .map(|(_, line)| line)
    }

    /// Whether the last change has moved others to the settled ones.
    pub(crate) fn has_just_settled(&self) -> bool {
        self.fresh.len() == 1 && !self.settled.is_empty()
    }

    /// All of it as a JSON array.
    pub(crate) fn encode(&self) -> String {
        encode(self.lines())
    }

    /// Those entries as a JSON array that are written with the transfer.
    pub(crate) fn encode_fresh(&self) -> String {
        encode(self.fresh.iter())
    }

    /// Those as a JSON array that have been written on their own.
    pub(crate) fn encode_settled(&self) -> String {
        encode(self.settled.iter())
    }
}

/// Two timelines are alike when they tell the same.
impl PartialEq for Timeline {
    fn eq(&self, other: &Self) -> bool {
        self.entries().eq(other.entries())
    }
}

/// Reads what [`Timeline::encode`] wrote; what is absent has no entry.
pub(crate) fn decode(text: Option<&str>) -> Result<Vec<Entry>, DecodeError> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let entries = json::items(text).ok_or(DecodeError::NotAnObject)?;
    entries
        .into_iter()
        .map(|entry| Entry::decode(entry.get()))
        .collect()
}

fn encode<'a>(lines: impl Iterator<Item = &'a Rc<Line>>) -> String {
    let mut text = String::from("[");
    for line in lines {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(line.text());
    }
    text.push(']');
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use transfer_status_protocol::{Status, Timestamp, Transfer, TransferId};

    use super::{FIRST, MOST_FRESH, NEWEST, Timeline, Trail};

    fn timeline(changes: u64) -> Timeline {
        (1..=changes).fold(Timeline::default(), |timeline, version| {
            let mut transfer = Transfer::new(
                TransferId::new("tr_1").unwrap(),
                Status::Processing,
                Timestamp::from_unix_millis(1_700_000_000_000 + i64::try_from(version).unwrap()),
            );
            transfer.version = Some(version);
            transfer.message = (version % 2 == 0).then(|| format!("step {version}"));
            timeline.with(&transfer)
        })
    }

    #[test]
    fn a_timeline_reads_as_the_payment_went() {
        let text = timeline(2).encode();
        assert_eq!(
            text,
            r#"[{"version":1,"status":"processing","updatedAt":"2023-11-14T22:13:20.001Z"},{"version":2,"status":"processing","updatedAt":"2023-11-14T22:13:20.002Z","message":"step 2"}]"#
        );
        let read = Timeline::of(Vec::new(), super::decode(Some(&text)).unwrap());
        assert_eq!(read, timeline(2));
    }

    #[test]
    fn a_change_tells_where_it_comes_from() {
        let mut timeline = timeline(1);
        timeline.trace(&Trail {
            key: Some("1a2b3c4d".to_owned()),
            request: Some("8f0c-FRA".to_owned()),
            received_at: Some(Timestamp::from_unix_millis(1_700_000_000_000)),
        });
        assert_eq!(
            timeline.encode(),
            r#"[{"version":1,"status":"processing","updatedAt":"2023-11-14T22:13:20.001Z","key":"1a2b3c4d","request":"8f0c-FRA","receivedAt":"2023-11-14T22:13:20.000Z"}]"#
        );
    }

    proptest! {
        #[test]
        fn the_beginning_and_the_newest_are_kept_however_long_it_goes_on(changes in 0..400_u64) {
            let timeline = timeline(changes);
            let versions: Vec<_> = timeline.entries().map(|entry| entry.version).collect();
            let expected: Vec<_> = (1..=changes)
                .filter(|version| *version <= 8 || *version + 120 > changes)
                .collect();
            prop_assert_eq!(versions, expected);
        }

        #[test]
        fn what_an_update_writes_does_not_grow(changes in 1..400_u64) {
            let timeline = timeline(changes);
            prop_assert!((1..=MOST_FRESH).contains(&timeline.fresh.len()));
            prop_assert!(timeline.settled.len() <= FIRST + NEWEST);
            // Whoever writes the settled ones only when they have just settled has all of them written.
            let written = (1..=changes).rev().find_map(|earlier| {
                let earlier = super::tests::timeline(earlier);
                earlier.has_just_settled().then(|| earlier.encode_settled())
            });
            prop_assert_eq!(written.unwrap_or("[]".to_owned()), timeline.encode_settled());
        }
    }
}
