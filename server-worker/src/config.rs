//! Secrets and settings, as the environment holds them at the time of asking.
//!
//! `settings.json` beside this crate lists them with their values, defaults and meaning: `serve.mjs`, the end-to-end
//! tests and DEPLOY.md follow it, and a test here compares.

mod admin;
mod keys;
mod value;

use std::cell::RefCell;
use std::rc::Rc;

use transfer_status_protocol::sign::{KeyRing, TimestampPolicy};
use worker::Env;
use worker::js_sys::{Array, Reflect};
use worker::wasm_bindgen::prelude::*;

pub(crate) use self::admin::{AdminClosed, AdminTokens};
pub(crate) use self::keys::KeyNames;
pub(crate) use self::value::Value;

use self::keys::Secrets;
use self::value::{Values, bad};
use crate::domain::outbox::Policy;
use crate::edge::cors::Origins;
use crate::platform::place::{HINTS, JURISDICTIONS, Place};

/// What is served of the earlier API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Switches {
    /// The API as a whole.
    pub(crate) api: bool,
    /// Its scan reports, which carry no proof.
    pub(crate) open_scan: bool,
    /// A token reads all transfers of its merchant, and not its own alone.
    pub(crate) merchant_reads: bool,
}

/// Every name that is read, in the order of `settings.json`.
const NAMES: [&str; 22] = [
    "HMAC_SECRET",
    "HMAC_SECRET_PREVIOUS",
    "UPDATE_HMAC",
    "SUBSCRIBE_HMAC_SECRET",
    "SUBSCRIBE_HMAC_SECRET_PREVIOUS",
    "SUBSCRIBE_HMAC",
    "ADMIN_TOKEN",
    "ADMIN_TOKEN_PREVIOUS",
    "ALLOWED_ORIGINS",
    "REQUIRE_TIMESTAMP",
    "MAX_WATCHERS",
    "LEGACY_API",
    "LEGACY_OPEN_SCAN",
    "LEGACY_MERCHANT_READS",
    "LOG_UPDATES",
    "RECENT_SHARDS",
    "HISTORY_TTL_DAYS",
    "OUTBOX_RETRY_SECONDS",
    "ARCHIVE_QUIET_SECONDS",
    "ARCHIVE_GRACE_SECONDS",
    "JURISDICTION",
    "LOCATION_HINT",
];

/// Half of the 32,768 sockets that the platform gives an object: as many again may still be proving
/// themselves.
const MOST_WATCHERS: u32 = 16_000;
const DAY_SECONDS: u64 = 86_400;

/// What the service runs with.
#[derive(Debug)]
pub(crate) struct Config {
    /// Keys of updates.
    pub(crate) update_keys: KeyRing,
    /// Keys of subscription signatures.
    pub(crate) subscribe_keys: KeyRing,
    /// What opens the operator's part, or why it is closed.
    pub(crate) admin: Result<AdminTokens, AdminClosed>,
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
    /// By which name the trail of an update knows the update key that it was signed with.
    pub(crate) key_names: KeyNames,
    /// Whether each update that changes something is logged.
    pub(crate) log_updates: bool,
    /// Where rooms and shards are made.
    pub(crate) place: Place,
    /// What works and should not stay so, for `/healthz`. Each names its variable and shows no value.
    pub(crate) warnings: Vec<String>,
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
    /// A subscription would be a report of the earlier API: its holder could report the payment.
    #[error(
        "LEGACY_API=on needs a key of its own for each purpose, and {update} serves as {subscribe} too; set both, to \
         different keys"
    )]
    SharedKey {
        /// The variable with the update key.
        update: &'static str,
        /// The variable with the subscribe key.
        subscribe: &'static str,
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

/// What was parsed, and what it was parsed from.
struct Parsed {
    raw: Array,
    config: Result<Rc<Config>, ConfigError>,
}

#[wasm_bindgen]
extern "C" {
    /// Whether `env` holds under each of `names` the very value of `values`: one call in place of two for each name.
    #[wasm_bindgen(js_name = settingsAre)]
    fn settings_are(env: &Env, names: &Array, values: &Array) -> bool;
}

thread_local! {
    static KEYS: Array = NAMES.into_iter().map(JsValue::from_str).collect();
    static PARSED: RefCell<Option<Parsed>> = const { RefCell::new(None) };
}

impl Config {
    /// The configuration that `env` holds now.
    ///
    /// An isolate may outlive a change of its secrets and variables, so what was parsed counts only as long as each
    /// value is the one that it was parsed from.
    pub(crate) fn of(env: &Env) -> Result<Rc<Self>, ConfigError> {
        let keys = KEYS.with(Clone::clone);
        PARSED.with_borrow_mut(|parsed| {
            if let Some(parsed) = parsed
                && settings_are(env, &keys, &parsed.raw)
            {
                return parsed.config.clone();
            }
            let values = keys.iter().map(|key| Reflect::get(env, &key));
            let raw: Array = values.map(Result::unwrap_or_default).collect();
            let config = Self::read(|name| {
                let place = NAMES.iter().position(|known| *known == name)?;
                Value::of(&raw.get(u32::try_from(place).ok()?))
            });
            let config = config.map(Rc::new);
            *parsed = Some(Parsed {
                raw,
                config: config.clone(),
            });
            config
        })
    }

    /// Reads every setting through `var`. A blank value counts as unset.
    ///
    /// # Errors
    /// When `HMAC_SECRET` is missing, or a value cannot mean what it is there for: a mistyped
    /// `REQUIRE_TIMESTAMP` must not quietly mean "no".
    pub(crate) fn read(var: impl Fn(&'static str) -> Option<Value>) -> Result<Self, ConfigError> {
        let values = Values(var);
        let secrets = Secrets::read(&values)?;
        let legacy = Switches {
            api: values.switch("LEGACY_API", false, "on or off")?,
            open_scan: values.switch("LEGACY_OPEN_SCAN", false, "on or off")?,
            merchant_reads: values.switch("LEGACY_MERCHANT_READS", true, "on or off")?,
        };
        if let (true, Some((update, subscribe))) = (legacy.api, secrets.shared()) {
            return Err(ConfigError::SharedKey { update, subscribe });
        }
        let milliseconds = |name, default| {
            let expected = "a whole number of seconds from 1 to 2592000";
            let seconds = values.number(name, default, 1..=2_592_000, expected)?;
            Ok::<_, ConfigError>(i64::from(seconds) * 1_000)
        };
        let shards = values.number("RECENT_SHARDS", 8, 1..=64, "a whole number from 1 to 64")?;
        let watchers = values.number(
            "MAX_WATCHERS",
            1_000,
            1..=MOST_WATCHERS,
            "a whole number from 1 to 16000",
        )?;
        let ttl_days = values.number(
            "HISTORY_TTL_DAYS",
            400,
            1..=36_500,
            "a whole number of days from 1 to 36500",
        )?;
        Ok(Self {
            timestamp: match values.switch("REQUIRE_TIMESTAMP", false, "true or false")? {
                true => TimestampPolicy::Required,
                false => TimestampPolicy::Optional,
            },
            origins: match values.list("ALLOWED_ORIGINS", Origins::EXPECTED)? {
                None => Origins::Any,
                Some(list) => {
                    Origins::listed(&list).ok_or_else(|| bad("ALLOWED_ORIGINS", Origins::EXPECTED))?
                }
            },
            legacy,
            max_watchers: watchers as usize,
            recent_shards: u16::try_from(shards).unwrap_or(u16::MAX),
            history_ttl_seconds: DAY_SECONDS * u64::from(ttl_days),
            outbox: Policy {
                retry_ms: milliseconds("OUTBOX_RETRY_SECONDS", 900)?,
                quiet_ms: milliseconds("ARCHIVE_QUIET_SECONDS", 86_400)?,
                grace_ms: milliseconds("ARCHIVE_GRACE_SECONDS", 300)?,
            },
            key_names: secrets.key_names(),
            log_updates: values.switch("LOG_UPDATES", false, "on or off")?,
            place: Place {
                jurisdiction: values.one_of("JURISDICTION", &JURISDICTIONS, "one of eu, us, fedramp")?,
                hint: values.one_of(
                    "LOCATION_HINT",
                    &HINTS,
                    "one of wnam, enam, sam, weur, eeur, apac, oc, afr, me",
                )?,
            },
            warnings: secrets.warnings(),
            admin: secrets.admin(),
            update_keys: secrets.update_keys,
            subscribe_keys: secrets.subscribe_keys,
        })
    }
}

#[cfg(test)]
mod tests;
