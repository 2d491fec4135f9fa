//! Which texts are a QR payload, and what is read from them.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use transfer_status_protocol::qr::InvalidQrPayload;
use transfer_status_protocol::{QrPayload, Signature, TransferId};

#[test]
fn a_qr_payload_is_read_from_the_fragment_or_the_query() {
    for (text, page, signature) in [
        (
            "https://pay.example/t/t1#s=a+b/c==.d-e_f",
            "https://pay.example",
            "a+b/c==.d-e_f",
        ),
        (
            "https://pay.example/t/t1#s=a%2Bb%2Fc%3D%3D.d",
            "https://pay.example",
            "a+b/c==.d",
        ),
        ("https://pay.example/t/t1?s=a b.c", "https://pay.example", "a+b.c"),
        (
            "https://pay.example/t/t1?s=a%20b.c&x=1",
            "https://pay.example",
            "a+b.c",
        ),
        (
            "https://pay.example/t/t1?x=1&s=query#y=2&s=fragment",
            "https://pay.example",
            "fragment",
        ),
        (
            "https://pay.example:8443/shop/t/t%31#s=x\n",
            "https://pay.example:8443/shop",
            "x",
        ),
        ("http://localhost:8787/t/t1#s=x", "http://localhost:8787", "x"),
        ("http://127.0.0.1:1/t/t1#s=x", "http://127.0.0.1:1", "x"),
        ("http://[::1]:1/t/t1#s=x", "http://[::1]:1", "x"),
        ("http://192.168.1.7:5173/t/t1#s=x", "http://192.168.1.7:5173", "x"),
        ("http://till.local/t/t1#s=x", "http://till.local", "x"),
        ("https://[2001:db8::1]/t/t1#s=x", "https://[2001:db8::1]", "x"),
    ] {
        let read: QrPayload = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!((read.page(), read.transfer_id().as_str()), (page, "t1"), "{text}");
        assert_eq!(read.signature().expose(), signature, "{text}");
        let again: QrPayload = read.to_string().parse().unwrap();
        assert_eq!(again.to_string(), read.to_string());
    }
}

#[test]
fn what_is_no_qr_payload_of_ours_is_refused() {
    for text in [
        "",
        "hello",
        "https://pay.example",
        "https://pay.example/t/",
        "https://pay.example/t/#s=x",
        "https://pay.example/t//#s=x",
        "https://pay.example/t/t1",
        "https://pay.example/t/t1#x=1",
        "https://pay.example/t/t1#s=",
        "https://pay.example/t/a%2Fb#s=x",
        "https://pay.example/t/..#s=x",
        "https://pay.example/t/t1/more#s=x",
        "https:///t/t1#s=x",
        "http://pay.example/t/t1#s=x",
        "http://localhost.evil.example/t/t1#s=x",
        "ftp://localhost/t/t1#s=x",
        "javascript://localhost/t/t1#s=x",
        "https://user:pw@pay.example/t/t1#s=x",
        "https://pay.example:99999/t/t1#s=x",
        "https://pay.example:/t/t1#s=x",
        "https://pay.example:+80/t/t1#s=x",
        "http://8.8.8.8/t/t1#s=x",
        "http://134744072/t/t1#s=x",
        "http://[::ffff:8.8.8.8]/t/t1#s=x",
        "https://pay .example/t/t1#s=x",
        "https://pay.example\\@evil/t/t1#s=x",
        "https://[::g]/t/t1#s=x",
        "https://pay.example/t/t1#s=%ff",
        "https://pay.example/t/t1#s=%C3%A9",
        "https:/t/t1#s=x",
    ] {
        assert!(text.parse::<QrPayload>().is_err(), "{text}");
    }
    let signature = || Signature::new("x").unwrap();
    let id = TransferId::new("transfer-123").unwrap();
    for page in [
        "pay.example",
        "https://pay.example?x",
        "https://pay.example#x",
        "https://",
        "http://pay.example",
    ] {
        assert!(QrPayload::new(page, id.clone(), signature()).is_err(), "{page}");
    }
    assert_eq!(
        QrPayload::new("https://pay.example/", id.clone(), signature())
            .unwrap()
            .page(),
        "https://pay.example"
    );
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    name: String,
    page: String,
    transfer_id: String,
    signature: String,
    long: String,
    short: Option<String>,
}

fn cases() -> Vec<Case> {
    #[derive(serde::Deserialize)]
    struct File {
        cases: Vec<Case>,
    }
    let file: File = serde_json::from_str(include_str!("vectors/qr.json")).unwrap();
    file.cases
}

#[test]
fn every_payload_of_the_other_implementation_is_read_in_both_forms() {
    let cases = cases();
    assert_eq!(cases.len(), 16);
    assert_eq!(cases.iter().filter(|case| case.short.is_some()).count(), 10);
    for case in &cases {
        let in_query = case.long.replace("#s=", "?s=").replace('+', "%2B");
        for text in [Some(&case.long), case.short.as_ref(), Some(&in_query)]
            .into_iter()
            .flatten()
        {
            let read: QrPayload = text.parse().unwrap_or_else(|e| panic!("{}: {e}", case.name));
            assert_eq!(read.page(), case.page, "{}", case.name);
            assert_eq!(read.transfer_id().as_str(), case.transfer_id, "{}", case.name);
            assert_eq!(read.signature().expose(), case.signature, "{}", case.name);
        }
    }
}

#[test]
fn every_payload_is_written_short_where_that_gives_the_same_signature() {
    for case in cases() {
        let signature = Signature::new(case.signature).unwrap();
        let id = TransferId::new(case.transfer_id).unwrap();
        let payload = QrPayload::new(&case.page, id, signature).unwrap();
        assert_eq!(
            payload.to_string(),
            case.short.unwrap_or(case.long),
            "{}",
            case.name
        );
    }
}

#[test]
fn a_signature_for_another_transfer_is_never_written_short() {
    let case = cases().remove(0);
    let id = TransferId::new("another").unwrap();
    let payload = QrPayload::new(&case.page, id, Signature::new(case.signature.as_str()).unwrap()).unwrap();
    let read: QrPayload = payload.to_string().parse().unwrap();
    assert_eq!(read.signature().expose(), case.signature);
}

#[test]
fn what_a_scanner_bent_is_read_where_it_can_mean_one_thing_only() {
    let mac = "yjMmepJz9pl2bUOT24-M-ckz5k7FTOIgrvobVVryeus";
    let short = format!("m=caf%C3%A9&e=1733231604&h={mac}");
    for (text, page) in [
        (
            format!("https://pay.example/t/t1%23{short}"),
            "https://pay.example",
        ),
        (
            format!("https://pay.example/t/t1/#{short}"),
            "https://pay.example",
        ),
        (
            format!("https://pay.example/t/t1/%23{short}"),
            "https://pay.example",
        ),
        (
            format!("HTTPS://Pay.Example:8443/Shop/T/t1#{short}"),
            "https://pay.example:8443/Shop",
        ),
        (
            format!("https://pay.example/t/t1#h={mac}&x=1&e=1733231604&m=café"),
            "https://pay.example",
        ),
        (format!("https://pay.example/t/t1?{short}"), "https://pay.example"),
    ] {
        let read: QrPayload = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!((read.page(), read.transfer_id().as_str()), (page, "t1"), "{text}");
        assert_eq!(
            read.to_string(),
            format!("{page}/t/t1#{short}"),
            "{text}: the facts are put together and taken apart again"
        );
    }
    let bent: QrPayload = "https://pay.example/t/t1%23s=a+b/c==.d".parse().unwrap();
    assert_eq!(bent.signature().expose(), "a+b/c==.d");
}

#[test]
fn a_short_form_with_a_part_missing_or_odd_is_no_signature() {
    let mac = "yjMmepJz9pl2bUOT24-M-ckz5k7FTOIgrvobVVryeus";
    for fragment in [
        format!("m=m&e=1733231604&h={}", &mac[1..]),
        format!("m=m&e=1733231604&h={mac}A"),
        format!("m=m&e=1733231604&h=.{}", &mac[1..]),
        "m=m&e=1733231604".to_owned(),
        format!("m=m&h={mac}"),
        format!("e=1733231604&h={mac}"),
        format!("m=m&e=01733231604&h={mac}"),
        format!("m=m&e=+1733231604&h={mac}"),
        format!("m=m&e=1733231604.0&h={mac}"),
        format!("m=m&e=99999999999999999999&h={mac}"),
        format!("m=%ff&e=1733231604&h={mac}"),
        format!("m={}&e=1733231604&h={mac}", "x".repeat(2048)),
    ] {
        let read = format!("https://pay.example/t/t1#{fragment}").parse::<QrPayload>();
        assert_eq!(read.unwrap_err(), InvalidQrPayload::Signature, "{fragment}");
    }
}

#[test]
fn a_text_over_its_limit_is_told_so() {
    let text = format!("https://pay.example/t/t1#s={}", "x".repeat(8192));
    assert_eq!(text.parse::<QrPayload>().unwrap_err(), InvalidQrPayload::TooLong);
}
