//! The race's rules, each a test, over connections that are played on the virtual clock.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::rc::Rc;

use super::*;
use crate::green::{self, ClockKind, Config, GetError};

const MS: Duration = Duration::from_millis(1);
const NEVER: Duration = Duration::from_secs(1 << 20);

fn v4(n: u8) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::new(192, 0, 2, n), 80))
}

fn v6(n: u16) -> SocketAddr {
    SocketAddr::from((Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, n), 80))
}

fn virtual_run<T>(f: impl FnOnce() -> T) -> T {
    Config::new().clock(ClockKind::Virtual).run(f)
}

/// How an attempt goes: after which time, and the error it ends in.
type Played = (Duration, Option<i32>);

/// A network that is played: each address connects or fails after its time; any other never answers.
#[derive(Clone, Default)]
struct Net {
    plan: Rc<RefCell<HashMap<SocketAddr, Played>>>,
    /// When which attempt began, in milliseconds.
    begun: Rc<RefCell<Vec<(u128, SocketAddr)>>>,
    /// Attempts that have connected.
    made: Rc<Cell<usize>>,
    /// Sockets that are open: attempts under way and connections.
    open: Rc<Cell<usize>>,
}

struct Socket(Rc<Cell<usize>>);

impl Drop for Socket {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Net {
    fn connects(self, address: SocketAddr, after: Duration) -> Net {
        self.plan.borrow_mut().insert(address, (after, None));
        self
    }

    fn fails(self, address: SocketAddr, after: Duration, code: i32) -> Net {
        self.plan.borrow_mut().insert(address, (after, Some(code)));
        self
    }

    fn race(&self, addresses: &[SocketAddr]) -> Result<(Socket, SocketAddr), ConnectError> {
        let (net, start) = (self.clone(), green::now());
        race_with(addresses, ATTEMPT_DELAY, move |address| {
            net.begun.borrow_mut().push(((green::now() - start).as_millis(), address));
            net.open.set(net.open.get() + 1);
            let socket = Socket(net.open.clone());
            let (after, code) = net.plan.borrow().get(&address).copied().unwrap_or((NEVER, None));
            green::sleep(after)?;
            if let Some(code) = code {
                return Err(io::Error::from_raw_os_error(code));
            }
            net.made.set(net.made.get() + 1);
            Ok(socket)
        })
    }

    fn assert_open(&self, count: usize) {
        green::yield_now().unwrap();
        assert_eq!(self.open.get(), count);
    }
}

#[test]
fn families_take_turns_beginning_with_that_of_the_first() {
    let order = |addresses: &[SocketAddr]| by_turns(addresses).collect::<Vec<_>>();
    assert_eq!(order(&[v6(1), v6(2), v6(3), v4(1), v4(2)]), [v6(1), v4(1), v6(2), v4(2), v6(3)]);
    assert_eq!(order(&[v4(1), v6(1), v6(2), v6(3)]), [v4(1), v6(1), v6(2), v6(3)]);
    assert_eq!(order(&[v4(1), v4(2)]), [v4(1), v4(2)]);
    assert_eq!(order(&[]), []);
}

#[test]
fn silent_addresses_are_joined_by_the_next_after_the_delay_each() {
    virtual_run(|| {
        let net = Net::default().connects(v4(2), MS * 100);
        let (_socket, winner) = net.race(&[v6(1), v6(2), v4(1), v4(2)]).unwrap();
        assert_eq!(winner, v4(2));
        assert_eq!(*net.begun.borrow(), [(0, v6(1)), (250, v4(1)), (500, v6(2)), (750, v4(2))]);
        net.assert_open(1);
    });
}

#[test]
fn a_quick_first_address_is_the_only_one_tried() {
    virtual_run(|| {
        let net = Net::default().connects(v6(1), MS * 249);
        assert_eq!(net.race(&[v6(1), v4(1)]).unwrap().1, v6(1));
        assert_eq!(net.begun.borrow().len(), 1);
        net.assert_open(0);
    });
}

#[test]
fn a_failed_attempt_starts_the_next_at_once() {
    virtual_run(|| {
        let net = Net::default()
            .fails(v6(1), MS * 10, libc::ECONNREFUSED)
            .fails(v4(1), MS * 20, libc::ECONNREFUSED)
            .connects(v6(2), MS);
        assert_eq!(net.race(&[v6(1), v6(2), v4(1)]).unwrap().1, v6(2));
        assert_eq!(*net.begun.borrow(), [(0, v6(1)), (10, v4(1)), (30, v6(2))]);
    });
}

#[test]
fn a_slow_first_attempt_still_wins_if_it_is_the_first_to_connect() {
    virtual_run(|| {
        let net = Net::default().connects(v6(1), MS * 300).connects(v4(1), MS * 100);
        assert_eq!(net.race(&[v6(1), v4(1)]).unwrap().1, v6(1), "300 ms is before 250 + 100");
        net.assert_open(0);
    });
}

#[test]
fn of_two_that_connect_at_once_the_loser_is_closed() {
    virtual_run(|| {
        let net = Net::default().connects(v6(1), MS * 300).connects(v4(1), MS * 50);
        let (_socket, winner) = net.race(&[v6(1), v4(1)]).unwrap();
        assert_eq!((winner, net.made.get()), (v6(1), 2));
        net.assert_open(1);
    });
}

#[test]
fn when_all_fail_the_kind_is_the_most_telling_and_all_are_listed() {
    virtual_run(|| {
        let net = Net::default().fails(v6(1), MS, libc::ENETUNREACH).fails(v4(1), MS, libc::ECONNREFUSED).fails(
            v4(2),
            MS,
            libc::ETIMEDOUT,
        );
        let error = net.race(&[v6(1), v4(1), v4(2)]).err().unwrap();
        assert_eq!((error.kind(), error.io_kind()), (ConnectErrorKind::Refused, io::ErrorKind::ConnectionRefused));
        assert_eq!(error.failures().iter().map(|failure| failure.0).collect::<Vec<_>>(), [v6(1), v4(1), v4(2)]);
        assert!(error.to_string().starts_with("cannot connect: [2001:db8::1]:80: Network is unreachable"), "{error}");
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::ConnectionRefused);
        net.assert_open(0);
    });
}

#[test]
fn a_crowd_of_addresses_is_tried_in_part_and_told_in_brief() {
    virtual_run(|| {
        let crowd: Vec<_> = (0..200).map(v4).collect();
        let net = crowd.iter().fold(Net::default(), |net, address| net.fails(*address, MS, libc::EHOSTUNREACH));
        let error = net.race(&crowd).err().unwrap();
        assert_eq!((error.kind(), error.failures().len()), (ConnectErrorKind::Unreachable, MAX_ATTEMPTS));
        assert!(error.to_string().ends_with("; and 28 more"), "{error}");
    });
}

#[test]
fn no_address_is_an_error_of_its_own() {
    green::run(|| {
        let error = connect(&[], &ConnectOptions::default()).err().unwrap();
        assert_eq!(error.kind(), ConnectErrorKind::NoAddress);
        assert_eq!(error.to_string(), "cannot connect: no address");
    });
}

#[test]
fn a_single_address_is_tried_in_the_callers_own_greenlet() {
    green::run(|| {
        let caller = green::current().id();
        let own = race_with(&[v4(1)], ATTEMPT_DELAY, move |_| Ok(green::current().id() == caller));
        assert!(own.unwrap().0);
        let refused = race_with(&[v4(1)], ATTEMPT_DELAY, |_| Err::<(), _>(io::ErrorKind::ConnectionRefused.into()));
        assert_eq!(refused.unwrap_err().kind(), ConnectErrorKind::Refused);
    });
}

#[test]
fn a_time_out_around_the_race_ends_every_attempt_and_tells_what_had_failed() {
    virtual_run(|| {
        let net = Net::default().fails(v6(1), MS * 10, libc::ECONNREFUSED);
        let mut seen = None;
        let start = green::now();
        let elapsed =
            green::timeout(MS * 1000, || net.race(&[v6(1), v4(1), v4(2)]).map_err(|error| seen = Some(error)));
        assert!(elapsed.is_err());
        assert_eq!(green::now() - start, MS * 1000);
        let error = seen.unwrap();
        assert_eq!((error.kind(), error.failures().len()), (ConnectErrorKind::Interrupted, 1));
        assert!(error.interrupt().is_some());
        assert!(error.to_string().starts_with("cannot connect: timed out after 1s; [2001:db8::1]:80: "), "{error}");
        assert!(Interrupt::of(&io::Error::from(error)).is_some());
        assert_eq!(net.begun.borrow().len(), 3);
        net.assert_open(0);
    });
}

#[test]
fn a_time_out_around_a_single_address_is_an_interrupt_too() {
    virtual_run(|| {
        let mut seen = None;
        let _ = green::timeout(MS, || Net::default().race(&[v4(1)]).map_err(|error| seen = Some(error)));
        let error = seen.unwrap();
        assert_eq!((error.kind(), error.io_kind()), (ConnectErrorKind::Interrupted, io::ErrorKind::TimedOut));
    });
}

#[test]
fn a_kill_of_the_caller_ends_every_attempt() {
    virtual_run(|| {
        let net = Net::default();
        let racing = net.clone();
        let caller = green::spawn(move || racing.race(&[v6(1), v4(1), v4(2)]).map(drop));
        green::sleep(MS * 300).unwrap();
        assert_eq!(net.open.get(), 2);
        caller.kill().unwrap();
        assert!(matches!(caller.get(), Err(GetError::Killed)));
        net.assert_open(0);
    });
}

#[test]
fn a_connection_made_in_the_moment_in_which_the_caller_is_killed_is_closed() {
    virtual_run(|| {
        let net = Net::default().connects(v6(1), MS * 300);
        let racing = net.clone();
        let caller = green::spawn(move || racing.race(&[v6(1), v4(1)]).map(drop));
        net.assert_open(0);
        net.assert_open(1);
        // Made after the attempt's deadline and equal to it: runs when the attempt has ended and the caller has not.
        green::sleep(MS * 300).unwrap();
        assert_eq!((net.made.get(), caller.is_done()), (1, false));
        caller.kill().unwrap();
        assert!(matches!(caller.get(), Err(GetError::Killed)));
        net.assert_open(0);
    });
}

#[test]
fn a_panic_in_an_attempt_is_the_callers() {
    green::run(|| {
        let panicking = |address: SocketAddr| if address == v4(1) { panic!("broke") } else { Ok(()) };
        let caller = green::spawn(move || race_with(&[v4(1), v4(2)], ATTEMPT_DELAY, panicking).map(drop).is_ok());
        assert!(matches!(caller.get(), Err(GetError::Panicked(panic)) if panic.message() == "broke"));
    });
}

#[test]
fn what_is_wanting_here_is_told_from_what_is_wrong_there() {
    let kind = |address, code| ConnectError::of_one(address, io::Error::from_raw_os_error(code));
    assert!(kind(v4(1), libc::EMFILE).is_out_of_descriptors());
    assert!(kind(v4(1), libc::ENFILE).is_out_of_descriptors());
    assert!(kind(SocketAddr::from(([127, 0, 0, 1], 80)), libc::EADDRNOTAVAIL).is_out_of_ports());
    // Link-local without a scope: no way can lead there.
    let nowhere = "[fe80::1]:80".parse().unwrap();
    assert_eq!(kind(nowhere, libc::EADDRNOTAVAIL).kind(), ConnectErrorKind::Unreachable);
    assert_eq!(kind(v6(1), libc::EAFNOSUPPORT).kind(), ConnectErrorKind::Unreachable);
    assert_eq!(kind(v4(1), libc::EACCES).kind(), ConnectErrorKind::Other);
}

#[test]
fn a_want_of_descriptors_counts_more_than_any_answer() {
    let order = [
        (libc::ENETUNREACH, ConnectErrorKind::Unreachable),
        (libc::EACCES, ConnectErrorKind::Other),
        (libc::ETIMEDOUT, ConnectErrorKind::TimedOut),
        (libc::ECONNREFUSED, ConnectErrorKind::Refused),
        (libc::EMFILE, ConnectErrorKind::OutOfDescriptors),
    ];
    for (most, (_, kind)) in order.iter().enumerate() {
        let failure = |n: usize| (v4(n as u8), io::Error::from_raw_os_error(order[n].0));
        for failures in [(0..=most).map(failure).collect(), (0..=most).rev().map(failure).collect()] {
            assert_eq!(ConnectError::of_all(failures).kind(), *kind);
        }
    }
}
