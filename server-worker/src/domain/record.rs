//! A transfer with what a room keeps beside it, and the text that the archive holds of it. Pure.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use transfer_status_protocol::Transfer;

use crate::domain::outbox::Held;
use crate::domain::timeline::{self, Entry, Timeline, Trail};
use crate::domain::word;

/// A transfer together with its JSON, which goes into the row, the answer and the frame alike.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Record {
    /// The transfer.
    pub(crate) transfer: Transfer,
    /// The same as JSON.
    pub(crate) doc: String,
    /// How it came there.
    pub(crate) timeline: Timeline,
    /// The word that a backend of the field's API used for the status.
    pub(crate) word: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Archived<'a> {
    #[serde(borrow)]
    transfer: &'a RawValue,
    #[serde(default)]
    timeline: Vec<Entry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    word: Option<String>,
}

impl Record {
    /// A transfer that nobody has reported: nothing to keep.
    pub(crate) fn announced(transfer: Transfer) -> Self {
        Self {
            doc: transfer.encode(),
            transfer,
            timeline: Timeline::default(),
            word: None,
        }
    }

    /// A transfer as it has just become, after `before`.
    pub(crate) fn changed(transfer: Transfer, before: Option<&Self>, word: Option<String>) -> Self {
        let timeline = match before {
            Some(before) => before.timeline.with(&transfer),
            None => Timeline::default().with(&transfer),
        };
        Self {
            doc: transfer.encode(),
            transfer,
            timeline,
            word,
        }
    }

    /// The same, with where its last change comes from.
    pub(crate) fn traced(mut self, trail: &Trail) -> Self {
        self.timeline.trace(trail);
        self
    }

    /// Its version; 0 while nothing has been reported.
    pub(crate) fn version(&self) -> u64 {
        self.transfer.version.unwrap_or(0)
    }

    /// What the outbox asks about it.
    pub(crate) fn held(&self) -> Held {
        Held {
            version: self.version(),
            is_final: self.transfer.status.is_final(),
            updated_at: self.transfer.updated_at.unix_millis(),
        }
    }

    /// What the archive keeps: `{"transfer":…,"timeline":[…],"word":…}`.
    pub(crate) fn archive(&self) -> String {
        self.with_timeline(&self.timeline.encode())
    }

    /// What a room writes with each change: the same with the fresh part of the timeline alone.
    pub(crate) fn row(&self) -> String {
        self.with_timeline(&timeline::encode(self.timeline.fresh()))
    }

    fn with_timeline(&self, timeline: &str) -> String {
        let word = match &self.word {
            Some(word) => format!(r#","word":{}"#, serde_json::Value::from(word.as_str())),
            None => String::new(),
        };
        format!(r#"{{"transfer":{},"timeline":{timeline}{word}}}"#, self.doc)
    }

    /// Reads what [`Record::archive`] made; `None` when it is something else.
    pub(crate) fn from_archive(text: &str) -> Option<Self> {
        Self::from_row(text, Vec::new())
    }

    /// Reads what [`Record::row`] made; `settled` is the other part of the timeline.
    pub(crate) fn from_row(text: &str, settled: Vec<Entry>) -> Option<Self> {
        let archived: Archived<'_> = serde_json::from_str(text).ok()?;
        let doc = archived.transfer.get();
        Some(Self {
            transfer: Transfer::decode(doc).ok()?,
            doc: doc.to_owned(),
            timeline: Timeline::of(settled, archived.timeline),
            word: archived.word,
        })
    }

    /// What the recent index lists: the transfer without its metadata, which may be 8 KiB, and with the
    /// backend's `word` for the status where it is one of its own.
    pub(crate) fn listed(&self) -> String {
        let mut doc = if self.transfer.metadata.is_none() {
            self.doc.clone()
        } else {
            let mut transfer = self.transfer.clone();
            transfer.metadata = None;
            transfer.encode()
        };
        let status = &self.transfer.status;
        let word = word::shown(status, self.word.as_deref());
        if word != word::shown(status, None) && doc.pop() == Some('}') {
            doc.push_str(&format!(r#","word":"{word}"}}"#));
        }
        doc
    }
}

#[cfg(test)]
mod tests {
    use transfer_status_protocol::{Metadata, Status, Timestamp, Transfer, TransferId};

    use super::Record;

    fn record(word: Option<&str>) -> Record {
        let at = Timestamp::from_unix_millis(1_700_000_000_123);
        let mut transfer = Transfer::new(TransferId::new("tr_1").unwrap(), Status::Pending, at);
        transfer.version = Some(1);
        transfer.metadata = Some(Metadata::from_json(r#"{"order":7}"#).unwrap());
        let first = Record::changed(transfer.clone(), None, None);
        transfer.status = Status::Completed;
        transfer.version = Some(2);
        transfer.amount = Some("12.10".parse().unwrap());
        Record::changed(transfer, Some(&first), word.map(str::to_owned))
    }

    #[test]
    fn what_is_archived_comes_back_byte_for_byte() {
        for word in [None, Some("SETTLED"), Some("a \"quoted\" word")] {
            let record = record(word);
            let back = Record::from_archive(&record.archive()).unwrap();
            assert_eq!(back, record);
            assert!(back.doc.contains("12.10"), "{}", back.doc);
        }
    }

    #[test]
    fn what_is_no_archive_is_none_and_no_panic() {
        for text in [
            "",
            "{}",
            "null",
            r#"{"transfer":{}}"#,
            r#"{"transfer":{"id":"a"},"timeline":7}"#,
        ] {
            assert_eq!(Record::from_archive(text), None, "{text}");
        }
    }

    #[test]
    fn the_list_shows_all_but_the_metadata() {
        let record = record(None);
        let listed = Transfer::decode(&record.listed()).unwrap();
        assert_eq!(listed.metadata, None);
        assert_eq!(
            (listed.status, listed.version),
            (record.transfer.status.clone(), Some(2))
        );
        assert!(!record.listed().contains("word"), "{}", record.listed());
    }

    #[test]
    fn the_list_shows_the_backends_own_word() {
        let shown = |word| {
            let listed = record(Some(word)).listed();
            assert!(Transfer::decode(&listed).is_ok(), "{listed}");
            serde_json::from_str::<serde_json::Value>(&listed).unwrap()["word"].clone()
        };
        assert_eq!(shown("SETTLED"), "SETTLED");
        for plain in ["COMPLETED", "FAILED", "no word at all"] {
            assert!(shown(plain).is_null());
        }
    }

    #[test]
    fn what_each_release_has_archived_is_read_and_written_the_same() {
        for text in [
            include_str!("../../golden/1.0/archive.json"),
            include_str!("../../golden/1.1/archive.json"),
        ] {
            let record = Record::from_archive(text).unwrap();
            assert_eq!((record.version(), record.timeline.entries().count()), (18, 18));
            assert_eq!(record.archive(), text);
        }
    }
}
