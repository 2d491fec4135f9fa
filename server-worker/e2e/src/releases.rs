//! A deploy and a rollback while the server runs: the build of the release before beside this one's.

use serde_json::json;

use crate::server::Server;

/// Which build runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// The release before this one, from `golden/`.
    Before,
    /// What the sources are.
    This,
}

impl Release {
    /// As `xtask/tools/two-releases.mjs` calls it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Before => "other",
            Self::This => "this",
        }
    }
}

impl Server {
    /// Deploys: requests go to that Worker from now on; objects change over as they wake, after
    /// [`Server::evict`] say. A restart keeps to it.
    ///
    /// # Panics
    /// When the server was started without [`Options::with_release_before`](crate::Options::with_release_before).
    pub async fn deploy(&self, worker: Release, objects: Release) {
        self.note_deployed(worker, objects);
        let deployed = json!({ "worker": worker.word(), "objects": objects.word() });
        let answer = self
            .request("POST", "/-/releases", &[], deployed.to_string())
            .await;
        assert_eq!(
            answer.status, 200,
            "the server was started with the release before"
        );
    }
}
