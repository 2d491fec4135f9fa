//! The server, the hosts and the time: carries a schedule out and has a judge look at every step of every client.

mod hosts;
mod server;
mod strike;

use super::client::Client;
use super::history::History;
use super::judge::Input;
use super::network::{End, Network, Signature};
use super::schedule::{Dials, Heal, Polls, Schedule, Signatures};
use super::share::Share;
use transfer_status_protocol::session::{Config, Hint, Stage};

/// After the faults, and after the pauses that the server asked for, the user sees the final status within this:
/// three sockets that hang and their waits (120 s), a poll that was lost and its rest (40 s), a signature that was not
/// answered and its wait (60 s), a minute of doubt about a 1000.
const HEALS_WITHIN: u64 = 280_000;

/// Of the schedules.
const LONGEST_LATENCY: u64 = 14_000;

const USUAL_LATENCY: u64 = 20;

/// The server's end of a socket.
struct Link {
    end: End,
    /// Pings are answered, but no word of the transfer comes.
    mute: bool,
    dead: bool,
}

pub(crate) struct World {
    clients: Vec<Client>,
    share: Option<Share>,
    now: u64,
    /// Where the hosts' clock would have stood at the start.
    clock_start: u64,
    timer_first: bool,
    network: Network,
    history: History,
    links: Vec<Link>,
    dials: Dials,
    polls: Polls,
    signatures: Signatures,
    /// The oldest signature that is still good.
    good_from: u64,
    /// For how long what arrives has waited for a frozen client.
    waited: u64,
    dice: fastrand::Rng,
    sent: Vec<Sent>,
}

/// What a client has asked its host for, or been told by it, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent {
    pub(crate) at: u64,
    pub(crate) tab: usize,
    pub(crate) what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Dial,
    Poll,
    /// The socket is closed.
    Lost,
}

impl World {
    /// Carries out the schedule, then lets all be well until the end.
    pub(super) fn run(schedule: &Schedule) {
        let mut world = Self::new(schedule);
        for step in &schedule.steps {
            world.advance(step.after);
            world.strike(&step.fault);
        }
        world.heal(schedule.heal);
        world.judge(schedule.heal);
    }

    pub(crate) fn new(schedule: &Schedule) -> Self {
        let mut world = Self {
            clients: Vec::new(),
            share: (schedule.tabs > 1).then(|| Share::new(schedule.tabs, schedule.seed)),
            now: 0,
            clock_start: 1_000_000_000_000,
            timer_first: true,
            network: Network::new(USUAL_LATENCY),
            history: History::new(schedule.old_service),
            links: Vec::new(),
            dials: Dials::Answered,
            polls: Polls::Answered,
            signatures: Signatures::Ready,
            good_from: 1,
            waited: 0,
            dice: fastrand::Rng::with_seed(schedule.seed),
            sent: Vec::new(),
        };
        let config = Config {
            can_refresh: schedule.can_refresh,
            starts_unsigned: schedule.starts_unsigned,
            ..Config::DEFAULT
        };
        let signature = Signature {
            number: 1,
            until: schedule.lifetime.unwrap_or(u64::MAX),
        };
        let lifetime = schedule.lifetime.filter(|_| !schedule.starts_unsigned);
        for tab in 0..schedule.tabs {
            let seed = schedule.seed.wrapping_add(tab as u64);
            let (client, outputs) = Client::begin(config, world.clock_start, seed, signature, lifetime);
            world.clients.push(client);
            world.carry_out(tab, outputs);
        }
        world
    }

    /// Everybody has seen the end: the last status, or a refusal that the judge found right. Where no socket gets
    /// through, a client cannot know that a status whose name it does not know is the last, nor that a service was
    /// restored and has counted to the very version that was shown: 304 says that nothing has changed.
    fn judge(&mut self, heal: Heal) {
        for tab in 0..self.clients.len() {
            let client = &self.clients[tab];
            let (end, shown, last) = (client.judge.end(), client.judge.shown(), self.history.holds());
            let told = self.history.tell().map(|told| told.order);
            let seems_last = shown.is_some_and(|shown| {
                let is_unnamed = last.order.stage == Stage::Unknown;
                let is_same = shown.order.version.is_some() && shown.order.version == last.order.version;
                is_same || (is_unnamed && told.is_none_or(|told| !told.is_news_after(Some(shown.order))))
            });
            assert!(
                end.is_some() || (heal.only_polls && seems_last),
                "client {tab} has not seen the end, but {shown:?} of {last:?}: {}",
                client.judge.trace()
            );
            self.input(tab, Input::Close);
            assert_eq!(self.clients[tab].wake, None);
            // Whatever is still said to a closed session: nothing follows.
            for input in [Input::Timeout, Input::Hint(Hint::Online), Input::Close] {
                self.input(tab, input);
            }
        }
    }

    /// What has passed between the clients and their hosts since this was last asked.
    pub(crate) fn sent(&mut self) -> Vec<Sent> {
        std::mem::take(&mut self.sent)
    }

    /// Whether every tab shows the state that holds.
    pub(crate) fn all_show_what_holds(&self) -> bool {
        let holds = self.history.holds().truth;
        let mut shown = self.clients.iter().map(|client| client.judge.shown());
        shown.all(|shown| shown.is_some_and(|shown| shown.truth == holds))
    }

    /// Lets so much time pass.
    pub(crate) fn advance(&mut self, ms: u64) {
        let end = self.now + ms;
        for _ in 0..200_000 {
            let thaws: Vec<u64> = self.clients.iter().map(|client| client.thaws).collect();
            let arrival = self.network.next_arrival(&thaws);
            let timers = self.clients.iter().enumerate();
            let timers = timers.filter_map(|(tab, client)| Some((client.wake?.max(client.thaws), tab)));
            let timer = timers.min().filter(|(timer, _)| {
                arrival.is_none_or(|(_, at)| *timer < at || (*timer == at && self.timer_first))
            });
            let next = timer.map_or(arrival.map(|(_, at)| at), |(at, _)| Some(at));
            let Some(at) = next.filter(|at| *at <= end) else {
                self.now = end;
                return;
            };
            self.now = self.now.max(at);
            match (timer, arrival) {
                (Some((_, tab)), _) => self.input(tab, Input::Timeout),
                (None, Some((key, _))) => {
                    self.waited = self.now - key.0;
                    if let Some(parcel) = self.network.take(key) {
                        self.arrive(parcel);
                    }
                }
                (None, None) => {}
            }
        }
        panic!("the sessions never rest");
    }

    fn heal(&mut self, heal: Heal) {
        let thaws = self.clients.iter().map(|client| client.thaws).max();
        self.advance(thaws.unwrap_or(0).saturating_sub(self.now));
        self.network.latency = heal.latency;
        self.dials = if heal.only_polls {
            Dials::Lost
        } else {
            Dials::Answered
        };
        self.polls = Polls::Answered;
        self.signatures = Signatures::Ready;
        self.publish(0, Stage::Final, true);
        self.all_awake(|| Input::Hint(Hint::Resume));
        let arrived = self.now + 2 * LONGEST_LATENCY;
        // Tabs may have to wait for each other: one after the other holds the lock.
        let heals_within = HEALS_WITHIN * self.clients.len() as u64;
        let mut end = self.now + heals_within;
        while self.now < end && self.clients.iter().any(|client| client.judge.end().is_none()) {
            match heal.hints {
                Some((hint, every)) => {
                    self.hint(hint);
                    self.advance(every);
                }
                None => self.advance(5_000),
            }
            if self.now <= arrived {
                // What was under way may still ask for a pause.
                let pauses = self.clients.iter().map(|client| client.judge.pause_left()).max();
                end = end.max(self.now + pauses.unwrap_or(0) + heals_within);
            }
        }
    }

    fn clock(&self) -> u64 {
        self.clock_start + self.now
    }
}
