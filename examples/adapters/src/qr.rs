//! QR payloads, through the SDK's own reader and writer.

use serde_json::{Value, json};

use crate::command::Command;
use crate::host;
use crate::sdk::{QrPayload, Signature, TransferId};

/// Says the parts of a payload, or why it is none.
pub(crate) fn read(command: &Command) {
    answer(command.id, command.text.parse().map_err(|error| format!("{error}")).map(|read: QrPayload| {
        json!({"transferId": read.transfer_id().as_str(), "signature": read.signature().expose()})
    }));
}

/// Says the text of a payload, or why there can be none.
pub(crate) fn write(command: Command) {
    let id = command.id;
    answer(id, text(command).map(|text| json!({"text": text})));
}

fn text(command: Command) -> Result<String, String> {
    let id: TransferId = command.transfer_id.parse().map_err(|error| format!("{error}"))?;
    let signature =
        Signature::new(command.signature.unwrap_or_default()).map_err(|error| error.to_string())?;
    let payload = QrPayload::new(&command.page, id, signature).map_err(|error| error.to_string())?;
    Ok(payload.to_string())
}

fn answer(id: u64, answer: Result<Value, String>) {
    let mut said = answer.unwrap_or_else(|reason| json!({"rejected": reason}));
    said["event"] = json!("qr");
    said["id"] = json!(id);
    host::say(&said.to_string());
}
