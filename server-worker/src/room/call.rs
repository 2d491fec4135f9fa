//! What the Worker asks of a room: a private URL, built and read only here.
//!
//! A room is reached through its binding alone, and the Worker builds each request to it from
//! scratch, so nothing that a client sent can pose as one of these.

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::edge::legacy::View;

/// One request from the Worker to a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Call {
    /// The body is a verified and valid update.
    Update {
        /// The word that a backend of the earlier API used for the status; it is answered in its view.
        word: Option<String>,
    },
    /// Read the transfer.
    Read {
        /// Answer with version 0 when nothing has been reported yet, instead of "unknown".
        announce: bool,
        /// How to show it.
        view: View,
    },
    /// Open a watcher's socket.
    Watch {
        /// Expiry of the verified signature in Unix seconds; `None`: it will come by `subscribe`.
        expiry: Option<u64>,
        /// The client offered the subprotocol and is to get it back.
        subprotocol: bool,
        /// What the socket speaks.
        view: View,
    },
    /// Tell the watchers whether somebody has scanned the code.
    Scan {
        /// Scanned, or let go again.
        scanned: bool,
        /// How to answer; each watcher is told in its own view.
        view: View,
    },
    /// Show the transfer with its timeline and the number of its watchers.
    Inspect,
    /// Give the transfer as the recent index lists it.
    Listed,
}

const BASE: &str = "https://room/";

impl Call {
    /// The URL that carries this call.
    pub(crate) fn to_url(&self) -> String {
        match self {
            Self::Update { word: None } => format!("{BASE}update"),
            Self::Update { word: Some(word) } => {
                format!("{BASE}update/{}", utf8_percent_encode(word, NON_ALPHANUMERIC))
            }
            Self::Read { announce, view } => format!("{BASE}read/{}/{}", u8::from(*announce), digit(*view)),
            Self::Watch {
                expiry,
                subprotocol,
                view,
            } => {
                let (subprotocol, view) = (u8::from(*subprotocol), digit(*view));
                match expiry {
                    Some(expiry) => format!("{BASE}watch/{subprotocol}/{view}/{expiry}"),
                    None => format!("{BASE}watch/{subprotocol}/{view}"),
                }
            }
            Self::Scan { scanned, view } => format!("{BASE}scan/{}/{}", u8::from(*scanned), digit(*view)),
            Self::Inspect => format!("{BASE}inspect"),
            Self::Listed => format!("{BASE}listed"),
        }
    }

    /// Reads a URL made by [`Call::to_url`].
    pub(crate) fn from_url(url: &str) -> Option<Self> {
        let mut parts = url.strip_prefix(BASE)?.split('/');
        let call = match parts.next()? {
            "update" => Self::Update {
                word: match parts.next() {
                    Some(word) => Some(percent_decode_str(word).decode_utf8().ok()?.into_owned()),
                    None => None,
                },
            },
            "read" => Self::Read {
                announce: flag(parts.next()?)?,
                view: View::of(flag(parts.next()?)?),
            },
            "watch" => Self::Watch {
                subprotocol: flag(parts.next()?)?,
                view: View::of(flag(parts.next()?)?),
                expiry: parts.next().map(str::parse).transpose().ok()?,
            },
            "scan" => Self::Scan {
                scanned: flag(parts.next()?)?,
                view: View::of(flag(parts.next()?)?),
            },
            "inspect" => Self::Inspect,
            "listed" => Self::Listed,
            _ => return None,
        };
        parts.next().is_none().then_some(call)
    }
}

fn digit(view: View) -> u8 {
    u8::from(view == View::Legacy)
}

fn flag(text: &str) -> Option<bool> {
    match text {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Call;
    use crate::edge::legacy::View;

    #[test]
    fn every_call_arrives_as_it_was_sent() {
        let mut calls = vec![
            Call::Update { word: None },
            Call::Update {
                word: Some("PAID / \u{1f4b8} %2F".into()),
            },
            Call::Inspect,
            Call::Listed,
        ];
        for view in [View::Current, View::Legacy] {
            for flag in [false, true] {
                calls.push(Call::Read { announce: flag, view });
                calls.push(Call::Scan { scanned: flag, view });
                for expiry in [None, Some(0), Some(1_700_000_000), Some(u64::MAX)] {
                    calls.push(Call::Watch {
                        expiry,
                        subprotocol: flag,
                        view,
                    });
                }
            }
        }
        for call in calls {
            assert_eq!(Call::from_url(&call.to_url()), Some(call));
        }
    }

    #[test]
    fn anything_else_is_no_call() {
        for url in [
            "",
            "https://room/",
            "https://room/read",
            "https://room/read/2/0",
            "https://room/read/1",
            "https://room/update/1/2",
            "https://room/update/%ff",
            "https://room/scan",
            "https://room/scan/1/2",
            "https://room/inspect/1",
            "https://room/watch/1/0/x",
            "https://room/watch/1/0/5/6",
            "https://other/update",
        ] {
            assert_eq!(Call::from_url(url), None, "{url}");
        }
    }
}
