//! A picture of the code on the checkout page, as a phone's camera takes it.

use std::process::Stdio;

use anyhow::{Context, ensure};
use tempfile::{NamedTempFile, TempPath};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use transfer_status_examples::merchant::Created;

/// Has `command` open the page of the shop at `shop`, which shows the code of `created`, and take a picture of it. The
/// file is a PNG that nobody else may read, and goes with its path.
pub(crate) async fn photograph(
    command: &[String],
    shop: &str,
    created: &Created,
) -> anyhow::Result<TempPath> {
    let (program, arguments) = command.split_first().context("no camera is set")?;
    let picture = NamedTempFile::with_suffix(".png")?.into_temp_path();
    let mut camera = Command::new(program)
        .args(arguments)
        .arg(shop)
        .arg(picture.as_os_str())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start {program}"))?;
    let mut stdin = camera.stdin.take().context("the camera has no stdin")?;
    // On stdin, since a process's arguments can be read by others on the same machine.
    stdin.write_all(&serde_json::to_vec(created)?).await?;
    drop(stdin);
    let status = camera.wait().await?;
    ensure!(status.success(), "the camera ended with {status}");
    Ok(picture)
}
