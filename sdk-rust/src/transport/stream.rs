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

/// Never with several slices at a time: on Linux that is `writev`, which raises SIGPIPE on a link that was reset, where
/// `send` is told not to. Rust's own programs ignore the signal, and an app in Swift with this library in it dies of it.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// As TCP of tokio is: it would take many slices at a time.
    struct Tcp(Vec<u8>);

    impl Read for Tcp {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: ReadBufCursor<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    impl Write for Tcp {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.0.extend_from_slice(bytes);
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn is_write_vectored(&self) -> bool {
            true
        }

        fn poll_write_vectored(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &[io::IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            panic!("on a link that was reset, this is the end of a host that does not ignore SIGPIPE");
        }
    }

    #[test]
    fn what_comes_in_slices_is_written_one_at_a_time() {
        let mut stream = Stream::new(Tcp(Vec::new()));
        let slices = [
            io::IoSlice::new(b""),
            io::IoSlice::new(b"one"),
            io::IoSlice::new(b"two"),
        ];
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let written = Pin::new(&mut stream).poll_write_vectored(&mut cx, &slices);
        assert!(matches!(written, Poll::Ready(Ok(3))), "{written:?}");
        assert!(!stream.is_write_vectored());
    }
}
