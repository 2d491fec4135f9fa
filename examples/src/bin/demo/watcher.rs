//! Somebody who watches, with the time of each thing seen: in this process, or a scanner that stands for a phone.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use tempfile::TempPath;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use transfer_status::{Amount, Status, Transfer, Watch};
use transfer_status_examples::watcher::follow;

/// What a watcher has seen of the payment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    pub(crate) status: Status,
    pub(crate) version: u64,
    pub(crate) amount: Option<Amount>,
}

/// Who watches.
pub(crate) struct Watcher {
    pub(crate) name: String,
    seen: mpsc::UnboundedReceiver<(Instant, Seen)>,
    end: JoinHandle<anyhow::Result<()>>,
    last: Option<Seen>,
}

impl Watcher {
    /// Follows `watch` in this process.
    pub(crate) fn of(name: &str, watch: Watch) -> Self {
        Self::new(name, |tell| async move {
            let seen = |transfer: Arc<Transfer>| tell(Seen::from(&*transfer));
            follow(watch, seen).await?;
            Ok(())
        })
    }

    /// Has the scanner that `words` start read the code in `picture` and follow its transfer at `service`.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub(crate) fn of_scanner(
        name: &str,
        words: &[String],
        service: &str,
        picture: &Arc<TempPath>,
    ) -> anyhow::Result<Self> {
        let (program, arguments) = words.split_first().context("a phone's command line is empty")?;
        let mut child = Command::new(program)
            .args(arguments)
            .args(["--service", service])
            .arg("--picture")
            .arg(picture.as_os_str())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {program}"))?;
        let stdout = child.stdout.take().context("the scanner has no stdout")?;
        // The file is there for as long as the scanner runs.
        let picture = Arc::clone(picture);
        Ok(Self::new(name, |tell| async move {
            let _picture = picture;
            let mut lines = BufReader::new(stdout).lines();
            while let Some(line) = lines.next_line().await? {
                if let Some(payment) = line.strip_prefix("payment: ") {
                    tell(Seen::read(payment).with_context(|| format!("not a scanner's line: {line}"))?);
                }
            }
            let status = child.wait().await?;
            ensure!(status.success(), "the scanner ended with {status}");
            Ok(())
        }))
    }

    fn new<F>(name: &str, follow: impl FnOnce(Box<dyn Fn(Seen) + Send + Sync>) -> F) -> Self
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        // Unbounded, as it holds a handful of states.
        let (tell, seen) = mpsc::unbounded_channel();
        let end = tokio::spawn(follow(Box::new(move |state| {
            // Who does not look any more need not be told.
            let _ = tell.send((Instant::now(), state));
        })));
        Self {
            name: name.to_owned(),
            seen,
            end,
            last: None,
        }
    }

    /// Waits for a version, or a later one.
    pub(crate) async fn reaches(&mut self, version: u64) -> anyhow::Result<(Instant, Seen)> {
        while let Some((at, seen)) = self.seen.recv().await {
            self.last = Some(seen.clone());
            if seen.version >= version {
                return Ok((at, seen));
            }
        }
        (&mut self.end).await??;
        bail!("the watch ended on {:?}", self.last)
    }

    /// What was seen last, once the watch has ended by itself.
    pub(crate) async fn ended(mut self) -> anyhow::Result<Seen> {
        while let Some((_, seen)) = self.seen.recv().await {
            self.last = Some(seen);
        }
        self.end.await??;
        self.last.context("nothing was seen")
    }
}

impl From<&Transfer> for Seen {
    fn from(transfer: &Transfer) -> Self {
        Self {
            status: transfer.status.clone(),
            version: transfer.version.unwrap_or_default(),
            amount: transfer.amount.clone(),
        }
    }
}

impl Seen {
    /// From `processing, version 2, amount 12.10, a message`.
    fn read(text: &str) -> anyhow::Result<Self> {
        let mut parts = text.split(", ");
        let status = parts.next().unwrap_or_default().parse()?;
        let mut seen = Self {
            status,
            version: 0,
            amount: None,
        };
        // What follows them is a message, which may hold anything.
        for part in parts.take(2) {
            match part.split_once(' ') {
                Some(("version", version)) => seen.version = version.parse()?,
                Some(("amount", amount)) => seen.amount = Some(amount.parse()?),
                _ => break,
            }
        }
        Ok(seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_scanner_says_is_what_it_has_seen() {
        let seen = Seen::read("processing, version 2, amount 12.10, on its way, version 9").unwrap();
        assert_eq!(seen.status, Status::Processing);
        assert_eq!(seen.version, 2);
        assert_eq!(seen.amount, Some("12.10".parse().unwrap()));
        assert_eq!(Seen::read("pending, version 0").unwrap().amount, None);
        assert!(Seen::read("pending, version x").is_err());
    }
}
