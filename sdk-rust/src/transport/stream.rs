//! A connection, and whatever makes one: the layers between here and the service, boxed.

use std::error::Error as StdError;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use tower_service::Service;

pub(super) type BoxError = Box<dyn StdError + Send + Sync>;

/// A dial under way.
pub(super) type Dialling<S = Stream> = Pin<Box<dyn Future<Output = Result<S, BoxError>> + Send>>;

/// Bytes to and from the other end.
pub(crate) struct Stream {
    io: Box<dyn Io>,
    /// A proxy is at the other end, and wants requests in the absolute form (RFC 9112, section 3.2.2).
    is_forwarded: bool,
}

trait Io: Read + Write + Unpin + Send {}
impl<T: Read + Write + Unpin + Send> Io for T {}

impl Stream {
    pub(super) fn new(io: impl Read + Write + Unpin + Send + 'static) -> Self {
        Self {
            io: Box::new(io),
            is_forwarded: false,
        }
    }

    /// The same connection, whose requests a proxy passes on.
    pub(super) fn forwarded(self) -> Self {
        Self {
            is_forwarded: true,
            ..self
        }
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, into)
    }
}

impl Write for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new().proxy(self.is_forwarded)
    }
}

/// Makes connections to whatever host a URI names. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Connector(Arc<dyn Dial>);

trait Dial: Send + Sync {
    fn dial(&self, to: Uri) -> Dialling;
}

impl Connector {
    pub(crate) fn new<S>(service: S) -> Self
    where
        S: Service<Uri> + Clone + Send + Sync + 'static,
        S::Response: Read + Write + Unpin + Send + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
    {
        Self(Arc::new(Boxing(service)))
    }

    pub(super) fn dial(&self, to: Uri) -> Dialling {
        self.0.dial(to)
    }
}

struct Boxing<S>(S);

impl<S> Dial for Boxing<S>
where
    S: Service<Uri> + Clone + Send + Sync + 'static,
    S::Response: Read + Write + Unpin + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    fn dial(&self, to: Uri) -> Dialling {
        let mut service = self.0.clone();
        Box::pin(async move {
            poll_fn(|cx| service.poll_ready(cx)).await.map_err(Into::into)?;
            Ok(Stream::new(service.call(to).await.map_err(Into::into)?))
        })
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = BoxError;
    type Future = Dialling;

    /// Each call waits for its own readiness.
    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Dialling {
        self.dial(to)
    }
}
