//! `transfer-status watch`: one line for each piece of news.

use serde::Serialize;
use serde_json::json;
use transfer_status::{Client, CloseReason, Connection, Event, Problem, ProblemKind, Roots, Transfer};

use crate::on_runtime;
use crate::output::{Output, describe, printable};
use crate::target::Target;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Ends with 0 once the transfer is completed, failed or cancelled; with 1 when the service refuses.
It reconnects by itself for as long as it takes; `timeout 60 transfer-status watch …` bounds it.

The signature comes from TRANSFER_STATUS_SIGNATURE, or with the transfer from a QR code's payload:
  transfer-status watch order-1042
  zbarcam --raw --oneshot | transfer-status watch --qr")]
pub(crate) struct Args {
    #[command(flatten)]
    target: Target,
}

pub(crate) fn run(args: Args, output: &mut Output) -> anyhow::Result<()> {
    let (transfer_id, signature) = args.target.read()?;
    on_runtime(async {
        let client = Client::builder(args.target.url).roots(Roots::System).build()?;
        let mut watch = client.watch(transfer_id).signature(signature).start();
        let mut met = None;
        while let Some(event) = watch.next().await {
            match event {
                Event::Problem(problem) => {
                    // One that is met again is told once.
                    let kind = problem.as_ref().map(|problem| problem.kind.clone());
                    if met != kind {
                        tell_problem(problem.as_ref(), output)?;
                        met = kind;
                    }
                }
                event => tell(&event, output)?,
            }
        }
        watch.finished().await?;
        Ok(())
    })
}

fn tell_problem(problem: Option<&Problem>, output: &mut Output) -> anyhow::Result<()> {
    let Some(problem) = problem else {
        return output.remark(
            &json!({ "event": "problem", "kind": null }),
            "the problem is gone",
        );
    };
    let mut object = json!({
        "event": "problem",
        "kind": problem.kind.as_str(),
        "message": problem.to_string(),
        "since": problem.since,
        "attempts": problem.attempts,
    });
    let detail = match &problem.kind {
        ProblemKind::Http { status } => Some(("status", json!(status))),
        ProblemKind::Redirect { status } => Some(("status", json!(status))),
        ProblemKind::Closed { code } => Some(("code", json!(code.get()))),
        ProblemKind::Malformed { field } => Some(("field", json!(field))),
        _ => None,
    };
    if let (Some(object), Some((name, value))) = (object.as_object_mut(), detail) {
        object.insert(name.to_owned(), value);
    }
    output.remark(&object, printable(&format!("not live: {problem}")))
}

/// Not a `json!` value, which would round an amount.
#[derive(Serialize)]
struct StatusLine<'a> {
    event: &'static str,
    transfer: &'a Transfer,
}

fn tell(event: &Event, output: &mut Output) -> anyhow::Result<()> {
    match event {
        Event::Status(transfer) => output.line(
            &StatusLine {
                event: "status",
                transfer,
            },
            describe(transfer),
        ),
        Event::Connection(connection) => {
            let (word, text) = match connection {
                Connection::Connecting => ("connecting", "connecting …"),
                Connection::Live => ("live", "connected"),
                Connection::Reconnecting => ("reconnecting", "connection lost, reconnecting …"),
                Connection::Polling => ("polling", "no socket gets through, asking every few seconds"),
                _ => return Ok(()),
            };
            output.remark(&json!({ "event": "connection", "connection": word }), text)
        }
        Event::Scan(scan) => {
            let text = if scan.scanned {
                "the QR code was scanned"
            } else {
                "the scan was taken back"
            };
            let object = json!({ "event": "scan", "scanned": scan.scanned, "at": scan.at });
            output.remark(&object, text)
        }
        Event::ServerError(body) => {
            let object = json!({ "event": "error", "code": body.code.as_str(), "message": body.message });
            output.remark(&object, printable(&format!("the service says: {}", body.message)))
        }
        Event::Closed(reason) => {
            let (word, text) = match reason {
                CloseReason::Final => ("final", "done"),
                CloseReason::User => ("user", "closed"),
                CloseReason::SignatureRefused => ("signature_refused", "no fresh signature is available"),
                CloseReason::Server(code) => {
                    let object = json!({ "event": "closed", "reason": "server", "code": code.get() });
                    return output.remark(&object, "closed by the service");
                }
                _ => return Ok(()),
            };
            output.remark(&json!({ "event": "closed", "reason": word }), text)
        }
        _ => Ok(()),
    }
}
