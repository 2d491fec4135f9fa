//! The operator's token, and why there may be none.

use std::fmt;

use subtle::{Choice, ConstantTimeEq};
use transfer_status_protocol::sign::Key;

use crate::edge::session::Sessions;

/// Fewest characters of an admin token: less can be found by trying.
pub(crate) const MIN_ADMIN_TOKEN: usize = 16;

/// The operator's token and, while it is changed, the one before it; and the sessions that stand for them. Debug
/// shows nothing of it.
#[derive(Clone)]
pub(crate) struct AdminTokens {
    current: String,
    previous: Option<String>,
    sessions: Sessions,
}

impl AdminTokens {
    /// Takes the tokens; `update_key` goes into the key of the sessions. `None` when a token is empty.
    pub(crate) fn new(current: &str, previous: Option<&str>, update_key: &Key) -> Option<Self> {
        Some(Self {
            current: current.to_owned(),
            previous: previous.map(str::to_owned),
            sessions: Sessions::of(current, previous, update_key)?,
        })
    }

    /// Whether it is one of them, compared in constant time.
    pub(crate) fn is(&self, given: &str) -> bool {
        let is = |token: &str| token.as_bytes().ct_eq(given.as_bytes());
        let previous = self.previous.as_deref().map_or(Choice::from(0), is);
        (is(&self.current) | previous).into()
    }

    /// The sessions of whoever has shown one.
    pub(crate) fn sessions(&self) -> &Sessions {
        &self.sessions
    }
}

impl fmt::Debug for AdminTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminTokens([redacted])")
    }
}

/// Why nothing opens the operator's part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is closed: ADMIN_TOKEN {}; set it with `wrangler secret put ADMIN_TOKEN`", self.fault())]
pub(crate) enum AdminClosed {
    /// There is no token.
    NotSet,
    /// It could be found by trying.
    TooShort,
    /// It is the signing key of this variable, which every backend has.
    IsKey(&'static str),
}

impl AdminClosed {
    /// What is wrong with the token.
    pub(crate) fn fault(self) -> String {
        match self {
            Self::NotSet => "is not set".to_owned(),
            Self::TooShort => format!("has under {MIN_ADMIN_TOKEN} characters"),
            Self::IsKey(name) => format!("is the same as the key in {name}"),
        }
    }
}
