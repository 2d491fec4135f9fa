//! A shard's SQLite: one row a slot, written again by whoever has the slot. No index besides the key, for
//! each would be another row to write.

use transfer_status_protocol::Transfer;
use worker::{SqlStorage, SqlStorageValue};

use super::index::{Entry, Index};
use crate::storage::StorageError;

const CREATE: &str = "CREATE TABLE IF NOT EXISTS entry (slot INTEGER PRIMARY KEY, doc TEXT NOT NULL)";
const HAS_TABLE: &str = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'entry'";
const LOAD: &str = "SELECT slot, doc FROM entry";
const SAVE: &str =
    "INSERT INTO entry (slot, doc) VALUES (?, ?) ON CONFLICT (slot) DO UPDATE SET doc = excluded.doc";

/// The rows of one shard.
pub(super) struct Rows {
    sql: SqlStorage,
}

impl Rows {
    /// Touches nothing yet.
    pub(super) fn new(sql: SqlStorage) -> Self {
        Self { sql }
    }

    /// Reads the whole list. A row that cannot be read is passed over: its transfer is listed again with
    /// its next change.
    pub(super) fn load(&self) -> Result<Index, StorageError> {
        let mut index = Index::default();
        if self
            .sql
            .exec(HAS_TABLE, None)?
            .raw()
            .next()
            .transpose()?
            .is_none()
        {
            return Ok(index);
        }
        for row in self.sql.exec(LOAD, None)?.raw() {
            if let [SqlStorageValue::Integer(slot), SqlStorageValue::String(doc)] = row?.as_slice()
                && let (Ok(slot), Ok(transfer)) = (u32::try_from(*slot), Transfer::decode(doc))
            {
                index.restore(slot, &transfer, doc.clone());
            }
        }
        Ok(index)
    }

    /// Writes one entry: one row.
    pub(super) fn save(&self, entry: &Entry) -> Result<(), StorageError> {
        // Costs nothing where the table is there.
        self.sql.exec(CREATE, None)?;
        let slot = i64::from(entry.slot);
        self.sql
            .exec(SAVE, vec![slot.into(), entry.doc.as_str().into()])?;
        Ok(())
    }
}
