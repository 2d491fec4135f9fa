//! Addresses that cannot be right, and where plain text may go.

use anyhow::{Result, ensure};

use super::{Story, story};
use crate::stage::Stage;

pub(super) const STORIES: &[Story] = &[
    story!(
        an_address_that_cannot_be_right_is_refused_at_once,
        "An address that cannot be right is refused at once: no scheme, a port that is no port, a query, a fragment, credentials."
    ),
    story!(
        plain_text_leaves_private_networks_only_when_the_user_says_so,
        "`http://` and `ws://` are for this machine and private networks only, unless the user says otherwise in so many words"
    ),
];

async fn an_address_that_cannot_be_right_is_refused_at_once(stage: &Stage) -> Result<()> {
    for url in [
        "",
        "status.example.com",
        "ftp://status.example.com",
        "https://",
        "https://status.example.com:65536",
        "https://status.example.com:port",
        "https://status.example.com/?a=1",
        "https://status.example.com/#a",
        "https://user:word@status.example.com",
    ] {
        let watch = stage.begin(stage.wish_at(url));
        let look = || watch.rejected();
        stage
            .until(0.0, &format!("a refusal of the address \"{url}\""), look)
            .await?;
        ensure!(
            watch.told().len() == 1,
            "told for \"{url}\" was {:?}",
            watch.told()
        );
    }
    Ok(())
}

async fn plain_text_leaves_private_networks_only_when_the_user_says_so(stage: &Stage) -> Result<()> {
    // Addresses for documents (RFC 5737), where nobody is.
    for url in [
        "http://status.example.com",
        "ws://203.0.113.7",
        "http://172.32.0.1",
        "http://localhost.example.com",
    ] {
        let watch = stage.begin(stage.wish_at(url));
        let look = || watch.rejected();
        stage.until(0.0, &format!("a refusal of {url}"), look).await?;
    }
    for url in [
        "http://till",
        "http://status.internal:1",
        "ws://status.localhost:1",
        "http://[::1]:1",
    ] {
        let watch = stage.begin(stage.wish_at(url));
        stage
            .so(0.0, &format!("a watch of {url}"), || !watch.states().is_empty())
            .await?;
        ensure!(
            watch.rejected().is_none(),
            "{url} was refused: {:?}",
            watch.rejected()
        );
    }
    let mut wish = stage.wish_at("http://203.0.113.7");
    wish.allow_plain_text = true;
    let watch = stage.begin(wish);
    stage
        .so(0.0, "a watch in plain text by option", || {
            !watch.states().is_empty()
        })
        .await
}
