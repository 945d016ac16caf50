//! Owns the answers that are kept: each for its time, the oldest going first when there are too many.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::error::LookupError;

/// What a look-up said, shared by all that asked.
pub(super) type Answer = Result<Rc<[IpAddr]>, Rc<LookupError>>;

pub(super) struct Cache {
    positive_ttl: Duration,
    negative_ttl: Duration,
    most: usize,
    entries: HashMap<Rc<str>, Entry>,
    /// The names by age, for throwing out.
    order: BTreeMap<u64, Rc<str>>,
    next: u64,
}

struct Entry {
    answer: Answer,
    since: Instant,
    number: u64,
}

impl Cache {
    pub fn new(positive_ttl: Duration, negative_ttl: Duration, most: usize) -> Cache {
        let (entries, order) = (HashMap::new(), BTreeMap::new());
        Cache { positive_ttl, negative_ttl, most, entries, order, next: 0 }
    }

    /// The answer for `name`, if it is still good.
    pub fn find(&mut self, name: &str, now: Instant) -> Option<Answer> {
        let entry = self.entries.get(name)?;
        if now.saturating_duration_since(entry.since) < self.ttl(&entry.answer) {
            return Some(entry.answer.clone());
        }
        self.remove(name);
        None
    }

    pub fn keep(&mut self, name: &Rc<str>, answer: Answer, now: Instant) {
        self.remove(name);
        if self.most == 0 || self.ttl(&answer).is_zero() {
            return;
        }
        if self.entries.len() >= self.most
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.entries.remove(&oldest);
        }
        self.order.insert(self.next, name.clone());
        self.entries.insert(name.clone(), Entry { answer, since: now, number: self.next });
        self.next += 1;
    }

    fn remove(&mut self, name: &str) {
        if let Some(entry) = self.entries.remove(name) {
            self.order.remove(&entry.number);
        }
    }

    fn ttl(&self, answer: &Answer) -> Duration {
        match answer {
            Ok(_) => self.positive_ttl,
            Err(error) if error.is_about_the_name() => self.negative_ttl,
            Err(_) => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn answer() -> Answer {
        Ok(Rc::new([[192, 0, 2, 1].into()]))
    }

    fn keep(cache: &mut Cache, name: &str, now: Instant) {
        cache.keep(&Rc::from(name), answer(), now);
    }

    #[test]
    fn an_answer_is_good_until_its_time_is_over() {
        let (mut cache, now) = (Cache::new(SECOND * 60, SECOND, 10), Instant::now());
        keep(&mut cache, "a", now);
        assert!(cache.find("a", now + SECOND * 59).is_some());
        assert!(cache.find("a", now + SECOND * 60).is_none());
        assert!(cache.entries.is_empty() && cache.order.is_empty());
    }

    #[test]
    fn the_oldest_goes_first_and_renewing_makes_young() {
        let (mut cache, now) = (Cache::new(SECOND, SECOND, 2), Instant::now());
        for name in ["a", "b", "a", "c"] {
            keep(&mut cache, name, now);
        }
        assert!(cache.find("b", now).is_none());
        assert!(cache.find("a", now).is_some() && cache.find("c", now).is_some());
        assert_eq!((cache.entries.len(), cache.order.len()), (2, 2));
    }

    #[test]
    fn it_never_grows_beyond_its_bound() {
        let (mut cache, now) = (Cache::new(SECOND, SECOND, 100), Instant::now());
        for n in 0..10_000 {
            keep(&mut cache, &format!("host-{}", n % 777), now);
            assert!(cache.entries.len() <= 100 && cache.order.len() == cache.entries.len());
        }
    }

    #[test]
    fn no_time_or_no_room_keeps_nothing() {
        let now = Instant::now();
        for mut cache in [Cache::new(Duration::ZERO, SECOND, 10), Cache::new(SECOND, SECOND, 0)] {
            keep(&mut cache, "a", now);
            assert!(cache.find("a", now).is_none());
        }
    }
}
