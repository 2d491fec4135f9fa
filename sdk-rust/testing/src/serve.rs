//! The service's end of a connection: HTTP by hyper, and the way up to a WebSocket.

use std::convert::Infallible;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONNECTION, ETAG, IF_NONE_MATCH, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY};
use http::header::{HeaderValue, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::DuplexStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use transfer_status::sign::{self, TimestampPolicy, Verified};
use transfer_status::{DecodeError, ErrorBody, ErrorCode, KeyRing, Signature, TransferId, Update, signature};
use transfer_status_protocol::signature::SUBPROTOCOL;

use crate::service::Shared;
use crate::socket;

type Answer = Response<Full<Bytes>>;

/// Serves one connection until it is closed, or all are cut.
pub(crate) async fn connection(shared: Shared, pipe: DuplexStream) {
    let mut cuts = shared.cuts();
    let service = service_fn(|request| {
        let shared = shared.clone();
        async move { Ok::<_, Infallible>(answer(&shared, request).await.unwrap_or_else(refusal)) }
    });
    let served = http1::Builder::new()
        .serve_connection(TokioIo::new(pipe), service)
        .with_upgrades();
    tokio::select! {
        // A client that went away in the middle is no matter of the service.
        _ = served => {}
        _ = cuts.changed() => {}
    }
}

async fn answer(shared: &Shared, request: Request<Incoming>) -> Result<Answer, Box<ErrorBody>> {
    let path = request.uri().path().to_owned();
    let (kind, id) = match path.trim_start_matches('/').split_once('/') {
        Some((kind, id)) => (kind, Some(read_id(id)?)),
        None => (path.trim_start_matches('/'), None),
    };
    match (request.method(), kind, id) {
        (&Method::GET, "ws", Some(id)) => upgrade(shared, request, id),
        (&Method::GET, "transfer", Some(id)) => transfer(shared, request.headers(), &id),
        (&Method::POST, "update", None) => update(shared, request).await,
        (&Method::POST, "scan", None) => scan(shared, request).await,
        _ => Err(refused(
            ErrorCode::NotFound,
            "there is no such path; look at PROTOCOL.md",
        )),
    }
}

fn upgrade(
    shared: &Shared,
    mut request: Request<Incoming>,
    id: TransferId,
) -> Result<Answer, Box<ErrorBody>> {
    let headers = request.headers();
    let Some(key) = headers.get(SEC_WEBSOCKET_KEY) else {
        return Err(refused(
            ErrorCode::UpgradeRequired,
            "this path is a WebSocket; connect with one",
        ));
    };
    let accept = derive_accept_key(key.as_bytes());
    let signature = headers
        .get_all(SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','))
        .find_map(|item| Signature::from_protocol(item.trim())?.ok());
    // What is refused is told over the socket, so that every client can read it.
    let refusal = signature.map_or_else(|| Some(missing()), |it| check(shared, &it, &id).err());
    let upgraded = hyper::upgrade::on(&mut request);
    let shared = shared.clone();
    tokio::spawn(async move {
        if let Ok(upgraded) = upgraded.await {
            socket::serve(&shared, TokioIo::new(upgraded), id, refusal).await;
        }
    });
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = answer.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    if let Ok(accept) = HeaderValue::from_str(&accept) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    Ok(answer)
}

fn transfer(shared: &Shared, headers: &HeaderMap, id: &TransferId) -> Result<Answer, Box<ErrorBody>> {
    check(shared, &bearer(headers)?, id)?;
    let transfer = shared.transfer(id);
    let tag = format!("\"{}\"", transfer.version.unwrap_or_default());
    let is_known = headers
        .get(IF_NONE_MATCH)
        .is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut answer = Response::new(Full::from(if is_known {
        String::new()
    } else {
        transfer.encode()
    }));
    if is_known {
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
    }
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        answer.headers_mut().insert(ETAG, tag);
    }
    Ok(answer)
}

async fn update(shared: &Shared, request: Request<Incoming>) -> Result<Answer, Box<ErrorBody>> {
    let header = |name| request.headers().get(name)?.to_str().ok().map(ToOwned::to_owned);
    let (given, timestamp) = (header("x-signature"), header("x-timestamp"));
    let body = read(request).await?;
    let body = match shared.keys() {
        None => Verified::by_caller(body),
        Some(keys) => {
            let ring = KeyRing::new(keys.update.clone());
            let (given, timestamp) = (given.unwrap_or_default(), timestamp.as_deref());
            sign::verify(
                &ring,
                body,
                &given,
                timestamp,
                shared.seconds(),
                TimestampPolicy::Optional,
            )
            .map_err(|error| refused(ErrorCode::Unauthorized, error.to_string()))?
        }
    };
    let stored = shared.update(Update::decode(&body).map_err(malformed)?);
    let stored = stored.map_err(|conflict| {
        Box::new(ErrorBody::new(ErrorCode::Conflict, conflict.reason).with_transfer(*conflict.current))
    })?;
    Ok(Response::new(Full::from(stored.encode())))
}

async fn scan(shared: &Shared, request: Request<Incoming>) -> Result<Answer, Box<ErrorBody>> {
    let bearer = bearer(request.headers())?;
    let body: serde_json::Value = serde_json::from_slice(&read(request).await?)
        .map_err(|_| refused(ErrorCode::BadRequest, "the body is not JSON; send an object"))?;
    let id = body.get("transferId").and_then(serde_json::Value::as_str);
    let id = read_id(id.unwrap_or_default())?;
    let scanned = body.get("scanned").and_then(serde_json::Value::as_bool);
    let scanned = scanned.ok_or_else(|| refused(ErrorCode::BadRequest, "scanned is missing; send it"))?;
    check(shared, &bearer, &id)?;
    Ok(Response::new(Full::from(shared.scan(&id, scanned))))
}

async fn read(request: Request<Incoming>) -> Result<Bytes, Box<ErrorBody>> {
    let body = request.into_body().collect().await;
    body.map(|body| body.to_bytes()).map_err(|_| {
        refused(
            ErrorCode::BadRequest,
            "the body did not arrive whole; send it again",
        )
    })
}

fn read_id(text: &str) -> Result<TransferId, Box<ErrorBody>> {
    TransferId::new(text).map_err(|error| refused(ErrorCode::BadRequest, error.to_string()))
}

fn bearer(headers: &HeaderMap) -> Result<Signature, Box<ErrorBody>> {
    let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let text = value.and_then(|value| value.strip_prefix("Bearer "));
    text.and_then(|text| Signature::new(text).ok())
        .ok_or_else(missing)
}

fn missing() -> Box<ErrorBody> {
    refused(
        ErrorCode::Unauthorized,
        "the signature is missing; send the one that the backend handed out",
    )
}

/// Whether `given` opens the transfer.
fn check(shared: &Shared, given: &Signature, id: &TransferId) -> Result<(), Box<ErrorBody>> {
    if shared.is_refused(id) {
        let message = "the signature is wrong, as the test has it";
        return Err(refused(ErrorCode::Unauthorized, message));
    }
    let Some(keys) = shared.keys() else { return Ok(()) };
    match signature::verify(&keys.subscribe, given, id, shared.seconds()) {
        Ok(_) => Ok(()),
        Err(error) => Err(refused(error.code(), error.to_string())),
    }
}

fn refused(code: ErrorCode, message: impl Into<String>) -> Box<ErrorBody> {
    Box::new(ErrorBody::new(code, message))
}

fn malformed(error: DecodeError) -> Box<ErrorBody> {
    refused(error.code(), error.to_string())
}

fn refusal(error: Box<ErrorBody>) -> Answer {
    let mut answer = Response::new(Full::from(error.encode()));
    *answer.status_mut() =
        StatusCode::from_u16(error.code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer
}
