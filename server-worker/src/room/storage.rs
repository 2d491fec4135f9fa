//! A room's storage: one entry, the transfer as it is shown to everybody, with its latest changes; and for a
//! transfer that lives long a second one, with those before.
//!
//! Rows written are what storage costs, so a change writes one, each seventeenth of a transfer two, and a read
//! of a transfer that nobody has reported writes none. The entries lie in the key-value side of the object's
//! SQLite, whose table the platform makes unbilled; `CREATE TABLE` in a room of its own would cost two rows more
//! a transfer.

use worker::wasm_bindgen::JsCast;
use worker::wasm_bindgen::prelude::*;
use worker::wasm_bindgen_futures::JsFuture;
use worker::worker_sys::DurableObjectStorage;

use crate::domain::record::Record;
use crate::domain::removal::Tombstone;
use crate::domain::timeline;

/// The layout of the entry. A later deploy may write a higher one; this one then serves nothing
/// rather than overwrite what it cannot read.
const SCHEMA: u32 = 1;
const TRANSFER: &str = "transfer";
/// The part of the timeline that has settled, a JSON array; absent while none has.
const SETTLED: &str = "timeline";
/// What is left of a transfer that was deleted: `<Unix milliseconds> <1 while something is owed, else 0>`. It has a key
/// of its own, so that an earlier release finds no transfer.
const DELETION: &str = "deleted";

#[wasm_bindgen]
extern "C" {
    type WithKv;

    #[wasm_bindgen(method, getter)]
    fn kv(this: &WithKv) -> Kv;

    /// The synchronous key-value side of SQLite: it commits as a statement would.
    type Kv;

    #[wasm_bindgen(method, catch)]
    fn get(this: &Kv, key: &str) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn put(this: &Kv, key: &str, value: &str) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    fn delete(this: &Kv, key: &str) -> Result<JsValue, JsValue>;
}

/// What went wrong with the entry.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StorageError {
    /// The platform refused.
    #[error("the database failed: {0}")]
    Failed(String),
    /// Another deploy wrote a layout that this one does not know.
    #[error("the entry has layout {found}, this deploy knows {SCHEMA}; deploy the newer version again")]
    Newer {
        /// The entry's layout.
        found: u32,
    },
    /// The entry does not hold a transfer.
    #[error("the entry cannot be read: {0}")]
    Broken(&'static str),
}

impl From<worker::Error> for StorageError {
    fn from(error: worker::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<JsValue> for StorageError {
    fn from(error: JsValue) -> Self {
        Self::Failed(format!("{error:?}"))
    }
}

/// The entries of one room.
pub(crate) struct Storage {
    platform: DurableObjectStorage,
    kv: Kv,
}

impl Storage {
    /// Touches nothing yet.
    pub(crate) fn new(platform: &worker::Storage) -> Self {
        let platform: &JsValue = platform.as_raw().as_ref();
        Self {
            kv: platform.unchecked_ref::<WithKv>().kv(),
            platform: platform.clone().unchecked_into(),
        }
    }

    /// Reads the transfer; `None` before its first update, and after all was deleted. Writes nothing.
    pub(crate) fn load(&self) -> Result<Option<Record>, StorageError> {
        match self.kv.get(TRANSFER)?.as_string() {
            Some(text) => decode(&text, self.kv.get(SETTLED)?.as_string().as_deref()).map(Some),
            None => Ok(None),
        }
    }

    /// Writes the transfer: one row, or two, in one transaction. It is durable before any answer or frame that
    /// follows leaves the object, for the platform holds these back until then.
    pub(crate) fn save(&self, record: &Record) -> Result<(), StorageError> {
        if record.timeline.has_just_settled() {
            self.kv.put(SETTLED, &record.timeline.encode_settled())?;
        }
        Ok(self.kv.put(TRANSFER, &encode(record))?)
    }

    /// [`Storage::save`] of a transfer that is not one change further than what is stored.
    pub(crate) fn replace(&self, record: &Record) -> Result<(), StorageError> {
        self.kv.delete(SETTLED)?;
        self.save(record)
    }

    /// Deletes the transfer, and leaves the tombstone in its place.
    pub(crate) fn delete(&self, tombstone: Tombstone) -> Result<(), StorageError> {
        self.note_deletion(tombstone)?;
        self.kv.delete(SETTLED)?;
        self.kv.delete(TRANSFER)?;
        Ok(())
    }

    /// What is left of a deleted transfer.
    pub(crate) fn deletion(&self) -> Result<Option<Tombstone>, StorageError> {
        match self.kv.get(DELETION)?.as_string() {
            Some(text) => decode_deletion(&text)
                .map(Some)
                .ok_or(StorageError::Broken("it holds no tombstone")),
            None => Ok(None),
        }
    }

    /// Writes the tombstone.
    pub(crate) fn note_deletion(&self, tombstone: Tombstone) -> Result<(), StorageError> {
        Ok(self.kv.put(DELETION, &encode_deletion(tombstone))?)
    }

    /// Forgets that a transfer was deleted.
    pub(crate) fn forget_deletion(&self) -> Result<(), StorageError> {
        self.kv.delete(DELETION)?;
        Ok(())
    }

    /// Waits until all that was written is durable: for what leaves by another object, whom the platform does not
    /// hold back.
    pub(crate) async fn durable(&self) -> Result<(), StorageError> {
        JsFuture::from(self.platform.sync()?).await?;
        Ok(())
    }
}

fn encode_deletion(tombstone: Tombstone) -> String {
    format!("{} {}", tombstone.deleted_at, u8::from(tombstone.is_owed))
}

fn decode_deletion(text: &str) -> Option<Tombstone> {
    let (deleted_at, is_owed) = text.split_once(' ')?;
    Some(Tombstone {
        deleted_at: deleted_at.parse().ok()?,
        is_owed: match is_owed {
            "0" => false,
            "1" => true,
            _ => return None,
        },
    })
}

fn encode(record: &Record) -> String {
    format!("{SCHEMA}\n{}", record.row())
}

/// The record of an entry; `settled` is the other entry, where there is one.
pub(crate) fn decode(text: &str, settled: Option<&str>) -> Result<Record, StorageError> {
    let (schema, text) = text.split_once('\n').unwrap_or_default();
    match schema.parse() {
        Ok(SCHEMA) => {
            let settled =
                timeline::decode(settled).map_err(|_| StorageError::Broken("its timeline is none"))?;
            Record::from_row(text, settled).ok_or(StorageError::Broken("it holds no transfer"))
        }
        Ok(found) => Err(StorageError::Newer { found }),
        Err(_) => Err(StorageError::Broken("it names no layout")),
    }
}

#[cfg(test)]
mod tests {
    use transfer_status_protocol::{Status, Timestamp, Transfer, TransferId};

    use super::{StorageError, decode, decode_deletion, encode, encode_deletion};
    use crate::domain::record::Record;
    use crate::domain::removal::Tombstone;

    #[test]
    fn an_entry_comes_back_as_it_was_stored() {
        let id = TransferId::new("tr_1").unwrap();
        let mut transfer = Transfer::new(
            id,
            Status::Pending,
            Timestamp::from_unix_millis(1_700_000_000_000),
        );
        transfer.version = Some(1);
        transfer.message = Some("two\nlines".into());
        let record = Record::changed(transfer, None, Some("PENDING".into()));
        assert_eq!(decode(&encode(&record), None).unwrap(), record);
    }

    #[test]
    fn a_long_timeline_comes_back_from_both_entries() {
        let at = Timestamp::from_unix_millis(1_700_000_000_000);
        let mut transfer = Transfer::new(TransferId::new("tr_1").unwrap(), Status::Processing, at);
        let mut stored: Option<(Record, Option<String>)> = None;
        for version in 1..=40 {
            transfer.version = Some(version);
            let before = stored.as_ref().map(|(record, _)| record);
            let record = Record::changed(transfer.clone(), before, None);
            let settled = match record.timeline.has_just_settled() {
                true => Some(record.timeline.encode_settled()),
                false => stored.and_then(|(_, settled)| settled),
            };
            assert_eq!(decode(&encode(&record), settled.as_deref()).unwrap(), record);
            stored = Some((record, settled));
        }
        assert_eq!(stored.unwrap().0.timeline.entries().count(), 40);
    }

    #[test]
    fn a_tombstone_comes_back_as_it_was_stored() {
        for is_owed in [false, true] {
            let tombstone = Tombstone {
                deleted_at: 1_700_000_000_000,
                is_owed,
            };
            assert_eq!(decode_deletion(&encode_deletion(tombstone)), Some(tombstone));
        }
        for text in ["", "1", "1 ", "1 2", "x 0", "1 0 0"] {
            assert_eq!(decode_deletion(text), None, "{text}");
        }
    }

    #[test]
    fn an_entry_of_a_later_deploy_is_left_alone() {
        assert!(matches!(
            decode("2\n{}", None),
            Err(StorageError::Newer { found: 2 })
        ));
        for text in ["", "1", "1\n", "1\n{}", "one\n{}"] {
            assert!(
                matches!(decode(text, None), Err(StorageError::Broken(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn what_each_release_has_stored_is_read() {
        for (entry, settled) in [
            (
                include_str!("../../golden/1.0/entry.txt"),
                include_str!("../../golden/1.0/timeline.json"),
            ),
            (
                include_str!("../../golden/1.1/entry.txt"),
                include_str!("../../golden/1.1/timeline.json"),
            ),
        ] {
            let record = decode(entry, Some(settled)).unwrap();
            assert_eq!((record.version(), record.word.as_deref()), (18, Some("SETTLED")));
            assert!(record.doc.contains(r#""amount":12.10"#), "{}", record.doc);
            let versions: Vec<_> = record.timeline.entries().map(|entry| entry.version).collect();
            assert_eq!(versions, (1..=18).collect::<Vec<_>>());
            assert_eq!(
                (
                    encode(&record).as_str(),
                    record.timeline.encode_settled().as_str()
                ),
                (entry, settled)
            );
        }
    }
}
