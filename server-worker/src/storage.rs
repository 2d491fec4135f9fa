//! A room's SQLite: one row, the transfer as it is shown to everybody.
//!
//! Rows written are what storage costs, so a change writes one, and a read of a transfer that nobody
//! has reported writes none: the table comes with the first update.

use std::cell::Cell;

use transfer_status_protocol::Transfer;
use worker::{SqlStorage, SqlStorageValue};

/// The layout of the row. A later deploy may write a higher one; this one then serves nothing
/// rather than overwrite what it cannot read.
const SCHEMA: i64 = 1;

const HAS_TABLE: &str = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'transfer'";
const CREATE: &str = "CREATE TABLE IF NOT EXISTS transfer (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    schema INTEGER NOT NULL,
    version INTEGER NOT NULL,
    doc TEXT NOT NULL
)";
const LOAD: &str = "SELECT schema, doc FROM transfer WHERE id = 1";
const SAVE: &str = "INSERT INTO transfer (id, schema, version, doc) VALUES (1, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET schema = excluded.schema, version = excluded.version, doc = excluded.doc";

/// A transfer together with its JSON, which goes into the row, the answer and the frame alike.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Record {
    /// The transfer.
    pub(crate) transfer: Transfer,
    /// The same as JSON.
    pub(crate) doc: String,
}

impl Record {
    /// Encodes a transfer, once for all its uses.
    pub(crate) fn new(transfer: Transfer) -> Self {
        Self {
            doc: transfer.encode(),
            transfer,
        }
    }

    /// Its version; 0 while nothing has been reported.
    pub(crate) fn version(&self) -> u64 {
        self.transfer.version.unwrap_or(0)
    }
}

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
            [SqlStorageValue::Integer(SCHEMA), SqlStorageValue::String(doc)] => {
                let transfer =
                    Transfer::decode(doc).map_err(|_| StorageError::Broken("its JSON is no transfer"))?;
                Ok(Some(Record {
                    transfer,
                    doc: doc.clone(),
                }))
            }
            [SqlStorageValue::Integer(found), _] => Err(StorageError::Newer { found: *found }),
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
            ],
        )?;
        Ok(())
    }
}
