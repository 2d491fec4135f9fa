//! What was acknowledged of a transfer, what a watcher saw of it, and what has to be true of both in the end.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use transfer_status::{Event, Status, Transfer, TransferId, Watch};

use crate::server::Server;

/// Between two looks at the list and the archive.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// The steps of a payment, with a message each.
pub const STEPS: [(Status, &str); 4] = [
    (Status::Pending, "created"),
    (Status::Processing, "sent"),
    (Status::Processing, "received"),
    (Status::Completed, "booked"),
];

/// One transfer, told by its backend and by its watcher.
pub struct Story {
    /// Which.
    pub id: TransferId,
    /// What the backend was told, an entry a change.
    pub acknowledged: Vec<Transfer>,
    /// What the user of a watch was told.
    pub seen: Vec<Transfer>,
}

/// All that the user of a watch is told, until it ends by itself.
pub async fn all_news(mut watch: Watch) -> Vec<Transfer> {
    let mut news = Vec::new();
    while let Some(event) = watch.next().await {
        if let Event::Status(transfer) = event {
            news.push(Transfer::clone(&transfer));
        }
    }
    news
}

impl Story {
    fn last(&self) -> &Transfer {
        self.acknowledged.last().expect("something was acknowledged")
    }

    /// What was acknowledged is stored, each change once and in its place; the watcher saw a part of it in order, and
    /// the end.
    ///
    /// # Panics
    /// When it is not so.
    pub async fn ended_well(&self, server: &Server) {
        let Self {
            id,
            acknowledged,
            seen,
        } = self;
        let versions = acknowledged.iter().map(|transfer| transfer.version);
        assert!(
            versions.eq((1..).map(Some).take(acknowledged.len())),
            "{id}: each change once: {acknowledged:?}"
        );

        let timeline = server.timeline(id).await;
        assert_eq!(timeline.len(), acknowledged.len(), "{id}: {timeline:?}");
        for (entry, transfer) in timeline.iter().zip(acknowledged) {
            assert_eq!(entry["version"].as_u64(), transfer.version, "{id}: {entry}");
            assert_eq!(entry["status"], transfer.status.as_str(), "{id}: {entry}");
            assert_eq!(
                entry["message"].as_str(),
                transfer.message.as_deref(),
                "{id}: {entry}"
            );
            assert_eq!(
                entry["updatedAt"],
                transfer.updated_at.to_string(),
                "{id}: {entry}"
            );
        }
        assert!(
            seen.is_sorted_by(|one, next| one.version < next.version),
            "{id}: {seen:?}"
        );
        assert_eq!(
            seen.last(),
            acknowledged.last(),
            "{id}: the watcher ends on the final status"
        );
    }
}

/// Waits until the list shows these transfers and no other, each once, as it ended, newest first, and the archive holds
/// them all.
///
/// # Panics
/// When something is listed twice, out of order, or was never reported.
pub async fn caught_up(server: &Server, stories: &[Story]) {
    let ended: BTreeMap<&str, &Transfer> = stories
        .iter()
        .map(|story| (story.id.as_str(), story.last()))
        .collect();
    let is_as_it_ended = |id: &str, shown: &Value| {
        ended.get(id).is_some_and(|end| {
            shown["version"].as_u64() == end.version && shown["status"] == end.status.as_str()
        })
    };
    loop {
        let listed = server.recent().await;
        let archived = server.archive().await;
        let current = |entry: &&Value| is_as_it_ended(entry["id"].as_str().unwrap_or_default(), entry);
        let finals = |(id, kept): &(&String, &Value)| is_as_it_ended(id, kept) && kept["final"] == true;
        if listed.iter().filter(current).count() >= ended.len()
            && archived.iter().filter(finals).count() >= ended.len()
        {
            let ids: Vec<_> = listed.iter().filter_map(|entry| entry["id"].as_str()).collect();
            let mut once = ids.clone();
            once.sort_unstable();
            assert!(once.iter().eq(ended.keys()), "each is listed once");
            let times: Vec<_> = listed
                .iter()
                .filter_map(|entry| entry["updatedAt"].as_str())
                .collect();
            assert!(times.is_sorted_by(|newer, older| newer >= older), "newest first");
            assert!(archived.keys().map(String::as_str).eq(ended.keys().copied()));
            return;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
