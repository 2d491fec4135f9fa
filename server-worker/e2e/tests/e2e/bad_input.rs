//! Bad input of every kind, after which the server still serves and nothing has changed.

use transfer_status::Status;
use transfer_status_e2e::{HMAC_SECRET, Options, Payment, Server, http, unix_seconds};

use crate::server;

/// Bodies under a valid signature: what is wrong with each, and the status it gets.
fn signed_bodies(id: &str) -> Vec<(&'static str, Vec<u8>, u16)> {
    let update = |fields: &str| format!(r#"{{"transferId":"{id}",{fields}}}"#).into_bytes();
    let about = |id: &str| format!(r#"{{"transferId":{id},"status":"completed"}}"#).into_bytes();
    let completed = |fields: &str| update(&format!(r#""status":"completed",{fields}"#));
    let nested = |levels: usize| {
        completed(&format!(
            r#""metadata":{{"a":{}{}}}"#,
            "[".repeat(levels),
            "]".repeat(levels)
        ))
    };
    vec![
        ("nothing", Vec::new(), 400),
        ("white space", b" \n ".to_vec(), 400),
        ("no JSON", b"status=completed".to_vec(), 400),
        ("half a JSON", br#"{"transferId":"x","#.to_vec(), 400),
        (
            "two JSONs",
            [about(&format!("\"{id}\"")), b"{}".to_vec()].concat(),
            400,
        ),
        ("null", b"null".to_vec(), 400),
        ("an array", b"[]".to_vec(), 400),
        ("a string", b"\"completed\"".to_vec(), 400),
        ("a number", b"1e999".to_vec(), 400),
        (
            "bytes that are no UTF-8",
            completed("\"message\":\"?\"")
                .iter()
                .map(|byte| if *byte == b'?' { 0xff } else { *byte })
                .collect(),
            400,
        ),
        (
            "a byte-order mark",
            [b"\xef\xbb\xbf".to_vec(), about(&format!("\"{id}\""))].concat(),
            400,
        ),
        ("half a surrogate pair", completed(r#""message":"\ud800""#), 400),
        (
            "half of it in a list",
            completed(r#""metadata":{"a":["\ud83d"]}"#),
            400,
        ),
        ("no id", br#"{"status":"completed"}"#.to_vec(), 400),
        ("a number for an id", about("7"), 400),
        ("null for an id", about("null"), 400),
        ("an empty id", about("\"\""), 400),
        ("an id that climbs", about("\"..\""), 400),
        ("an id with a slash", about("\"a/b\""), 400),
        ("an id with a line break", about(r#""a\nb""#), 400),
        ("an id beyond ASCII", about("\"ä\""), 400),
        ("an id of 129", about(&format!("\"{}\"", "x".repeat(129))), 400),
        (
            "two ids",
            update(&format!(r#""transferId":"{id}","status":"completed""#)),
            400,
        ),
        ("no status", update(r#""message":"m""#), 400),
        ("null for a status", update(r#""status":null"#), 400),
        ("a number for a status", update(r#""status":1"#), 400),
        ("an unknown status", update(r#""status":"paid""#), 400),
        ("a shouted status", update(r#""status":"COMPLETED""#), 400),
        ("a status with a space", update(r#""status":"completed ""#), 400),
        ("a number for a message", completed(r#""message":7"#), 400),
        ("an object for a message", completed(r#""message":{}"#), 400),
        ("a string for an amount", completed(r#""amount":"12""#), 400),
        (
            "an amount beyond all numbers",
            completed(r#""amount":1e999"#),
            400,
        ),
        ("NaN for an amount", completed(r#""amount":NaN"#), 400),
        ("Infinity for an amount", completed(r#""amount":Infinity"#), 400),
        ("a hex amount", completed(r#""amount":0x10"#), 400),
        (
            "an amount of 65 digits",
            completed(&format!(r#""amount":{}"#, "9".repeat(65))),
            400,
        ),
        ("a truth for an amount", completed(r#""amount":true"#), 400),
        ("an empty merchant", completed(r#""merchantId":"""#), 400),
        ("an array for a customer", completed(r#""customerId":["c"]"#), 400),
        ("an array for metadata", completed(r#""metadata":[1]"#), 400),
        ("a string for metadata", completed(r#""metadata":"{}""#), 400),
        ("metadata 4,000 levels deep", nested(4_000), 400),
        ("4,000 levels of nothing", "[".repeat(4_000).into_bytes(), 400),
        ("a body of 16 KiB and one byte", vec![b' '; 16 * 1024 + 1], 413),
        ("a body of a megabyte", vec![b'x'; 1 << 20], 413),
    ]
}

/// Plain requests: method, target, status, code.
fn requests(id: &str) -> Vec<(&'static str, String, u16, &'static str)> {
    vec![
        ("GET", "/".to_owned(), 404, "not_found"),
        ("GET", "/nothing/here".to_owned(), 404, "not_found"),
        ("GET", format!("/transfer/{id}/more"), 404, "not_found"),
        ("GET", "/transfer".to_owned(), 404, "not_found"),
        ("GET", "/transfer/".to_owned(), 400, "bad_request"),
        ("GET", "/transfer/a%2Fb".to_owned(), 400, "bad_request"),
        ("GET", "/transfer/%ff".to_owned(), 400, "bad_request"),
        ("GET", "/transfer/%".to_owned(), 400, "bad_request"),
        (
            "GET",
            format!("/transfer/{}", "x".repeat(129)),
            400,
            "bad_request",
        ),
        (
            "GET",
            format!("/transfer/{}", "x".repeat(9_000)),
            400,
            "bad_request",
        ),
        (
            "GET",
            format!("/transfer/{id}?signature=%ff%fe"),
            401,
            "unauthorized",
        ),
        (
            "GET",
            format!("/transfer/{id}?signature={}", "x".repeat(9_000)),
            401,
            "unauthorized",
        ),
        ("PUT", format!("/transfer/{id}"), 405, "method_not_allowed"),
        ("POST", format!("/transfer/{id}"), 405, "method_not_allowed"),
        ("GET", "/update".to_owned(), 405, "method_not_allowed"),
        ("PUT", "/update".to_owned(), 405, "method_not_allowed"),
        ("POST", format!("/ws/{id}"), 405, "method_not_allowed"),
        ("POST", "/healthz".to_owned(), 405, "method_not_allowed"),
        ("GET", format!("/ws/{id}"), 426, "upgrade_required"),
    ]
}

/// Messages on a socket that has proved itself, and the close code each gets.
fn messages(id: &str) -> Vec<(String, u16)> {
    let other = r#"{"type":"subscribe","transferId":"other","signature":"a.b"}"#;
    vec![
        ("x".repeat(4097), 4413),
        ("[".repeat(4096), 4400),
        (r#"{"type":"ping""#.to_owned(), 4400),
        (r#"{"type":"update","status":"completed"}"#.to_owned(), 4400),
        (r#"{"type":["ping"]}"#.to_owned(), 4400),
        (r#"{"type":"ping","type":"pong"}"#.to_owned(), 4400),
        (other.to_owned(), 4401),
        (
            format!(r#"{{"type":"subscribe","transferId":"{id}","signature":"a.b"}}"#),
            4401,
        ),
        (
            format!(
                r#"{{"type":"subscribe","transferId":"{id}","signature":"{}"}}"#,
                "é".repeat(9)
            ),
            4401,
        ),
    ]
}

/// Bytes that are no HTTP, or hardly: what each is, and how its answer starts.
fn raw_requests(id: &str) -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let post = |headers: &str, body: &str| {
        let signature = "0".repeat(64);
        let head =
            format!("POST /update HTTP/1.1\r\nhost: h\r\nx-signature: {signature}\r\nconnection: close\r\n");
        format!("{head}{headers}\r\n\r\n{body}").into_bytes()
    };
    let chunks = format!("1000\r\n{}\r\n", "x".repeat(4096)).repeat(5);
    let upgrade =
        format!("GET /ws/{id} HTTP/1.1\r\nhost: h\r\nupgrade: websocket\r\nconnection: upgrade, close\r\n");
    let long = "x".repeat(1 << 20);
    vec![
        (
            "TLS",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
            "HTTP/1.1 400",
        ),
        ("an unknown method", b"NONSENSE\r\n\r\n".to_vec(), "HTTP/1.1 400"),
        (
            "HTTP of the future",
            b"GET /healthz HTTP/9.9\r\n\r\n".to_vec(),
            "HTTP/1.1 400",
        ),
        (
            "an endless header",
            format!("GET /healthz HTTP/1.1\r\nhost: h\r\nx-long: {long}\r\n\r\n").into_bytes(),
            "HTTP/1.1 431",
        ),
        (
            "a negative length",
            post("content-length: -1", ""),
            "HTTP/1.1 400",
        ),
        (
            "a length over the limit",
            post("content-length: 16385", &"x".repeat(16385)),
            "HTTP/1.1 413",
        ),
        (
            "a body that hides its length",
            post("transfer-encoding: chunked", &format!("{chunks}0\r\n\r\n")),
            "HTTP/1.1 413",
        ),
        (
            "an upgrade with no key",
            format!("{upgrade}\r\n").into_bytes(),
            "HTTP/1.1 426",
        ),
        (
            "a WebSocket of the past",
            format!("{upgrade}sec-websocket-version: 1\r\nsec-websocket-key: AA==\r\n\r\n").into_bytes(),
            "HTTP/1.1 426",
        ),
    ]
}

/// What a client leaves behind that goes away in the middle of it.
fn halves(id: &str) -> Vec<Vec<u8>> {
    let head = format!("GET /ws/{id} HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: websocket\r\n");
    let upgrade =
        format!("{head}sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    vec![
        Vec::new(),
        b"POST /upd".to_vec(),
        b"POST /update HTTP/1.1\r\nhost: h\r\nx-signature: 00\r\ncontent-length: 100\r\n\r\n{".to_vec(),
        upgrade.clone().into_bytes(),
        // The head of a frame that announces more than all memory, and a bit that nobody has defined.
        [upgrade.as_bytes(), &[0x81, 0xff, 0x7f, 0xff, 0xff, 0xff]].concat(),
        [upgrade.as_bytes(), &[0xf1, 0x80, 0, 0, 0, 0]].concat(),
    ]
}

async fn misuse(server: &Server, payment: &Payment<'_>) -> usize {
    let id = payment.id.as_str();
    let mut kinds = 0;
    for (what, body, status) in signed_bodies(id) {
        let answer = server.update(body).await;
        assert_eq!(answer.status, status, "{what}: {}", answer.body);
        answer.is_error(status, if status == 413 { "too_large" } else { "bad_request" });
        kinds += 1;
    }
    for (method, path, status, code) in requests(id) {
        let answer = server.request(method, &path, &[], "").await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        answer.is_error(status, code);
        assert_eq!(
            answer.header("allow").is_empty(),
            status != 405,
            "{method} {path}"
        );
        kinds += 1;
    }
    for (message, code) in messages(id) {
        let mut socket = payment.socket().await;
        socket.status().await;
        socket.send(&message).await;
        assert_eq!(socket.refused().await, code, "{message:.80}");
        kinds += 1;
    }
    for (what, bytes, start) in raw_requests(id) {
        let answer = server.raw(&bytes).await;
        assert!(answer.starts_with(start), "{what}: {answer}");
        kinds += 1;
    }
    for bytes in halves(id) {
        server.abandon(&bytes).await;
        kinds += 1;
    }
    kinds
}

#[tokio::test]
async fn after_all_kinds_of_bad_input_the_server_serves_and_nothing_has_changed() {
    let server = Server::start(Options::default());
    let payment = server.payment();
    let mut watcher = payment.socket().await;
    watcher.status().await;
    let fields = r#""status":"processing","message":"good","amount":12.10,"metadata":{"order":7}"#;
    assert_eq!(payment.post(fields).await.status, 200);
    assert_eq!(watcher.status().await.version, Some(1));
    let before = payment.read().await;

    assert!(misuse(&server, &payment).await >= 80);

    let after = payment.read().await;
    assert_eq!(after.body, before.body, "byte for byte");
    assert_eq!(after.header("etag"), before.header("etag"));
    assert_eq!(server.rooms(), 1, "no other transfer came to be");
    payment.report(Status::Completed).await;
    let last = watcher.status().await;
    assert_eq!(
        last.version,
        Some(2),
        "the watcher was told of nothing in between"
    );
    assert_eq!(last.message.as_deref(), Some("good"));
}

#[tokio::test]
async fn a_text_that_was_cut_in_the_middle_of_an_emoji_is_told_so() {
    let id = server().payment().id;
    for field in [r#""message":"paid \ud83d""#, r#""metadata":{"note":"\ude00"}"#] {
        let body = format!(r#"{{"transferId":"{id}","status":"completed",{field}}}"#);
        let answer = server().update(body).await;
        answer.is_error(400, "bad_request");
        assert!(answer.body.contains("half of an emoji"), "{}", answer.body);
    }
    let whole = format!(r#"{{"transferId":"{id}","status":"completed","message":"\ud83d\ude00"}}"#);
    assert_eq!(server().update(whole).await.status, 200);
}

#[tokio::test]
async fn a_compressed_body_is_told_so_whatever_was_signed() {
    let packed = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\xae\x05\x00\x43\xbf\xa6\xa3\x02\x00\x00\x00";
    let now = unix_seconds();
    let signature = http::signer(HMAC_SECRET).sign_at(now, packed);
    let headers = [
        ("x-signature", signature.as_str()),
        ("x-timestamp", &now.to_string()),
        ("content-encoding", "gzip"),
    ];
    let answer = server()
        .request("POST", "/update", &headers, packed.as_slice())
        .await;
    answer.is_error(400, "bad_request");
    assert!(answer.body.contains("Content-Encoding"), "{}", answer.body);
}
