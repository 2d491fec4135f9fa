//! HTTP requests as they are written down, to say also what no SDK would say.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use transfer_status::{Key, Signer};

use crate::options::HMAC_SECRET;
use crate::server::Server;
use crate::soon;

/// Header names and values.
pub type Headers<'a> = &'a [(&'a str, &'a str)];

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    headers: http::HeaderMap,
    /// The body as text.
    pub body: String,
}

impl Answer {
    /// A header's value, empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("the body is no JSON ({error}): {}", self.body))
    }

    /// Checks that this is the error object with that status and code, and a message.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    pub fn is_error(&self, status: u16, code: &str) -> &Self {
        assert_eq!(self.status, status, "{}", self.body);
        let body = self.json();
        assert_eq!(body["type"], "error", "{body}");
        assert_eq!(body["code"], code, "{body}");
        assert!(
            body["message"].as_str().is_some_and(|text| text.len() > 10),
            "{body}"
        );
        self
    }
}

impl Server {
    /// Sends any request.
    ///
    /// # Panics
    /// When no whole answer comes soon.
    pub async fn request(
        &self,
        method: &str,
        path: &str,
        headers: Headers<'_>,
        body: impl Into<Bytes>,
    ) -> Answer {
        request_at(&self.url(), method, path, headers, body).await
    }

    /// `GET`.
    pub async fn get(&self, path: &str, headers: Headers<'_>) -> Answer {
        self.request("GET", path, headers, Bytes::new()).await
    }

    /// `POST /update` with these bytes, signed now with [`HMAC_SECRET`].
    pub async fn update(&self, body: impl Into<Bytes>) -> Answer {
        let body = body.into();
        let now = self.unix_seconds();
        let signature = signer(HMAC_SECRET).sign_at(now, &body);
        let headers = [
            ("x-signature", signature.as_str()),
            ("x-timestamp", &now.to_string()),
        ];
        self.request("POST", "/update", &headers, body).await
    }

    /// Writes bytes to a connection and reads what comes back until the server closes it.
    ///
    /// # Panics
    /// When the server keeps it open.
    pub async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address())
            .await
            .expect("the server listens");
        // The server may refuse, and close, before it has read everything.
        let _ = soon(stream.write_all(bytes)).await;
        let mut answer = Vec::new();
        let _ = soon(stream.read_to_end(&mut answer)).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Writes bytes to a connection and goes away without a word once the server has had a look at them.
    ///
    /// # Panics
    /// When the server does not listen.
    pub async fn abandon(&self, bytes: &[u8]) {
        let mut stream = TcpStream::connect(self.address())
            .await
            .expect("the server listens");
        soon(stream.write_all(bytes)).await.expect("the server reads");
        let _ = timeout(Duration::from_millis(20), stream.read_u8()).await;
    }
}

/// Sends any request to the server at `url`.
///
/// # Panics
/// When no whole answer comes soon.
pub async fn request_at(
    url: &str,
    method: &str,
    path: &str,
    headers: Headers<'_>,
    body: impl Into<Bytes>,
) -> Answer {
    soon(answered(url, method, path, headers, body)).await
}

/// The whole answer to a request, however long it takes.
pub(crate) async fn answered(
    url: &str,
    method: &str,
    path: &str,
    headers: Headers<'_>,
    body: impl Into<Bytes>,
) -> Answer {
    let mut request = http::Request::builder()
        .method(method)
        .uri(format!("{url}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request
        .body(Full::new(body.into()))
        .expect("the request can be written");
    let client = Client::builder(TokioExecutor::new()).build_http();
    let answer = client.request(request).await.expect("an answer comes");
    let (head, body) = answer.into_parts();
    let body = body.collect().await.expect("the body comes whole").to_bytes();
    Answer {
        status: head.status.as_u16(),
        headers: head.headers,
        body: String::from_utf8(body.into()).expect("the body is text"),
    }
}

/// A signer with this secret.
///
/// # Panics
/// When the secret cannot be a key.
pub fn signer(secret: &str) -> Signer {
    Signer::new(Key::new(secret).expect("a key"))
}
