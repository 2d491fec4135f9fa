//! Somebody looks at the list: every shard is asked, and sees before it answers to what belongs elsewhere and to what may
//! have gone on unseen, as the server's `recent/upkeep.rs` and `recent/mod.rs` have it.

use std::collections::VecDeque;

use serde_json::value::RawValue;

use crate::domain::record::Record;
use crate::domain::stored::Stored;
use crate::fault::Fault;
use crate::plan::Ms;
use crate::server::recent::index::moving::Sent;
use crate::server::recent::index::{Filter, Put};
use crate::server::recent::page::{Item, Listing, merge};
use crate::shard::{Source, WITHIN_MS};
use crate::world::{Ev, World};

/// As many shards as a world has at most.
pub(crate) const MOST_SHARDS: u16 = 4;
const JUST_MOVED_MS: Ms = 30_000;

/// What a shard lists: when each transfer changed last, its id and what is shown of it.
type Items = Vec<(Ms, String, String)>;
/// A shard's answer: with whether entries have just gone to another one. `None`: there is none.
pub(crate) type Answer = Option<(Items, bool)>;

/// What a shard does before it answers.
pub(crate) struct Upkeep {
    shards: u16,
    /// What is still to be handed over, by the shard that is to have it.
    outgoing: VecDeque<(u16, Vec<Sent>, String)>,
    /// Shards beyond those there are now, which are still to leave.
    leaving: Vec<u16>,
    /// Looks that wait for it.
    waiting: Vec<usize>,
    /// The first shard, which has told this one to leave.
    told_by_first: Option<u32>,
}

/// A look at the whole list.
#[derive(Debug, Default)]
pub(crate) struct Look {
    shards: u16,
    asked_at: Ms,
    /// How many have not answered.
    open: u16,
    answers: Vec<Items>,
    has_moved: bool,
    has_failed: bool,
    is_again: bool,
}

impl World {
    pub(crate) fn look(&mut self) {
        self.looks.push(Look::default());
        self.ask_shards(self.looks.len() - 1, false);
    }

    fn ask_shards(&mut self, look: usize, is_again: bool) {
        let shards = self.list_shards;
        self.looks[look] = Look {
            shards,
            asked_at: self.now,
            open: shards,
            is_again,
            ..Look::default()
        };
        for shard in 0..shards {
            let after = self.rng.i64(2..60);
            self.after(after, Ev::ShardAsked { look, shard });
        }
    }

    pub(crate) fn shard_asked(&mut self, look: usize, s: u16) {
        if self.now < self.shards[usize::from(s)].down_until {
            return self.shard_answers(look, None);
        }
        let shards = self.looks[look].shards;
        match &mut self.shards[usize::from(s)].upkeep {
            Some(upkeep) => upkeep.waiting.push(look),
            None => self.begin_upkeep(s, shards, vec![look], None),
        }
    }

    /// Hands over what belongs elsewhere, where that is not known to be done; the first shard sees to those beyond them too.
    pub(crate) fn begin_upkeep(
        &mut self,
        s: u16,
        shards: u16,
        waiting: Vec<usize>,
        told_by_first: Option<u32>,
    ) {
        let shard = &mut self.shards[usize::from(s)];
        let mut outgoing = VecDeque::new();
        let mut leaving = Vec::new();
        let was_in_place = shard.in_place_for.take() == Some(shards);
        for (place, ids) in shard.index().misplaced(s, shards) {
            let (mut lines, sent) = shard.index().lines_of(&ids);
            if self.fault == Some(Fault::MoveForgetsDeletions) {
                let entries = lines.lines().filter(|line| !line.starts_with('-'));
                lines = entries.map(|line| format!("{line}\n")).collect();
            }
            outgoing.push_back((place, sent, lines));
        }
        if s == 0 && (std::mem::take(&mut shard.announced) > shards || !was_in_place) {
            leaving = (shards..shard.spread().unwrap_or(MOST_SHARDS)).collect();
        }
        shard.upkeep = Some(Upkeep {
            shards,
            outgoing,
            leaving,
            waiting,
            told_by_first,
        });
        self.go_on_with_upkeep(s);
    }

    fn go_on_with_upkeep(&mut self, s: u16) {
        let (now, life) = (self.now, self.shards[usize::from(s)].life);
        let Some(upkeep) = &mut self.shards[usize::from(s)].upkeep else {
            return;
        };
        let shards = upkeep.shards;
        if let Some((place, sent, lines)) = upkeep.outgoing.pop_front() {
            self.shards[usize::from(s)].moved_at = Some(now);
            self.note(|| format!("shard {s} hands {} over to {place}", sent.len()));
            let is_down = now < self.shards[usize::from(place)].down_until;
            let delay = self.rng.i64(2..200);
            let loses_answer = !self.is_healed && self.rng.u8(..16) == 0;
            let answer = Ev::HandedOver {
                shard: s,
                life,
                sent,
                ok: true,
            };
            let lost = is_down || loses_answer;
            return self.deliver_to_shard(
                (place, lines, Source::Shard),
                (is_down, lost.then_some(WITHIN_MS)),
                delay,
                answer,
            );
        }
        if let Some(beyond) = upkeep.leaving.pop() {
            self.shards[usize::from(s)].moved_at = Some(now);
            let after = self.rng.i64(2..60);
            return self.after(
                after,
                Ev::Leave {
                    shard: beyond,
                    shards,
                    life,
                },
            );
        }
        let shard = &mut self.shards[usize::from(s)];
        shard.in_place_for = Some(shards);
        if s == 0 && shard.announced <= shards {
            shard.save_spread(shards);
        }
        self.upkeep_ends(s);
    }

    pub(crate) fn handed_over(&mut self, s: u16, life: u32, sent: Vec<Sent>, ok: bool) {
        let fault = self.fault;
        let shard = &mut self.shards[usize::from(s)];
        if shard.life != life {
            return;
        }
        if (ok || fault == Some(Fault::MoveIsNotAwaited)) && fault != Some(Fault::MoveKeeps) {
            shard.handed_over(sent);
        }
        match ok {
            true => self.go_on_with_upkeep(s),
            false => self.upkeep_ends(s),
        }
    }

    /// The first shard tells one beyond those there are now to leave.
    pub(crate) fn leave_shard(&mut self, s: u16, shards: u16, first: u32) {
        if self.now < self.shards[usize::from(s)].down_until || self.shards[usize::from(s)].upkeep.is_some() {
            return self.after(
                WITHIN_MS,
                Ev::Left {
                    life: first,
                    ok: false,
                },
            );
        }
        self.begin_upkeep(s, shards, Vec::new(), Some(first));
    }

    pub(crate) fn shard_left(&mut self, first: u32, ok: bool) {
        if self.shards[0].life != first {
            return;
        }
        match ok {
            true => self.go_on_with_upkeep(0),
            false => self.upkeep_ends(0),
        }
    }

    fn upkeep_ends(&mut self, s: u16) {
        let Some(upkeep) = self.shards[usize::from(s)].upkeep.take() else {
            return;
        };
        let mut is_in_place = self.shards[usize::from(s)].in_place_for == Some(upkeep.shards);
        if let Some(life) = upkeep.told_by_first {
            is_in_place = is_in_place && self.shards[usize::from(s)].leave();
            let after = self.rng.i64(2..60);
            return self.after(
                after,
                Ev::Left {
                    life,
                    ok: is_in_place,
                },
            );
        }
        self.catch_up(usize::from(s));
        let now = self.now;
        let shard = &mut self.shards[usize::from(s)];
        let has_moved = shard.moved_at.is_some_and(|at| now - at < JUST_MOVED_MS);
        let all = Filter::default();
        let entries = shard.index().list(&all, None, usize::MAX);
        let items: Vec<_> = entries
            .map(|(place, entry)| (place.updated_at, place.id.to_string(), entry.doc.clone()))
            .collect();
        for look in upkeep.waiting {
            let answer = is_in_place.then(|| (items.clone(), has_moved));
            self.shard_answers(look, answer);
        }
    }

    fn shard_answers(&mut self, look: usize, answer: Answer) {
        let after = self.rng.i64(2..60);
        self.after(after, Ev::ShardAnswers { look, answer });
    }

    pub(crate) fn shard_answered(&mut self, n: usize, answer: Answer) {
        let look = &mut self.looks[n];
        look.open -= 1;
        match answer {
            Some((items, has_moved)) => {
                look.answers.push(items);
                look.has_moved |= has_moved;
            }
            None => look.has_failed = true,
        }
        if look.open > 0 {
            return;
        }
        // A deploy that spreads the list otherwise takes whoever asks along.
        if look.has_failed || look.shards != self.list_shards {
            self.looked_well = false;
            return self.note(|| "the list cannot be shown".to_owned());
        }
        if look.has_moved && !look.is_again && self.fault != Some(Fault::ListIsNotAskedAgain) {
            return self.ask_shards(n, true);
        }
        let (answers, asked_at) = (std::mem::take(&mut look.answers), look.asked_at);
        let docs: Vec<Vec<(Ms, String, Box<RawValue>)>> = answers
            .into_iter()
            .map(|items| {
                let items = items.into_iter();
                items
                    .filter_map(|(at, id, doc)| Some((at, id, RawValue::from_string(doc).ok()?)))
                    .collect()
            })
            .collect();
        let listings = docs.iter().map(|items| Listing {
            items: items
                .iter()
                .map(|(at, id, doc)| Item { at: *at, id, doc })
                .collect(),
            moved: false,
            narrows: true,
        });
        let page = merge(listings.collect(), 200);
        self.looked_well = true;
        let ids = self.ids.iter().map(|id| id.as_str().to_owned()).collect();
        self.judge.looked(&page, ids, asked_at);
    }

    /// Asks the rooms of those entries that may have gone on while nobody looked.
    fn catch_up(&mut self, s: usize) {
        let now = self.now;
        let ids = self.shards[s].index().unconfirmed(100, now);
        for id in ids {
            let Some(r) = self.ids.iter().position(|known| known.as_str() == &*id) else {
                continue;
            };
            let stored = match self.rooms[r].commits {
                // Its answer is held back; nobody waits for it.
                true => None,
                false => self.stored_here(r).or_else(|| {
                    let (_, text) = self.kv.get(&mut self.rng, r, now, 2_000);
                    let copy = text?;
                    let copy = copy.and_then(|copy| Record::from_archive(&copy));
                    Some(Stored::elsewhere(copy))
                }),
            };
            let shard = &mut self.shards[s];
            match stored {
                Some(Stored::Nowhere) => {
                    if let Some(page) = shard.index().take_off(&id) {
                        shard.write(page);
                    }
                }
                Some(Stored::Here(record) | Stored::Archived(record)) => {
                    let doc = record.listed();
                    if let Put::Listed { write: Some(page) } = shard.index().put(&record.transfer, doc) {
                        shard.write(page);
                    }
                    shard.index().confirm(&id);
                }
                _ => shard.index().note_silent(&id, now),
            }
        }
        for page in self.shards[s].index().asked(now) {
            self.shards[s].write(page);
        }
    }
}
