//! Owns the idle connections, by everything that makes two connections differ.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::origin::{Origin, OriginHasher};
use super::proxy::Proxy;
use crate::green;

/// What two connections must share to be interchangeable. What holds for all requests of a client (addresses given for
/// names, a Unix socket, an interface) is not repeated here.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub origin: Origin,
    /// Identity of the TLS configuration; none for plain connections.
    pub tls: Option<u64>,
    /// The proxy, its credentials among what makes two differ.
    pub via: Via,
}

/// How a connection leads to its origin.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Via {
    /// Straight, or as the whole client's are led.
    Direct,
    /// To a proxy, which is the key's origin and is asked for URLs of any http origin.
    Forward(Arc<Proxy>),
    /// Through a proxy, by CONNECT or SOCKS.
    Tunnel(Arc<Proxy>),
}

impl Key {
    pub fn direct(origin: Origin, tls: Option<u64>) -> Key {
        Key { origin, tls, via: Via::Direct }
    }

    /// The proxy that is asked for whole URLs.
    pub fn forwards_by(&self) -> Option<&Proxy> {
        match &self.via {
            Via::Forward(proxy) => Some(proxy),
            Via::Direct | Via::Tunnel(_) => None,
        }
    }
}

/// How many idle connections are kept, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct PoolLimits {
    /// Idle connections to one origin.
    pub idle_per_origin: usize,
    /// Idle connections in all; the longest idle one goes first.
    pub idle: usize,
    /// An idle connection older than this is closed when met. Servers commonly close after 5 to 75 seconds.
    pub idle_time: Duration,
}

impl Default for PoolLimits {
    fn default() -> PoolLimits {
        PoolLimits { idle_per_origin: 16_384, idle: 16_384, idle_time: Duration::from_secs(60) }
    }
}

/// Idle connections kept once no new request is expected: for redirects and retries of those that still run.
pub(super) const LAST_IDLE: usize = 64;

pub(super) struct Pool {
    pub(super) limits: PoolLimits,
    /// How many may be idle now.
    most_idle: Cell<usize>,
    idle: RefCell<Idle>,
}

/// When a connection was released, its number in the order of release, and itself.
type Released = (Instant, u64, Box<Connection>);

#[derive(Default)]
struct Idle {
    by_key: HashMap<Rc<Key>, VecDeque<Released>, OriginHasher>,
    /// In the order of release; entries whose connection is gone are passed over.
    ages: VecDeque<(u64, Rc<Key>)>,
    released: u64,
    count: usize,
}

impl Pool {
    pub fn new(limits: PoolLimits) -> Pool {
        Pool { limits, most_idle: Cell::new(limits.idle), idle: RefCell::default() }
    }

    /// Keeps few connections from here on, or as many as the limits say.
    pub fn expect_more(&self, more: bool) {
        self.most_idle.set(if more { self.limits.idle } else { self.limits.idle.min(LAST_IDLE) });
    }

    /// The connection that was released last and is still fresh; stale ones met on the way are closed. Looking may let
    /// other greenlets run, so nothing is borrowed meanwhile.
    pub fn take(&self, key: &Key) -> Option<Box<Connection>> {
        while let Some((since, mut connection)) = self.pop(key) {
            if green::recent_now().saturating_duration_since(since) < self.limits.idle_time && connection.is_fresh() {
                return Some(connection);
            }
        }
        None
    }

    fn pop(&self, key: &Key) -> Option<(Instant, Box<Connection>)> {
        let mut idle = self.idle.borrow_mut();
        let idle = &mut *idle;
        let queue = idle.by_key.get_mut(key)?;
        let last = queue.pop_back();
        let (since, number, connection) = last?;
        idle.count -= 1;
        // Mostly that is the youngest of all, too, and its entry need not be looked for later.
        idle.ages.pop_back_if(|(youngest, _)| *youngest == number);
        idle.forget();
        Some((since, connection))
    }

    /// Keeps a connection that may carry another exchange.
    pub fn put(&self, mut connection: Box<Connection>) {
        if !connection.is_fresh() {
            return;
        }
        let mut idle = self.idle.borrow_mut();
        let idle = &mut *idle;
        idle.released += 1;
        idle.count += 1;
        let key = connection.key.clone();
        idle.ages.push_back((idle.released, key.clone()));
        let queue = match idle.by_key.get_mut(&key) {
            Some(queue) => queue,
            None => idle.by_key.entry(key).or_default(),
        };
        queue.push_back((green::recent_now(), idle.released, connection));
        if queue.len() > self.limits.idle_per_origin {
            queue.pop_front();
            idle.count -= 1;
        }
        if idle.count > self.most_idle.get() {
            idle.close_oldest();
        }
    }

    /// Closes the connection that has been idle longest; false if there is none.
    pub fn close_one(&self) -> bool {
        self.idle.borrow_mut().close_oldest()
    }

    /// Closes all.
    pub fn clear(&self) {
        *self.idle.borrow_mut() = Idle::default();
    }

    /// Idle connections now.
    pub fn len(&self) -> usize {
        self.idle.borrow().count
    }
}

impl Idle {
    fn close_oldest(&mut self) -> bool {
        while let Some((number, key)) = self.ages.pop_front() {
            let Some(queue) = self.by_key.get_mut(&key) else { continue };
            if queue.front().is_some_and(|(_, oldest, _)| *oldest == number) {
                queue.pop_front();
                self.count -= 1;
                return true;
            }
        }
        false
    }

    /// Keeps the list of ages and the table of keys from outgrowing the connections. A key's queue stays while it is empty:
    /// a busy origin's only idle connection comes and goes with each exchange.
    fn forget(&mut self) {
        if self.by_key.len() > 2 * self.count + 64 {
            self.by_key.retain(|_, queue| !queue.is_empty());
        }
        if self.ages.len() > 2 * self.count + 64 {
            let by_key = &self.by_key;
            // A queue is in the order of its numbers.
            let is_there = |number: &u64, key: &Rc<Key>| {
                by_key
                    .get(key)
                    .is_some_and(|queue: &VecDeque<_>| queue.binary_search_by_key(number, |idle| idle.1).is_ok())
            };
            self.ages.retain(|(number, key)| is_there(number, key));
        }
    }
}

#[cfg(test)]
#[path = "pool_tests.rs"]
mod tests;
