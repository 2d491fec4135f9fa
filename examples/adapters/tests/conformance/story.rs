//! What a story is: its name, the sentence of PROTOCOL.md that it proves, and what happens in it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use anyhow::Result;

use crate::stage::Stage;

/// A story while it is told.
pub(crate) type Telling = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// One story.
#[derive(Clone, Copy)]
pub(crate) struct Story {
    pub(crate) name: &'static str,
    /// The sentence of PROTOCOL.md that it proves.
    pub(crate) duty: &'static str,
    /// What a host may be without; the story is skipped then.
    pub(crate) needs: &'static [&'static str],
    /// Whether it has a client process of its own: hints may be the whole process's.
    pub(crate) is_alone: bool,
    pub(crate) tell: fn(Arc<Stage>) -> Telling,
}

impl Story {
    pub(crate) const fn alone(mut self) -> Self {
        self.is_alone = true;
        self
    }

    pub(crate) const fn needs(mut self, needs: &'static [&'static str]) -> Self {
        self.needs = needs;
        self
    }
}

/// A story from its function and its sentence.
macro_rules! story {
    ($tell:ident, $duty:expr) => {
        crate::story::Story {
            name: stringify!($tell),
            duty: $duty,
            needs: &[],
            is_alone: false,
            tell: |stage| Box::pin(async move { $tell(&stage).await }),
        }
    };
}
pub(crate) use story;
