//! What happens in a world, one event after the other.

use transfer_status_protocol::session::Hint;

use crate::client::Word;
use crate::domain::outbox::Mark;
use crate::domain::removal::Tombstone;
use crate::look::Answer;
use crate::plan::Ms;
use crate::room::listing::Waiting;
use crate::room::{Asked, End};
use crate::server::recent::index::moving::Sent;
use crate::server::room::batch::Sender;
use crate::shard::Delivered;

/// Something that happens at its time.
pub(crate) enum Ev {
    Strike(usize),
    Heal,
    Report {
        update: usize,
    },
    Reported {
        update: usize,
        attempt: u32,
    },
    Unanswered {
        update: usize,
        attempt: u32,
    },
    Answered {
        update: usize,
        attempt: u32,
        status: u16,
        body: String,
    },
    Begin {
        client: usize,
    },
    Timer {
        client: usize,
        wish: u64,
    },
    Dialled {
        end: End,
    },
    ToClient {
        end: End,
        word: Word,
    },
    Pinged {
        end: End,
    },
    Dropped {
        end: End,
    },
    Polled {
        client: usize,
        id: u32,
        known: Option<u64>,
    },
    PollAnswered {
        client: usize,
        id: u32,
        status: u16,
        body: String,
    },
    Signature {
        client: usize,
        id: u32,
    },
    Hint {
        client: usize,
        hint: Hint,
    },
    Commit {
        room: usize,
        incarnation: u32,
    },
    /// What waits for its turn to be handed in for the list.
    HandIn {
        room: usize,
        incarnation: u32,
    },
    Break {
        room: usize,
        incarnation: u32,
    },
    Alarm {
        room: usize,
        at: Ms,
    },
    AlarmAgain {
        room: usize,
    },
    Heard {
        room: usize,
        incarnation: u32,
        asked: Asked,
        text: Option<Option<String>>,
    },
    Wrote {
        room: usize,
        incarnation: u32,
        delivery: u64,
        mark: Mark,
        ok: bool,
    },
    Send {
        room: usize,
        incarnation: u32,
        shard: u16,
        sender: Sender,
    },
    Sent {
        room: usize,
        incarnation: u32,
        shard: u16,
        sender: Sender,
        ok: bool,
    },
    ShardPut(Delivered),
    /// A shard that lists nothing has told the first one that it is there.
    Announced(Delivered),
    ShardAsked {
        look: usize,
        shard: u16,
    },
    ShardAnswers {
        look: usize,
        answer: Answer,
    },
    HandedOver {
        shard: u16,
        life: u32,
        sent: Vec<Sent>,
        ok: bool,
    },
    Leave {
        shard: u16,
        shards: u16,
        life: u32,
    },
    Left {
        life: u32,
        ok: bool,
    },
    /// A room that was left by a deploy joins it.
    JoinsDeploy {
        room: usize,
    },
    ListTimeout {
        waiting: Waiting,
    },
    Unarchived {
        room: usize,
        incarnation: u32,
        delivery: u64,
        ok: bool,
    },
    Unlisted {
        room: usize,
        incarnation: u32,
        delivery: u64,
        removed: Tombstone,
        ok: bool,
    },
    Delete {
        deletion: usize,
    },
    DeleteArrives {
        deletion: usize,
        attempt: u32,
    },
    DeleteUnanswered {
        deletion: usize,
        attempt: u32,
    },
    DeleteAnswered {
        deletion: usize,
        attempt: u32,
        status: u16,
    },
}

impl Ev {
    /// The same call's answer, had it failed.
    pub(crate) fn failed(mut self) -> Self {
        if let Self::Sent { ok, .. } | Self::HandedOver { ok, .. } | Self::Unlisted { ok, .. } = &mut self {
            *ok = false;
        }
        self
    }
}
