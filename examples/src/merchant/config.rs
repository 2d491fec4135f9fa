//! The settings of the merchant backend, from the environment.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use axum::http::{HeaderValue, Uri};
use thiserror::Error;
use transfer_status::Key;

/// How the backend is set up. Debug shows no secret.
#[derive(Debug, Clone)]
pub struct Config {
    /// `SUBSCRIBE_HMAC_SECRET`, or `HMAC_SECRET` where the service has only that.
    pub key: Key,
    /// `LISTEN`: where to listen; port 0 takes a free one. Default `127.0.0.1:8788`.
    pub listen: SocketAddr,
    /// `MERCHANT_ID`: the shop's name in the service, up to 128 characters. Default `merchant-1`.
    pub merchant_id: String,
    /// `PAGE_URL`: the checkout page that QR codes lead to. Default: this backend's own address.
    pub page: Option<String>,
    /// `SIGNATURE_TTL_SECONDS`: how long a signature is valid. Default 900.
    pub valid_for: Duration,
    /// `ALLOWED_ORIGINS`: the pages that may call from a browser, separated by commas. Default none.
    pub allowed_origins: Vec<HeaderValue>,
    /// `TRANSFER_STATUS_URL`: where pages find the service. Default `http://127.0.0.1:8787`.
    pub service: String,
    /// `CHECKOUT_DIR`: the built pages of `examples/checkout`, to be served from here. Default none.
    pub checkout: Option<PathBuf>,
    /// `DEMO_BANK=on`: a page that moves payments by hand, with `HMAC_SECRET`. For demonstrations only: whoever sees
    /// the page can pay. Default off.
    pub demo_bank: Option<Key>,
}

/// A setting that is missing or cannot be used. It never shows the value of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Neither secret is set.
    #[error(
        "SUBSCRIBE_HMAC_SECRET is not set; give it the service's, or set HMAC_SECRET if the service has only that"
    )]
    NoSecret,
    /// Not an address with a port.
    #[error("LISTEN is not an address with a port; write it like 127.0.0.1:8788")]
    Listen,
    /// Empty or too long.
    #[error("MERCHANT_ID is not 1 to 128 characters")]
    MerchantId,
    /// Not a whole number of seconds, or zero.
    #[error("SIGNATURE_TTL_SECONDS is not a whole number of seconds above zero")]
    ValidFor,
    /// Not a list of origins.
    #[error("ALLOWED_ORIGINS is not a list like https://shop.example,https://pay.example")]
    AllowedOrigins,
    /// Not an address that a browser could call.
    #[error("TRANSFER_STATUS_URL is not an address like https://status.example.com")]
    Service,
    /// Neither on nor off, or on without a key.
    #[error(
        "DEMO_BANK is not on or off, or it is on and HMAC_SECRET, the service's key for updates, is not set"
    )]
    DemoBank,
}

impl Config {
    /// Reads the settings with `var`, which gives a variable's value: `|name| std::env::var(name).ok()`.
    ///
    /// # Errors
    /// [`ConfigError`], which names the variable.
    pub fn read(var: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let set = |name| var(name).filter(|value| !value.is_empty());
        let secret = set("SUBSCRIBE_HMAC_SECRET")
            .or_else(|| set("HMAC_SECRET"))
            .ok_or(ConfigError::NoSecret)?;
        let listen = set("LISTEN").unwrap_or_else(|| "127.0.0.1:8788".to_owned());
        let merchant_id = set("MERCHANT_ID").unwrap_or_else(|| "merchant-1".to_owned());
        if merchant_id.chars().count() > 128 {
            return Err(ConfigError::MerchantId);
        }
        let seconds = set("SIGNATURE_TTL_SECONDS").map_or(Ok(900), |text| text.parse::<u32>());
        let seconds = seconds
            .ok()
            .filter(|seconds| *seconds > 0)
            .ok_or(ConfigError::ValidFor)?;
        Ok(Self {
            key: key(Some(secret), ConfigError::NoSecret)?,
            listen: listen.parse().map_err(|_| ConfigError::Listen)?,
            merchant_id,
            page: set("PAGE_URL"),
            valid_for: Duration::from_secs(seconds.into()),
            allowed_origins: origins(&set("ALLOWED_ORIGINS").unwrap_or_default())?,
            service: service(
                &set("TRANSFER_STATUS_URL").unwrap_or_else(|| "http://127.0.0.1:8787".to_owned()),
            )?,
            checkout: set("CHECKOUT_DIR").map(PathBuf::from),
            demo_bank: match set("DEMO_BANK").as_deref() {
                None | Some("off") => None,
                Some("on") => Some(key(set("HMAC_SECRET"), ConfigError::DemoBank)?),
                Some(_) => return Err(ConfigError::DemoBank),
            },
        })
    }
}

fn key(secret: Option<String>, otherwise: ConfigError) -> Result<Key, ConfigError> {
    Key::new(secret.unwrap_or_default()).map_err(|_| otherwise)
}

/// An address goes into a header of the pages too, so it may hold nothing that ends a list there.
fn service(address: &str) -> Result<String, ConfigError> {
    let uri: Uri = address.parse().map_err(|_| ConfigError::Service)?;
    let plain = !address.contains([';', ',', ' ', '?', '#']);
    match uri.scheme_str() {
        Some("http" | "https") if plain && uri.host().is_some() => {
            Ok(address.trim_end_matches('/').to_owned())
        }
        _ => Err(ConfigError::Service),
    }
}

fn origins(list: &str) -> Result<Vec<HeaderValue>, ConfigError> {
    let origins = list.split(',').map(str::trim).filter(|origin| !origin.is_empty());
    origins
        .map(
            |origin| match origin.starts_with("https://") || origin.starts_with("http://") {
                true => HeaderValue::from_str(origin.trim_end_matches('/'))
                    .map_err(|_| ConfigError::AllowedOrigins),
                false => Err(ConfigError::AllowedOrigins),
            },
        )
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(vars: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::read(|name| {
            vars.iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_secret_is_enough_and_there_is_no_default_for_it() {
        let config = read(&[("HMAC_SECRET", "s3cret-value")]).unwrap();
        assert_eq!(config.listen.port(), 8788);
        assert_eq!(config.valid_for, Duration::from_secs(900));
        assert!(config.allowed_origins.is_empty());
        assert!(!format!("{config:?}").contains("s3cret-value"));
        assert_eq!(read(&[]).unwrap_err(), ConfigError::NoSecret);
        assert_eq!(
            read(&[("SUBSCRIBE_HMAC_SECRET", "")]).unwrap_err(),
            ConfigError::NoSecret
        );
    }

    #[test]
    fn a_setting_that_cannot_be_used_is_named() {
        for (name, value) in [
            ("LISTEN", "localhost"),
            ("MERCHANT_ID", &"m".repeat(129) as &str),
            ("SIGNATURE_TTL_SECONDS", "0"),
            ("SIGNATURE_TTL_SECONDS", "soon"),
            ("ALLOWED_ORIGINS", "*"),
            ("TRANSFER_STATUS_URL", "status.example.com"),
            ("TRANSFER_STATUS_URL", "https://status.example.com/; script-src *"),
            ("DEMO_BANK", "yes"),
        ] {
            let error = read(&[("HMAC_SECRET", "k"), (name, value)]).unwrap_err();
            assert!(error.to_string().starts_with(name), "{name}={value}: {error}");
        }
    }

    #[test]
    fn the_demo_bank_needs_the_key_for_updates() {
        let vars = [
            ("SUBSCRIBE_HMAC_SECRET", "k"),
            ("DEMO_BANK", "on"),
            ("HMAC_SECRET", "u"),
        ];
        assert!(read(&vars).unwrap().demo_bank.is_some());
        assert_eq!(read(&vars[..2]).unwrap_err(), ConfigError::DemoBank);
        assert!(read(&vars[..1]).unwrap().demo_bank.is_none());
    }

    #[test]
    fn origins_are_taken_as_browsers_send_them() {
        let vars = [
            ("HMAC_SECRET", "k"),
            ("ALLOWED_ORIGINS", "https://shop.example/, http://localhost:5173"),
        ];
        assert_eq!(
            read(&vars).unwrap().allowed_origins,
            ["https://shop.example", "http://localhost:5173"]
        );
    }
}
