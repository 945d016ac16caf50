//! How many retries the lines of one origin get together, so that a server that is down is not sent a multiple of the load.
//!
//! As in Finagle and gRPC a retry is paid for. An origin begins with [`RESERVE`] retries and never saves up more; each
//! costs one; each line that is answered earns one, and so does every [`EARNS_EVERY`]. So of a list whose server is down
//! hardly more requests go out than it has lines, and while a server answers at all it gets at most twice of them.
//!
//! Finagle earns a fifth of a retry for an answer. Here it is a whole one: a person has said how often each line is to be
//! tried, and a server that answers half of the time shall answer all of them in the end.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// As long as no more lines of an origin than these have needed a retry, none pays: theirs, each after a back-off of its
/// own, are no load, and a single URL is tried as often as curl would.
pub const FREE_LINES: u32 = 10;

/// What an origin has at first, and at most.
pub const RESERVE: u32 = 100;

/// One more in each of these: Finagle's ten a second.
pub const EARNS_EVERY: Duration = Duration::from_millis(100);

/// One origin's account.
#[derive(Debug)]
pub struct RetryBudget {
    lines: Cell<u32>,
    retries: Cell<u32>,
    /// Since when it has earned nothing by time; none while it is full.
    earning_since: Cell<Option<Instant>>,
}

impl RetryBudget {
    /// A full one, that no line has drawn on.
    pub const fn new() -> RetryBudget {
        RetryBudget { lines: Cell::new(0), retries: Cell::new(RESERVE), earning_since: Cell::new(None) }
    }

    /// A line needs its first retry.
    pub fn count_line(&self) {
        self.lines.set(self.lines.get().saturating_add(1));
    }

    /// A line has been answered, and needs no retry.
    pub fn earn(&self) {
        self.retries.set((self.retries.get() + 1).min(RESERVE));
    }

    /// Takes one retry at `now`, if there is one.
    pub fn take(&self, now: Instant) -> bool {
        if self.lines.get() <= FREE_LINES {
            return true;
        }
        self.earn_by_time(now);
        let Some(left) = self.retries.get().checked_sub(1) else { return false };
        self.retries.set(left);
        if self.earning_since.get().is_none() {
            self.earning_since.set(Some(now));
        }
        true
    }

    /// Whether it has been drawn on, and has not been filled again by `now`.
    pub fn is_short(&self, now: Instant) -> bool {
        self.earn_by_time(now);
        self.retries.get() < RESERVE
    }

    fn earn_by_time(&self, now: Instant) {
        let Some(since) = self.earning_since.get() else { return };
        let periods = now.saturating_duration_since(since).as_millis() / EARNS_EVERY.as_millis();
        let earned = u32::try_from(periods).unwrap_or(u32::MAX);
        self.retries.set(self.retries.get().saturating_add(earned).min(RESERVE));
        let is_full = self.retries.get() == RESERVE;
        self.earning_since.set((!is_full).then(|| since + EARNS_EVERY * earned));
    }
}

impl Default for RetryBudget {
    fn default() -> RetryBudget {
        RetryBudget::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a list of many lines has, at the moment it is told.
    fn of_many() -> (RetryBudget, Instant) {
        let budget = RetryBudget::new();
        (0..=FREE_LINES).for_each(|_| budget.count_line());
        (budget, Instant::now())
    }

    fn takes(budget: &RetryBudget, now: Instant) -> u32 {
        (0..10_000).filter(|_| budget.take(now)).count() as u32
    }

    #[test]
    fn few_lines_pay_nothing() {
        let (budget, now) = (RetryBudget::new(), Instant::now());
        (0..FREE_LINES).for_each(|_| budget.count_line());
        assert_eq!(takes(&budget, now), 10_000);
        budget.count_line();
        assert_eq!(takes(&budget, now), RESERVE, "what was free is not counted afterwards");
    }

    #[test]
    fn who_answers_nothing_gets_the_reserve_and_ten_a_second() {
        let (budget, now) = of_many();
        assert_eq!(takes(&budget, now), RESERVE);
        assert_eq!(takes(&budget, now + Duration::from_millis(99)), 0);
        assert_eq!(takes(&budget, now + Duration::from_millis(250)), 2);
        assert_eq!(takes(&budget, now + Duration::from_millis(299)), 0);
        assert_eq!(takes(&budget, now + Duration::from_millis(300)), 1, "no part of a tenth is lost");
        assert_eq!(takes(&budget, now + Duration::from_secs(3600)), RESERVE, "no more than that is saved up");
    }

    #[test]
    fn each_answer_earns_one() {
        let (budget, now) = of_many();
        budget.earn();
        assert_eq!(takes(&budget, now), RESERVE);
        (0..7).for_each(|_| budget.earn());
        assert_eq!(takes(&budget, now), 7);
    }

    #[test]
    fn it_is_short_until_it_is_full_again() {
        let (budget, now) = of_many();
        assert!(!budget.is_short(now));
        budget.take(now);
        assert!(budget.is_short(now + Duration::from_millis(99)));
        assert!(!budget.is_short(now + EARNS_EVERY));
        budget.take(now + EARNS_EVERY);
        budget.earn();
        assert!(!budget.is_short(now + EARNS_EVERY));
        assert!(budget.take(now), "a clock that was read earlier harms nothing");
    }
}
