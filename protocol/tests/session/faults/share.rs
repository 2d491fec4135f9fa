//! How the tabs of a browser share one socket: a lock, whose holder dials, and a channel, over which the others follow.
//!
//! Each tab is a client of its own. To a follower the channel is its socket: what it does about silence and loss is its
//! session's affair. The layer decides nothing but this: whoever is granted the lock before it has heard of a leader
//! dials; whoever has followed takes the grant for a loss, for the socket that it followed is gone. A leader relays what
//! the server says, and a follower's ping to the server. It answers a newcomer with the newest status, once its own socket
//! has brought something: nobody vouches for a socket that it does not have.
//!
//! Messages and grants of the lock take their own time, so they come in any order. A message keeps its place among those
//! of one tab to another.

use super::judge::Input;
use super::network::{End, Parcel, Word};
use crate::seen::Seen;
use std::collections::VecDeque;
use transfer_status_protocol::close::CloseCode;
use transfer_status_protocol::session::Frame;

/// What the layer has done to the world.
pub(super) enum Effect {
    /// The tab's session is told.
    Tell(End, Input),
    /// The tab has heard of the server as it was at this time.
    Proved(usize, u64),
    Dial(End),
    Ping(End),
    /// The server's end of a socket is gone.
    Drop(End),
    Send(u64, Parcel),
}

/// A tab's attempt or link.
#[derive(Debug, Clone, Copy)]
struct Tab {
    end: End,
    /// A leader has spoken on this link.
    heard: bool,
    /// It dials itself.
    leads: bool,
    /// When the own socket last brought something.
    proved: Option<u64>,
}

pub(super) struct Share {
    tabs: Vec<Option<Tab>>,
    holder: Option<End>,
    queue: VecDeque<End>,
    /// The tab's last attempt has heard nobody: who holds the lock is frozen, and is robbed of it.
    silent: Vec<bool>,
    dice: fastrand::Rng,
    effects: Vec<Effect>,
}

/// The longest that a message or a grant takes.
const SLOWEST: u64 = 60;

impl Share {
    pub(super) fn new(tabs: usize, seed: u64) -> Self {
        Self {
            tabs: vec![None; tabs],
            holder: None,
            queue: VecDeque::new(),
            silent: vec![false; tabs],
            dice: fastrand::Rng::with_seed(seed ^ 0x7461_6273),
            effects: Vec::new(),
        }
    }

    pub(super) fn connect(&mut self, end: End) -> Vec<Effect> {
        self.tabs[end.0] = Some(Tab {
            end,
            heard: false,
            leads: false,
            proved: None,
        });
        self.post(end, &Word::Newcomer);
        match std::mem::take(&mut self.silent[end.0]) {
            true => self.steal(end),
            false => self.queue.push_back(end),
        }
        self.grant();
        self.done()
    }

    /// The session gives its link up.
    pub(super) fn dropped(&mut self, end: End) -> Vec<Effect> {
        if let Some(tab) = self.tab(end) {
            self.silent[end.0] = !tab.leads && !tab.heard;
        }
        self.forget(end);
        self.done()
    }

    pub(super) fn ping(&mut self, end: End) -> Vec<Effect> {
        match self.tab(end) {
            Some(tab) if tab.leads => self.effects.push(Effect::Ping(end)),
            Some(_) => self.post(end, &Word::Ping),
            None => {}
        }
        self.done()
    }

    pub(super) fn granted(&mut self, end: End) -> Vec<Effect> {
        if self.holder == Some(end)
            && let Some(tab) = self.tab(end)
        {
            if tab.heard {
                self.lose(end, CloseCode::ABNORMAL);
            } else {
                tab.leads = true;
                self.effects.push(Effect::Dial(end));
            }
        }
        self.done()
    }

    pub(super) fn opened(&mut self, end: End) -> Vec<Effect> {
        if self.tab(end).is_some() {
            self.effects.push(Effect::Tell(end, Input::Opened(end.1)));
        }
        self.done()
    }

    pub(super) fn frame(&mut self, end: End, frame: Frame<Seen, ()>, now: u64) -> Vec<Effect> {
        if let Some(tab) = self.tab(end) {
            // A refusal is its own affair, and what cannot be read is nobody's.
            let relays = match frame {
                Frame::Snapshot(_) | Frame::Pong | Frame::Unknown => true,
                Frame::Notice(()) | Frame::Malformed => false,
            };
            if relays || tab.proved.is_some() {
                tab.proved = Some(now);
            }
            if relays {
                self.post(end, &Word::Frame(frame.clone(), now));
            }
            self.effects.push(Effect::Tell(end, Input::Frame(end.1, frame)));
        }
        self.done()
    }

    /// The own socket is closed or could not be had.
    pub(super) fn closed(&mut self, end: End, code: CloseCode, input: Input) -> Vec<Effect> {
        if self.tab(end).is_some() {
            self.post(end, &Word::Lost(code));
            self.forget(end);
            self.effects.push(Effect::Tell(end, input));
        }
        self.done()
    }

    pub(super) fn message(&mut self, end: End, word: Word, newest: Option<Seen>) -> Vec<Effect> {
        let Some(tab) = self.tab(end) else {
            return Vec::new();
        };
        match word {
            Word::Newcomer => {
                if let (Some(proved), Some(newest)) = (tab.proved, newest) {
                    self.post(end, &Word::Frame(Frame::Snapshot(newest), proved));
                }
            }
            Word::Ping => {
                if tab.proved.is_some() {
                    self.effects.push(Effect::Ping(end));
                }
            }
            Word::Frame(frame, proved) if !tab.leads => {
                if !std::mem::replace(&mut tab.heard, true) {
                    self.effects.push(Effect::Tell(end, Input::Opened(end.1)));
                }
                self.effects.push(Effect::Proved(end.0, proved));
                self.effects.push(Effect::Tell(end, Input::Frame(end.1, frame)));
            }
            Word::Lost(code) if !tab.leads => self.lose(
                end,
                match code {
                    CloseCode::RATE_LIMITED => code,
                    _ => CloseCode::ABNORMAL,
                },
            ),
            Word::Robbed => {
                self.post(end, &Word::Lost(CloseCode::ABNORMAL));
                self.lose(end, CloseCode::ABNORMAL);
            }
            Word::Frame(..) | Word::Lost(_) => {}
        }
        self.done()
    }

    fn tab(&mut self, end: End) -> Option<&mut Tab> {
        self.tabs[end.0].as_mut().filter(|tab| tab.end == end)
    }

    fn lose(&mut self, end: End, code: CloseCode) {
        self.forget(end);
        self.effects.push(Effect::Tell(end, Input::Closed(end.1, code)));
    }

    /// The tab leaves the channel and the queue, and with it goes its socket.
    fn forget(&mut self, end: End) {
        if self.tab(end).is_some() {
            self.tabs[end.0] = None;
            self.effects.push(Effect::Drop(end));
        }
        self.queue.retain(|waiting| *waiting != end);
        if self.holder == Some(end) {
            self.holder = None;
            self.grant();
        }
    }

    /// The lock goes to the next in the queue.
    fn grant(&mut self) {
        if self.holder.is_none()
            && let Some(next) = self.queue.pop_front()
        {
            self.holder = Some(next);
            let delay = self.dice.u64(0..=SLOWEST);
            self.effects.push(Effect::Send(delay, Parcel::Granted(next)));
        }
    }

    /// Takes the lock from whoever holds it, who hears of it as of a loss.
    fn steal(&mut self, thief: End) {
        if let Some(robbed) = self.holder.replace(thief) {
            let delay = self.dice.u64(0..=SLOWEST);
            let word = Word::Robbed;
            self.effects
                .push(Effect::Send(delay, Parcel::Message(robbed, thief.0, word)));
        }
        let delay = self.dice.u64(0..=SLOWEST);
        self.effects.push(Effect::Send(delay, Parcel::Granted(thief)));
    }

    /// Every other tab that is on the channel now hears this, in the order of the words.
    fn post(&mut self, from: End, word: &Word) {
        let delay = self.dice.u64(0..=SLOWEST);
        for tab in self.tabs.iter().flatten().filter(|tab| tab.end != from) {
            let message = Parcel::Message(tab.end, from.0, word.clone());
            self.effects.push(Effect::Send(delay, message));
        }
    }

    fn done(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }
}
