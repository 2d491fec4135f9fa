//! Secrets and settings, read from the environment once an isolate.
//!
//! | name | meaning |
//! |---|---|
//! | `HMAC_SECRET` | verifies updates; required. Also read as `UPDATE_HMAC` |
//! | `HMAC_SECRET_PREVIOUS` | the key before it, still accepted while keys rotate |
//! | `SUBSCRIBE_HMAC_SECRET` | verifies subscription signatures; falls back to `HMAC_SECRET`. Also read as `SUBSCRIBE_HMAC` |
//! | `SUBSCRIBE_HMAC_SECRET_PREVIOUS` | the key before it |
//! | `ADMIN_TOKEN` | opens what only the operator may see |
//! | `ALLOWED_ORIGINS` | comma-separated origins of pages; unset admits all |
//! | `REQUIRE_TIMESTAMP` | `true` refuses updates that are signed without a timestamp |
//! | `LEGACY_API` | `on` serves the API of the earlier service too |
//! | `LEGACY_OPEN_SCAN` | `on` takes that API's scan reports, which carry no proof |
//! | `MAX_WATCHERS` | sockets a transfer, 1 to 16,000, default 1,000 |
//! | `RECENT_SHARDS` | objects that the recent index is spread over, 1 to 64, default 8; a change empties the list |
//! | `HISTORY_TTL_DAYS` | days that the archive keeps a transfer, 1 to 36,500, default 400 |
//! | `OUTBOX_RETRY_SECONDS` | a delivery that was lost is repeated within so long, default 900 |
//! | `ARCHIVE_QUIET_SECONDS` | a transfer that has been quiet for so long is archived as it stands, default 3,600 |
//! | `ARCHIVE_GRACE_SECONDS` | a room empties so long after its transfer's end, default 86,400 |

use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::OnceLock;

use transfer_status_protocol::sign::{Key, KeyRing, TimestampPolicy};
use worker::Env;

use crate::domain::outbox::Policy;
use crate::edge::cors::Origins;
use crate::edge::legacy::Switches;
use crate::edge::proof::AdminToken;

const DEFAULT_MAX_WATCHERS: usize = 1_000;
/// Half of the 32,768 sockets that the platform gives an object: as many again may still be proving
/// themselves.
const MOST_WATCHERS: usize = 16_000;
const DAY_SECONDS: u64 = 86_400;

/// What the service runs with.
#[derive(Debug)]
pub(crate) struct Config {
    /// Keys of updates.
    pub(crate) update_keys: KeyRing,
    /// Keys of subscription signatures.
    pub(crate) subscribe_keys: KeyRing,
    /// The operator's token; compared in constant time, printed as `[redacted]`.
    pub(crate) admin_token: Option<AdminToken>,
    /// Whether an update has to carry a timestamp.
    pub(crate) timestamp: TimestampPolicy,
    /// Pages that may talk to the service.
    pub(crate) origins: Origins,
    /// What is served of the earlier API.
    pub(crate) legacy: Switches,
    /// Watchers that a transfer takes.
    pub(crate) max_watchers: usize,
    /// Shards of the recent index.
    pub(crate) recent_shards: u16,
    /// How long the archive keeps a transfer.
    pub(crate) history_ttl_seconds: u64,
    /// The waits of the outbox.
    pub(crate) outbox: Policy,
}

/// Why the service cannot serve, and what to set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The one secret that has no fallback.
    #[error("HMAC_SECRET is not set; set it with `wrangler secret put HMAC_SECRET`")]
    NoSecret,
    /// A key that cannot be one.
    #[error("{name} cannot be used as a key: {reason}")]
    BadKey {
        /// The variable.
        name: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A setting with a value that means nothing.
    #[error("{name} has to be {expected}")]
    BadSetting {
        /// The variable.
        name: &'static str,
        /// What it takes.
        expected: &'static str,
    },
}

impl Config {
    /// The configuration of this isolate. The environment of a deploy never changes, so it is read
    /// with the first request only.
    pub(crate) fn of(env: &Env) -> Result<&'static Self, &'static ConfigError> {
        static CONFIG: OnceLock<Result<Config, ConfigError>> = OnceLock::new();
        CONFIG
            .get_or_init(|| Self::read(|name| env.var(name).ok().map(|value| value.to_string())))
            .as_ref()
    }

    /// Reads every setting through `var`. A blank value counts as unset.
    ///
    /// # Errors
    /// When `HMAC_SECRET` is missing, or a value cannot mean what it is there for: a mistyped
    /// `REQUIRE_TIMESTAMP` must not quietly mean "no".
    pub(crate) fn read(var: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let var = |name: &str| var(name).filter(|value| !value.trim().is_empty());
        let first = |names: &[&'static str]| {
            names
                .iter()
                .find_map(|name| var(name).map(|value| (*name, value)))
        };

        let update = first(&["HMAC_SECRET", "UPDATE_HMAC"]).ok_or(ConfigError::NoSecret)?;
        let update_previous = first(&["HMAC_SECRET_PREVIOUS"]);
        let subscribe = first(&["SUBSCRIBE_HMAC_SECRET", "SUBSCRIBE_HMAC"]);
        let subscribe_previous = first(&["SUBSCRIBE_HMAC_SECRET_PREVIOUS"]);

        let update_keys = key_ring(&update, update_previous.as_ref())?;
        let subscribe_keys = match &subscribe {
            Some(current) => key_ring(current, subscribe_previous.as_ref())?,
            // While they share a key they also share its rotation.
            None => key_ring(&update, subscribe_previous.as_ref().or(update_previous.as_ref()))?,
        };

        Ok(Self {
            update_keys,
            subscribe_keys,
            admin_token: var("ADMIN_TOKEN").and_then(AdminToken::new),
            timestamp: match switch(&var, "REQUIRE_TIMESTAMP", "true or false")? {
                true => TimestampPolicy::Required,
                false => TimestampPolicy::Optional,
            },
            origins: Origins::parse(var("ALLOWED_ORIGINS").as_deref()),
            legacy: Switches {
                api: switch(&var, "LEGACY_API", "on or off")?,
                open_scan: switch(&var, "LEGACY_OPEN_SCAN", "on or off")?,
            },
            max_watchers: number(
                &var,
                "MAX_WATCHERS",
                DEFAULT_MAX_WATCHERS,
                1..=MOST_WATCHERS,
                "a whole number from 1 to 16000",
            )?,
            recent_shards: number(&var, "RECENT_SHARDS", 8, 1..=64, "a whole number from 1 to 64")?,
            history_ttl_seconds: DAY_SECONDS
                * number(
                    &var,
                    "HISTORY_TTL_DAYS",
                    400,
                    1..=36_500,
                    "a whole number of days from 1 to 36500",
                )?,
            outbox: Policy {
                retry_ms: milliseconds(&var, "OUTBOX_RETRY_SECONDS", 900)?,
                quiet_ms: milliseconds(&var, "ARCHIVE_QUIET_SECONDS", 3_600)?,
                grace_ms: milliseconds(&var, "ARCHIVE_GRACE_SECONDS", 86_400)?,
            },
        })
    }
}

/// Yes or no; no when it is not set.
fn switch(
    var: &impl Fn(&str) -> Option<String>,
    name: &'static str,
    expected: &'static str,
) -> Result<bool, ConfigError> {
    match var(name).as_deref().map(str::trim) {
        None | Some("false" | "0" | "off" | "no") => Ok(false),
        Some("true" | "1" | "on" | "yes") => Ok(true),
        Some(_) => Err(ConfigError::BadSetting { name, expected }),
    }
}

/// A whole number within its bounds, or the default when it is not set.
fn number<T: FromStr + PartialOrd>(
    var: &impl Fn(&str) -> Option<String>,
    name: &'static str,
    default: T,
    bounds: RangeInclusive<T>,
    expected: &'static str,
) -> Result<T, ConfigError> {
    match var(name) {
        None => Ok(default),
        Some(text) => text
            .trim()
            .parse()
            .ok()
            .filter(|number| bounds.contains(number))
            .ok_or(ConfigError::BadSetting { name, expected }),
    }
}

/// A wait in seconds, up to thirty days.
fn milliseconds(
    var: &impl Fn(&str) -> Option<String>,
    name: &'static str,
    default: i64,
) -> Result<i64, ConfigError> {
    let expected = "a whole number of seconds from 1 to 2592000";
    Ok(number(var, name, default, 1..=2_592_000, expected)? * 1_000)
}

fn key_ring(
    current: &(&'static str, String),
    previous: Option<&(&'static str, String)>,
) -> Result<KeyRing, ConfigError> {
    let ring = KeyRing::new(key(current)?);
    Ok(match previous {
        Some(previous) => ring.with_previous(key(previous)?),
        None => ring,
    })
}

fn key((name, value): &(&'static str, String)) -> Result<Key, ConfigError> {
    Key::new(value.as_bytes()).map_err(|error| ConfigError::BadKey {
        name,
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use transfer_status_protocol::TransferId;
    use transfer_status_protocol::sign::{Key, Signer, TimestampPolicy, verify};
    use transfer_status_protocol::signature::{self, Claims};

    use super::{Config, ConfigError};

    const NEW: &str = "new-key-new-key-new-key-new-key-";
    const OLD: &str = "old-key-old-key-old-key-old-key-";
    const SUBSCRIBE: &str = "subscribe-key-subscribe-key-subs";

    fn config(vars: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::read(|name| {
            vars.iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_string())
        })
    }

    fn takes_update(config: &Config, secret: &str) -> bool {
        let signature = Signer::new(Key::new(secret.as_bytes()).unwrap()).sign(b"{}");
        verify(
            &config.update_keys,
            b"{}".as_slice(),
            &signature,
            None,
            0,
            config.timestamp,
        )
        .is_ok()
    }

    fn takes_subscription(config: &Config, secret: &str) -> bool {
        let id = TransferId::new("tr_1").unwrap();
        let claims = Claims::new(id.clone(), "m", 10).unwrap();
        let signature = signature::mint(&Key::new(secret.as_bytes()).unwrap(), &claims);
        signature::verify(&config.subscribe_keys, &signature, &id, 5).is_ok()
    }

    #[test]
    fn without_the_secret_it_says_so() {
        let error = config(&[("HMAC_SECRET", "  ")]).unwrap_err();
        assert_eq!(error, ConfigError::NoSecret);
        assert!(error.to_string().contains("HMAC_SECRET"));
    }

    #[test]
    fn one_secret_is_enough_and_serves_both_purposes() {
        let config = config(&[("HMAC_SECRET", NEW)]).unwrap();
        assert!(takes_update(&config, NEW) && takes_subscription(&config, NEW));
        assert!(!takes_update(&config, OLD) && !takes_subscription(&config, OLD));
        assert_eq!(config.max_watchers, 1_000);
        assert!(config.admin_token.is_none());
    }

    #[test]
    fn a_key_rotates_with_no_outage() {
        let config = config(&[("HMAC_SECRET", NEW), ("HMAC_SECRET_PREVIOUS", OLD)]).unwrap();
        for secret in [NEW, OLD] {
            assert!(takes_update(&config, secret) && takes_subscription(&config, secret));
        }
    }

    #[test]
    fn a_subscribe_key_of_its_own_shuts_the_update_key_out() {
        let config = config(&[
            ("HMAC_SECRET", NEW),
            ("SUBSCRIBE_HMAC_SECRET", SUBSCRIBE),
            ("SUBSCRIBE_HMAC_SECRET_PREVIOUS", OLD),
        ])
        .unwrap();
        assert!(takes_subscription(&config, SUBSCRIBE) && takes_subscription(&config, OLD));
        assert!(!takes_subscription(&config, NEW));
        assert!(!takes_update(&config, SUBSCRIBE) && !takes_update(&config, OLD));
    }

    #[test]
    fn the_names_of_the_deployed_service_are_read_too() {
        let config = config(&[("UPDATE_HMAC", NEW), ("SUBSCRIBE_HMAC", SUBSCRIBE)]).unwrap();
        assert!(takes_update(&config, NEW) && takes_subscription(&config, SUBSCRIBE));
        assert!(!takes_subscription(&config, NEW));
    }

    #[test]
    fn the_earlier_api_is_off_until_it_is_switched_on() {
        let switches = |vars: &[(&str, &str)]| {
            let vars = [&[("HMAC_SECRET", NEW)], vars].concat();
            let legacy = config(&vars).unwrap().legacy;
            (legacy.api, legacy.open_scan)
        };
        assert_eq!(switches(&[]), (false, false));
        assert_eq!(switches(&[("LEGACY_API", "off")]), (false, false));
        assert_eq!(switches(&[("LEGACY_API", "on")]), (true, false));
        let both = [("LEGACY_API", "on"), ("LEGACY_OPEN_SCAN", "on")];
        assert_eq!(switches(&both), (true, true));
    }

    #[test]
    fn a_setting_that_means_nothing_is_an_error_not_a_default() {
        for (name, value) in [
            ("REQUIRE_TIMESTAMP", "ture"),
            ("LEGACY_API", "of"),
            ("LEGACY_OPEN_SCAN", "ON!"),
            ("MAX_WATCHERS", "0"),
            ("MAX_WATCHERS", "16001"),
            ("MAX_WATCHERS", "many"),
            ("RECENT_SHARDS", "0"),
            ("RECENT_SHARDS", "65"),
            ("HISTORY_TTL_DAYS", "0"),
            ("OUTBOX_RETRY_SECONDS", "0"),
            ("ARCHIVE_GRACE_SECONDS", "a day"),
            ("ARCHIVE_QUIET_SECONDS", "-1"),
        ] {
            let error = config(&[("HMAC_SECRET", NEW), (name, value)]).unwrap_err();
            assert!(error.to_string().starts_with(name), "{error}");
        }
        let strict = config(&[
            ("HMAC_SECRET", NEW),
            ("REQUIRE_TIMESTAMP", "true"),
            ("MAX_WATCHERS", "2"),
        ])
        .unwrap();
        assert_eq!(
            (strict.timestamp, strict.max_watchers),
            (TimestampPolicy::Required, 2)
        );
    }

    #[test]
    fn no_secret_is_printed() {
        let config = config(&[
            ("HMAC_SECRET", NEW),
            ("HMAC_SECRET_PREVIOUS", OLD),
            ("ADMIN_TOKEN", SUBSCRIBE),
        ]);
        let printed = format!("{:?}", config.unwrap());
        for secret in [NEW, OLD, SUBSCRIBE] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }
}
