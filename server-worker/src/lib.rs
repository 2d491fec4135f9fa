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
//! | `GET /healthz` | here | whether the deploy has what it needs |
//!
//! In the room, `room` holds the sockets and calls the platform, `ledger` knows the rules, `storage`
//! keeps the row, and `attachment` is what a sleeping socket remembers.
#![forbid(unsafe_code)]

mod attachment;
mod auth;
mod body;
mod call;
mod config;
mod cors;
mod error;
mod incoming;
mod ledger;
mod log;
mod read;
mod reply;
mod room;
mod rooms;
mod socket;
mod storage;
mod target;
mod update;
mod watch;

use worker::web_sys::{Request, Response};
use worker::{Context, Env, event};

pub use crate::room::TransferRoom;

use crate::config::{Config, ConfigError};
use crate::error::ApiError;
use crate::incoming::Incoming;
use crate::target::decode_segment;

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route<'a> {
    Health,
    Update,
    /// The id is still percent-encoded, as in the next one.
    Transfer(&'a str),
    Watch(&'a str),
}

impl<'a> Route<'a> {
    fn of(path: &'a str) -> Option<Self> {
        let mut segments = path.strip_prefix('/')?.split('/');
        let route = match (segments.next()?, segments.next()) {
            ("healthz", None) => Self::Health,
            ("update", None) => Self::Update,
            ("transfer", Some(id)) => Self::Transfer(id),
            ("ws", Some(id)) => Self::Watch(id),
            _ => return None,
        };
        segments.next().is_none().then_some(route)
    }

    /// Its methods, as `Allow` lists them. `OPTIONS` is answered for all.
    fn allow(self) -> &'static str {
        match self {
            Self::Health | Self::Transfer(_) => "GET, HEAD, OPTIONS",
            Self::Watch(_) => "GET, OPTIONS",
            Self::Update => "POST, OPTIONS",
        }
    }
}

/// The Worker's entry.
#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> worker::Result<Response> {
    let url = request.url();
    let incoming = Incoming::new(&request, &url);
    let config = Config::of(&env);
    let response = match answer(&incoming, &env, config).await {
        Ok(response) => response,
        Err(error) => {
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
    let method = incoming.request().method();
    if let Route::Watch(id) = route
        && method == "GET"
        && incoming.is_upgrade()
    {
        return watch::open(incoming, &decode_segment(id), env, config).await;
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
        Route::Watch(_) => Err(ApiError::UpgradeRequired),
    }
}

/// `GET /healthz`: the configuration was read already, so what is left is the binding.
fn health(env: &Env) -> Result<Response, ApiError> {
    rooms::rooms(env)?;
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
        ] {
            assert!(route.allow().contains("OPTIONS"));
        }
    }
}
