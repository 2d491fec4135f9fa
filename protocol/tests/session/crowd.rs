//! A crowd: 10,000 clients that lose the same server in one moment, each alone or two to a browser.
//!
//! Each browser is a world of its own, with the judge beside every client: what is owed to the user and to the server
//! is checked at every step. Here is checked what only many show together: that they come back as a stream, not a wave.

use crate::faults::{Dials, Fault, Heal, Input, Schedule, Sent, What, World};
use transfer_status_protocol::session::Hint;

const CLIENTS: usize = 10_000;

/// The browsers of the crowd, with so many tabs each: all are live, and their links have held for long.
fn browsers(tabs: usize) -> impl Iterator<Item = World> {
    (0..(CLIENTS / tabs) as u64).map(move |browser| {
        let mut world = World::new(&Schedule {
            // The next client's seed is one more: no two of the crowd are the same.
            seed: browser * tabs as u64,
            can_refresh: false,
            starts_unsigned: false,
            lifetime: None,
            old_service: false,
            tabs,
            steps: Vec::new(),
            heal: Heal {
                latency: 20,
                only_polls: false,
                hints: None,
            },
        });
        world.advance(8_000);
        world.sent();
        world
    })
}

/// Each client's first dial after it heard of a loss, by the tenth of the window that it falls in.
#[derive(Default)]
struct Spread([usize; 10]);

impl Spread {
    fn note(&mut self, sent: &[Sent], tabs: usize, window: u64) {
        for tab in 0..tabs {
            let mut of_tab = sent.iter().filter(|sent| sent.tab == tab);
            let lost = of_tab.find(|sent| sent.what == What::Lost);
            let dial = of_tab.find(|sent| sent.what == What::Dial);
            let (Some(lost), Some(dial)) = (lost, dial) else {
                panic!("a lost client dials within its window: {sent:?}");
            };
            let waited = dial.at - lost.at;
            assert!(waited <= window, "a wait of {waited} ms");
            self.0[(waited * 10 / (window + 1)) as usize] += 1;
        }
    }

    /// "no tenth of it has more than 15 %"
    fn check(&self, what: &str) {
        let all: usize = self.0.iter().sum();
        assert!(all >= CLIENTS, "{what}: only {all} clients");
        assert!(
            self.0.iter().all(|tenth| tenth * 100 <= all * 15),
            "{what}: {:?}",
            self.0
        );
    }
}

fn comes_back_as_a_stream(tabs: usize) {
    let mut spread = Spread::default();
    for mut world in browsers(tabs) {
        world.strike(&Fault::Close(1012));
        // The wait, and what the words of a close and of a lock take.
        world.advance(500 + 140);
        spread.note(&world.sent(), tabs, 500);
        world.advance(2_000);
        assert!(world.all_show_what_holds());
    }
    spread.check("first dials");
}

#[test]
fn a_crowd_that_loses_its_server_comes_back_as_a_stream() {
    comes_back_as_a_stream(1);
}

#[test]
fn a_crowd_of_browsers_with_two_tabs_comes_back_as_a_stream() {
    comes_back_as_a_stream(2);
}

#[test]
fn a_crowd_whose_server_dies_under_it_again_and_again_gives_it_more_time_each_round() {
    let mut spread = Spread::default();
    for mut world in browsers(1) {
        for window in [500, 1_000, 2_000, 4_000] {
            // A server that accepts, tells the status and dies of the crowd.
            world.strike(&Fault::Close(1012));
            let mut sent = Vec::new();
            while !sent.iter().any(|sent: &Sent| sent.what == What::Dial) {
                world.advance(10);
                sent.extend(world.sent());
            }
            if window == 4_000 {
                spread.note(&sent, 1, window);
            }
            world.advance(100);
        }
    }
    spread.check("dials of the fourth round");
}

/// A minute in which upgrades hang, the status changes, and all hear a hint every 2 s.
fn is_not_driven_by_hints(tabs: usize) {
    for (browser, mut world) in browsers(tabs).enumerate() {
        world.strike(&Fault::Dials(Dials::Lost));
        world.strike(&Fault::Cut);
        for second in (0..60).step_by(2) {
            if second == 20 {
                world.strike(&Fault::Publish { later: 5 });
            }
            world.all_awake(|| Input::Hint(Hint::Online));
            world.advance(2_000);
            // Sockets hang, and polls bring the news: at once with the next hint, at most with the next rest.
            assert!(second != 24 || world.all_show_what_holds(), "browser {browser}");
        }
        let sent = world.sent();
        for tab in 0..tabs {
            let count = |what| {
                sent.iter()
                    .filter(|sent| sent.tab == tab && sent.what == what)
                    .count()
            };
            // An attempt of 2 s is dialled anew twice, then one of 4 s, of 8 s, and of the 10 s that any has. Polls
            // are asked for every 3 s, and at each hint.
            let (dials, polls) = (count(What::Dial), count(What::Poll));
            assert!(dials <= 14, "browser {browser}: {dials} dials in a minute");
            assert!(
                (20..=50).contains(&polls),
                "browser {browser}: {polls} polls in a minute"
            );
        }
    }
}

#[test]
fn a_crowd_on_a_network_that_hangs_upgrades_has_the_news_and_is_not_driven_by_hints() {
    is_not_driven_by_hints(1);
}

#[test]
fn a_crowd_of_browsers_with_two_tabs_has_the_news_and_is_not_driven_by_hints() {
    is_not_driven_by_hints(2);
}
