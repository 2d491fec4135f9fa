//! What keeps a watch from being live, as it crosses the border.

use transfer_status::{Problem, ProblemKind};

/// What keeps a watch from being live. The watch goes on trying all the same.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct FfiProblem {
    /// What is wrong.
    pub kind: FfiProblemKind,
    /// Its stable name, such as `not-the-service`.
    pub name: String,
    /// A text for people that says what to do.
    pub text: String,
    /// When the first attempt failed for this reason, in milliseconds since 1970.
    pub since_millis: i64,
    /// How many attempts have failed since then, from 1.
    pub attempts: u32,
    /// When the next attempt begins, in milliseconds since 1970; none while one is under way.
    pub next_attempt_millis: Option<i64>,
}

/// The kinds of problem (PROTOCOL.md, "Problems").
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum FfiProblemKind {
    /// The host's name is not found.
    Dns,
    /// Nobody listens at the port.
    ConnectionRefused,
    /// There is no way to the host.
    Unreachable,
    /// Connecting, the first status, a pong or a poll took too long.
    Timeout,
    /// The certificate is not trusted, out of date or another host's.
    Certificate,
    /// TLS failed otherwise.
    Tls,
    /// A redirect in place of a socket or of an answer.
    Redirect {
        /// The HTTP status, where it is known.
        status: Option<u16>,
    },
    /// Another HTTP status that is no success.
    Http {
        /// The HTTP status.
        status: u16,
    },
    /// A success that is not the service's: a page, a portal.
    NotTheService,
    /// The socket ended before its first status had held.
    SocketClosed {
        /// The close code; 1005 or 1006 where there was none.
        code: u16,
    },
    /// A frame or an answer that cannot be read.
    Malformed {
        /// The field, or what is wrong with the whole.
        field: String,
    },
    /// Too many watchers of this transfer, or too many attempts.
    TooManyWatchers,
    /// There is no fresh signature, or those that came are expired or refused.
    SignatureRefresh {
        /// The cause in the words of who was asked.
        cause: Option<String>,
    },
    /// One that this library does not know; `name` says which.
    Other,
}

impl From<&ProblemKind> for FfiProblemKind {
    fn from(kind: &ProblemKind) -> Self {
        match kind {
            ProblemKind::Dns => Self::Dns,
            ProblemKind::Refused => Self::ConnectionRefused,
            ProblemKind::Unreachable => Self::Unreachable,
            ProblemKind::Timeout => Self::Timeout,
            ProblemKind::Certificate => Self::Certificate,
            ProblemKind::Tls => Self::Tls,
            ProblemKind::Redirect { status } => Self::Redirect { status: *status },
            ProblemKind::Http { status } => Self::Http { status: *status },
            ProblemKind::NotTheService => Self::NotTheService,
            ProblemKind::Closed { code } => Self::SocketClosed { code: code.get() },
            ProblemKind::Malformed { field } => Self::Malformed { field: field.clone() },
            ProblemKind::TooManyWatchers => Self::TooManyWatchers,
            ProblemKind::SignatureRefresh { cause } => Self::SignatureRefresh { cause: cause.clone() },
            _ => Self::Other,
        }
    }
}

impl From<&Problem> for FfiProblem {
    fn from(problem: &Problem) -> Self {
        Self {
            kind: FfiProblemKind::from(&problem.kind),
            name: problem.kind.as_str().to_owned(),
            text: problem.to_string(),
            since_millis: problem.since.unix_millis(),
            attempts: problem.attempts,
            next_attempt_millis: problem.next_attempt.map(|at| at.unix_millis()),
        }
    }
}
