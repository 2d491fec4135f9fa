//! Changes on their way to one shard of the recent index, of all rooms of an isolate: carried together. Pure.
//!
//! A call to a shard costs more than all else that an update does, so there is one under way at a time, and one
//! begins no sooner than a moment after the last has ended. A room that has a change puts it in and goes on; only
//! the one that finds nobody at it carries the bag, until it is empty. With little to do a change leaves at once;
//! under load one call takes dozens along, and of a transfer only its newest.
//!
//! What is in here is a copy: each room's alarm sees to what is lost with the isolate.

use std::mem;
use std::rc::Rc;

/// The pause between two calls, in milliseconds.
const PAUSE_MS: i64 = 100;
/// One that carries and has not moved for so long has ended with its object.
const LOST_AFTER_MS: i64 = 10_000;
/// Most changes of one call, and most of their bytes but for one.
const MOST_AT_ONCE: usize = 256;
const MOST_BYTES_AT_ONCE: usize = 512 * 1024;
/// Most bytes that wait: there is a bag a shard, and all share 128 MB with whatever else the isolate holds.
const MOST_BYTES: usize = 1024 * 1024;

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

/// Who carries. One that was taken for lost and comes back carries no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Carrier(u64);

/// What falls to somebody who has put a parcel in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Nobody carries: the newcomer does.
    Carrier(Carrier),
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
    /// The oldest first. They are few, but while a shard is down.
    parcels: Vec<Parcel<R, W>>,
    bytes: usize,
    /// What is being sent.
    away: Vec<Parcel<R, W>>,
    /// Who carries, and when it was last seen.
    carried: Option<(Carrier, i64)>,
    carriers: u64,
    not_before: i64,
}

impl<R, W> Default for Mailbag<R, W> {
    fn default() -> Self {
        Self {
            parcels: Vec::new(),
            bytes: 0,
            away: Vec::new(),
            carried: None,
            carriers: 0,
            not_before: i64::MIN,
        }
    }
}

impl<R, W> Mailbag<R, W> {
    /// Takes a parcel in at `now`, in Unix milliseconds.
    pub(crate) fn put(&mut self, mut parcel: Parcel<R, W>, now: i64) -> Role {
        let moving = |(_, seen)| now.saturating_sub(seen) < LOST_AFTER_MS;
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
        self.carriers += 1;
        let carrier = Carrier(self.carriers);
        self.carried = Some((carrier, now));
        Role::Carrier(carrier)
    }

    /// What the carrier does at `now`.
    pub(crate) fn next(&mut self, carrier: Carrier, now: i64) -> Next {
        if !self.is_by(carrier) {
            return Next::Done;
        }
        if self.parcels.is_empty() {
            self.carried = None;
            return Next::Done;
        }
        self.carried = Some((carrier, now));
        // A clock that was set back must not hold anybody up.
        let pause = self.not_before.saturating_sub(now).min(PAUSE_MS);
        if pause > 0 {
            return Next::Pause(pause);
        }
        let (mut text, mut count) = (String::new(), 0);
        for parcel in self.parcels.iter().take(MOST_AT_ONCE) {
            if !text.is_empty() && text.len() + parcel.text.len() > MOST_BYTES_AT_ONCE {
                break;
            }
            text.push_str(&parcel.text);
            count += 1;
        }
        self.bytes -= text.len();
        self.away = self.parcels.drain(..count).collect();
        Next::Send(text)
    }

    /// The call has ended well at `now`; the carrier goes on. These have arrived.
    pub(crate) fn arrived(&mut self, carrier: Carrier, now: i64) -> Vec<Parcel<R, W>> {
        if !self.is_by(carrier) {
            return Vec::new();
        }
        self.carried = Some((carrier, now));
        self.not_before = now.saturating_add(PAUSE_MS);
        mem::take(&mut self.away)
    }

    /// The call has failed: its parcels wait for whoever carries next, and the carrier is none any more. These
    /// who waited are to be told.
    pub(crate) fn failed(&mut self, carrier: Carrier) -> Vec<W> {
        if !self.is_by(carrier) {
            return Vec::new();
        }
        self.carried = None;
        let waiting = self.away.iter_mut().flat_map(|parcel| parcel.waiting.drain(..));
        let waiting = waiting.collect();
        self.take_back();
        waiting
    }

    fn is_by(&self, carrier: Carrier) -> bool {
        self.carried.is_some_and(|(known, _)| known == carrier)
    }

    fn take_back(&mut self) {
        for parcel in mem::take(&mut self.away) {
            self.keep(parcel);
        }
    }

    /// Of two parcels of a transfer the newer one stays. `false` when there is no place.
    fn keep(&mut self, mut parcel: Parcel<R, W>) -> bool {
        if let Some(known) = self.parcels.iter_mut().find(|known| known.id == parcel.id) {
            if known.version < parcel.version {
                mem::swap(known, &mut parcel);
                self.bytes = self.bytes - parcel.text.len() + known.text.len();
            }
            known.waiting.append(&mut parcel.waiting);
        } else if self.bytes + parcel.text.len() <= MOST_BYTES {
            self.bytes += parcel.text.len();
            self.parcels.push(parcel);
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
        Carrier, LOST_AFTER_MS, MOST_AT_ONCE, MOST_BYTES, MOST_BYTES_AT_ONCE, Mailbag, Next, PAUSE_MS,
        Parcel, Role,
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

    /// Puts a parcel in where nobody carries.
    fn first(bag: &mut Bag, parcel: Parcel<(), u32>, now: i64) -> Carrier {
        match bag.put(parcel, now) {
            Role::Carrier(carrier) => carrier,
            role => panic!("{role:?}"),
        }
    }

    fn sent(text: &str) -> Next {
        Next::Send(text.to_owned())
    }

    #[test]
    fn a_lone_change_leaves_at_once_and_those_that_come_meanwhile_leave_together() {
        let mut bag = Bag::default();
        let me = first(&mut bag, parcel("a", 1, &[]), 0);
        assert_eq!(bag.next(me, 0), sent("a 1;"));
        assert_eq!(bag.put(parcel("b", 1, &[]), 5), Role::Handed);
        assert_eq!(bag.put(parcel("c", 1, &[]), 6), Role::Handed);
        assert_eq!(bag.arrived(me, 7).len(), 1);
        assert_eq!(bag.next(me, 8), Next::Pause(PAUSE_MS - 1));
        assert_eq!(bag.next(me, 7 + PAUSE_MS), sent("b 1;c 1;"));
        assert_eq!(bag.arrived(me, 200).len(), 2);
        assert_eq!(bag.next(me, 200), Next::Done);
        let me = first(&mut bag, parcel("d", 1, &[]), 1_000);
        assert_eq!(bag.next(me, 1_000), sent("d 1;"), "nobody paused in vain");
    }

    #[test]
    fn of_a_transfer_only_the_newest_travels_and_all_who_wait_hear_of_it() {
        let mut bag = Bag::default();
        let me = first(&mut bag, parcel("a", 1, &[1]), 0);
        bag.put(parcel("a", 3, &[3]), 0);
        bag.put(parcel("a", 2, &[2]), 0);
        assert_eq!(bag.next(me, 0), sent("a 3;"));
        bag.put(parcel("a", 3, &[4]), 0);
        let arrived = bag.arrived(me, 0);
        assert_eq!((arrived[0].version, arrived.len()), (3, 1));
        assert_eq!(
            arrived[0].waiting,
            [3, 1, 2, 4],
            "also who came while it was on its way"
        );
        assert_eq!(bag.next(me, 0), Next::Done);
    }

    #[test]
    fn what_failed_waits_for_the_next_carrier() {
        let mut bag = Bag::default();
        let me = first(&mut bag, parcel("a", 1, &[1]), 0);
        bag.put(parcel("b", 1, &[]), 0);
        assert_eq!(bag.next(me, 0), sent("a 1;b 1;"));
        assert_eq!(bag.put(parcel("b", 2, &[]), 1), Role::Handed);
        assert_eq!(bag.failed(me), [1]);
        let me = first(&mut bag, parcel("c", 1, &[]), 2);
        assert_eq!(bag.next(me, 2), sent("b 2;a 1;c 1;"));
    }

    #[test]
    fn a_carrier_that_is_lost_is_replaced() {
        let mut bag = Bag::default();
        let lost = first(&mut bag, parcel("a", 1, &[1]), 0);
        assert_eq!(bag.next(lost, 0), sent("a 1;"));
        assert_eq!(bag.put(parcel("b", 1, &[]), LOST_AFTER_MS - 1), Role::Handed);
        let me = first(&mut bag, parcel("c", 1, &[]), LOST_AFTER_MS);
        assert_eq!(bag.next(me, LOST_AFTER_MS), sent("b 1;a 1;c 1;"));
        // It was only slow: what is under way now is not what it has brought.
        assert!(bag.arrived(lost, LOST_AFTER_MS).is_empty());
        assert!(bag.failed(lost).is_empty());
        assert_eq!(bag.next(lost, LOST_AFTER_MS), Next::Done);
        assert_eq!(bag.arrived(me, LOST_AFTER_MS).len(), 3);
    }

    #[test]
    fn a_call_and_the_bag_are_bounded() {
        let mut bag = Bag::default();
        let large = |id: &str, version| Parcel {
            text: "x".repeat(MOST_BYTES / 1_024),
            ..parcel(id, version, &[])
        };
        let me = first(&mut bag, large("0", 1), 0);
        for n in 1..1_024 {
            bag.put(large(&n.to_string(), 1), 0);
        }
        assert_eq!(bag.put(parcel("one more", 1, &[]), 0), Role::Refused);
        assert_eq!(bag.put(large("7", 2), 0), Role::Handed, "it takes no place");
        bag.next(me, 0);
        assert_eq!(bag.arrived(me, 0).len(), MOST_AT_ONCE);
        assert_eq!(bag.put(parcel("one more", 1, &[]), 0), Role::Handed);

        let mut bag = Bag::default();
        let large = |id| Parcel {
            text: "x".repeat(MOST_BYTES_AT_ONCE),
            ..parcel(id, 1, &[])
        };
        let me = first(&mut bag, large("a"), 0);
        bag.put(large("b"), 0);
        bag.next(me, 0);
        assert_eq!(bag.arrived(me, 0).len(), 1, "the bytes of a call are bounded");
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
            let (mut now, mut carrier, mut away) = (0, None, false);
            for (id, version, passes, outcome) in steps {
                now += passes;
                let newest = put.entry(id.to_string()).or_insert(0);
                *newest = version.max(*newest);
                let role = bag.put(parcel(&id.to_string(), version, &[]), now);
                let me = match (carrier, role) {
                    (Some(me), Role::Handed) | (None, Role::Carrier(me)) => me,
                    other => return Err(TestCaseError::fail(format!("{other:?}"))),
                };
                carrier = Some(me);
                if away {
                    match outcome {
                        0 => continue,
                        1 => note(bag.arrived(me, now)),
                        _ => {
                            bag.failed(me);
                            carrier = None;
                        }
                    }
                    away = false;
                } else {
                    match bag.next(me, now) {
                        Next::Send(_) => away = true,
                        Next::Pause(pause) => prop_assert!((1..=PAUSE_MS).contains(&pause)),
                        Next::Done => prop_assert!(false),
                    }
                }
            }
            if let Some(me) = carrier {
                note(bag.arrived(me, now));
            }
            let me = match bag.put(parcel("last", 1, &[]), now) {
                Role::Carrier(me) => Some(me),
                _ => carrier,
            };
            put.insert("last".to_owned(), 1);
            let me = me.ok_or_else(|| TestCaseError::fail("nobody carries"))?;
            while let Next::Send(_) = bag.next(me, now + PAUSE_MS) {
                note(bag.arrived(me, now));
            }
            prop_assert_eq!(arrived, put);
            prop_assert_eq!(bag.bytes, 0);
        }
    }
}
