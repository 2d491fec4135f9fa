//! What a server is started with.

use serde::Deserialize;

use crate::releases::Release;
use crate::workplace;

/// The key of updates, unless [`Options`] say otherwise.
pub const HMAC_SECRET: &str = "end-to-end-update-key-7d4f0a1c93be";
/// The key of subscription signatures, unless [`Options`] say otherwise.
pub const SUBSCRIBE_HMAC_SECRET: &str = "end-to-end-subscribe-key-51e8c2d7";
/// The operator's token, unless [`Options`] say otherwise.
pub const ADMIN_TOKEN: &str = "end-to-end-admin-token-0b96f4";

/// What a server is started with: the variables of DEPLOY.md.
#[derive(Debug, Clone)]
pub struct Options {
    pub(crate) variables: Vec<(&'static str, String)>,
    instruments: bool,
    yardstick: bool,
    same_calls: bool,
    partyserver: bool,
    /// Of the Worker and of the objects, where the release before is at hand.
    pub(crate) releases: Option<(Release, Release)>,
}

impl Default for Options {
    /// The three secrets above, nothing else.
    fn default() -> Self {
        Self {
            variables: Vec::new(),
            instruments: false,
            yardstick: false,
            same_calls: false,
            partyserver: false,
            releases: None,
        }
        .variable("HMAC_SECRET", HMAC_SECRET)
        .variable("SUBSCRIBE_HMAC_SECRET", SUBSCRIBE_HMAC_SECRET)
        .variable("ADMIN_TOKEN", ADMIN_TOKEN)
    }
}

impl Options {
    /// Sets a variable; an empty value leaves it unset.
    #[must_use]
    pub fn variable(mut self, name: &'static str, value: &str) -> Self {
        self.variables.retain(|(known, _)| *known != name);
        self.variables.push((name, value.to_owned()));
        self
    }

    /// Puts `xtask/tools/instruments.mjs` in front of the Worker, for [`Server::instruments`](crate::Server::instruments) and its like.
    #[must_use]
    pub fn with_instruments(mut self) -> Self {
        self.instruments = true;
        self
    }

    /// Has the release before this one at hand too, for [`Server::deploy`](crate::Server::deploy), and starts with these.
    #[must_use]
    pub fn with_release_before(mut self, worker: Release, objects: Release) -> Self {
        self.releases = Some((worker, objects));
        self
    }

    /// The arguments of `xtask/tools/serve.mjs` for all this.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        for (wanted, argument) in [
            (self.instruments, "--instruments"),
            (self.yardstick, "--yardstick"),
            (self.same_calls, "--same-calls"),
            (self.partyserver, "--partyserver"),
        ] {
            if wanted {
                arguments.push(argument.to_owned());
            }
        }
        if let Some((worker, objects)) = self.releases {
            let build = workplace::release_before().display().to_string();
            let beside = [
                "--beside",
                &build,
                "--worker",
                worker.word(),
                "--objects",
                objects.word(),
            ];
            arguments.extend(beside.map(str::to_owned));
        }
        arguments
    }

    /// Puts `xtask/tools/yardstick.mjs` in the Worker's place.
    #[must_use]
    pub fn yardstick(mut self) -> Self {
        self.yardstick = true;
        self
    }

    /// Puts `xtask/tools/same-calls.mjs` in the Worker's place.
    #[must_use]
    pub fn same_calls(mut self) -> Self {
        self.same_calls = true;
        self
    }

    /// Puts `xtask/tools/partyserver-room.mjs` in the Worker's place.
    #[must_use]
    pub fn partyserver(mut self) -> Self {
        self.partyserver = true;
        self
    }
}

/// One of `settings.json`.
#[derive(Deserialize)]
pub(crate) struct Setting {
    pub(crate) name: String,
}

/// All that the Worker reads from its environment.
pub(crate) fn settings() -> Vec<Setting> {
    serde_json::from_str(include_str!("../../settings.json")).expect("the list of settings is JSON")
}
