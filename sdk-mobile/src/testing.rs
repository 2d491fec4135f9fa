//! What the tests of both languages need and an app must not have: a clock to move by hand, a panic to call for.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use transfer_status::{Clock, SystemClock};

use crate::client::{FfiClient, FfiClientOptions};
use crate::error::{FfiError, guarded, guarded_async};

/// A clock that runs as the machine's does, save for what it is told.
#[derive(uniffi::Object)]
pub struct FfiTestClock {
    machine: SystemClock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Added by hand.
    ahead: Duration,
    /// Where it was stopped.
    stopped_at: Option<Duration>,
}

#[uniffi::export]
impl FfiTestClock {
    /// One that runs with the machine's.
    #[uniffi::constructor]
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            machine: SystemClock::default(),
            state: Mutex::default(),
        })
    }

    /// Puts it forward at once, as a sleep that is counted does.
    pub fn jump(&self, millis: u64) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).ahead += Duration::from_millis(millis);
    }

    /// Stops it, as a sleep that is not counted does.
    pub fn stop(&self) {
        let now = self.machine.elapsed();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.stopped_at.get_or_insert(now);
    }

    /// Lets it run on from where it stands.
    pub fn run(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stopped_at) = state.stopped_at.take() {
            let missed = self.machine.elapsed().saturating_sub(stopped_at);
            state.ahead = state.ahead.saturating_sub(missed);
        }
    }
}

struct ByHand(Arc<FfiTestClock>);

impl Clock for ByHand {
    fn elapsed(&self) -> Duration {
        let state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.stopped_at.unwrap_or_else(|| self.0.machine.elapsed()) + state.ahead
    }

    fn unix_time(&self) -> Duration {
        let ahead = self.0.state.lock().unwrap_or_else(PoisonError::into_inner).ahead;
        self.0.machine.unix_time() + ahead
    }
}

/// A client with a clock to move by hand.
///
/// # Errors
/// As [`FfiClient::new`].
#[uniffi::export]
pub fn client_with_clock(
    options: FfiClientOptions,
    clock: Arc<FfiTestClock>,
) -> Result<Arc<FfiClient>, FfiError> {
    guarded(|| FfiClient::build(options, |builder| builder.clock(ByHand(clock))))
}

/// Panics, where every call is guarded.
///
/// # Errors
/// [`FfiError::Panicked`], always.
#[uniffi::export]
pub fn panic_inside() -> Result<(), FfiError> {
    guarded(|| panic!("called for by a test"))
}

/// Panics, where every call that waits is guarded.
///
/// # Errors
/// [`FfiError::Panicked`], always.
#[uniffi::export]
pub async fn panic_while_waiting() -> Result<(), FfiError> {
    guarded_async(async { panic!("called for by a test") }).await
}
