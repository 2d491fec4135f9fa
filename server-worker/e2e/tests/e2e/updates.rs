//! The rules of one transfer over HTTP: the flow, what is told and what is not, and how an update is signed.

use serde_json::Value;
use transfer_status::{PublishError, Status};
use transfer_status_e2e::{
    HMAC_SECRET, Options, SUBSCRIBE_HMAC_SECRET, Said, Server, http, soon, unix_seconds,
};

use crate::server;

#[tokio::test]
async fn an_update_sent_twice_is_answered_alike_and_told_once() {
    let payment = server().payment();
    let mut socket = payment.socket().await;
    assert_eq!(socket.status().await.version, Some(0));

    let fields = r#""status":"processing","message":"on its way","amount":12.5,"metadata":{"a":[1,2]}"#;
    let first = payment.post(fields).await;
    let respelt = r#""metadata":{ "a": [1, 2] },"amount":12.50,"status":"processing""#;
    for again in [fields, r#""status":"processing""#, respelt] {
        let again = payment.post(again).await;
        assert_eq!((again.status, &again.body), (200, &first.body), "byte for byte");
    }
    payment.report(Status::Completed).await;

    assert_eq!(socket.status().await.version, Some(1));
    assert_eq!(
        socket.status().await.version,
        Some(2),
        "no frame came for the repetitions"
    );
    assert_eq!(socket.next().await, Said::Closed(1000));
    assert_eq!(
        payment.post(r#""status":"completed""#).await.status,
        200,
        "a final one is answered again too"
    );
}

#[tokio::test]
async fn an_update_is_one_call_of_its_room_whatever_the_answer() {
    let server = Server::start(Options::default().with_instruments());
    let payment = server.payment();
    let finished = r#""status":"completed""#;
    let refused = r#""status":"failed""#;
    let built_on = r#""status":"completed","ifVersion":1"#;
    for (calls, (fields, status)) in (1..).zip([(finished, 200), (refused, 409), (built_on, 200)]) {
        assert_eq!(payment.post(fields).await.status, status, "{fields}");
        let room = server.instruments().await.room;
        assert_eq!((room.fetches, room.reports), (calls, calls), "{fields}");
    }
}

#[tokio::test]
async fn a_whole_signed_request_that_is_replayed_changes_nothing() {
    let payment = server().payment();
    let body = format!(
        r#"{{"transferId":"{}","status":"pending","message":"first"}}"#,
        payment.id
    );
    let now = unix_seconds();
    let signature = http::signer(HMAC_SECRET).sign_at(now, body.as_bytes());
    let now = now.to_string();
    let headers = [("x-signature", signature.as_str()), ("x-timestamp", now.as_str())];
    assert_eq!(
        server()
            .request("POST", "/update", &headers, body.clone())
            .await
            .status,
        200
    );
    payment.report(Status::Processing).await;

    let replayed = server().request("POST", "/update", &headers, body).await;
    replayed.is_error(409, "conflict");
    assert_eq!(payment.version().await, 2);
}

#[tokio::test]
async fn an_update_that_arrives_late_is_refused_with_the_transfer_as_it_is() {
    let payment = server().payment();
    let mut socket = payment.socket().await;
    socket.status().await;
    payment.report(Status::Processing).await;
    let late = payment.post(r#""status":"pending","message":"late""#).await;
    late.is_error(409, "conflict");
    assert_eq!(late.json()["transfer"], payment.read().await.json());

    let stored = payment.report(Status::Completed).await;
    for fields in [
        r#""status":"pending""#,
        r#""status":"processing""#,
        r#""status":"failed""#,
        r#""status":"cancelled""#,
        r#""status":"completed","message":"more""#,
        r#""status":"completed","amount":1"#,
    ] {
        let answer = payment.post(fields).await;
        answer.is_error(409, "conflict");
        let current = &answer.json()["transfer"];
        assert_eq!(current["version"], 2, "{fields}");
        assert_eq!(current["status"], "completed", "{fields}");
    }
    let publisher = payment.publisher();
    let failed = soon(publisher.publish(&payment.update(Status::Failed))).await;
    let Err(PublishError::Conflict {
        current: Some(current),
        ..
    }) = failed
    else {
        panic!("a conflict was expected, got {failed:?}");
    };
    assert_eq!(*current, stored);

    // Nobody was told of any of it.
    assert_eq!(socket.status().await.version, Some(1));
    assert_eq!(socket.status().await.version, Some(2));
    assert_eq!(socket.next().await, Said::Closed(1000));
}

#[tokio::test]
async fn a_late_retry_that_says_what_it_builds_on_does_not_undo_a_newer_update() {
    let payment = server().payment();
    let early = payment.post(r#""status":"processing","ifVersion":1"#).await;
    early.is_error(409, "conflict");
    assert_eq!(early.json()["transfer"]["version"], 0, "nobody has reported it");
    assert_eq!(
        payment
            .post(r#""status":"processing","ifVersion":0"#)
            .await
            .status,
        200
    );

    let step_1 = r#""status":"processing","message":"step 1","ifVersion":1"#;
    let first = payment.post(step_1).await;
    let retried_at_once = payment.post(step_1).await;
    assert_eq!(
        (retried_at_once.status, &retried_at_once.body),
        (200, &first.body)
    );
    let step_2 = payment
        .post(r#""status":"processing","message":"step 2","ifVersion":2"#)
        .await;
    assert_eq!(step_2.status, 200);

    let late = payment.post(step_1).await;
    late.is_error(409, "conflict");
    assert_eq!(late.json()["transfer"], step_2.json());
    assert_eq!(payment.read().await.json()["message"], "step 2");

    for value in ["-1", "1.5", r#""3""#, "true"] {
        let fields = format!(r#""status":"processing","message":"step 3","ifVersion":{value}"#);
        payment.post(&fields).await.is_error(400, "bad_request");
    }
    let unconditional = payment.post(r#""status":"completed","ifVersion":null"#).await;
    assert_eq!(unconditional.json()["version"], 4);
}

#[tokio::test]
async fn every_step_of_the_flow_is_taken() {
    for path in [
        &["pending", "processing", "completed"][..],
        &["pending", "processing", "failed"],
        &["pending", "processing", "cancelled"],
        &["pending", "completed"],
        &["pending", "failed"],
        &["pending", "cancelled"],
        &["processing", "completed"],
        &["cancelled"],
    ] {
        let payment = server().payment();
        for (version, status) in (1..).zip(path) {
            let answer = payment.post(&format!(r#""status":"{status}""#)).await;
            let stored = answer.json();
            assert_eq!(
                (&stored["status"], &stored["version"]),
                (&Value::from(*status), &Value::from(version)),
                "{path:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_field_that_is_left_out_stays_and_null_removes_it() {
    let payment = server().payment();
    let all =
        r#""status":"pending","message":"m","amount":1,"merchantId":"a","customerId":"c","metadata":{"k":1}"#;
    let first = payment.post(all).await.json();
    let kept = payment.post(r#""status":"processing""#).await.json();
    for field in ["message", "amount", "merchantId", "customerId", "metadata"] {
        assert_eq!(kept[field], first[field], "{field}");
        let removed = payment
            .post(&format!(r#""status":"processing","{field}":null"#))
            .await
            .json();
        assert!(!removed.as_object().unwrap().contains_key(field), "{removed}");
    }
    assert_eq!(payment.version().await, 7);
}

#[tokio::test]
async fn versions_and_times_never_go_back_however_many_write_at_once() {
    let payment = server().payment();
    let posts = (0..16).map(|number| {
        let payment = payment.clone();
        async move {
            let answer = payment
                .post(&format!(r#""status":"pending","message":"{number}""#))
                .await;
            let stored = answer.json();
            let updated_at = stored["updatedAt"].as_str().unwrap().to_owned();
            (stored["version"].as_u64().unwrap(), updated_at)
        }
    });
    let mut stored = futures_util::future::join_all(posts).await;
    stored.sort();
    let versions: Vec<_> = stored.iter().map(|(version, _)| *version).collect();
    assert_eq!(
        versions,
        (1..=16).collect::<Vec<_>>(),
        "each has a version of its own"
    );
    assert!(stored.is_sorted_by_key(|(_, updated_at)| updated_at));
}

#[tokio::test]
async fn a_signature_is_read_in_either_case_with_and_without_a_timestamp() {
    let now = unix_seconds();
    for timestamp in [None, Some(now), Some(now - 290), Some(now + 290)] {
        for upper in [false, true] {
            let payment = server().payment();
            let body = format!(r#"{{"transferId":"{}","status":"pending"}}"#, payment.id);
            let signer = http::signer(HMAC_SECRET);
            let mut signature = match timestamp {
                Some(at) => signer.sign_at(at, body.as_bytes()),
                None => signer.sign(body.as_bytes()),
            };
            if upper {
                signature = signature.to_uppercase();
            }
            let timestamp = timestamp.map(|at| at.to_string());
            let mut headers = vec![("X-Signature", signature.as_str())];
            headers.extend(timestamp.as_deref().map(|at| ("X-Timestamp", at)));
            let answer = server().request("POST", "/update", &headers, body).await;
            assert_eq!(answer.status, 200, "{timestamp:?}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn an_update_that_is_not_signed_as_it_must_be_is_refused() {
    let payment = server().payment();
    payment.report(Status::Pending).await;
    let body = format!(r#"{{"transferId":"{}","status":"completed"}}"#, payment.id);
    let now = unix_seconds();
    let right = http::signer(HMAC_SECRET);
    let signature = right.sign(body.as_bytes());
    let at = |at: u64| (right.sign_at(at, body.as_bytes()), Some(at.to_string()));
    let bare = |signature: &str| (signature.to_owned(), None);
    let stamped = |signature: &str, at: &str| (signature.to_owned(), Some(at.to_owned()));
    for (what, (signature, timestamp)) in [
        ("too old", at(now - 302)),
        ("too far ahead", at(now + 310)),
        ("of 1970", at(0)),
        ("of the end of time", at(u64::MAX)),
        ("of another second", stamped(&at(now).0, &(now - 1).to_string())),
        ("with the timestamp taken away", bare(&at(now).0)),
        ("with a timestamp put on", stamped(&signature, &now.to_string())),
        ("with a timestamp in words", stamped(&signature, "now")),
        (
            "with a negative timestamp",
            stamped(&right.sign(format!("-5.{body}").as_bytes()), "-5"),
        ),
        (
            "with an empty timestamp",
            stamped(&right.sign(format!(".{body}").as_bytes()), ""),
        ),
        ("empty", bare("")),
        ("cut short", bare(&signature[..62])),
        ("too long", bare(&format!("{signature}00"))),
        ("with a prefix", bare(&format!("sha256={signature}"))),
        ("not hex", bare(&"zz".repeat(32))),
        (
            "of another key",
            bare(&http::signer("another key").sign(body.as_bytes())),
        ),
        (
            "of the subscription key",
            bare(&http::signer(SUBSCRIBE_HMAC_SECRET).sign(body.as_bytes())),
        ),
        ("of another body", bare(&right.sign(b"{}"))),
    ] {
        let mut headers = vec![("x-signature", signature.as_str())];
        headers.extend(timestamp.as_deref().map(|at| ("x-timestamp", at)));
        let answer = server().request("POST", "/update", &headers, body.clone()).await;
        assert_eq!(answer.status, 401, "{what}: {}", answer.body);
        answer.is_error(401, "unauthorized");
    }
    let unsigned = server().request("POST", "/update", &[], body).await;
    unsigned.is_error(401, "unauthorized");
    assert_eq!(payment.version().await, 1);
}

#[tokio::test]
async fn a_body_may_come_in_chunks_of_any_size() {
    let payment = server().payment();
    let body = format!(r#"{{"transferId":"{}","status":"pending"}}"#, payment.id);
    let signature = http::signer(HMAC_SECRET).sign(body.as_bytes());
    let chunks: String = body.chars().map(|sign| format!("1\r\n{sign}\r\n")).collect();
    let request = format!(
        "POST /update HTTP/1.1\r\nhost: h\r\nconnection: close\r\nx-signature: {signature}\r\n\
         transfer-encoding: chunked\r\n\r\n{chunks}0\r\n\r\n"
    );
    let answer = server().raw(request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(payment.version().await, 1);
}
