//! Which sessions of the dashboard are open: one object of the index's class, under a name of its own. So a session
//! that was ended is over for everybody, also for a copy of its cookie.

use worker::wasm_bindgen::JsCast;
use worker::web_sys::{RequestInit, Response};
use worker::{Env, SqlStorage};

use crate::error::ApiError;
use crate::platform::{bindings, reply};

/// No shard has this name.
const NAME: &str = "sessions";
/// The first segment of its calls.
pub(super) const PATH: &str = "session";
/// The status that says that a session is not open.
const CLOSED: u16 = 410;
/// Sessions that are open at once; the oldest makes room.
const MOST_OPEN: u32 = 1_000;

/// Notes that a session is open until `expiry`, in Unix seconds.
pub(crate) async fn open(env: &Env, id: &str, expiry: u64) -> Result<(), ApiError> {
    ask(env, &format!("open/{id}/{expiry}")).await.map(drop)
}

/// Whether it is open still.
pub(crate) async fn is_open(env: &Env, id: &str) -> Result<bool, ApiError> {
    ask(env, &format!("is-open/{id}")).await
}

/// Ends it.
pub(crate) async fn end(env: &Env, id: &str) -> Result<(), ApiError> {
    ask(env, &format!("end/{id}")).await.map(drop)
}

/// 204 is yes, 410 is no. An object of a release that knows no sessions says 404, and nothing was done.
async fn ask(env: &Env, call: &str) -> Result<bool, ApiError> {
    let object = super::stub(env, NAME)?;
    let init = RequestInit::new();
    // The platform may repeat a GET.
    init.set_method("POST");
    let answer = object.fetch(&format!("{}/{PATH}/{call}", super::BASE), &init);
    let answer: Response = bindings::resolve(answer).await?.unchecked_into();
    match answer.status() {
        204 => Ok(true),
        CLOSED => Ok(false),
        404 => Err(ApiError::OtherVersion),
        status => Err(ApiError::Unreachable {
            cause: format!("the object of the sessions answered {status}"),
        }),
    }
}

/// Answers one of the calls above; `path` is what follows [`PATH`].
pub(super) fn answer<'a>(
    sql: &SqlStorage,
    mut path: impl Iterator<Item = &'a str>,
    now_unix_seconds: u64,
) -> Result<Response, ApiError> {
    sql.exec(
        "CREATE TABLE IF NOT EXISTS sessions (id TEXT PRIMARY KEY, expiry INTEGER NOT NULL) WITHOUT ROWID",
        None,
    )?;
    let now = now_unix_seconds as f64;
    let found = match (path.next(), path.next(), path.next()) {
        (Some("open"), Some(id), Some(expiry)) => {
            let expiry: u64 = expiry.parse().map_err(|_| ApiError::OtherVersion)?;
            let expiry = expiry as f64;
            sql.exec("DELETE FROM sessions WHERE expiry < ?", vec![now.into()])?;
            sql.exec(
                "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions ORDER BY expiry DESC LIMIT -1 OFFSET ?)",
                vec![f64::from(MOST_OPEN - 1).into()],
            )?;
            sql.exec(
                "INSERT OR REPLACE INTO sessions VALUES (?, ?)",
                vec![id.into(), expiry.into()],
            )?;
            true
        }
        (Some("is-open"), Some(id), None) => {
            let rows = sql.exec(
                "SELECT 1 FROM sessions WHERE id = ? AND expiry >= ?",
                vec![id.into(), now.into()],
            )?;
            rows.raw().next().transpose()?.is_some()
        }
        (Some("end"), Some(id), None) => {
            sql.exec("DELETE FROM sessions WHERE id = ?", vec![id.into()])?;
            true
        }
        _ => return Err(ApiError::NoRoute),
    };
    Ok(reply::empty(if found { 204 } else { CLOSED }, &[])?)
}
