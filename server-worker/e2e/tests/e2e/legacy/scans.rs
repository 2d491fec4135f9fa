//! `POST /scan` and `/unscan`, which carry no proof.

use serde_json::json;
use transfer_status::{Connection, Event};
use transfer_status_e2e::{next_connection, soon};

use super::{field, frame, moved, watcher, word};

#[tokio::test]
async fn a_scan_with_no_proof_is_refused_and_says_how_to_open_it() {
    let payment = field().payment();
    let mut old = watcher(field(), &payment).await;
    assert_eq!(word(&mut old).await.0, 0);
    let body = json!({"id": payment.id.as_str()}).to_string();
    for path in ["/scan", "/unscan"] {
        let answer = field().request("POST", path, &[], body.clone()).await;
        answer.is_error(403, "forbidden");
        assert!(answer.body.contains("LEGACY_OPEN_SCAN"), "{}", answer.body);
    }
    // With the transfer's signature it is ours, and told to each watcher in its own words.
    let bearer = format!("Bearer {}", payment.signature().expose());
    let body = json!({"transferId": payment.id.as_str(), "scanned": true}).to_string();
    field()
        .request("POST", "/scan", &[], body.clone())
        .await
        .is_error(401, "unauthorized");
    let answer = field()
        .request("POST", "/scan", &[("authorization", &bearer)], body)
        .await;
    assert_eq!((answer.status, &answer.json()["watchers"]), (200, &json!(1)));
    assert_eq!(frame(&mut old).await["scanType"], "scanned");
}

#[tokio::test]
async fn where_scans_are_open_every_watcher_hears_of_them_in_its_own_words() {
    let payment = moved().payment();
    let mut old = watcher(moved(), &payment).await;
    let mut new = payment.watch();
    next_connection(&mut new, Connection::Live).await;
    assert_eq!(word(&mut old).await.0, 0);
    let body = json!({"id": payment.id.as_str()}).to_string();
    for (path, kind) in [("/scan", "scanned"), ("/unscan", "unscanned")] {
        let answer = moved().request("POST", path, &[], body.clone()).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let told = frame(&mut old).await;
        let expected = json!({
            "type": "scan", "scanType": kind, "transferId": payment.id.as_str(), "timestamp": told["timestamp"],
        });
        assert_eq!((&told, &answer.json()), (&expected, &expected));
        assert!(told["timestamp"].is_u64());
        let scan = loop {
            match soon(new.next()).await.unwrap() {
                Event::Scan(scan) => break scan,
                Event::Closed(end) => panic!("{end:?}"),
                _ => {}
            }
        };
        assert_eq!(scan.scanned, kind == "scanned");
        assert_eq!(json!(scan.at.unix_millis()), told["timestamp"]);
    }
    for body in ["{}", "", r#"{"id":7}"#, r#"{"id":"../x"}"#] {
        moved()
            .request("POST", "/scan", &[], body)
            .await
            .is_error(400, "bad_request");
    }
}
