//! What keeps a watch from being live, as data: to match on, and to print (PROTOCOL.md, section 9).

use std::fmt;

use super::Event;
use crate::close::CloseCode;
use crate::timestamp::Timestamp;

/// What stands between a watch and being live, since when, and when it is tried again.
///
/// A watch goes on trying whatever the problem is. It prints as a text that says what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// What is wrong.
    pub kind: ProblemKind,
    /// When the first attempt failed for this reason.
    pub since: Timestamp,
    /// How many attempts have failed since then, from 1.
    pub attempts: u32,
    /// When the next attempt begins; `None` while one is under way.
    pub next_attempt: Option<Timestamp>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

/// What keeps a watch from being live.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The host's name is not found.
    Dns,
    /// The connection was refused: nobody listens at the port.
    Refused,
    /// There is no way to the host; also where a host, such as a browser, tells no cause.
    Unreachable,
    /// Connecting, the first status, a pong or a poll took too long.
    Timeout,
    /// The certificate is not trusted, out of date or another host's.
    Certificate,
    /// TLS failed otherwise.
    Tls,
    /// A redirect in place of a socket or of an answer. It is not followed: the signature is for the service alone.
    Redirect {
        /// The HTTP status, `None` where the host does not tell.
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
    Closed {
        /// The close code; 1005 or 1006 where there was none.
        code: CloseCode,
    },
    /// A frame or an answer that cannot be read.
    Malformed {
        /// The field, or what is wrong with the whole.
        field: String,
    },
    /// Too many watchers of this transfer, or too many attempts.
    TooManyWatchers,
    /// There is no fresh signature, or those that came have expired already.
    SignatureRefresh {
        /// The cause in the words of the signature source.
        cause: Option<String>,
    },
}

impl ProblemKind {
    /// The stable name: `dns`, `refused`, `unreachable`, `timeout`, `certificate`, `tls`, `redirect`, `http`,
    /// `not-the-service`, `closed`, `malformed`, `too-many-watchers` or `signature-refresh`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::Certificate => "certificate",
            Self::Tls => "tls",
            Self::Redirect { .. } => "redirect",
            Self::Http { .. } => "http",
            Self::NotTheService => "not-the-service",
            Self::Closed { .. } => "closed",
            Self::Malformed { .. } => "malformed",
            Self::TooManyWatchers => "too-many-watchers",
            Self::SignatureRefresh { .. } => "signature-refresh",
        }
    }
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns => {
                f.write_str("the service's host name was not found; check the URL and the name servers")
            }
            Self::Refused => {
                f.write_str("the connection was refused; check the host and port of the service's URL")
            }
            Self::Unreachable => f.write_str("the service cannot be reached; check the network"),
            Self::Timeout => f.write_str("the service did not answer in time; check the network"),
            Self::Certificate => f.write_str(
                "the service's certificate was not accepted; check the URL, the clock and the trusted roots",
            ),
            Self::Tls => {
                f.write_str("TLS with the service failed; check that its port speaks TLS (https://)")
            }
            Self::Redirect { status: Some(status) } => write!(
                f,
                "the service's URL redirects (HTTP {status}); give the address that it leads to"
            ),
            Self::Redirect { status: None } => {
                f.write_str("the service's URL redirects; give the address that it leads to")
            }
            Self::Http { status: 429 } => {
                f.write_str("too many requests (HTTP 429); the watch waits before it tries again")
            }
            Self::Http { status } if *status >= 500 => write!(
                f,
                "the service cannot serve now (HTTP {status}); the watch tries again"
            ),
            Self::Http { status } => write!(
                f,
                "the service's URL answers with HTTP {status}; check the URL and the path in it"
            ),
            Self::NotTheService => f.write_str(
                "the answer is not the service's but a page's or a portal's; check the URL and the network",
            ),
            Self::Closed { code } => write!(
                f,
                "the socket was closed with code {code} before the status had held; the watch tries again"
            ),
            Self::Malformed { field } => write!(
                f,
                "what the service sent cannot be read ({field}); update this client, or check the service's URL"
            ),
            Self::TooManyWatchers => {
                f.write_str("too many watchers of this transfer; close some, the watch tries again")
            }
            Self::SignatureRefresh { cause: Some(cause) } => write!(
                f,
                "no fresh signature is available ({cause}); check the backend that signs"
            ),
            Self::SignatureRefresh { cause: None } => {
                f.write_str("no fresh signature is available; check the backend that signs")
            }
        }
    }
}

/// What of a watch's problems is worth a warning in the log: each kind once, not each attempt.
#[derive(Debug, Default)]
pub struct Warnings {
    last: Option<ProblemKind>,
}

impl Warnings {
    /// The name of the problem and a text to log, if this event is to be warned of.
    ///
    /// The text is without the words of a signature source, which may hold anything.
    pub fn of(&mut self, event: &Event) -> Option<(&'static str, String)> {
        let Event::Problem(problem) = event else {
            return None;
        };
        let kind = problem.as_ref().map(|problem| &problem.kind);
        if self.last.as_ref() == kind {
            return None;
        }
        self.last = kind.cloned();
        let text = match kind? {
            ProblemKind::SignatureRefresh { .. } => ProblemKind::SignatureRefresh { cause: None }.to_string(),
            kind => kind.to_string(),
        };
        kind.map(|kind| (kind.as_str(), text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(kind: ProblemKind, attempts: u32) -> Event {
        Event::Problem(Some(Problem {
            kind,
            since: Timestamp::from_unix_millis(0),
            attempts,
            next_attempt: None,
        }))
    }

    #[test]
    fn each_kind_is_warned_of_once_and_again_when_it_comes_back() {
        let mut warnings = Warnings::default();
        let mut warned = |event: &Event| warnings.of(event).map(|(name, _)| name);
        assert_eq!(warned(&met(ProblemKind::Dns, 1)), Some("dns"));
        for attempts in 2..50 {
            assert_eq!(warned(&met(ProblemKind::Dns, attempts)), None);
        }
        assert_eq!(warned(&met(ProblemKind::Http { status: 404 }, 1)), Some("http"));
        assert_eq!(warned(&met(ProblemKind::Http { status: 503 }, 1)), Some("http"));
        assert_eq!(warned(&Event::Problem(None)), None);
        assert_eq!(warned(&met(ProblemKind::Http { status: 503 }, 1)), Some("http"));
    }

    #[test]
    fn the_words_of_a_signature_source_do_not_reach_the_log() {
        let cause = Some("https://shop.example/sign?key=secret".to_owned());
        let event = met(ProblemKind::SignatureRefresh { cause }, 1);
        let (name, text) = Warnings::default().of(&event).unwrap();
        assert_eq!(name, "signature-refresh");
        assert!(!text.contains("secret"), "{text}");
    }

    #[test]
    fn each_kind_has_a_name_for_programs_and_a_text_that_says_what_to_do() {
        let kinds = [
            (ProblemKind::Dns, "dns"),
            (ProblemKind::Refused, "refused"),
            (ProblemKind::Unreachable, "unreachable"),
            (ProblemKind::Timeout, "timeout"),
            (ProblemKind::Certificate, "certificate"),
            (ProblemKind::Tls, "tls"),
            (ProblemKind::Redirect { status: Some(302) }, "redirect"),
            (ProblemKind::Redirect { status: None }, "redirect"),
            (ProblemKind::Http { status: 404 }, "http"),
            (ProblemKind::Http { status: 429 }, "http"),
            (ProblemKind::Http { status: 503 }, "http"),
            (ProblemKind::NotTheService, "not-the-service"),
            (
                ProblemKind::Closed {
                    code: CloseCode::new(1013),
                },
                "closed",
            ),
            (
                ProblemKind::Malformed {
                    field: "updatedAt".to_owned(),
                },
                "malformed",
            ),
            (ProblemKind::TooManyWatchers, "too-many-watchers"),
            (ProblemKind::SignatureRefresh { cause: None }, "signature-refresh"),
            (
                ProblemKind::SignatureRefresh {
                    cause: Some("moved".to_owned()),
                },
                "signature-refresh",
            ),
        ];
        for (kind, name) in kinds {
            assert_eq!(kind.as_str(), name);
            let text = kind.to_string();
            assert!(text.contains("; "), "{text}");
        }
        let named = ProblemKind::Malformed {
            field: "updatedAt".to_owned(),
        };
        assert!(named.to_string().contains("(updatedAt)"));
    }
}
