//! Owns what is known of a run while it goes on, for whoever watches it: what is in flight, since when the oldest of it, and
//! what has ended.
//!
//! ```text
//!   Attempter (each hub) ── begin, bytes ──► its Lane ─┐
//!   Worker (the run's)   ── ended ─────────► its Lane ─┴─ InFlight::seen(), from any thread
//! ```
//! A lane's slots are linked in the order of their starts, so that a start, an end and the question for the oldest take a
//! few instructions, however much is in flight. Names are written into memory that the slots keep.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use url::{Position, Url};

use crate::green::locked;

/// Of longer names the beginning: they are shown on one line of a terminal.
const MAX_NAME_BYTES: usize = 512;

/// No slot.
const NONE: usize = usize::MAX;

/// What a run has in flight. Clones are the same; a plan that holds one has its run noted here.
#[derive(Clone, Debug, Default)]
pub struct InFlight {
    lanes: Arc<Mutex<Vec<Arc<Lane>>>>,
}

/// What is to be seen of a run at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Attempts that are being made.
    pub in_flight: usize,
    /// Lines that have ended, those that failed among them.
    pub ended: u64,
    /// Lines that have failed.
    pub failed: u64,
    /// Decoded bytes of bodies that have come, those of attempts that were in vain among them.
    pub bytes: u64,
    /// Host and path of the attempt that began first, and when it did.
    pub oldest: Option<(String, Instant)>,
}

impl InFlight {
    /// Another hub's part of the run.
    pub(super) fn lane(&self) -> Arc<Lane> {
        let lane = Arc::<Lane>::default();
        locked(&self.lanes).push(lane.clone());
        lane
    }

    /// What is to be seen now.
    pub fn seen(&self) -> Seen {
        let mut seen = Seen::default();
        for lane in locked(&self.lanes).iter() {
            seen.ended += lane.ended.load(Ordering::Relaxed);
            seen.failed += lane.failed.load(Ordering::Relaxed);
            seen.bytes += lane.bytes.load(Ordering::Relaxed);
            let slots = locked(&lane.slots);
            seen.in_flight += slots.count;
            if let Some(slot) = slots.slots.get(slots.first)
                && seen.oldest.as_ref().is_none_or(|(_, since)| slot.since < *since)
            {
                seen.oldest = Some((slot.name.clone(), slot.since));
            }
        }
        seen
    }
}

/// One hub's part. Its lock is nobody else's but for ten moments a second.
#[derive(Debug, Default)]
pub(super) struct Lane {
    slots: Mutex<Slots>,
    ended: AtomicU64,
    failed: AtomicU64,
    bytes: AtomicU64,
}

impl Lane {
    /// An attempt begins; it is in flight until what is returned is dropped.
    pub fn begin(&self, url: &Url, now: Instant) -> Flight<'_> {
        Flight { lane: self, slot: locked(&self.slots).begin(&url[Position::BeforeHost..Position::AfterPath], now) }
    }

    /// A line has ended.
    pub fn ended(&self, ok: bool) {
        self.ended.fetch_add(1, Ordering::Relaxed);
        self.failed.fetch_add(u64::from(!ok), Ordering::Relaxed);
    }

    /// So much more of a body has come.
    pub fn bytes(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// An attempt in flight.
pub(super) struct Flight<'a> {
    lane: &'a Lane,
    slot: usize,
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        locked(&self.lane.slots).end(self.slot);
    }
}

/// A list through a slab: what is in flight from the first to the last begun, and the free slots from `free`.
#[derive(Debug)]
struct Slots {
    slots: Vec<Slot>,
    count: usize,
    first: usize,
    last: usize,
    free: usize,
}

#[derive(Debug)]
struct Slot {
    name: String,
    since: Instant,
    before: usize,
    /// The next one begun; of a free slot the next free one.
    after: usize,
}

impl Default for Slots {
    fn default() -> Slots {
        Slots { slots: Vec::new(), count: 0, first: NONE, last: NONE, free: NONE }
    }
}

impl Slots {
    fn begin(&mut self, name: &str, since: Instant) -> usize {
        if self.free == NONE {
            self.free = self.slots.len();
            self.slots.push(Slot { name: String::new(), since, before: NONE, after: NONE });
        }
        let (own, last) = (self.free, self.last);
        let slot = &mut self.slots[own];
        self.free = slot.after;
        slot.name.clear();
        slot.name.push_str(&name[..name.floor_char_boundary(MAX_NAME_BYTES)]);
        (slot.since, slot.before, slot.after) = (since, last, NONE);
        match self.slots.get_mut(last) {
            Some(last) => last.after = own,
            None => self.first = own,
        }
        self.last = own;
        self.count += 1;
        own
    }

    fn end(&mut self, own: usize) {
        let Slot { before, after, .. } = self.slots[own];
        match self.slots.get_mut(before) {
            Some(slot) => slot.after = after,
            None => self.first = after,
        }
        match self.slots.get_mut(after) {
            Some(slot) => slot.before = before,
            None => self.last = before,
        }
        self.slots[own].after = self.free;
        self.free = own;
        self.count -= 1;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn url(path: &str) -> Url {
        Url::parse(&format!("https://me:secret@a.example:8443/{path}?q=1#f")).unwrap()
    }

    fn oldest(all: &InFlight) -> Option<String> {
        all.seen().oldest.map(|(name, _)| name)
    }

    #[test]
    fn the_oldest_is_the_first_begun_of_those_that_go_on() {
        let all = InFlight::default();
        let (lane, now) = (all.lane(), Instant::now());
        let begin = |path: &str, ms| lane.begin(&url(path), now + Duration::from_millis(ms));
        let (first, second, third) = (begin("1", 0), begin("2", 1), begin("3", 2));
        assert_eq!((all.seen().in_flight, oldest(&all).as_deref()), (3, Some("a.example:8443/1")));
        drop(second);
        drop(first);
        assert_eq!(oldest(&all).as_deref(), Some("a.example:8443/3"));
        let fourth = begin("4", 3);
        drop(third);
        assert_eq!(oldest(&all).as_deref(), Some("a.example:8443/4"));
        drop(fourth);
        assert_eq!(all.seen(), Seen::default());
    }

    #[test]
    fn any_order_of_ends_leaves_the_others_in_the_order_of_their_starts() {
        let (mut slots, now) = (Slots::default(), Instant::now());
        let mut random = crate::fetch::random::Random::new(5);
        let mut expected: Vec<(usize, String)> = Vec::new();
        for number in 0..10_000 {
            if expected.len() == 40 || (!expected.is_empty() && random.below(2) == 0) {
                let (slot, _) = expected.remove(random.below(expected.len()));
                slots.end(slot);
            } else {
                let name = number.to_string();
                expected.push((slots.begin(&name, now), name));
            }
            let mut found = Vec::new();
            let mut at = slots.first;
            while at != NONE {
                found.push((at, slots.slots[at].name.clone()));
                at = slots.slots[at].after;
            }
            assert_eq!((found.len(), &found), (slots.count, &expected));
        }
        assert!(slots.slots.len() <= 40);
    }

    #[test]
    fn the_lanes_of_several_hubs_are_summed_and_the_oldest_is_that_of_all() {
        let (all, now) = (InFlight::default(), Instant::now());
        let (one, two) = (all.lane(), all.lane());
        let _late = one.begin(&url("late"), now + Duration::from_secs(1));
        let early = two.begin(&url("early"), now);
        one.ended(true);
        two.ended(false);
        one.bytes(10);
        two.bytes(5);
        let expected =
            Seen { in_flight: 2, ended: 2, failed: 1, bytes: 15, oldest: Some(("a.example:8443/early".into(), now)) };
        assert_eq!(all.seen(), expected);
        drop(early);
        assert_eq!(oldest(&all).as_deref(), Some("a.example:8443/late"));
    }

    #[test]
    fn a_long_name_is_cut_and_its_slot_used_again() {
        let all = InFlight::default();
        let lane = all.lane();
        drop(lane.begin(&url(&"x".repeat(100_000)), Instant::now()));
        let _flight = lane.begin(&url(&"y".repeat(1_000)), Instant::now());
        assert_eq!(oldest(&all).map(|name| name.len()), Some(MAX_NAME_BYTES));
        assert_eq!(locked(&lane.slots).slots.len(), 1);
    }
}
