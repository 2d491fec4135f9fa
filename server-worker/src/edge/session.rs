//! The operator's session: a signed cookie that stands for the `ADMIN_TOKEN` for half a day. Pure.
//!
//! The cookie is the session's id and expiry under a MAC, whose key comes of an update key and the token together: who
//! has seen a cookie cannot try tokens at home, and a new token ends every session. That a session was ended is kept
//! on the server (`recent::sessions`), so that a copy of its cookie is worth nothing.

use transfer_status_protocol::sign::{self, Key, KeyRing, Signer, TimestampPolicy};

/// `__Host-` makes browsers hold the cookie to this host, to encrypted links and to the whole of the site.
const COOKIE: &str = "__Host-transfer_status_admin";
/// Over plain HTTP, on a developer's machine, browsers take no cookie of that prefix.
const PLAIN_COOKIE: &str = "transfer_status_admin";
/// Keep these MACs apart from every other use of their keys.
const KEY_LABEL: &str = "transfer-status dashboard session key v2, of ";
const LABEL: &str = "transfer-status dashboard session v2, ";
/// How long a session lasts: 12 h.
const SECONDS: u64 = 43_200;

/// Signs and judges sessions.
#[derive(Debug, Clone)]
pub(crate) struct Sessions {
    keys: KeyRing,
}

/// One session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    /// By which the server knows it.
    pub(crate) id: String,
    /// Its last second, in Unix seconds.
    pub(crate) expiry: u64,
}

impl Sessions {
    /// The sessions of these admin tokens; `None` when one of them is empty.
    pub(crate) fn of(current: &str, previous: Option<&str>, update_key: &Key) -> Option<Self> {
        let key = |token: &str| {
            let signer = Signer::new(update_key.clone());
            let named = !token.is_empty();
            named.then(|| Key::new(signer.sign(format!("{KEY_LABEL}{token}").as_bytes())).ok())?
        };
        let keys = KeyRing::new(key(current)?);
        Some(Self {
            keys: match previous {
                Some(previous) => keys.with_previous(key(previous)?),
                None => keys,
            },
        })
    }

    /// A new session under this id, which nobody can guess.
    pub(crate) fn open(id: String, now_unix_seconds: u64) -> Session {
        let expiry = now_unix_seconds.saturating_add(SECONDS);
        Session { id, expiry }
    }

    /// The `Set-Cookie` of a session. `secure` unless the browser came by plain HTTP on its own machine.
    pub(crate) fn cookie(&self, session: &Session, secure: bool) -> String {
        let Session { id, expiry } = session;
        let mac = Signer::new(self.keys.current().clone()).sign(message(session).as_bytes());
        set_cookie(&format!("{id}.{expiry}.{mac}"), SECONDS, secure)
    }

    /// The session in this `Cookie` header, if there is one that is valid. Whether it was ended is to be asked.
    pub(crate) fn find(&self, cookies: &str, secure: bool, now_unix_seconds: u64) -> Option<Session> {
        let values = cookies
            .split(';')
            .filter_map(|cookie| cookie.trim().split_once('='));
        values
            .filter(|(name, _)| *name == cookie_name(secure))
            .find_map(|(_, value)| self.read(value, now_unix_seconds))
    }

    fn read(&self, value: &str, now_unix_seconds: u64) -> Option<Session> {
        let (id, rest) = value.split_once('.')?;
        let (expiry, mac) = rest.split_once('.')?;
        let session = Session {
            id: id.to_owned(),
            expiry: expiry.parse().ok()?,
        };
        // The message is written anew, so that each session has one spelling only.
        sign::verify(
            &self.keys,
            message(&session).as_bytes(),
            mac,
            None,
            now_unix_seconds,
            TimestampPolicy::Optional,
        )
        .ok()?;
        (now_unix_seconds <= session.expiry).then_some(session)
    }
}

/// The `Set-Cookie` that ends a session in this browser.
pub(crate) fn close(secure: bool) -> String {
    set_cookie("", 0, secure)
}

fn message(session: &Session) -> String {
    format!("{LABEL}{} until {}", session.id, session.expiry)
}

fn cookie_name(secure: bool) -> &'static str {
    if secure { COOKIE } else { PLAIN_COOKIE }
}

fn set_cookie(value: &str, max_age: u64, secure: bool) -> String {
    let name = cookie_name(secure);
    let secure = if secure { "; Secure" } else { "" };
    format!("{name}={value}; Max-Age={max_age}; Path=/; HttpOnly; SameSite=Strict{secure}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use transfer_status_protocol::sign::{Key, Signer};

    use super::{Session, Sessions};

    const NOW: u64 = 1_700_000_000;

    fn update_key() -> Key {
        Key::new("an update key of the tests").unwrap()
    }

    fn sessions(token: &str) -> Sessions {
        Sessions::of(token, None, &update_key()).unwrap()
    }

    fn session() -> Session {
        Sessions::open("5f0c".to_owned(), NOW)
    }

    /// What a browser sends back.
    fn cookie(sessions: &Sessions, secure: bool) -> String {
        let set_cookie = sessions.cookie(&session(), secure);
        set_cookie.split(';').next().unwrap().to_owned()
    }

    #[test]
    fn a_session_lasts_half_a_day_among_whatever_other_cookies() {
        let sessions = sessions("token");
        let cookie = cookie(&sessions, true);
        let among = format!("theme=dark; {cookie};x=y");
        for header in [&cookie, &among] {
            assert_eq!(sessions.find(header, true, NOW), Some(session()));
            assert!(sessions.find(header, true, NOW + 43_200).is_some());
            assert_eq!(sessions.find(header, true, NOW + 43_201), None);
        }
    }

    #[test]
    fn the_cookie_is_for_this_host_and_no_script() {
        let header = sessions("token").cookie(&session(), true);
        for part in [
            "__Host-transfer_status_admin=",
            "; HttpOnly",
            "; SameSite=Strict",
            "; Secure",
            "; Path=/",
            "; Max-Age=43200",
        ] {
            assert!(header.contains(part), "{header}");
        }
        let plain = sessions("token").cookie(&session(), false);
        assert!(
            !plain.contains("Secure") && plain.starts_with("transfer_status_admin="),
            "{plain}"
        );
        assert!(super::close(true).starts_with("__Host-transfer_status_admin=; Max-Age=0"));
    }

    #[test]
    fn a_cookie_without_the_prefix_counts_on_a_developers_machine_only() {
        let sessions = sessions("token");
        let (with, without) = (cookie(&sessions, true), cookie(&sessions, false));
        assert!(sessions.find(&without, false, NOW).is_some());
        assert_eq!(sessions.find(&without, true, NOW), None);
        assert_eq!(sessions.find(&with, false, NOW), None);
    }

    #[test]
    fn another_token_or_another_key_ends_every_session_and_a_previous_token_does_not() {
        let cookie = cookie(&sessions("old"), true);
        assert_eq!(sessions("new").find(&cookie, true, NOW), None);
        let other_key = Sessions::of("old", None, &Key::new("another key").unwrap()).unwrap();
        assert_eq!(other_key.find(&cookie, true, NOW), None);
        let rotating = Sessions::of("new", Some("old"), &update_key()).unwrap();
        assert!(rotating.find(&cookie, true, NOW).is_some());
        assert!(Sessions::of("", None, &update_key()).is_none());
    }

    #[test]
    fn a_cookie_says_nothing_by_which_tokens_could_be_tried() {
        let cookie = cookie(&sessions("letmein"), true);
        let mac = cookie.rsplit('.').next().unwrap();
        let message = super::message(&session());
        let guess = Signer::new(Key::new("letmein").unwrap()).sign(message.as_bytes());
        assert_ne!(mac, guess, "the token alone would be the key");
    }

    proptest! {
        #[test]
        fn no_other_text_opens_a_session(at in 0..120_usize, byte in b'!'..=b'~', text in "[ -~]{0,100}") {
            let sessions = sessions("token");
            let genuine = cookie(&sessions, true);
            let mut forged = genuine.clone().into_bytes();
            if let Some(place) = forged.get_mut(at) {
                *place = byte;
            }
            let forged = String::from_utf8(forged).unwrap();
            let mac = |cookie: &str| cookie.rsplit('.').next().unwrap().to_ascii_lowercase();
            let rest = |cookie: &str| cookie.rsplit_once('.').map(|(rest, _)| rest.to_owned());
            // Hex digits may be upper-case.
            if (rest(&forged), mac(&forged)) != (rest(&genuine), mac(&genuine)) {
                prop_assert_eq!(sessions.find(&forged, true, NOW), None);
            }
            prop_assert_eq!(sessions.find(&format!("__Host-transfer_status_admin={text}"), true, NOW), None);
        }
    }
}
