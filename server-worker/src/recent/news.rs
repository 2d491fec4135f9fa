//! What an operator's feed says. Pure.

/// What an operator hears of.
pub(super) enum News<'a> {
    /// A transfer has changed.
    Change {
        /// Its JSON.
        doc: &'a str,
        /// How many watch it.
        watchers: usize,
    },
    /// A transfer was deleted.
    Removal {
        /// Its id.
        id: &'a str,
    },
}

impl News<'_> {
    /// The feed's message, in JSON.
    pub(super) fn message(&self) -> String {
        match self {
            Self::Change { doc, watchers } => {
                format!(r#"{{"type":"change","transfer":{doc},"watchers":{watchers}}}"#)
            }
            // An id has no sign that JSON would escape.
            Self::Removal { id } => format!(r#"{{"type":"removal","transferId":"{id}"}}"#),
        }
    }
}
