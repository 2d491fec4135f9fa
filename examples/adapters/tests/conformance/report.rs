//! The table at the end: a row a story, a column an SDK, and why each failure is one.

use std::time::Duration;

use crate::choice::Choice;
use crate::naive;
use crate::run::{ALWAYS, Failure, Told, Verdict};

/// The negative control may pass this share of the stories at most: more, and they prove little.
const NAIVE_MAY_PASS: f64 = 0.25;

/// Prints all of it, and gives whether everything is as it has to be.
pub(crate) fn print(results: &[Told], choice: &Choice) -> bool {
    table(results, choice);
    let mut is_good = true;
    for told in results.iter().filter(|told| told.adapter != naive::NAME) {
        let found = match &told.verdict {
            Verdict::Passed | Verdict::Skipped => None,
            Verdict::PassedAlone { before } => Some(("passed only when told again, alone", before)),
            Verdict::Failed(failure) => Some(("FAILED", failure)),
        };
        if let Some((how, Failure { why, trace })) = found {
            is_good &= matches!(told.verdict, Verdict::PassedAlone { .. });
            println!("\n{how}: {}, {}\n  {why}", told.adapter, told.story);
            if let Some(story) = choice.stories.iter().find(|story| story.name == told.story) {
                println!("  PROTOCOL.md: \"{}\"", story.duty);
            }
            let shown = if choice.shows_traces { usize::MAX } else { 12 };
            for line in trace.iter().skip(trace.len().saturating_sub(shown)) {
                println!("    {line}");
            }
        }
    }
    let of_control: Vec<&Told> = results
        .iter()
        .filter(|told| told.adapter == naive::NAME)
        .collect();
    let passed: Vec<&str> = of_control
        .iter()
        .filter(|told| matches!(told.verdict, Verdict::Passed))
        .map(|told| told.story)
        .collect();
    if choice.is_whole {
        println!(
            "\nThe negative control has passed {} of {} stories: {}",
            passed.len(),
            of_control.len(),
            passed.join(", ")
        );
        if passed.len() as f64 > NAIVE_MAY_PASS * of_control.len() as f64 {
            println!("FAILED: a client that holds hardly a duty may not pass that many");
            is_good = false;
        }
    }
    let count = |wanted: fn(&Verdict) -> bool| {
        let of_sdks = results.iter().filter(|told| told.adapter != naive::NAME);
        of_sdks.filter(|told| wanted(&told.verdict)).count()
    };
    println!(
        "\n{} passed, {} failed, {} skipped; the longest story took {:.0} s",
        count(|verdict| matches!(verdict, Verdict::Passed | Verdict::PassedAlone { .. })),
        count(|verdict| matches!(verdict, Verdict::Failed(_))),
        count(|verdict| matches!(verdict, Verdict::Skipped)),
        results
            .iter()
            .map(|told| told.took)
            .max()
            .unwrap_or(Duration::ZERO)
            .as_secs_f32()
    );
    is_good
}

fn table(results: &[Told], choice: &Choice) {
    let names = choice.stories.iter().map(|story| story.name).chain([ALWAYS]);
    let names: Vec<&str> = names.collect();
    let width = names.iter().map(|name| name.len()).max().unwrap_or_default();
    let heads: Vec<String> = choice.adapters.keys().map(|name| format!("{name:>10}")).collect();
    println!("\n{:width$}{}", "", heads.join(""));
    for name in names {
        let cells = choice.adapters.keys().map(|adapter| {
            let told = results
                .iter()
                .find(|told| told.adapter == *adapter && told.story == name);
            let word = match told.map(|told| &told.verdict) {
                Some(Verdict::Passed) => "ok",
                Some(Verdict::Skipped) => "-",
                Some(Verdict::PassedAlone { .. }) => "alone",
                Some(Verdict::Failed(_)) => "FAILED",
                None => "?",
            };
            format!("{word:>10}")
        });
        println!("{name:width$}{}", cells.collect::<String>());
    }
}
