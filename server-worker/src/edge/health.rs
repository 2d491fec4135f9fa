//! `GET /healthz`: whether the service can serve, and what should not stay as it is. With `?deep=1`, for the operator,
//! whether a room, the list and the archive really answer.

use serde::Serialize;
use transfer_status_protocol::TransferId;
use worker::Env;
use worker::js_sys::{Array, Promise};
use worker::wasm_bindgen::JsValue;
use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys::Response;

use crate::archive;
use crate::clock::{now_unix_millis, now_unix_seconds};
use crate::config::Config;
use crate::domain::view::View;
use crate::edge::proof;
use crate::edge::request::Incoming;
use crate::error::ApiError;
use crate::platform::{bindings, eager, pause, reply};
use crate::recent;
use crate::room::client;

/// The transfer that is asked for. Nobody reports it; whoever did would do no harm.
const CANARY: &str = "healthz-canary";
/// What has not answered by then does not answer.
const PATIENCE_MS: i64 = 5_000;

#[derive(Serialize)]
struct Health<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    warnings: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    milliseconds: Option<Milliseconds>,
}

/// How long each took to answer.
#[derive(Serialize)]
struct Milliseconds {
    room: i64,
    list: i64,
    archive: i64,
}

/// The configuration was read already, so what is left is the bindings, and to try them where that is asked.
pub(crate) async fn get(incoming: &Incoming<'_>, env: &Env, config: &Config) -> Result<Response, ApiError> {
    bindings::rooms(env)?;
    bindings::recent(env)?;
    bindings::history(env)?;
    bindings::assets(env)?;
    let deep = incoming
        .target()
        .pairs()
        .any(|(name, value)| name == "deep" && value == "1");
    let milliseconds = match deep {
        true => {
            proof::admin(env, config, incoming, now_unix_seconds()).await?;
            Some(try_all(env, config).await?)
        }
        false => None,
    };
    let health = Health {
        status: "ok",
        warnings: &config.warnings,
        milliseconds,
    };
    Ok(reply::json(200, &serde_json::to_string(&health)?, &[])?)
}

async fn try_all(env: &Env, config: &Config) -> Result<Milliseconds, ApiError> {
    let id = TransferId::new(CANARY)?;
    let archive = timed("the archive", {
        let (env, id) = (env.clone(), id.clone());
        async move { archive::get(&env, &id, archive::READ_WITHIN_MS).await.map(drop) }
    })
    .await?;
    let room = timed("a room", {
        let env = env.clone();
        async move {
            match client::read(&env, &id, true, View::Current).await?.status() {
                200 => Ok(()),
                status => Err(ApiError::Unreachable {
                    cause: format!("it answered {status}"),
                }),
            }
        }
    })
    .await?;
    let list = timed("the list", {
        let (env, shards) = (env.clone(), config.recent_shards);
        async move { recent::try_all(&env, shards).await }
    })
    .await?;
    Ok(Milliseconds { room, list, archive })
}

/// How long something took, which is given so long and no longer.
///
/// # Errors
/// [`ApiError::DoesNotAnswer`] with its name.
async fn timed(
    what: &'static str,
    work: impl Future<Output = Result<(), ApiError>> + 'static,
) -> Result<i64, ApiError> {
    let began = now_unix_millis();
    let work = eager::later(async move {
        let done = work
            .await
            .map_err(|error| JsValue::from_str(error.cause().unwrap_or(&error.to_string())));
        done.map(|()| JsValue::TRUE)
    });
    let limit = eager::later(async {
        pause::milliseconds(PATIENCE_MS)
            .await
            .map_err(|error| JsValue::from_str(&error.to_string()))?;
        Err(JsValue::from_str("it took over 5 s"))
    });
    let first = Promise::race(&Array::of2(&work, &limit));
    match JsFuture::from(first).await {
        Ok(_) => Ok(now_unix_millis().saturating_sub(began)),
        Err(cause) => Err(ApiError::DoesNotAnswer {
            what,
            cause: cause.as_string().unwrap_or_default(),
        }),
    }
}
