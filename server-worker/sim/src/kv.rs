//! The archive's platform: eventually consistent, seldom well.

use std::collections::HashMap;

use fastrand::Rng;

use crate::plan::Ms;

/// So long a place remembers what it has read, also that there was nothing.
const REMEMBERS_MS: Ms = 60_000;

#[derive(Default)]
pub(crate) struct Kv {
    /// What landed, by key: when, and what, `None` for a deletion. The last to land is what is there.
    landed: HashMap<usize, Vec<(Ms, Option<String>)>>,
    cache: HashMap<usize, (Ms, Option<String>)>,
    caches: bool,
    pub(crate) down_until: Ms,
    pub(crate) hangs_until: Ms,
    pub(crate) slow: (Ms, Ms),
    pub(crate) busy_until: Ms,
    pub(crate) loses_next: bool,
    /// When a read last failed, or was too slow for somebody.
    pub(crate) last_trouble: Option<Ms>,
    last_write: HashMap<usize, Ms>,
}

/// How a call went: after so long, and what it gave; what would take longer than anybody waits is `None`.
pub(crate) type Answer<T> = (Ms, Option<T>);

impl Kv {
    pub(crate) fn new(caches: bool) -> Self {
        Self {
            caches,
            ..Self::default()
        }
    }

    fn delay(&self, rng: &mut Rng, now: Ms) -> Ms {
        match self.slow {
            (delay, until) if now < until => delay + rng.i64(0..200),
            _ => rng.i64(2..40),
        }
    }

    /// Reads; whoever asks waits for `limit` at most.
    pub(crate) fn get(&mut self, rng: &mut Rng, key: usize, now: Ms, limit: Ms) -> Answer<Option<String>> {
        let delay = if now < self.hangs_until {
            limit + 1
        } else {
            self.delay(rng, now)
        };
        if now < self.down_until || delay > limit {
            self.last_trouble = Some(now + limit);
            return (delay.min(limit), None);
        }
        if self.caches
            && let Some((at, seen)) = self.cache.get(&key)
            && now < at + REMEMBERS_MS
        {
            return (delay, Some(seen.clone()));
        }
        let seen = self.truth(key, now);
        self.cache.insert(key, (now, seen.clone()));
        (delay, Some(seen))
    }

    /// Writes, or deletes; a write that was not answered well may land all the same, and later.
    pub(crate) fn put(
        &mut self,
        rng: &mut Rng,
        key: usize,
        text: Option<String>,
        now: Ms,
        limit: Ms,
    ) -> Answer<()> {
        let is_early = self
            .last_write
            .insert(key, now)
            .is_some_and(|last| now < last + 1_000);
        if now < self.busy_until || is_early {
            return (5, None);
        }
        let delay = if now < self.hangs_until {
            limit + 1
        } else {
            self.delay(rng, now)
        };
        let is_away = now < self.down_until;
        let lands = now + delay.min(limit) + if rng.u8(..4) == 0 { rng.i64(0..20_000) } else { 0 };
        let is_lost = std::mem::take(&mut self.loses_next) || (is_away && rng.bool());
        if !is_lost {
            let landed = self.landed.entry(key).or_default();
            landed.push((lands, text));
            landed.sort_by_key(|(at, _)| *at);
        }
        (delay.min(limit), (!is_away && delay <= limit).then_some(()))
    }

    /// What is there in the end, whoever sees it when.
    pub(crate) fn truth(&self, key: usize, now: Ms) -> Option<String> {
        let landed = self.landed.get(&key)?;
        landed
            .iter()
            .rev()
            .find(|(at, _)| *at <= now)
            .and_then(|(_, text)| text.clone())
    }

    pub(crate) fn heal(&mut self) {
        self.down_until = 0;
        self.hangs_until = 0;
        self.slow = (0, 0);
        self.busy_until = 0;
        self.loses_next = false;
    }
}
