//! Secrets, from the environment or standard input: an argument would show in the list of processes.

use std::env::{self, VarError};
use std::io::Read;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use transfer_status::{Key, KeyRing, QrPayload, Signature};

/// Nothing that is read has more bytes; an update has at most 16 KiB.
const MAX_INPUT: u64 = 1024 * 1024;

/// The key of updates.
pub(crate) fn update_key() -> anyhow::Result<Key> {
    key("HMAC_SECRET")?.context("HMAC_SECRET is not set; export the service's secret")
}

/// The key of subscriptions.
pub(crate) fn subscribe_key() -> anyhow::Result<Key> {
    match key("SUBSCRIBE_HMAC_SECRET")? {
        Some(key) => Ok(key),
        None => key("HMAC_SECRET")?
            .context("neither SUBSCRIBE_HMAC_SECRET nor HMAC_SECRET is set; export the service's secret"),
    }
}

/// The keys that updates are accepted with.
pub(crate) fn update_keys() -> anyhow::Result<KeyRing> {
    ring(update_key()?, "HMAC_SECRET_PREVIOUS")
}

/// The keys that subscriptions are accepted with.
pub(crate) fn subscribe_keys() -> anyhow::Result<KeyRing> {
    let previous = match variable("SUBSCRIBE_HMAC_SECRET")? {
        Some(_) => "SUBSCRIBE_HMAC_SECRET_PREVIOUS",
        None => "HMAC_SECRET_PREVIOUS",
    };
    ring(subscribe_key()?, previous)
}

/// The signature's text, of a subscription or of an update.
pub(crate) fn signature_text() -> anyhow::Result<String> {
    variable("TRANSFER_STATUS_SIGNATURE")?
        .context("TRANSFER_STATUS_SIGNATURE is not set; export the signature that the backend handed out")
}

/// The signature of a subscription.
pub(crate) fn signature() -> anyhow::Result<Signature> {
    Ok(Signature::new(signature_text()?)?)
}

/// The payload of a QR code, from `TRANSFER_STATUS_QR` or standard input.
pub(crate) fn qr_payload() -> anyhow::Result<QrPayload> {
    let text = match variable("TRANSFER_STATUS_QR")? {
        Some(text) => text,
        None => String::from_utf8(input(None)?)
            .ok()
            .context("standard input is not a QR payload")?,
    };
    Ok(text.trim().parse::<QrPayload>()?)
}

/// The bytes of `file`, or of standard input for none and for `-`.
pub(crate) fn input(file: Option<&Path>) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match file.filter(|file| *file != Path::new("-")) {
        Some(file) => {
            let open =
                std::fs::File::open(file).with_context(|| format!("cannot open {}", file.display()))?;
            open.take(MAX_INPUT + 1)
                .read_to_end(&mut bytes)
                .with_context(|| format!("cannot read {}", file.display()))?;
        }
        None => {
            std::io::stdin()
                .lock()
                .take(MAX_INPUT + 1)
                .read_to_end(&mut bytes)
                .context("cannot read standard input")?;
        }
    }
    if u64::try_from(bytes.len())? > MAX_INPUT {
        bail!("the input is larger than 1 MiB");
    }
    Ok(bytes)
}

/// Seconds since the Unix epoch.
pub(crate) fn now() -> anyhow::Result<u64> {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .context("the clock is before 1970")?;
    Ok(since.as_secs())
}

fn ring(current: Key, previous: &str) -> anyhow::Result<KeyRing> {
    let ring = KeyRing::new(current);
    Ok(match key(previous)? {
        Some(previous) => ring.with_previous(previous),
        None => ring,
    })
}

fn key(name: &str) -> anyhow::Result<Option<Key>> {
    Ok(variable(name)?.map(Key::new).transpose()?)
}

/// An empty variable counts as none.
fn variable(name: &str) -> anyhow::Result<Option<String>> {
    match env::var(name) {
        Ok(value) if value.is_empty() => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(VarError::NotPresent) => Ok(None),
        // The error itself would print the value.
        Err(VarError::NotUnicode(_)) => bail!("{name} is not UTF-8"),
    }
}
