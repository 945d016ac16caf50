//! Owns the look-ups: at most one in flight per name, whoever waits for it, and a bounded number at once.
//!
//! ```text
//!             asked           a worker takes it            answered
//!   lookup ──────────► queued ─────────────────► in flight ─────────► kept, waiters woken
//!                        │ nobody waits any more
//!                        ▼
//!                    forgotten
//! ```
//!
//! A look-up belongs to none of those who wait: a worker (a greenlet of its own) makes it, so that a waiter that is
//! killed or timed out takes nothing from the others. One that has not begun is forgotten with its last waiter: a list
//! of dead names under a short time-out would else queue up faster than they fail.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::IpAddr;
use std::rc::Rc;

use super::cache::{Answer, Cache};
use super::config::{Family, LookUp, ResolverConfig};
use super::error::LookupError;
use crate::green::{self, AsyncResult, Builder, OffloadError, ThreadPool};

/// Threads for names, of all hubs together, started as they are needed: apart from those for files, so that slow names
/// hold up nothing else.
const THREADS: usize = 16;
static POOL: ThreadPool = ThreadPool::new(THREADS);

/// Addresses taken of one name: more are neither tried nor kept.
const MAX_ADDRESSES: usize = 32;

#[derive(Clone)]
pub(super) struct Flights {
    shared: Rc<Shared>,
}

struct Shared {
    look_up: LookUp,
    family: Family,
    cache: RefCell<Cache>,
    /// Queued or in flight.
    flights: RefCell<HashMap<Rc<str>, Rc<Flight>>>,
    /// Those that no worker has taken yet, in the order in which they were asked for.
    queue: RefCell<BTreeMap<u64, Rc<Flight>>>,
    next: Cell<u64>,
    workers: Cell<usize>,
}

struct Flight {
    name: Rc<str>,
    number: u64,
    waiters: Cell<usize>,
    answer: AsyncResult<Answer>,
}

impl Flights {
    pub fn new(config: &ResolverConfig) -> Flights {
        let cache = Cache::new(config.positive_ttl, config.negative_ttl, config.max_entries);
        Flights {
            shared: Rc::new(Shared {
                look_up: config.lookup_with.clone(),
                family: config.family,
                cache: RefCell::new(cache),
                flights: RefCell::default(),
                queue: RefCell::default(),
                next: Cell::new(0),
                workers: Cell::new(0),
            }),
        }
    }

    /// The addresses of `name`, in lower case: those that are kept, or those that a look-up gives. Waits for that.
    pub fn lookup(&self, name: &str) -> Result<Rc<[IpAddr]>, LookupError> {
        let kept = self.shared.cache.borrow_mut().find(name, green::now());
        let answer = match kept {
            Some(answer) => answer,
            None => self.wait_for(name)?,
        };
        answer.map_err(|error| (*error).clone())
    }

    fn wait_for(&self, name: &str) -> Result<Answer, LookupError> {
        let waiting = Waiting::new(&self.shared, self.shared.flight(name));
        Ok(waiting.flight.answer.get()?)
    }
}

impl Shared {
    /// The flight of `name`, queued now if there was none.
    fn flight(self: &Rc<Self>, name: &str) -> Rc<Flight> {
        if let Some(flight) = self.flights.borrow().get(name) {
            return flight.clone();
        }
        let number = self.next.replace(self.next.get() + 1);
        let name: Rc<str> = name.into();
        let flight = Rc::new(Flight { name, number, waiters: Cell::new(0), answer: AsyncResult::new() });
        self.flights.borrow_mut().insert(flight.name.clone(), flight.clone());
        self.queue.borrow_mut().insert(number, flight.clone());
        self.start_worker();
        flight
    }

    /// Called once for each that is queued: a worker ends only when nothing is queued, so that these are enough.
    fn start_worker(self: &Rc<Self>) {
        if self.workers.get() >= THREADS {
            return;
        }
        let worker = Worker::new(self);
        if let Err(error) = Builder::new().name("names").spawn(move || worker.run())
            && self.workers.get() == 0
        {
            self.give_up(&error);
        }
    }

    /// No stack for a worker, and none that runs: all that are queued have failed.
    fn give_up(&self, error: &io::Error) {
        let queued = std::mem::take(&mut *self.queue.borrow_mut());
        for flight in queued.into_values() {
            self.land(&flight, Err(LookupError::temporary(error.to_string())));
        }
    }

    fn land(&self, flight: &Flight, result: Result<Vec<IpAddr>, LookupError>) {
        let answer = result.and_then(sorted_out).map_err(Rc::new);
        self.flights.borrow_mut().remove(&flight.name);
        self.cache.borrow_mut().keep(&flight.name, answer.clone(), green::now());
        // Only one worker has it, so that it cannot be set already.
        let _ = flight.answer.set(answer);
    }
}

/// Each address once, and not too many.
fn sorted_out(addresses: Vec<IpAddr>) -> Result<Rc<[IpAddr]>, LookupError> {
    let mut once: Vec<IpAddr> = Vec::new();
    for address in addresses {
        if once.len() < MAX_ADDRESSES && !once.contains(&address) {
            once.push(address);
        }
    }
    if once.is_empty() { Err(LookupError::not_found("the name has no address")) } else { Ok(once.into()) }
}

/// One who waits for a flight, however that wait ends.
struct Waiting<'a> {
    shared: &'a Shared,
    flight: Rc<Flight>,
}

impl Waiting<'_> {
    fn new(shared: &Shared, flight: Rc<Flight>) -> Waiting<'_> {
        flight.waiters.set(flight.waiters.get() + 1);
        Waiting { shared, flight }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let Waiting { shared, flight } = self;
        flight.waiters.set(flight.waiters.get() - 1);
        let forgotten = flight.waiters.get() == 0 && shared.queue.borrow_mut().remove(&flight.number).is_some();
        if forgotten {
            shared.flights.borrow_mut().remove(&flight.name);
        }
    }
}

/// Looks up what is queued, one name after the other.
struct Worker {
    shared: Rc<Shared>,
}

impl Worker {
    fn new(shared: &Rc<Shared>) -> Worker {
        shared.workers.set(shared.workers.get() + 1);
        Worker { shared: shared.clone() }
    }

    fn run(&self) {
        while let Some(flying) = Flying::take(&self.shared) {
            flying.go();
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.shared.workers.set(self.shared.workers.get() - 1);
    }
}

/// A flight that a worker has taken: it lands, also when the worker is killed.
struct Flying<'a> {
    shared: &'a Shared,
    flight: Rc<Flight>,
}

impl Flying<'_> {
    fn take(shared: &Shared) -> Option<Flying<'_>> {
        let (_, flight) = shared.queue.borrow_mut().pop_first()?;
        Some(Flying { shared, flight })
    }

    fn go(self) {
        let (look_up, family) = (self.shared.look_up.clone(), self.shared.family);
        let name: Box<str> = (&*self.flight.name).into();
        let result = POOL.run(move || look_up(&name, family)).unwrap_or_else(|error| Err(not_made(&error)));
        self.shared.land(&self.flight, result);
    }
}

impl Drop for Flying<'_> {
    fn drop(&mut self) {
        if !self.flight.answer.is_set() {
            self.shared.land(&self.flight, Err(LookupError::temporary("the look-up was cut off".to_owned())));
        }
    }
}

fn not_made(error: &OffloadError) -> LookupError {
    LookupError::temporary(error.to_string())
}
