//! Settings of a publisher.

use std::fmt;
use std::sync::Arc;

use tokio::sync::Semaphore;
use transfer_status_protocol::endpoint::{Endpoint, InvalidUrl};
use transfer_status_protocol::sign::{Key, Signer};

use super::{Inner, Publisher};
use crate::error::BuildError;
use crate::retry::RetryPolicy;
use crate::transport::{Settings, reach};

/// So many updates are under way at once: some thousand a second where each takes 50 ms.
const MAX_IN_FLIGHT: usize = 64;

/// Settings of a [`Publisher`].
#[must_use]
pub struct PublisherBuilder {
    url: String,
    key: Key,
    settings: Settings,
    retry: RetryPolicy,
    max_in_flight: usize,
}

impl PublisherBuilder {
    pub(super) fn new(url: String, key: Key) -> Self {
        Self {
            url,
            key,
            settings: Settings::default(),
            retry: RetryPolicy::default(),
            max_in_flight: MAX_IN_FLIGHT,
        }
    }

    /// How long to try, and how often.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// The most updates under way at once, each on a connection that is kept for the next; 64 by default, at least 1.
    ///
    /// Further updates wait for their turn, within their deadline, so that a burst costs about as many handshakes as
    /// this and the next burst none. An update that waits before it is tried again holds nobody up.
    pub fn max_in_flight(mut self, updates: usize) -> Self {
        self.max_in_flight = updates;
        self
    }

    /// Builds the publisher; connects nowhere yet.
    ///
    /// # Errors
    /// The URL or the TLS settings cannot be used.
    pub fn build(self) -> Result<Publisher, BuildError> {
        let uri = Endpoint::parse(&self.url)?.web("/update");
        let uri = uri.parse().map_err(|_| InvalidUrl::Malformed)?;
        let in_flight = self.max_in_flight.clamp(1, Semaphore::MAX_PERMITS);
        let transport = self.settings.build(&uri, in_flight, in_flight)?;
        let signer = Signer::new(self.key);
        Ok(Publisher {
            inner: Arc::new(Inner {
                transport,
                uri,
                signer,
                retry: self.retry,
                places: Semaphore::new(in_flight),
            }),
        })
    }
}

reach!(PublisherBuilder);

impl fmt::Debug for PublisherBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublisherBuilder")
            .field("retry", &self.retry)
            .field("max_in_flight", &self.max_in_flight)
            .finish_non_exhaustive()
    }
}
