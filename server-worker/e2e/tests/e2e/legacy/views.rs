//! Two views of the same transfers: whoever reports, each watcher hears it in its own words.

use serde_json::json;
use transfer_status::Status;
use transfer_status_e2e::{HMAC_SECRET, Said, Sockets, next_status, soon, unix_seconds};

use super::{field, frame, payload, post, report, status, valid, watcher, word};

#[tokio::test]
async fn a_backend_of_the_field_is_seen_by_its_own_watchers_and_by_ours() {
    let payment = field().payment();
    let mut old = watcher(field(), &payment).await;
    let mut new = payment.watch();
    assert_eq!(word(&mut old).await, (0, "PENDING".to_owned()));
    assert_eq!(next_status(&mut new).await, (0, Status::Pending));

    let mut update = payload(&payment.id, "merchant-7", "PENDING");
    update["details"] = json!("Überweisung angekündigt \u{1f4b8}");
    update["customerName"] = json!("Zoë Łukasik");
    let answer = post(field(), "/create", HMAC_SECRET, &update).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let shown = frame(&mut old).await["transfer"].clone();
    let expected = json!({
        "id": payment.id.as_str(), "status": "PENDING", "details": "Überweisung angekündigt \u{1f4b8}",
        "merchantId": "merchant-7", "customerName": "Zoë Łukasik", "updatedAt": shown["updatedAt"], "version": 1,
    });
    assert_eq!(shown, expected);
    assert_eq!(answer.json(), expected, "the answer is what watchers get");
    let age = i64::try_from(unix_seconds()).unwrap() * 1_000 - shown["updatedAt"].as_i64().unwrap();
    assert!(
        (-60_000..60_000).contains(&age),
        "milliseconds, as a number: {shown}"
    );
    let read = payment.read().await.json();
    assert_eq!(read["message"], "Überweisung angekündigt \u{1f4b8}");
    assert_eq!(
        (&read["merchantId"], &read["customerId"]),
        (&json!("merchant-7"), &json!("Zoë Łukasik"))
    );

    for (version, used, status) in [
        (2, "IN_FLIGHT", Status::Processing),
        (3, "SETTLED", Status::Completed),
    ] {
        let answer = report(field(), &payment.id, "merchant-7", used).await;
        assert_eq!((answer.status, &answer.json()["status"]), (200, &json!(used)));
        assert_eq!(word(&mut old).await, (version, used.to_owned()));
        // The first status came at an unknown moment between these.
        while next_status(&mut new).await != (version, status.clone()) {}
    }
    assert_eq!(old.next().await, Said::Closed(1000));
    assert_eq!(soon(new.finished()).await.unwrap().version, Some(3));
}

#[tokio::test]
async fn a_backend_of_ours_is_seen_by_watchers_of_the_field_asleep_or_awake() {
    let payment = field().payment();
    let mut old = watcher(field(), &payment).await;
    let mut new = payment.socket().await;
    assert_eq!(word(&mut old).await.0, 0);
    assert_eq!(new.status().await.version, Some(0));
    for (version, status, used) in [
        (1, Status::Pending, "PENDING"),
        (2, Status::Processing, "PROCESSING"),
        (3, Status::Failed, "FAILED"),
    ] {
        field().evict(&payment.id, Sockets::Hibernate);
        payment.report(status.clone()).await;
        assert_eq!(word(&mut old).await, (version, used.to_owned()));
        let transfer = new.status().await;
        assert_eq!((transfer.version, transfer.status), (Some(version), status));
    }
    assert_eq!(old.next().await, Said::Closed(1000));
    assert_eq!(new.next().await, Said::Closed(1000));

    // Whoever comes later gets the end, and the same close.
    let mut late = watcher(field(), &payment).await;
    assert_eq!(word(&mut late).await, (3, "FAILED".to_owned()));
    assert_eq!(late.next().await, Said::Closed(1000));
}

#[tokio::test]
async fn readers_get_back_the_word_that_the_backend_used() {
    for (used, ours) in [
        ("PENDING", "pending"),
        ("PROCESSING", "processing"),
        ("IN_FLIGHT", "processing"),
        ("COMPLETED", "completed"),
        ("PAID", "completed"),
        ("SETTLED", "completed"),
        ("FAILED", "failed"),
        ("CANCELLED", "cancelled"),
    ] {
        let payment = field().payment();
        let answer = report(field(), &payment.id, "merchant-7", used).await;
        assert_eq!(answer.json()["status"], used);
        field().evict(&payment.id, Sockets::Hibernate);
        let token = valid(&payment.id, "merchant-7");
        assert_eq!(status(field(), &payment.id, &token).await.json()["status"], used);
        assert_eq!(
            word(&mut watcher(field(), &payment).await).await,
            (1, used.to_owned())
        );
        assert_eq!(payment.read().await.json()["status"], ours);
    }
    for other in ["", "paid", "REFUNDED", "completed", "PAID "] {
        let payment = field().payment();
        let answer = report(field(), &payment.id, "merchant-7", other).await;
        answer.is_error(400, "bad_request");
        assert!(
            answer.body.contains("IN_FLIGHT"),
            "it says which: {}",
            answer.body
        );
        assert_eq!(payment.version().await, 0);
    }
}

#[tokio::test]
async fn another_word_for_the_same_status_is_news_until_the_end() {
    let payment = field().payment();
    let mut old = watcher(field(), &payment).await;
    assert_eq!(word(&mut old).await.0, 0);
    for (used, version) in [("PROCESSING", 1), ("IN_FLIGHT", 2), ("IN_FLIGHT", 2)] {
        let answer = report(field(), &payment.id, "merchant-7", used).await.json();
        assert_eq!(
            (&answer["status"], &answer["version"]),
            (&json!(used), &json!(version))
        );
    }
    assert_eq!(word(&mut old).await, (1, "PROCESSING".to_owned()));
    assert_eq!(word(&mut old).await, (2, "IN_FLIGHT".to_owned()));

    // Our own API has no such word, and takes none away while the status stays.
    let answer = payment.post(r#""status":"processing","message":"soon""#).await;
    assert_eq!(
        (answer.status, &answer.json()["status"]),
        (200, &json!("processing"))
    );
    assert_eq!(word(&mut old).await, (3, "IN_FLIGHT".to_owned()));

    report(field(), &payment.id, "merchant-7", "PAID").await;
    assert_eq!(word(&mut old).await, (4, "PAID".to_owned()));
    assert_eq!(old.next().await, Said::Closed(1000));
    let again = report(field(), &payment.id, "merchant-7", "SETTLED").await;
    assert_eq!(
        (again.status, &again.json()["status"], &again.json()["version"]),
        (200, &json!("PAID"), &json!(4))
    );
    let conflict = report(field(), &payment.id, "merchant-7", "FAILED").await;
    conflict.is_error(409, "conflict");
    assert_eq!(conflict.json()["transfer"], again.json());
}

#[tokio::test]
async fn what_a_client_of_the_field_says_on_its_socket_is_taken_in_silence() {
    let payment = field().payment();
    let mut old = watcher(field(), &payment).await;
    assert_eq!(word(&mut old).await.0, 0);
    for text in ["ping", "", "{}", r#"{"type":"hello"}"#, "[1,2]"] {
        old.send(text).await;
    }
    old.send_binary(b"hello").await;
    old.send(r#"{"type":"ping"}"#).await;
    assert_eq!(frame(&mut old).await, json!({"type": "pong"}));
    report(field(), &payment.id, "merchant-7", "CANCELLED").await;
    assert_eq!(word(&mut old).await, (1, "CANCELLED".to_owned()));
}
