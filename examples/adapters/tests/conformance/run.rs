//! Tells all stories to all adapters, as many at a time as the machine bears.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::adapter::{self, Adapter};
use crate::choice::Choice;
use crate::naive;
use crate::stage::Stage;
use crate::story::Story;

/// Longer than any story takes, and the start of its client before it.
const STORY_LIMIT: Duration = Duration::from_secs(150);

/// What every SDK owes, whatever its host.
const OWED: [&str; 8] = [
    "watch",
    "refresh",
    "late-signature",
    "problem",
    "qr",
    "allow-plain-text",
    "hint:suspend",
    "hint:resume",
];

/// How a story went with one SDK.
pub(crate) enum Verdict {
    Passed,
    /// It failed beside others, and passed with the machine to itself.
    PassedAlone {
        before: Failure,
    },
    /// The host has not what the story needs, such as the status of a refused upgrade in a browser.
    Skipped,
    Failed(Failure),
}

/// What went wrong, and the events until then.
pub(crate) struct Failure {
    pub(crate) why: String,
    pub(crate) trace: Vec<String>,
}

/// One cell of the table.
pub(crate) struct Told {
    pub(crate) adapter: String,
    pub(crate) story: &'static str,
    pub(crate) verdict: Verdict,
    pub(crate) took: Duration,
}

/// What is no story: each process keeps these rules from its start to its end.
pub(crate) const ALWAYS: &str = "owes_what_all_owe_and_tells_no_secret";

/// How many stories share a client, as the watches of an app do.
const CROWD: usize = 8;

/// So many processes run at the same time for each core: a story waits nearly all of its time, a client's start does not.
const PROCESSES_A_CORE: usize = 12;

/// So many failures may be the machine's; more are told once only.
const TOLD_AGAIN: usize = 3;

/// Tells what `choice` asks for.
///
/// Stories are judged by the clock, and a machine that shares its cores may stand still for seconds. So what has failed
/// is told once more when everything else has ended, and the report shows both.
pub(crate) async fn all(choice: &Choice) -> Vec<Told> {
    let mut results = beside_others(choice).await;
    let failed = |told: &Told| matches!(told.verdict, Verdict::Failed(_)) && told.adapter != naive::NAME;
    if results.iter().filter(|told| failed(told)).count() <= TOLD_AGAIN {
        for told in results.iter_mut().filter(|told| failed(told)) {
            again(told, choice).await;
        }
    }
    adapter::all_have_ended().await;
    results
}

/// Tells a story that has failed once more, to a process of its own.
async fn again(told: &mut Told, choice: &Choice) {
    let story = choice.stories.iter().find(|story| story.name == told.story);
    let (Some(story), Some(command_line)) = (story, choice.adapters.get(&told.adapter)) else {
        return;
    };
    let (_, alone, complaints) = crowd(told.adapter.clone(), command_line.clone(), vec![*story]).await;
    let passed = complaints.is_empty() && alone.iter().all(|told| matches!(told.verdict, Verdict::Passed));
    if passed && let Verdict::Failed(before) = std::mem::replace(&mut told.verdict, Verdict::Passed) {
        told.verdict = Verdict::PassedAlone { before };
    }
}

async fn beside_others(choice: &Choice) -> Vec<Told> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let places = Arc::new(Semaphore::new(cores * PROCESSES_A_CORE));
    let mut crowds = JoinSet::new();
    let (alone, together): (Vec<Story>, Vec<Story>) = choice.stories.iter().partition(|story| story.is_alone);
    for stories in together.chunks(CROWD).chain(alone.chunks(1)) {
        for (name, command_line) in &choice.adapters {
            let (places, name, command_line) = (Arc::clone(&places), name.clone(), command_line.clone());
            let stories = stories.to_vec();
            crowds.spawn(async move {
                let _place = places.acquire_owned().await;
                crowd(name, command_line, stories).await
            });
        }
    }
    let mut results = Vec::new();
    let mut of_processes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    while let Some(crowd) = crowds.join_next().await {
        // A crowd has no panic of its own: that of a story is its failure.
        let Ok((name, told, complaints)) = crowd else {
            continue;
        };
        results.extend(told);
        of_processes.entry(name).or_default().extend(complaints);
    }
    for (adapter, complaints) in of_processes {
        results.push(Told {
            adapter,
            story: ALWAYS,
            verdict: judge(complaints, Vec::new),
            took: Duration::ZERO,
        });
    }
    results
}

/// Tells `stories` to one process, and gives what is wrong with the process besides.
async fn crowd(
    name: String,
    command_line: Vec<String>,
    stories: Vec<Story>,
) -> (String, Vec<Told>, Vec<String>) {
    let adapter = match Adapter::start(&command_line, &["--verbose", "--page"]).await {
        Ok(adapter) => adapter,
        Err(error) => return (name, Vec::new(), vec![format!("{error:#}")]),
    };
    let telling = stories
        .iter()
        .map(|story| tell(name.clone(), Arc::clone(&adapter), *story));
    let told = join_all(telling).await;
    let complaints = always(&adapter);
    (name, told, complaints)
}

async fn tell(name: String, adapter: Arc<Adapter>, story: Story) -> Told {
    let begun = Instant::now();
    let verdict = if story.needs.iter().all(|what| adapter.can(what)) {
        let stage = Arc::new(Stage::new(adapter));
        // A task of its own, so that a panic is this story's failure alone.
        let telling = tokio::spawn((story.tell)(Arc::clone(&stage)));
        let mut why = match timeout(STORY_LIMIT, telling).await {
            Err(_) => vec!["the story does not end".to_owned()],
            Ok(Err(panic)) => vec![panic.to_string()],
            Ok(Ok(Err(error))) => vec![format!("{error:#}")],
            Ok(Ok(Ok(()))) => Vec::new(),
        };
        why.extend(stage.complaints());
        judge(why, || stage.trace())
    } else {
        Verdict::Skipped
    };
    Told {
        adapter: name,
        story: story.name,
        verdict,
        took: begun.elapsed(),
    }
}

fn always(adapter: &Adapter) -> Vec<String> {
    let missing = OWED.iter().filter(|what| !adapter.can(what));
    let mut why: Vec<String> = missing.map(|what| format!("it cannot {what}")).collect();
    why.extend(adapter.complaints());
    why
}

fn judge(mut why: Vec<String>, trace: impl FnOnce() -> Vec<String>) -> Verdict {
    why.sort();
    why.dedup();
    if why.is_empty() {
        return Verdict::Passed;
    }
    Verdict::Failed(Failure {
        why: why.join("; "),
        trace: trace(),
    })
}
