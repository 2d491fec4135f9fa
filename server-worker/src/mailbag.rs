//! Changes on their way to one shard of the recent index, of all rooms of an isolate: carried together. Pure.
//!
//! A call to a shard costs more than all else that an update does, so there is one under way at a time, and one
//! begins no sooner than a moment after the last has ended. A room that has a change puts it in and goes on; only
//! the one that finds nobody at it carries the bag, until it is empty. With little to do a change leaves at once;
//! under load one call takes dozens along, and of a transfer only its newest.
//!
//! What is in here is a copy: each room's alarm sees to what is lost with the isolate.

use std::collections::{HashMap, VecDeque};
use std::mem;
use std::rc::Rc;

/// The pause between two calls, in milliseconds.
const PAUSE_MS: i64 = 100;
/// One that carries and has not moved for so long has ended with its object.
const LOST_AFTER_MS: i64 = 10_000;
/// Most changes of one call, and most of their bytes but for one.
const MOST_AT_ONCE: usize = 256;
const MOST_BYTES_AT_ONCE: usize = 512 * 1024;
/// Most that wait.
const MOST_WAITING: usize = 10_000;

/// One transfer's change. `R` is how its room is told that it has arrived, `W` how those are called that wait to
/// hear whether it did.
#[derive(Debug)]
pub(crate) struct Parcel<R, W> {
    /// The transfer's id.
    pub(crate) id: Rc<str>,
    /// Its version.
    pub(crate) version: u64,
    /// What the shard is told.
    pub(crate) text: String,
    /// Where its arrival is noted.
    pub(crate) receipt: R,
    /// Who waits.
    pub(crate) waiting: Vec<W>,
}

/// What falls to somebody who has put a parcel in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Nobody carries: the newcomer does.
    Carrier,
    /// Somebody carries it.
    Handed,
    /// There are too many already: the room's alarm will see to it.
    Refused,
}

/// What the carrier does next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Send this, the parcels' texts, and tell how that went.
    Send(String),
    /// Pause for so many milliseconds.
    Pause(i64),
    /// Nothing is left, and the carrier is none any more.
    Done,
}

/// The bag.
#[derive(Debug)]
pub(crate) struct Mailbag<R, W> {
    parcels: HashMap<Rc<str>, Parcel<R, W>>,
    order: VecDeque<Rc<str>>,
    /// What is being sent.
    away: Vec<Parcel<R, W>>,
    /// When the carrier was last seen, if there is one.
    carried: Option<i64>,
    not_before: i64,
}

impl<R, W> Default for Mailbag<R, W> {
    fn default() -> Self {
        Self {
            parcels: HashMap::new(),
            order: VecDeque::new(),
            away: Vec::new(),
            carried: None,
            not_before: i64::MIN,
        }
    }
}

impl<R, W> Mailbag<R, W> {
    /// Takes a parcel in at `now`, in Unix milliseconds.
    pub(crate) fn put(&mut self, mut parcel: Parcel<R, W>, now: i64) -> Role {
        let moving = |seen| now.saturating_sub(seen) < LOST_AFTER_MS;
        let is_carried = self.carried.is_some_and(moving);
        if !is_carried {
            // What a lost carrier was sending may not have arrived.
            self.take_back();
        }
        let away = self.away.iter_mut().find(|away| away.id == parcel.id);
        if let Some(away) = away.filter(|away| away.version >= parcel.version) {
            away.waiting.append(&mut parcel.waiting);
        } else if !self.keep(parcel) {
            return Role::Refused;
        }
        if is_carried {
            return Role::Handed;
        }
        self.carried = Some(now);
        Role::Carrier
    }

    /// What the carrier does at `now`.
    pub(crate) fn next(&mut self, now: i64) -> Next {
        if self.parcels.is_empty() {
            self.carried = None;
            return Next::Done;
        }
        self.carried = Some(now);
        // A clock that was set back must not hold anybody up.
        let pause = self.not_before.saturating_sub(now).min(PAUSE_MS);
        if pause > 0 {
            return Next::Pause(pause);
        }
        let mut text = String::new();
        while self.away.len() < MOST_AT_ONCE
            && let Some(parcel) = self.order.front().and_then(|id| self.parcels.get(id))
            && (self.away.is_empty() || text.len() + parcel.text.len() <= MOST_BYTES_AT_ONCE)
        {
            text.push_str(&parcel.text);
            let id = self.order.pop_front();
            self.away.extend(id.and_then(|id| self.parcels.remove(&id)));
        }
        Next::Send(text)
    }

    /// The call has ended well at `now`; the carrier goes on. These have arrived.
    pub(crate) fn arrived(&mut self, now: i64) -> Vec<Parcel<R, W>> {
        self.carried = Some(now);
        self.not_before = now.saturating_add(PAUSE_MS);
        mem::take(&mut self.away)
    }

    /// The call has failed: its parcels wait for whoever carries next, and the carrier is none any more. These
    /// who waited are to be told.
    pub(crate) fn failed(&mut self) -> Vec<W> {
        self.carried = None;
        let waiting = self.away.iter_mut().flat_map(|parcel| parcel.waiting.drain(..));
        let waiting = waiting.collect();
        self.take_back();
        waiting
    }

    fn take_back(&mut self) {
        for parcel in mem::take(&mut self.away) {
            self.keep(parcel);
        }
    }

    /// Of two parcels of a transfer the newer one stays. `false` when there is no place.
    fn keep(&mut self, mut parcel: Parcel<R, W>) -> bool {
        if let Some(known) = self.parcels.get_mut(&parcel.id) {
            if known.version < parcel.version {
                mem::swap(known, &mut parcel);
            }
            known.waiting.append(&mut parcel.waiting);
        } else if self.parcels.len() < MOST_WAITING {
            self.order.push_back(Rc::clone(&parcel.id));
            self.parcels.insert(Rc::clone(&parcel.id), parcel);
        } else {
            return false;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::{
        LOST_AFTER_MS, MOST_AT_ONCE, MOST_BYTES_AT_ONCE, MOST_WAITING, Mailbag, Next, PAUSE_MS, Parcel, Role,
    };

    type Bag = Mailbag<(), u32>;

    fn parcel(id: &str, version: u64, waiting: &[u32]) -> Parcel<(), u32> {
        Parcel {
            id: id.into(),
            version,
            text: format!("{id} {version};"),
            receipt: (),
            waiting: waiting.to_vec(),
        }
    }

    fn sent(text: &str) -> Next {
        Next::Send(text.to_owned())
    }

    #[test]
    fn a_lone_change_leaves_at_once_and_those_that_come_meanwhile_leave_together() {
        let mut bag = Bag::default();
        assert_eq!(bag.put(parcel("a", 1, &[]), 0), Role::Carrier);
        assert_eq!(bag.next(0), sent("a 1;"));
        assert_eq!(bag.put(parcel("b", 1, &[]), 5), Role::Handed);
        assert_eq!(bag.put(parcel("c", 1, &[]), 6), Role::Handed);
        assert_eq!(bag.arrived(7).len(), 1);
        assert_eq!(bag.next(8), Next::Pause(PAUSE_MS - 1));
        assert_eq!(bag.next(7 + PAUSE_MS), sent("b 1;c 1;"));
        assert_eq!(bag.arrived(200).len(), 2);
        assert_eq!(bag.next(200), Next::Done);
        assert_eq!(bag.put(parcel("d", 1, &[]), 1_000), Role::Carrier);
        assert_eq!(bag.next(1_000), sent("d 1;"), "nobody paused in vain");
    }

    #[test]
    fn of_a_transfer_only_the_newest_travels_and_all_who_wait_hear_of_it() {
        let mut bag = Bag::default();
        bag.put(parcel("a", 1, &[1]), 0);
        bag.put(parcel("a", 3, &[3]), 0);
        bag.put(parcel("a", 2, &[2]), 0);
        assert_eq!(bag.next(0), sent("a 3;"));
        bag.put(parcel("a", 3, &[4]), 0);
        let arrived = bag.arrived(0);
        assert_eq!((arrived[0].version, arrived.len()), (3, 1));
        assert_eq!(
            arrived[0].waiting,
            [3, 1, 2, 4],
            "also who came while it was on its way"
        );
        assert_eq!(bag.next(0), Next::Done);
    }

    #[test]
    fn what_failed_waits_for_the_next_carrier() {
        let mut bag = Bag::default();
        bag.put(parcel("a", 1, &[1]), 0);
        bag.put(parcel("b", 1, &[]), 0);
        assert_eq!(bag.next(0), sent("a 1;b 1;"));
        assert_eq!(bag.put(parcel("b", 2, &[]), 1), Role::Handed);
        assert_eq!(bag.failed(), [1]);
        assert_eq!(bag.put(parcel("c", 1, &[]), 2), Role::Carrier);
        assert_eq!(bag.next(2), sent("b 2;a 1;c 1;"));
    }

    #[test]
    fn a_carrier_that_is_lost_is_replaced() {
        let mut bag = Bag::default();
        assert_eq!(bag.put(parcel("a", 1, &[]), 0), Role::Carrier);
        assert_eq!(bag.next(0), sent("a 1;"));
        assert_eq!(bag.put(parcel("b", 1, &[]), LOST_AFTER_MS - 1), Role::Handed);
        assert_eq!(bag.put(parcel("c", 1, &[]), LOST_AFTER_MS), Role::Carrier);
        assert_eq!(bag.next(LOST_AFTER_MS), sent("b 1;a 1;c 1;"));
    }

    #[test]
    fn a_call_and_the_bag_are_bounded() {
        let mut bag = Bag::default();
        for n in 0..MOST_WAITING {
            bag.put(parcel(&n.to_string(), 1, &[]), 0);
        }
        assert_eq!(bag.put(parcel("one more", 1, &[]), 0), Role::Refused);
        assert_eq!(bag.put(parcel("7", 2, &[]), 0), Role::Handed, "it takes no place");
        bag.next(0);
        assert_eq!(bag.arrived(0).len(), MOST_AT_ONCE);

        let mut bag = Bag::default();
        for n in 0..4 {
            let mut large = parcel(&n.to_string(), 1, &[]);
            large.text = "x".repeat(MOST_BYTES_AT_ONCE / 2 + 1);
            bag.put(large, 0);
        }
        bag.next(0);
        assert_eq!(bag.arrived(0).len(), 1);
    }

    proptest! {
        #[test]
        fn all_that_was_put_in_arrives_in_its_newest_version(
            steps in prop::collection::vec((0..6_u8, 1..5_u64, 0..60_i64, 0..3_u8), 1..120),
        ) {
            let mut bag = Bag::default();
            let (mut put, mut arrived) = (BTreeMap::new(), BTreeMap::new());
            let mut note = |parcels: Vec<Parcel<(), u32>>| for parcel in parcels {
                let known = arrived.entry(parcel.id.to_string()).or_insert(0);
                *known = parcel.version.max(*known);
            };
            let (mut now, mut carries, mut away) = (0, false, false);
            for (id, version, passes, outcome) in steps {
                now += passes;
                let newest = put.entry(id.to_string()).or_insert(0);
                *newest = version.max(*newest);
                let role = bag.put(parcel(&id.to_string(), version, &[]), now);
                prop_assert_eq!(role == Role::Carrier, !carries);
                carries = true;
                if away {
                    match outcome {
                        0 => continue,
                        1 => note(bag.arrived(now)),
                        _ => {
                            bag.failed();
                            carries = false;
                        }
                    }
                    away = false;
                } else {
                    match bag.next(now) {
                        Next::Send(_) => away = true,
                        Next::Pause(pause) => prop_assert!((1..=PAUSE_MS).contains(&pause)),
                        Next::Done => prop_assert!(false),
                    }
                }
            }
            note(bag.arrived(now));
            while let Next::Send(_) = bag.next(now + PAUSE_MS) {
                note(bag.arrived(now));
            }
            prop_assert_eq!(arrived, put);
        }
    }
}
