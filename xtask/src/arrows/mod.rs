//! `cargo xtask arrows`: who may look at whom, as ARCHITECTURE.md has it.
//!
//! Three things are judged: the dependencies between the crates of the workspace, what cargo resolves for single
//! crates (so that no dependency of a dependency slips in), and words in sources that no manifest shows. Each judge is
//! a function from what was found to a list of complaints.

mod circles;
mod crates;
mod resolved;
pub(crate) mod sources;

use anyhow::{Result, bail};
use cargo_metadata::MetadataCommand;

use crate::tools::Tools;

/// Prints each wrong arrow and fails when there is one.
pub(crate) fn run() -> Result<()> {
    let root = Tools::load()?.root;
    let metadata = MetadataCommand::new().current_dir(&root).no_deps().exec()?;
    let members = crates::members(&metadata);

    let mut wrong = crates::complaints(&members);
    wrong.extend(resolved::complaints(&root, &members)?);
    wrong.extend(sources::complaints(&root)?);
    wrong.extend(circles::complaints(&root)?);
    for complaint in &wrong {
        println!("arrows: {complaint}");
    }
    if !wrong.is_empty() {
        bail!(
            "{} wrong arrow(s); ARCHITECTURE.md, \"Arrows\", says what is allowed",
            wrong.len()
        );
    }
    println!("arrows: {} crates, all as ARCHITECTURE.md allows", members.len());
    Ok(())
}
