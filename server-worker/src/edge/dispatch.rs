//! From a request to its answer: the route is looked up, the settings are asked, and the refusal is counted and logged.

use transfer_status_protocol::ErrorCode;
use worker::Env;
use worker::wasm_bindgen::prelude::*;
use worker::web_sys::{Request, Response};

use super::legacy;
use super::request::{Head, Incoming};
use super::route::Route;
use super::target::decode_segment;
use super::{dashboard, delete, health, limits, read, scan, update, watch};
use crate::config::{Config, ConfigError};
use crate::domain::view::View;
use crate::error::ApiError;
use crate::log;
use crate::platform::{eager, metrics, reply};

const CONFLICT: u16 = ErrorCode::Conflict.http_status();

/// The Worker's entry: a response, or a promise of one.
#[wasm_bindgen(wasm_bindgen = ::worker::wasm_bindgen)]
pub fn fetch(request: Request, env: Env) -> Result<JsValue, JsValue> {
    eager::run(async move { Ok(serve(&request, &env).await?.into()) })
}

async fn serve(request: &Request, env: &Env) -> Result<Response, JsValue> {
    let head = Head::of(request);
    let incoming = Incoming::new(request, &head);
    let config = Config::of(env);
    let config = config.as_deref();
    let route = Route::of(incoming.target().path);
    let response = match answer(&incoming, env, route, config).await {
        Ok(response) => {
            // The page to sign in with is no refusal by a room; a room logs a conflict itself, with its reason.
            let told = route == Some(Route::Dashboard) || response.status() == CONFLICT;
            if response.status() >= 400 && !told {
                log::refused_by_room(&incoming, response.status());
            }
            response
        }
        Err(error) => {
            let error = limits::count(env, config.ok(), &incoming, error).await;
            log::refused(&incoming, &error);
            metrics::refused(env, &error);
            reply::refusal(&error)?
        }
    };
    match (incoming.origin(), config) {
        // The dashboard is for no other page, and a socket's answer has no headers for a page to read.
        _ if route.is_some_and(Route::is_dashboards) || response.status() == 101 => Ok(response),
        (Some(origin), Ok(config)) if config.origins.admits(Some(origin)) => {
            reply::share(response, config.origins.allow(origin))
        }
        _ => Ok(response),
    }
}

async fn answer(
    incoming: &Incoming<'_>,
    env: &Env,
    route: Option<Route<'_>>,
    config: Result<&Config, &ConfigError>,
) -> Result<Response, ApiError> {
    let route = route.ok_or(ApiError::NoRoute)?;
    if route.is_legacy() && config.is_ok_and(|config| !config.legacy.api) {
        return Err(ApiError::NoRoute);
    }
    let method = incoming.method();
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
    let config = config.map_err(|error| ApiError::NotConfigured(error.clone()))?;
    if route.is_dashboards() && incoming.is_of_another_origin() {
        return Err(ApiError::NotOurPage);
    }
    incoming.check_origin(&config.origins)?;
    if method == "OPTIONS" {
        return Ok(reply::preflight(allow)?);
    }
    match route {
        Route::Health => health::get(incoming, env, config).await,
        Route::Update => update::post(incoming, env, config).await,
        Route::Transfer(id) if method == "DELETE" => {
            delete::delete(incoming, &decode_segment(id), env, config).await
        }
        Route::Transfer(id) => read::get(incoming, &decode_segment(id), env, config).await,
        Route::Scan => scan::post(incoming, env, config).await,
        Route::Recent => dashboard::recent(incoming, env, config).await,
        Route::Timeline(id) => dashboard::timeline(incoming, &decode_segment(id), env, config).await,
        Route::Record(id) => dashboard::record(incoming, &decode_segment(id), env, config).await,
        Route::Dashboard => dashboard::page(incoming, env, config).await,
        Route::Session if method == "DELETE" => dashboard::sign_out(incoming, env, config).await,
        Route::Session => dashboard::sign_in(incoming, env, config).await,
        Route::Stats => dashboard::stats(incoming, env, config).await,
        Route::File(path) => dashboard::file(incoming, env, path).await,
        Route::Create => legacy::update(incoming, env, config).await,
        Route::Status => legacy::status(incoming, env, config).await,
        Route::List => legacy::list(incoming, env, config).await,
        Route::Unscan => legacy::scan(incoming, env, config, false).await,
        Route::Watch(_) | Route::Feed | Route::LegacyWatch(_) => Err(ApiError::UpgradeRequired),
    }
}
