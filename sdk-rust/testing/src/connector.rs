//! The way to the service: a pipe in place of a connection.

use std::future::{Ready, ready};
use std::io;
use std::task::{Context, Poll};

use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::io::DuplexStream;
use tower_service::Service;

use crate::serve;
use crate::service::Shared;

/// What is on its way in a pipe at most, in bytes; who writes more waits, as on a connection.
const PIPE: usize = 64 * 1024;

/// Dials a [`FakeService`](crate::FakeService), whatever host is asked for; for `ClientBuilder::connector` and
/// `PublisherBuilder::connector`. Needs a tokio runtime, which it lets the service's end of each pipe run on.
#[derive(Clone)]
pub struct Connector {
    pub(crate) shared: Shared,
}

impl Service<Uri> for Connector {
    type Response = TokioIo<DuplexStream>;
    type Error = io::Error;
    type Future = Ready<io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        if !self.shared.state().is_reachable {
            return ready(Err(io::Error::new(
                io::ErrorKind::ConnectionRefused,
                "the service is out of reach, as the test has it",
            )));
        }
        let (near, far) = tokio::io::duplex(PIPE);
        tokio::spawn(serve::connection(self.shared.clone(), far));
        ready(Ok(TokioIo::new(near)))
    }
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connector").finish_non_exhaustive()
    }
}
