//! QR payloads, with the worked example of PROTOCOL.md.

use anyhow::{Result, ensure};
use serde_json::json;

use super::{Story, story};
use crate::stage::Stage;

pub(super) const STORIES: &[Story] = &[
    story!(
        both_forms_of_a_payload_are_read,
        "**A reader** must take both forms, and the signature from `?s=`."
    ),
    story!(
        a_writer_uses_the_short_form_where_it_can,
        "**A writer** uses the short form when putting the signature together gives the very one that it began with, else the long form."
    )
    .needs(&["qr-write"]),
];

const SIGNATURE: &str = "eyJ0cmFuc2ZlclJlcXVlc3RJZCI6InRyYW5zZmVyLTEyMyIsIm1lcmNoYW50SWQiOiJtZXJjaGFudC0wfj8+IiwiZXhwaXJ5IjoxNzMyOTUwODM5fQ==.Gic35aH0aysjQS7scu8LWmmsAA1lWg4Loy99FFP8yy0";
const SHORT: &str = "https://pay.example/t/transfer-123#m=merchant-0~%3F%3E&e=1732950839&h=Gic35aH0aysjQS7scu8LWmmsAA1lWg4Loy99FFP8yy0";
/// Not the payload that the short form stands for: its members are in another order.
const OTHER_ORDER: &str = "eyJtZXJjaGFudElkIjoibTciLCJ0cmFuc2ZlclJlcXVlc3RJZCI6InRyYW5zZmVyLTEyMyIsImV4cGlyeSI6MTczMjk1MDgzOX0=.Gic35aH0aysjQS7scu8LWmmsAA1lWg4Loy99FFP8yy0";

async fn both_forms_of_a_payload_are_read(stage: &Stage) -> Result<()> {
    let in_query = SIGNATURE.replace('+', "%2B");
    for text in [
        format!("https://pay.example/t/transfer-123#s={SIGNATURE}"),
        format!("https://pay.example/t/transfer-123?s={in_query}"),
        SHORT.to_owned(),
    ] {
        let read = stage.adapter.qr(json!({"cmd": "qr-read", "text": text})).await?;
        ensure!(
            read["transferId"] == "transfer-123" && read["signature"] == SIGNATURE,
            "{text} is read as {read}"
        );
    }
    for text in [
        "",
        "https://pay.example/t/transfer-123",
        "https://pay.example/t/transfer-123#m=a&e=1",
        "transfer-123",
    ] {
        let read = stage.adapter.qr(json!({"cmd": "qr-read", "text": text})).await?;
        ensure!(read["rejected"].is_string(), "\"{text}\" is read as {read}");
    }
    Ok(())
}

async fn a_writer_uses_the_short_form_where_it_can(stage: &Stage) -> Result<()> {
    let write = |signature: &str| {
        let command = json!({"cmd": "qr-write", "page": "https://pay.example", "transferId": "transfer-123", "signature": signature});
        stage.adapter.qr(command)
    };
    let short = write(SIGNATURE).await?;
    ensure!(short["text"] == SHORT, "written was {short}");
    let long = write(OTHER_ORDER).await?;
    ensure!(
        long["text"].as_str().is_some_and(|text| text.contains("#s=")),
        "written was {long}"
    );
    let read = stage
        .adapter
        .qr(json!({"cmd": "qr-read", "text": long["text"]}))
        .await?;
    ensure!(read["signature"] == OTHER_ORDER, "read back was {read}");
    Ok(())
}
