//! Which texts are a QR payload, and what is read from them.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

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
