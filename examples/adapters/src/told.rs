//! What the SDK tells, as events of the adapter protocol.

use serde_json::{Value, json};

use crate::host;
use crate::sdk::{Connection, Event, Problem, ProblemKind, Transfer, WatchError};

/// One event as a line.
pub(crate) fn event(watch: &str, event: &Event) -> String {
    match event {
        Event::Status(transfer) => status(watch, transfer),
        Event::Connection(connection) => {
            json!({"event": "connection", "watch": watch, "state": state(*connection)}).to_string()
        }
        Event::Problem(problem) => self::problem(watch, problem.as_ref()).to_string(),
        Event::ServerError(error) => {
            json!({"event": "notice", "watch": watch, "code": error.code.as_str(), "message": error.message})
                .to_string()
        }
        Event::Scan(scan) => {
            json!({"event": "scan", "watch": watch, "scanned": scan.scanned, "at": scan.at.to_string()})
                .to_string()
        }
        other => {
            json!({"event": "fault", "watch": watch, "message": format!("unknown to the adapter: {other:?}")})
                .to_string()
        }
    }
}

fn state(connection: Connection) -> &'static str {
    match connection {
        Connection::Connecting => "connecting",
        Connection::Live => "live",
        Connection::Reconnecting => "reconnecting",
        Connection::Polling => "polling",
        _ => "unknown to the adapter",
    }
}

/// As text, since an amount has digits that a `Value` would lose.
fn status(watch: &str, transfer: &Transfer) -> String {
    match serde_json::to_string(transfer) {
        Ok(transfer) => format!(
            r#"{{"event":"status","watch":{},"transfer":{transfer}}}"#,
            json!(watch)
        ),
        Err(error) => json!({"event": "fault", "watch": watch, "message": error.to_string()}).to_string(),
    }
}

fn problem(watch: &str, problem: Option<&Problem>) -> Value {
    let Some(problem) = problem else {
        return json!({"event": "problem", "watch": watch, "kind": null});
    };
    let seconds = |millis: i64| millis as f64 / 1_000.0;
    let next = problem
        .next_attempt
        .map(|next| seconds((next.unix_millis() - host::unix_millis()).max(0)));
    let mut told = json!({
        "event": "problem", "watch": watch, "kind": problem.kind.as_str(), "since": seconds(problem.since.unix_millis()),
        "attempts": problem.attempts, "nextIn": next,
    });
    match &problem.kind {
        ProblemKind::Redirect { status: Some(status) } | ProblemKind::Http { status } => {
            told["status"] = json!(status)
        }
        ProblemKind::Closed { code } => told["code"] = json!(code.get()),
        ProblemKind::Malformed { field } => told["field"] = json!(field),
        ProblemKind::SignatureRefresh { cause } => told["cause"] = json!(cause),
        _ => {}
    }
    told
}

/// The end of a watch as a line.
pub(crate) fn end(watch: &str, end: Result<Transfer, WatchError>) -> String {
    let mut closed = json!({"event": "closed", "watch": watch});
    let error = match end {
        Ok(_) => {
            closed["outcome"] = json!("final");
            return closed.to_string();
        }
        Err(error) => error,
    };
    closed["message"] = json!(error.to_string());
    closed["outcome"] = json!(match &error {
        WatchError::Refused { code, .. } => {
            closed["code"] = json!(code.get());
            "refused"
        }
        WatchError::Closed => "user",
        WatchError::SignatureRefused => "no_signature",
        _ => "failed",
    });
    closed.to_string()
}
