//! A transfer's history of statuses, bounded: what the operator looks at when a payment got stuck. Pure.

use serde::{Deserialize, Serialize};
use transfer_status_protocol::{Status, Timestamp, Transfer};

/// How a transfer began is always kept.
const FIRST: usize = 8;
/// And so much of how it went on. Between the two the versions jump where entries were let go.
const NEWEST: usize = 120;

/// One change of a transfer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    /// The version that it made.
    pub(crate) version: u64,
    /// The status since then.
    pub(crate) status: Status,
    /// When.
    pub(crate) updated_at: Timestamp,
    /// The text for people, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
}

/// The changes of one transfer, oldest first: the first 8 and the newest 120.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Timeline(Vec<Entry>);

impl Timeline {
    /// The timeline with one change more.
    pub(crate) fn with(&self, transfer: &Transfer) -> Self {
        let mut entries = Vec::with_capacity(self.0.len() + 1);
        entries.extend_from_slice(&self.0);
        if entries.len() >= FIRST + NEWEST {
            entries.drain(FIRST..=entries.len() - NEWEST);
        }
        entries.push(Entry {
            version: transfer.version.unwrap_or(0),
            status: transfer.status.clone(),
            updated_at: transfer.updated_at,
            message: transfer.message.clone(),
        });
        Self(entries)
    }

    /// The entries, oldest first.
    #[cfg(test)]
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// As a JSON array.
    pub(crate) fn encode(&self) -> String {
        // Strings and numbers: nothing that could fail to be written.
        serde_json::to_string(self).unwrap_or_else(|_| "[]".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use transfer_status_protocol::{Status, Timestamp, Transfer, TransferId};

    use super::Timeline;

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
        assert_eq!(serde_json::from_str::<Timeline>(&text).unwrap(), timeline(2));
    }

    proptest! {
        #[test]
        fn the_beginning_and_the_newest_are_kept_however_long_it_goes_on(changes in 0..400_u64) {
            let timeline = timeline(changes);
            let versions: Vec<_> = timeline.entries().iter().map(|entry| entry.version).collect();
            let expected: Vec<_> = (1..=changes)
                .filter(|version| *version <= 8 || *version + 120 > changes)
                .collect();
            prop_assert_eq!(versions, expected);
        }
    }
}
