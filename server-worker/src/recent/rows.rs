//! A shard's SQLite: one row a page of the list. No index besides the key, for each would be another row to
//! write. What is seldom written lies in tables of its own, which are made when they are first needed: deletions, and how
//! many shards there were.

use worker::{SqlStorage, SqlStorageValue};

use super::index::Index;
use crate::room::storage::StorageError;

const CREATE: &str = "CREATE TABLE IF NOT EXISTS page (page INTEGER PRIMARY KEY, entries TEXT NOT NULL)";
const HAS_TABLE: &str = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?";
const LOAD: &str = "SELECT page, entries FROM page ORDER BY page";
const SAVE: &str = "INSERT INTO page (page, entries) VALUES (?, ?) ON CONFLICT (page) DO UPDATE SET entries = excluded.entries";

const CREATE_DELETED: &str =
    "CREATE TABLE IF NOT EXISTS deleted (id TEXT PRIMARY KEY, deleted_at INTEGER NOT NULL) WITHOUT ROWID";
const LOAD_DELETED: &str = "SELECT id, deleted_at FROM deleted";
const SAVE_DELETED: &str = "INSERT INTO deleted (id, deleted_at) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET deleted_at = max(deleted_at, excluded.deleted_at)";
const FORGET_DELETED: &str = "DELETE FROM deleted WHERE deleted_at < ?";
const FORGET_DELETION: &str = "DELETE FROM deleted WHERE id = ?";
const CREATE_SPREAD: &str =
    "CREATE TABLE IF NOT EXISTS spread (one INTEGER PRIMARY KEY CHECK (one = 1), shards INTEGER NOT NULL)";
const LOAD_SPREAD: &str = "SELECT shards FROM spread";
const SAVE_SPREAD: &str =
    "INSERT INTO spread (one, shards) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET shards = excluded.shards";

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
        if self.has("page")? {
            for row in self.sql.exec(LOAD, None)?.raw() {
                if let [SqlStorageValue::Integer(page), SqlStorageValue::String(entries)] = row?.as_slice()
                    && let Ok(page) = u32::try_from(*page)
                {
                    index.restore(page, entries);
                }
            }
        }
        if self.has("deleted")? {
            for row in self.sql.exec(LOAD_DELETED, None)?.raw() {
                if let [SqlStorageValue::String(id), SqlStorageValue::Integer(deleted_at)] = row?.as_slice() {
                    index.remember_deleted(id, *deleted_at);
                }
            }
        }
        Ok(index)
    }

    fn has(&self, table: &str) -> Result<bool, StorageError> {
        let found = self.sql.exec(HAS_TABLE, vec![table.into()])?.raw().next();
        Ok(found.transpose()?.is_some())
    }

    /// Writes down that a transfer was deleted.
    pub(super) fn save_deleted(&self, id: &str, deleted_at: i64) -> Result<(), StorageError> {
        self.sql.exec(CREATE_DELETED, None)?;
        self.sql.exec(SAVE_DELETED, vec![id.into(), deleted_at.into()])?;
        Ok(())
    }

    /// Forgets one deletion, which was written down.
    pub(super) fn forget_deletion(&self, id: &str) -> Result<(), StorageError> {
        self.sql.exec(FORGET_DELETION, vec![id.into()])?;
        Ok(())
    }

    /// Forgets the deletions before a Unix millisecond.
    pub(super) fn forget_deleted(&self, before: i64) -> Result<(), StorageError> {
        if self.has("deleted")? {
            self.sql.exec(FORGET_DELETED, vec![before.into()])?;
        }
        Ok(())
    }

    /// Over how many shards the list was spread when that was last written down.
    pub(super) fn spread(&self) -> Result<Option<u16>, StorageError> {
        if !self.has("spread")? {
            return Ok(None);
        }
        match self
            .sql
            .exec(LOAD_SPREAD, None)?
            .raw()
            .next()
            .transpose()?
            .as_deref()
        {
            Some([SqlStorageValue::Integer(shards)]) => Ok(u16::try_from(*shards).ok()),
            _ => Ok(None),
        }
    }

    /// Writes down over how many shards the list is spread.
    pub(super) fn save_spread(&self, shards: u16) -> Result<(), StorageError> {
        self.sql.exec(CREATE_SPREAD, None)?;
        self.sql.exec(SAVE_SPREAD, vec![i64::from(shards).into()])?;
        Ok(())
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
