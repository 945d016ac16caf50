//! One story's world: what its greenlets share, and what each of their steps may be.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use gfetch::green::{
    self, Alarm, AsyncResult, Event, Greenlet, Group, Pool, Queue, Semaphore, shield, sleep, timeout, yield_now,
};

use crate::books::{Alive, Books, Item, Random, count};
use crate::outside::Outside;

pub const PERMITS: usize = 3;
pub const PLACES: usize = 2;

/// What all greenlets of a story share.
#[derive(Clone)]
pub struct World {
    pub random: Random,
    pub trace: Rc<RefCell<Vec<String>>>,
    /// Pauses and limits are up to four of these.
    unit: Duration,
    queue: Queue<Item>,
    permits: Semaphore,
    holding: Rc<Cell<usize>>,
    lock: Semaphore,
    locked: Rc<Cell<bool>>,
    event: Event,
    pub alarm: Alarm,
    group: Group,
    pool: Pool,
    pub books: Rc<Books>,
    /// Threads and sockets, where the story may have them: what they do is in no seed.
    pub outside: Option<Outside>,
}

impl World {
    pub fn new(seed: u64, unit: Duration) -> World {
        World {
            random: Random::new(seed),
            trace: Rc::default(),
            unit,
            queue: Queue::bounded(2),
            permits: Semaphore::new(PERMITS),
            holding: Rc::default(),
            lock: Semaphore::new(1),
            locked: Rc::default(),
            event: Event::new(),
            alarm: Alarm::new(),
            group: Group::new(),
            pool: Pool::new(PLACES),
            books: Rc::default(),
            outside: None,
        }
    }

    pub fn pause(&self) -> Duration {
        self.unit * self.random.below(5) as u32
    }

    fn say(&self, what: &str) {
        let line = format!("{} {what}", green::current().name());
        self.trace.borrow_mut().push(line);
    }

    pub fn spawn(&self, depth: u64) -> Greenlet<()> {
        green::spawn(self.life(depth))
    }

    /// What a greenlet does: a few steps, counted from its spawn to the end of its unwinding.
    fn life(&self, depth: u64) -> impl FnOnce() + 'static {
        let (world, alive) = (self.clone(), Alive::new(&self.books));
        move || {
            let _alive = alive;
            for _ in 0..1 + world.random.below(4) {
                world.step(depth);
            }
        }
    }

    /// One thing that may happen, chosen at random; two of three under a time-out.
    fn step(&self, depth: u64) {
        let limit = self.pause();
        match self.random.below(3) {
            0 => {
                let ended = timeout(limit, || if self.act(depth) { Ok(()) } else { Err(()) });
                self.say(if ended.is_ok() { "in time" } else { "timed out" });
            }
            1 => drop(self.alarm.guard(|| if self.act(depth) { Ok(()) } else { Err(()) })),
            _ => drop(self.act(depth)),
        }
    }

    /// True if it completed.
    fn act(&self, depth: u64) -> bool {
        match self.random.below(14) {
            0 => sleep(self.pause()).is_ok(),
            1 | 2 => self.put(),
            3 | 4 => self.get(),
            5 => self.hold(),
            6 => self.lock(),
            7 => {
                let woken = self.event.wait_timeout(self.pause());
                self.say(&format!("event {woken:?}"));
                woken.is_ok()
            }
            8 => {
                self.event.set();
                self.event.clear();
                true
            }
            9 => self.promise(),
            10 if depth > 0 => self.meddle(depth),
            11 if depth > 0 => self.gather(depth),
            12 if depth > 0 => self.pool(depth),
            13 if self.outside.is_some() => self.outside.as_ref().is_some_and(|outside| outside.act(self)),
            _ => shield(self.unit * 3, || sleep(self.pause())).is_ok(),
        }
    }

    fn put(&self) -> bool {
        let number = self.books.made.get();
        count(&self.books.made);
        let item = Item { number, books: self.books.clone(), consumed: false };
        let put = self.queue.put_timeout(item, self.pause());
        if put.is_ok() {
            self.books.accepted.borrow_mut().insert(number);
        }
        self.say(&format!("put {number} {}", put.is_ok()));
        put.is_ok()
    }

    fn get(&self) -> bool {
        let Ok(got) = self.queue.get_timeout(self.pause()) else { return false };
        let got = got.map(Item::consume);
        self.say(&format!("got {got:?}"));
        true
    }

    fn hold(&self) -> bool {
        let Ok(Some(_permit)) = self.permits.acquire_timeout(self.pause()) else { return false };
        self.holding.set(self.holding.get() + 1);
        let _holding = AtEnd(|| self.holding.set(self.holding.get() - 1));
        assert!(self.holding.get() <= PERMITS, "a permit too many");
        self.say("holds");
        sleep(self.pause()).is_ok()
    }

    fn lock(&self) -> bool {
        let Ok(Some(_permit)) = self.lock.acquire_timeout(self.pause()) else { return false };
        assert!(!self.locked.replace(true), "two in the lock");
        let _locked = AtEnd(|| self.locked.set(false));
        self.say("locked");
        match self.random.one_in(2) {
            true => yield_now().is_ok(),
            false => sleep(self.pause()).is_ok(),
        }
    }

    /// A result that another greenlet sets, or does not live to set.
    fn promise(&self) -> bool {
        let result = AsyncResult::new();
        let (world, setting, alive) = (self.clone(), result.clone(), Alive::new(&self.books));
        let setter = green::spawn(move || {
            let _alive = alive;
            if sleep(world.pause()).is_ok() {
                assert_eq!(setting.set(7), Ok(()), "nobody else sets it");
            }
        });
        if self.random.one_in(3) {
            setter.kill_nowait();
        }
        let got = result.get_timeout(self.pause());
        self.say(&format!("promised {got:?}"));
        assert!(matches!(got, Err(_) | Ok(None | Some(7))));
        got.is_ok()
    }

    /// Spawns a greenlet, and kills it, joins it or lets it go.
    fn meddle(&self, depth: u64) -> bool {
        let child = self.spawn(depth - 1);
        let waited = sleep(self.pause()).is_ok();
        match self.random.below(4) {
            0 => child.kill_nowait(),
            1 => return child.kill().is_ok(),
            2 => return child.join_timeout(self.pause()).is_ok(),
            _ => {}
        }
        waited
    }

    /// Members for the group, and sometimes the end of all of them: this greenlet may be one.
    fn gather(&self, depth: u64) -> bool {
        let members: Vec<_> = (0..1 + self.random.below(3)).map(|_| self.group.spawn(self.life(depth - 1))).collect();
        match self.random.below(6) {
            0 => self.group.kill_nowait(),
            1 => return self.group.join_timeout(self.pause()).is_ok(),
            2 => return timeout(self.pause(), || self.group.kill()).is_ok(),
            3 => members.iter().for_each(|member| self.group.discard(member)),
            4 => return green::join_all(&members).is_ok(),
            _ => {}
        }
        true
    }

    /// The pool, filled, refused by, or read from only in part.
    fn pool(&self, depth: u64) -> bool {
        match self.random.below(4) {
            0 => timeout(self.pause(), || self.pool.spawn(self.life(depth - 1))).is_ok(),
            1 => self.pool.try_spawn(self.life(depth - 1)).is_ok(),
            2 => timeout(self.pause(), || self.pool.kill()).is_ok(),
            _ => self.map_in_part(),
        }
    }

    fn map_in_part(&self) -> bool {
        let (world, alive) = (self.clone(), Rc::new(Alive::new(&self.books)));
        let job = move |n: u64| {
            let _alive = alive.clone();
            // A failing item: without the panic's text, which nobody wants to see a thousand times.
            if sleep(world.pause()).is_err() || world.random.one_in(5) {
                std::panic::resume_unwind(Box::new("a job that fails"));
            }
            n
        };
        let items = 0..self.random.below(6);
        let results = match self.random.one_in(2) {
            true => self.pool.imap(job, items).max_outstanding(2),
            false => self.pool.imap_unordered(job, items).max_outstanding(3),
        };
        let wanted = self.random.below(7) as usize;
        let got = results.take(wanted).filter_map(Result::ok).count();
        self.say(&format!("mapped {got} of {wanted}"));
        true
    }

    /// With all greenlets ended nothing is under way: the books must balance.
    pub fn audit(&self) {
        assert_eq!(self.books.alive.get(), 0, "a greenlet is left");
        assert_eq!(self.permits.free(), PERMITS, "a permit was lost");
        assert_eq!((self.holding.get(), self.locked.get()), (0, false));
        assert_eq!(self.lock.free(), 1, "the lock was not let go");
        assert_eq!((self.pool.free(), self.pool.len()), (PLACES, 0), "a place was lost");
        assert_eq!(self.group.len(), 0, "a member is left");
        let in_queue = self.queue.len() as u64;
        let books = &self.books;
        assert_eq!(books.lost.get(), 0, "an item that was put and not got is gone");
        assert_eq!(books.made.get(), books.consumed.get() + books.given_up.get() + in_queue, "an item was lost");
        if let Some(outside) = &self.outside {
            outside.audit();
        }
    }
}

struct AtEnd<F: Fn()>(F);

impl<F: Fn()> Drop for AtEnd<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
