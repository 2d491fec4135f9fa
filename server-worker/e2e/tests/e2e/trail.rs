//! What an operator can find out afterwards: who set a status, by which request, and what was refused; whether all is
//! well; and what is counted.

use serde_json::Value;
use transfer_status::Status;
use transfer_status_e2e::{ADMIN_TOKEN, HMAC_SECRET, Options, Server, http, unix_seconds, until};

use crate::server;

const OLD_KEY: &str = "the-update-key-before-this-one-4c1d";

fn admin() -> (&'static str, String) {
    ("authorization", format!("Bearer {ADMIN_TOKEN}"))
}

/// What the deploy guide tells to make of a key.
fn fingerprint(secret: &str) -> String {
    let mac = http::signer(secret).sign(b"transfer-status: whether two keys are one");
    mac.chars().take(8).collect()
}

fn line<'a>(logs: &'a [String], event: &str) -> Vec<&'a String> {
    let event = format!(r#"\"event\":\"{event}\""#);
    logs.iter().filter(|line| line.contains(&event)).collect()
}

#[tokio::test]
async fn each_change_says_which_key_signed_it_by_which_request_and_when_it_came() {
    let options = Options::default().variable("HMAC_SECRET_PREVIOUS", OLD_KEY);
    let server = Server::start(options.variable("LOG_UPDATES", "on"));
    let payment = server.payment();
    for (secret, ray, status) in [
        (OLD_KEY, "8f0c-FRA", "pending"),
        (HMAC_SECRET, "8f0d-FRA", "completed"),
    ] {
        let body = format!(r#"{{"transferId":"{}","status":"{status}"}}"#, payment.id);
        let now = unix_seconds();
        let signature = http::signer(secret).sign_at(now, body.as_bytes());
        let headers = [
            ("x-signature", signature.as_str()),
            ("x-timestamp", &now.to_string()),
            ("cf-ray", ray),
        ];
        let answer = server.request("POST", "/update", &headers, body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    let timeline = server.timeline(&payment.id).await;
    for (entry, (secret, ray)) in timeline
        .iter()
        .zip([(OLD_KEY, "8f0c-FRA"), (HMAC_SECRET, "8f0d-FRA")])
    {
        assert_eq!(entry["key"], fingerprint(secret), "{entry}");
        assert_eq!(entry["request"], ray, "{entry}");
        assert!(
            entry["receivedAt"].as_str() <= entry["updatedAt"].as_str(),
            "{entry}"
        );
    }
    // A repetition changes nothing, and is no event.
    payment.report(Status::Completed).await;
    let logs = server.logs();
    let applied = line(&logs, "applied");
    assert_eq!(applied.len(), 2, "{logs:#?}");
    for part in [
        payment.id.as_str(),
        "completed",
        "8f0d-FRA",
        &fingerprint(HMAC_SECRET),
    ] {
        assert!(applied[1].contains(part), "{part}: {}", applied[1]);
    }
}

#[tokio::test]
async fn without_the_switch_what_went_well_is_not_logged_and_a_conflict_says_which_transfer_and_why() {
    let server = Server::start(Options::default());
    let payment = server.payment();
    payment.report(Status::Completed).await;
    assert_eq!(server.logs().len(), 0, "{:#?}", server.logs());
    payment
        .post(r#""status":"failed""#)
        .await
        .is_error(409, "conflict");
    let logs = server.logs();
    let [refused] = &line(&logs, "refused")[..] else {
        panic!("{logs:#?}")
    };
    for part in [payment.id.as_str(), "conflict", "final", "request"] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
}

#[tokio::test]
async fn the_whole_record_of_a_transfer_is_the_operators_to_take() {
    let payment = server().payment();
    payment.report(Status::Completed).await;
    let path = format!("/transfer/{}/record", payment.id);
    let bearer = format!("Bearer {}", payment.signature().expose());
    for headers in [vec![], vec![("authorization", bearer.as_str())]] {
        server().get(&path, &headers).await.is_error(401, "unauthorized");
    }
    let (name, token) = admin();
    let record = server().get(&path, &[(name, &token)]).await;
    assert_eq!(record.status, 200, "{}", record.body);
    let record: Value = record.json();
    assert_eq!(record["room"]["transfer"]["status"], "completed");
    assert_eq!(record["room"]["timeline"].as_array().unwrap().len(), 1);
    assert!(record.as_object().unwrap().contains_key("archive"), "{record}");
    server()
        .get("/transfer/nobody-knows-it/record", &[(name, &token)])
        .await
        .is_error(404, "not_found");
}

#[tokio::test]
async fn a_deep_look_tries_a_room_the_list_and_the_archive_for_the_operator_alone() {
    let server = Server::start(Options::default().with_instruments());
    server
        .get("/healthz?deep=1", &[])
        .await
        .is_error(401, "unauthorized");
    let (name, token) = admin();
    let look = async || server.get("/healthz?deep=1", &[(name, &token)]).await;
    let well = look().await;
    assert_eq!(well.status, 200, "{}", well.body);
    for part in ["room", "list", "archive"] {
        assert!(well.json()["milliseconds"][part].is_number(), "{}", well.body);
    }
    server.fail(&["archive"]).await;
    let ill = look().await;
    ill.is_error(503, "unavailable");
    assert!(ill.body.contains("the archive"), "{}", ill.body);
    assert!(!ill.body.contains("500 Internal"), "the cause is for the log");
    assert!(server.logs().iter().any(|line| line.contains("500 Internal")));
    let plain = server.get("/healthz", &[]).await;
    assert_eq!(plain.status, 200, "the plain look tries nothing");
    server.fail(&[]).await;
    assert_eq!(look().await.status, 200);
    let before = server.instruments().await;
    look().await;
    let after = server.instruments().await;
    let cost = |counts: &transfer_status_e2e::Counts| (counts.room.rows_written, counts.room.alarms_set);
    assert_eq!(cost(&before), cost(&after), "it leaves nothing behind");
}

#[tokio::test]
async fn updates_refusals_and_lost_deliveries_are_counted_as_data_points() {
    let server = Server::start(Options::default().with_instruments());
    let payment = server.payment();
    payment.report(Status::Completed).await;
    payment
        .post(r#""status":"failed""#)
        .await
        .is_error(409, "conflict");
    server
        .get(&format!("/transfer/{}", payment.id), &[])
        .await
        .is_error(401, "unauthorized");
    assert_eq!(
        payment
            .socket_with(&payment.signature_until(1))
            .await
            .refused()
            .await,
        4410
    );
    let points = server.points().await;
    let count = |index: &str, blob: &str| {
        let alike = points
            .iter()
            .filter(|point| point["indexes"][0] == index && point["blobs"][0] == blob);
        alike.count()
    };
    assert_eq!(count("update", "taken"), 1, "{points:?}");
    assert_eq!(count("update", "conflict"), 1, "{points:?}");
    assert_eq!(count("refused", "unauthorized"), 1, "{points:?}");
    assert_eq!(count("refused", "expired"), 1, "{points:?}");
    for point in points.iter().filter(|point| point["indexes"][0] == "update") {
        assert!(point["doubles"][1].as_f64().unwrap() >= 0.0, "{point}");
    }
}

#[tokio::test]
async fn a_delivery_that_has_to_be_repeated_is_counted() {
    let server = Server::start(Options::default().with_instruments());
    server.fail(&["archive"]).await;
    let payment = server.payment();
    payment.report(Status::Completed).await;
    until(async || {
        let points = server.points().await;
        points.iter().any(|point| point["indexes"][0] == "delivery")
    })
    .await;
}

#[tokio::test]
async fn what_reaches_the_archive_tells_how_old_it_was() {
    let server = Server::start(Options::default().with_instruments());
    server.payment().report(Status::Completed).await;
    until(async || {
        let points = server.points().await;
        let archived = points.iter().find(|point| point["indexes"][0] == "archived");
        archived.is_some_and(|point| point["doubles"][1].as_f64().is_some_and(|age| age >= 0.0))
    })
    .await;
}
