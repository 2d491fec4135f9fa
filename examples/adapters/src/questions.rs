//! Questions for fresh signatures, and their answers.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_channel::oneshot;
use serde_json::json;

use crate::command::Command;
use crate::host;
use crate::sdk::{RefreshReason, Signature, SignatureError, TransferId};

type Answer = Result<Signature, SignatureError>;

/// The questions of a process that have no answer yet. Their ids count from 1.
#[derive(Clone, Default)]
pub(crate) struct Questions(Arc<Mutex<Asked>>);

#[derive(Default)]
struct Asked {
    last: u64,
    waiting: HashMap<u64, oneshot::Sender<Answer>>,
}

impl Questions {
    /// A signature source that asks under the watch's name.
    pub(crate) fn source(
        &self,
        watch: String,
    ) -> impl Fn(TransferId, RefreshReason) -> Answering + Send + Sync + 'static {
        let questions = self.clone();
        move |_, _| {
            let (answer, answered) = oneshot::channel();
            let id = {
                let mut asked = questions.asked();
                asked.last += 1;
                let id = asked.last;
                asked.waiting.insert(id, answer);
                id
            };
            host::say(&json!({"event": "refresh", "watch": watch, "id": id}).to_string());
            Box::pin(async {
                answered
                    .await
                    .unwrap_or_else(|_| Err(SignatureError::retry("nobody answers")))
            })
        }
    }

    /// Gives the answer to its question.
    pub(crate) fn answer(&self, command: Command) {
        let answer = match (command.signature, command.outcome.as_str()) {
            (Some(text), _) => Signature::new(text).map_err(SignatureError::retry),
            (None, "retry") => Err(SignatureError::retry(command.message)),
            (None, _) => Err(SignatureError::refused(command.message)),
        };
        if let Some(waiting) = self.asked().waiting.remove(&command.id) {
            // The watch may have ended meanwhile.
            let _ended = waiting.send(answer);
        }
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Answering = std::pin::Pin<Box<dyn Future<Output = Answer> + Send>>;
