//! What must hold in every story, looked at after it.

use std::collections::HashSet;

use crate::server::{Seen, Server};
use crate::told::Witness;

/// One line for each rule that was broken.
pub(crate) fn complaints(witnesses: &[Witness], servers: &[Server]) -> Vec<String> {
    let mut wrong = Vec::new();
    for witness in witnesses {
        wrong.extend(witness.complaints());
    }
    for server in servers {
        wrong.extend(server.dials().iter().flat_map(dial));
        wrong.extend(server.polls().iter().flat_map(poll));
    }
    // A signature in an address would be in every log of it on the way.
    for secret in witnesses
        .iter()
        .filter_map(|witness| witness.signature.as_deref())
    {
        let mac = secret.rsplit('.').next().unwrap_or(secret);
        for server in servers {
            let mut seen = server.dials();
            seen.extend(server.polls());
            if seen.iter().any(|seen| seen.request.target.contains(mac)) {
                wrong.push("a signature stands in an address".to_owned());
            }
        }
    }
    wrong
}

/// "`Sec-WebSocket-Protocol: transfer-status.v1, signature.<base64url of the signature, no padding>`"
fn dial(dial: &Seen) -> Option<String> {
    let offered = dial.request.header("sec-websocket-protocol").unwrap_or_default();
    let names: HashSet<&str> = offered.split(',').map(str::trim).collect();
    let is_right = dial.request.target.starts_with("/ws/")
        && names.contains("transfer-status.v1")
        && dial.request.signature().is_some();
    (!is_right).then(|| format!("not the upgrade as agreed: {}", dial.request.target))
}

/// "`GET /transfer/{transferId}`", with the signature as `Authorization: Bearer …`
fn poll(poll: &Seen) -> Option<String> {
    let request = &poll.request;
    let is_right = request.method == "GET"
        && request.target.starts_with("/transfer/")
        && request
            .header("authorization")
            .is_some_and(|value| value.starts_with("Bearer "));
    (!is_right).then(|| format!("not a poll as agreed: {} {}", request.method, request.target))
}
