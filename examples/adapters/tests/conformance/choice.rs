//! Which stories are told, and to whom.

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs};

use anyhow::{Context, Result, bail};

use crate::naive;
use crate::stories;
use crate::story::Story;

/// Holds the JSON that `cargo xtask adapters --json` prints, or the path of a file with it.
pub(crate) const VARIABLE: &str = "TRANSFER_STATUS_ADAPTERS";

/// What the command line and the environment ask for.
pub(crate) struct Choice {
    /// Name to command line, the negative control among them.
    pub(crate) adapters: BTreeMap<String, Vec<String>>,
    pub(crate) stories: Vec<Story>,
    /// Nothing is left out, so the negative control can be judged.
    pub(crate) is_whole: bool,
    pub(crate) shows_traces: bool,
}

impl Choice {
    /// `None` when no adapter is named.
    ///
    /// # Errors
    /// When none is named on a CI machine, or what is named cannot be read.
    pub(crate) fn read() -> Result<Option<Self>> {
        let Some(given) = env::var(VARIABLE).ok().filter(|given| !given.is_empty()) else {
            if env::var("CI").is_ok_and(|ci| ci == "true") {
                bail!(
                    "{VARIABLE} must hold what `cargo xtask adapters --json` prints, or the path of a file with it"
                );
            }
            return Ok(None);
        };
        let text = if given.trim_start().starts_with('{') {
            given
        } else {
            fs::read_to_string(&given)
                .with_context(|| format!("cannot read {given}, which {VARIABLE} names"))?
        };
        let mut adapters: BTreeMap<String, Vec<String>> = serde_json::from_str(&text)
            .with_context(|| format!("{VARIABLE} is not name to command line, in JSON"))?;
        if adapters.is_empty() {
            bail!("{VARIABLE} names no adapter");
        }
        let this = env::current_exe()?.to_string_lossy().into_owned();
        adapters.insert(naive::NAME.to_owned(), vec![this, naive::FLAG.to_owned()]);

        let (mut sdks, mut words, mut shows_traces) = (Vec::new(), Vec::new(), false);
        let mut arguments = env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--sdk" => sdks.push(arguments.next().context("--sdk needs a name")?),
                "--trace" => shows_traces = true,
                // Cargo's own, for the harness that this is not.
                flag if flag.starts_with("--") => {}
                word => words.push(word.to_owned()),
            }
        }
        let is_whole = sdks.is_empty() && words.is_empty();
        adapters.retain(|name, _| sdks.is_empty() || sdks.contains(name));
        if let Some(unknown) = sdks.iter().find(|name| !adapters.contains_key(*name)) {
            bail!("no adapter is called {unknown}");
        }
        let mut stories = stories::all();
        quoted_as_written(&stories)?;
        stories
            .retain(|story| words.is_empty() || words.iter().any(|word| story.name.contains(word.as_str())));
        if stories.is_empty() {
            bail!("no story is called like that");
        }
        Ok(Some(Self {
            adapters,
            stories,
            is_whole,
            shows_traces,
        }))
    }
}

/// Each story's sentence stands in PROTOCOL.md, so that one that changes there is looked at here.
fn quoted_as_written(stories: &[Story]) -> Result<()> {
    let on_one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../PROTOCOL.md");
    let protocol = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let protocol = on_one_line(&protocol);
    let strays = stories
        .iter()
        .filter(|story| !protocol.contains(&on_one_line(story.duty)));
    let strays: Vec<_> = strays
        .map(|story| format!("{}: \"{}\"", story.name, story.duty))
        .collect();
    if !strays.is_empty() {
        bail!("not in PROTOCOL.md any more: {}", strays.join("; "));
    }
    Ok(())
}
