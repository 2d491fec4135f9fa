//! What the Worker asks of a room: a private URL, built and read only here.
//!
//! A room is reached through its binding alone, and the Worker builds each request to it from
//! scratch, so nothing that a client sent can pose as one of these.

/// One request from the Worker to a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    /// The body is a verified and valid update.
    Update,
    /// Read the transfer.
    Read {
        /// Answer with version 0 when nothing has been reported yet, instead of "unknown".
        announce: bool,
    },
    /// Open a watcher's socket.
    Watch {
        /// Expiry of the verified signature in Unix seconds; `None`: it will come by `subscribe`.
        expiry: Option<u64>,
        /// The client offered the subprotocol and is to get it back.
        subprotocol: bool,
    },
}

const BASE: &str = "https://room/";

impl Call {
    /// The URL that carries this call.
    pub(crate) fn to_url(self) -> String {
        match self {
            Self::Update => format!("{BASE}update"),
            Self::Read { announce } => format!("{BASE}read/{}", u8::from(announce)),
            Self::Watch { expiry, subprotocol } => {
                let subprotocol = u8::from(subprotocol);
                match expiry {
                    Some(expiry) => format!("{BASE}watch/{subprotocol}/{expiry}"),
                    None => format!("{BASE}watch/{subprotocol}"),
                }
            }
        }
    }

    /// Reads a URL made by [`Call::to_url`].
    pub(crate) fn from_url(url: &str) -> Option<Self> {
        let mut parts = url.strip_prefix(BASE)?.split('/');
        let call = match parts.next()? {
            "update" => Self::Update,
            "read" => Self::Read {
                announce: flag(parts.next()?)?,
            },
            "watch" => Self::Watch {
                subprotocol: flag(parts.next()?)?,
                expiry: parts.next().map(str::parse).transpose().ok()?,
            },
            _ => return None,
        };
        parts.next().is_none().then_some(call)
    }
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

    #[test]
    fn every_call_arrives_as_it_was_sent() {
        let mut calls = vec![
            Call::Update,
            Call::Read { announce: false },
            Call::Read { announce: true },
        ];
        for subprotocol in [false, true] {
            for expiry in [None, Some(0), Some(1_700_000_000), Some(u64::MAX)] {
                calls.push(Call::Watch { expiry, subprotocol });
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
            "https://room/read/2",
            "https://room/update/1",
            "https://room/watch/1/x",
            "https://room/watch/1/5/6",
            "https://other/update",
        ] {
            assert_eq!(Call::from_url(url), None, "{url}");
        }
    }
}
