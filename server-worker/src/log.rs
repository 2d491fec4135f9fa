//! One JSON line for each refusal and each fault; nothing for what went well.
//!
//! A line holds no query string, no header but the request's id, and no signature.

use serde::Serialize;
use worker::js_sys::Math;
use worker::{console_error, console_warn};

use crate::error::ApiError;
use crate::incoming::Incoming;

/// Longer than any path of ours.
const MOST_OF_A_PATH: usize = 512;

#[derive(Serialize)]
struct Line<'a> {
    event: &'static str,
    code: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transfer: Option<&'a str>,
}

/// A request that was refused, or that we failed.
pub(crate) fn refused(incoming: &Incoming<'_>, error: &ApiError) {
    // The platform names its requests; a local one gets a name that is good enough to find it by.
    let id = incoming
        .header("cf-ray")
        .unwrap_or_else(|| format!("local-{:08x}", (Math::random() * f64::from(u32::MAX)) as u32));
    let path = incoming.target().path;
    // A URL is ASCII as the platform hands it over.
    write(
        error,
        Some(path.get(..MOST_OF_A_PATH).unwrap_or(path)),
        Some(&id),
        None,
    );
}

/// An update, a read or a message that a room refused, or failed.
pub(crate) fn room(transfer: &str, error: &ApiError) {
    write(error, None, None, Some(transfer));
}

fn write(error: &ApiError, path: Option<&str>, request: Option<&str>, transfer: Option<&str>) {
    let ours = error.is_ours();
    let line = Line {
        event: if ours { "failed" } else { "refused" },
        code: error.code().as_str(),
        message: &error.to_string(),
        cause: error.cause(),
        path,
        request,
        transfer,
    };
    let Ok(line) = serde_json::to_string(&line) else {
        return;
    };
    if ours {
        console_error!("{line}");
    } else {
        console_warn!("{line}");
    }
}
