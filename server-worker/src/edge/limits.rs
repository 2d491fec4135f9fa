//! Refused attempts: counted by address, and answered with "too many" beyond the limit of the binding
//! `REFUSALS`. Whoever is let in is never counted, so that no number of payments runs into it.
//!
//! A wrong MAC can be tried for ever; the admin's token is the one secret that a human may have chosen.
//! So an address with too many wrong ones is not compared with it at all for a while, on no route.
//!
//! Sockets that open with no proof are counted too: each wakes a room, whoever asks.

use std::cell::RefCell;

use transfer_status_protocol::sign::Signer;
use worker::Env;
use worker::js_sys::{Object, Reflect};
use worker::wasm_bindgen::JsValue;

use crate::clock::now_unix_millis;
use crate::config::Config;
use crate::edge::request::Incoming;
use crate::error::{ApiError, Attempt};
use crate::platform::bindings::{self, RateLimit};

/// How long an address is kept from trying admin tokens; the binding counts in minutes too.
const BLOCKED_MS: i64 = 60_000;
/// Addresses remembered at once, in this isolate.
const MOST_BLOCKED: usize = 1_024;

thread_local! {
    /// Each with the time up to which it is, the newest last.
    static BLOCKED: RefCell<Vec<(String, i64)>> = const { RefCell::new(Vec::new()) };
}

/// Counts a refused attempt; what to answer is `error`, or that there were too many.
pub(crate) async fn count(
    env: &Env,
    config: Option<&Config>,
    incoming: &Incoming<'_>,
    error: ApiError,
) -> ApiError {
    let (Some(attempt), Some(config)) = (error.attempt(), config) else {
        return error;
    };
    let Some(key) = key(config, incoming, attempt.as_str()) else {
        return error;
    };
    if is_within(bindings::refusals(env), &key).await {
        return error;
    }
    if attempt == Attempt::Admin {
        block(key, now_unix_millis());
    }
    ApiError::TooManyRefusals
}

/// Counts a socket that opens with no proof.
///
/// # Errors
/// [`ApiError::TooManyUnproven`] beyond the limit of the binding `UNPROVEN`.
pub(crate) async fn count_unproven(
    env: &Env,
    config: &Config,
    incoming: &Incoming<'_>,
) -> Result<(), ApiError> {
    match key(config, incoming, "unproven") {
        Some(key) if !is_within(bindings::unproven(env), &key).await => Err(ApiError::TooManyUnproven),
        _ => Ok(()),
    }
}

/// Counts one, and tells whether that is within the limit. A limit that is not there, or cannot be asked, limits
/// nothing.
async fn is_within(limit: Option<RateLimit>, key: &str) -> bool {
    let Some(limit) = limit else { return true };
    let options = Object::new();
    let _ = Reflect::set(&options, &"key".into(), &JsValue::from_str(key));
    let outcome = bindings::resolve(limit.limit(&options)).await;
    match outcome.map(|outcome| Reflect::get(&outcome, &"success".into())) {
        Ok(Ok(success)) => success.is_truthy(),
        _ => true,
    }
}

/// Whether this address may try an admin token now.
pub(crate) fn may_try_admin(config: &Config, incoming: &Incoming<'_>) -> bool {
    if BLOCKED.with_borrow(Vec::is_empty) {
        return true;
    }
    let Some(key) = key(config, incoming, Attempt::Admin.as_str()) else {
        return true;
    };
    let now = now_unix_millis();
    BLOCKED.with_borrow(|blocked| {
        let is_blocked = |(known, until): &(String, i64)| *until > now && *known == key;
        !blocked.iter().any(is_blocked)
    })
}

fn block(key: String, now: i64) {
    BLOCKED.with_borrow_mut(|blocked| {
        blocked.retain(|(known, until)| *until > now && *known != key);
        if blocked.len() >= MOST_BLOCKED {
            // Whoever has many addresses must not keep the list full.
            blocked.remove(0);
        }
        blocked.push((key, now.saturating_add(BLOCKED_MS)));
    });
}

/// Who tried what. `None` where the platform gives no address, that is, on a developer's machine.
fn key(config: &Config, incoming: &Incoming<'_>, what: &str) -> Option<String> {
    Some(format!("{what} {}", address(config, incoming)?))
}

/// Who asks: a keyed hash, for the address itself is nobody else's business.
pub(crate) fn address(config: &Config, incoming: &Incoming<'_>) -> Option<String> {
    let address = incoming.header("cf-connecting-ip")?;
    let address = network(&address);
    let signer = Signer::new(config.update_keys.current().clone());
    Some(signer.sign(format!("transfer-status client address {address}").as_bytes()))
}

/// The part of an address that one client cannot change: an IPv6 client has 64 bits to choose from.
fn network(address: &str) -> String {
    match address.trim().parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V6(address)) => {
            let network = u128::from(address) >> 64;
            format!("{network:016x}::/64")
        }
        Ok(std::net::IpAddr::V4(address)) => address.to_string(),
        Err(_) => address.trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCKED, BLOCKED_MS, MOST_BLOCKED, block, network};

    fn blocked() -> Vec<String> {
        BLOCKED.with_borrow(|blocked| blocked.iter().map(|(key, _)| key.clone()).collect())
    }

    #[test]
    fn whoever_has_many_addresses_does_not_keep_the_list_full() {
        for (now, key) in (0..).zip(0..MOST_BLOCKED + 1) {
            block(key.to_string(), now);
        }
        let known = blocked();
        assert_eq!(known.len(), MOST_BLOCKED);
        assert_eq!(
            known.first().map(String::as_str),
            Some("1"),
            "the oldest has made room"
        );
        block("1".to_owned(), 2_000);
        assert_eq!(blocked().len(), MOST_BLOCKED, "an address is in it once");
        block("late".to_owned(), 2_000 + BLOCKED_MS);
        assert_eq!(blocked(), ["late"], "the others' time is over");
    }

    #[test]
    fn an_ipv6_client_is_its_network() {
        assert_eq!(network("2001:db8:1:2::1"), network(" 2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("203.0.113.7"), "203.0.113.7");
        assert_eq!(network("unknown"), "unknown");
    }
}
