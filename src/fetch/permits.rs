//! Who may start now: permits per origin and in all, the rate, origins that asked for a pause or were given up.
//!
//! A line takes its origin's permit first and one of the run's second, so that whoever waits for a busy or held-back origin
//! holds nothing that others need.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::ahead::Ready;
use super::plan::{Plan, Rate};
use super::summary::Cause;
use crate::green::{self, Interrupt, Permit, Semaphore};
use crate::http::origin::Origin;

/// Origins remembered before those without anything to remember are forgotten.
const MAX_QUIET_ORIGINS: usize = 4096;
/// A given-up host is tried by one line in so long.
const PROBE_EVERY: Duration = Duration::from_secs(60);

pub(super) struct Permits {
    jobs: Semaphore,
    per_host: Option<usize>,
    rate: Option<Rate>,
    next_start: Cell<Option<Instant>>,
    give_up_after: u32,
    origins: RefCell<HashMap<Origin, Rc<OriginState>>>,
}

/// What all lines to one origin share.
struct OriginState {
    permits: Option<Semaphore>,
    held_until: Cell<Option<Instant>>,
    /// Connect failures since the last connection.
    failures: Cell<u32>,
    last_probe: Cell<Option<Instant>>,
}

/// The right to talk to an origin; dropping it lets the next in.
pub(super) struct Pass {
    _state: Rc<OriginState>,
    _origin: Option<Permit>,
    _job: Permit,
}

/// How long a start was held up, by what.
pub(super) type Waited = (Cause, Duration);

impl Permits {
    pub fn new(plan: &Plan) -> Permits {
        Permits {
            jobs: Semaphore::new(if plan.serial { 1 } else { plan.jobs }),
            per_host: plan.per_host.map(usize::from),
            rate: plan.rate,
            next_start: Cell::new(None),
            give_up_after: plan.give_up_host,
            origins: RefCell::default(),
        }
    }

    /// Waits for everything that a start needs. `tell` hears of each wait; `ready` counts while the line waits for one of
    /// the run's permits and for nothing else.
    pub fn acquire(
        &self,
        origin: &Origin,
        ready: Option<&Ready>,
        mut tell: impl FnMut(Waited),
    ) -> Result<Pass, Interrupt> {
        let state = self.state(origin);
        let waits_for_origin = |waits| match (ready, waits) {
            (Some(ready), true) => ready.counts_no_more(),
            (Some(ready), false) => ready.counts_again(),
            (None, _) => {}
        };
        let mut last = green::now();
        let mut lap = |cause| {
            let now = green::now();
            let waited = now.saturating_duration_since(std::mem::replace(&mut last, now));
            tell((cause, waited));
        };
        let own = match &state.permits {
            Some(permits) => {
                waits_for_origin(permits.free() == 0);
                Some(permits.acquire()?)
            }
            None => None,
        };
        lap(Cause::PerHost);
        while let Some(until) = state.held_until.get().filter(|until| *until > green::now()) {
            waits_for_origin(true);
            green::sleep(until.saturating_duration_since(green::now()))?;
        }
        lap(Cause::Origin);
        waits_for_origin(false);
        let job = self.jobs.acquire()?;
        lap(Cause::Jobs);
        self.wait_for_rate()?;
        lap(Cause::Rate);
        ready.inspect(|ready| ready.counts_no_more());
        Ok(Pass { _state: state, _origin: own, _job: job })
    }

    /// Starts are evenly spaced: each books the next moment before it waits for its own.
    pub fn wait_for_rate(&self) -> Result<(), Interrupt> {
        let Some(rate) = self.rate else { return Ok(()) };
        let now = green::now();
        let start = self.next_start.get().map_or(now, |next| next.max(now));
        self.next_start.set(start.checked_add(rate.spacing()));
        let wait = start.saturating_duration_since(now);
        if wait.is_zero() { Ok(()) } else { green::sleep(wait) }
    }

    /// Lets nobody start to `origin` for `pause`: it asked for that.
    pub fn hold(&self, origin: &Origin, pause: Duration) {
        let state = self.state(origin);
        let until = green::now().checked_add(pause);
        state.held_until.set(state.held_until.get().max(until));
    }

    /// Remembers whether a connection could be made.
    pub fn note_connect(&self, origin: &Origin, failed: bool) {
        let known = self.origins.borrow().get(origin).cloned();
        if let Some(state) = known {
            state.failures.set(if failed { state.failures.get().saturating_add(1) } else { 0 });
        }
    }

    /// Whether the host has been given up: too many connect failures in a row, and this line is not the probe.
    pub fn is_given_up(&self, origin: &Origin) -> bool {
        let Some(state) = self.origins.borrow().get(origin).cloned() else { return false };
        if self.give_up_after == 0 || state.failures.get() < self.give_up_after {
            return false;
        }
        let now = green::now();
        let last_probe = state.last_probe.get().unwrap_or(now);
        let probe = now.saturating_duration_since(last_probe) >= PROBE_EVERY;
        state.last_probe.set(Some(if probe { now } else { last_probe }));
        !probe
    }

    fn state(&self, origin: &Origin) -> Rc<OriginState> {
        let mut origins = self.origins.borrow_mut();
        if let Some(state) = origins.get(origin) {
            return state.clone();
        }
        if origins.len() >= MAX_QUIET_ORIGINS {
            let now = green::now();
            origins.retain(|_, state| state.matters(now));
        }
        let state = Rc::new(OriginState {
            permits: self.per_host.map(Semaphore::new),
            held_until: Cell::new(None),
            failures: Cell::new(0),
            last_probe: Cell::new(None),
        });
        origins.insert(origin.clone(), state.clone());
        state
    }
}

impl OriginState {
    /// Whether forgetting this would change anything: somebody uses or waits for its permits, or it has a past.
    fn matters(self: &Rc<Self>, now: Instant) -> bool {
        Rc::strong_count(self) > 1 || self.failures.get() > 0 || self.held_until.get().is_some_and(|until| until > now)
    }
}
