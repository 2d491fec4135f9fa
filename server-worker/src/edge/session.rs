//! The operator's session: a signed cookie that stands for the `ADMIN_TOKEN` for half a day. Pure.
//!
//! Nothing is stored: the cookie is its own expiry under a MAC whose key is the token itself, so that a new
//! token ends every session.

use transfer_status_protocol::sign::{self, Key, KeyRing, Signer, TimestampPolicy};

const COOKIE: &str = "transfer_status_admin";
/// Keeps this MAC apart from every other use of the key.
const LABEL: &str = "transfer-status dashboard session v1, valid until ";
/// How long a session lasts: 12 h.
const SECONDS: u64 = 43_200;

/// Signs and judges sessions.
#[derive(Debug, Clone)]
pub(crate) struct Sessions {
    key: Key,
}

impl Sessions {
    /// The sessions of this admin token; `None` when it cannot be a key, that is, when it is empty.
    pub(crate) fn of(admin_token: &str) -> Option<Self> {
        Key::new(admin_token).ok().map(|key| Self { key })
    }

    /// The `Set-Cookie` that opens a session. `secure` unless the browser came by plain HTTP on its own machine.
    pub(crate) fn open(&self, now_unix_seconds: u64, secure: bool) -> String {
        let expiry = now_unix_seconds.saturating_add(SECONDS);
        let mac = Signer::new(self.key.clone()).sign(message(expiry).as_bytes());
        set_cookie(&format!("{expiry}.{mac}"), SECONDS, secure)
    }

    /// The last second of the session in this `Cookie` header, if there is one that is valid.
    pub(crate) fn expiry(&self, cookies: &str, now_unix_seconds: u64) -> Option<u64> {
        let values = cookies
            .split(';')
            .filter_map(|cookie| cookie.trim().split_once('='));
        values
            .filter(|(name, _)| *name == COOKIE)
            .find_map(|(_, value)| self.valid_until(value, now_unix_seconds))
    }

    fn valid_until(&self, value: &str, now_unix_seconds: u64) -> Option<u64> {
        let (expiry, mac) = value.split_once('.')?;
        let expiry: u64 = expiry.parse().ok()?;
        let keys = KeyRing::new(self.key.clone());
        // The expiry is written anew, so that each session has one spelling only.
        sign::verify(
            &keys,
            message(expiry).as_bytes(),
            mac,
            None,
            now_unix_seconds,
            TimestampPolicy::Optional,
        )
        .ok()?;
        (now_unix_seconds <= expiry).then_some(expiry)
    }
}

/// The `Set-Cookie` that ends a session in this browser.
pub(crate) fn close(secure: bool) -> String {
    set_cookie("", 0, secure)
}

fn message(expiry: u64) -> String {
    format!("{LABEL}{expiry}")
}

fn set_cookie(value: &str, max_age: u64, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{COOKIE}={value}; Max-Age={max_age}; Path=/; HttpOnly; SameSite=Strict{secure}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Sessions;

    const NOW: u64 = 1_700_000_000;

    fn sessions(token: &str) -> Sessions {
        Sessions::of(token).unwrap()
    }

    /// What a browser sends back.
    fn cookie(set_cookie: &str) -> String {
        set_cookie.split(';').next().unwrap().to_owned()
    }

    #[test]
    fn a_session_lasts_half_a_day_among_whatever_other_cookies() {
        let sessions = sessions("token");
        let cookie = cookie(&sessions.open(NOW, true));
        let among = format!("theme=dark; {cookie};x=y");
        for header in [&cookie, &among] {
            assert_eq!(sessions.expiry(header, NOW), Some(NOW + 43_200));
            assert!(sessions.expiry(header, NOW + 43_200).is_some());
            assert_eq!(sessions.expiry(header, NOW + 43_201), None);
        }
    }

    #[test]
    fn the_cookie_is_for_this_site_and_no_script() {
        let header = sessions("token").open(NOW, true);
        for part in [
            "; HttpOnly",
            "; SameSite=Strict",
            "; Secure",
            "; Path=/",
            "; Max-Age=43200",
        ] {
            assert!(header.contains(part), "{header}");
        }
        assert!(!sessions("token").open(NOW, false).contains("Secure"));
        assert!(super::close(true).starts_with("transfer_status_admin=; Max-Age=0"));
        assert!(!header.contains("token;"), "{header}");
    }

    #[test]
    fn another_token_ends_every_session() {
        let cookie = cookie(&sessions("old").open(NOW, true));
        assert_eq!(sessions("new").expiry(&cookie, NOW), None);
        assert!(Sessions::of("").is_none());
    }

    proptest! {
        #[test]
        fn no_other_text_opens_a_session(at in 0..90_usize, byte in b'!'..=b'~', text in "[ -~]{0,100}") {
            let sessions = sessions("token");
            let genuine = cookie(&sessions.open(NOW, true));
            let mut forged = genuine.clone().into_bytes();
            if let Some(place) = forged.get_mut(at) {
                *place = byte;
            }
            let forged = String::from_utf8(forged).unwrap();
            // Hex digits may be upper-case.
            if !forged.eq_ignore_ascii_case(&genuine) {
                prop_assert_eq!(sessions.expiry(&forged, NOW), None);
            }
            prop_assert_eq!(sessions.expiry(&format!("transfer_status_admin={text}"), NOW), None);
        }
    }
}
