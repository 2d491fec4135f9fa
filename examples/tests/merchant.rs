//! The merchant backend over real HTTP on the loopback, as a page, a browser and a mistaken client see it.
#![allow(clippy::unwrap_used)]

use std::future::pending;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, ORIGIN};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::timeout;
use transfer_status::signature;
use transfer_status::{Key, KeyRing, Minter, QrPayload, TransferRequest};
use transfer_status_examples::merchant::{Config, Created, serve};

const ORDER: &str = r#"{"amount":12.10,"currency":"EUR","description":"Two coffees"}"#;
const SECRET: &str = "a secret of the tests";

fn config(extra: &[(&str, &str)]) -> Config {
    let vars = [
        ("SUBSCRIBE_HMAC_SECRET", SECRET),
        ("HMAC_SECRET", "not this one"),
        ("MERCHANT_ID", "shop-7"),
    ];
    Config::read(|name| {
        vars.iter()
            .chain(extra)
            .find(|(key, _)| *key == name)
            .map(|(_, value)| (*value).to_owned())
    })
    .unwrap()
}

async fn start(config: Config) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { serve(listener, &config, pending()).await });
    address
}

fn post(address: SocketAddr) -> http::request::Builder {
    Request::post(format!("http://{address}/create-transfer-request"))
        .header(CONTENT_TYPE, "application/json")
}

async fn exchange(request: Request<Full<Bytes>>) -> Response<Bytes> {
    let answer = Client::builder(TokioExecutor::new())
        .build_http()
        .request(request)
        .await
        .unwrap();
    let (parts, body) = answer.into_parts();
    Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[tokio::test]
async fn an_order_becomes_a_transfer_request_that_the_service_would_accept() {
    let address = start(config(&[("SIGNATURE_TTL_SECONDS", "60")])).await;
    let answer = exchange(post(address).body(ORDER.into()).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()[CACHE_CONTROL], "no-store");

    let Created { request, url, qr } = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!(request.merchant_id, "shop-7");
    assert!(
        (now() + 58..=now() + 60).contains(&request.expiry),
        "{}",
        request.expiry
    );
    assert_eq!(url, "http://127.0.0.1:8787");
    let keys = KeyRing::new(Key::new(SECRET).unwrap());
    let claims = signature::verify(&keys, &request.signature, &request.transfer_request_id, now()).unwrap();
    assert_eq!(
        (claims.merchant_id(), claims.expiry()),
        ("shop-7", request.expiry)
    );

    let qr: QrPayload = qr.parse().unwrap();
    assert_eq!(qr.page(), format!("http://{address}"));
    assert_eq!(qr.transfer_id(), &request.transfer_request_id);
    assert_eq!(qr.signature().expose(), request.signature.expose());
}

#[tokio::test]
async fn no_two_orders_share_a_transfer_and_the_qr_code_leads_to_the_shops_page() {
    let address = start(config(&[("PAGE_URL", "https://pay.example/checkout")])).await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let answer = exchange(post(address).body(ORDER.into()).unwrap()).await;
        let created: Created = serde_json::from_slice(answer.body()).unwrap();
        assert!(created.qr.starts_with("https://pay.example/checkout/t/"));
        ids.push(created.request.transfer_request_id);
    }
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn what_is_not_an_order_is_refused_with_a_reason_and_the_backend_serves_on() {
    let address = start(config(&[])).await;
    let long = format!(
        r#"{{"amount":1,"currency":"EUR","description":"{}"}}"#,
        "x".repeat(141)
    );
    let huge = format!(
        r#"{{"amount":1,"currency":"EUR","description":"{}"}}"#,
        "x".repeat(5000)
    );
    for (body, status, code, reason) in [
        ("", 400, "bad_request", "not an order"),
        ("[]", 400, "bad_request", "not an order"),
        ("{", 400, "bad_request", "not an order"),
        (
            r#"{"amount":"12","currency":"EUR"}"#,
            400,
            "bad_request",
            "not an order",
        ),
        (
            r#"{"amount":1e999,"currency":"EUR"}"#,
            400,
            "bad_request",
            "not an order",
        ),
        (r#"{"amount":0,"currency":"EUR"}"#, 400, "bad_request", "amount"),
        (r#"{"amount":-1,"currency":"EUR"}"#, 400, "bad_request", "amount"),
        (
            r#"{"amount":1,"currency":"euro"}"#,
            400,
            "bad_request",
            "currency",
        ),
        (&long, 400, "bad_request", "description"),
        (&huge, 413, "too_large", "4 KiB"),
    ] {
        let answer = exchange(post(address).body(body.to_owned().into()).unwrap()).await;
        let error: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
        assert_eq!(answer.status(), status, "{body}");
        assert_eq!(
            (&error["type"], &error["code"]),
            (&"error".into(), &code.into()),
            "{body}"
        );
        assert!(
            error["message"].as_str().unwrap().contains(reason),
            "{body}: {error}"
        );
    }
    assert_eq!(
        exchange(post(address).body(ORDER.into()).unwrap()).await.status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_wrong_path_or_method_is_told_where_to_go() {
    let address = start(config(&[])).await;
    for (method, path, status) in [
        (Method::GET, "/", 404),
        (Method::POST, "/create-transfer-request/", 404),
        (Method::GET, "/create-transfer-request", 405),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{address}{path}"));
        let answer = exchange(request.body(Full::default()).unwrap()).await;
        let error: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
        assert_eq!(answer.status(), status, "{path}");
        assert!(
            error["message"]
                .as_str()
                .unwrap()
                .contains("POST to /create-transfer-request")
        );
    }
}

async fn create(address: SocketAddr) -> Created {
    let answer = exchange(post(address).body(ORDER.into()).unwrap()).await;
    serde_json::from_slice(answer.body()).unwrap()
}

async fn call(address: SocketAddr, method: Method, path: &str, signature: &str) -> Response<Bytes> {
    let request = Request::builder()
        .method(method)
        .uri(format!("http://{address}{path}"))
        .header(AUTHORIZATION, format!("Bearer {signature}"));
    exchange(request.body(Full::default()).unwrap()).await
}

#[tokio::test]
async fn the_holder_of_a_signature_reads_the_order_and_gets_a_fresh_signature_even_after_its_end() {
    let address = start(config(&[])).await;
    let Created { request, .. } = create(address).await;
    let id = request.transfer_request_id.clone();
    let expired = Minter::new(Key::new(SECRET).unwrap())
        .mint_until(id.clone(), "shop-7", now() - 1)
        .unwrap();

    let answer = call(
        address,
        Method::GET,
        &format!("/orders/{id}"),
        request.signature.expose(),
    )
    .await;
    assert_eq!(answer.status(), StatusCode::OK);
    let shown: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!(shown["amount"], 12.1);
    assert_eq!(
        (&shown["merchant"], &shown["currency"]),
        (&"shop-7".into(), &"EUR".into())
    );

    let fresh = format!("/orders/{id}/signature");
    let answer = call(address, Method::POST, &fresh, expired.signature.expose()).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()[CACHE_CONTROL], "no-store");
    let request: TransferRequest = serde_json::from_slice(answer.body()).unwrap();
    let keys = KeyRing::new(Key::new(SECRET).unwrap());
    signature::verify(&keys, &request.signature, &id, now()).unwrap();
}

#[tokio::test]
async fn nobody_reads_or_prolongs_the_order_of_another() {
    let address = start(config(&[])).await;
    let (mine, other) = (create(address).await.request, create(address).await.request);
    let forged = Minter::new(Key::new("another key").unwrap())
        .mint_until(other.transfer_request_id.clone(), "shop-7", now() + 60)
        .unwrap();
    let order = format!("/orders/{}", other.transfer_request_id);
    let fresh = format!("{order}/signature");
    for signature in [mine.signature.expose(), forged.signature.expose(), "", "nonsense"] {
        for (method, path) in [(Method::GET, &order), (Method::POST, &fresh)] {
            let answer = call(address, method, path, signature).await;
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
        }
    }
    let gone = call(
        address,
        Method::GET,
        "/orders/never-made",
        mine.signature.expose(),
    )
    .await;
    assert_eq!(gone.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn pages_come_with_a_policy_that_lets_them_talk_to_the_shop_and_the_service_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("assets")).unwrap();
    for name in ["index.html", "phone.html", "demo.html", "assets/checkout.js"] {
        std::fs::write(folder.path().join(name), name).unwrap();
    }
    let address = start(config(&[
        ("CHECKOUT_DIR", folder.path().to_str().unwrap()),
        ("TRANSFER_STATUS_URL", "https://status.example/"),
    ]))
    .await;
    for (path, file) in [
        ("/", "index.html"),
        ("/t/order-1", "phone.html"),
        ("/assets/checkout.js", "assets/checkout.js"),
    ] {
        let answer = call(address, Method::GET, path, "").await;
        assert_eq!(
            (answer.status(), answer.body().as_ref()),
            (StatusCode::OK, file.as_bytes())
        );
        let policy = answer.headers()["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; "),
            "{policy}"
        );
        assert!(
            policy.contains("connect-src 'self' https://status.example wss://status.example;"),
            "{policy}"
        );
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe-inline"), "{policy}");
    }
    // Without DEMO_BANK nobody moves payments from here, and nothing outside the folder is served.
    for path in [
        "/demo",
        "/demo/payment",
        "/assets/../../Cargo.toml",
        "/assets/%2e%2e/index.html",
    ] {
        assert_eq!(
            call(address, Method::GET, path, "").await.status(),
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_browser_may_call_from_the_shops_pages_and_from_no_other() {
    let address = start(config(&[("ALLOWED_ORIGINS", "https://shop.example")])).await;
    for (origin, allowed) in [("https://shop.example", true), ("https://evil.example", false)] {
        let preflight = Request::options(format!("http://{address}/create-transfer-request"))
            .header(ORIGIN, origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type");
        let call = post(address).header(ORIGIN, origin).body(ORDER.into()).unwrap();
        for request in [preflight.body(Full::default()).unwrap(), call] {
            let answer = exchange(request).await;
            let granted = answer
                .headers()
                .get("access-control-allow-origin")
                .map(|origin| origin.as_bytes());
            assert_eq!(granted, allowed.then_some(origin.as_bytes()));
        }
    }
}

#[tokio::test]
async fn a_stop_lets_the_request_under_way_finish() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopping) = oneshot::channel::<()>();
    let server = tokio::spawn(async move {
        let stopped = async { drop(stopping.await) };
        serve(listener, &config(&[]), stopped).await
    });
    let mut client = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /create-transfer-request HTTP/1.1\r\nhost: shop\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nexpect: 100-continue\r\n\r\n",
        ORDER.len()
    );
    client.write_all(head.as_bytes()).await.unwrap();
    // The interim answer says that the handler has begun to read the body.
    let mut interim = [0; 25];
    tokio::io::AsyncReadExt::read_exact(&mut client, &mut interim)
        .await
        .unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");

    stop.send(()).unwrap();
    client.write_all(ORDER.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut client, &mut answer)
        .await
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    timeout(Duration::from_secs(5), server)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}
