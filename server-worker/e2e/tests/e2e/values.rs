//! What a backend writes is what a watcher reads: no value changes on the way through server, storage and SDK.

use transfer_status::{Amount, Event, Metadata, Status};
use transfer_status_e2e::{Sockets, next_status, soon};

use crate::server;

#[tokio::test]
async fn amounts_survive_exactly() {
    for amount in [
        "9007199254740993",
        "0.1000000000000000055",
        "12.10",
        "0",
        "-0.01",
        "1e-7",
        "123456789012345678901234567890.123456789",
    ] {
        let payment = server().payment();
        let mut watch = payment.watch();
        assert_eq!(next_status(&mut watch).await.0, 0);
        let given: Amount = amount.parse().unwrap();
        let update = payment.update(Status::Processing).with_amount(given.clone());
        let stored = soon(payment.publisher().publish(&update)).await.unwrap();
        assert_eq!(stored.amount.as_ref(), Some(&given), "{amount}");
        assert_eq!(next_status(&mut watch).await.0, 1);
        assert_eq!(watch.latest().unwrap().amount.as_ref(), Some(&given), "{amount}");

        // From its row too, not only from memory.
        server().evict(&payment.id, Sockets::Hibernate);
        let read = payment.read().await.body;
        assert!(read.contains(&format!(r#""amount":{amount}"#)), "{read}");
    }
}

#[tokio::test]
async fn words_of_all_the_world_survive_as_they_are() {
    for text in [
        "Überweisung läuft – 1 000 €",
        "お支払いが完了しました",
        "الدفع مكتمل",
        "👩‍👩‍👧‍👦 paid 🎉",
        "\"quotes\" \\ back\\slash / slash",
        "line\nbreak\ttab\u{0}nul\u{1f}\u{7f}",
        "\u{2028}\u{2029}\u{feff}\u{fffd}\u{10ffff}",
        "</script><script>alert(1)</script>",
        "'; DROP TABLE transfer; --",
        "e\u{301} is not é",
    ] {
        let payment = server().payment();
        let mut watch = payment.watch();
        let update = payment
            .update(Status::Completed)
            .with_message(text)
            .with_customer_id(text)
            .with_metadata(
                Metadata::from_serialize(
                    &[(text, text)]
                        .into_iter()
                        .collect::<std::collections::BTreeMap<_, _>>(),
                )
                .unwrap(),
            );
        soon(payment.publisher().publish(&update)).await.unwrap();
        let seen = soon(watch.finished()).await.unwrap();
        assert_eq!(seen.message.as_deref(), Some(text));
        assert_eq!(seen.customer_id.as_deref(), Some(text));
        assert_eq!(seen.metadata.unwrap().to_value()[text], text);
        while let Some(event) = soon(watch.next()).await {
            assert!(!matches!(event, Event::Scan(_)));
        }
    }
}

#[tokio::test]
async fn every_field_may_be_as_long_as_the_contract_says_and_not_longer() {
    let payment = server().payment();
    let long = |count: usize| "€".repeat(count);
    let metadata = |bytes: usize| format!(r#"{{"k":"{}"}}"#, "x".repeat(bytes - 8));
    let deep = |levels: usize| format!(r#"{}1{}"#, r#"{"a":"#.repeat(levels), "}".repeat(levels));
    for (field, longest, too_long) in [
        (
            "message",
            format!("\"{}\"", long(1024)),
            format!("\"{}\"", long(1025)),
        ),
        (
            "merchantId",
            format!("\"{}\"", long(128)),
            format!("\"{}\"", long(129)),
        ),
        (
            "customerId",
            format!("\"{}\"", long(128)),
            format!("\"{}\"", long(129)),
        ),
        ("metadata", metadata(8192), metadata(8193)),
        ("metadata", deep(16), deep(17)),
    ] {
        let answer = payment
            .post(&format!(r#""status":"pending","{field}":{longest}"#))
            .await;
        assert_eq!(answer.status, 200, "{field}: {}", answer.body);
        let answer = payment
            .post(&format!(r#""status":"pending","{field}":{too_long}"#))
            .await;
        answer.is_error(400, "bad_request");
        assert!(answer.body.contains(field), "{}", answer.body);
    }
    let longest = server().payment_named(&"x".repeat(128));
    assert_eq!(longest.report(Status::Pending).await.version, Some(1));
    assert_eq!(longest.socket().await.status().await.version, Some(1));
}

#[tokio::test]
async fn unknown_fields_of_an_update_are_ignored() {
    let payment = server().payment();
    let answer = payment
        .post(r#""status":"pending","version":99,"id":"other","updatedAt":"1999-01-01T00:00:00.000Z","fee":{"deep":[1]}"#)
        .await;
    let stored = answer.json();
    assert_eq!((answer.status, &stored["version"]), (200, &1.into()));
    assert_eq!(stored["id"], payment.id.as_str());
    assert!(!stored.as_object().unwrap().contains_key("fee"));
    assert!(stored["updatedAt"].as_str().unwrap() > "2024");
}
