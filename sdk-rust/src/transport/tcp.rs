//! Dials by TCP: happy eyeballs, TCP_NODELAY, and keep-alive probes.

use std::time::Duration;

use hyper_util::client::legacy::connect::HttpConnector;

use super::resolver::Resolver;
use super::stream::Connector;

/// After the head start of RFC 8305, the other address family is tried as well.
const HAPPY_EYEBALLS_DELAY: Duration = Duration::from_millis(250);

/// For the TCP handshake alone. Callers bound the whole exchange.
const TCP_TIMEOUT: Duration = Duration::from_secs(10);

/// Longer than the 20 s after which a silent watch pings: TCP asks only where nobody else does.
const KEEPALIVE: Duration = Duration::from_secs(25);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_PROBES: u32 = 2;

/// What was sent and not acknowledged for so long breaks the connection; probes count as sent.
#[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(30);

/// The way to a host where nobody gave another.
pub(super) fn connector() -> Connector {
    let mut tcp = HttpConnector::new_with_resolver(Resolver::new());
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_happy_eyeballs_timeout(Some(HAPPY_EYEBALLS_DELAY));
    tcp.set_connect_timeout(Some(TCP_TIMEOUT));
    tcp.set_keepalive(Some(KEEPALIVE));
    tcp.set_keepalive_interval(Some(KEEPALIVE_INTERVAL));
    tcp.set_keepalive_retries(Some(KEEPALIVE_PROBES));
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    tcp.set_tcp_user_timeout(Some(TCP_USER_TIMEOUT));
    Connector::new(tcp)
}
