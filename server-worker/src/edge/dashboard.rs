//! The operator's pages and what they ask for: `/recent`, `/dashboard` and below, a transfer's timeline.
//!
//! Proof is the admin's token, as `Authorization: Bearer …`, or the session cookie that the sign-in page
//! gets for it. Without `ADMIN_TOKEN` all of this is closed, and says why.

use serde::Deserialize;
use transfer_status_protocol::TransferId;
use worker::Env;
use worker::wasm_bindgen::JsCast;
use worker::web_sys::{Headers, RequestInit, Response};

use crate::clock::now_unix_seconds;
use crate::config::Config;
use crate::edge::body;
use crate::edge::limits;
use crate::edge::proof;
use crate::edge::request::Incoming;
use crate::edge::session;
use crate::error::ApiError;
use crate::platform::bindings;
use crate::platform::reply;
use crate::recent;
use crate::room::client;

/// Room for a token and its braces.
const MAX_SIGN_IN_BYTES: usize = 4 * 1024;

/// `GET /dashboard`: the page, or the one to sign in with, or the one that says why neither is open.
pub(crate) async fn page(incoming: &Incoming<'_>, env: &Env, config: &Config) -> Result<Response, ApiError> {
    let (status, file) = match proof::admin(config, incoming, now_unix_seconds()) {
        Ok(_) => (200, "app.html"),
        Err(ApiError::AdminClosed) => (403, "closed.html"),
        Err(_) => (401, "sign-in.html"),
    };
    let file = asset(incoming, env, file, false).await?;
    Ok(reply::page(status, &file, "no-store")?)
}

/// `GET /dashboard/…`: a script, a style or an icon. They hold no secret; the pages above are not among them.
pub(crate) async fn file(incoming: &Incoming<'_>, env: &Env, path: &str) -> Result<Response, ApiError> {
    if path.is_empty() || path.ends_with(".html") || path.contains("..") {
        return Err(ApiError::NoRoute);
    }
    let file = asset(incoming, env, path, true).await?;
    Ok(reply::page(file.status(), &file, "no-cache")?)
}

async fn asset(
    incoming: &Incoming<'_>,
    env: &Env,
    path: &str,
    conditional: bool,
) -> Result<Response, ApiError> {
    let init = RequestInit::new();
    if let (true, Some(known)) = (conditional, incoming.header("if-none-match")) {
        let headers = Headers::new()?;
        headers.set("if-none-match", &known)?;
        init.set_headers(&headers);
    }
    let url = format!("https://assets/{path}");
    let file: Response = bindings::resolve(bindings::assets(env)?.fetch(&url, &init))
        .await?
        .unchecked_into();
    match file.status() {
        200 | 304 => Ok(file),
        404 => Err(ApiError::NoRoute),
        status => Err(ApiError::Unreachable {
            cause: format!("the assets answered {status} for {path}"),
        }),
    }
}

/// `POST /dashboard/session`: the token for a cookie.
pub(crate) async fn sign_in(incoming: &Incoming<'_>, config: &Config) -> Result<Response, ApiError> {
    #[derive(Deserialize)]
    struct SignIn {
        token: String,
    }
    let admin = config.admin_token.as_ref().ok_or(ApiError::AdminClosed)?;
    let length = incoming.header("content-length");
    let body = body::read(incoming.request(), length.as_deref(), MAX_SIGN_IN_BYTES).await?;
    let given: SignIn = serde_json::from_slice(&body).map_err(|_| ApiError::BadSignIn)?;
    if !limits::may_try_admin(config, incoming) {
        return Err(ApiError::TooManyRefusals);
    }
    if !admin.is(&given.token) {
        return Err(ApiError::WrongAdminToken);
    }
    let cookie = admin.sessions().open(now_unix_seconds(), incoming.is_secure());
    Ok(reply::empty(204, &[("set-cookie", &cookie)])?)
}

/// `DELETE /dashboard/session`: ends the session in this browser.
pub(crate) fn sign_out(incoming: &Incoming<'_>) -> Result<Response, ApiError> {
    let cookie = session::close(incoming.is_secure());
    Ok(reply::empty(204, &[("set-cookie", &cookie)])?)
}

/// `GET /dashboard/stats`.
pub(crate) async fn stats(incoming: &Incoming<'_>, env: &Env, config: &Config) -> Result<Response, ApiError> {
    proof::admin(config, incoming, now_unix_seconds())?;
    recent::stats(env, config).await
}

/// `GET /recent`.
pub(crate) async fn recent(
    incoming: &Incoming<'_>,
    env: &Env,
    config: &Config,
) -> Result<Response, ApiError> {
    proof::admin(config, incoming, now_unix_seconds())?;
    recent::list(env, config, incoming.target()).await
}

/// `GET /transfer/{id}/timeline`.
pub(crate) async fn timeline(
    incoming: &Incoming<'_>,
    id: &str,
    env: &Env,
    config: &Config,
) -> Result<Response, ApiError> {
    proof::admin(config, incoming, now_unix_seconds())?;
    client::inspect(env, &TransferId::new(id)?).await
}

/// `GET /dashboard/feed?shard=K`, as an upgrade.
pub(crate) async fn feed(
    incoming: &Incoming<'_>,
    env: &Env,
    config: Result<&Config, &'static crate::config::ConfigError>,
) -> Result<Response, ApiError> {
    let config = config.map_err(ApiError::NotConfigured)?;
    // A browser asks no permission for a socket to another origin, so that the cookie alone proves nothing.
    if incoming.origin().is_some() && !incoming.is_same_origin() {
        return Err(ApiError::ForbiddenOrigin);
    }
    let expiry = proof::admin(config, incoming, now_unix_seconds())?;
    let shard = incoming.target().pairs().find(|(name, _)| name == "shard");
    let shard = shard.and_then(|(_, shard)| shard.parse().ok());
    let shard = shard
        .filter(|shard| *shard < config.recent_shards)
        .ok_or(ApiError::BadShard)?;
    recent::feed(env, shard, expiry).await
}
