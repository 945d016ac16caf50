//! Who may start now: permits per origin and in all, the rate, origins that asked for a pause or were given up.
//!
//! A line takes its origin's permit first and one of the run's second, so that whoever waits for a busy or held-back origin
//! holds nothing that others need. Where the origin has a rate of its own one line at a time does all this.
//!
//! ```text
//!   origin's permit ──► not held back ──► one of -j ──► its moment by --rate ──► start
//!                             ▲               │                  │
//!                             └─── held back meanwhile: gives -j back ───┘
//! ```

mod breaker;
mod host_rate;
mod idle_at;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::mem;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::ahead::Ready;
use super::plan::{Hosts, Plan, Rate};
use super::retry::RetryBudget;
use super::summary::{Cause, Held, HostHeld};
use crate::green::{self, Interrupt, Permit, Semaphore};
use crate::http::origin::{Origin, OriginHasher};
use crate::http::proxy::{Proxy, ProxyRules};
use breaker::{Breaker, Hop};
pub(super) use breaker::{Connect, Reach};
use host_rate::HostRate;
use idle_at::IdleAt;

/// Origins remembered before those without anything to remember are forgotten.
const MAX_QUIET_ORIGINS: usize = 4096;

pub(super) struct Permits {
    jobs: Semaphore,
    per_host: Option<usize>,
    /// What some origins have in place of that, and their own rates.
    hosts: Hosts,
    rate: Option<Rate>,
    next_start: Cell<Option<Instant>>,
    give_up_after: u32,
    /// Who stands before which origin.
    proxies: ProxyRules,
    /// What is known of each of them.
    hops: Vec<Arc<Hop>>,
    /// The waits that each of [`hosts`](Permits::hosts) caused.
    by_hosts: RefCell<Vec<Held>>,
    origins: RefCell<HashMap<Origin, Rc<OriginState>, OriginHasher>>,
    /// When so many are known, the quiet ones are forgotten.
    forget_at: Cell<usize>,
}

/// What all lines to one origin share.
pub(super) struct OriginState {
    permits: Option<Semaphore>,
    own: Own,
    /// How often it may be started to, where that is said of it.
    rate: Option<HostRate>,
    held_until: Cell<Option<Instant>>,
    reach: Arc<Reach>,
    retries: RetryBudget,
    /// Which hubs have idle connections to it.
    pub idle_at: IdleAt,
}

/// Whose settings hold for an origin in place of the run's, by their places.
#[derive(Clone, Copy)]
struct Own {
    per_host: Option<usize>,
    rate: Option<usize>,
}

/// The right to talk to an origin; dropping it lets the next in.
pub(super) struct Pass {
    state: Rc<OriginState>,
    _origin: Option<Permit>,
    _job: Permit,
}

impl Pass {
    /// How the origin can be reached.
    pub fn reach(&self) -> &Arc<Reach> {
        &self.state.reach
    }

    /// What is known of the origin.
    pub fn state(&self) -> &Rc<OriginState> {
        &self.state
    }
}

/// How long a start was held up, by what.
pub(super) type Waited = (Cause, Duration);

/// Why a start is not to be.
#[derive(Debug)]
pub(super) enum Refused {
    Interrupted,
    /// The host, or the proxy before it, could not be connected to so often that it is left alone.
    GivenUp(Option<Arc<Proxy>>),
}

impl From<Interrupt> for Refused {
    fn from(_: Interrupt) -> Refused {
        Refused::Interrupted
    }
}

impl Permits {
    pub fn new(plan: &Plan) -> Permits {
        let routes = &plan.connect.routes;
        // A Unix socket stands in the place of every proxy.
        let proxies = if routes.unix_socket.is_some() { ProxyRules::default() } else { routes.proxies.clone() };
        let hop = |proxy: &Arc<Proxy>| Arc::new(Hop { proxy: proxy.clone(), breaker: Breaker::default() });
        let hops = [&proxies.http, &proxies.https, &proxies.all].into_iter().flatten().map(hop).collect();
        Permits {
            jobs: Semaphore::new(if plan.serial { 1 } else { plan.jobs }),
            per_host: plan.per_host.map(usize::from),
            hosts: plan.hosts.clone(),
            by_hosts: RefCell::new(vec![Held::default(); plan.hosts.iter().len()]),
            rate: plan.rate,
            next_start: Cell::new(None),
            give_up_after: plan.give_up_host,
            proxies,
            hops,
            origins: RefCell::default(),
            forget_at: Cell::new(MAX_QUIET_ORIGINS),
        }
    }

    /// Everything that a start needs if all of it is there now, which is the rule: no clock is read, nothing waits.
    pub fn try_acquire(&self, origin: &Origin) -> Option<Pass> {
        if self.rate.is_some() {
            return None;
        }
        let state = self.state(origin);
        if state.held_until.get().is_some() || state.rate.is_some() || state.reach.is_given_up() {
            return None;
        }
        let own = match &state.permits {
            Some(permits) => Some(permits.try_acquire()?),
            None => None,
        };
        Some(Pass { _job: self.jobs.try_acquire()?, _origin: own, state })
    }

    /// Waits for everything that a start needs; `tell` hears of each wait. One that `may_skip` is refused where the host
    /// has been given up, as soon as that is known: it takes no place and no moment from others. `ready` counts
    /// while the line waits for one of the run's permits and for nothing else.
    pub fn acquire(
        &self,
        origin: &Origin,
        may_skip: bool,
        ready: Option<&Ready>,
        mut tell: impl FnMut(Waited),
    ) -> Result<Pass, Refused> {
        let state = self.state(origin);
        let own = state.own;
        let tell = |waited| {
            self.note(own, waited);
            tell(waited);
        };
        let counts = |counts| match (ready, counts) {
            (Some(ready), true) => ready.counts_again(),
            (Some(ready), false) => ready.counts_no_more(),
            (None, _) => {}
        };
        let mut laps = Laps { last: green::now(), head_of: None, tell };
        let own_rate = match &state.rate {
            Some(rate) => {
                counts(false);
                let turn = rate.take_turn(&mut laps.tell)?;
                laps = Laps { last: green::now(), head_of: Some(rate), ..laps };
                Some((rate, turn))
            }
            None => None,
        };
        let own = match &state.permits {
            Some(permits) => {
                counts(permits.free() > 0);
                Some(permits.acquire()?)
            }
            None => None,
        };
        laps.end(Cause::PerHost);
        loop {
            if may_skip {
                state.check_given_up()?;
            }
            loop {
                let held = state.hold_left().map(|pause| (Cause::Origin, pause));
                let by_rate = || Some((Cause::HostRate, own_rate.as_ref()?.0.left()?));
                let Some((cause, pause)) = held.or_else(by_rate) else { break };
                counts(false);
                green::sleep(pause)?;
                laps.end(cause);
            }
            counts(true);
            let job = self.jobs.acquire()?;
            counts(false);
            laps.end(Cause::Jobs);
            // Either may have come while this waited; a moment booked by --rate would be lost to the others.
            if state.hold_left().is_some() || (may_skip && state.check_given_up().is_err()) {
                continue;
            }
            self.wait_for_rate()?;
            laps.end(Cause::Rate);
            if state.hold_left().is_some() {
                continue;
            }
            if may_skip {
                state.check_given_up()?;
                state.reach.probe();
            }
            own_rate.iter().for_each(|(rate, _)| rate.starts());
            return Ok(Pass { state, _origin: own, _job: job });
        }
    }

    /// Notes a wait for what somebody's own settings say.
    fn note(&self, own: Own, (cause, waited): Waited) {
        let place = match cause {
            Cause::PerHost => own.per_host,
            Cause::HostRate => own.rate,
            Cause::Jobs | Cause::Rate | Cause::Origin => None,
        };
        if let Some(place) = place {
            self.by_hosts.borrow_mut()[place].add(cause, waited);
        }
    }

    /// The hosts with settings of their own, and the waits that these caused.
    pub fn by_hosts(&self) -> Vec<HostHeld> {
        let by_hosts = self.by_hosts.borrow();
        let hosts = self.hosts.iter().zip(&*by_hosts);
        hosts.map(|((pattern, plan), held)| HostHeld::of(pattern, plan, *held)).collect()
    }

    /// Starts are evenly spaced: each books the next moment before it waits for its own.
    fn wait_for_rate(&self) -> Result<(), Interrupt> {
        let Some(rate) = self.rate else { return Ok(()) };
        let now = green::now();
        let start = self.next_start.get().map_or(now, |next| next.max(now));
        self.next_start.set(start.checked_add(rate.spacing()));
        let wait = start.saturating_duration_since(now);
        if wait.is_zero() { Ok(()) } else { green::sleep(wait) }
    }

    /// The way to `origin` for whoever is led there by a redirect, or asks there once more. Both permits are given back before
    /// the next origin's are waited for: else two full hosts deadlock.
    pub fn follow(&self, pass: Pass, origin: &Origin, crosses: bool) -> Result<Pass, Refused> {
        if !crosses && pass.state.rate.is_none() && !self.is_held(&pass) {
            self.wait_for_rate()?;
            return Ok(pass);
        }
        drop(pass);
        self.try_acquire(origin).map_or_else(|| self.acquire(origin, false, None, |_| ()), Ok)
    }

    /// Lets nobody start to `origin` for `pause`: it asked for that.
    pub fn hold(&self, origin: &Origin, pause: Duration) {
        let state = self.state(origin);
        let until = green::now().checked_add(pause);
        state.held_until.set(state.held_until.get().max(until));
    }

    /// Whether the origin of `pass` has asked for a pause since that was given.
    fn is_held(&self, pass: &Pass) -> bool {
        pass.state.held_until.get().is_some() && pass.state.hold_left().is_some()
    }

    /// What the lines to `origin` may spend on retries together.
    pub fn with_retries<T>(&self, origin: &Origin, f: impl FnOnce(&RetryBudget) -> T) -> T {
        f(&self.state(origin).retries)
    }

    fn state(&self, origin: &Origin) -> Rc<OriginState> {
        let mut origins = self.origins.borrow_mut();
        if let Some(state) = origins.get(origin) {
            return state.clone();
        }
        if origins.len() >= self.forget_at.get() {
            let now = green::now();
            origins.retain(|_, state| state.matters(now));
            // Where most of them matter, looking again at each new one would cost the square of their number.
            self.forget_at.set((2 * origins.len()).max(MAX_QUIET_ORIGINS));
        }
        let own = self.hosts.who_says(origin, |host| host.per_host);
        let per_host = own.map_or(self.per_host, |(_, own)| own.map(usize::from));
        let rate = self.hosts.who_says(origin, |host| host.rate);
        let state = Rc::new(OriginState {
            permits: per_host.map(Semaphore::new),
            own: Own { per_host: own.map(|(place, _)| place), rate: rate.map(|(place, _)| place) },
            rate: rate.map(|(_, rate)| HostRate::new(rate)),
            held_until: Cell::new(None),
            reach: Arc::new(Reach {
                breaker: Breaker::default(),
                hop: self.hop(origin),
                give_up_after: self.give_up_after,
            }),
            retries: RetryBudget::new(),
            idle_at: IdleAt::default(),
        });
        origins.insert(origin.clone(), state.clone());
        state
    }

    fn hop(&self, origin: &Origin) -> Option<Arc<Hop>> {
        let proxy = self.proxies.proxy_for(origin)?;
        self.hops.iter().find(|hop| hop.proxy == *proxy).cloned()
    }
}

impl OriginState {
    /// What is left of the pause it asked for.
    fn hold_left(&self) -> Option<Duration> {
        let left = self.held_until.get()?.saturating_duration_since(green::now());
        if left.is_zero() {
            self.held_until.set(None);
        }
        Some(left).filter(|left| !left.is_zero())
    }

    /// Refuses where the host or its proxy was given up, and it is not time yet to try it again.
    fn check_given_up(&self) -> Result<(), Refused> {
        match &self.reach.hop {
            Some(hop) if hop.breaker.is_left_alone() => Err(Refused::GivenUp(Some(hop.proxy.clone()))),
            _ if self.reach.breaker.is_left_alone() => Err(Refused::GivenUp(None)),
            _ => Ok(()),
        }
    }

    /// Whether forgetting this would change what happens soon: somebody uses or waits for its permits, it asked for a
    /// pause, its retries are short, or nobody may try it yet. A few failures may be forgotten: else a list of dead hosts
    /// would fill the memory.
    fn matters(self: &Rc<Self>, now: Instant) -> bool {
        Rc::strong_count(self) > 1
            || self.held_until.get().is_some_and(|until| until > now)
            || self.rate.as_ref().is_some_and(|rate| rate.next.get().is_some_and(|next| next > now))
            || self.reach.breaker.is_left_alone_at(now)
            || self.retries.is_short(now)
    }
}

/// The waits of a start, told as each of them ends.
struct Laps<'a, F> {
    last: Instant,
    /// Others wait for what this one waits for.
    head_of: Option<&'a HostRate>,
    tell: F,
}

impl<F: FnMut(Waited)> Laps<'_, F> {
    /// What was waited for since the last end.
    fn end(&mut self, cause: Cause) {
        let now = green::now();
        let waited = now.saturating_duration_since(mem::replace(&mut self.last, now));
        if !waited.is_zero() {
            self.head_of.iter().for_each(|rate| rate.note_head(cause, waited));
            (self.tell)((cause, waited));
        }
    }
}

#[cfg(test)]
#[path = "permits_tests.rs"]
mod tests;
