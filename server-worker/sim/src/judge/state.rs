//! A state of a transfer, read out of the JSON that was stored, sent or shown.

use serde_json::Value;

/// A state of a transfer, as far as anybody outside can tell states apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct State {
    pub(crate) version: u64,
    pub(crate) updated_at: String,
    pub(crate) status: String,
    pub(crate) message: Option<String>,
}

impl State {
    pub(crate) fn of(transfer: &Value) -> Option<Self> {
        Some(Self {
            version: transfer.get("version")?.as_u64()?,
            updated_at: transfer.get("updatedAt")?.as_str()?.to_owned(),
            status: transfer.get("status")?.as_str()?.to_owned(),
            message: transfer
                .get("message")
                .and_then(Value::as_str)
                .map(ToOwned::to_owned),
        })
    }

    /// Of a text that is a transfer.
    pub(crate) fn of_transfer(text: &str) -> Option<Self> {
        Self::of(&serde_json::from_str(text).ok()?)
    }

    /// Of what a room stores or the archive holds.
    pub(crate) fn of_stored(text: &str) -> Option<Self> {
        let text = text.split_once('\n').map_or(text, |(_, text)| text);
        Self::of(serde_json::from_str::<Value>(text).ok()?.get("transfer")?)
    }

    /// Of a text that is a transfer, or a message with one.
    pub(crate) fn of_message(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        Self::of(value.get("transfer").unwrap_or(&value))
    }

    /// Whether both are the same version of one record.
    pub(crate) fn is_version_of(&self, other: &Self) -> bool {
        (self.version, &self.updated_at) == (other.version, &other.updated_at)
    }

    pub(crate) fn is_final(&self) -> bool {
        matches!(self.status.as_str(), "completed" | "failed" | "cancelled")
    }
}
