//! The Transfer Status server for Cloudflare Workers and Durable Objects.
//!
//! A stateless Worker judges every request; what it lets through takes one hop to the transfer's own
//! Durable Object, its room.
//!
//! | path | module | |
//! |---|---|---|
//! | `GET /ws/{id}` | `watch` | a watcher's socket, opened in the room or refused at the edge |
//! | `GET /transfer/{id}` | `read` | the transfer, with `ETag` |
//! | `POST /update` | `update` | verify the bytes, decode, hand them to the room |
//! | `POST /scan` | `scan` | tell the watchers that the code was scanned |
//! | `GET /recent`, `/dashboard`, `/transfer/{id}/timeline` | `dashboard` | the operator's |
//! | what `LEGACY_API=on` adds | `legacy` | the API of the service that this one replaces |
//! | `GET /healthz` | here | whether the deploy has what it needs |
//!
//! In the room, `room` holds the sockets and calls the platform, `ledger` knows the rules, `storage`
//! keeps the row, and `attachment` is what a sleeping socket remembers. What follows from an update
//! elsewhere is in `outbox`: the archive is `history`, and the list of what changed lately is `recent`.
#![forbid(unsafe_code)]

mod attachment;
mod auth;
mod bindings;
mod body;
mod call;
mod config;
mod cors;
mod dashboard;
mod eager;
mod error;
mod history;
mod incoming;
mod ledger;
mod legacy;
mod log;
mod mailbag;
mod outbox;
mod read;
mod recent;
mod record;
mod refusals;
mod reply;
mod room;
mod rooms;
mod scan;
mod session;
mod socket;
mod storage;
mod target;
mod timeline;
mod turnstile;
mod update;
mod watch;

use worker::web_sys::{Request, Response};
use worker::{Context, Env, event};

pub use crate::recent::RecentIndex;
pub use crate::room::TransferRoom;

use crate::config::{Config, ConfigError};
use crate::error::ApiError;
use crate::incoming::Incoming;
use crate::legacy::View;
use crate::target::decode_segment;

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route<'a> {
    Health,
    Update,
    Scan,
    Recent,
    /// The id is still percent-encoded, as in the next two.
    Transfer(&'a str),
    Timeline(&'a str),
    Watch(&'a str),
    Dashboard,
    Session,
    Stats,
    Feed,
    /// A file below `/dashboard/`.
    File(&'a str),
    /// Of the earlier API, as the next four.
    Create,
    Status,
    List,
    Unscan,
    /// The id is still percent-encoded.
    LegacyWatch(&'a str),
}

impl<'a> Route<'a> {
    fn of(path: &'a str) -> Option<Self> {
        let path = path.strip_prefix('/')?;
        if let Some(file) = path.strip_prefix("dashboard/") {
            return Some(match file {
                "" => Self::Dashboard,
                "session" => Self::Session,
                "stats" => Self::Stats,
                "feed" => Self::Feed,
                file => Self::File(file),
            });
        }
        let mut segments = path.split('/');
        let route = match (segments.next()?, segments.next(), segments.next()) {
            ("healthz", None, None) => Self::Health,
            ("update", None, None) => Self::Update,
            ("scan", None, None) => Self::Scan,
            ("recent", None, None) => Self::Recent,
            ("dashboard", None, None) => Self::Dashboard,
            ("transfer", Some(id), None) => Self::Transfer(id),
            ("transfer", Some(id), Some("timeline")) => Self::Timeline(id),
            ("ws", Some(id), None) => Self::Watch(id),
            ("create", None, None) => Self::Create,
            ("status", None, None) => Self::Status,
            ("transfers", None, None) => Self::List,
            ("unscan", None, None) => Self::Unscan,
            ("transfers", Some(id), Some("ws")) => Self::LegacyWatch(id),
            _ => return None,
        };
        segments.next().is_none().then_some(route)
    }

    /// Its methods, as `Allow` lists them. `OPTIONS` is answered for all.
    fn allow(self) -> &'static str {
        match self {
            Self::Health
            | Self::Transfer(_)
            | Self::Timeline(_)
            | Self::Recent
            | Self::Dashboard
            | Self::Stats
            | Self::File(_)
            | Self::Status
            | Self::List => "GET, HEAD, OPTIONS",
            Self::Watch(_) | Self::Feed | Self::LegacyWatch(_) => "GET, OPTIONS",
            Self::Update | Self::Scan | Self::Create | Self::Unscan => "POST, OPTIONS",
            Self::Session => "POST, DELETE, OPTIONS",
        }
    }

    /// Whether it is there with `LEGACY_API=on` only.
    fn is_legacy(self) -> bool {
        matches!(
            self,
            Self::Create | Self::Status | Self::List | Self::Unscan | Self::LegacyWatch(_)
        )
    }
}

/// The Worker's entry.
#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> worker::Result<Response> {
    let url = request.url();
    let incoming = Incoming::new(&request, &url);
    let config = Config::of(&env);
    let response = match answer(&incoming, &env, config).await {
        Ok(response) => {
            // The page to sign in with is no refusal by a room.
            if response.status() >= 400 && Route::of(incoming.target().path) != Some(Route::Dashboard) {
                log::refused_by_room(&incoming, response.status());
            }
            response
        }
        Err(error) => {
            let error = refusals::count(&env, config, &incoming, error).await;
            log::refused(&incoming, &error);
            reply::refusal(&error)?
        }
    };
    match (incoming.origin(), config) {
        // A socket's answer has no headers for a page to read.
        (Some(origin), Ok(config)) if config.origins.admits(Some(origin)) && response.status() != 101 => {
            Ok(reply::share(response, config.origins.allow(origin))?)
        }
        _ => Ok(response),
    }
}

async fn answer(
    incoming: &Incoming<'_>,
    env: &Env,
    config: Result<&'static Config, &'static ConfigError>,
) -> Result<Response, ApiError> {
    let route = Route::of(incoming.target().path).ok_or(ApiError::NoRoute)?;
    if route.is_legacy() && config.is_ok_and(|config| !config.legacy.api) {
        return Err(ApiError::NoRoute);
    }
    let method = incoming.request().method();
    if method == "GET" && incoming.is_upgrade() {
        match route {
            Route::Watch(id) => {
                return watch::open(incoming, &decode_segment(id), env, config, View::Current).await;
            }
            Route::LegacyWatch(id) => {
                return watch::open(incoming, &decode_segment(id), env, config, View::Legacy).await;
            }
            Route::Feed => {
                let opened = dashboard::feed(incoming, env, config).await;
                return opened.or_else(|error| watch::refuse(incoming, &error, false));
            }
            _ => {}
        }
    }
    let allow = route.allow();
    if !allow.split(", ").any(|allowed| allowed == method) {
        return Err(ApiError::MethodNotAllowed { allow });
    }
    let config = config.map_err(ApiError::NotConfigured)?;
    incoming.check_origin(&config.origins)?;
    if method == "OPTIONS" {
        return Ok(reply::preflight(allow)?);
    }
    match route {
        Route::Health => health(env),
        Route::Update => update::post(incoming, env, config).await,
        Route::Transfer(id) => read::get(incoming, &decode_segment(id), env, config).await,
        Route::Scan => scan::post(incoming, env, config).await,
        Route::Recent => dashboard::recent(incoming, env, config).await,
        Route::Timeline(id) => dashboard::timeline(incoming, &decode_segment(id), env, config).await,
        Route::Dashboard => dashboard::page(incoming, env, config).await,
        Route::Session if method == "DELETE" => dashboard::sign_out(incoming),
        Route::Session => dashboard::sign_in(incoming, config).await,
        Route::Stats => dashboard::stats(incoming, env, config).await,
        Route::File(path) => dashboard::file(incoming, env, path).await,
        Route::Create => legacy::update(incoming, env, config).await,
        Route::Status => legacy::status(incoming, env, config).await,
        Route::List => legacy::list(incoming, env, config).await,
        Route::Unscan => legacy::scan(incoming, env, config, false).await,
        Route::Watch(_) | Route::Feed | Route::LegacyWatch(_) => Err(ApiError::UpgradeRequired),
    }
}

/// `GET /healthz`: the configuration was read already, so what is left is the bindings.
fn health(env: &Env) -> Result<Response, ApiError> {
    bindings::rooms(env)?;
    bindings::recent(env)?;
    bindings::history(env)?;
    bindings::assets(env)?;
    Ok(reply::json(200, r#"{"status":"ok"}"#, &[])?)
}

#[cfg(test)]
mod tests {
    use super::Route;

    #[test]
    fn every_path_of_the_contract_leads_somewhere() {
        assert_eq!(Route::of("/healthz"), Some(Route::Health));
        assert_eq!(Route::of("/update"), Some(Route::Update));
        assert_eq!(Route::of("/transfer/tr_1"), Some(Route::Transfer("tr_1")));
        assert_eq!(Route::of("/ws/a%3Ab"), Some(Route::Watch("a%3Ab")));
        assert_eq!(Route::of("/transfer/a/timeline"), Some(Route::Timeline("a")));
        assert_eq!(Route::of("/scan"), Some(Route::Scan));
        assert_eq!(Route::of("/recent"), Some(Route::Recent));
        assert_eq!(Route::of("/dashboard"), Some(Route::Dashboard));
        assert_eq!(Route::of("/dashboard/"), Some(Route::Dashboard));
        assert_eq!(Route::of("/dashboard/session"), Some(Route::Session));
        assert_eq!(Route::of("/dashboard/stats"), Some(Route::Stats));
        assert_eq!(Route::of("/dashboard/feed"), Some(Route::Feed));
        assert_eq!(Route::of("/dashboard/js/app.js"), Some(Route::File("js/app.js")));
        assert_eq!(Route::of("/create"), Some(Route::Create));
        assert_eq!(Route::of("/status"), Some(Route::Status));
        assert_eq!(Route::of("/transfers"), Some(Route::List));
        assert_eq!(Route::of("/unscan"), Some(Route::Unscan));
        assert_eq!(
            Route::of("/transfers/a%3Ab/ws"),
            Some(Route::LegacyWatch("a%3Ab"))
        );
        assert_eq!(
            Route::of("/ws/"),
            Some(Route::Watch("")),
            "an empty id is a bad id, not a bad path"
        );
    }

    #[test]
    fn any_other_path_leads_nowhere() {
        for path in [
            "",
            "/",
            "/ws",
            "/transfer",
            "/transfer/a/b",
            "/transfer/a/timeline/b",
            "/transfers/a",
            "/transfers/a/b",
            "/transfers/a/ws/b",
            "/recent/",
            "/update/",
            "/Update",
            "//update",
            "/healthz/x",
        ] {
            assert_eq!(Route::of(path), None, "{path}");
        }
    }

    #[test]
    fn every_route_answers_a_preflight() {
        for route in [
            Route::Health,
            Route::Update,
            Route::Transfer("a"),
            Route::Watch("a"),
            Route::Session,
            Route::Feed,
            Route::File("a"),
            Route::List,
            Route::LegacyWatch("a"),
        ] {
            assert!(route.allow().contains("OPTIONS"));
        }
    }
}
