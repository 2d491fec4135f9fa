//! Carries out commands: each is a call or two of the SDK. It decides, retries and filters nothing.

use std::collections::HashMap;
use std::ops::ControlFlow;

use serde_json::json;

use crate::command::Command;
use crate::questions::Questions;
use crate::sdk::{Client, Event, Hint, Signature, TransferId, Watch, WatchHandle};
use crate::{host, qr, told};

/// The watches of a process, by the names that the commands gave them.
#[derive(Default)]
pub(crate) struct Adapter {
    watches: HashMap<String, WatchHandle>,
    questions: Questions,
}

impl Adapter {
    /// Carries out the command of one line, and breaks off where it asks for that. What comes of it is said, now or
    /// later.
    pub(crate) fn carry_out(&mut self, line: &str) -> ControlFlow<()> {
        let command: Command = match serde_json::from_str(line) {
            Ok(command) => command,
            Err(error) => {
                fault(&format!("not a command: {error}"));
                return ControlFlow::Continue(());
            }
        };
        match command.cmd.as_str() {
            "exit" => return ControlFlow::Break(()),
            "watch" => self.watch(command),
            "hint" => match hint(&command.hint) {
                Some(hint) => self.with(&command.watch, |watch| watch.hint(hint)),
                None => fault(&format!("no hint {}", command.hint)),
            },
            "close" => self.with(&command.watch, WatchHandle::close),
            "signature" => self.questions.answer(command),
            "qr-read" => qr::read(&command),
            "qr-write" => qr::write(command),
            other => fault(&format!("no command {other}")),
        }
        ControlFlow::Continue(())
    }

    fn with(&self, name: &str, tell: impl FnOnce(&WatchHandle)) {
        if let Some(watch) = self.watches.get(name) {
            tell(watch);
        }
    }

    fn watch(&mut self, command: Command) {
        let name = command.watch.clone();
        match self.begin(command) {
            Ok(watch) => {
                self.watches.insert(name.clone(), watch.handle());
                host::spawn(follow(name, watch));
            }
            Err(message) => {
                host::say(&json!({"event": "rejected", "watch": name, "message": message}).to_string())
            }
        }
    }

    fn begin(&self, command: Command) -> Result<Watch, String> {
        let client = Client::builder(command.url)
            .allow_plain_text(command.allow_plain_text)
            .build()
            .map_err(|error| error.to_string())?;
        let id: TransferId = command.transfer_id.parse().map_err(|error| format!("{error}"))?;
        let mut watch = client.watch(id);
        if let Some(signature) = command.signature {
            watch = watch.signature(Signature::new(signature).map_err(|error| error.to_string())?);
        }
        if command.refresh {
            watch = watch.refresh(self.questions.source(command.watch));
        }
        Ok(watch.start())
    }
}

/// Says what the SDK tells, to the end.
async fn follow(name: String, mut watch: Watch) {
    while let Some(event) = watch.next().await {
        // The end is told with its reason, below.
        if !matches!(event, Event::Closed(_)) {
            host::say(&told::event(&name, &event));
        }
    }
    host::say(&told::end(&name, watch.finished().await));
}

fn hint(name: &str) -> Option<Hint> {
    Some(match name {
        "online" => Hint::Online,
        "offline" => Hint::Offline,
        "visible" => Hint::Visible,
        "foreground" => Hint::Foreground,
        "networkChanged" => Hint::NetworkChanged,
        "suspend" => Hint::Suspend,
        "resume" => Hint::Resume,
        _ => return None,
    })
}

fn fault(message: &str) {
    host::say(&json!({"event": "fault", "message": message}).to_string());
}
