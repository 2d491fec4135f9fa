//! One JSON line for each refusal and each fault, and with `LOG_UPDATES=on` for each update that changed something.
//!
//! A line holds no query string, no header but the request's id, and no signature.

use std::rc::Rc;

use serde::Serialize;
use transfer_status_protocol::ErrorCode;
use worker::js_sys::Math;
use worker::{console_error, console_log, console_warn};

use crate::domain::record::Record;
use crate::domain::timeline::Trail;
use crate::edge::request::Incoming;
use crate::error::ApiError;

/// Longer than any path of ours.
const MOST_OF_A_PATH: usize = 512;
/// Ids in one line.
const MOST_TRANSFERS: usize = 50;

#[derive(Default, Serialize)]
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
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "<[&str]>::is_empty")]
    transfers: &'a [&'a str],
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<usize>,
}

/// A request that was refused, or that we failed.
pub(crate) fn refused(incoming: &Incoming<'_>, error: &ApiError) {
    write(error, Some(path(incoming)), Some(&request_id(incoming)), None);
}

/// A request that the transfer's room refused, by the status of its answer.
pub(crate) fn refused_by_room(incoming: &Incoming<'_>, status: u16) {
    let code = ErrorCode::ALL
        .into_iter()
        .find(|code| code.http_status() == status);
    let code = code.unwrap_or(ErrorCode::Other);
    print(
        matches!(code, ErrorCode::Internal | ErrorCode::Unavailable),
        &Line {
            code: code.as_str(),
            message: "the transfer's room refused",
            path: Some(path(incoming)),
            request: Some(&request_id(incoming)),
            ..Line::default()
        },
    );
}

/// An update that may not follow. Where it comes from is told, as the transfer's trail does for those that may.
pub(crate) fn conflict(transfer: &str, reason: &str, trail: &Trail) {
    print(
        false,
        &Line {
            code: ErrorCode::Conflict.as_str(),
            message: reason,
            request: trail.request.as_deref(),
            transfer: Some(transfer),
            key: trail.key.as_deref(),
            ..Line::default()
        },
    );
}

/// An update that changed something.
pub(crate) fn applied(transfer: &str, record: &Record, trail: &Trail) {
    #[derive(Serialize)]
    struct Applied<'a> {
        event: &'static str,
        transfer: &'a str,
        version: u64,
        status: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        key: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        request: Option<&'a str>,
    }
    let line = serde_json::to_string(&Applied {
        event: "applied",
        transfer,
        version: record.version(),
        status: record.transfer.status.as_str(),
        key: trail.key.as_deref(),
        request: trail.request.as_deref(),
    });
    if let Ok(line) = line {
        console_log!("{line}");
    }
}

/// A message that a room refused, or anything that it failed.
pub(crate) fn room(transfer: &str, error: &ApiError) {
    write(error, None, None, Some(transfer));
}

/// A delivery that failed and will be repeated.
pub(crate) fn owed(transfer: &str, place: &str, cause: &str) {
    print(
        true,
        &Line {
            code: ErrorCode::Unavailable.as_str(),
            message: &format!("the {place} did not take the transfer; it will be sent again"),
            cause: Some(cause),
            transfer: Some(transfer),
            ..Line::default()
        },
    );
}

/// Changes that a shard of the recent index did not take, and that will be sent again: each of these transfers waits.
pub(crate) fn not_listed(transfers: &[Rc<str>], message: &str, cause: Option<&str>) {
    let shown: Vec<_> = transfers.iter().take(MOST_TRANSFERS).map(|id| &**id).collect();
    print(
        true,
        &Line {
            code: ErrorCode::Unavailable.as_str(),
            message: "the recent index did not take these transfers; they will be sent again",
            cause: Some(cause.unwrap_or(message)),
            transfers: &shown,
            count: Some(transfers.len()),
            ..Line::default()
        },
    );
}

/// A transfer whose first updates were taken while the archive could not be asked, and which the archive knew.
pub(crate) fn reconciled(transfer: &str, reported: &Record, merged: &Record) {
    let (was, is) = (&reported.transfer.status, &merged.transfer.status);
    let message = format!(
        "the archive knew the transfer: reported as {was} at version {}, it is {is} at version {}",
        reported.version(),
        merged.version()
    );
    print(
        false,
        &Line {
            code: ErrorCode::Conflict.as_str(),
            message: &message,
            transfer: Some(transfer),
            ..Line::default()
        },
    );
}

/// A fault of a shard of the recent index.
pub(crate) fn shard(error: &ApiError) {
    write(error, None, None, None);
}

fn write(error: &ApiError, path: Option<&str>, request: Option<&str>, transfer: Option<&str>) {
    print(
        error.is_ours(),
        &Line {
            code: error.code().as_str(),
            message: &error.to_string(),
            cause: error.cause(),
            path,
            request,
            transfer,
            ..Line::default()
        },
    );
}

fn print(ours: bool, line: &Line<'_>) {
    let event = if ours { "failed" } else { "refused" };
    let Ok(line) = serde_json::to_string(&Line { event, ..*line }) else {
        return;
    };
    if ours {
        console_error!("{line}");
    } else {
        console_warn!("{line}");
    }
}

/// The platform names its requests; a local one gets a name that is good enough to find it by.
pub(crate) fn request_id(incoming: &Incoming<'_>) -> String {
    incoming
        .header("cf-ray")
        .unwrap_or_else(|| format!("local-{:08x}", (Math::random() * f64::from(u32::MAX)) as u32))
}

/// A URL is ASCII as the platform hands it over.
fn path<'a>(incoming: &Incoming<'a>) -> &'a str {
    let path = incoming.target().path;
    path.get(..MOST_OF_A_PATH).unwrap_or(path)
}
