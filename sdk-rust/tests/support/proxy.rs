//! Proxies on loopback: HTTP `CONNECT` and SOCKS5, played by hand as the service is.

use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;

use super::{HttpRequest, Peer, Service, soon};

/// An HTTP proxy whose connections a test takes one by one.
pub(crate) struct Proxy {
    pub(crate) listener: Service,
}

impl Proxy {
    pub(crate) async fn start() -> Self {
        Self {
            listener: Service::start().await,
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.listener.port()
    }

    /// With credentials that have to be decoded: `user`, `p@ss`.
    pub(crate) fn url_with_password(&self, scheme: &str) -> String {
        format!("{scheme}://user:p%40ss@127.0.0.1:{}", self.port())
    }

    /// Leads the next connection to `target`, whatever host it asks for; gives what it asked.
    pub(crate) async fn lead(&self, target: &Service) -> HttpRequest {
        let mut peer = self.listener.accept().await;
        let request = peer.request().await;
        soon(
            peer.stream
                .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n"),
        )
        .await
        .unwrap();
        join(peer, target).await;
        request
    }

    /// Refuses the next connection, with these words.
    pub(crate) async fn refuse(&self, status: &str) -> HttpRequest {
        let mut peer = self.listener.accept().await;
        peer.serve(
            status,
            "proxy-authenticate: Basic\r\n",
            "<html>Sign in at 10.0.0.1</html>",
        )
        .await
    }

    /// As [`Proxy::lead`], by SOCKS5 with user and password; gives host and port asked for, and what they logged in with.
    pub(crate) async fn lead_socks(&self, target: &Service) -> (String, u16, String) {
        let mut peer = self.listener.accept().await;
        let stream = &mut peer.stream;
        // RFC 1928: version, one method, user and password.
        assert_eq!(take::<3>(stream).await, [5, 1, 2]);
        soon(stream.write_all(&[5, 2])).await.unwrap();
        // RFC 1929.
        assert_eq!(take::<1>(stream).await, [1]);
        let user = take_text(stream).await;
        let password = take_text(stream).await;
        soon(stream.write_all(&[1, 0])).await.unwrap();
        // Connect, by address or by name.
        let host = match take::<4>(stream).await {
            [5, 1, 0, 1] => Ipv4Addr::from(take::<4>(stream).await).to_string(),
            [5, 1, 0, 3] => take_text(stream).await,
            other => panic!("{other:?}"),
        };
        let port = u16::from_be_bytes(take::<2>(stream).await);
        let address = Ipv4Addr::LOCALHOST.octets();
        soon(stream.write_all(&[&[5, 0, 0, 1], &address[..], &[0, 0]].concat()))
            .await
            .unwrap();
        join(peer, target).await;
        (host, port, format!("{user}:{password}"))
    }
}

async fn join(mut peer: Peer<TcpStream>, target: &Service) {
    let mut on = soon(TcpStream::connect(("127.0.0.1", target.port())))
        .await
        .unwrap();
    tokio::spawn(async move { copy_bidirectional(&mut peer.stream, &mut on).await });
}

async fn take<const N: usize>(stream: &mut TcpStream) -> [u8; N] {
    let mut bytes = [0; N];
    soon(stream.read_exact(&mut bytes)).await.unwrap();
    bytes
}

async fn take_text(stream: &mut TcpStream) -> String {
    let [length] = take(stream).await;
    let mut bytes = vec![0; length.into()];
    soon(stream.read_exact(&mut bytes)).await.unwrap();
    String::from_utf8(bytes).unwrap()
}
