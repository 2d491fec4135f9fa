//! `GET /healthz`: whether the service can serve, and what should not stay as it is.

use serde::Serialize;
use worker::Env;
use worker::web_sys::Response;

use crate::config::Config;
use crate::error::ApiError;
use crate::platform::{bindings, reply};

#[derive(Serialize)]
struct Health<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    warnings: &'a [String],
}

/// The configuration was read already, so what is left is the bindings.
pub(crate) fn get(env: &Env, config: &Config) -> Result<Response, ApiError> {
    bindings::rooms(env)?;
    bindings::recent(env)?;
    bindings::history(env)?;
    bindings::assets(env)?;
    let health = Health {
        status: "ok",
        warnings: &config.warnings,
    };
    Ok(reply::json(200, &serde_json::to_string(&health)?, &[])?)
}
