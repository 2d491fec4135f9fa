//! The worked examples of PROTOCOL.md, computed anew.
#![allow(clippy::unwrap_used)]

use transfer_status::{Key, KeyRing, Minter, QrPayload, Signature, Signer, signature};

const PROTOCOL: &str = include_str!("../../PROTOCOL.md");
const BODY: &[u8] = br#"{"transferId":"transfer-123","status":"completed"}"#;

fn key() -> Key {
    Key::new("test-secret").unwrap()
}

#[test]
fn the_update_signatures_of_the_protocol_document_are_right() {
    let signer = Signer::new(key());
    for signature in [signer.sign(BODY), signer.sign_at(1_732_320_000, BODY)] {
        assert!(PROTOCOL.contains(&format!("\n# {signature}\n")), "{signature}");
    }
}

#[test]
fn the_subscription_signature_and_its_code_in_both_forms_are_right() {
    let minter = Minter::new(key());
    let request = minter
        .mint_until("transfer-123".parse().unwrap(), "merchant-0~?>", 1_732_950_839)
        .unwrap();
    let signature = request.signature.expose();
    assert!(PROTOCOL.contains(&format!("\n# {signature}\n")), "{signature}");
    let long = format!("https://pay.example/t/transfer-123#s={signature}");
    assert!(PROTOCOL.contains(&format!("\n{long}\n")), "{long}");
    let read: QrPayload = long.parse().unwrap();
    assert_eq!(read.signature().expose(), signature);

    let code = QrPayload::new(
        "https://pay.example",
        request.transfer_request_id,
        request.signature,
    )
    .unwrap();
    assert!(PROTOCOL.contains(&format!("\n{code}\n")), "{code}");
}

#[test]
fn the_backends_in_other_languages_are_quoted_as_they_are() {
    let mut quoted = 0;
    for (language, file) in [
        ("python", include_str!("../backends/python/transfer_status.py")),
        ("php", include_str!("../backends/php/transfer_status.php")),
        ("ruby", include_str!("../backends/ruby/transfer_status.rb")),
        (
            "go",
            include_str!("../backends/go/transferstatus/transferstatus.go"),
        ),
        ("java", include_str!("../backends/java/TransferStatus.java")),
    ] {
        let fence = format!("\n```{language}\n");
        let blocks = PROTOCOL.split(&fence).skip(1);
        for block in blocks.filter_map(|text| text.split("\n```\n").next()) {
            assert!(file.contains(block), "{language}: {block}");
            quoted += 1;
        }
    }
    assert_eq!(quoted, 5);
}

#[test]
fn the_refusals_of_what_is_malformed_are_quoted_right() {
    let keys = KeyRing::new(key());
    let id = "transfer-123".parse().unwrap();
    for (fields, quoted) in [
        (
            r#""transferRequestId":"transfer-123","merchantId":42,"expiry":1732950839"#,
            r#"`"merchantId": 42`"#,
        ),
        (
            r#""transferId":"transfer-123","merchantId":"m","expiry":1732950839"#,
            r#"`"transferId"` for `"transferRequestId"`"#,
        ),
        (
            r#""transferRequestId":"transfer-123","merchantId":"m","expiry":1732950839000"#,
            r#"`"expiry": 1732950839000`"#,
        ),
    ] {
        let made = Signature::new(signature::seal(&key(), &format!("{{{fields}}}"))).unwrap();
        let refusal = signature::verify(&keys, &made, &id, 0).unwrap_err().to_string();
        let said = refusal.strip_prefix("the signature is malformed: ").unwrap();
        let row = format!("\n| {quoted} | {said} |\n");
        assert!(PROTOCOL.contains(&row), "{row}");
    }
}

#[test]
fn the_report_of_the_earlier_api_is_right() {
    let payload = r#"{"transferRequestId":"transfer-123","merchantId":"merchant-7","status":"IN_FLIGHT","details":"Überweisung läuft"}"#;
    assert!(PROTOCOL.contains(payload));
    let body = format!(r#"{{"token":"{}"}}"#, signature::seal(&key(), payload));
    assert!(PROTOCOL.contains(&format!("\n# {body}\n")), "{body}");
}
