//! What the Worker asks of a room: a private URL and one header, built and read only here.
//!
//! A room is reached through its binding alone, and the Worker builds each request to it from
//! scratch, so nothing that a client sent can pose as one of these.
//!
//! At each deploy, and at each rollback, Workers and rooms run different code for minutes. So a call carries a version,
//! and a room takes its own and the one before: what a version adds, it adds in the header, which the one before does
//! not read. What would break the one before is learnt by rooms in one release and said by Workers in the next. A call
//! that a room does not know is "come back", never a fault of the caller.

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use transfer_status_protocol::Timestamp;

use crate::domain::timeline::Trail;
use crate::domain::view::View;

/// The header with a call's version and what goes beside it.
pub(crate) const HEADER: &str = "call";
/// Where version 1 carried short updates, in place of the body.
pub(crate) const UPDATE_HEADER_OF_1: &str = "update";
/// The version that this deploy speaks. Version 1 had no header.
const VERSION: u32 = 2;
/// The oldest that it takes.
const OLDEST: u32 = 1;

/// The status of a room's answer that there is nothing to delete. A room that does not know the call says 404.
pub(crate) const GONE: u16 = 410;

/// What goes beside a call, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Beside {
    /// A keyed hash of the client's address.
    pub(crate) from: Option<String>,
    /// Where an update comes from.
    pub(crate) trail: Trail,
}

impl Beside {
    /// The header of a call of this version.
    pub(crate) fn to_header(&self) -> String {
        let mut header = form_urlencoded::Serializer::new(String::new());
        header.append_pair("v", &VERSION.to_string());
        let Trail {
            key,
            request,
            received_at,
        } = &self.trail;
        let received = received_at.map(|at| at.unix_millis().to_string());
        for (name, value) in [
            ("from", &self.from),
            ("key", key),
            ("request", request),
            ("received", &received),
        ] {
            if let Some(value) = value {
                header.append_pair(name, value);
            }
        }
        header.finish()
    }

    /// Reads the header of a call; `None` for a version that this deploy does not speak.
    pub(crate) fn from_header(header: Option<&str>) -> Option<Self> {
        let mut beside = Self::default();
        let mut version = OLDEST;
        for (name, value) in form_urlencoded::parse(header.unwrap_or_default().as_bytes()) {
            match name.as_ref() {
                "v" => version = value.parse().ok()?,
                "from" => beside.from = Some(value.into_owned()),
                "key" => beside.trail.key = Some(value.into_owned()),
                "request" => beside.trail.request = Some(value.into_owned()),
                "received" => {
                    let at = value.parse().ok().map(Timestamp::from_unix_millis);
                    beside.trail.received_at = at;
                }
                _ => {}
            }
        }
        (OLDEST..=VERSION).contains(&version).then_some(beside)
    }
}

/// One request from the Worker to a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Call {
    /// The body is a verified and valid update.
    Update {
        /// The word that a backend of the earlier API used for the status; it is answered in its view.
        word: Option<String>,
    },
    /// The same, of an update that says what it builds on. A room of the release before would not look, so it is not to
    /// know the call.
    UpdateIf,
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
    /// Delete the transfer, here and elsewhere.
    Delete,
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
            Self::UpdateIf => format!("{BASE}update-if"),
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
            Self::Delete => format!("{BASE}delete"),
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
            "update-if" => Self::UpdateIf,
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
            "delete" => Self::Delete,
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
    use transfer_status_protocol::Timestamp;

    use super::{Beside, Call, Trail};
    use crate::domain::view::View;

    #[test]
    fn every_call_arrives_as_it_was_sent() {
        let mut calls = vec![
            Call::Update { word: None },
            Call::Update {
                word: Some("PAID / \u{1f4b8} %2F".into()),
            },
            Call::UpdateIf,
            Call::Inspect,
            Call::Listed,
            Call::Delete,
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
    fn what_goes_beside_a_call_arrives() {
        for beside in [
            Beside::default(),
            Beside {
                from: Some("a & b=c".to_owned()),
                trail: Trail {
                    key: Some("1a2b3c4d".to_owned()),
                    request: Some("8f0c-FRA".to_owned()),
                    received_at: Some(Timestamp::from_unix_millis(1_700_000_000_123)),
                },
            },
        ] {
            assert_eq!(Beside::from_header(Some(&beside.to_header())), Some(beside));
        }
    }

    #[test]
    fn a_room_takes_its_own_version_and_the_one_before_and_no_other() {
        for (header, taken) in [
            (None, true),
            (Some("v=1"), true),
            (Some("v=2&from=a&more=than+it+knows"), true),
            (Some("v=3"), false),
            (Some("v=0"), false),
            (Some("v=two"), false),
        ] {
            assert_eq!(Beside::from_header(header).is_some(), taken, "{header:?}");
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

    #[test]
    fn what_workers_of_each_release_ask_is_understood() {
        let (old, new) = (
            include_str!("../../golden/1.0/calls.txt"),
            include_str!("../../golden/1.1/calls.txt"),
        );
        let mut before = old.lines();
        for new in new.lines() {
            let (url, header) = new.split_once('\t').unwrap_or((new, ""));
            let call = Call::from_url(url).unwrap();
            assert_eq!(call.to_url(), url);
            // What is new comes after all that a room of the release before takes too.
            if let Some(old) = before.next() {
                assert_eq!(Call::from_url(old), Some(call));
            }
            let beside = Beside::from_header(Some(header)).unwrap();
            if !header.is_empty() {
                assert_eq!(beside.to_header(), header);
            }
        }
        assert_eq!(before.next(), None);
        assert_eq!(Beside::from_header(None), Some(Beside::default()));
    }
}
