//! Connects to the first of several addresses that answers: RFC 8305, "happy eyeballs".
//!
//! ```text
//!   0 ms    first ────────────────────────────── closed
//!   250 ms          second (other family) ── refused
//!                                            third ───── connected: wins
//! ```
//!
//! The next attempt starts when the newest one has had its 250 ms, or at once when any fails. Each attempt is a greenlet;
//! a single address is tried in the caller's own.

mod error;
#[cfg(test)]
mod socket_tests;
#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::panic;
use std::time::Duration;

pub use error::{ConnectError, ConnectErrorKind};

use super::{Binding, TcpStream};
use crate::green::{Builder, GetError, Greenlet, Interrupt, Nothing, Queue};

/// RFC 8305, section 5: the recommended "connection attempt delay".
pub const ATTEMPT_DELAY: Duration = Duration::from_millis(250);
/// Addresses tried at most: a name with a thousand of them must not cost a thousand sockets.
pub const MAX_ATTEMPTS: usize = 32;

/// How to connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectOptions {
    /// How long an attempt runs alone before the next address is tried beside it (250 ms).
    pub attempt_delay: Duration,
}

impl Default for ConnectOptions {
    fn default() -> ConnectOptions {
        ConnectOptions { attempt_delay: ATTEMPT_DELAY }
    }
}

/// The attempt that won.
pub struct Connected {
    /// The connection.
    pub stream: TcpStream,
    /// Whom it was made to.
    pub address: SocketAddr,
}

/// Connects to the first of `addresses` that answers, at most 32 of them, the families by turns beginning with that of
/// the first. Waits; put a [`timeout`](crate::green::timeout) around it: the kernel alone gives an address two minutes.
/// Attempts that have not won are killed, and closed before the caller's next wait ends.
///
/// # Errors
/// When no address can be connected to, or the wait was interrupted.
///
/// ```
/// use gfetch::{green, net::{TcpListener, race}};
/// green::run(|| {
///     let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
///     let address = listener.local_addr().unwrap();
///     let connected = race::connect(&[address], &race::ConnectOptions::default()).unwrap();
///     assert_eq!(connected.address, address);
/// });
/// ```
pub fn connect(addresses: &[SocketAddr], options: &ConnectOptions) -> Result<Connected, ConnectError> {
    let (stream, address) = race_with(addresses, options.attempt_delay, TcpStream::connect)?;
    Ok(Connected { stream, address })
}

/// The same from where `binding` says.
pub fn connect_bound(
    addresses: &[SocketAddr],
    options: &ConnectOptions,
    binding: &Binding,
) -> Result<Connected, ConnectError> {
    let binding = binding.clone();
    let connect = move |address| TcpStream::connect_bound(&binding, address);
    let (stream, address) = race_with(addresses, options.attempt_delay, connect)?;
    Ok(Connected { stream, address })
}

/// The race itself, over any way to connect; [`connect`] is this over TCP. A panic of `connect` is the caller's.
pub fn race_with<S, C>(addresses: &[SocketAddr], delay: Duration, connect: C) -> Result<(S, SocketAddr), ConnectError>
where
    S: 'static,
    C: Fn(SocketAddr) -> io::Result<S> + Clone + 'static,
{
    if let [address] = *addresses {
        return match connect(address) {
            Ok(stream) => Ok((stream, address)),
            Err(error) => Err(ConnectError::of_one(address, error)),
        };
    }
    race_all(addresses, delay, connect)
}

/// Out of line: most have one address, and wait for it with the less of a stack.
#[inline(never)]
fn race_all<S, C>(addresses: &[SocketAddr], delay: Duration, connect: C) -> Result<(S, SocketAddr), ConnectError>
where
    S: 'static,
    C: Fn(SocketAddr) -> io::Result<S> + Clone + 'static,
{
    let mut failures = Vec::new();
    match run(addresses, delay, connect, &mut failures) {
        Ok(Some(won)) => Ok(won),
        Ok(None) => Err(ConnectError::of_all(failures)),
        Err(interrupt) => Err(ConnectError::interrupted(interrupt, failures)),
    }
}

/// `None` when all have failed.
fn run<S, C>(
    addresses: &[SocketAddr],
    delay: Duration,
    connect: C,
    failures: &mut Vec<(SocketAddr, io::Error)>,
) -> Result<Option<(S, SocketAddr)>, Interrupt>
where
    S: 'static,
    C: Fn(SocketAddr) -> io::Result<S> + Clone + 'static,
{
    let mut next = by_turns(addresses).take(MAX_ATTEMPTS).peekable();
    let mut attempts = Attempts::new();
    loop {
        if let Some(address) = next.next() {
            attempts.start(address, connect.clone());
        } else if attempts.started.len() == failures.len() {
            return Ok(None);
        }
        // With more to try the wait is short, and its end starts the next one.
        let limit = next.peek().map(|_| delay);
        match attempts.result(limit)? {
            Some((address, Ok(stream))) => return Ok(Some((stream, address))),
            Some((address, Err(error))) => failures.push((address, error)),
            None => {}
        }
    }
}

/// The families by turns, beginning with that of the first, each in its own order (RFC 8305, section 4).
fn by_turns(addresses: &[SocketAddr]) -> impl Iterator<Item = SocketAddr> {
    let first_is_v4 = addresses.first().is_some_and(SocketAddr::is_ipv4);
    let mut first = addresses.iter().filter(move |address| address.is_ipv4() == first_is_v4);
    let mut other = addresses.iter().filter(move |address| address.is_ipv4() != first_is_v4);
    let mut turn = false;
    std::iter::from_fn(move || {
        turn = !turn;
        let address = if turn { first.next().or_else(|| other.next()) } else { other.next().or_else(|| first.next()) };
        address.copied()
    })
}

/// What an attempt came to, as its greenlet's end tells it.
type Ended<S> = (SocketAddr, Result<io::Result<S>, GetError>);

/// The attempts that were started; however the race ends, those that still run are killed.
struct Attempts<S> {
    started: Vec<Option<Greenlet<io::Result<S>>>>,
    ended: Queue<Ended<S>>,
}

impl<S: 'static> Attempts<S> {
    fn new() -> Attempts<S> {
        Attempts { started: Vec::new(), ended: Queue::unbounded() }
    }

    /// Without a stack for it the attempt has failed, as one without a socket has.
    fn start(&mut self, address: SocketAddr, connect: impl Fn(SocketAddr) -> io::Result<S> + 'static) {
        let ended = self.ended.clone();
        let attempt = Builder::new().spawn(move || connect(address));
        match attempt {
            Ok(greenlet) => {
                // After the race the queue is closed, and a connection that comes late is dropped right here.
                greenlet.on_end(move |_, result| drop(ended.try_put((address, result))));
                self.started.push(Some(greenlet));
            }
            Err(error) => {
                drop(ended.try_put((address, Ok(Err(error)))));
                self.started.push(None);
            }
        }
    }

    /// Waits for the next attempt to end; `None` when `limit` passes first.
    fn result(&self, limit: Option<Duration>) -> Result<Option<(SocketAddr, io::Result<S>)>, Interrupt> {
        let ended = match limit {
            Some(limit) => self.ended.get_timeout(limit)?,
            None => self.ended.get()?.ok_or(Nothing::Closed),
        };
        match ended {
            Ok((address, Ok(result))) => Ok(Some((address, result))),
            Ok((_, Err(GetError::Panicked(panic)))) => panic::resume_unwind(panic.into_payload()),
            // Only the run's end kills attempts that nobody has killed here; this greenlet is next.
            Ok((address, Err(error))) => Ok(Some((address, Err(io::Error::other(error.to_string()))))),
            Err(_) => Ok(None),
        }
    }
}

impl<S> Drop for Attempts<S> {
    fn drop(&mut self) {
        self.started.iter().flatten().for_each(Greenlet::kill_nowait);
        self.ended.close();
        while self.ended.try_get().is_ok() {}
    }
}
