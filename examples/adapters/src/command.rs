//! The commands, one JSON object a line.

use serde::Deserialize;

/// A command with all the members that any of them has. One that is not known is ignored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Command {
    pub(crate) cmd: String,
    /// The watch's name.
    #[serde(default)]
    pub(crate) watch: String,
    #[serde(default)]
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) transfer_id: String,
    pub(crate) signature: Option<String>,
    #[serde(default)]
    pub(crate) refresh: bool,
    #[serde(default)]
    pub(crate) allow_plain_text: bool,
    #[serde(default)]
    pub(crate) hint: String,
    /// Of a question for a signature, or of a command about a QR payload.
    #[serde(default)]
    pub(crate) id: u64,
    #[serde(default)]
    pub(crate) outcome: String,
    #[serde(default)]
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) text: String,
    #[serde(default)]
    pub(crate) page: String,
}
