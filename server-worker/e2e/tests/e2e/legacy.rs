//! The API of the service that this one replaces: its clients and backends, as they are in the field, beside ours.

use std::cmp::Reverse;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Value, json};
use transfer_status::protocol::token;
use transfer_status::{Connection, Event, Key, Status, TransferId};
use transfer_status_e2e::http::Answer;
use transfer_status_e2e::{
    HMAC_SECRET, Options, PATIENCE, Payment, SUBSCRIBE_HMAC_SECRET, Said, Server, Socket, Sockets,
    next_connection, next_status, soon, unix_seconds,
};

/// Ours, with the earlier API beside it.
fn field() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start(Options::default().variable("LEGACY_API", "on")))
}

/// Set up as the earlier service was: secrets under their names there, and scans with no proof.
fn moved() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let options = Options::default()
            .variable("HMAC_SECRET", "")
            .variable("UPDATE_HMAC", HMAC_SECRET)
            .variable("SUBSCRIBE_HMAC_SECRET", "")
            .variable("SUBSCRIBE_HMAC", SUBSCRIBE_HMAC_SECRET)
            .variable("REQUIRE_TIMESTAMP", "true")
            .variable("LEGACY_API", "on");
        Server::start(options.variable("LEGACY_OPEN_SCAN", "on"))
    })
}

fn seal(secret: &str, payload: &Value) -> String {
    token::seal(&Key::new(secret).unwrap(), &payload.to_string())
}

/// What a backend of the field says.
fn payload(id: &TransferId, merchant: &str, status: &str) -> Value {
    json!({"transferRequestId": id.as_str(), "merchantId": merchant, "status": status})
}

/// Posts a token to `/update` or `/create`, as a backend of the field does.
async fn post(server: &Server, path: &str, secret: &str, payload: &Value) -> Answer {
    let body = json!({"token": seal(secret, payload)}).to_string();
    let headers = [("content-type", "application/json")];
    server.request("POST", path, &headers, body).await
}

async fn report(server: &Server, id: &TransferId, merchant: &str, status: &str) -> Answer {
    post(server, "/update", HMAC_SECRET, &payload(id, merchant, status)).await
}

/// The token that a merchant's backend hands to a client.
fn subscription(id: &TransferId, merchant: &str, expiry: u64) -> String {
    let payload = json!({"transferRequestId": id.as_str(), "merchantId": merchant, "expiry": expiry});
    seal(SUBSCRIBE_HMAC_SECRET, &payload)
}

fn valid(id: &TransferId, merchant: &str) -> String {
    subscription(id, merchant, unix_seconds() + 3600)
}

/// A watcher of the field, with the token raw in its URL.
async fn watcher(server: &Server, payment: &Payment<'_>) -> Socket {
    let token = valid(&payment.id, "merchant-7");
    Socket::open(
        server,
        &format!("/transfers/{}/ws?token={token}", payment.id),
        &[],
    )
    .await
}

/// The next frame as JSON.
async fn frame(socket: &mut Socket) -> Value {
    match socket.next().await {
        Said::Text(text) => serde_json::from_str(&text).unwrap(),
        Said::Closed(code) => panic!("closed with {code}"),
    }
}

/// The next frame's transfer as version and word.
async fn word(socket: &mut Socket) -> (u64, String) {
    let frame = frame(socket).await;
    assert_eq!(frame["type"], "status", "{frame}");
    let transfer = &frame["transfer"];
    let word = transfer["status"].as_str().unwrap().to_owned();
    (transfer["version"].as_u64().unwrap(), word)
}

async fn status(server: &Server, id: &TransferId, token: &str) -> Answer {
    server.get(&format!("/status?id={id}&token={token}"), &[]).await
}

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
async fn a_token_stands_raw_in_the_query_whatever_characters_it_has() {
    let payment = field().payment();
    // A merchant's id that puts a plus, a slash and padding into the base64.
    let names = (0..1_000).map(|n| format!("\u{7ff}\u{ffff}?>~{n}"));
    let (merchant, token) = names
        .map(|merchant| (valid(&payment.id, &merchant), merchant))
        .map(|(token, merchant)| (merchant, token))
        .find(|(_, token)| ["+", "/", "=."].iter().all(|part| token.contains(part)))
        .unwrap();
    report(field(), &payment.id, &merchant, "PAID").await;

    let path = format!("/transfers/{}/ws?token={token}", payment.id);
    let mut socket = Socket::open(field(), &path, &[]).await;
    assert_eq!(word(&mut socket).await, (1, "PAID".to_owned()));
    assert_eq!(
        status(field(), &payment.id, &token).await.json()["merchantId"],
        merchant.as_str()
    );
    let encoded = token.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    for token in [token, encoded] {
        let list = until_listed(field(), &token, 1).await;
        assert_eq!(list[0]["id"], payment.id.as_str());
    }
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
async fn a_status_is_shown_to_a_token_of_the_same_transfer_or_merchant_only() {
    let (mine, theirs, nowhere) = (field().payment(), field().payment(), field().payment());
    report(field(), &mine.id, "merchant-a", "IN_FLIGHT").await;
    report(field(), &theirs.id, "merchant-b", "PAID").await;

    let token = valid(&mine.id, "merchant-a");
    assert_eq!(
        status(field(), &mine.id, &token).await.json()["status"],
        "IN_FLIGHT"
    );
    // A colleague's token, for another transfer of the same merchant.
    let colleague = valid(&nowhere.id, "merchant-a");
    assert_eq!(
        status(field(), &mine.id, &colleague).await.json()["status"],
        "IN_FLIGHT"
    );
    let own = status(field(), &nowhere.id, &colleague).await;
    assert_eq!(
        (own.status, &own.json()["version"]),
        (200, &json!(0)),
        "announced, nothing reported yet"
    );

    let refused = status(field(), &theirs.id, &token).await;
    refused.is_error(401, "unauthorized");
    let unknown = status(field(), &nowhere.id, &token).await;
    assert_eq!(
        (unknown.status, unknown.body),
        (refused.status, refused.body),
        "not even whether it exists"
    );
    let nobody = valid(&mine.id, "");
    status(field(), &theirs.id, &nobody)
        .await
        .is_error(401, "unauthorized");
}

#[tokio::test]
async fn a_list_holds_the_tokens_merchants_transfers_newest_first_each_with_its_word() {
    let mut expected = Vec::new();
    for used in ["PENDING", "IN_FLIGHT", "PAID", "SETTLED", "FAILED"] {
        let (mine, theirs) = (field().payment(), field().payment());
        expected.push(report(field(), &mine.id, "list-merchant", used).await.json());
        report(field(), &theirs.id, "list-other", used).await;
    }
    expected.sort_by_key(|transfer| {
        let at = transfer["updatedAt"].as_u64().unwrap();
        Reverse((at, transfer["id"].as_str().unwrap().to_owned()))
    });
    let token = valid(&field().payment().id, "list-merchant");
    let list = until_listed(field(), &token, expected.len()).await;
    assert_eq!(list, expected);

    for (limit, length) in [("2", 2), ("1000000", list.len()), ("", list.len())] {
        let answer = field()
            .get(&format!("/transfers?limit={limit}&token={token}"), &[])
            .await;
        assert_eq!(answer.json()["transfers"], json!(list[..length]), "limit={limit}");
    }
    for limit in ["-1", "ten", "1.5"] {
        let answer = field()
            .get(&format!("/transfers?limit={limit}&token={token}"), &[])
            .await;
        answer.is_error(400, "bad_request");
    }
    // The token's own transfer is listed, whoever's it is, and nobody else's.
    let own = field().payment();
    own.report(Status::Processing).await;
    for (merchant, length) in [("", 1), ("list-nobody", 1), ("list-merchant", list.len() + 1)] {
        let shown = until_listed(field(), &valid(&own.id, merchant), length).await;
        assert_eq!((shown.len(), &shown[0]["id"]), (length, &json!(own.id.as_str())));
        assert_eq!(shown[1..], list[..length - 1]);
        let unreported = valid(&field().payment().id, merchant);
        assert_eq!(
            until_listed(field(), &unreported, length - 1).await,
            list[..length - 1]
        );
    }
}

/// The list of a token, once it has so many: the recent index follows the updates.
async fn until_listed(server: &Server, token: &str, length: usize) -> Vec<Value> {
    soon(async {
        loop {
            let answer = server.get(&format!("/transfers?token={token}"), &[]).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            let list = answer.json()["transfers"].as_array().unwrap().clone();
            if list.len() >= length {
                return list;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
}

#[tokio::test]
async fn what_proves_nothing_is_shown_nothing() {
    let payment = field().payment();
    let id = &payment.id;
    let now = unix_seconds();
    let refused = [
        (String::new(), 4401),
        (seal("a wrong key", &payload(id, "m", "PAID")), 4401),
        (
            seal(
                HMAC_SECRET,
                &json!({"transferRequestId": id.as_str(), "merchantId": "m", "expiry": now + 60}),
            ),
            4401,
        ),
        ("not a token".to_owned(), 4401),
        (subscription(id, "m", now - 1), 4410),
    ];
    for (token, close) in &refused {
        let path = format!("/transfers/{id}/ws?token={}", token.replace(' ', "%20"));
        let mut socket = Socket::open(field(), &path, &[]).await;
        let (error, code) = socket.refusal(PATIENCE).await;
        assert_eq!((error.code.as_str(), code), ("unauthorized", *close), "{token}");
        for path in [format!("/status?id={id}"), "/transfers?limit=5".to_owned()] {
            let separator = if path.contains('?') { '&' } else { '?' };
            let path = format!("{path}{separator}token={}", token.replace(' ', "%20"));
            field().get(&path, &[]).await.is_error(401, "unauthorized");
        }
    }
    // Of another transfer: no socket.
    let other = valid(&field().payment().id, "merchant-7");
    let mut socket = Socket::open(field(), &format!("/transfers/{id}/ws?token={other}"), &[]).await;
    assert_eq!(socket.refused().await, 4401);
    let token = valid(id, "merchant-7");
    field()
        .get(&format!("/transfers/{id}/ws?token={token}"), &[])
        .await
        .is_error(426, "upgrade_required");
    field()
        .get(&format!("/status?token={token}"), &[])
        .await
        .is_error(400, "bad_request");
    field()
        .get(&format!("/status?id=a%2Fb&token={token}"), &[])
        .await
        .is_error(400, "bad_request");

    let logs = field().logs().join("\n");
    for (token, _) in refused.iter().filter(|(token, _)| token.contains('.')) {
        assert!(
            token.split('.').all(|part| !logs.contains(part)),
            "a token is in the log"
        );
    }
}

#[tokio::test]
async fn a_report_counts_only_under_the_update_key_and_within_its_time() {
    let payment = field().payment();
    let now = unix_seconds();
    let with_expiry = |expiry: u64| {
        let mut payload = payload(&payment.id, "merchant-7", "PAID");
        payload["expiry"] = json!(expiry);
        payload
    };
    for path in ["/update", "/create"] {
        for secret in ["a wrong key", SUBSCRIBE_HMAC_SECRET] {
            let answer = post(field(), path, secret, &with_expiry(now + 60)).await;
            answer.is_error(401, "unauthorized");
        }
        let answer = post(field(), path, HMAC_SECRET, &with_expiry(now - 1)).await;
        answer.is_error(401, "unauthorized");
        assert!(answer.body.contains("expired"), "{}", answer.body);
        for body in [
            "",
            "{}",
            "[]",
            r#"{"token":7}"#,
            r#"{"token":""}"#,
            r#"{"token":"a.b"}"#,
            r#"{"transferId":"tr_1","status":"completed"}"#,
        ] {
            field()
                .request("POST", path, &[], body)
                .await
                .is_error(401, "unauthorized");
        }
        let large = format!(r#"{{"token":"{}"}}"#, "x".repeat(16 * 1024));
        field()
            .request("POST", path, &[], large)
            .await
            .is_error(413, "too_large");
    }
    // A changed payload under the MAC of another.
    let token = seal(HMAC_SECRET, &with_expiry(now + 60));
    let forged = seal("a wrong key", &payload(&payment.id, "merchant-7", "SETTLED"));
    let (payload, mac) = (
        forged.split('.').next().unwrap(),
        token.split('.').nth(1).unwrap(),
    );
    let body = json!({"token": format!("{payload}.{mac}")}).to_string();
    field()
        .request("POST", "/update", &[], body)
        .await
        .is_error(401, "unauthorized");
    assert_eq!(payment.version().await, 0, "nothing of this was taken");

    let answer = post(field(), "/update", HMAC_SECRET, &with_expiry(now + 60)).await;
    assert_eq!((answer.status, &answer.json()["version"]), (200, &json!(1)));
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

#[tokio::test]
async fn the_secrets_of_the_earlier_service_serve_under_their_names_there() {
    let payment = moved().payment();
    // What would be good for ever is refused where a timestamp is required.
    let mut update = payload(&payment.id, "merchant-7", "PAID");
    let answer = post(moved(), "/update", HMAC_SECRET, &update).await;
    answer.is_error(401, "unauthorized");
    assert!(answer.body.contains("expiry"), "{}", answer.body);
    update["expiry"] = json!(unix_seconds() + 60);
    assert_eq!(post(moved(), "/update", HMAC_SECRET, &update).await.status, 200);
    assert_eq!(
        word(&mut watcher(moved(), &payment).await).await,
        (1, "PAID".to_owned())
    );
    assert_eq!(payment.read().await.json()["status"], "completed");
}

#[tokio::test]
async fn nothing_of_it_is_there_until_it_is_switched_on() {
    let server = crate::server();
    let payment = server.payment();
    let token = valid(&payment.id, "merchant-7");
    let upgrade = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA=="),
    ];
    for headers in [&upgrade[..], &[]] {
        let path = format!("/transfers/{}/ws?token={token}", payment.id);
        server.get(&path, headers).await.is_error(404, "not_found");
    }
    for path in [
        format!("/status?id={}&token={token}", payment.id),
        format!("/transfers?token={token}"),
    ] {
        server.get(&path, &[]).await.is_error(404, "not_found");
    }
    let update = payload(&payment.id, "merchant-7", "PAID");
    post(server, "/create", HMAC_SECRET, &update)
        .await
        .is_error(404, "not_found");
    let answer = post(server, "/update", HMAC_SECRET, &update).await;
    answer.is_error(401, "unauthorized");
    assert!(answer.body.contains("X-Signature"), "{}", answer.body);
    let body = json!({"id": payment.id.as_str()}).to_string();
    server
        .request("POST", "/unscan", &[], body.clone())
        .await
        .is_error(404, "not_found");
    server
        .request("POST", "/scan", &[], body)
        .await
        .is_error(401, "unauthorized");
    assert_eq!(payment.version().await, 0);
}
