//! The secrets: which keys verify what, which token opens the operator's part, and what is weak about them.

use transfer_status_protocol::sign::{Key, KeyRing, Signer};

use super::ConfigError;
use super::admin::{AdminClosed, AdminTokens, MIN_ADMIN_TOKEN};
use super::value::{Value, Values};

/// Below so many bytes a key can be found by trying, from one thing that it has signed.
const MIN_KEY_BYTES: usize = 16;

/// A secret with the variable that it came from.
struct Secret {
    name: &'static str,
    text: String,
    key: Key,
    /// Two texts are one key when they sign alike: HMAC fills a key up with zeros, and hashes a long one.
    print: String,
}

impl Secret {
    fn new(name: &'static str, text: String) -> Result<Self, ConfigError> {
        let key = Key::new(text.as_bytes()).map_err(|error| ConfigError::BadKey {
            name,
            reason: error.to_string(),
        })?;
        Ok(Self {
            name,
            print: print(&key),
            text,
            key,
        })
    }
}

fn print(key: &Key) -> String {
    Signer::new(key.clone()).sign(b"transfer-status: whether two keys are one")
}

/// What the trail of an update calls the keys of updates: eight digits that tell nothing of them.
#[derive(Debug)]
pub(crate) struct KeyNames {
    ring: KeyRing,
    current: String,
    previous: Option<String>,
}

impl KeyNames {
    /// The name of the key that has signed something; `is_by` tells whether one of a ring has, and one of all did.
    pub(crate) fn of(&self, is_by: impl FnOnce(&KeyRing) -> bool) -> &str {
        match &self.previous {
            Some(previous) if !is_by(&self.ring) => previous,
            _ => &self.current,
        }
    }
}

/// All that is secret.
pub(super) struct Secrets {
    /// Keys of updates.
    pub(super) update_keys: KeyRing,
    /// Keys of subscription signatures.
    pub(super) subscribe_keys: KeyRing,
    update: Vec<Secret>,
    /// Those of its own; empty where the update keys serve for both.
    subscribe: Vec<Secret>,
    admin: Option<String>,
    admin_previous: Option<String>,
}

impl Secrets {
    /// Reads them all.
    pub(super) fn read(values: &Values<impl Fn(&'static str) -> Option<Value>>) -> Result<Self, ConfigError> {
        let first = |names: &[&'static str]| -> Result<Option<Secret>, ConfigError> {
            for name in names {
                if let Some(text) = values.secret(name)? {
                    return Secret::new(name, text).map(Some);
                }
            }
            Ok(None)
        };
        let update = first(&["HMAC_SECRET", "UPDATE_HMAC"])?;
        let update_previous = first(&["HMAC_SECRET_PREVIOUS"])?;
        let subscribe = first(&["SUBSCRIBE_HMAC_SECRET", "SUBSCRIBE_HMAC"])?;
        let subscribe_previous = first(&["SUBSCRIBE_HMAC_SECRET_PREVIOUS"])?;
        let update = update.ok_or(ConfigError::NoSecret)?;
        Ok(Self {
            update_keys: ring(&update, update_previous.as_ref()),
            subscribe_keys: match &subscribe {
                Some(current) => ring(current, subscribe_previous.as_ref()),
                // While they share a key they also share its rotation.
                None => ring(&update, subscribe_previous.as_ref().or(update_previous.as_ref())),
            },
            update: [Some(update), update_previous].into_iter().flatten().collect(),
            subscribe: [subscribe, subscribe_previous].into_iter().flatten().collect(),
            admin: values.secret("ADMIN_TOKEN")?,
            admin_previous: values.secret("ADMIN_TOKEN_PREVIOUS")?,
        })
    }

    /// The variables of a key that verifies updates and subscriptions, if there is one.
    pub(super) fn shared(&self) -> Option<(&'static str, &'static str)> {
        let has_own = |name: &str| self.subscribe.iter().any(|key| key.name == name);
        if !has_own("SUBSCRIBE_HMAC_SECRET") && !has_own("SUBSCRIBE_HMAC") {
            let update = self.update.first()?;
            return Some((update.name, "SUBSCRIBE_HMAC_SECRET"));
        }
        self.update.iter().find_map(|update| {
            let same = self.subscribe.iter().find(|key| key.print == update.print)?;
            Some((update.name, same.name))
        })
    }

    /// What the keys of updates are called.
    pub(super) fn key_names(&self) -> KeyNames {
        let mut names = self.update.iter().map(|key| key.print.chars().take(8).collect());
        KeyNames {
            ring: KeyRing::new(self.update_keys.current().clone()),
            current: names.next().unwrap_or_default(),
            previous: names.next(),
        }
    }

    /// What opens the operator's part, or why nothing does.
    pub(super) fn admin(&self) -> Result<AdminTokens, AdminClosed> {
        let current = self.admin.as_deref().ok_or(AdminClosed::NotSet)?;
        self.judge(current)?;
        let previous = self.admin_previous.as_deref();
        let previous = previous.filter(|previous| self.judge(previous).is_ok());
        AdminTokens::new(current, previous, self.update_keys.current()).ok_or(AdminClosed::NotSet)
    }

    /// What should not stay so.
    pub(super) fn warnings(&self) -> Vec<String> {
        let keys = self.update.iter().chain(&self.subscribe);
        let weak = keys.filter(|key| key.text.len() < MIN_KEY_BYTES).map(|key| {
            format!(
                "{} has under {MIN_KEY_BYTES} bytes and can be found by trying; use 32 random ones",
                key.name
            )
        });
        let tokens = [
            ("ADMIN_TOKEN", &self.admin),
            ("ADMIN_TOKEN_PREVIOUS", &self.admin_previous),
        ];
        let useless = tokens.into_iter().filter_map(|(name, token)| {
            let reason = self.judge(token.as_deref()?).err()?;
            Some(format!("{name} opens nothing: {}", reason.fault()))
        });
        weak.chain(useless).collect()
    }

    fn judge(&self, token: &str) -> Result<(), AdminClosed> {
        if token.chars().count() < MIN_ADMIN_TOKEN {
            return Err(AdminClosed::TooShort);
        }
        let print = Key::new(token).map(|key| print(&key)).ok();
        let mut keys = self.update.iter().chain(&self.subscribe);
        match keys.find(|key| Some(&key.print) == print.as_ref()) {
            Some(key) => Err(AdminClosed::IsKey(key.name)),
            None => Ok(()),
        }
    }
}

fn ring(current: &Secret, previous: Option<&Secret>) -> KeyRing {
    let ring = KeyRing::new(current.key.clone());
    match previous {
        Some(previous) => ring.with_previous(previous.key.clone()),
        None => ring,
    }
}
