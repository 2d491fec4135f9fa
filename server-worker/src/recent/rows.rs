//! A shard's SQLite: one row a page of the list. No index besides the key, for each would be another row to
//! write.

use worker::{SqlStorage, SqlStorageValue};

use super::index::Index;
use crate::room::storage::StorageError;

const CREATE: &str = "CREATE TABLE IF NOT EXISTS page (page INTEGER PRIMARY KEY, entries TEXT NOT NULL)";
const HAS_TABLE: &str = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'page'";
const LOAD: &str = "SELECT page, entries FROM page ORDER BY page";
const SAVE: &str = "INSERT INTO page (page, entries) VALUES (?, ?) ON CONFLICT (page) DO UPDATE SET entries = excluded.entries";

/// The rows of one shard.
pub(super) struct Rows {
    sql: SqlStorage,
}

impl Rows {
    /// Touches nothing yet.
    pub(super) fn new(sql: SqlStorage) -> Self {
        Self { sql }
    }

    /// Reads the whole list.
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
            if let [SqlStorageValue::Integer(page), SqlStorageValue::String(entries)] = row?.as_slice()
                && let Ok(page) = u32::try_from(*page)
            {
                index.restore(page, entries);
            }
        }
        Ok(index)
    }

    /// Writes one page: one row.
    pub(super) fn save(&self, page: u32, entries: &str) -> Result<(), StorageError> {
        // Costs nothing where the table is there.
        self.sql.exec(CREATE, None)?;
        self.sql
            .exec(SAVE, vec![i64::from(page).into(), entries.into()])?;
        Ok(())
    }
}
