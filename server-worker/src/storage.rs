//! A room's SQLite: one row, the transfer as it is shown to everybody, with its timeline.
//!
//! Rows written are what storage costs, so a change writes one, and a read of a transfer that nobody
//! has reported writes none: the table comes with the first update.

use std::cell::Cell;

use transfer_status_protocol::Transfer;
use worker::{SqlStorage, SqlStorageValue};

use crate::record::Record;
use crate::timeline::Timeline;

/// The layout of the row. A later deploy may write a higher one; this one then serves nothing
/// rather than overwrite what it cannot read.
const SCHEMA: i64 = 1;

const HAS_TABLE: &str = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'transfer'";
const CREATE: &str = "CREATE TABLE IF NOT EXISTS transfer (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    schema INTEGER NOT NULL,
    version INTEGER NOT NULL,
    doc TEXT NOT NULL,
    timeline TEXT NOT NULL,
    word TEXT
)";
const LOAD: &str = "SELECT schema, doc, timeline, word FROM transfer WHERE id = 1";
const SAVE: &str = "INSERT INTO transfer (id, schema, version, doc, timeline, word) VALUES (1, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET schema = excluded.schema, version = excluded.version, doc = excluded.doc,
        timeline = excluded.timeline, word = excluded.word";

/// What went wrong with the row.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StorageError {
    /// The platform refused the statement.
    #[error("the database failed: {0}")]
    Sql(#[from] worker::Error),
    /// Another deploy wrote a layout that this one does not know.
    #[error("the row has layout {found}, this deploy knows {SCHEMA}; deploy the newer version again")]
    Newer {
        /// The row's layout.
        found: i64,
    },
    /// The row does not hold a transfer.
    #[error("the row cannot be read: {0}")]
    Broken(&'static str),
}

/// The row of one room.
pub(crate) struct Storage {
    sql: SqlStorage,
    has_table: Cell<bool>,
}

impl Storage {
    /// Touches nothing yet.
    pub(crate) fn new(sql: SqlStorage) -> Self {
        Self {
            sql,
            has_table: Cell::new(false),
        }
    }

    /// Reads the transfer; `None` before its first update. Writes nothing.
    pub(crate) fn load(&self) -> Result<Option<Record>, StorageError> {
        if self
            .sql
            .exec(HAS_TABLE, None)?
            .raw()
            .next()
            .transpose()?
            .is_none()
        {
            return Ok(None);
        }
        self.has_table.set(true);
        let Some(row) = self.sql.exec(LOAD, None)?.raw().next().transpose()? else {
            return Ok(None);
        };
        match row.as_slice() {
            [
                SqlStorageValue::Integer(SCHEMA),
                SqlStorageValue::String(doc),
                SqlStorageValue::String(timeline),
                word,
            ] => Ok(Some(Record {
                transfer: Transfer::decode(doc)
                    .map_err(|_| StorageError::Broken("its JSON is no transfer"))?,
                doc: doc.clone(),
                timeline: Timeline::decode(timeline)
                    .ok_or(StorageError::Broken("its timeline is no list of changes"))?,
                word: match word {
                    SqlStorageValue::String(word) => Some(word.clone()),
                    _ => None,
                },
            })),
            [SqlStorageValue::Integer(found), ..] if *found != SCHEMA => {
                Err(StorageError::Newer { found: *found })
            }
            _ => Err(StorageError::Broken("its columns have other types")),
        }
    }

    /// Writes the transfer: one row. It is durable before any answer or frame that follows leaves the
    /// object, for the platform holds these back until then.
    pub(crate) fn save(&self, record: &Record) -> Result<(), StorageError> {
        if !self.has_table.get() {
            self.sql.exec(CREATE, None)?;
            self.has_table.set(true);
        }
        let version = i64::try_from(record.version()).unwrap_or(i64::MAX);
        self.sql.exec(
            SAVE,
            vec![
                SCHEMA.into(),
                SqlStorageValue::try_from_i64(version)?,
                record.doc.as_str().into(),
                record.timeline.encode().into(),
                record.word.clone().into(),
            ],
        )?;
        Ok(())
    }

    /// Notes that everything was deleted, the table too.
    pub(crate) fn emptied(&self) {
        self.has_table.set(false);
    }
}
