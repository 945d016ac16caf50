//! Sessions to resume: tickets of TLS 1.3, sessions of TLS 1.2, and the key exchange each server chose.
//!
//! A TLS 1.3 ticket serves once, and a server gives one or two a connection, so that n connections at once need n of them
//! in store. rustls' own store keeps eight a server: at 64 connections 11–63 % resumed, with this one 95 %.
//!
//! ```text
//!   young: names met of late ──── full ───► old: names met before that ──── next time ───► dropped
//!              ▲                                    │
//!              └────────── met again ───────────────┘
//! ```

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};
use std::mem;
use std::sync::{Arc, Mutex, OnceLock};

use rustls::NamedGroup;
use rustls::client::{ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::pki_types::ServerName;

use crate::green::locked;

/// Tickets kept for one server and scope: as many connections to it may start at once and resume.
const TICKETS_PER_NAME: usize = 512;
/// Names in a generation; there are two.
const NAMES: usize = 512;
/// Tickets in a generation. rustls copies the server's chain into each, so that an honest one takes about 5 KiB and both
/// generations 10 MiB; a handshake message is at most 64 KiB, so that 256 MiB is what servers could bring about that all
/// send the largest chains and tickets on a thousand connections.
const TICKETS: usize = 1_024;

/// The store of one configuration; clones of a [`TlsConfig`](super::TlsConfig) share one, and no two configurations do: a session made under
/// `-k` must not let another configuration skip the check.
#[derive(Default)]
pub(super) struct Tickets {
    generations: Mutex<Generations<Session<Tls13ClientSessionValue>>>,
}

/// Which connections may resume each other's sessions, beside having one configuration and one server name: those of the
/// same scope. A pool's key makes a good one: then a session does not pass from one port or one proxy to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SessionScope(u64);

impl SessionScope {
    /// The scope of everything that is equal to `what`. Hashed with the process' own random keys: two things that differ
    /// have one scope with a chance of 2⁻⁶⁴, which nobody outside can raise.
    pub fn of(what: &impl Hash) -> SessionScope {
        static KEYS: OnceLock<RandomState> = OnceLock::new();
        SessionScope(KEYS.get_or_init(RandomState::new).hash_one(what))
    }
}

/// The part of a store that one scope sees.
#[derive(Debug)]
struct Scoped {
    tickets: Arc<Tickets>,
    scope: SessionScope,
}

/// Whose sessions they are.
type Server = (SessionScope, ServerName<'static>);

struct Session<T> {
    group: Option<NamedGroup>,
    tls12: Option<Tls12ClientSessionValue>,
    tls13: VecDeque<T>,
}

impl<T> Default for Session<T> {
    fn default() -> Session<T> {
        Session { group: None, tls12: None, tls13: VecDeque::new() }
    }
}

impl Tickets {
    /// What connections of this scope see.
    pub fn within(self: &Arc<Tickets>, scope: SessionScope) -> Arc<dyn ClientSessionStore> {
        Arc::new(Scoped { tickets: self.clone(), scope })
    }

    /// Forgets every session: the next handshakes are whole ones.
    pub fn clear(&self) {
        *locked(&self.generations) = Generations::default();
    }
}

impl Scoped {
    fn server(&self, name: &ServerName<'_>) -> Server {
        (self.scope, name.to_owned())
    }
}

impl ClientSessionStore for Scoped {
    fn set_kx_hint(&self, name: ServerName<'static>, group: NamedGroup) {
        locked(&self.tickets.generations).entry((self.scope, name)).group = Some(group);
    }

    fn kx_hint(&self, name: &ServerName<'_>) -> Option<NamedGroup> {
        locked(&self.tickets.generations).find(&self.server(name))?.group
    }

    fn set_tls12_session(&self, name: ServerName<'static>, value: Tls12ClientSessionValue) {
        locked(&self.tickets.generations).entry((self.scope, name)).tls12 = Some(value);
    }

    fn tls12_session(&self, name: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        locked(&self.tickets.generations).find(&self.server(name))?.tls12.clone()
    }

    fn remove_tls12_session(&self, name: &ServerName<'static>) {
        locked(&self.tickets.generations).forget_tls12(&self.server(name));
    }

    fn insert_tls13_ticket(&self, name: ServerName<'static>, value: Tls13ClientSessionValue) {
        locked(&self.tickets.generations).put((self.scope, name), value);
    }

    fn take_tls13_ticket(&self, name: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        locked(&self.tickets.generations).take(&self.server(name))
    }
}

impl fmt::Debug for Tickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tickets(secret)")
    }
}

/// Entries by name, the least recently met half of them dropped when there are too many.
struct Generations<S> {
    young: HashMap<Server, S>,
    old: HashMap<Server, S>,
    /// Tickets in the young generation.
    tickets: usize,
}

impl<S> Default for Generations<S> {
    fn default() -> Generations<S> {
        Generations { young: HashMap::new(), old: HashMap::new(), tickets: 0 }
    }
}

impl<T> Generations<Session<T>> {
    fn find(&self, server: &Server) -> Option<&Session<T>> {
        self.young.get(server).or_else(|| self.old.get(server))
    }

    /// The entry of `server`, young from now on; made if there is none.
    fn entry(&mut self, server: Server) -> &mut Session<T> {
        if self.young.len() >= NAMES && !self.young.contains_key(&server) {
            self.age();
        }
        match self.young.entry(server) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(vacant) => {
                let known = self.old.remove(vacant.key()).unwrap_or_default();
                self.tickets += known.tls13.len();
                vacant.insert(known)
            }
        }
    }

    fn put(&mut self, server: Server, ticket: T) {
        if self.tickets >= TICKETS {
            self.age();
        }
        let tickets = &mut self.entry(server).tls13;
        tickets.push_back(ticket);
        if tickets.len() > TICKETS_PER_NAME {
            tickets.pop_front();
        } else {
            self.tickets += 1;
        }
    }

    /// The newest: it lives longest, and is the one most likely to be known to the server still.
    fn take(&mut self, server: &Server) -> Option<T> {
        if let Some(ticket) = self.young.get_mut(server).and_then(|session| session.tls13.pop_back()) {
            self.tickets -= 1;
            return Some(ticket);
        }
        self.old.get_mut(server)?.tls13.pop_back()
    }

    fn forget_tls12(&mut self, server: &Server) {
        for generation in [&mut self.young, &mut self.old] {
            if let Some(session) = generation.get_mut(server) {
                session.tls12 = None;
            }
        }
    }

    fn age(&mut self) {
        self.old = mem::take(&mut self.young);
        self.tickets = 0;
    }
}

#[cfg(test)]
#[path = "tickets_tests.rs"]
mod tests;
