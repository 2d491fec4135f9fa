//! The operator's pages and what they ask for: `/recent`, `/dashboard` and below, a transfer's timeline.
//!
//! Proof is the admin's token, as `Authorization: Bearer …`, or the session cookie that the sign-in page
//! gets for it. Without `ADMIN_TOKEN` all of this is closed, and says why.

use transfer_status_protocol::{TransferId, json};
use worker::Env;
use worker::wasm_bindgen::JsCast;
use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys::{Headers, RequestInit, RequestRedirect, Response};

use crate::archive;
use crate::clock::now_unix_seconds;
use crate::config::{Config, ConfigError};
use crate::edge::body;
use crate::edge::proof;
use crate::edge::request::Incoming;
use crate::edge::session::{self, Sessions};
use crate::error::ApiError;
use crate::platform::bindings;
use crate::platform::random;
use crate::platform::reply;
use crate::recent::{self, sessions};
use crate::room::client;

/// Room for a token and its braces.
const MAX_SIGN_IN_BYTES: usize = 4 * 1024;

/// Where the closed page says why.
const REASON: &str = "{{reason}}";

/// `GET /dashboard`: the page, or the one to sign in with, or the one that says why neither is open. A wrong token is
/// refused as anywhere, so that it counts.
pub(crate) async fn page(incoming: &Incoming<'_>, env: &Env, config: &Config) -> Result<Response, ApiError> {
    let (status, name) = match proof::admin(env, config, incoming, now_unix_seconds()).await {
        Ok(_) => (200, "app.html"),
        Err(ApiError::AdminClosed(closed)) => {
            let file = asset(incoming, env, "closed.html", false).await?;
            let text = JsFuture::from(file.text()?)
                .await?
                .as_string()
                .unwrap_or_default();
            // Words of ours and names of variables: nothing that HTML would read otherwise.
            let text = text.replace(REASON, &closed.fault());
            return Ok(reply::html(403, &text)?);
        }
        Err(ApiError::NotAdmin) => (401, "sign-in.html"),
        Err(error) => return Err(error),
    };
    let file = asset(incoming, env, name, false).await?;
    Ok(reply::page(status, &file, "no-store")?)
}

/// `GET /dashboard/…`: a script, a style or an icon. They hold no secret; the pages above are not among them.
pub(crate) async fn file(incoming: &Incoming<'_>, env: &Env, path: &str) -> Result<Response, ApiError> {
    if !is_file(path) {
        return Err(ApiError::NoRoute);
    }
    let file = asset(incoming, env, path, true).await?;
    Ok(reply::page(file.status(), &file, "no-cache")?)
}

/// Whether a path is spelt as our files are, which also means that nothing in it is encoded: the assets would decode
/// it, and find what was not meant. The pages are no files.
fn is_file(path: &str) -> bool {
    let plain = path
        .bytes()
        .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'/'));
    let known = [".js", ".css", ".svg"].iter().any(|end| path.ends_with(end));
    plain
        && known
        && path
            .split('/')
            .all(|part| !part.starts_with('.') && !part.is_empty())
}

async fn asset(
    incoming: &Incoming<'_>,
    env: &Env,
    path: &str,
    conditional: bool,
) -> Result<Response, ApiError> {
    let init = RequestInit::new();
    init.set_redirect(RequestRedirect::Manual);
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
        300..=399 | 404 => Err(ApiError::NoRoute),
        status => Err(ApiError::Unreachable {
            cause: format!("the assets answered {status} for {path}"),
        }),
    }
}

/// `POST /dashboard/session`: the token for a cookie.
pub(crate) async fn sign_in(
    incoming: &Incoming<'_>,
    env: &Env,
    config: &Config,
) -> Result<Response, ApiError> {
    let admin = config
        .admin
        .as_ref()
        .map_err(|closed| ApiError::AdminClosed(*closed))?;
    let body = body::read(incoming, MAX_SIGN_IN_BYTES).await?;
    let token = body::fields(&body, ["token"])
        .and_then(|[token]| json::required::<String>(token, "token", "a string"))
        .map_err(|_| ApiError::BadSignIn)?;
    proof::admin_token(config, admin, incoming, token.trim())?;
    let session = Sessions::open(random::name()?, now_unix_seconds());
    sessions::open(env, &session.id, session.expiry).await?;
    let cookie = admin.sessions().cookie(&session, incoming.is_secure());
    Ok(reply::empty(204, &[("set-cookie", &cookie)])?)
}

/// `DELETE /dashboard/session`: ends the session, in this browser and for every copy of its cookie.
pub(crate) async fn sign_out(
    incoming: &Incoming<'_>,
    env: &Env,
    config: &Config,
) -> Result<Response, ApiError> {
    let secure = incoming.is_secure();
    if let (Ok(admin), Some(cookies)) = (&config.admin, incoming.own_cookies())
        && let Some(session) = admin.sessions().find(&cookies, secure, now_unix_seconds())
    {
        sessions::end(env, &session.id).await?;
        recent::end_feeds(env, config, &session.id).await?;
    }
    let cookie = session::close(secure);
    Ok(reply::empty(204, &[("set-cookie", &cookie)])?)
}

/// `GET /dashboard/stats`.
pub(crate) async fn stats(incoming: &Incoming<'_>, env: &Env, config: &Config) -> Result<Response, ApiError> {
    proof::admin(env, config, incoming, now_unix_seconds()).await?;
    recent::stats(env, config, incoming.target()).await
}

/// `GET /recent`.
pub(crate) async fn recent(
    incoming: &Incoming<'_>,
    env: &Env,
    config: &Config,
) -> Result<Response, ApiError> {
    proof::admin(env, config, incoming, now_unix_seconds()).await?;
    recent::list(env, config, incoming.target()).await
}

/// `GET /transfer/{id}/timeline`.
pub(crate) async fn timeline(
    incoming: &Incoming<'_>,
    id: &str,
    env: &Env,
    config: &Config,
) -> Result<Response, ApiError> {
    proof::admin(env, config, incoming, now_unix_seconds()).await?;
    client::inspect(env, &TransferId::new(id)?).await
}

/// `GET /transfer/{id}/record`: all that is kept of a transfer, in its room and in the archive.
pub(crate) async fn record(
    incoming: &Incoming<'_>,
    id: &str,
    env: &Env,
    config: &Config,
) -> Result<Response, ApiError> {
    proof::admin(env, config, incoming, now_unix_seconds()).await?;
    let id = TransferId::new(id)?;
    let room = client::inspect(env, &id).await?;
    if !room.ok() {
        return Ok(room);
    }
    let room = JsFuture::from(room.text()?)
        .await?
        .as_string()
        .unwrap_or_default();
    let archived = archive::text(env, &id, archive::READ_WITHIN_MS).await?;
    let archived = archived.unwrap_or_else(|| "null".to_owned());
    let record = format!(r#"{{"room":{room},"archive":{archived}}}"#);
    Ok(reply::json(200, &record, &[])?)
}

/// `GET /dashboard/feed?shard=K`, as an upgrade.
pub(crate) async fn feed(
    incoming: &Incoming<'_>,
    env: &Env,
    config: Result<&Config, &ConfigError>,
) -> Result<Response, ApiError> {
    let config = config.map_err(|error| ApiError::NotConfigured(error.clone()))?;
    // A browser asks no permission for a socket to another origin, so that the cookie alone proves nothing.
    if incoming.is_of_another_origin() {
        return Err(ApiError::NotOurPage);
    }
    let operator = proof::admin(env, config, incoming, now_unix_seconds()).await?;
    let shard = incoming.target().pairs().find(|(name, _)| name == "shard");
    let shard = shard.and_then(|(_, shard)| shard.parse().ok());
    let shard = shard
        .filter(|shard| *shard < config.recent_shards)
        .ok_or(ApiError::BadShard)?;
    recent::feed(env, shard, operator.session.as_ref()).await
}

#[cfg(test)]
mod tests {
    use super::is_file;

    #[test]
    fn only_our_files_are_files_however_a_page_is_spelt() {
        for path in ["js/app.js", "css/tokens.css", "icon.svg"] {
            assert!(is_file(path), "{path}");
        }
        for path in [
            "",
            "app.html",
            "app%2Ehtml",
            "app%2ehtml",
            "app.htm%6c",
            "APP.HTML",
            "app",
            "app.html/",
            "app.html;x.js",
            "js/%2e%2e/app%2ehtml",
            "js/../app.js",
            "/js/app.js",
            "js//app.js",
            ".dev.js",
            "js/app.js%00",
        ] {
            assert!(!is_file(path), "{path}");
        }
    }
}
