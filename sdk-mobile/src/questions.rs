//! The question for a fresh signature: kept until the face on the other side of the border has seen and answered it.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{oneshot, watch};
use transfer_status::{FreshSignature, RefreshReason, SignatureError, SignatureSource, TransferId};

use crate::watch::{FfiQuestion, FfiReason};

type Answer = Result<FreshSignature, SignatureError>;

/// The open question's number, and who waits for its answer.
type Waiting = Option<(u64, oneshot::Sender<Answer>)>;

/// A signature source that asks by its state. At most one question is open: a watch asks one at a time.
#[derive(Clone)]
pub(crate) struct Questions {
    state: Arc<watch::Sender<Asked>>,
    waiting: Arc<Mutex<Waiting>>,
}

/// The question as it stands.
#[derive(Clone, Copy, Default)]
pub(crate) struct Asked {
    /// Rises with each change.
    pub(crate) at: u64,
    /// What is open.
    pub(crate) open: Option<FfiQuestion>,
}

impl Questions {
    pub(crate) fn new() -> Self {
        Self {
            state: Arc::new(watch::Sender::default()),
            waiting: Arc::default(),
        }
    }

    /// To wait for a question with.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Asked> {
        self.state.subscribe()
    }

    /// As it stands.
    pub(crate) fn asked(&self) -> Asked {
        *self.state.borrow()
    }

    /// Answers the question `id`. One that is not open any more wants no answer.
    pub(crate) fn answer(&self, id: u64, answer: Answer) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, asker)) = waiting.take_if(|(open, _)| *open == id) {
            // The asker may be gone meanwhile: then the answer is too late.
            let _late = asker.send(answer);
        }
    }

    fn open(&self, reason: FfiReason) -> u64 {
        let mut id = 0;
        self.state.send_modify(|asked| {
            asked.at += 1;
            id = asked.at;
            asked.open = Some(FfiQuestion { id, reason });
        });
        id
    }
}

/// Closes the question `.1`, also when the watch gives up waiting for its answer.
struct Open<'a>(&'a Questions, u64);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.state.send_if_modified(|asked| {
            let is_open = asked.open.is_some_and(|question| question.id == self.1);
            if is_open {
                asked.at += 1;
                asked.open = None;
            }
            is_open
        });
    }
}

impl SignatureSource for Questions {
    async fn fresh(&self, _of: TransferId, reason: RefreshReason) -> Answer {
        let (asker, answer) = oneshot::channel();
        let id = {
            // Held while the question is told, so that no answer comes before somebody waits for it.
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            let id = self.open(reason.into());
            *waiting = Some((id, asker));
            id
        };
        let _open = Open(self, id);
        answer
            .await
            .unwrap_or_else(|_| Err(SignatureError::retry("nobody answers any more")))
    }
}

impl From<RefreshReason> for FfiReason {
    fn from(reason: RefreshReason) -> Self {
        match reason {
            RefreshReason::Missing => Self::Missing,
            _ => Self::Expired,
        }
    }
}
