//! Waiting for the wish to stop.

use std::io;

/// Ready when the process is asked to stop: Ctrl-C, or SIGTERM as service managers send it.
///
/// # Errors
/// The signals cannot be listened to.
pub async fn asked_to_stop() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            result = tokio::signal::ctrl_c() => result,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
