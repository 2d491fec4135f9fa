//! A transfer with what a room keeps beside it, and the text that the archive holds of it. Pure.

use serde_json::value::RawValue;
use transfer_status_protocol::{DecodeError, Transfer, json};

use crate::domain::outbox::{Held, Mark, Written};
use crate::domain::timeline::{self, Entry, Timeline, Trail};
use crate::domain::unconfirmed::Unconfirmed;
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
    /// Set while the archive, which may know more, has not been asked.
    pub(crate) unconfirmed: Option<Unconfirmed>,
}

/// What the archive holds of a transfer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Copy {
    /// The transfer with what is kept beside it.
    pub(crate) record: Record,
    /// When it was written there, in Unix milliseconds; earlier releases did not say.
    pub(crate) written_at: Option<i64>,
    /// Whether the recent index had it by then.
    pub(crate) is_listed: bool,
}

impl Copy {
    /// What it says of itself, where it is of just this state. One of the first release does not say when it was written.
    pub(crate) fn written(&self, record: &Record) -> Option<Written> {
        let at = self.written_at.filter(|_| self.record.is_same(record))?;
        let is_listed = self.is_listed;
        Some(Written { at, is_listed })
    }

    fn decode(text: &str, settled: Vec<Entry>) -> Result<Self, DecodeError> {
        let [transfer, fresh, word, unconfirmed, archived_at, listed] = json::fields(
            text,
            [
                "transfer",
                "timeline",
                "word",
                "unconfirmed",
                "archivedAt",
                "listed",
            ],
        )?;
        let doc = transfer.ok_or(DecodeError::Missing { field: "transfer" })?.get();
        Ok(Self {
            record: Record {
                transfer: Transfer::decode(doc)?,
                doc: doc.to_owned(),
                timeline: Timeline::of(settled, timeline::decode(fresh.map(RawValue::get))?),
                word: json::optional(word, "word", "a string")?,
                unconfirmed: Unconfirmed::decode(unconfirmed)?,
            },
            written_at: json::optional(archived_at, "archivedAt", "an integer")?,
            is_listed: json::optional(listed, "listed", "true or false")?.unwrap_or_default(),
        })
    }
}

impl Record {
    /// A transfer that nobody has reported: nothing to keep.
    pub(crate) fn announced(transfer: Transfer) -> Self {
        Self {
            doc: transfer.encode(),
            transfer,
            timeline: Timeline::default(),
            word: None,
            unconfirmed: None,
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
            unconfirmed: None,
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
            mark: self.mark(),
            is_final: self.transfer.status.is_final(),
            is_confirmed: self.unconfirmed.is_none(),
        }
    }

    /// Which state of the transfer it is.
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            updated_at: self.transfer.updated_at.unix_millis(),
            version: self.version(),
        }
    }

    /// Whether both say the same of the transfer.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.doc == other.doc && self.word == other.word
    }

    /// What the archive keeps: `{"transfer":…,"timeline":[…],"word":…,"archivedAt":…,"listed":…}`.
    pub(crate) fn archive(&self, now_unix_millis: i64, is_listed: bool) -> String {
        let copied = format!(r#","archivedAt":{now_unix_millis},"listed":{is_listed}"#);
        self.with_timeline(&self.timeline.encode(), &copied)
    }

    /// What a room writes with each change: the transfer with the fresh part of the timeline.
    pub(crate) fn row(&self) -> String {
        let unconfirmed = match &self.unconfirmed {
            Some(unconfirmed) => format!(r#","unconfirmed":{}"#, unconfirmed.encode()),
            None => String::new(),
        };
        self.with_timeline(&self.timeline.encode_fresh(), &unconfirmed)
    }

    fn with_timeline(&self, timeline: &str, more: &str) -> String {
        let word = match &self.word {
            // A string can always be written.
            Some(word) => format!(r#","word":{}"#, serde_json::to_string(word).unwrap_or_default()),
            None => String::new(),
        };
        format!(r#"{{"transfer":{},"timeline":{timeline}{word}{more}}}"#, self.doc)
    }

    /// Reads what [`Record::archive`] made, in this release or an earlier one; `None` when it is something else.
    pub(crate) fn from_archive(text: &str) -> Option<Copy> {
        Copy::decode(text, Vec::new()).ok()
    }

    /// Reads what [`Record::row`] made; `settled` is the other part of the timeline.
    pub(crate) fn from_row(text: &str, settled: Vec<Entry>) -> Option<Self> {
        Copy::decode(text, settled).ok().map(|copy| copy.record)
    }

    /// What the recent index lists: the transfer without its metadata, which may be 8 KiB, but with the `currency` that
    /// is said there, and with the backend's `word` for the status where it is one of its own.
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
        if let Some(currency) = self.currency()
            && doc.pop() == Some('}')
        {
            doc.push_str(&format!(r#","currency":"{currency}"}}"#));
        }
        doc
    }

    /// The code of ISO 4217 under `currency` in the metadata, where there is one of that shape.
    fn currency(&self) -> Option<String> {
        let metadata = self.transfer.metadata.as_ref()?;
        let [currency] = json::fields(metadata.as_json(), ["currency"]).ok()?;
        let code: String = json::required(currency, "currency", "a string").ok()?;
        (code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase())).then_some(code)
    }
}

#[cfg(test)]
mod tests {
    use transfer_status_protocol::{Metadata, Status, Timestamp, Transfer, TransferId};

    use super::Record;
    use crate::domain::unconfirmed::Unconfirmed;

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
            let copy = Record::from_archive(&record.archive(5, true)).unwrap();
            assert_eq!((copy.written_at, copy.is_listed), (Some(5), true));
            assert_eq!(copy.record, record);
            assert!(copy.record.doc.contains("12.10"), "{}", copy.record.doc);
        }
    }

    #[test]
    fn what_an_earlier_release_has_archived_is_read() {
        let text = r#"{"transfer":{"id":"tr_1","status":"failed","updatedAt":"2024-01-15T10:30:00.000Z","version":2},"timeline":[],"word":"FAILED"}"#;
        let copy = Record::from_archive(text).unwrap();
        assert_eq!((copy.written_at, copy.is_listed), (None, false));
        assert_eq!(copy.record.version(), 2);
    }

    #[test]
    fn a_row_remembers_that_it_is_unconfirmed() {
        let mut record = record(None);
        record.unconfirmed = Some(Unconfirmed::default());
        assert!(!record.held().is_confirmed);
        assert_eq!(Record::from_row(&record.row(), Vec::new()), Some(record));
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
    fn the_list_shows_the_currency_that_the_metadata_names() {
        let shown = |metadata: &str| {
            let mut record = record(Some("SETTLED"));
            record.transfer.metadata = Some(Metadata::from_json(metadata).unwrap());
            let listed = record.listed();
            assert_eq!(Transfer::decode(&listed).unwrap().metadata, None, "{listed}");
            let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
            assert_eq!(listed["word"], "SETTLED");
            listed["currency"].as_str().map(str::to_owned)
        };
        assert_eq!(shown(r#"{"order":7,"currency":"EUR"}"#).as_deref(), Some("EUR"));
        for other in ["\"eur\"", "\"EURO\"", "\"E\\\"R\"", "7", "null", "[\"EUR\"]"] {
            assert_eq!(shown(&format!(r#"{{"currency":{other}}}"#)), None, "{other}");
        }
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
            let copy = Record::from_archive(text).unwrap();
            let record = &copy.record;
            assert_eq!((record.version(), record.timeline.entries().count()), (18, 18));
            let again = record.archive(1_700_000_100_000, true);
            assert_eq!(Record::from_archive(&again).unwrap().record, *record);
            // The first release did not say when it wrote, nor what the list had.
            if let Some(written_at) = copy.written_at {
                assert_eq!(record.archive(written_at, copy.is_listed), text);
            }
        }
    }
}
